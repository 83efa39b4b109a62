/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps a storm out of the log: a line that came LOG_LIMIT_BURST times within
 * LOG_LIMIT_WINDOW_MS is counted from then on, and the count is told at each
 * window's end, until a window passes without it. Pure: the time is an argument
 * and never goes back.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LOG_LIMIT_WINDOW_MS 10000
#define LOG_LIMIT_BURST	    5 /* a link that flaps a little is no storm */
#define LOG_LIMIT_LINES	    64 /* different lines looked after at a time */

struct log_limit_line {
	char *token, *text; /* NULL: free */
	int level;
	uint64_t since_ms; /* the window's beginning */
	unsigned n, held; /* in this window: came; was not printed */
	bool storm; /* the last window had some held back, too */
};

struct log_limit {
	struct log_limit_line lines[LOG_LIMIT_LINES];
	unsigned n_held; /* lines with held > 0 */
};

struct log_limit_count {
	int level;
	char *token, *text; /* the caller's, to be freed */
	unsigned times;
	unsigned seconds;
};

/* False: counted. Call log_limit_due() before, until it has no more. */
bool log_limit_passes(struct log_limit *l, int level, const char *token, const char *text,
		      uint64_t now_ms);
/* Takes a count that is to be told now, one at a time. `all`: whether its window is over or not. */
bool log_limit_due(struct log_limit *l, uint64_t now_ms, bool all, struct log_limit_count *ret);
bool log_limit_holds(const struct log_limit *l); /* counts will be due some time */
void log_limit_done(struct log_limit *l);
