/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rules of one chain, old against new: the longest common run of rules
 * stays, with its counters; what is between is deleted and added. Pure.
 */
#pragma once

#include "netlink/nft_rule.h"
#include "netlink/nft_rule_put.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

enum nft_edit_kind {
	NFT_EDIT_DELETE,
	NFT_EDIT_ADD,
	NFT_EDIT_REPLACE, /* same work, other comment: counts are carried over */
};

struct nft_edit {
	enum nft_edit_kind kind;
	const struct nft_rule *rule; /* to add */
	enum nft_place place;
	uint64_t handle; /* to delete or replace, or to add behind */
};

/* A reported rule that may not stay although it looks the same. NULL: all may. */
typedef bool (*nft_edit_veto)(const struct nft_rule *seen, const void *data);

/* Edits in an order that works inside one transaction: deletions, additions, replacements. */
struct nft_edit *nft_diff_rules(const struct nft_rule *seen, size_t n_seen,
				const struct nft_rule *wanted, size_t n_wanted, nft_edit_veto veto,
				const void *data, struct arena *a, size_t *ret_n);
