/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core_lines.h"

#include "base/arena.h"
#include "base/strbuf.h"
#include "daemon/core_state.h"

#include <stdarg.h>

void core_lines_reset(struct core *c)
{
	c->line_arena = arena_free(c->line_arena);
	c->lines = NULL;
	c->n_lines = c->cap_lines = 0;
}

void core_lines_add(struct core *c, bool warning, const char *token, const char *fmt, ...)
{
	struct strbuf text = STRBUF_NULL;
	struct core_line *line;
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	if (!c->line_arena)
		c->line_arena = arena_new();
	line = ARENA_PUSH(c->line_arena, c->lines, c->n_lines, c->cap_lines);
	*line = (struct core_line){ .warning = warning,
				    .token = token,
				    .text = arena_strdup(c->line_arena, strbuf_text(&text)) };
	strbuf_done(&text);
}
