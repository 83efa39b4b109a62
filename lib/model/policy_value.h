/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading single JSON values of a policy: types, limits, arrays, objects by a
 * table of keys, and the faults of all of them. Used by policy_read*.c only.
 *
 * A reader answers true when *out was filled. Otherwise it has added a fault
 * and left *out alone; reading goes on, so that all faults come in one run.
 */
#pragma once

#include "base/diag.h"
#include "model/policy.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct json_doc;
struct policy_resolver;

/* Where the reader is, innermost first; becomes a JSON pointer when needed. */
struct policy_path {
	const struct policy_path *up; /* NULL: below the document */
	const char *key; /* NULL: an array's item */
	size_t index;
};

struct policy_reader {
	struct arena *arena;
	struct json_doc *doc;
	const struct policy_resolver *resolver;
	struct diag_list *faults;
	struct policy *policy;
	size_t cap_probes, cap_lists;
	/* Rules that name users or lists resolve them only when they are enabled. */
	struct policy_rule *rule;
};

typedef bool policy_value_reader(struct policy_reader *r, const struct policy_path *path,
				 json_t *value, void *out);

struct policy_key {
	const char *name;
	policy_value_reader *read; /* NULL: known, read elsewhere */
	bool required;
};

#define POLICY_KEY(key, reader)                                                                    \
	{                                                                                          \
		.name = (key), .read = (reader)                                                    \
	}
#define POLICY_KEY_REQUIRED(key, reader)                                                           \
	{                                                                                          \
		.name = (key), .read = (reader), .required = true                                  \
	}

/* ---- faults ------------------------------------------------------------- */

/* In the document's arena. path NULL: the document, "". */
const char *policy_value_pointer(struct policy_reader *r, const struct policy_path *path);
struct diag *policy_value_fault(struct policy_reader *r, const struct policy_path *path,
				const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* As above, at the member's name. */
struct diag *policy_value_fault_key(struct policy_reader *r, const struct policy_path *path,
				    const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* "no WHAT named TEXT", and the nearest word there is. */
void policy_value_fault_word(struct policy_reader *r, const struct policy_path *path,
			     const char *text, const char *what, enum policy_vocabulary words);
/* A user's text for use in a fault: cut when long. */
const char *policy_value_show(struct policy_reader *r, const char *text);

/* ---- values ------------------------------------------------------------- */

/* NULL, and a fault, when it is none. */
const char *policy_value_string(struct policy_reader *r, const struct policy_path *path,
				json_t *value);
bool policy_value_bool(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       bool *ret);
bool policy_value_integer(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  uint32_t min, uint32_t max, uint32_t *ret);
/* A mark: an integer or a string "0x...", not 0. */
bool policy_value_mark(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       uint32_t *ret);
bool policy_value_duration(struct policy_reader *r, const struct policy_path *path, json_t *value,
			   uint32_t min_ms, uint32_t max_ms, uint32_t *ret_ms);
/* One of n words; *ret is its index. */
bool policy_value_word(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       const char *const *words, size_t n, unsigned *ret);
/* A name by parse_valid_name(); NULL, and a fault, when it is none. */
const char *policy_value_name(struct policy_reader *r, const struct policy_path *path,
			      json_t *value);
const char *policy_value_device(struct policy_reader *r, const struct policy_path *path,
				json_t *value);
/* An address that a single host can have. */
bool policy_value_address(struct policy_reader *r, const struct policy_path *path, const char *text,
			  enum inet_family family, struct inet_addr *ret);
/* Key "note": checked and, for out NULL, dropped; else *(const char **)out. */
bool policy_value_note(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out);
/* A policy_value_reader that checks a note and drops it. */
bool policy_value_note_ignored(struct policy_reader *r, const struct policy_path *path,
			       json_t *value, void *out);

/* ---- objects and arrays ------------------------------------------------- */

/* False when it is no object or keys are missing; unknown keys are faults but no reason to stop. */
bool policy_value_object(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 const struct policy_key *keys, size_t n, void *out);

/*
 * An object of at most `max` named things ("links"), whose names are checked:
 * read() gets each with out = its name, in the document's arena.
 */
bool policy_value_named(struct policy_reader *r, const struct policy_path *path, json_t *value,
			size_t max, const char *what, policy_value_reader *read);
/* Where the member `key` of the object at `up` stands, whether it is there or not. */
struct policy_path policy_value_below(const struct policy_path *up, const char *key);
/* Whether the member `key` is the string `word`. */
bool policy_value_is(json_t *object, const char *key, const char *word);

/* What an array holds. */
struct policy_items {
	size_t size; /* of one item */
	policy_value_reader *read; /* of one item */
	int (*cmp)(const void *a,
		   const void *b); /* 0: the same value written twice. NULL: not looked for */
};

/* A non-empty array without duplicates; *ret and *ret_n hold its good items in file order. */
bool policy_value_array(struct policy_reader *r, const struct policy_path *path, json_t *value,
			const struct policy_items *items, void *ret, size_t *ret_n);

/* For items that are strings or plain bytes. */
int policy_value_cmp_string(const void *a, const void *b); /* const char ** */
