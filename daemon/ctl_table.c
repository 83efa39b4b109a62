/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ctl_table.h"

#include "base/memory.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

struct cell {
	struct strbuf text;
	enum ctl_paint paint;
};

struct ctl_table {
	const char *headings[CTL_TABLE_COLUMNS];
	bool numbers[CTL_TABLE_COLUMNS];
	size_t n_columns;
	struct cell (*rows)[CTL_TABLE_COLUMNS];
	size_t n_rows;
};

struct ctl_table *ctl_table_new(const char *const *headings)
{
	struct ctl_table *t = memory_alloc(sizeof(*t));

	for (; headings[t->n_columns] && t->n_columns < CTL_TABLE_COLUMNS; t->n_columns++) {
		const char *h = headings[t->n_columns];

		t->numbers[t->n_columns] = *h == '>';
		t->headings[t->n_columns] = *h == '>' ? h + 1 : h;
	}
	return t;
}

struct ctl_table *ctl_table_free(struct ctl_table *t)
{
	if (!t)
		return NULL;
	for (size_t r = 0; r < t->n_rows; r++)
		for (size_t c = 0; c < t->n_columns; c++)
			strbuf_done(&t->rows[r][c].text);
	free(t->rows);
	free(t);
	return NULL;
}

void ctl_table_freep(struct ctl_table **t)
{
	*t = ctl_table_free(*t);
}

void ctl_table_row(struct ctl_table *t)
{
	t->rows = memory_realloc(t->rows, memory_mul(t->n_rows + 1, sizeof(*t->rows)));
	memset(&t->rows[t->n_rows++], 0, sizeof(*t->rows));
}

struct strbuf *ctl_table_cell(struct ctl_table *t, size_t column)
{
	return &t->rows[t->n_rows - 1][column].text;
}

void ctl_table_paint(struct ctl_table *t, size_t column, enum ctl_paint p)
{
	t->rows[t->n_rows - 1][column].paint = p;
}

/* Columns on a terminal, as far as one character of UTF-8 takes one. */
static size_t width_of(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

static void blanks(struct strbuf *out, size_t n)
{
	while (n--)
		strbuf_addc(out, ' ');
}

static void print_cell(const char *text, enum ctl_paint p, bool colors, bool right, size_t width,
		       bool last, struct strbuf *out)
{
	size_t pad = width - width_of(text);

	if (right)
		blanks(out, pad);
	strbuf_addf(out, "%s%s%s", ctl_text_paint(*text ? p : CTL_PLAIN, colors), text,
		    ctl_text_unpaint(*text ? p : CTL_PLAIN, colors));
	if (!last)
		blanks(out, (right ? 0 : pad) + 2);
}

/* Blanks at the end of a line are of no use to anybody. */
static void end_line(struct strbuf *out)
{
	while (out->len && out->text[out->len - 1] == ' ')
		out->text[--out->len] = '\0';
	strbuf_addc(out, '\n');
}

void ctl_table_print(const struct ctl_table *t, bool colors, struct strbuf *out)
{
	size_t width[CTL_TABLE_COLUMNS] = { 0 }, last = 0;

	for (size_t r = 0; r < t->n_rows; r++)
		for (size_t c = 0; c < t->n_columns; c++) {
			size_t w = width_of(strbuf_text(&t->rows[r][c].text));

			if (w > width[c])
				width[c] = w;
		}
	for (size_t c = 0; c < t->n_columns; c++) {
		if (!width[c])
			continue;
		last = c;
		if (strlen(t->headings[c]) > width[c])
			width[c] = strlen(t->headings[c]);
	}
	if (!t->n_rows)
		return;
	for (size_t c = 0; c < t->n_columns; c++)
		if (width[c])
			print_cell(t->headings[c], CTL_FAINT, colors, t->numbers[c], width[c],
				   c == last, out);
	end_line(out);
	for (size_t r = 0; r < t->n_rows; r++) {
		for (size_t c = 0; c < t->n_columns; c++)
			if (width[c])
				print_cell(strbuf_text(&t->rows[r][c].text), t->rows[r][c].paint,
					   colors, t->numbers[c], width[c], c == last, out);
		end_line(out);
	}
}
