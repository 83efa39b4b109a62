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

const char *core_lines_text(struct core *c, const char *text)
{
	if (!c->line_arena)
		c->line_arena = arena_new();
	return arena_strdup(c->line_arena, text);
}

struct core_line *core_lines_add(struct core *c, bool warning, const char *token, const char *fmt,
				 ...)
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
				    .text = core_lines_text(c, strbuf_text(&text)) };
	strbuf_done(&text);
	return line;
}

/* ---- storms ---- */

static void new_window(struct core_limit *l, uint64_t now_ns)
{
	*l = (struct core_limit){ .since_ns = now_ns, .storm = l->held > 0 };
}

bool core_lines_pass(struct core_limit *l, uint64_t now_ns)
{
	if (!l->held && now_ns >= l->since_ns + CORE_LINES_WINDOW_NS)
		new_window(l, now_ns);
	l->n++;
	if (l->n <= CORE_LINES_BURST && !l->storm)
		return true;
	l->held++;
	return false;
}

unsigned core_lines_due(struct core_limit *l, uint64_t now_ns)
{
	unsigned held = l->held;

	if (!held || now_ns < core_lines_due_ns(l))
		return 0;
	new_window(l, now_ns);
	return held;
}

uint64_t core_lines_due_ns(const struct core_limit *l)
{
	return l->held ? l->since_ns + CORE_LINES_WINDOW_NS : CORE_NEVER;
}
