/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any answer for people, by the command that it answers. */
#pragma once

#include "daemon/ctl_options.h"

#include <jansson.h>

struct strbuf;

/* 0, or -EPROTO when the answer is not understood. */
int ctl_print_answer(enum ctl_command c, const json_t *answer, bool colors, struct strbuf *out);
/* "what: the hint" of a refusal, or NULL when it is none. */
const char *ctl_print_error(const json_t *answer, struct strbuf *out);
