/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel's dumps say about our two tables. Pure: takes messages one
 * by one, checks every length, ignores what belongs to other tables. Strings
 * and arrays live in the arena of the observation.
 */
#pragma once

#include "model/plan.h"
#include "netlink/nft_element.h"
#include "netlink/nft_object.h"
#include "netlink/nft_rule.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct nlmsghdr;

struct nft_seen_table {
	bool exists;
	uint32_t flags;
	const char *comment;
};

struct nft_seen_chain {
	enum plan_table table;
	const char *name;
	struct nft_chain_info info;
	bool drops; /* policy drop */
	uint32_t use; /* its rules, and the rules and elements that lead to it */
	struct nft_rule *rules;
	size_t n_rules, cap_rules;
};

struct nft_seen_set {
	enum plan_table table;
	const char *name;
	struct nft_set_info info;
	bool anonymous;
	bool other_data; /* maps to something that is no verdict */
	bool host_order;
	bool has_count; /* NFTA_SET_COUNT, Linux 6.16 */
	uint32_t count;
	bool wanted; /* its elements are to be dumped */
	struct nft_element *elements; /* when dumped */
	size_t n_elements, cap_elements;
};

struct nft_seen {
	struct arena *arena;
	uint32_t generation;
	struct nft_seen_table tables[PLAN_TABLE_COUNT];
	struct nft_seen_chain *chains;
	size_t n_chains, cap_chains;
	struct nft_seen_set *sets;
	size_t n_sets, cap_sets;
	size_t last_chain, last_set; /* found last */
};

/* 0: taken or not ours; -EBADMSG: not what the kernel sends. */
int nft_decode_generation(const struct nlmsghdr *nlh, struct nft_seen *s);
int nft_decode_table(const struct nlmsghdr *nlh, struct nft_seen *s);
int nft_decode_chain(const struct nlmsghdr *nlh, struct nft_seen *s);
int nft_decode_set(const struct nlmsghdr *nlh, struct nft_seen *s);
int nft_decode_rule(const struct nlmsghdr *nlh, struct nft_seen *s); /* after the chains */
int nft_decode_elements(const struct nlmsghdr *nlh, struct arena *a, struct nft_seen_set *set);

/* After everything: puts the content of anonymous sets into the lookups that use them. */
void nft_decode_finish(struct nft_seen *s);

struct nft_seen_chain *nft_decode_find_chain(struct nft_seen *s, enum plan_table t,
					     const char *name);
struct nft_seen_set *nft_decode_find_set(struct nft_seen *s, enum plan_table t, const char *name);
