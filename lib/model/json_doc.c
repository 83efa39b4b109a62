/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/json_doc.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "model/json_locate.h"
#include "model/json_syntax.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A fault waiting for json_doc_locate(): no offset, and this says what to underline. */
#define LENGTH_KEY   0
#define LENGTH_VALUE 1

/* Places of the items of one big array. */
struct json_doc_spine {
	struct arena *arena;
	const char *pointer;
	size_t n;
	struct json_spot *items; /* NULL: not yet scanned */
};

/* The parser refused and json_syntax found nothing: its own words and place. */
static void fault_parser(const struct diag_source *source, const json_error_t *e,
			 struct diag_list *faults)
{
	size_t at = e->position > 0 ? (size_t)e->position - 1 : 0;

	if (at >= source->len)
		at = source->len ? source->len - 1 : 0;
	diag_add(faults, DIAG_ERROR, source, at, 1, NULL, "not valid JSON: %s", e->text);
}

/* jansson 2.14 takes "[1\0]": it loses a NUL byte that follows a number or a word. */
static json_t *load(const struct diag_source *source, json_error_t *error)
{
	if (source->len && memchr(source->text, '\0', source->len))
		return NULL;
	return json_loadb(source->text, source->len, JSON_REJECT_DUPLICATES, error);
}

int json_doc_parse(const struct diag_source *source, struct arena *a, struct diag_list *faults,
		   struct json_doc **ret_doc)
{
	struct json_doc *doc;
	json_error_t error = { .line = -1 };
	json_t *root;

	root = load(source, &error);
	if (!root) {
		if (json_syntax_report(source, faults) == JSON_SYNTAX_BAD)
			return JSON_DOC_INVALID;
		if (json_error_code(&error) != json_error_duplicate_key)
			fault_parser(source, &error, faults);
		root = json_loadb(source->text, source->len, 0, &error);
		if (!root)
			return JSON_DOC_INVALID;
	}
	doc = arena_alloc(a, sizeof(*doc));
	doc->source = source;
	doc->root = root;
	*ret_doc = doc;
	return 0;
}

void json_doc_done(struct json_doc *doc)
{
	if (!doc)
		return;
	json_decref(doc->root);
	doc->root = NULL;
}

void json_doc_donep(struct json_doc **doc)
{
	json_doc_done(*doc);
}

struct diag *json_doc_vfault(const struct json_doc *doc, struct diag_list *faults,
			     enum diag_level level, const char *pointer, bool key, const char *fmt,
			     va_list ap)
{
	struct strbuf text = STRBUF_NULL;
	struct diag *d;

	strbuf_vaddf(&text, fmt, ap);
	d = diag_add(faults, level, doc->source, DIAG_NO_OFFSET, 1, pointer, "%s",
		     strbuf_text(&text));
	if (d)
		d->length = key ? LENGTH_KEY : LENGTH_VALUE;
	strbuf_done(&text);
	return d;
}

struct diag *json_doc_fault(const struct json_doc *doc, struct diag_list *faults,
			    enum diag_level level, const char *pointer, bool key, const char *fmt,
			    ...)
{
	struct diag *d;
	va_list ap;

	va_start(ap, fmt);
	d = json_doc_vfault(doc, faults, level, pointer, key, fmt, ap);
	va_end(ap);
	return d;
}

void json_doc_locate(const struct json_doc *doc, struct diag_list *faults)
{
	_cleanup_(cleanup_freep) struct json_spot *spots = NULL;
	_cleanup_(cleanup_freep) struct diag **waiting = NULL;
	size_t n = 0;

	if (!faults->count)
		return;
	spots = calloc(faults->count, sizeof(*spots));
	waiting = calloc(faults->count, sizeof(struct diag *));
	if (!spots || !waiting)
		abort();
	for (size_t i = 0; i < faults->count; i++) {
		struct diag *d = &faults->items[i];

		if (d->source != doc->source || d->offset != DIAG_NO_OFFSET || !d->pointer)
			continue;
		spots[n].pointer = d->pointer;
		spots[n].key = d->length == LENGTH_KEY;
		waiting[n++] = d;
	}
	if (!n)
		return;
	json_locate(doc->source->text, doc->source->len, spots, n);
	for (size_t i = 0; i < n; i++) {
		waiting[i]->offset = spots[i].offset;
		waiting[i]->length = spots[i].length;
	}
}

void json_doc_set_spine(struct json_doc *doc, struct arena *a, const char *pointer, size_t n)
{
	struct json_doc_spine *s = arena_alloc(a, sizeof(*s));

	s->arena = a;
	s->pointer = pointer;
	s->n = n;
	doc->spine = s;
}

static void spine_scan(const struct diag_source *source, struct json_doc_spine *s)
{
	if (s->items || !s->n)
		return;
	s->items = arena_calloc(s->arena, s->n, sizeof(*s->items));
	for (size_t i = 0; i < s->n; i++)
		s->items[i].pointer = arena_printf(s->arena, "%s/%zu", s->pointer, i);
	json_locate(source->text, source->len, s->items, s->n);
}

/* The item of the spine that holds pointer, and the rest of pointer below it. */
static const struct json_spot *spine_item(const struct json_doc *doc, const char *pointer,
					  const char **ret_rest)
{
	struct json_doc_spine *s = doc->spine;
	size_t len = s ? strlen(s->pointer) : 0;
	const char *end = pointer + len + 1;
	uint64_t i;

	if (!s || strncmp(pointer, s->pointer, len) != 0 || pointer[len] != '/' ||
	    parse_leading_u64(&end, UINT32_MAX, &i) < 0 || (*end && *end != '/') || i >= s->n)
		return NULL;
	spine_scan(doc->source, s);
	*ret_rest = end;
	return &s->items[i];
}

void json_doc_place(const struct json_doc *doc, const char *pointer, size_t *ret_offset,
		    size_t *ret_length)
{
	struct json_spot spot = { .pointer = pointer };
	const struct json_spot *item = spine_item(doc, pointer, &spot.pointer);
	size_t base = item ? item->offset : 0;

	json_locate(doc->source->text + base, doc->source->len - base, &spot, 1);
	*ret_offset = base + spot.offset;
	*ret_length = spot.length;
}
