/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elements of sets as messages of a batch, written straight from the plan's
 * array: there may be a million of them. Pure. Added exclusively: without
 * NLM_F_EXCL the kernel takes an interval that shares its end with another and
 * the set is corrupt from then on.
 */
#pragma once

#include "model/plan.h"
#include "netlink/nft_rule.h"

#include <stddef.h>
#include <stdint.h>

struct nft_batch;

/*
 * As many messages as the elements need, up to about max_bytes of batch;
 * returns how many elements were taken. `name`: the set's name in its slot.
 */
size_t nft_element_add(struct nft_batch *b, const struct plan_set *s, const char *name,
		       const struct plan_element *e, size_t n, size_t max_bytes);
void nft_element_delete(struct nft_batch *b, const struct plan_set *s, const char *name,
			const struct plan_element *e, size_t n);

/* An element as the kernel reported it. */
struct nft_element {
	uint8_t key[NFT_KEY_MAX];
	uint32_t key_len;
	bool end;
	uint64_t timeout_ms, expires_ms; /* 0: none */
	bool is_goto;
	const char *chain; /* of its verdict; NULL: none */
};

/* Puts learnt elements into a set that is made again; each keeps the time it has left. */
void nft_element_add_learnt(struct nft_batch *b, const struct plan_set *s, const char *name,
			    const struct nft_element *e, size_t n);
/* By the key reported: also what no plan could have put there. */
void nft_element_delete_reported(struct nft_batch *b, const struct plan_set *s, const char *name,
				 const struct nft_element *e, size_t n);
/* The key as plan elements have it in the kernel; returns its length. */
uint32_t nft_element_key(const struct plan_set *s, const struct plan_element *e,
			 uint8_t ret_key[NFT_KEY_MAX]);
