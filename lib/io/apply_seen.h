/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads our two tables back from the kernel: one consistent generation. */
#pragma once

#include "netlink/nft_decode.h"

struct nl_socket;

/* p NULL: no elements are read but those of anonymous sets. */
int apply_seen_read(struct nl_socket *nft, const struct plan *p, struct arena *a,
		    struct nft_seen *ret);
int apply_seen_generation(struct nl_socket *nft, uint32_t *ret);
/* Only the link-state maps, with their elements; what is missing is simply not there. */
int apply_seen_state(struct nl_socket *nft, const struct plan *p, struct arena *a,
		     struct nft_seen *ret);
