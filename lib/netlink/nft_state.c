/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nft_state.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "netlink/nft_batch.h"
#include "netlink/nft_element.h"

#include <errno.h>
#include <string.h>

static bool nft_state_same_chain(const struct plan_element *a, const struct plan_element *b)
{
	return a->chain == b->chain ||
	       (a->chain && b->chain && !strcmp(a->chain->name, b->chain->name));
}

/* Elements picked out of a sorted list: few of many, so it grows as needed. */
struct nft_state_list {
	struct plan_element *e;
	size_t n, cap;
};

static void nft_state_push(struct nft_state_list *l, const struct plan_element *e)
{
	if (l->n == l->cap) {
		l->cap = 2 * l->cap + 32;
		l->e = memory_realloc(l->e, memory_mul(l->cap, sizeof(*l->e)));
	}
	l->e[l->n++] = *e;
}

static void nft_state_put(struct nft_batch *b, const struct nft_state_change *c)
{
	struct nft_state_list drop = { 0 }, add = { 0 };
	const struct plan_element *from = c->from, *to = c->to;
	const struct plan_element *from_end = from + c->n_from, *to_end = to + c->n_to;

	while (from < from_end || to < to_end) {
		int k = from == from_end ? 1 : to == to_end ? -1 : plan_element_cmp(from, to);

		if (k != 0 || !nft_state_same_chain(from, to)) {
			if (k <= 0)
				nft_state_push(&drop, from);
			if (k >= 0)
				nft_state_push(&add, to);
		}
		from += k <= 0;
		to += k >= 0;
	}
	if (drop.n)
		nft_element_delete(b, c->map, c->map->name, drop.e, drop.n);
	if (add.n)
		nft_element_add(b, c->map, c->map->name, add.e, add.n, SIZE_MAX);
	free(drop.e);
	free(add.e);
}

ssize_t nft_state_encode(const struct nft_state_change *changes, size_t n, unsigned seq, void *buf,
			 size_t size, uint32_t *ret_ack_seq)
{
	_cleanup_(nft_batch_freep) struct nft_batch *b = nft_batch_new();
	const void *bytes;
	size_t len;

	nft_batch_begin(b, seq, 0);
	for (size_t i = 0; i < n; i++)
		nft_state_put(b, &changes[i]);
	if (nft_batch_is_empty(b))
		return 0;
	bytes = nft_batch_end(b, &len, ret_ack_seq);
	if (len > size)
		return -EMSGSIZE;
	memcpy(buf, bytes, len);
	return (ssize_t)len;
}
