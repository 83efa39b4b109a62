/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Status, links and groups for people. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct strbuf;

/* -EPROTO when the answer has not the shape it should have. */
int ctl_status_print(const json_t *status, bool colors, struct strbuf *out);
/* detailed: of `links` and `groups`; else what fits beside each other */
int ctl_status_print_links(const json_t *answer, bool detailed, bool colors, struct strbuf *out);
int ctl_status_print_groups(const json_t *answer, bool detailed, bool colors, struct strbuf *out);
/* "lte", "balance", "main", "block" */
const char *ctl_status_leaves_by(const json_t *choice);
