/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One link-state map: what the kernel has against what it should have. Pure. */
#pragma once

#include "netlink/nft_decode.h"

struct nft_state_diff {
	struct plan_element *add;
	struct nft_element *drop;
	size_t n_add, n_drop;
};

/* `seen` with its elements. A verdict that differs is dropped and added. */
void nft_state_diff_build(const struct plan_set *map, const struct plan_element *wanted, size_t n,
			  const struct nft_seen_set *seen, struct arena *a,
			  struct nft_state_diff *ret);
