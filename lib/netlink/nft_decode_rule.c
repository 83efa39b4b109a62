/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nft_decode_rule.h"

#include "base/arena.h"
#include "base/cleanup.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

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

/* Copies bytes of an attribute; false: more than a register holds. */
static bool nft_decode_rule_bytes(const struct nftnl_expr *x, uint16_t attr, uint8_t *ret,
				  uint32_t *ret_len)
{
	uint32_t len = 0;
	const void *data = nftnl_expr_get(x, attr, &len);

	if (!data || len > NFT_KEY_MAX)
		return false;
	memcpy(ret, data, len);
	*ret_len = len;
	return true;
}

static void nft_decode_rule_meta(const struct nftnl_expr *x, struct nft_expr *e)
{
	bool write = nftnl_expr_is_set(x, NFTNL_EXPR_META_SREG);

	e->kind = write ? NFT_EXPR_META_WRITE : NFT_EXPR_META;
	e->key = nftnl_expr_get_u32(x, NFTNL_EXPR_META_KEY);
	e->reg = nftnl_expr_get_u32(x, write ? NFTNL_EXPR_META_SREG : NFTNL_EXPR_META_DREG);
}

static void nft_decode_rule_ct(const struct nftnl_expr *x, struct nft_expr *e)
{
	bool write = nftnl_expr_is_set(x, NFTNL_EXPR_CT_SREG);

	if (nftnl_expr_is_set(x, NFTNL_EXPR_CT_DIR))
		return;
	e->kind = write ? NFT_EXPR_CT_WRITE : NFT_EXPR_CT;
	e->key = nftnl_expr_get_u32(x, NFTNL_EXPR_CT_KEY);
	e->reg = nftnl_expr_get_u32(x, write ? NFTNL_EXPR_CT_SREG : NFTNL_EXPR_CT_DREG);
}

static void nft_decode_rule_socket(const struct nftnl_expr *x, struct nft_expr *e)
{
	e->kind = NFT_EXPR_SOCKET;
	e->key = nftnl_expr_get_u32(x, NFTNL_EXPR_SOCKET_KEY);
	e->op = nftnl_expr_get_u32(x, NFTNL_EXPR_SOCKET_LEVEL);
	e->reg = nftnl_expr_get_u32(x, NFTNL_EXPR_SOCKET_DREG);
}

static void nft_decode_rule_fib(const struct nftnl_expr *x, struct nft_expr *e)
{
	e->kind = NFT_EXPR_FIB;
	e->key = nftnl_expr_get_u32(x, NFTNL_EXPR_FIB_RESULT);
	e->op = nftnl_expr_get_u32(x, NFTNL_EXPR_FIB_FLAGS);
	e->reg = nftnl_expr_get_u32(x, NFTNL_EXPR_FIB_DREG);
}

static void nft_decode_rule_payload(const struct nftnl_expr *x, struct nft_expr *e)
{
	if (nftnl_expr_is_set(x, NFTNL_EXPR_PAYLOAD_SREG))
		return;
	e->kind = NFT_EXPR_PAYLOAD;
	e->key = nftnl_expr_get_u32(x, NFTNL_EXPR_PAYLOAD_BASE);
	e->offset = nftnl_expr_get_u32(x, NFTNL_EXPR_PAYLOAD_OFFSET);
	e->len = nftnl_expr_get_u32(x, NFTNL_EXPR_PAYLOAD_LEN);
	e->reg = nftnl_expr_get_u32(x, NFTNL_EXPR_PAYLOAD_DREG);
}

static void nft_decode_rule_bitwise(const struct nftnl_expr *x, struct nft_expr *e)
{
	uint32_t xor_len;

	e->reg = nftnl_expr_get_u32(x, NFTNL_EXPR_BITWISE_SREG);
	if (e->reg != nftnl_expr_get_u32(x, NFTNL_EXPR_BITWISE_DREG) ||
	    nftnl_expr_get_u32(x, NFTNL_EXPR_BITWISE_OP) != NFT_BITWISE_BOOL)
		return;
	if (nft_decode_rule_bytes(x, NFTNL_EXPR_BITWISE_MASK, e->a, &e->len) &&
	    nft_decode_rule_bytes(x, NFTNL_EXPR_BITWISE_XOR, e->b, &xor_len) && xor_len == e->len)
		e->kind = NFT_EXPR_BITWISE;
}

static void nft_decode_rule_byteorder(const struct nftnl_expr *x, struct nft_expr *e)
{
	e->reg = nftnl_expr_get_u32(x, NFTNL_EXPR_BYTEORDER_SREG);
	e->op = nftnl_expr_get_u32(x, NFTNL_EXPR_BYTEORDER_OP);
	e->len = nftnl_expr_get_u32(x, NFTNL_EXPR_BYTEORDER_LEN);
	if (e->reg == nftnl_expr_get_u32(x, NFTNL_EXPR_BYTEORDER_DREG) &&
	    e->len == nftnl_expr_get_u32(x, NFTNL_EXPR_BYTEORDER_SIZE))
		e->kind = NFT_EXPR_BYTEORDER;
}

static void nft_decode_rule_cmp(const struct nftnl_expr *x, struct nft_expr *e)
{
	e->reg = nftnl_expr_get_u32(x, NFTNL_EXPR_CMP_SREG);
	e->op = nftnl_expr_get_u32(x, NFTNL_EXPR_CMP_OP);
	if (nft_decode_rule_bytes(x, NFTNL_EXPR_CMP_DATA, e->a, &e->len))
		e->kind = NFT_EXPR_CMP;
}

static void nft_decode_rule_range(const struct nftnl_expr *x, struct nft_expr *e)
{
	uint32_t len;

	e->reg = nftnl_expr_get_u32(x, NFTNL_EXPR_RANGE_SREG);
	e->op = nftnl_expr_get_u32(x, NFTNL_EXPR_RANGE_OP);
	if (nft_decode_rule_bytes(x, NFTNL_EXPR_RANGE_FROM_DATA, e->a, &e->len) &&
	    nft_decode_rule_bytes(x, NFTNL_EXPR_RANGE_TO_DATA, e->b, &len) && len == e->len)
		e->kind = NFT_EXPR_RANGE;
}

static const char *nft_decode_rule_text(const struct nftnl_expr *x, uint16_t attr, struct arena *a)
{
	const char *text = nftnl_expr_get_str(x, attr);

	return text ? arena_strdup(a, text) : NULL;
}

static void nft_decode_rule_lookup(const struct nftnl_expr *x, struct arena *a, struct nft_expr *e)
{
	e->reg = nftnl_expr_get_u32(x, NFTNL_EXPR_LOOKUP_SREG);
	e->op = nftnl_expr_get_u32(x, NFTNL_EXPR_LOOKUP_FLAGS);
	e->map = nftnl_expr_is_set(x, NFTNL_EXPR_LOOKUP_DREG);
	if (e->map && nftnl_expr_get_u32(x, NFTNL_EXPR_LOOKUP_DREG) != NFT_REG_VERDICT)
		return;
	e->name = nft_decode_rule_text(x, NFTNL_EXPR_LOOKUP_SET, a);
	if (e->name)
		e->kind = NFT_EXPR_LOOKUP;
}

static void nft_decode_rule_dynset(const struct nftnl_expr *x, struct arena *a, struct nft_expr *e)
{
	e->reg = nftnl_expr_get_u32(x, NFTNL_EXPR_DYNSET_SREG_KEY);
	e->op = nftnl_expr_get_u32(x, NFTNL_EXPR_DYNSET_OP);
	e->name = nft_decode_rule_text(x, NFTNL_EXPR_DYNSET_SET_NAME, a);
	if (e->name && !nftnl_expr_is_set(x, NFTNL_EXPR_DYNSET_SREG_DATA) &&
	    !nftnl_expr_get_u64(x, NFTNL_EXPR_DYNSET_TIMEOUT) &&
	    !nftnl_expr_is_set(x, NFTNL_EXPR_DYNSET_EXPRESSIONS) &&
	    !nftnl_expr_is_set(x, NFTNL_EXPR_DYNSET_EXPR))
		e->kind = NFT_EXPR_DYNSET;
}

static void nft_decode_rule_immediate(const struct nftnl_expr *x, struct arena *a,
				      struct nft_expr *e)
{
	e->reg = nftnl_expr_get_u32(x, NFTNL_EXPR_IMM_DREG);
	if (e->reg == NFT_REG_VERDICT) {
		e->kind = NFT_EXPR_VERDICT;
		e->key = nftnl_expr_get_u32(x, NFTNL_EXPR_IMM_VERDICT);
		e->name = nft_decode_rule_text(x, NFTNL_EXPR_IMM_CHAIN, a);
	} else if (nft_decode_rule_bytes(x, NFTNL_EXPR_IMM_DATA, e->a, &e->len)) {
		e->kind = NFT_EXPR_IMMEDIATE;
	}
}

static void nft_decode_rule_expr(const struct nftnl_expr *x, struct arena *a, struct nft_expr *e)
{
	const char *name = nftnl_expr_get_str(x, NFTNL_EXPR_NAME);

	if (!strcmp(name, "meta")) {
		nft_decode_rule_meta(x, e);
	} else if (!strcmp(name, "ct")) {
		nft_decode_rule_ct(x, e);
	} else if (!strcmp(name, "socket")) {
		nft_decode_rule_socket(x, e);
	} else if (!strcmp(name, "fib")) {
		nft_decode_rule_fib(x, e);
	} else if (!strcmp(name, "payload")) {
		nft_decode_rule_payload(x, e);
	} else if (!strcmp(name, "bitwise")) {
		nft_decode_rule_bitwise(x, e);
	} else if (!strcmp(name, "byteorder")) {
		nft_decode_rule_byteorder(x, e);
	} else if (!strcmp(name, "cmp")) {
		nft_decode_rule_cmp(x, e);
	} else if (!strcmp(name, "range")) {
		nft_decode_rule_range(x, e);
	} else if (!strcmp(name, "lookup")) {
		nft_decode_rule_lookup(x, a, e);
	} else if (!strcmp(name, "dynset")) {
		nft_decode_rule_dynset(x, a, e);
	} else if (!strcmp(name, "immediate")) {
		nft_decode_rule_immediate(x, a, e);
	} else if (!strcmp(name, "counter")) {
		e->kind = NFT_EXPR_COUNTER;
		e->packets = nftnl_expr_get_u64(x, NFTNL_EXPR_CTR_PACKETS);
		e->bytes = nftnl_expr_get_u64(x, NFTNL_EXPR_CTR_BYTES);
	} else if (!strcmp(name, "masq") && !nftnl_expr_get_u32(x, NFTNL_EXPR_MASQ_FLAGS) &&
		   !nftnl_expr_is_set(x, NFTNL_EXPR_MASQ_REG_PROTO_MIN)) {
		e->kind = NFT_EXPR_MASQUERADE;
	}
}

static void nft_decode_rule_freep(struct nftnl_rule **r)
{
	if (*r)
		nftnl_rule_free(*r);
}

int nft_decode_rule_body(const struct nlmsghdr *nlh, struct arena *a, struct nft_rule *ret)
{
	_cleanup_(nft_decode_rule_freep) struct nftnl_rule *parsed = nftnl_rule_alloc();
	struct nftnl_expr_iter *it;
	struct nft_rule r = { 0 };
	struct nftnl_expr *x;
	const void *udata;
	uint32_t len;

	if (!parsed || nftnl_rule_nlmsg_parse(nlh, parsed) < 0)
		return -EBADMSG;
	r.handle = nftnl_rule_get_u64(parsed, NFTNL_RULE_HANDLE);
	udata = nftnl_rule_get_data(parsed, NFTNL_RULE_USERDATA, &len);
	if (udata)
		r.comment = nft_decode_rule_udata(udata, len, NFTNL_UDATA_RULE_COMMENT, a);
	it = nftnl_expr_iter_create(parsed);
	if (!it)
		return -EBADMSG;
	while ((x = nftnl_expr_iter_next(it)))
		nft_decode_rule_expr(x, a, ARENA_PUSH(a, r.exprs, r.n_exprs, r.cap_exprs));
	nftnl_expr_iter_destroy(it);
	*ret = r;
	return 0;
}
