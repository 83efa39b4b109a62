/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines of `watch`: what the core tells, and how things stand when one begins to watch. Pure. */
#pragma once

#include "daemon/core.h"

struct strbuf;

/* `time`: RFC 3339. Appends one line. The keys are those that hooks get. */
void control_event_line(const struct core_line *line, const char *time, struct strbuf *out);
/* Every link and group as it is, marked "present". */
void control_event_present(const struct core *c, const char *time, uint64_t now_ns,
			   struct strbuf *out);
/* The last line of a watcher. */
void control_event_end(const char *time, const char *reason, struct strbuf *out);
