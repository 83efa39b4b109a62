/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "base/log_limit.h"

#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

static void forget(struct log_limit_line *line)
{
	free(line->token);
	free(line->text);
	*line = (struct log_limit_line){ 0 };
}

static struct log_limit_line *find(struct log_limit *l, int level, const char *token,
				   const char *text)
{
	for (size_t i = 0; i < LOG_LIMIT_LINES; i++) {
		struct log_limit_line *line = &l->lines[i];

		if (line->token && line->level == level && !strcmp(line->token, token) &&
		    !strcmp(line->text, text))
			return line;
	}
	return NULL;
}

/* A free place, or the oldest that has nothing left to tell; NULL: all have. */
static struct log_limit_line *take_place(struct log_limit *l)
{
	struct log_limit_line *oldest = NULL;

	for (size_t i = 0; i < LOG_LIMIT_LINES; i++) {
		struct log_limit_line *line = &l->lines[i];

		if (!line->token)
			return line;
		if (!line->held && (!oldest || line->since_ms < oldest->since_ms))
			oldest = line;
	}
	if (oldest)
		forget(oldest);
	return oldest;
}

bool log_limit_passes(struct log_limit *l, int level, const char *token, const char *text,
		      uint64_t now_ms)
{
	struct log_limit_line *line = find(l, level, token, text);

	if (!line) {
		line = take_place(l);
		if (!line)
			return true;
		*line = (struct log_limit_line){ .token = memory_strdup(token),
						 .text = memory_strdup(text),
						 .level = level,
						 .since_ms = now_ms };
	}
	line->n++;
	if (!line->storm && line->n <= LOG_LIMIT_BURST)
		return true;
	if (!line->held++)
		l->n_held++;
	return false;
}

static void take_count(struct log_limit *l, struct log_limit_line *line, uint64_t now_ms,
		       struct log_limit_count *ret)
{
	*ret = (struct log_limit_count){ .level = line->level,
					 .token = memory_strdup(line->token),
					 .text = memory_strdup(line->text),
					 .times = line->held,
					 .seconds = (unsigned)((now_ms - line->since_ms + 500) /
							       1000) };
	l->n_held--;
	line->since_ms = now_ms;
	line->n = line->held = 0;
	line->storm = true;
}

bool log_limit_due(struct log_limit *l, uint64_t now_ms, bool all, struct log_limit_count *ret)
{
	for (size_t i = 0; i < LOG_LIMIT_LINES; i++) {
		struct log_limit_line *line = &l->lines[i];
		bool over = now_ms - line->since_ms >= LOG_LIMIT_WINDOW_MS;

		if (!line->token || (!over && !all))
			continue;
		if (line->held) {
			take_count(l, line, now_ms, ret);
			return true;
		}
		if (over)
			forget(line);
	}
	return false;
}

bool log_limit_holds(const struct log_limit *l)
{
	return l->n_held > 0;
}

void log_limit_done(struct log_limit *l)
{
	for (size_t i = 0; i < LOG_LIMIT_LINES; i++)
		forget(&l->lines[i]);
	l->n_held = 0;
}
