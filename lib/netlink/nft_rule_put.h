/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules, with the anonymous sets they need, as messages of a batch. Pure. */
#pragma once

#include "model/plan.h"
#include "netlink/nft_rule.h"

struct nft_batch;

/* Where in its chain a rule goes. */
enum nft_place {
	NFT_AT_END,
	NFT_AT_START,
	NFT_BEHIND, /* the rule with the handle */
	NFT_REPLACE, /* that rule */
};

/* `name`: the chain's in its slot; also what errors name. */
void nft_rule_put(struct nft_batch *b, enum plan_table t, const char *name,
		  const struct nft_rule *r, enum nft_place place, uint64_t handle);
/* handle 0: all rules of the chain. */
void nft_rule_put_delete(struct nft_batch *b, enum plan_table t, const char *name, uint64_t handle);
