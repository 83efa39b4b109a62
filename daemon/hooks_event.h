/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One event as a hook gets it: its environment, and its standard input. */
#pragma once

#include "daemon/core_event.h"

struct hooks_event {
	struct hooks_event *next;
	char *environment[16]; /* ends with NULL, as execve(2) wants it */
	size_t n_environment;
	char *json; /* one line with its line break */
};

struct hooks_event *hooks_event_new(const struct core_line *line);
struct hooks_event *hooks_event_free(struct hooks_event *e);
/* Events of one object do not overlap: "link fiber", "group default". The caller frees it. */
char *hooks_event_object(const struct core_line *line);
/* "link-up"; NULL: nothing for hooks */
const char *hooks_event_name(enum core_line_kind kind);
/* A file to read the line from, at its beginning; -errno */
int hooks_event_stdin(const struct hooks_event *e);
