/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nft_state_diff.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

struct nft_state_key {
	uint8_t key[NFT_KEY_MAX];
	const struct plan_element *wanted;
	const struct nft_element *seen;
};

static int nft_state_key_cmp(const void *a, const void *b)
{
	const struct nft_state_key *x = a, *y = b;

	return memcmp(x->key, y->key, sizeof(x->key));
}

static bool nft_state_same(const struct nft_state_key *k)
{
	return k->seen->is_goto && k->seen->chain && k->wanted->chain &&
	       !strcmp(k->seen->chain, k->wanted->chain->name);
}

static void nft_state_judge(const struct nft_state_key *k, struct nft_state_diff *ret)
{
	if (k->seen && k->wanted && nft_state_same(k))
		return;
	if (k->seen)
		ret->drop[ret->n_drop++] = *k->seen;
	if (k->wanted)
		ret->add[ret->n_add++] = *k->wanted;
}

void nft_state_diff_build(const struct plan_set *map, const struct plan_element *wanted, size_t n,
			  const struct nft_seen_set *seen, struct arena *a,
			  struct nft_state_diff *ret)
{
	size_t total = n + seen->n_elements;
	struct nft_state_key *k = arena_calloc(a, total + 1, sizeof(*k));

	*ret = (struct nft_state_diff){
		.add = arena_calloc(a, n + 1, sizeof(*ret->add)),
		.drop = arena_calloc(a, seen->n_elements + 1, sizeof(*ret->drop)),
	};
	for (size_t i = 0; i < n; i++) {
		nft_element_key(map, &wanted[i], k[i].key);
		k[i].wanted = &wanted[i];
	}
	for (size_t i = 0; i < seen->n_elements; i++) {
		memcpy(k[n + i].key, seen->elements[i].key, NFT_KEY_MAX);
		k[n + i].seen = &seen->elements[i];
	}
	qsort(k, total, sizeof(*k), nft_state_key_cmp);
	for (size_t i = 0; i < total; i++) {
		struct nft_state_key one = k[i];

		/* neither side has a key twice */
		if (i + 1 < total && !nft_state_key_cmp(&k[i], &k[i + 1])) {
			i++;
			one.wanted = one.wanted ? one.wanted : k[i].wanted;
			one.seen = one.seen ? one.seen : k[i].seen;
		}
		nft_state_judge(&one, ret);
	}
}
