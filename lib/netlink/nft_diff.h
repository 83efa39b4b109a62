/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what the kernel has to what a plan wants, as steps in the order in which
 * they may be taken. Pure. Steps of one transaction share its number; between
 * transactions the tables work, for every packet, as the old plan or the new
 * one says:
 *
 *   what an interrupted load left in a free slot goes;
 *   omr_bypass gets new chains and sets nothing refers to yet; big maps are
 *   loaded piece by piece; the classifier is built beside the live one;
 *   omr_egress learns what is new, beside what it knows;
 *   ONE transaction switches;
 *   what nothing uses any more goes, first in omr_bypass, then in omr_egress.
 */
#pragma once

#include "netlink/nft_decode.h"
#include "netlink/nft_expr.h"
#include "netlink/nft_rule_put.h"

struct nft_batch;
struct nft_names;

enum nft_step_kind {
	/* the order inside a transaction */
	NFT_STEP_ADD_TABLE,
	NFT_STEP_WAKE_TABLE, /* flags (dormant) taken off */
	NFT_STEP_DELETE_RULE,
	NFT_STEP_DELETE_ELEMENTS,
	NFT_STEP_DELETE_SET,
	NFT_STEP_DELETE_CHAIN,
	NFT_STEP_ADD_CHAIN,
	NFT_STEP_ADD_SET,
	NFT_STEP_ADD_ELEMENTS,
	NFT_STEP_ADD_LEARNT,
	NFT_STEP_LOAD, /* in pieces, each a transaction of its own */
	NFT_STEP_ADD_RULE,
	NFT_STEP_REPLACE_RULE,
};

enum nft_phase {
	NFT_PHASE_CLEAN_UNLINK,
	NFT_PHASE_CLEAN_UNLOAD,
	NFT_PHASE_CLEAN,
	NFT_PHASE_TABLES,
	NFT_PHASE_BYPASS,
	NFT_PHASE_LOAD,
	NFT_PHASE_BUILD,
	NFT_PHASE_EGRESS, /* from here on live packets are concerned */
	NFT_PHASE_SWITCH,
	NFT_PHASE_UNLINK,
	NFT_PHASE_UNLOAD,
	NFT_PHASE_DROP_BYPASS,
	NFT_PHASE_DROP_EGRESS,
	NFT_PHASE_END,
};

struct nft_step {
	enum nft_phase phase;
	enum nft_step_kind kind;
	unsigned transaction; /* ascending */
	enum plan_table table;
	const char *name; /* of the chain or set, in its slot */
	const struct plan_chain *chain;
	const struct plan_set *set;
	const struct plan_element *elements;
	const struct nft_element *seen; /* learnt, or to be deleted */
	size_t n;
	const struct nft_rule *rule;
	enum nft_place place;
	uint64_t handle;
};

struct nft_diff {
	struct nft_step *steps;
	size_t n_steps, cap_steps;
	struct {
		char mark; /* '+', '-', '~' */
		const char *text;
	} * lines; /* for people: what changes */
	size_t n_lines, cap_lines;
	const char *failed; /* what nft_diff_build() could not resolve */
};

struct nft_wanted {
	const struct plan *plan;
	const struct plan_element *egress, *alive, *spread; /* sorted by plan_element_cmp() */
	size_t n_egress, n_alive, n_spread;
	const struct nft_resolver *resolver;
	/* names of sets that this run has loaded whole, though nothing uses them yet */
	const char *const *loaded;
	size_t n_loaded;
};

/* 0, or a resolver's -errno with ret->failed set. */
int nft_diff_build(const struct nft_wanted *w, struct nft_seen *seen, struct arena *a,
		   struct nft_diff *ret);

/* Writes one step (not NFT_STEP_LOAD) into a batch. */
void nft_diff_put(struct nft_batch *b, const struct nft_step *s);
