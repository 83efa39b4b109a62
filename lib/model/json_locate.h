/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON pointers -> places in the text. A parsed tree does not say where its
 * values stood, so the text is scanned again, but only when there is a fault
 * to report, and once for all faults together.
 *
 * The text must be valid JSON (json_doc has parsed it); on other bytes the
 * answers are meaningless but inside the text.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct json_spot {
	const char *pointer; /* RFC 6901: "/rules/2/via"; "" is the whole document */
	bool key; /* in: the member's name is meant, not its value */
	bool found; /* out: false when an ancestor stands in for it */
	size_t offset; /* out */
	size_t length; /* out: of the token; 1 for an object or array */
};

/*
 * Fills offset, length and found of all spots in one pass. A pointer to
 * something that is not there (a missing key) gets the place of its nearest
 * ancestor. Of a member written twice, the last counts, as for the parser.
 */
void json_locate(const char *text, size_t len, struct json_spot *spots, size_t n);

/* Undoes the escapes of a string's n bytes (no quotes); out has room for n. Returns the length. */
size_t json_locate_decode(const char *p, size_t n, char *out);
