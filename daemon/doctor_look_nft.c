/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/doctor_look_nft.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "io/nl_socket.h"
#include "model/plan.h"
#include "netlink/nft_decode_rule.h"
#include "netlink/nl_attr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_tables_compat.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

struct reader {
	struct doctor_facts *facts;
	struct arena *arena;
};

static const char *family_name(uint8_t family)
{
	switch (family) {
	case NFPROTO_INET:
		return "inet";
	case NFPROTO_IPV4:
		return "ip";
	case NFPROTO_IPV6:
		return "ip6";
	case NFPROTO_ARP:
		return "arp";
	case NFPROTO_NETDEV:
		return "netdev";
	case NFPROTO_BRIDGE:
		return "bridge";
	default:
		return "?";
	}
}

static uint32_t u32_of(const struct nl_attr *a)
{
	return ntohl(nl_attr_u32(a, 0));
}

/* Attributes of a message; false: not one of nf_tables. */
static bool read_attrs(const struct nlmsghdr *nlh, const enum nl_attr_type *types, size_t n,
		       struct nl_attr *ret, uint8_t *ret_family)
{
	size_t head = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct nfgenmsg));
	struct nfgenmsg nfg;

	if (nlh->nlmsg_len < head)
		return false;
	memcpy(&nfg, (const char *)nlh + NLMSG_HDRLEN, sizeof(nfg));
	*ret_family = nfg.nfgen_family;
	return nl_attr_read((const char *)nlh + head, nlh->nlmsg_len - head, types, n, ret, NULL) ==
	       0;
}

static bool is_ours(uint8_t family, const char *table)
{
	return family == NFPROTO_INET && (!strcmp(table, plan_table_name(PLAN_TABLE_BYPASS)) ||
					  !strcmp(table, plan_table_name(PLAN_TABLE_EGRESS)));
}

/* ---- chains -------------------------------------------------------------- */

static void read_hook(const struct nl_attr *nest, struct doctor_chain *ret)
{
	static const enum nl_attr_type types[] = {
		[NFTA_HOOK_HOOKNUM] = NL_ATTR_U32, [NFTA_HOOK_PRIORITY] = NL_ATTR_U32
	};
	struct nl_attr a[NFTA_HOOK_PRIORITY + 1];

	if (!nest->data ||
	    nl_attr_read(nest->data, nest->len, types, NFTA_HOOK_PRIORITY + 1, a, NULL) < 0)
		return;
	ret->base = true;
	ret->hook = u32_of(&a[NFTA_HOOK_HOOKNUM]);
	ret->priority = (int32_t)u32_of(&a[NFTA_HOOK_PRIORITY]);
}

static int on_chain(const struct nlmsghdr *nlh, void *data)
{
	static const enum nl_attr_type types[] = {
		[NFTA_CHAIN_TABLE] = NL_ATTR_STRING,
		[NFTA_CHAIN_NAME] = NL_ATTR_STRING,
		[NFTA_CHAIN_HOOK] = NL_ATTR_BYTES,
		[NFTA_CHAIN_POLICY] = NL_ATTR_U32,
	};
	struct nl_attr a[NFTA_CHAIN_POLICY + 1];
	struct reader *r = data;
	struct doctor_chain *c;
	uint8_t family;

	if (!read_attrs(nlh, types, NFTA_CHAIN_POLICY + 1, a, &family) ||
	    !a[NFTA_CHAIN_TABLE].data || !a[NFTA_CHAIN_NAME].data ||
	    is_ours(family, a[NFTA_CHAIN_TABLE].data))
		return 0;
	c = ARENA_PUSH(r->arena, r->facts->chains, r->facts->n_chains, r->facts->cap_chains);
	c->table = arena_printf(r->arena, "%s %s", family_name(family),
				(const char *)a[NFTA_CHAIN_TABLE].data);
	c->name = arena_strdup(r->arena, a[NFTA_CHAIN_NAME].data);
	read_hook(&a[NFTA_CHAIN_HOOK], c);
	c->drops = a[NFTA_CHAIN_POLICY].data && u32_of(&a[NFTA_CHAIN_POLICY]) == NF_DROP;
	return 0;
}

/* ---- rules --------------------------------------------------------------- */

static void add_writer(struct reader *r, const char *table, const char *chain, bool conntrack,
		       uint32_t bits)
{
	*ARENA_PUSH(r->arena, r->facts->writers, r->facts->n_writers, r->facts->cap_writers) =
		(struct doctor_mark_writer){
			.table = table, .chain = chain, .conntrack = conntrack, .bits = bits
		};
}

/*
 * Bits that a write changes: after `mark & mask ^ xor` those that the mask lets go or the other
 * sets; any other value replaces all. Registers hold a mark in the machine's own order.
 */
static uint32_t changed_bits(const struct nft_expr *before)
{
	uint32_t mask, other;

	if (!before || before->kind != NFT_EXPR_BITWISE || before->len != sizeof(mask))
		return UINT32_MAX;
	memcpy(&mask, before->a, sizeof(mask));
	memcpy(&other, before->b, sizeof(other));
	return ~mask | other;
}

static void look_at_writes(struct reader *r, const struct nft_rule *rule, const char *table,
			   const char *chain)
{
	for (size_t i = 0; i < rule->n_exprs; i++) {
		const struct nft_expr *e = &rule->exprs[i];
		bool meta = e->kind == NFT_EXPR_META_WRITE && e->key == NFT_META_MARK;
		bool ct = e->kind == NFT_EXPR_CT_WRITE && e->key == NFT_CT_MARK;

		if (meta || ct)
			add_writer(r, table, chain, ct, changed_bits(i ? e - 1 : NULL));
	}
}

/* Targets of iptables-nft: MARK and CONNMARK of revisions with a mask (xt_mark.h, xt_connmark.h). */
static void look_at_target(struct reader *r, const struct nl_attr *data, const char *table,
			   const char *chain)
{
	static const enum nl_attr_type types[] = { [NFTA_TARGET_NAME] = NL_ATTR_STRING,
						   [NFTA_TARGET_REV] = NL_ATTR_U32,
						   [NFTA_TARGET_INFO] = NL_ATTR_BYTES };
	struct nl_attr a[NFTA_TARGET_INFO + 1];
	uint32_t info[3] = { 0 };
	bool mark, connmark;

	if (nl_attr_read(data->data, data->len, types, NFTA_TARGET_INFO + 1, a, NULL) < 0 ||
	    !a[NFTA_TARGET_NAME].data)
		return;
	mark = !strcmp(a[NFTA_TARGET_NAME].data, "MARK");
	connmark = !strcmp(a[NFTA_TARGET_NAME].data, "CONNMARK");
	if (!mark && !connmark)
		return;
	if (a[NFTA_TARGET_INFO].data)
		memcpy(info, a[NFTA_TARGET_INFO].data,
		       a[NFTA_TARGET_INFO].len < sizeof(info) ? a[NFTA_TARGET_INFO].len
							      : sizeof(info));
	/* struct xt_mark_tginfo2: mark, mask; xt_connmark_tginfo1: ctmark, ctmask, nfmask */
	add_writer(r, table, chain, connmark, info[1] ? info[1] | info[0] : UINT32_MAX);
}

static void look_at_targets(struct reader *r, const struct nl_attr *exprs, const char *table,
			    const char *chain)
{
	static const enum nl_attr_type types[] = {
		[NFTA_EXPR_NAME] = NL_ATTR_STRING, [NFTA_EXPR_DATA] = NL_ATTR_BYTES
	};
	const uint8_t *at = exprs->data;
	size_t left = exprs->len;

	while (at && left >= sizeof(struct nlattr)) {
		struct nl_attr a[NFTA_EXPR_DATA + 1];
		struct nlattr head;
		size_t step;

		memcpy(&head, at, sizeof(head));
		if (head.nla_len < sizeof(head) || head.nla_len > left)
			return;
		if (nl_attr_read(at + sizeof(head), head.nla_len - sizeof(head), types,
				 NFTA_EXPR_DATA + 1, a, NULL) == 0 &&
		    a[NFTA_EXPR_NAME].data && a[NFTA_EXPR_DATA].data &&
		    !strcmp(a[NFTA_EXPR_NAME].data, "target"))
			look_at_target(r, &a[NFTA_EXPR_DATA], table, chain);
		step = NLA_ALIGN(head.nla_len);
		if (step >= left)
			return;
		at += step;
		left -= step;
	}
}

static int on_rule(const struct nlmsghdr *nlh, void *data)
{
	static const enum nl_attr_type types[] = {
		[NFTA_RULE_TABLE] = NL_ATTR_STRING,
		[NFTA_RULE_CHAIN] = NL_ATTR_STRING,
		[NFTA_RULE_EXPRESSIONS] = NL_ATTR_BYTES,
	};
	struct nl_attr a[NFTA_RULE_EXPRESSIONS + 1];
	struct reader *r = data;
	struct nft_rule rule = { 0 };
	const char *table, *chain;
	uint8_t family;

	if (!read_attrs(nlh, types, NFTA_RULE_EXPRESSIONS + 1, a, &family) ||
	    !a[NFTA_RULE_TABLE].data || !a[NFTA_RULE_CHAIN].data ||
	    is_ours(family, a[NFTA_RULE_TABLE].data))
		return 0;
	table = arena_printf(r->arena, "%s %s", family_name(family),
			     (const char *)a[NFTA_RULE_TABLE].data);
	chain = arena_strdup(r->arena, a[NFTA_RULE_CHAIN].data);
	if (nft_decode_rule_body(nlh, r->arena, &rule) == 0)
		look_at_writes(r, &rule, table, chain);
	look_at_targets(r, &a[NFTA_RULE_EXPRESSIONS], table, chain);
	return 0;
}

/* ---- both ---------------------------------------------------------------- */

static int dump(struct nl_socket *nft, uint16_t type, nl_socket_cb cb, struct reader *r)
{
	char buf[128] __attribute__((aligned(8))) = { 0 };
	struct nl_attr_writer w = { .buf = (void *)buf, .size = sizeof(buf) };
	struct nlmsghdr head = { .nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type) };
	struct nfgenmsg nfg = { .nfgen_family = NFPROTO_UNSPEC, .version = NFNETLINK_V0 };

	nl_attr_put_raw(&w, &head, sizeof(head));
	nl_attr_put_raw(&w, &nfg, sizeof(nfg));
	((struct nlmsghdr *)(void *)buf)->nlmsg_len = (uint32_t)w.len;
	return nl_socket_dump(nft, (void *)buf, cb, r);
}

void doctor_look_nft(struct arena *a, struct doctor_facts *f)
{
	_cleanup_(nl_socket_closep) struct nl_socket *nft = NULL;
	struct reader reader = { .facts = f, .arena = a };
	int r = nl_socket_open(NETLINK_NETFILTER, &nft);

	f->nf_tables = r == 0 ? DOCTOR_UNKNOWN : DOCTOR_NO;
	if (r < 0)
		return;
	r = dump(nft, NFT_MSG_GETCHAIN, on_chain, &reader);
	if (r == 0)
		r = dump(nft, NFT_MSG_GETRULE, on_rule, &reader);
	f->ruleset_read = r == 0 ? DOCTOR_YES : DOCTOR_NO;
	if (r == 0)
		f->nf_tables = DOCTOR_YES;
	else if (r == -EINVAL || r == -EOPNOTSUPP)
		f->nf_tables = DOCTOR_NO; /* nobody answers for this subsystem */
}
