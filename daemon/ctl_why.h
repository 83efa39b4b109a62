/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The answers to `why` and `rules` for people. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct strbuf;

/* -EPROTO when the answer has not the shape it should have. */
int ctl_why_print(const json_t *answer, bool colors, struct strbuf *out);
int ctl_why_print_rules(const json_t *answer, bool colors, struct strbuf *out);
