/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A JSON file: its tree while it is read, its text for as long as faults may
 * point into it.
 */
#pragma once

#include "base/diag.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

struct arena;
struct json_t; /* <jansson.h> */

struct json_doc {
	const struct diag_source *source;
	struct json_t *root; /* NULL after json_doc_done() */
	struct json_doc_spine *spine;
};

/* Outcomes. */
enum {
	JSON_DOC_INVALID = 1, /* not JSON: the faults say why, there is no tree */
};

/*
 * Parses source. Members written twice are faults too, but then there is a
 * tree (the last one counts) and the answer is 0, so that reading can go on
 * to find what else is wrong. The document lives in the arena, the tree until
 * json_doc_done().
 */
int json_doc_parse(const struct diag_source *source, struct arena *a, struct diag_list *faults,
		   struct json_doc **ret_doc);
/* Frees the tree. Pointers can still be resolved. NULL is fine. */
void json_doc_done(struct json_doc *doc);
void json_doc_donep(struct json_doc **doc);

/*
 * Adds a fault at a pointer; its place is filled by json_doc_locate(). key:
 * the member's name is at fault. The pointer is copied.
 */
struct diag *json_doc_fault(const struct json_doc *doc, struct diag_list *faults,
			    enum diag_level level, const char *pointer, bool key, const char *fmt,
			    ...) __attribute__((format(printf, 6, 7)));
struct diag *json_doc_vfault(const struct json_doc *doc, struct diag_list *faults,
			     enum diag_level level, const char *pointer, bool key, const char *fmt,
			     va_list ap) __attribute__((format(printf, 6, 0)));
/* Fills the places of all faults of this document that have none yet, in one scan. */
void json_doc_locate(const struct json_doc *doc, struct diag_list *faults);

/*
 * Makes json_doc_place() cheap below the n items of the array at `pointer`:
 * their places are found once, when first asked for.
 */
void json_doc_set_spine(struct json_doc *doc, struct arena *a, const char *pointer, size_t n);
/* The place of one value, at once: for a fault found later. */
void json_doc_place(const struct json_doc *doc, const char *pointer, size_t *ret_offset,
		    size_t *ret_length);
