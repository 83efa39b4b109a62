/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A ruleset that takes batches as the kernel does: whole or not at all, with
 * its refusals (EEXIST, ENOENT, EBUSY). What it holds is a struct nft_seen, so
 * it is its own dump. Include after cmocka.h.
 */
#pragma once

#include "base/arena.h"
#include "netlink/nft_batch.h"
#include "netlink/nft_decode.h"
#include "netlink/nft_decode_rule.h"
#include "netlink/nft_diff.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fake_nft {
	struct nft_seen seen;
	uint64_t handle;
	unsigned anonymous;
	struct {
		uint32_t id;
		const char *name;
	} ids[64];
	size_t n_ids;
};

static void fake_nft_start(struct fake_nft *f, struct arena *a)
{
	*f = (struct fake_nft){ .seen = { .arena = a, .generation = 1 } };
}

static const void *fake_nft_attr(const struct nlmsghdr *nlh, uint16_t type)
{
	const struct nlattr *a = mnl_nlmsg_get_payload_offset(nlh, sizeof(struct nfgenmsg));
	const char *end = (const char *)nlh + nlh->nlmsg_len;

	for (; mnl_attr_ok(a, (int)(end - (const char *)a)); a = mnl_attr_next(a))
		if (mnl_attr_get_type(a) == type)
			return mnl_attr_get_payload(a);
	return NULL;
}

static uint32_t fake_nft_u32(const struct nlmsghdr *nlh, uint16_t type)
{
	const void *p = fake_nft_attr(nlh, type);
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return ntohl(v);
}

static uint64_t fake_nft_u64(const struct nlmsghdr *nlh, uint16_t type)
{
	const void *p = fake_nft_attr(nlh, type);
	uint64_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

static enum plan_table fake_nft_table(const struct nlmsghdr *nlh)
{
	return strcmp(fake_nft_attr(nlh, 1), "omr_bypass") ? PLAN_TABLE_EGRESS : PLAN_TABLE_BYPASS;
}

#define FAKE_NFT_REMOVE(array, count, at)                                                          \
	memmove(&(array)[at], &(array)[(at) + 1], (--(count) - (at)) * sizeof(*(array)))

/* Rules and elements that lead to a chain. */
static uint32_t fake_nft_refs(struct fake_nft *f, enum plan_table t, const char *name)
{
	uint32_t n = 0;

	for (size_t i = 0; i < f->seen.n_chains; i++)
		for (size_t k = 0; f->seen.chains[i].table == t && k < f->seen.chains[i].n_rules;
		     k++) {
			const struct nft_rule *r = &f->seen.chains[i].rules[k];

			for (size_t x = 0; x < r->n_exprs; x++)
				n += r->exprs[x].kind == NFT_EXPR_VERDICT && r->exprs[x].name &&
				     !strcmp(r->exprs[x].name, name);
		}
	for (size_t i = 0; i < f->seen.n_sets; i++)
		for (size_t k = 0; f->seen.sets[i].table == t && k < f->seen.sets[i].n_elements;
		     k++)
			n += f->seen.sets[i].elements[k].chain &&
			     !strcmp(f->seen.sets[i].elements[k].chain, name);
	return n;
}

static bool fake_nft_set_used(struct fake_nft *f, enum plan_table t, const char *name)
{
	for (size_t i = 0; i < f->seen.n_chains; i++)
		for (size_t k = 0; f->seen.chains[i].table == t && k < f->seen.chains[i].n_rules;
		     k++)
			if (nft_rule_uses_set(&f->seen.chains[i].rules[k], name))
				return true;
	return false;
}

static int fake_nft_new_set(struct fake_nft *f, const struct nlmsghdr *nlh)
{
	struct nft_seen_set *set;

	if (nft_decode_find_set(&f->seen, fake_nft_table(nlh), fake_nft_attr(nlh, NFTA_SET_NAME)))
		return -EEXIST;
	assert_int_equal(nft_decode_set(nlh, &f->seen), 0);
	set = &f->seen.sets[f->seen.n_sets - 1];
	if (!set->anonymous)
		return 0;
	set->name = arena_printf(f->seen.arena, "__set%u", f->anonymous++);
	assert_true(f->n_ids < 64);
	f->ids[f->n_ids].id = fake_nft_u32(nlh, NFTA_SET_ID);
	f->ids[f->n_ids++].name = set->name;
	return 0;
}

static const char *fake_nft_by_id(struct fake_nft *f, uint32_t id)
{
	for (size_t i = 0; id && i < f->n_ids; i++)
		if (f->ids[i].id == id)
			return f->ids[i].name;
	return NULL;
}

static struct nft_element *fake_nft_element(struct nft_seen_set *s, const struct nft_element *e)
{
	for (size_t i = 0; i < s->n_elements; i++)
		if (!memcmp(s->elements[i].key, e->key, NFT_KEY_MAX) &&
		    s->elements[i].end == e->end)
			return &s->elements[i];
	return NULL;
}

static int fake_nft_elements(struct fake_nft *f, const struct nlmsghdr *nlh, bool add)
{
	const char *name = fake_nft_by_id(f, fake_nft_u32(nlh, NFTA_SET_ELEM_LIST_SET_ID));
	struct nft_seen_set *s, list = { 0 };

	if (!name)
		name = fake_nft_attr(nlh, NFTA_SET_ELEM_LIST_SET);
	s = nft_decode_find_set(&f->seen, fake_nft_table(nlh), name);
	if (!s)
		return -ENOENT;
	assert_int_equal(nft_decode_elements(nlh, f->seen.arena, &list), 0);
	for (size_t i = 0; i < list.n_elements; i++) {
		struct nft_element *e = fake_nft_element(s, &list.elements[i]);

		assert_int_equal(list.elements[i].key_len, s->info.key_len);
		if (add && e)
			return -EEXIST;
		if (!add && !e)
			return -ENOENT;
		if (add && list.elements[i].chain &&
		    !nft_decode_find_chain(&f->seen, s->table, list.elements[i].chain))
			return -ENOENT;
		if (add)
			*ARENA_PUSH(f->seen.arena, s->elements, s->n_elements, s->cap_elements) =
				list.elements[i];
		else
			FAKE_NFT_REMOVE(s->elements, s->n_elements, (size_t)(e - s->elements));
	}
	return 0;
}

/* What a rule names must be there; lookups by id get the set's real name. */
static int fake_nft_bind(struct fake_nft *f, enum plan_table t, struct nft_rule *r)
{
	size_t anonymous = 0;

	for (size_t i = 0; i < r->n_exprs; i++) {
		struct nft_expr *e = &r->exprs[i];

		assert_int_not_equal(e->kind, NFT_EXPR_UNKNOWN);
		if (e->kind == NFT_EXPR_VERDICT && e->name &&
		    !nft_decode_find_chain(&f->seen, t, e->name))
			return -ENOENT;
		if (e->kind != NFT_EXPR_LOOKUP && e->kind != NFT_EXPR_DYNSET)
			continue;
		if (!strcmp(e->name, "__set%d")) /* in the order in which they were made */
			e->name = f->ids[anonymous++].name;
		if (!nft_decode_find_set(&f->seen, t, e->name))
			return -ENOENT;
	}
	assert_int_equal(anonymous, f->n_ids);
	f->n_ids = 0;
	return 0;
}

static int fake_nft_new_rule(struct fake_nft *f, const struct nlmsghdr *nlh)
{
	enum plan_table t = fake_nft_table(nlh);
	struct nft_seen_chain *c =
		nft_decode_find_chain(&f->seen, t, fake_nft_attr(nlh, NFTA_RULE_CHAIN));
	uint64_t behind = fake_nft_u64(nlh, NFTA_RULE_POSITION);
	uint64_t instead = fake_nft_u64(nlh, NFTA_RULE_HANDLE);
	struct nft_rule r;
	size_t at = 0;
	int k;

	if (!c)
		return -ENOENT;
	assert_int_equal(nft_decode_rule_body(nlh, f->seen.arena, &r), 0);
	k = fake_nft_bind(f, t, &r);
	if (k < 0)
		return k;
	r.handle = ++f->handle;
	while (at < c->n_rules && c->rules[at].handle != (behind ? behind : instead))
		at++;
	if ((behind || instead) && at == c->n_rules)
		return -ENOENT;
	if (nlh->nlmsg_flags & NLM_F_REPLACE) {
		c->rules[at] = r;
		return 0;
	}
	at = behind ? at + 1 : nlh->nlmsg_flags & NLM_F_APPEND ? c->n_rules : 0;
	(void)ARENA_PUSH(f->seen.arena, c->rules, c->n_rules, c->cap_rules);
	memmove(&c->rules[at + 1], &c->rules[at], (c->n_rules - 1 - at) * sizeof(*c->rules));
	c->rules[at] = r;
	return 0;
}

static int fake_nft_delete_rule(struct fake_nft *f, const struct nlmsghdr *nlh)
{
	struct nft_seen_chain *c = nft_decode_find_chain(&f->seen, fake_nft_table(nlh),
							 fake_nft_attr(nlh, NFTA_RULE_CHAIN));
	uint64_t handle = fake_nft_u64(nlh, NFTA_RULE_HANDLE);

	if (!c)
		return -ENOENT;
	if (!handle) {
		c->n_rules = 0;
		return 0;
	}
	for (size_t i = 0; i < c->n_rules; i++)
		if (c->rules[i].handle == handle) {
			FAKE_NFT_REMOVE(c->rules, c->n_rules, i);
			return 0;
		}
	return -ENOENT;
}

static int fake_nft_delete(struct fake_nft *f, const struct nlmsghdr *nlh, bool chain)
{
	enum plan_table t = fake_nft_table(nlh);
	const char *name = fake_nft_attr(nlh, chain ? NFTA_CHAIN_NAME : NFTA_SET_NAME);
	struct nft_seen_chain *c = chain ? nft_decode_find_chain(&f->seen, t, name) : NULL;
	struct nft_seen_set *s = chain ? NULL : nft_decode_find_set(&f->seen, t, name);

	if (!c && !s)
		return -ENOENT;
	if (chain ? c->n_rules || fake_nft_refs(f, t, name) : fake_nft_set_used(f, t, name))
		return -EBUSY;
	if (chain)
		FAKE_NFT_REMOVE(f->seen.chains, f->seen.n_chains, (size_t)(c - f->seen.chains));
	else
		FAKE_NFT_REMOVE(f->seen.sets, f->seen.n_sets, (size_t)(s - f->seen.sets));
	return 0;
}

static int fake_nft_message(struct fake_nft *f, const struct nlmsghdr *nlh)
{
	switch (nlh->nlmsg_type & 0xff) {
	case NFT_MSG_NEWTABLE:
		return nft_decode_table(nlh, &f->seen);
	case NFT_MSG_NEWCHAIN:
		if (nft_decode_find_chain(&f->seen, fake_nft_table(nlh),
					  fake_nft_attr(nlh, NFTA_CHAIN_NAME)))
			return -EEXIST;
		return nft_decode_chain(nlh, &f->seen);
	case NFT_MSG_DELCHAIN:
		return fake_nft_delete(f, nlh, true);
	case NFT_MSG_NEWSET:
		return fake_nft_new_set(f, nlh);
	case NFT_MSG_DELSET:
		return fake_nft_delete(f, nlh, false);
	case NFT_MSG_NEWSETELEM:
		return fake_nft_elements(f, nlh, true);
	case NFT_MSG_DELSETELEM:
		return fake_nft_elements(f, nlh, false);
	case NFT_MSG_NEWRULE:
		return fake_nft_new_rule(f, nlh);
	case NFT_MSG_DELRULE:
		return fake_nft_delete_rule(f, nlh);
	}
	fail_msg("message type %u", nlh->nlmsg_type & 0xff);
	return -EINVAL;
}

/* Anonymous sets go with their last rule; lookups and use counts are brought up to date. */
static void fake_nft_settle(struct fake_nft *f)
{
	for (size_t i = 0; i < f->seen.n_chains; i++)
		for (size_t k = 0; k < f->seen.chains[i].n_rules; k++)
			for (size_t x = 0; x < f->seen.chains[i].rules[k].n_exprs; x++)
				f->seen.chains[i].rules[k].exprs[x].anon = NULL;
	for (size_t i = f->seen.n_sets; i-- > 0;)
		if (f->seen.sets[i].anonymous &&
		    !fake_nft_set_used(f, f->seen.sets[i].table, f->seen.sets[i].name))
			FAKE_NFT_REMOVE(f->seen.sets, f->seen.n_sets, i);
	nft_decode_finish(&f->seen);
	for (size_t i = 0; i < f->seen.n_chains; i++) {
		struct nft_seen_chain *c = &f->seen.chains[i];

		c->use = (uint32_t)c->n_rules + fake_nft_refs(f, c->table, c->name);
	}
	f->seen.generation++;
}

/* Takes a closed batch; a refusal of any message fails the test, naming the object. */
static void fake_nft_commit(struct fake_nft *f, struct nft_batch *b)
{
	uint32_t ack_seq;
	size_t len;
	const struct nlmsghdr *nlh = nft_batch_end(b, &len, &ack_seq);
	int left = (int)len;
	bool acked = false;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		int r;

		if (nlh->nlmsg_type < NLMSG_MIN_TYPE + 2)
			continue; /* begin, end */
		assert_false(acked); /* on the last change only */
		acked = nlh->nlmsg_flags & NLM_F_ACK;
		assert_int_equal(acked, nlh->nlmsg_seq == ack_seq);
		r = fake_nft_message(f, nlh);
		if (r < 0)
			fail_msg("%s: %s", nft_batch_what(b, nlh->nlmsg_seq), strerror(-r));
	}
	assert_int_equal(left, 0);
	assert_true(acked);
	fake_nft_settle(f);
}
