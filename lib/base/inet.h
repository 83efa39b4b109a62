/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * IPv4 and IPv6 addresses, prefixes and ranges. Bytes are in network order, so
 * memcmp() compares addresses; an IPv4 address uses the first four bytes and
 * leaves the rest zero.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum inet_family {
	INET4,
	INET6,
};
#define INET_FAMILY_COUNT (INET6 + 1)

struct inet_addr {
	uint8_t bytes[16];
};

/* Both ends included. A prefix is the range of its first and last address. */
struct inet_range {
	struct inet_addr lo, hi;
};

struct inet_prefix {
	struct inet_addr addr;
	enum inet_family family;
	uint8_t len; /* 0..32 or 0..128 */
};

#define INET_TEXT_MAX  64 /* a printed address or prefix, with NUL */
#define INET_RANGE_MAX 96 /* a printed range, with NUL */

unsigned inet_bits(enum inet_family f); /* 32 or 128 */
int inet_af(enum inet_family f); /* AF_INET or AF_INET6 */

/* Strict: the whole of `text` (n bytes, no NUL needed) or -EINVAL. */
int inet_parse_addr(const char *text, size_t n, enum inet_family *ret_family,
		    struct inet_addr *ret);
/*
 * "A/LEN" or "A" (= host prefix). -EINVAL: not a prefix; -ERANGE: length too
 * big; -EDOM: host bits set (then *ret holds the prefix with them cleared, for
 * the hint).
 */
int inet_parse_prefix(const char *text, size_t n, struct inet_prefix *ret);
/*
 * "A", "A/LEN" or "A-B" (same family, A <= B else -EDOM). "A/LEN" fails as with
 * inet_parse_prefix(), but then nothing is returned.
 */
int inet_parse_range(const char *text, size_t n, enum inet_family *ret_family,
		     struct inet_range *ret);

int inet_addr_cmp(const struct inet_addr *a, const struct inet_addr *b);
bool inet_addr_is_zero(const struct inet_addr *a);
bool inet_addr_is_linklocal6(const struct inet_addr *a); /* fe80::/10 */
void inet_addr_mask(struct inet_addr *a, enum inet_family f, unsigned len);
/* Successor and predecessor; false at the end of the family's space. */
bool inet_addr_next(struct inet_addr *a, enum inet_family f);
bool inet_addr_prev(struct inet_addr *a, enum inet_family f);

struct inet_range inet_prefix_range(const struct inet_prefix *p);
/* True, and *ret_len set, when the range is exactly one prefix. */
bool inet_range_is_prefix(const struct inet_range *r, enum inet_family f, unsigned *ret_len);
bool inet_range_overlaps(const struct inet_range *a, const struct inet_range *b);
bool inet_range_contains(const struct inet_range *outer, const struct inet_range *inner);

/*
 * RFC 5952 text, byte for byte that of inet_ntop(3). The buffers are INET_TEXT_MAX
 * and INET_RANGE_MAX bytes.
 */
const char *inet_print_addr(const struct inet_addr *a, enum inet_family f, char *buf);
const char *inet_print_prefix(const struct inet_prefix *p, char *buf);
/* "10.0.0.0/8", "10.0.0.1" or "10.0.0.1-10.0.0.9": as nft prints it. */
const char *inet_print_range(const struct inet_range *r, enum inet_family f, char *buf);
