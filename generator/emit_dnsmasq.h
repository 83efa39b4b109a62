/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plan -> dnsmasq configuration that feeds the DNS sets. Pure. */
#pragma once

struct plan;
struct strbuf;

void emit_dnsmasq(const struct plan *p, const char *policy, struct strbuf *out);
