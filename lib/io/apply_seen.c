/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "io/apply_seen.h"

#include "base/arena.h"
#include "io/nl_socket.h"
#include "netlink/nft_judge.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* Others may change the ruleset while we read; dnsmasq does at each answer. */
#define APPLY_SEEN_TRIES       20
#define APPLY_SEEN_REQUEST_MAX 512

struct apply_reader {
	struct nft_seen *seen;
	struct nft_seen_set *set;
};

static struct nlmsghdr *apply_seen_request(void *buf, uint16_t type, uint8_t family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg;

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	return nlh;
}

static int apply_seen_on_generation(const struct nlmsghdr *nlh, void *data)
{
	return nft_decode_generation(nlh, data);
}

int apply_seen_generation(struct nl_socket *nft, uint32_t *ret)
{
	char buf[APPLY_SEEN_REQUEST_MAX] __attribute__((aligned(8)));
	struct nft_seen seen = { 0 };
	int r = nl_socket_talk(nft, apply_seen_request(buf, NFT_MSG_GETGEN, AF_UNSPEC),
			       apply_seen_on_generation, &seen);

	if (r == 0)
		*ret = seen.generation;
	return r;
}

static int apply_seen_on_table(const struct nlmsghdr *nlh, void *data)
{
	return nft_decode_table(nlh, ((struct apply_reader *)data)->seen);
}

static int apply_seen_on_chain(const struct nlmsghdr *nlh, void *data)
{
	return nft_decode_chain(nlh, ((struct apply_reader *)data)->seen);
}

static int apply_seen_on_set(const struct nlmsghdr *nlh, void *data)
{
	return nft_decode_set(nlh, ((struct apply_reader *)data)->seen);
}

static int apply_seen_on_rule(const struct nlmsghdr *nlh, void *data)
{
	return nft_decode_rule(nlh, ((struct apply_reader *)data)->seen);
}

static int apply_seen_on_elements(const struct nlmsghdr *nlh, void *data)
{
	struct apply_reader *reader = data;

	return nft_decode_elements(nlh, reader->seen->arena, reader->set);
}

static int apply_seen_dump(struct nl_socket *nft, uint16_t type, uint16_t table_attr,
			   const char *table, nl_socket_cb cb, struct apply_reader *reader)
{
	char buf[APPLY_SEEN_REQUEST_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = apply_seen_request(buf, type, NFPROTO_INET);

	if (table_attr)
		mnl_attr_put_strz(nlh, table_attr, table);
	return nl_socket_dump(nft, nlh, cb, reader);
}

static int apply_seen_elements(struct nl_socket *nft, struct apply_reader *reader,
			       struct nft_seen_set *set)
{
	char buf[APPLY_SEEN_REQUEST_MAX] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = apply_seen_request(buf, NFT_MSG_GETSETELEM, NFPROTO_INET);

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, plan_table_name(set->table));
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set->name);
	reader->set = set;
	return nl_socket_dump(nft, nlh, apply_seen_on_elements, reader);
}

static int apply_seen_table(struct nl_socket *nft, enum plan_table t, struct apply_reader *reader)
{
	int r = apply_seen_dump(nft, NFT_MSG_GETSET, NFTA_SET_TABLE, plan_table_name(t),
				apply_seen_on_set, reader);

	if (r == 0)
		r = apply_seen_dump(nft, NFT_MSG_GETRULE, NFTA_RULE_TABLE, plan_table_name(t),
				    apply_seen_on_rule, reader);
	return r;
}

static int apply_seen_once(struct nl_socket *nft, const struct plan *p, struct nft_seen *seen)
{
	struct apply_reader reader = { .seen = seen };
	int r = apply_seen_dump(nft, NFT_MSG_GETTABLE, 0, NULL, apply_seen_on_table, &reader);

	if (r == 0)
		r = apply_seen_dump(nft, NFT_MSG_GETCHAIN, 0, NULL, apply_seen_on_chain, &reader);
	for (int t = 0; r == 0 && t < PLAN_TABLE_COUNT; t++)
		if (seen->tables[t].exists)
			r = apply_seen_table(nft, (enum plan_table)t, &reader);
	if (r < 0)
		return r;
	if (p)
		nft_judge_choose_dumps(p, seen);
	for (size_t i = 0; i < seen->n_sets; i++) {
		if (p ? !seen->sets[i].wanted : !seen->sets[i].anonymous)
			continue;
		r = apply_seen_elements(nft, &reader, &seen->sets[i]);
		if (r < 0)
			return r;
	}
	nft_decode_finish(seen);
	return 0;
}

static bool apply_seen_is_state(const struct plan *p, const struct nft_seen_set *s)
{
	for (size_t i = 0; i < p->n_sets; i++)
		if (p->sets[i]->content == PLAN_CONTENT_STATE && p->sets[i]->table == s->table &&
		    !strcmp(p->sets[i]->name, s->name))
			return true;
	return false;
}

static int apply_seen_state_once(struct nl_socket *nft, const struct plan *p, struct nft_seen *seen)
{
	struct apply_reader reader = { .seen = seen };
	int r = apply_seen_dump(nft, NFT_MSG_GETSET, NFTA_SET_TABLE,
				plan_table_name(PLAN_TABLE_EGRESS), apply_seen_on_set, &reader);

	for (size_t i = 0; r == 0 && i < seen->n_sets; i++)
		if (!seen->sets[i].anonymous && apply_seen_is_state(p, &seen->sets[i]))
			r = apply_seen_elements(nft, &reader, &seen->sets[i]);
	return r;
}

/* Until nothing was changed between the first dump and the last. */
static int apply_seen_consistent(struct nl_socket *nft, const struct plan *p, struct arena *a,
				 int (*once)(struct nl_socket *nft, const struct plan *p,
					     struct nft_seen *seen),
				 struct nft_seen *ret)
{
	for (int i = 0; i < APPLY_SEEN_TRIES; i++) {
		struct nft_seen seen = { .arena = a };
		uint32_t after = 0;
		int r = apply_seen_generation(nft, &seen.generation);

		if (r < 0)
			return r;
		r = once(nft, p, &seen);
		/* something was deleted between two dumps */
		if (r == -ENOENT || r == -EINTR)
			continue;
		if (r == 0)
			r = apply_seen_generation(nft, &after);
		if (r < 0)
			return r;
		if (after != seen.generation)
			continue;
		*ret = seen;
		return 0;
	}
	return -EAGAIN;
}

int apply_seen_read(struct nl_socket *nft, const struct plan *p, struct arena *a,
		    struct nft_seen *ret)
{
	return apply_seen_consistent(nft, p, a, apply_seen_once, ret);
}

int apply_seen_state(struct nl_socket *nft, const struct plan *p, struct arena *a,
		     struct nft_seen *ret)
{
	return apply_seen_consistent(nft, p, a, apply_seen_state_once, ret);
}
