/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule as the kernel runs it: a list of register expressions. The same form
 * for the rules a plan asks for (nft_expr.h) and for those the kernel reports
 * (nft_decode.h), so that both can be compared. Lives in the caller's arena.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define NFT_KEY_MAX 16

/* Content of an anonymous set: { 80, 443, 1000-2000 }. */
struct nft_anon_element {
	uint8_t key[NFT_KEY_MAX];
	bool end; /* closes the interval before it */
};

struct nft_anon {
	uint32_t key_type, key_len; /* nft's number of the datatype; bytes */
	bool interval, host_order;
	struct nft_anon_element *elements; /* sorted by key, ends first */
	size_t n_elements, cap_elements;
};

enum nft_expr_kind {
	NFT_EXPR_UNKNOWN, /* never equal to anything */
	NFT_EXPR_META,
	NFT_EXPR_META_WRITE,
	NFT_EXPR_CT,
	NFT_EXPR_CT_WRITE,
	NFT_EXPR_SOCKET,
	NFT_EXPR_FIB,
	NFT_EXPR_PAYLOAD,
	NFT_EXPR_NUMGEN,
	NFT_EXPR_BITWISE,
	NFT_EXPR_BYTEORDER,
	NFT_EXPR_CMP,
	NFT_EXPR_RANGE,
	NFT_EXPR_LOOKUP,
	NFT_EXPR_DYNSET,
	NFT_EXPR_IMMEDIATE,
	NFT_EXPR_VERDICT,
	NFT_EXPR_COUNTER,
	NFT_EXPR_MASQUERADE,
};

struct nft_expr {
	enum nft_expr_kind kind;
	uint32_t reg; /* NFT_REG_1 or NFT_REG32_01 */
	uint32_t key; /* of meta, ct, socket; FIB result; payload base; verdict code; numgen type */
	uint32_t
		op; /* of cmp, range, byteorder, dynset; FIB flags; socket level; lookup inverted; numgen modulus */
	uint32_t offset; /* of payload, numgen */
	uint32_t len; /* bytes of a and b, of payload and byteorder */
	bool map; /* lookup: the element's verdict is taken */
	uint8_t a[NFT_KEY_MAX],
		b[NFT_KEY_MAX]; /* cmp, immediate: a; range: a..b; bitwise: mask, xor */
	const char *name; /* set of lookup and dynset; chain of a verdict */
	const struct nft_anon
		*anon; /* lookup in an anonymous set: its content, instead of its name */
	uint64_t packets, bytes; /* counter; not compared */
};

struct nft_rule {
	struct nft_expr *exprs;
	size_t n_exprs, cap_exprs;
	const char *comment; /* NULL: none */
	uint64_t handle; /* of reported rules */
};

void nft_rule_sort_anon(struct nft_anon *s);
bool nft_rule_anon_equal(const struct nft_anon *a, const struct nft_anon *b);
bool nft_rule_expr_equal(const struct nft_expr *a, const struct nft_expr *b);
/* The same work; counts and handles aside. */
bool nft_rule_same_work(const struct nft_rule *a, const struct nft_rule *b);
bool nft_rule_equal(const struct nft_rule *a, const struct nft_rule *b); /* and the same comment */
bool nft_rule_uses_set(const struct nft_rule *r, const char *set);
struct nft_expr *nft_rule_counter(const struct nft_rule *r); /* NULL: has none */
