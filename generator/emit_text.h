/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the back ends share: quoting (the only place), wrapped lists, the
 * header of every artifact and the content of sets. Pure.
 */
#pragma once

#include "model/desired.h"
#include "model/plan.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;
struct strbuf;

/* nft keeps 128 bytes with the NUL (NFTNL_UDATA_COMMENT_MAXLEN in libnftnl); plan.h promises 120. */
#define EMIT_COMMENT_MAX 120

/* Text for people on one line: no control characters, quotes or backslashes, at most `max` bytes. */
void emit_text_plain(struct strbuf *out, const char *text, size_t max);
/* The same between double quotes. */
void emit_text_comment(struct strbuf *out, const char *text);
/* A name that parse_valid_*() let pass, between double quotes: aborts on a quote or control character. */
void emit_text_quoted(struct strbuf *out, const char *name);

/* "# omr-nft VERSION: WHAT, compiled from POLICY" and how to change it. */
void emit_text_header(struct strbuf *out, const char *what, const char *policy);
/* "# MARK  NAME: links, then ..." a line for every link and target. */
void emit_text_marks(struct strbuf *out, const struct plan *p);

/* Items of a comma-separated list, wrapped to lines of EMIT_WIDTH columns. */
#define EMIT_WIDTH 100
struct emit_list {
	struct strbuf *out;
	const char *indent; /* of the lines after the first */
	size_t n;
};
#define EMIT_LIST(buffer, indentation)                                                             \
	((struct emit_list){ .out = (buffer), .indent = (indentation) })
void emit_text_item(struct emit_list *l, const char *item);

/* The state while no daemon runs; desired_elements() says what it puts into a set. */
void emit_text_state(const struct plan *p, struct arena *a, struct desired *ret);

/* Level of a cgroup path below the root, as `socket cgroupv2 level N` counts. */
unsigned emit_text_cgroup_level(const char *path);
/* INET4 or INET6, of an address set. */
enum inet_family emit_text_key_family(enum plan_key_type t);
