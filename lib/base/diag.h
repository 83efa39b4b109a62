/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Faults in what the user wrote. Collected while reading and compiling (never
 * printed there), sorted by place and printed once by the program:
 *
 *   policy.json:14:17: error: /rules/2/via: no link or group named "fibre"
 *      14 |       "via": "fibre",
 *         |              ^~~~~~~ did you mean "fiber"?
 *
 * A fault names its place either by a byte offset into a registered source
 * text, or by a JSON pointer that the model resolves to such an offset.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct strbuf;

enum diag_level {
	DIAG_ERROR,
	DIAG_WARNING,
};

/* A text that faults point into: the policy or a list file. */
struct diag_source {
	const char *name; /* as the user gave it */
	const char *text; /* len bytes; outlives the list */
	size_t len;
};

#define DIAG_NO_OFFSET ((size_t)-1)

struct diag {
	enum diag_level level;
	const struct diag_source *source; /* NULL: no file (then no place is printed) */
	size_t offset; /* DIAG_NO_OFFSET: the file as a whole */
	size_t length; /* bytes to underline, at least 1 */
	const char *pointer; /* JSON pointer, "" for the whole document, NULL in list files */
	const char *text; /* what is wrong */
	const char *hint; /* NULL or e.g. did you mean "fiber"? */
	size_t order; /* insertion order, breaks ties */
};

struct diag_list {
	struct arena *arena; /* borrowed: texts are copied into it */
	struct diag *items;
	size_t count, cap;
	size_t errors; /* how many were DIAG_ERROR, dropped ones included */
	size_t dropped; /* faults beyond DIAG_MAX of their level, counted and not kept */
};

/* A file of a million bad lines must not cost a million faults. */
#define DIAG_MAX 1000

void diag_init(struct diag_list *l, struct arena *arena);
/*
 * Returns the new fault for the caller to fill in hint etc., NULL when dropped; it is good until
 * the next diag_add(). Text and pointer are copied.
 */
struct diag *diag_add(struct diag_list *l, enum diag_level level, const struct diag_source *source,
		      size_t offset, size_t length, const char *pointer, const char *fmt, ...)
	__attribute__((format(printf, 7, 8)));
/* Sets a hint on d (NULL is fine); the text is copied into the list's arena. */
void diag_hint(struct diag_list *l, struct diag *d, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

/* By source name, offset (DIAG_NO_OFFSET first), order. */
void diag_sort(struct diag_list *l);
/*
 * Sorts and prints all; tabs in the source line are kept in the caret line. colour: ANSI.
 * Control characters and invalid UTF-8 from the file come out as '?'; of a long line only the
 * part around the fault is shown. A pointer of "" is left out.
 */
void diag_print(struct diag_list *l, struct strbuf *out, bool colour);
/* 1-based line and column (column in characters, not bytes) of an offset. */
void diag_position(const struct diag_source *s, size_t offset, unsigned *ret_line,
		   unsigned *ret_column);

/*
 * The candidate nearest to `word` by edit distance (transpositions count one),
 * or NULL when none is near: at most a third of the word's length, at least 1,
 * and never the whole word. Differences of letter case are free. The first of
 * equals wins; words of more than 64 bytes have no neighbours.
 */
const char *diag_nearest(const char *word, const char *const *candidates, size_t count);
