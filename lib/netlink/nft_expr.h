/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan's rule in the kernel's instructions: the very ones nft 1.0.6 sends for
 * the text form, with the dependencies (nfproto, l4proto, iiftype) it adds and
 * hides again, so that `nft list ruleset` shows the same. Pure.
 */
#pragma once

#include "model/plan.h"
#include "netlink/nft_rule.h"

struct nft_names;

/* Finds the id of a cgroup by its path below the cgroup2 root: 0 or -errno. */
struct nft_resolver {
	int (*cgroup)(const char *path, uint64_t *ret_id, void *data);
	void *data;
};

/* 0, or the resolver's -errno; then *ret_what is the path that it did not find. */
int nft_expr_encode(const struct plan_rule *r, const struct nft_names *names,
		    const struct nft_resolver *resolver, struct arena *a, struct nft_rule *ret,
		    const char **ret_what);
