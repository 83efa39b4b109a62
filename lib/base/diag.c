/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nothing of the user's file reaches the terminal as it is: control characters,
 * invisible and direction-changing ones and invalid UTF-8 become '?'. Faults are
 * printed in order of place with one walk over the text, so a thousand faults in
 * a line of 32 MiB cost one pass and not a thousand.
 */
#include "base/diag.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/strbuf.h"

void diag_init(struct diag_list *l, struct arena *arena)
{
	*l = (struct diag_list){ .arena = arena };
}

static const char *format_text(struct arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

static const char *format_text(struct arena *a, const char *fmt, va_list ap)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;

	strbuf_vaddf(&b, fmt, ap);
	return arena_strdup(a, strbuf_text(&b));
}

/* Each level has DIAG_MAX places of its own: warnings must not crowd the errors out. */
static bool is_full(const struct diag_list *l, enum diag_level level)
{
	size_t errors = l->errors < DIAG_MAX ? l->errors : DIAG_MAX;

	return (level == DIAG_ERROR ? errors : l->count - errors) >= DIAG_MAX;
}

struct diag *diag_add(struct diag_list *l, enum diag_level level, const struct diag_source *source,
		      size_t offset, size_t length, const char *pointer, const char *fmt, ...)
{
	bool full = is_full(l, level);
	struct diag *d;
	va_list ap;

	if (level == DIAG_ERROR)
		l->errors++;
	if (full) {
		l->dropped++;
		return NULL;
	}
	d = ARENA_PUSH(l->arena, l->items, l->count, l->cap);
	*d = (struct diag){
		.level = level,
		.source = source,
		.offset = offset,
		.length = length ? length : 1,
		.pointer = pointer ? arena_strdup(l->arena, pointer) : NULL,
		.order = l->count - 1,
	};
	va_start(ap, fmt);
	d->text = format_text(l->arena, fmt, ap);
	va_end(ap);
	return d;
}

void diag_hint(struct diag_list *l, struct diag *d, const char *fmt, ...)
{
	va_list ap;

	if (!d)
		return;
	va_start(ap, fmt);
	d->hint = format_text(l->arena, fmt, ap);
	va_end(ap);
}

static int compare_faults(const void *pa, const void *pb)
{
	const struct diag *a = pa, *b = pb;
	int r;

	if (a->source != b->source) {
		r = strcmp(a->source ? a->source->name : "", b->source ? b->source->name : "");
		if (r != 0)
			return r;
	}
	/* + 1 makes DIAG_NO_OFFSET zero: what concerns a file as a whole comes first */
	if (a->offset != b->offset)
		return a->offset + 1 < b->offset + 1 ? -1 : 1;
	return a->order < b->order ? -1 : a->order > b->order;
}

void diag_sort(struct diag_list *l)
{
	if (l->count > 1)
		qsort(l->items, l->count, sizeof(*l->items), compare_faults);
}

#define BAD_CHARACTER UINT32_MAX

/*
 * The character at p < end, and how many bytes it takes. Anything that is not
 * strict UTF-8 (RFC 3629) is BAD_CHARACTER, one byte at a time.
 */
static uint32_t decode(const char *p, const char *end, size_t *ret_size)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	unsigned char first = (unsigned char)*p;
	size_t more = first < 0x80 ? 0 : first < 0xc2 ? 9 : first < 0xe0 ? 1 : first < 0xf0 ? 2 : 3;
	uint32_t v;

	*ret_size = 1;
	if (more == 0)
		return first;
	if (more == 9 || first > 0xf4 || (size_t)(end - p) <= more)
		return BAD_CHARACTER;
	v = first & (0x3fu >> more);
	for (size_t i = 1; i <= more; i++) {
		if (((unsigned char)p[i] & 0xc0) != 0x80)
			return BAD_CHARACTER;
		v = v << 6 | ((unsigned char)p[i] & 0x3f);
	}
	if (v < least[more] || v > 0x10ffff || (v >= 0xd800 && v <= 0xdfff))
		return BAD_CHARACTER;
	*ret_size = more + 1;
	return v;
}

struct span {
	uint32_t first, last;
};

static bool in_spans(uint32_t c, const struct span *spans, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (c >= spans[i].first && c <= spans[i].last)
			return true;
	return false;
}

static bool is_safe(uint32_t c)
{
	/* C0, DEL and C1 (a terminal may obey them as well), zero-width, bidirectional
	 * controls, line and paragraph separators, invisible operators, BOM, tags */
	static const struct span unsafe[] = {
		{ 0x00, 0x1f },
		{ 0x7f, 0x9f },
		{ 0xad, 0xad },
		{ 0x61c, 0x61c },
		{ 0x200b, 0x200f },
		{ 0x2028, 0x202e },
		{ 0x2060, 0x206f },
		{ 0xfeff, 0xfeff },
		{ 0xfff0, 0xfffb },
		{ 0xe0000, 0xe0fff },
		{ BAD_CHARACTER, BAD_CHARACTER },
	};

	return (c >= ' ' && c < 0x7f) || !in_spans(c, unsafe, ARRAY_SIZE(unsafe));
}

/* Cells of a terminal; rough, for the caret only. */
static int width_of(uint32_t c)
{
	static const struct span none[] = { { 0x300, 0x36f }, { 0xfe00, 0xfe0f } };
	static const struct span wide[] = {
		{ 0x1100, 0x115f }, { 0x2e80, 0xa4cf },	  { 0xac00, 0xd7a3 },
		{ 0xf900, 0xfaff }, { 0xfe30, 0xfe6f },	  { 0xff00, 0xff60 },
		{ 0xffe0, 0xffe6 }, { 0x1f300, 0x1faff }, { 0x20000, 0x3fffd },
	};

	if (c < 0x300)
		return 1;
	if (in_spans(c, none, ARRAY_SIZE(none)))
		return 0;
	return is_safe(c) && in_spans(c, wide, ARRAY_SIZE(wide)) ? 2 : 1;
}

/* Tabs stay tabs where the line is quoted. */
static void add_safe(struct strbuf *out, const char *p, const char *end, bool keep_tabs)
{
	while (p < end) {
		size_t size;
		uint32_t c = decode(p, end, &size);

		if (is_safe(c) || (c == '\t' && keep_tabs))
			strbuf_addn(out, p, size);
		else
			strbuf_addc(out, '?');
		p += size;
	}
}

static void add_safe_text(struct strbuf *out, const char *text)
{
	add_safe(out, text, text + strlen(text), false);
}

/* Walks forward over one text; faults come in order of offset. */
struct cursor {
	const struct diag_source *source;
	size_t line_start, at;
	unsigned line, column;
};

static void cursor_advance(struct cursor *c, size_t offset)
{
	const char *text = c->source->text, *end = text + c->source->len;
	const char *newline;
	size_t size;

	if (offset > c->source->len)
		offset = c->source->len;
	while (c->at < offset && (newline = memchr(text + c->at, '\n', offset - c->at))) {
		c->at = c->line_start = (size_t)(newline - text) + 1;
		c->line++;
		c->column = 1;
	}
	while (c->at < offset) {
		decode(text + c->at, end, &size);
		if (c->at + size > offset)
			break; /* inside a character: its column */
		c->at += size;
		c->column++;
	}
}

static struct cursor cursor_start(const struct diag_source *s)
{
	return (struct cursor){ .source = s, .line = 1, .column = 1 };
}

void diag_position(const struct diag_source *s, size_t offset, unsigned *ret_line,
		   unsigned *ret_column)
{
	struct cursor c = cursor_start(s);

	cursor_advance(&c, offset);
	*ret_line = c.line;
	*ret_column = c.column;
}

/* The part of a line that is shown. */
struct window {
	const char *from, *at, *to;
	bool cut_left, cut_right;
};

#define WINDOW_CHARACTERS 100
#define WINDOW_BEFORE	  60

/* Steps back over one character; invalid bytes are one each, as decode() has it. */
static const char *step_back(const char *p, const char *start, const char *end)
{
	size_t size;

	/* longest first: the last byte alone would pass for an invalid one */
	for (size_t n = 4; n > 1; n--) {
		if ((size_t)(p - start) < n)
			continue;
		decode(p - n, end, &size);
		if (size == n)
			return p - n;
	}
	return p - 1;
}

static struct window window_around(const struct cursor *c)
{
	const char *text = c->source->text, *start = text + c->line_start, *at = text + c->at;
	const char *end = memchr(at, '\n', c->source->len - c->at);
	struct window w = { .from = at, .at = at, .to = at };
	size_t shown = 0, size;

	if (!end)
		end = text + c->source->len;
	if (end > at && end[-1] == '\r' && end - 1 > at)
		end--; /* of a CRLF */
	for (; w.from > start && shown < WINDOW_BEFORE; shown++)
		w.from = step_back(w.from, start, end);
	for (; w.to < end && shown < WINDOW_CHARACTERS; shown++) {
		decode(w.to, end, &size);
		w.to += size;
	}
	for (; w.from > start && shown < WINDOW_CHARACTERS; shown++)
		w.from = step_back(w.from, start, end);
	w.cut_left = w.from > start;
	w.cut_right = w.to < end;
	return w;
}

struct palette {
	const char *place, *error, *warning, *caret, *reset;
};

static const struct palette plain = { "", "", "", "", "" };
static const struct palette ansi = { "\033[1m", "\033[1;31m", "\033[1;35m", "\033[1;32m",
				     "\033[0m" };

/* Blanks as wide as what stands before the caret, then "^~~~". */
static void add_caret(struct strbuf *out, const struct window *w, size_t length)
{
	const char *p = w->from, *stop;
	size_t size;

	if (w->cut_left)
		strbuf_add(out, "   ");
	while (p < w->at) {
		uint32_t c = decode(p, w->to, &size);

		if (c == '\t')
			strbuf_addc(out, '\t');
		else
			strbuf_addn(out, "  ", (size_t)width_of(c));
		p += size;
	}
	strbuf_addc(out, '^');
	stop = length < (size_t)(w->to - w->at) ? w->at + length : w->to;
	for (bool first = true; p < stop; p += size, first = false) {
		int cells = width_of(decode(p, w->to, &size));

		for (int i = first ? 1 : 0; i < cells; i++)
			strbuf_addc(out, '~');
	}
}

static void print_quote(const struct diag *d, const struct cursor *c, struct strbuf *out,
			const struct palette *colours)
{
	struct window w = window_around(c);

	strbuf_addf(out, "%5u |", c->line);
	if (w.from < w.to) {
		strbuf_add(out, w.cut_left ? " ..." : " ");
		add_safe(out, w.from, w.to, true);
		strbuf_add(out, w.cut_right ? "..." : "");
	}
	strbuf_add(out, "\n      | ");
	strbuf_add(out, colours->caret);
	add_caret(out, &w, d->length);
	strbuf_add(out, colours->reset);
	if (d->hint) {
		strbuf_addc(out, ' ');
		add_safe_text(out, d->hint);
	}
	strbuf_addc(out, '\n');
}

static const char *level_name(enum diag_level level)
{
	switch (level) {
	case DIAG_ERROR:
		return "error";
	case DIAG_WARNING:
		return "warning";
	}
	abort();
}

static void print_fault(const struct diag *d, struct cursor *c, struct strbuf *out,
			const struct palette *colours)
{
	bool placed = d->source && d->source->text && d->offset != DIAG_NO_OFFSET;

	if (placed) {
		if (c->source != d->source)
			*c = cursor_start(d->source);
		cursor_advance(c, d->offset);
	}
	if (d->source) {
		strbuf_add(out, colours->place);
		add_safe_text(out, d->source->name);
		if (placed)
			strbuf_addf(out, ":%u:%u", c->line, c->column);
		strbuf_addf(out, ":%s ", colours->reset);
	}
	strbuf_addf(out, "%s%s:%s ", d->level == DIAG_ERROR ? colours->error : colours->warning,
		    level_name(d->level), colours->reset);
	if (d->pointer && *d->pointer) {
		add_safe_text(out, d->pointer);
		strbuf_add(out, ": ");
	}
	add_safe_text(out, d->text);
	if (!placed && d->hint) {
		strbuf_add(out, "; ");
		add_safe_text(out, d->hint);
	}
	strbuf_addc(out, '\n');
	if (placed)
		print_quote(d, c, out, colours);
}

void diag_print(struct diag_list *l, struct strbuf *out, bool colour)
{
	struct cursor c = { 0 };

	diag_sort(l);
	for (size_t i = 0; i < l->count; i++)
		print_fault(&l->items[i], &c, out, colour ? &ansi : &plain);
	if (l->dropped)
		strbuf_addf(out, "%zu more not shown\n", l->dropped);
}

/* Words longer than this are no misspelling of a name or a key. */
#define NEAREST_MAX 64

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Optimal string alignment: insert, delete, replace, swap neighbours; letter case is free. */
static size_t distance(const char *a, size_t n, const char *b, size_t m)
{
	size_t rows[3][NEAREST_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= m; j++)
		row[j] = j;
	for (size_t i = 1; i <= n; i++) {
		size_t *oldest = before;

		before = above;
		above = row;
		row = oldest;
		row[0] = i;
		for (size_t j = 1; j <= m; j++) {
			bool same = fold(a[i - 1]) == fold(b[j - 1]);

			row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + !same);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
			    fold(a[i - 2]) == fold(b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
	}
	return row[m];
}

const char *diag_nearest(const char *word, const char *const *candidates, size_t count)
{
	size_t n = strnlen(word, NEAREST_MAX + 1);
	size_t best = n / 3 > 1 ? n / 3 : 1;
	const char *nearest = NULL;

	if (n == 0 || n > NEAREST_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t m = strnlen(candidates[i], NEAREST_MAX + 1), d;

		if (m > NEAREST_MAX || m > n + best || n > m + best)
			continue;
		d = distance(word, n, candidates[i], m);
		/* a word replaced as a whole is no misspelling */
		if (d >= n || d > best || (nearest && d == best))
			continue;
		nearest = candidates[i];
		best = d;
	}
	return nearest;
}
