/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First half of nft_diff.h: who is who. Finds for each object of the plan the
 * one that lives in the kernel and decides what becomes of it, chooses the
 * slots of what is made new, and says for each object of the kernel whether it
 * may stay. Pure.
 */
#pragma once

#include "netlink/nft_diff.h"

enum nft_fate {
	NFT_FATE_NEW,
	NFT_FATE_STAYS,
	NFT_FATE_AGAIN, /* deleted and made again under the same name, in one transaction */
};

struct nft_chain_plan {
	const struct plan_chain *chain;
	struct nft_rule *rules; /* wanted */
	struct nft_seen_chain *live; /* NULL: none */
	enum nft_fate fate;
};

struct nft_set_plan {
	const struct plan_set *set;
	struct nft_seen_set *live;
	enum nft_fate fate;
};

/* Who an object of the kernel is for the plan. */
enum nft_role {
	NFT_ROLE_FOREIGN, /* an older policy's or another's */
	NFT_ROLE_KEPT, /* live and staying */
	NFT_ROLE_BEFORE, /* live until the other slot takes over */
	NFT_ROLE_STALE, /* in a slot, but nothing live uses it: a load that never ended */
};

struct nft_judgement {
	struct nft_names *names;
	struct nft_chain_plan *chains; /* as plan->chains */
	struct nft_set_plan *sets; /* as plan->sets */
	enum nft_role *chain_roles; /* as seen->chains */
	enum nft_role *set_roles; /* as seen->sets */
	bool learnt_again; /* a set of omr_bypass is made again: the classifier too */
	bool any_again;
};

/* Says (in `wanted`) which sets' elements must be dumped before nft_judge(): never big ones. */
void nft_judge_choose_dumps(const struct plan *p, struct nft_seen *seen);

/* 0, or a resolver's -errno with *ret_failed set. */
int nft_judge(const struct nft_wanted *w, struct nft_seen *seen, struct arena *a,
	      struct nft_judgement *ret, const char **ret_failed);

/* Whether the elements of this set are compared one by one. */
bool nft_judge_by_element(const struct plan_set *s);
bool nft_judge_same_type(const struct plan_set *s, const struct nft_seen_set *seen);
