/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event of `watch` as a line for people. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct strbuf;

void ctl_event_print(const json_t *event, bool colors, struct strbuf *out);
