/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Netlink attributes, read and written without trusting a length: a message is
 * bytes until a typed table has checked it, and a value is copied out, never
 * pointed at through a struct. Pure.
 */
#pragma once

#include "base/inet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- reading ----------------------------------------------------------- */

/* What an attribute must look like. */
enum nl_attr_type {
	NL_ATTR_UNKNOWN, /* not in the table: skipped, and told */
	NL_ATTR_SKIP, /* known and of no interest: any content */
	NL_ATTR_U8,
	NL_ATTR_U32,
	NL_ATTR_ADDR, /* 4 or 16 bytes */
	NL_ATTR_STRING, /* NUL-terminated, not empty */
	NL_ATTR_BYTES, /* anything, nested attributes for instance */
};

struct nl_attr {
	const void *data; /* NULL: not there */
	size_t len;
};

/*
 * Sorts `len` bytes of attributes into ret[0..n_types-1]; types[] is indexed by
 * attribute type. Later ones win. *ret_unknown (may be NULL): a type was there
 * that the table does not list. -EBADMSG: a length or a content is impossible.
 */
int nl_attr_read(const void *attrs, size_t len, const enum nl_attr_type *types, size_t n_types,
		 struct nl_attr *ret, bool *ret_unknown);

/* Values of attributes that nl_attr_read() has accepted as such a type. */
uint8_t nl_attr_u8(const struct nl_attr *a, uint8_t otherwise);
uint32_t nl_attr_u32(const struct nl_attr *a, uint32_t otherwise);
/* -EBADMSG: not of this family's length; *ret is all zero when the attribute is absent. */
int nl_attr_addr(const struct nl_attr *a, enum inet_family f, struct inet_addr *ret);
/* -EBADMSG: does not fit. "" when absent. */
int nl_attr_string(const struct nl_attr *a, char *ret, size_t size);

/* ---- writing ----------------------------------------------------------- */

/* A message being written into the caller's buffer. Once full, it stays full. */
struct nl_attr_writer {
	uint8_t *buf;
	size_t size, len;
	bool full;
};

/* The bytes of a fixed header, padded to 4. */
void nl_attr_put_raw(struct nl_attr_writer *w, const void *data, size_t len);
void nl_attr_put(struct nl_attr_writer *w, uint16_t type, const void *data, size_t len);
void nl_attr_put_u8(struct nl_attr_writer *w, uint16_t type, uint8_t value);
void nl_attr_put_u32(struct nl_attr_writer *w, uint16_t type, uint32_t value);
void nl_attr_put_addr(struct nl_attr_writer *w, uint16_t type, enum inet_family f,
		      const struct inet_addr *addr);
/* Begins an attribute that holds what is put until nl_attr_nest_end(w, its result). */
size_t nl_attr_nest_begin(struct nl_attr_writer *w, uint16_t type);
void nl_attr_nest_end(struct nl_attr_writer *w, size_t at);
