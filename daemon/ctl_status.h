/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's status as tables for people. */
#pragma once

#include <jansson.h>

struct strbuf;

/* -EPROTO when the answer has not the shape of a status. */
int ctl_status_print(const json_t *status, struct strbuf *out);
