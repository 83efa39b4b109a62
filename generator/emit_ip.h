/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plan -> `ip -4 -batch` or `ip -6 -batch` input: routes, then the rules that lead to them. Pure. */
#pragma once

#include "base/inet.h"

struct plan;
struct strbuf;

void emit_ip(const struct plan *p, enum inet_family family, const char *policy, struct strbuf *out);
