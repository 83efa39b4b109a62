/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nft_rule_put.h"

#include "base/memory.h"
#include "netlink/nft_batch.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <libnftnl/expr.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#define NFT_RULE_PUT_LIST_MAX (60u << 10) /* nla_len has 16 bits */
#define NFT_RULE_PUT_ANON     "__set%d" /* the kernel numbers it */

static const char *const nft_rule_put_names[] = {
	[NFT_EXPR_META] = "meta",
	[NFT_EXPR_META_WRITE] = "meta",
	[NFT_EXPR_CT] = "ct",
	[NFT_EXPR_CT_WRITE] = "ct",
	[NFT_EXPR_SOCKET] = "socket",
	[NFT_EXPR_FIB] = "fib",
	[NFT_EXPR_PAYLOAD] = "payload",
	[NFT_EXPR_NUMGEN] = "numgen",
	[NFT_EXPR_BITWISE] = "bitwise",
	[NFT_EXPR_BYTEORDER] = "byteorder",
	[NFT_EXPR_CMP] = "cmp",
	[NFT_EXPR_RANGE] = "range",
	[NFT_EXPR_LOOKUP] = "lookup",
	[NFT_EXPR_DYNSET] = "dynset",
	[NFT_EXPR_IMMEDIATE] = "immediate",
	[NFT_EXPR_VERDICT] = "immediate",
	[NFT_EXPR_COUNTER] = "counter",
	[NFT_EXPR_MASQUERADE] = "masq",
};

static void nft_rule_put_lookup(struct nftnl_expr *x, const struct nft_expr *e, uint32_t anon_id)
{
	nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_SREG, e->reg);
	if (e->map)
		nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_str(x, NFTNL_EXPR_LOOKUP_SET, e->anon ? NFT_RULE_PUT_ANON : e->name);
	if (anon_id)
		nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_SET_ID, anon_id);
	if (e->op)
		nftnl_expr_set_u32(x, NFTNL_EXPR_LOOKUP_FLAGS, e->op);
}

static void nft_rule_put_numgen(struct nftnl_expr *x, const struct nft_expr *e)
{
	nftnl_expr_set_u32(x, NFTNL_EXPR_NG_TYPE, e->key);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NG_MODULUS, e->op);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NG_OFFSET, e->offset);
	nftnl_expr_set_u32(x, NFTNL_EXPR_NG_DREG, e->reg);
}

static void nft_rule_put_range(struct nftnl_expr *x, const struct nft_expr *e)
{
	nftnl_expr_set_u32(x, NFTNL_EXPR_RANGE_SREG, e->reg);
	nftnl_expr_set_u32(x, NFTNL_EXPR_RANGE_OP, e->op);
	nftnl_expr_set(x, NFTNL_EXPR_RANGE_FROM_DATA, e->a, e->len);
	nftnl_expr_set(x, NFTNL_EXPR_RANGE_TO_DATA, e->b, e->len);
}

static void nft_rule_put_bitwise(struct nftnl_expr *x, const struct nft_expr *e)
{
	nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_SREG, e->reg);
	nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_DREG, e->reg);
	nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_OP, NFT_BITWISE_BOOL);
	nftnl_expr_set_u32(x, NFTNL_EXPR_BITWISE_LEN, e->len);
	nftnl_expr_set(x, NFTNL_EXPR_BITWISE_MASK, e->a, e->len);
	nftnl_expr_set(x, NFTNL_EXPR_BITWISE_XOR, e->b, e->len);
}

static void nft_rule_put_attrs(struct nftnl_expr *x, const struct nft_expr *e, uint32_t anon_id)
{
	switch (e->kind) {
	case NFT_EXPR_UNKNOWN:
	case NFT_EXPR_MASQUERADE:
		break;
	case NFT_EXPR_META:
		nftnl_expr_set_u32(x, NFTNL_EXPR_META_KEY, e->key);
		nftnl_expr_set_u32(x, NFTNL_EXPR_META_DREG, e->reg);
		break;
	case NFT_EXPR_META_WRITE:
		nftnl_expr_set_u32(x, NFTNL_EXPR_META_KEY, e->key);
		nftnl_expr_set_u32(x, NFTNL_EXPR_META_SREG, e->reg);
		break;
	case NFT_EXPR_CT:
		nftnl_expr_set_u32(x, NFTNL_EXPR_CT_KEY, e->key);
		nftnl_expr_set_u32(x, NFTNL_EXPR_CT_DREG, e->reg);
		break;
	case NFT_EXPR_CT_WRITE:
		nftnl_expr_set_u32(x, NFTNL_EXPR_CT_KEY, e->key);
		nftnl_expr_set_u32(x, NFTNL_EXPR_CT_SREG, e->reg);
		break;
	case NFT_EXPR_SOCKET:
		nftnl_expr_set_u32(x, NFTNL_EXPR_SOCKET_KEY, e->key);
		nftnl_expr_set_u32(x, NFTNL_EXPR_SOCKET_LEVEL, e->op);
		nftnl_expr_set_u32(x, NFTNL_EXPR_SOCKET_DREG, e->reg);
		break;
	case NFT_EXPR_FIB:
		nftnl_expr_set_u32(x, NFTNL_EXPR_FIB_RESULT, e->key);
		nftnl_expr_set_u32(x, NFTNL_EXPR_FIB_FLAGS, e->op);
		nftnl_expr_set_u32(x, NFTNL_EXPR_FIB_DREG, e->reg);
		break;
	case NFT_EXPR_PAYLOAD:
		nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_BASE, e->key);
		nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_OFFSET, e->offset);
		nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_LEN, e->len);
		nftnl_expr_set_u32(x, NFTNL_EXPR_PAYLOAD_DREG, e->reg);
		break;
	case NFT_EXPR_NUMGEN:
		nft_rule_put_numgen(x, e);
		break;
	case NFT_EXPR_BITWISE:
		nft_rule_put_bitwise(x, e);
		break;
	case NFT_EXPR_BYTEORDER:
		nftnl_expr_set_u32(x, NFTNL_EXPR_BYTEORDER_SREG, e->reg);
		nftnl_expr_set_u32(x, NFTNL_EXPR_BYTEORDER_DREG, e->reg);
		nftnl_expr_set_u32(x, NFTNL_EXPR_BYTEORDER_OP, e->op);
		nftnl_expr_set_u32(x, NFTNL_EXPR_BYTEORDER_LEN, e->len);
		nftnl_expr_set_u32(x, NFTNL_EXPR_BYTEORDER_SIZE, e->len);
		break;
	case NFT_EXPR_CMP:
		nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_SREG, e->reg);
		nftnl_expr_set_u32(x, NFTNL_EXPR_CMP_OP, e->op);
		nftnl_expr_set(x, NFTNL_EXPR_CMP_DATA, e->a, e->len);
		break;
	case NFT_EXPR_RANGE:
		nft_rule_put_range(x, e);
		break;
	case NFT_EXPR_LOOKUP:
		nft_rule_put_lookup(x, e, anon_id);
		break;
	case NFT_EXPR_DYNSET:
		nftnl_expr_set_u32(x, NFTNL_EXPR_DYNSET_SREG_KEY, e->reg);
		nftnl_expr_set_u32(x, NFTNL_EXPR_DYNSET_OP, e->op);
		nftnl_expr_set_str(x, NFTNL_EXPR_DYNSET_SET_NAME, e->name);
		break;
	case NFT_EXPR_IMMEDIATE:
		nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, e->reg);
		nftnl_expr_set(x, NFTNL_EXPR_IMM_DATA, e->a, e->len);
		break;
	case NFT_EXPR_VERDICT:
		nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
		nftnl_expr_set_u32(x, NFTNL_EXPR_IMM_VERDICT, e->key);
		if (e->name)
			nftnl_expr_set_str(x, NFTNL_EXPR_IMM_CHAIN, e->name);
		break;
	case NFT_EXPR_COUNTER:
		nftnl_expr_set_u64(x, NFTNL_EXPR_CTR_PACKETS, e->packets);
		nftnl_expr_set_u64(x, NFTNL_EXPR_CTR_BYTES, e->bytes);
		break;
	}
}

static void nft_rule_put_expr(struct nlmsghdr *nlh, const struct nft_expr *e, uint32_t anon_id)
{
	struct nftnl_expr *x = nftnl_expr_alloc(nft_rule_put_names[e->kind]);
	struct nlattr *nest;

	if (!x)
		memory_fail();
	nft_rule_put_attrs(x, e, anon_id);
	nest = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	nftnl_expr_build_payload(nlh, x);
	mnl_attr_nest_end(nlh, nest);
	nftnl_expr_free(x);
}

/* ---- anonymous sets ----------------------------------------------------- */

static void nft_rule_put_anon_udata(struct nlmsghdr *nlh, const struct nft_anon *s)
{
	struct nftnl_udata_buf *u = nftnl_udata_buf_alloc(64);

	/* enum byteorder of nft's datatype.h */
	nftnl_udata_put_u32(u, NFTNL_UDATA_SET_KEYBYTEORDER, s->host_order ? 1 : 2);
	if (s->interval)
		nftnl_udata_put_u32(u, NFTNL_UDATA_SET_MERGE_ELEMENTS, 1);
	mnl_attr_put(nlh, NFTA_SET_USERDATA, nftnl_udata_buf_len(u), nftnl_udata_buf_data(u));
	nftnl_udata_buf_free(u);
}

static void nft_rule_put_anon_elements(struct nft_batch *b, enum plan_table t, const char *what,
				       const struct nft_anon *s, uint32_t id)
{
	for (size_t i = 0; i < s->n_elements;) {
		struct nlmsghdr *nlh =
			nft_batch_message(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, what);
		uint32_t start = nlh->nlmsg_len;
		struct nlattr *list, *element, *key;

		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, plan_table_name(t));
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, NFT_RULE_PUT_ANON);
		mnl_attr_put_u32(nlh, NFTA_SET_ELEM_LIST_SET_ID, htonl(id));
		list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
		for (; i < s->n_elements && nlh->nlmsg_len - start < NFT_RULE_PUT_LIST_MAX; i++) {
			element = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
			if (s->elements[i].end)
				mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS,
						 htonl(NFT_SET_ELEM_INTERVAL_END));
			key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
			mnl_attr_put(nlh, NFTA_DATA_VALUE, s->key_len, s->elements[i].key);
			mnl_attr_nest_end(nlh, key);
			mnl_attr_nest_end(nlh, element);
		}
		mnl_attr_nest_end(nlh, list);
		nft_batch_commit(b, nlh);
	}
}

static uint32_t nft_rule_put_anon(struct nft_batch *b, enum plan_table t, const char *what,
				  const struct nft_anon *s)
{
	struct nlmsghdr *nlh =
		nft_batch_message(b, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, what);
	uint32_t id = nft_batch_id(b);
	struct nlattr *nest;

	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, plan_table_name(t));
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, NFT_RULE_PUT_ANON);
	mnl_attr_put_u32(
		nlh, NFTA_SET_FLAGS,
		htonl(NFT_SET_ANONYMOUS | NFT_SET_CONSTANT | (s->interval ? NFT_SET_INTERVAL : 0)));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_TYPE, htonl(s->key_type));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_LEN, htonl(s->key_len));
	mnl_attr_put_u32(nlh, NFTA_SET_ID, htonl(id));
	nest = mnl_attr_nest_start(nlh, NFTA_SET_DESC);
	mnl_attr_put_u32(nlh, NFTA_SET_DESC_SIZE, htonl((uint32_t)s->n_elements));
	mnl_attr_nest_end(nlh, nest);
	nft_rule_put_anon_udata(nlh, s);
	nft_batch_commit(b, nlh);
	nft_rule_put_anon_elements(b, t, what, s, id);
	return id;
}

/* ---- rules -------------------------------------------------------------- */

static void nft_rule_put_comment(struct nlmsghdr *nlh, const char *comment)
{
	struct nftnl_udata_buf *u;

	if (!comment || !comment[0])
		return;
	u = nftnl_udata_buf_alloc(256);
	if (nftnl_udata_put_strz(u, NFTNL_UDATA_RULE_COMMENT, comment))
		mnl_attr_put(nlh, NFTA_RULE_USERDATA, nftnl_udata_buf_len(u),
			     nftnl_udata_buf_data(u));
	nftnl_udata_buf_free(u);
}

static uint16_t nft_rule_put_flags(enum nft_place place)
{
	switch (place) {
	case NFT_AT_END:
	case NFT_BEHIND:
		return NLM_F_CREATE | NLM_F_APPEND;
	case NFT_AT_START:
		return NLM_F_CREATE;
	case NFT_REPLACE:
		return NLM_F_REPLACE;
	}
	return 0;
}

void nft_rule_put(struct nft_batch *b, enum plan_table t, const char *name,
		  const struct nft_rule *r, enum nft_place place, uint64_t handle)
{
	uint32_t *ids = memory_alloc((r->n_exprs + 1) * sizeof(*ids));
	struct nlmsghdr *nlh;
	struct nlattr *nest;

	for (size_t i = 0; i < r->n_exprs; i++)
		if (r->exprs[i].anon)
			ids[i] = nft_rule_put_anon(b, t, name, r->exprs[i].anon);
	nlh = nft_batch_message(b, NFT_MSG_NEWRULE, nft_rule_put_flags(place), name);
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, plan_table_name(t));
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, name);
	if (place == NFT_BEHIND)
		mnl_attr_put_u64(nlh, NFTA_RULE_POSITION, htobe64(handle));
	if (place == NFT_REPLACE)
		mnl_attr_put_u64(nlh, NFTA_RULE_HANDLE, htobe64(handle));
	nft_rule_put_comment(nlh, r->comment);
	nest = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	for (size_t i = 0; i < r->n_exprs; i++)
		nft_rule_put_expr(nlh, &r->exprs[i], ids[i]);
	mnl_attr_nest_end(nlh, nest);
	nft_batch_commit(b, nlh);
	free(ids);
}

void nft_rule_put_delete(struct nft_batch *b, enum plan_table t, const char *name, uint64_t handle)
{
	struct nlmsghdr *nlh = nft_batch_message(b, NFT_MSG_DELRULE, 0, name);

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, plan_table_name(t));
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, name);
	if (handle)
		mnl_attr_put_u64(nlh, NFTA_RULE_HANDLE, htobe64(handle));
	nft_batch_commit(b, nlh);
}
