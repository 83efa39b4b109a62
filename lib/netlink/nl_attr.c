/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nl_attr.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

/* ---- reading ----------------------------------------------------------- */

static bool content_fits(enum nl_attr_type type, const uint8_t *data, size_t len)
{
	switch (type) {
	case NL_ATTR_UNKNOWN:
	case NL_ATTR_SKIP:
	case NL_ATTR_BYTES:
		return true;
	case NL_ATTR_U8:
		return len == sizeof(uint8_t);
	case NL_ATTR_U32:
		return len == sizeof(uint32_t);
	case NL_ATTR_ADDR:
		return len == 4 || len == 16;
	case NL_ATTR_STRING:
		return len > 1 && data[0] && memchr(data, '\0', len);
	}
	return false;
}

int nl_attr_read(const void *attrs, size_t len, const enum nl_attr_type *types, size_t n_types,
		 struct nl_attr *ret, bool *ret_unknown)
{
	const uint8_t *bytes = attrs;
	bool unknown = false;
	size_t at = 0;

	memset(ret, 0, n_types * sizeof(*ret));
	while (at < len) {
		struct nlattr head;
		size_t type;

		if (len - at < sizeof(head))
			return -EBADMSG;
		memcpy(&head, bytes + at, sizeof(head));
		if (head.nla_len < sizeof(head) || head.nla_len > len - at)
			return -EBADMSG;
		type = head.nla_type & NLA_TYPE_MASK;
		if (type >= n_types || types[type] == NL_ATTR_UNKNOWN) {
			unknown = true;
		} else {
			const uint8_t *data = bytes + at + sizeof(head);
			size_t n = head.nla_len - sizeof(head);

			if (!content_fits(types[type], data, n))
				return -EBADMSG;
			ret[type] = (struct nl_attr){ .data = data, .len = n };
		}
		at += NLA_ALIGN(head.nla_len);
	}
	if (ret_unknown)
		*ret_unknown = unknown;
	return 0;
}

uint8_t nl_attr_u8(const struct nl_attr *a, uint8_t otherwise)
{
	uint8_t value = otherwise;

	if (a->data)
		memcpy(&value, a->data, sizeof(value));
	return value;
}

uint32_t nl_attr_u32(const struct nl_attr *a, uint32_t otherwise)
{
	uint32_t value = otherwise;

	if (a->data)
		memcpy(&value, a->data, sizeof(value));
	return value;
}

int nl_attr_addr(const struct nl_attr *a, enum inet_family f, struct inet_addr *ret)
{
	struct inet_addr addr = { 0 };

	if (a->data) {
		if (a->len != inet_bits(f) / 8)
			return -EBADMSG;
		memcpy(addr.bytes, a->data, a->len);
	}
	*ret = addr;
	return 0;
}

int nl_attr_string(const struct nl_attr *a, char *ret, size_t size)
{
	size_t n;

	if (!a->data) {
		ret[0] = '\0';
		return 0;
	}
	n = strnlen(a->data, a->len);
	if (n >= size)
		return -EBADMSG;
	memcpy(ret, a->data, n);
	memset(ret + n, 0, size - n);
	return 0;
}

/* ---- writing ----------------------------------------------------------- */

void nl_attr_put_raw(struct nl_attr_writer *w, const void *data, size_t len)
{
	size_t padded = NLA_ALIGN(len);

	if (w->full || padded > w->size - w->len) {
		w->full = true;
		return;
	}
	if (len)
		memcpy(w->buf + w->len, data, len);
	memset(w->buf + w->len + len, 0, padded - len);
	w->len += padded;
}

void nl_attr_put(struct nl_attr_writer *w, uint16_t type, const void *data, size_t len)
{
	struct nlattr head = { .nla_type = type, .nla_len = (uint16_t)(sizeof(head) + len) };

	if (len > UINT16_MAX - sizeof(head) || NLA_ALIGN(sizeof(head) + len) > w->size - w->len)
		w->full = true;
	nl_attr_put_raw(w, &head, sizeof(head));
	nl_attr_put_raw(w, data, len);
}

void nl_attr_put_u8(struct nl_attr_writer *w, uint16_t type, uint8_t value)
{
	nl_attr_put(w, type, &value, sizeof(value));
}

void nl_attr_put_u32(struct nl_attr_writer *w, uint16_t type, uint32_t value)
{
	nl_attr_put(w, type, &value, sizeof(value));
}

void nl_attr_put_addr(struct nl_attr_writer *w, uint16_t type, enum inet_family f,
		      const struct inet_addr *addr)
{
	nl_attr_put(w, type, addr->bytes, inet_bits(f) / 8);
}

size_t nl_attr_nest_begin(struct nl_attr_writer *w, uint16_t type)
{
	size_t at = w->len;

	nl_attr_put(w, type, NULL, 0);
	return at;
}

void nl_attr_nest_end(struct nl_attr_writer *w, size_t at)
{
	struct nlattr head;

	if (w->full)
		return;
	if (w->len - at > UINT16_MAX) {
		w->full = true;
		return;
	}
	memcpy(&head, w->buf + at, sizeof(head));
	head.nla_len = (uint16_t)(w->len - at);
	memcpy(w->buf + at, &head, sizeof(head));
}
