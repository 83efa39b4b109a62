/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nft_object.h"

#include "netlink/nft_batch.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

#define NFT_OBJECT_DATA_VERDICT 0xffffff00u /* NFT_DATA_VERDICT */

/* enum datatypes of nft's datatype.h; a concatenation is 6 bits each */
#define NFT_TYPE_NFPROTO 2
#define NFT_TYPE_INTEGER 4
#define NFT_TYPE_IPADDR	 7
#define NFT_TYPE_IP6ADDR 8
#define NFT_TYPE_MARK	 19

/* enum byteorder of nft's datatype.h, as it stands in sets' user data */
#define NFT_BYTEORDER_INVALID_TAG 0
#define NFT_BYTEORDER_HOST_TAG	  1
#define NFT_BYTEORDER_BIG_TAG	  2

#define NFT_TYPE_MARK_NFPROTO	   (NFT_TYPE_MARK << 6 | NFT_TYPE_NFPROTO)
#define NFT_TYPE_MARK_NFPROTO_SLOT (NFT_TYPE_MARK_NFPROTO << 6 | NFT_TYPE_INTEGER)

/* enum expr_types of nft's expression.h */
#define NFT_UDATA_EXPR_VERDICT 1
#define NFT_UDATA_EXPR_META    9
#define NFT_UDATA_EXPR_CONCAT  13
#define NFT_UDATA_EXPR_NUMGEN  23

/* What nft puts into a set's user data for each expression of a typeof (expr_ops.build_udata). */
#define NFT_UDATA_SUB_TYPE  0
#define NFT_UDATA_SUB_DATA  1
#define NFT_UDATA_META_KEY  0
#define NFT_UDATA_NG_TYPE   0
#define NFT_UDATA_NG_MOD    1
#define NFT_UDATA_NG_OFFSET 2

/* ---- tables ------------------------------------------------------------- */

static void nft_object_put_comment(struct nlmsghdr *nlh, uint16_t attr, uint8_t type,
				   const char *comment)
{
	struct nftnl_udata_buf *u;

	if (!comment || !comment[0])
		return;
	u = nftnl_udata_buf_alloc(256);
	if (nftnl_udata_put_strz(u, type, comment))
		mnl_attr_put(nlh, attr, nftnl_udata_buf_len(u), nftnl_udata_buf_data(u));
	nftnl_udata_buf_free(u);
}

void nft_object_add_table(struct nft_batch *b, enum plan_table t)
{
	struct nlmsghdr *nlh = nft_batch_message(b, NFT_MSG_NEWTABLE, NLM_F_CREATE | NLM_F_EXCL,
						 plan_table_name(t));

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, plan_table_name(t));
	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, 0);
	nft_object_put_comment(nlh, NFTA_TABLE_USERDATA, NFTNL_UDATA_TABLE_COMMENT,
			       plan_table_comment(t));
	nft_batch_commit(b, nlh);
}

void nft_object_wake_table(struct nft_batch *b, enum plan_table t)
{
	struct nlmsghdr *nlh = nft_batch_message(b, NFT_MSG_NEWTABLE, 0, plan_table_name(t));

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, plan_table_name(t));
	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, 0);
	nft_batch_commit(b, nlh);
}

void nft_object_delete_table(struct nft_batch *b, enum plan_table t)
{
	struct nlmsghdr *nlh = nft_batch_message(b, NFT_MSG_DELTABLE, 0, plan_table_name(t));

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, plan_table_name(t));
	nft_batch_commit(b, nlh);
}

/* ---- chains ------------------------------------------------------------- */

struct nft_chain_info nft_object_chain_info(const struct plan_chain *c)
{
	struct nft_chain_info info = { .comment = c->comment };

	switch (c->hook) {
	case PLAN_HOOK_NONE:
		return info;
	case PLAN_HOOK_PREROUTING:
		info.hook = NF_INET_PRE_ROUTING;
		break;
	case PLAN_HOOK_OUTPUT:
		info.hook = NF_INET_LOCAL_OUT;
		break;
	case PLAN_HOOK_POSTROUTING:
		info.hook = NF_INET_POST_ROUTING;
		break;
	}
	switch (c->type) {
	case PLAN_CHAIN_FILTER:
		info.type = "filter";
		break;
	case PLAN_CHAIN_ROUTE:
		info.type = "route";
		break;
	case PLAN_CHAIN_NAT:
		info.type = "nat";
		break;
	}
	info.base = true;
	info.priority = c->priority;
	return info;
}

void nft_object_add_chain(struct nft_batch *b, const struct plan_chain *c, const char *name)
{
	struct nlmsghdr *nlh =
		nft_batch_message(b, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL, name);
	struct nft_chain_info info = nft_object_chain_info(c);
	struct nlattr *nest;

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, plan_table_name(c->table));
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, name);
	if (info.base) {
		mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, info.type);
		nest = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
		mnl_attr_put_u32(nlh, NFTA_HOOK_HOOKNUM, htonl(info.hook));
		mnl_attr_put_u32(nlh, NFTA_HOOK_PRIORITY, htonl((uint32_t)info.priority));
		mnl_attr_nest_end(nlh, nest);
		mnl_attr_put_u32(nlh, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT));
	}
	nft_object_put_comment(nlh, NFTA_CHAIN_USERDATA, NFTNL_UDATA_CHAIN_COMMENT, info.comment);
	nft_batch_commit(b, nlh);
}

void nft_object_delete_chain(struct nft_batch *b, enum plan_table t, const char *name)
{
	struct nlmsghdr *nlh = nft_batch_message(b, NFT_MSG_DELCHAIN, 0, name);

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, plan_table_name(t));
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, name);
	nft_batch_commit(b, nlh);
}

/* ---- sets --------------------------------------------------------------- */

struct nft_set_info nft_object_set_info(const struct plan_set *s)
{
	struct nft_set_info info = { .is_map = s->is_map, .comment = s->comment };

	switch (s->type) {
	case PLAN_TYPE_IPV4_ADDR:
		info.key_type = NFT_TYPE_IPADDR;
		info.key_len = 4;
		break;
	case PLAN_TYPE_IPV6_ADDR:
		info.key_type = NFT_TYPE_IP6ADDR;
		info.key_len = 16;
		break;
	case PLAN_TYPE_MARK:
		info.key_type = NFT_TYPE_MARK;
		info.key_len = 4;
		break;
	case PLAN_TYPE_MARK_NFPROTO:
		info.key_type = NFT_TYPE_MARK_NFPROTO;
		info.key_len = 8;
		break;
	case PLAN_TYPE_MARK_NFPROTO_SLOT:
		info.key_type = NFT_TYPE_MARK_NFPROTO_SLOT;
		info.key_len = 12;
		break;
	}
	if (s->interval)
		info.flags |= NFT_SET_INTERVAL;
	if (s->is_map)
		info.flags |= NFT_SET_MAP;
	if (s->dynamic) {
		info.flags |= NFT_SET_EVAL | NFT_SET_TIMEOUT;
		info.size = PLAN_DYNAMIC_SIZE;
		info.timeout_ms = 1000ull * s->timeout_s;
	}
	return info;
}

/* How nft lists mark . nf_proto: the two expressions' types. */
static void nft_object_put_concat(struct nftnl_udata_buf *u)
{
	struct nftnl_udata *key = nftnl_udata_nest_start(u, NFTNL_UDATA_SET_KEY_TYPEOF);

	nftnl_udata_put_u32(u, NFTNL_UDATA_SET_TYPEOF_EXPR, NFT_UDATA_EXPR_CONCAT);
	nftnl_udata_nest_end(u, nftnl_udata_nest_start(u, NFTNL_UDATA_SET_TYPEOF_DATA));
	nftnl_udata_nest_end(u, key);
}

static void nft_object_put_meta(struct nftnl_udata_buf *u, uint8_t place, uint32_t key)
{
	struct nftnl_udata *part = nftnl_udata_nest_start(u, place), *data;

	nftnl_udata_put_u32(u, NFT_UDATA_SUB_TYPE, NFT_UDATA_EXPR_META);
	data = nftnl_udata_nest_start(u, NFT_UDATA_SUB_DATA);
	nftnl_udata_put_u32(u, NFT_UDATA_META_KEY, key);
	nftnl_udata_nest_end(u, data);
	nftnl_udata_nest_end(u, part);
}

static void nft_object_put_slot(struct nftnl_udata_buf *u, uint8_t place)
{
	struct nftnl_udata *part = nftnl_udata_nest_start(u, place), *data;

	nftnl_udata_put_u32(u, NFT_UDATA_SUB_TYPE, NFT_UDATA_EXPR_NUMGEN);
	data = nftnl_udata_nest_start(u, NFT_UDATA_SUB_DATA);
	nftnl_udata_put_u32(u, NFT_UDATA_NG_TYPE, NFT_NG_RANDOM);
	nftnl_udata_put_u32(u, NFT_UDATA_NG_MOD, PLAN_SLOTS);
	nftnl_udata_put_u32(u, NFT_UDATA_NG_OFFSET, 0);
	nftnl_udata_nest_end(u, data);
	nftnl_udata_nest_end(u, part);
}

/*
 * A random number has no datatype by name, so the map is listed with the
 * expressions themselves: typeof meta mark . meta nfproto . numgen random mod
 * 100 : verdict.
 */
static void nft_object_put_typeof(struct nftnl_udata_buf *u)
{
	struct nftnl_udata *key = nftnl_udata_nest_start(u, NFTNL_UDATA_SET_KEY_TYPEOF), *data;

	nftnl_udata_put_u32(u, NFTNL_UDATA_SET_TYPEOF_EXPR, NFT_UDATA_EXPR_CONCAT);
	data = nftnl_udata_nest_start(u, NFTNL_UDATA_SET_TYPEOF_DATA);
	nft_object_put_meta(u, 0, NFT_META_MARK);
	nft_object_put_meta(u, 1, NFT_META_NFPROTO);
	nft_object_put_slot(u, 2);
	nftnl_udata_nest_end(u, data);
	nftnl_udata_nest_end(u, key);
	data = nftnl_udata_nest_start(u, NFTNL_UDATA_SET_DATA_TYPEOF);
	nftnl_udata_put_u32(u, NFTNL_UDATA_SET_TYPEOF_EXPR, NFT_UDATA_EXPR_VERDICT);
	nftnl_udata_nest_end(u, nftnl_udata_nest_start(u, NFTNL_UDATA_SET_TYPEOF_DATA));
	nftnl_udata_nest_end(u, data);
}

static void nft_object_put_set_udata(struct nlmsghdr *nlh, const struct nft_set_info *info)
{
	struct nftnl_udata_buf *u = nftnl_udata_buf_alloc(512);
	bool concat = info->key_type > UINT8_MAX;
	uint32_t order = concat				   ? NFT_BYTEORDER_INVALID_TAG
			 : info->key_type == NFT_TYPE_MARK ? NFT_BYTEORDER_HOST_TAG
							   : NFT_BYTEORDER_BIG_TAG;

	nftnl_udata_put_u32(u, NFTNL_UDATA_SET_KEYBYTEORDER, order);
	if (info->is_map)
		nftnl_udata_put_u32(u, NFTNL_UDATA_SET_DATABYTEORDER, NFT_BYTEORDER_INVALID_TAG);
	if (info->key_type == NFT_TYPE_MARK_NFPROTO_SLOT)
		nft_object_put_typeof(u);
	else if (concat && info->is_map)
		nft_object_put_concat(u);
	if (info->is_map)
		nftnl_udata_put_u32(u, NFTNL_UDATA_SET_DATA_INTERVAL, 0);
	if (info->comment && info->comment[0])
		nftnl_udata_put_strz(u, NFTNL_UDATA_SET_COMMENT, info->comment);
	mnl_attr_put(nlh, NFTA_SET_USERDATA, nftnl_udata_buf_len(u), nftnl_udata_buf_data(u));
	nftnl_udata_buf_free(u);
}

static void nft_object_put_size(struct nlmsghdr *nlh, size_t size)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_SET_DESC);

	mnl_attr_put_u32(nlh, NFTA_SET_DESC_SIZE, htonl((uint32_t)size));
	mnl_attr_nest_end(nlh, nest);
}

void nft_object_add_set(struct nft_batch *b, const struct plan_set *s, const char *name)
{
	struct nlmsghdr *nlh =
		nft_batch_message(b, NFT_MSG_NEWSET, NLM_F_CREATE | NLM_F_EXCL, name);
	struct nft_set_info info = nft_object_set_info(s);

	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, plan_table_name(s->table));
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, name);
	mnl_attr_put_u32(nlh, NFTA_SET_FLAGS, htonl(info.flags));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_TYPE, htonl(info.key_type));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_LEN, htonl(info.key_len));
	if (info.is_map) {
		mnl_attr_put_u32(nlh, NFTA_SET_DATA_TYPE, htonl(NFT_OBJECT_DATA_VERDICT));
		mnl_attr_put_u32(nlh, NFTA_SET_DATA_LEN, 0);
	}
	/* the kernel asks for an id, though everything here goes by name */
	mnl_attr_put_u32(nlh, NFTA_SET_ID, htonl(nft_batch_id(b)));
	if (info.size)
		nft_object_put_size(nlh, info.size);
	if (info.timeout_ms)
		mnl_attr_put_u64(nlh, NFTA_SET_TIMEOUT, htobe64(info.timeout_ms));
	nft_object_put_set_udata(nlh, &info);
	nft_batch_commit(b, nlh);
}

void nft_object_delete_set(struct nft_batch *b, enum plan_table t, const char *name)
{
	struct nlmsghdr *nlh = nft_batch_message(b, NFT_MSG_DELSET, 0, name);

	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, plan_table_name(t));
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, name);
	nft_batch_commit(b, nlh);
}
