/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Log lines of the programs (shells only: pure code never logs). A line is
 * "LEVEL token: text"; the level is left out on a terminal-free stderr that
 * journald reads, where the sd-daemon prefix <N> stands instead
 * (sd-daemon(3)), chosen when JOURNAL_STREAM is set. The same line many times
 * within seconds is counted instead (log_limit.h), debug lines aside.
 */
#pragma once

enum log_level {
	LOG_LEVEL_ERROR,
	LOG_LEVEL_WARNING,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

typedef void (*log_sink)(enum log_level level, const char *token, const char *text);

void log_set_level(enum log_level level); /* default LOG_LEVEL_INFO */
void log_set_sink(log_sink sink); /* NULL: stderr */
void log_line(enum log_level level, const char *token, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

void log_flush(
	void); /* tells counts that are due; cheap when there are none: call it now and then */
void log_finish(void); /* at the end: tells those that are not due yet, too */

#define log_err(token, ...)   log_line(LOG_LEVEL_ERROR, token, __VA_ARGS__)
#define log_warn(token, ...)  log_line(LOG_LEVEL_WARNING, token, __VA_ARGS__)
#define log_info(token, ...)  log_line(LOG_LEVEL_INFO, token, __VA_ARGS__)
#define log_debug(token, ...) log_line(LOG_LEVEL_DEBUG, token, __VA_ARGS__)
