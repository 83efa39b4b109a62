/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nft_decode.h"

#include "base/arena.h"
#include "netlink/nft_decode_rule.h"
#include "netlink/nl_attr.h"

#include <arpa/inet.h>
#include <endian.h>
#include <errno.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

#define NFT_DECODE_SET_COUNT 20 /* NFTA_SET_COUNT of linux/netfilter/nf_tables.h, Linux 6.16 */
#define NFT_DECODE_VERDICT   0xffffff00u /* NFT_DATA_VERDICT */

static uint32_t nft_decode_u32(const struct nl_attr *a)
{
	return ntohl(nl_attr_u32(a, 0));
}

static uint64_t nft_decode_u64(const struct nl_attr *a)
{
	uint64_t v = 0;

	if (a->data && a->len == sizeof(v))
		memcpy(&v, a->data, sizeof(v));
	return be64toh(v);
}

static const char *nft_decode_text(const struct nl_attr *a, struct arena *arena)
{
	return a->data ? arena_strdup(arena, a->data) : NULL;
}

static int nft_decode_attrs(const struct nlmsghdr *nlh, const enum nl_attr_type *types, size_t n,
			    struct nl_attr *ret)
{
	const char *base = (const char *)nlh;
	size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct nfgenmsg nfg;

	if (nlh->nlmsg_len < head)
		return -EBADMSG;
	memcpy(&nfg, base + NLMSG_HDRLEN, sizeof(nfg));
	if (nfg.nfgen_family != NFPROTO_INET && nfg.nfgen_family != NFPROTO_UNSPEC)
		return -ENOENT;
	return nl_attr_read(base + head, nlh->nlmsg_len - head, types, n, ret, NULL);
}

/* Which of our tables; false: another's. */
static bool nft_decode_which(const struct nl_attr *name, enum plan_table *ret)
{
	for (int t = 0; t < PLAN_TABLE_COUNT; t++)
		if (name->data && !strcmp(name->data, plan_table_name((enum plan_table)t))) {
			*ret = (enum plan_table)t;
			return true;
		}
	return false;
}

static const char *nft_decode_comment(const struct nl_attr *a, uint8_t type, struct arena *arena)
{
	return a->data ? nft_decode_rule_udata(a->data, a->len, type, arena) : NULL;
}

int nft_decode_generation(const struct nlmsghdr *nlh, struct nft_seen *s)
{
	static const enum nl_attr_type types[] = { [NFTA_GEN_ID] = NL_ATTR_U32 };
	struct nl_attr a[NFTA_GEN_ID + 1];
	int r = nft_decode_attrs(nlh, types, NFTA_GEN_ID + 1, a);

	if (r < 0)
		return r;
	s->generation = nft_decode_u32(&a[NFTA_GEN_ID]);
	return 0;
}

int nft_decode_table(const struct nlmsghdr *nlh, struct nft_seen *s)
{
	static const enum nl_attr_type types[] = {
		[NFTA_TABLE_NAME] = NL_ATTR_STRING,
		[NFTA_TABLE_FLAGS] = NL_ATTR_U32,
		[NFTA_TABLE_USERDATA] = NL_ATTR_BYTES,
	};
	struct nl_attr a[NFTA_TABLE_USERDATA + 1];
	struct nft_seen_table *seen;
	enum plan_table t;
	int r = nft_decode_attrs(nlh, types, NFTA_TABLE_USERDATA + 1, a);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!nft_decode_which(&a[NFTA_TABLE_NAME], &t))
		return 0;
	seen = &s->tables[t];
	seen->exists = true;
	seen->flags = nft_decode_u32(&a[NFTA_TABLE_FLAGS]);
	seen->comment =
		nft_decode_comment(&a[NFTA_TABLE_USERDATA], NFTNL_UDATA_TABLE_COMMENT, s->arena);
	return 0;
}

static int nft_decode_hook(const struct nl_attr *nest, struct nft_chain_info *ret)
{
	static const enum nl_attr_type types[] = {
		[NFTA_HOOK_HOOKNUM] = NL_ATTR_U32,
		[NFTA_HOOK_PRIORITY] = NL_ATTR_U32,
	};
	struct nl_attr a[NFTA_HOOK_PRIORITY + 1];
	int r;

	if (!nest->data)
		return 0;
	r = nl_attr_read(nest->data, nest->len, types, NFTA_HOOK_PRIORITY + 1, a, NULL);
	if (r < 0)
		return r;
	ret->base = true;
	ret->hook = nft_decode_u32(&a[NFTA_HOOK_HOOKNUM]);
	ret->priority = (int32_t)nft_decode_u32(&a[NFTA_HOOK_PRIORITY]);
	return 0;
}

int nft_decode_chain(const struct nlmsghdr *nlh, struct nft_seen *s)
{
	static const enum nl_attr_type types[] = {
		[NFTA_CHAIN_TABLE] = NL_ATTR_STRING, [NFTA_CHAIN_NAME] = NL_ATTR_STRING,
		[NFTA_CHAIN_HOOK] = NL_ATTR_BYTES,   [NFTA_CHAIN_POLICY] = NL_ATTR_U32,
		[NFTA_CHAIN_TYPE] = NL_ATTR_STRING,  [NFTA_CHAIN_USERDATA] = NL_ATTR_BYTES,
		[NFTA_CHAIN_USE] = NL_ATTR_U32,
	};
	struct nl_attr a[NFTA_CHAIN_USERDATA + 1];
	struct nft_seen_chain c = { 0 };
	int r = nft_decode_attrs(nlh, types, NFTA_CHAIN_USERDATA + 1, a);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!nft_decode_which(&a[NFTA_CHAIN_TABLE], &c.table))
		return 0;
	r = nft_decode_hook(&a[NFTA_CHAIN_HOOK], &c.info);
	if (r < 0)
		return r;
	if (!a[NFTA_CHAIN_NAME].data)
		return -EBADMSG;
	c.name = nft_decode_text(&a[NFTA_CHAIN_NAME], s->arena);
	c.info.type = nft_decode_text(&a[NFTA_CHAIN_TYPE], s->arena);
	c.info.comment =
		nft_decode_comment(&a[NFTA_CHAIN_USERDATA], NFTNL_UDATA_CHAIN_COMMENT, s->arena);
	c.drops = a[NFTA_CHAIN_POLICY].data && nft_decode_u32(&a[NFTA_CHAIN_POLICY]) != NF_ACCEPT;
	c.use = nft_decode_u32(&a[NFTA_CHAIN_USE]);
	*ARENA_PUSH(s->arena, s->chains, s->n_chains, s->cap_chains) = c;
	return 0;
}

static uint32_t nft_decode_set_size(const struct nl_attr *nest)
{
	static const enum nl_attr_type types[] = { [NFTA_SET_DESC_SIZE] = NL_ATTR_U32 };
	struct nl_attr a[NFTA_SET_DESC_SIZE + 1];

	if (!nest->data ||
	    nl_attr_read(nest->data, nest->len, types, NFTA_SET_DESC_SIZE + 1, a, NULL) < 0)
		return 0;
	return nft_decode_u32(&a[NFTA_SET_DESC_SIZE]);
}

/* KEYBYTEORDER of nft's user data: 1 is the host's. */
static bool nft_decode_host_order(const struct nl_attr *udata)
{
	const uint8_t *at = udata->data;
	size_t len = udata->len;
	uint32_t order;

	while (at && len >= 2 && (size_t)at[1] + 2 <= len) {
		if (at[0] == NFTNL_UDATA_SET_KEYBYTEORDER && at[1] == sizeof(order)) {
			memcpy(&order, at + 2, sizeof(order));
			return order == 1;
		}
		len -= (size_t)at[1] + 2;
		at += at[1] + 2;
	}
	return false;
}

int nft_decode_set(const struct nlmsghdr *nlh, struct nft_seen *s)
{
	static const enum nl_attr_type types[NFT_DECODE_SET_COUNT + 1] = {
		[NFTA_SET_TABLE] = NL_ATTR_STRING,    [NFTA_SET_NAME] = NL_ATTR_STRING,
		[NFTA_SET_FLAGS] = NL_ATTR_U32,	      [NFTA_SET_KEY_TYPE] = NL_ATTR_U32,
		[NFTA_SET_KEY_LEN] = NL_ATTR_U32,     [NFTA_SET_DATA_TYPE] = NL_ATTR_U32,
		[NFTA_SET_DESC] = NL_ATTR_BYTES,      [NFTA_SET_TIMEOUT] = NL_ATTR_BYTES,
		[NFTA_SET_USERDATA] = NL_ATTR_BYTES,  [NFTA_SET_OBJ_TYPE] = NL_ATTR_U32,
		[NFT_DECODE_SET_COUNT] = NL_ATTR_U32,
	};
	struct nl_attr a[NFT_DECODE_SET_COUNT + 1];
	struct nft_seen_set set = { 0 };
	int r = nft_decode_attrs(nlh, types, NFT_DECODE_SET_COUNT + 1, a);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!nft_decode_which(&a[NFTA_SET_TABLE], &set.table))
		return 0;
	if (!a[NFTA_SET_NAME].data)
		return -EBADMSG;
	set.name = nft_decode_text(&a[NFTA_SET_NAME], s->arena);
	set.info.flags = nft_decode_u32(&a[NFTA_SET_FLAGS]);
	set.info.key_type = nft_decode_u32(&a[NFTA_SET_KEY_TYPE]);
	set.info.key_len = nft_decode_u32(&a[NFTA_SET_KEY_LEN]);
	set.info.is_map = set.info.flags & NFT_SET_MAP;
	set.info.size = nft_decode_set_size(&a[NFTA_SET_DESC]);
	set.info.timeout_ms = nft_decode_u64(&a[NFTA_SET_TIMEOUT]);
	set.info.comment =
		nft_decode_comment(&a[NFTA_SET_USERDATA], NFTNL_UDATA_SET_COMMENT, s->arena);
	set.anonymous = set.info.flags & NFT_SET_ANONYMOUS;
	set.host_order = nft_decode_host_order(&a[NFTA_SET_USERDATA]);
	set.other_data =
		(set.info.is_map && nft_decode_u32(&a[NFTA_SET_DATA_TYPE]) != NFT_DECODE_VERDICT) ||
		a[NFTA_SET_OBJ_TYPE].data;
	set.has_count = a[NFT_DECODE_SET_COUNT].data;
	set.count = nft_decode_u32(&a[NFT_DECODE_SET_COUNT]);
	*ARENA_PUSH(s->arena, s->sets, s->n_sets, s->cap_sets) = set;
	return 0;
}

int nft_decode_rule(const struct nlmsghdr *nlh, struct nft_seen *s)
{
	static const enum nl_attr_type types[] = {
		[NFTA_RULE_TABLE] = NL_ATTR_STRING,
		[NFTA_RULE_CHAIN] = NL_ATTR_STRING,
	};
	struct nl_attr a[NFTA_RULE_CHAIN + 1];
	struct nft_seen_chain *c;
	enum plan_table t;
	int r = nft_decode_attrs(nlh, types, NFTA_RULE_CHAIN + 1, a);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if (!nft_decode_which(&a[NFTA_RULE_TABLE], &t))
		return 0;
	if (!a[NFTA_RULE_CHAIN].data)
		return -EBADMSG;
	c = nft_decode_find_chain(s, t, a[NFTA_RULE_CHAIN].data);
	/* a chain made since its dump: the generation has moved, all is asked again */
	if (!c)
		return 0;
	return nft_decode_rule_body(nlh, s->arena,
				    ARENA_PUSH(s->arena, c->rules, c->n_rules, c->cap_rules));
}

/* ---- elements ----------------------------------------------------------- */

static int nft_decode_key(const struct nl_attr *nest, struct nft_element *ret)
{
	static const enum nl_attr_type types[] = { [NFTA_DATA_VALUE] = NL_ATTR_BYTES };
	struct nl_attr a[NFTA_DATA_VALUE + 1];
	int r;

	if (!nest->data)
		return 0; /* the catch-all element */
	r = nl_attr_read(nest->data, nest->len, types, NFTA_DATA_VALUE + 1, a, NULL);
	if (r < 0)
		return r;
	/* longer than any key of ours: then the set is not ours either, and is replaced */
	ret->key_len = a[NFTA_DATA_VALUE].len > NFT_KEY_MAX ? NFT_KEY_MAX
							    : (uint32_t)a[NFTA_DATA_VALUE].len;
	if (ret->key_len)
		memcpy(ret->key, a[NFTA_DATA_VALUE].data, ret->key_len);
	return 0;
}

static int nft_decode_verdict(const struct nl_attr *nest, struct arena *arena,
			      struct nft_element *ret)
{
	static const enum nl_attr_type data_types[] = { [NFTA_DATA_VERDICT] = NL_ATTR_BYTES };
	static const enum nl_attr_type types[] = {
		[NFTA_VERDICT_CODE] = NL_ATTR_U32,
		[NFTA_VERDICT_CHAIN] = NL_ATTR_STRING,
	};
	struct nl_attr data[NFTA_DATA_VERDICT + 1], a[NFTA_VERDICT_CHAIN + 1];
	int r;

	if (!nest->data)
		return 0;
	r = nl_attr_read(nest->data, nest->len, data_types, NFTA_DATA_VERDICT + 1, data, NULL);
	if (r < 0 || !data[NFTA_DATA_VERDICT].data)
		return r;
	r = nl_attr_read(data[NFTA_DATA_VERDICT].data, data[NFTA_DATA_VERDICT].len, types,
			 NFTA_VERDICT_CHAIN + 1, a, NULL);
	if (r < 0)
		return r;
	ret->is_goto = nft_decode_u32(&a[NFTA_VERDICT_CODE]) == (uint32_t)NFT_GOTO;
	ret->chain = nft_decode_text(&a[NFTA_VERDICT_CHAIN], arena);
	return 0;
}

static int nft_decode_element(const void *data, size_t len, struct arena *arena,
			      struct nft_element *ret)
{
	static const enum nl_attr_type types[] = {
		[NFTA_SET_ELEM_KEY] = NL_ATTR_BYTES,	    [NFTA_SET_ELEM_DATA] = NL_ATTR_BYTES,
		[NFTA_SET_ELEM_FLAGS] = NL_ATTR_U32,	    [NFTA_SET_ELEM_TIMEOUT] = NL_ATTR_BYTES,
		[NFTA_SET_ELEM_EXPIRATION] = NL_ATTR_BYTES,
	};
	struct nl_attr a[NFTA_SET_ELEM_EXPIRATION + 1];
	int r = nl_attr_read(data, len, types, NFTA_SET_ELEM_EXPIRATION + 1, a, NULL);

	if (r < 0)
		return r;
	ret->end = nft_decode_u32(&a[NFTA_SET_ELEM_FLAGS]) & NFT_SET_ELEM_INTERVAL_END;
	ret->timeout_ms = nft_decode_u64(&a[NFTA_SET_ELEM_TIMEOUT]);
	ret->expires_ms = nft_decode_u64(&a[NFTA_SET_ELEM_EXPIRATION]);
	r = nft_decode_key(&a[NFTA_SET_ELEM_KEY], ret);
	return r < 0 ? r : nft_decode_verdict(&a[NFTA_SET_ELEM_DATA], arena, ret);
}

int nft_decode_elements(const struct nlmsghdr *nlh, struct arena *arena, struct nft_seen_set *set)
{
	static const enum nl_attr_type types[] = { [NFTA_SET_ELEM_LIST_ELEMENTS] = NL_ATTR_BYTES };
	struct nl_attr a[NFTA_SET_ELEM_LIST_ELEMENTS + 1];
	const uint8_t *at;
	size_t left;
	int r = nft_decode_attrs(nlh, types, NFTA_SET_ELEM_LIST_ELEMENTS + 1, a);

	if (r < 0)
		return r;
	at = a[NFTA_SET_ELEM_LIST_ELEMENTS].data;
	left = a[NFTA_SET_ELEM_LIST_ELEMENTS].len;
	while (at && left >= sizeof(struct nlattr)) {
		struct nlattr head;
		size_t step;

		memcpy(&head, at, sizeof(head));
		if (head.nla_len < sizeof(head) || head.nla_len > left)
			return -EBADMSG;
		r = nft_decode_element(
			at + sizeof(head), head.nla_len - sizeof(head), arena,
			ARENA_PUSH(arena, set->elements, set->n_elements, set->cap_elements));
		if (r < 0)
			return r;
		step = NLA_ALIGN(head.nla_len);
		if (step >= left)
			break;
		at += step;
		left -= step;
	}
	return 0;
}

/* ---- after the dumps ---------------------------------------------------- */

static struct nft_anon *nft_decode_anon(const struct nft_seen_set *set, struct arena *arena)
{
	struct nft_anon *s = arena_alloc(arena, sizeof(*s));

	s->key_type = set->info.key_type;
	s->key_len = set->info.key_len;
	s->interval = set->info.flags & NFT_SET_INTERVAL;
	s->host_order = set->host_order;
	for (size_t i = 0; i < set->n_elements; i++) {
		struct nft_anon_element *e =
			ARENA_PUSH(arena, s->elements, s->n_elements, s->cap_elements);

		memcpy(e->key, set->elements[i].key, NFT_KEY_MAX);
		e->end = set->elements[i].end;
	}
	nft_rule_sort_anon(s);
	return s;
}

static void nft_decode_resolve(struct nft_seen *s, enum plan_table t, struct nft_rule *r)
{
	for (size_t i = 0; i < r->n_exprs; i++) {
		struct nft_expr *e = &r->exprs[i];
		const struct nft_seen_set *set;

		if (e->kind != NFT_EXPR_LOOKUP)
			continue;
		set = nft_decode_find_set(s, t, e->name);
		if (!set || !set->anonymous)
			continue;
		/* we make no anonymous maps */
		if (set->info.is_map)
			e->kind = NFT_EXPR_UNKNOWN;
		else
			e->anon = nft_decode_anon(set, s->arena);
	}
}

void nft_decode_finish(struct nft_seen *s)
{
	for (size_t i = 0; i < s->n_chains; i++)
		for (size_t k = 0; k < s->chains[i].n_rules; k++)
			nft_decode_resolve(s, s->chains[i].table, &s->chains[i].rules[k]);
}

/*
 * Names are asked for nearly in the order of the dumps, so the search goes on
 * where the last one ended.
 */
struct nft_seen_chain *nft_decode_find_chain(struct nft_seen *s, enum plan_table t,
					     const char *name)
{
	for (size_t i = 0; i < s->n_chains; i++) {
		size_t k = (s->last_chain + i) % s->n_chains;

		if (s->chains[k].table == t && !strcmp(s->chains[k].name, name)) {
			s->last_chain = k;
			return &s->chains[k];
		}
	}
	return NULL;
}

struct nft_seen_set *nft_decode_find_set(struct nft_seen *s, enum plan_table t, const char *name)
{
	for (size_t i = 0; i < s->n_sets; i++) {
		size_t k = (s->last_set + i) % s->n_sets;

		if (s->sets[k].table == t && !strcmp(s->sets[k].name, name)) {
			s->last_set = k;
			return &s->sets[k];
		}
	}
	return NULL;
}
