/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attributes are read here, not by libnftnl, whose parsers trust their input (a
 * list element without a name ends the program).
 */
#include "netlink/nft_decode_rule.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "netlink/nl_attr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

/* No expression we know has an attribute beyond; where one is, it is not one of ours. */
#define NFT_EXPR_ATTRS 12

const char *nft_decode_rule_udata(const void *data, size_t len, uint8_t type, struct arena *a)
{
	const uint8_t *at = data;

	while (len >= 2 && (size_t)at[1] + 2 <= len) {
		if (at[0] == type)
			return arena_strndup(a, (const char *)at + 2,
					     strnlen((const char *)at + 2, at[1]));
		len -= (size_t)at[1] + 2;
		at += at[1] + 2;
	}
	return NULL;
}

/* An expression's attributes, each of any content until it is asked for. */
struct nft_attrs {
	struct nl_attr a[NFT_EXPR_ATTRS];
	bool unknown; /* there are more */
	bool bad; /* one was not of the length it must have */
};

static bool nft_has(const struct nft_attrs *x, uint16_t attr)
{
	return x->a[attr].data;
}

static uint32_t nft_get_u32(struct nft_attrs *x, uint16_t attr)
{
	uint32_t v = 0;

	if (!nft_has(x, attr))
		return 0;
	if (x->a[attr].len != sizeof(v))
		x->bad = true;
	else
		memcpy(&v, x->a[attr].data, sizeof(v));
	return ntohl(v);
}

static uint64_t nft_get_u64(struct nft_attrs *x, uint16_t attr)
{
	uint64_t v = 0;

	if (!nft_has(x, attr))
		return 0;
	if (x->a[attr].len != sizeof(v))
		x->bad = true;
	else
		memcpy(&v, x->a[attr].data, sizeof(v));
	return be64toh(v);
}

static const char *nft_get_text(struct nft_attrs *x, uint16_t attr, struct arena *a)
{
	const struct nl_attr *t = &x->a[attr];

	if (!t->data)
		return NULL;
	if (t->len < 2 || !memchr(t->data, '\0', t->len)) {
		x->bad = true;
		return NULL;
	}
	return arena_strdup(a, t->data);
}

static void nft_read_attrs(const struct nl_attr *nest, struct nft_attrs *ret)
{
	static const enum nl_attr_type types[NFT_EXPR_ATTRS] = {
		[1] = NL_ATTR_BYTES,  [2] = NL_ATTR_BYTES,  [3] = NL_ATTR_BYTES,
		[4] = NL_ATTR_BYTES,  [5] = NL_ATTR_BYTES,  [6] = NL_ATTR_BYTES,
		[7] = NL_ATTR_BYTES,  [8] = NL_ATTR_BYTES,  [9] = NL_ATTR_BYTES,
		[10] = NL_ATTR_BYTES, [11] = NL_ATTR_BYTES,
	};

	*ret = (struct nft_attrs){ 0 };
	if (nest->data &&
	    nl_attr_read(nest->data, nest->len, types, NFT_EXPR_ATTRS, ret->a, &ret->unknown) < 0)
		ret->bad = true;
}

/* Bytes inside a nested NFTA_DATA_VALUE; false: there are none, or more than a register holds. */
static bool nft_get_bytes(const struct nft_attrs *x, uint16_t attr, uint8_t *ret, uint32_t *ret_len)
{
	struct nft_attrs data;
	const struct nl_attr *v = &data.a[NFTA_DATA_VALUE];

	if (!nft_has(x, attr))
		return false;
	nft_read_attrs(&x->a[attr], &data);
	if (data.bad || !v->data || v->len > NFT_KEY_MAX)
		return false;
	memcpy(ret, v->data, v->len);
	*ret_len = (uint32_t)v->len;
	return true;
}

/* ---- expressions -------------------------------------------------------- */

static void nft_decode_rule_meta(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	bool write = nft_has(x, NFTA_META_SREG);

	e->kind = write ? NFT_EXPR_META_WRITE : NFT_EXPR_META;
	e->key = nft_get_u32(x, NFTA_META_KEY);
	e->reg = nft_get_u32(x, write ? NFTA_META_SREG : NFTA_META_DREG);
}

static void nft_decode_rule_ct(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	bool write = nft_has(x, NFTA_CT_SREG);

	if (nft_has(x, NFTA_CT_DIRECTION))
		return;
	e->kind = write ? NFT_EXPR_CT_WRITE : NFT_EXPR_CT;
	e->key = nft_get_u32(x, NFTA_CT_KEY);
	e->reg = nft_get_u32(x, write ? NFTA_CT_SREG : NFTA_CT_DREG);
}

static void nft_decode_rule_socket(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	e->kind = NFT_EXPR_SOCKET;
	e->key = nft_get_u32(x, NFTA_SOCKET_KEY);
	e->op = nft_get_u32(x, NFTA_SOCKET_LEVEL);
	e->reg = nft_get_u32(x, NFTA_SOCKET_DREG);
}

static void nft_decode_rule_fib(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	e->kind = NFT_EXPR_FIB;
	e->key = nft_get_u32(x, NFTA_FIB_RESULT);
	e->op = nft_get_u32(x, NFTA_FIB_FLAGS);
	e->reg = nft_get_u32(x, NFTA_FIB_DREG);
}

static void nft_decode_rule_payload(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	if (nft_has(x, NFTA_PAYLOAD_SREG))
		return;
	e->kind = NFT_EXPR_PAYLOAD;
	e->key = nft_get_u32(x, NFTA_PAYLOAD_BASE);
	e->offset = nft_get_u32(x, NFTA_PAYLOAD_OFFSET);
	e->len = nft_get_u32(x, NFTA_PAYLOAD_LEN);
	e->reg = nft_get_u32(x, NFTA_PAYLOAD_DREG);
}

static void nft_decode_rule_numgen(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	e->kind = NFT_EXPR_NUMGEN;
	e->key = nft_get_u32(x, NFTA_NG_TYPE);
	e->op = nft_get_u32(x, NFTA_NG_MODULUS);
	e->offset = nft_get_u32(x, NFTA_NG_OFFSET);
	e->reg = nft_get_u32(x, NFTA_NG_DREG);
}

static void nft_decode_rule_bitwise(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	uint32_t xor_len;

	e->reg = nft_get_u32(x, NFTA_BITWISE_SREG);
	if (e->reg != nft_get_u32(x, NFTA_BITWISE_DREG) ||
	    nft_get_u32(x, NFTA_BITWISE_OP) != NFT_BITWISE_BOOL)
		return;
	if (nft_get_bytes(x, NFTA_BITWISE_MASK, e->a, &e->len) &&
	    nft_get_bytes(x, NFTA_BITWISE_XOR, e->b, &xor_len) && xor_len == e->len &&
	    e->len == nft_get_u32(x, NFTA_BITWISE_LEN))
		e->kind = NFT_EXPR_BITWISE;
}

static void nft_decode_rule_byteorder(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	e->reg = nft_get_u32(x, NFTA_BYTEORDER_SREG);
	e->op = nft_get_u32(x, NFTA_BYTEORDER_OP);
	e->len = nft_get_u32(x, NFTA_BYTEORDER_LEN);
	if (e->reg == nft_get_u32(x, NFTA_BYTEORDER_DREG) &&
	    e->len == nft_get_u32(x, NFTA_BYTEORDER_SIZE))
		e->kind = NFT_EXPR_BYTEORDER;
}

static void nft_decode_rule_cmp(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	e->reg = nft_get_u32(x, NFTA_CMP_SREG);
	e->op = nft_get_u32(x, NFTA_CMP_OP);
	if (nft_get_bytes(x, NFTA_CMP_DATA, e->a, &e->len))
		e->kind = NFT_EXPR_CMP;
}

static void nft_decode_rule_range(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	uint32_t len;

	e->reg = nft_get_u32(x, NFTA_RANGE_SREG);
	e->op = nft_get_u32(x, NFTA_RANGE_OP);
	if (nft_get_bytes(x, NFTA_RANGE_FROM_DATA, e->a, &e->len) &&
	    nft_get_bytes(x, NFTA_RANGE_TO_DATA, e->b, &len) && len == e->len)
		e->kind = NFT_EXPR_RANGE;
}

static void nft_decode_rule_lookup(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	e->reg = nft_get_u32(x, NFTA_LOOKUP_SREG);
	e->op = nft_get_u32(x, NFTA_LOOKUP_FLAGS);
	e->map = nft_has(x, NFTA_LOOKUP_DREG);
	if (nft_get_u32(x, NFTA_LOOKUP_DREG) != NFT_REG_VERDICT)
		return;
	e->name = nft_get_text(x, NFTA_LOOKUP_SET, a);
	if (e->name)
		e->kind = NFT_EXPR_LOOKUP;
}

static void nft_decode_rule_dynset(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	e->reg = nft_get_u32(x, NFTA_DYNSET_SREG_KEY);
	e->op = nft_get_u32(x, NFTA_DYNSET_OP);
	e->name = nft_get_text(x, NFTA_DYNSET_SET_NAME, a);
	if (e->name && !nft_has(x, NFTA_DYNSET_SREG_DATA) && !nft_get_u64(x, NFTA_DYNSET_TIMEOUT) &&
	    !nft_has(x, NFTA_DYNSET_EXPR) && !nft_has(x, NFTA_DYNSET_EXPRESSIONS) &&
	    !nft_get_u32(x, NFTA_DYNSET_FLAGS))
		e->kind = NFT_EXPR_DYNSET;
}

static void nft_decode_rule_verdict(const struct nl_attr *nest, struct arena *a, struct nft_expr *e)
{
	struct nft_attrs data, verdict;
	bool calls;

	nft_read_attrs(nest, &data);
	if (data.bad || !nft_has(&data, NFTA_DATA_VERDICT))
		return;
	nft_read_attrs(&data.a[NFTA_DATA_VERDICT], &verdict);
	e->key = nft_get_u32(&verdict, NFTA_VERDICT_CODE);
	e->name = nft_get_text(&verdict, NFTA_VERDICT_CHAIN, a);
	calls = e->key == (uint32_t)NFT_JUMP || e->key == (uint32_t)NFT_GOTO;
	if (!verdict.bad && calls == !!e->name)
		e->kind = NFT_EXPR_VERDICT;
}

static void nft_decode_rule_immediate(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	e->reg = nft_get_u32(x, NFTA_IMMEDIATE_DREG);
	if (e->reg == NFT_REG_VERDICT)
		nft_decode_rule_verdict(&x->a[NFTA_IMMEDIATE_DATA], a, e);
	else if (nft_get_bytes(x, NFTA_IMMEDIATE_DATA, e->a, &e->len))
		e->kind = NFT_EXPR_IMMEDIATE;
}

static void nft_decode_rule_counter(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	e->kind = NFT_EXPR_COUNTER;
	e->packets = nft_get_u64(x, NFTA_COUNTER_PACKETS);
	e->bytes = nft_get_u64(x, NFTA_COUNTER_BYTES);
}

static void nft_decode_rule_masq(struct nft_attrs *x, struct arena *a, struct nft_expr *e)
{
	if (!nft_get_u32(x, NFTA_MASQ_FLAGS) && !nft_has(x, NFTA_MASQ_REG_PROTO_MIN))
		e->kind = NFT_EXPR_MASQUERADE;
}

static void nft_decode_rule_expr(const struct nl_attr *nest, struct arena *a, struct nft_expr *e)
{
	static const struct {
		const char *name;
		void (*decode)(struct nft_attrs *x, struct arena *a, struct nft_expr *e);
	} known[] = {
		{ "meta", nft_decode_rule_meta },
		{ "ct", nft_decode_rule_ct },
		{ "socket", nft_decode_rule_socket },
		{ "fib", nft_decode_rule_fib },
		{ "payload", nft_decode_rule_payload },
		{ "numgen", nft_decode_rule_numgen },
		{ "bitwise", nft_decode_rule_bitwise },
		{ "byteorder", nft_decode_rule_byteorder },
		{ "cmp", nft_decode_rule_cmp },
		{ "range", nft_decode_rule_range },
		{ "lookup", nft_decode_rule_lookup },
		{ "dynset", nft_decode_rule_dynset },
		{ "immediate", nft_decode_rule_immediate },
		{ "counter", nft_decode_rule_counter },
		{ "masq", nft_decode_rule_masq },
	};
	struct nft_attrs outer, inner;
	const char *name;

	nft_read_attrs(nest, &outer);
	name = nft_get_text(&outer, NFTA_EXPR_NAME, a);
	nft_read_attrs(&outer.a[NFTA_EXPR_DATA], &inner);
	for (size_t i = 0; name && i < ARRAY_SIZE(known); i++)
		if (!strcmp(known[i].name, name))
			known[i].decode(&inner, a, e);
	if (outer.bad || inner.bad || inner.unknown)
		e->kind = NFT_EXPR_UNKNOWN;
}

/* ---- rules -------------------------------------------------------------- */

static int nft_decode_rule_list(const struct nl_attr *list, struct arena *a, struct nft_rule *r)
{
	const uint8_t *at = list->data;
	size_t left = list->len;

	while (at && left >= sizeof(struct nlattr)) {
		struct nl_attr nest;
		struct nlattr head;
		size_t step;

		memcpy(&head, at, sizeof(head));
		if (head.nla_len < sizeof(head) || head.nla_len > left)
			return -EBADMSG;
		nest = (struct nl_attr){ .data = at + sizeof(head),
					 .len = head.nla_len - sizeof(head) };
		nft_decode_rule_expr(&nest, a, ARENA_PUSH(a, r->exprs, r->n_exprs, r->cap_exprs));
		step = NLA_ALIGN(head.nla_len);
		if (step >= left)
			break;
		at += step;
		left -= step;
	}
	return 0;
}

int nft_decode_rule_body(const struct nlmsghdr *nlh, struct arena *a, struct nft_rule *ret)
{
	static const enum nl_attr_type types[] = {
		[NFTA_RULE_HANDLE] = NL_ATTR_BYTES,
		[NFTA_RULE_EXPRESSIONS] = NL_ATTR_BYTES,
		[NFTA_RULE_USERDATA] = NL_ATTR_BYTES,
	};
	size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct nft_attrs x = { 0 };
	struct nft_rule r = { 0 };
	int k;

	if (nlh->nlmsg_len < head)
		return -EBADMSG;
	k = nl_attr_read((const char *)nlh + head, nlh->nlmsg_len - head, types, ARRAY_SIZE(types),
			 x.a, NULL);
	if (k < 0)
		return k;
	r.handle = nft_get_u64(&x, NFTA_RULE_HANDLE);
	if (nft_has(&x, NFTA_RULE_USERDATA))
		r.comment = nft_decode_rule_udata(x.a[NFTA_RULE_USERDATA].data,
						  x.a[NFTA_RULE_USERDATA].len,
						  NFTNL_UDATA_RULE_COMMENT, a);
	k = nft_decode_rule_list(&x.a[NFTA_RULE_EXPRESSIONS], a, &r);
	if (k < 0 || x.bad)
		return -EBADMSG;
	*ret = r;
	return 0;
}
