/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Link state that a daemon has written and that an apply beside it must not undo. Pure. */
#pragma once

#include "netlink/nft_diff.h"

/*
 * Lets the kernel's entries of egress, alive and spread stand where they make
 * sense for this plan: instead of the wanted ones for the same key, and in
 * egress and spread also where nothing is wanted. The arrays become new ones.
 */
void nft_keep_state(struct nft_wanted *w, struct nft_seen *seen, struct arena *a);
