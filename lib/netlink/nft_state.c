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

/* Elements of `a` that `b` has not, or has with another verdict. */
static size_t nft_state_only_in(const struct plan_element *a, size_t n_a,
				const struct plan_element *b, size_t n_b, struct plan_element *ret)
{
	size_t n = 0;

	for (size_t i = 0, k = 0; i < n_a; i++) {
		while (k < n_b && plan_element_cmp(&b[k], &a[i]) < 0)
			k++;
		if (k < n_b && plan_element_cmp(&b[k], &a[i]) == 0 &&
		    nft_state_same_chain(&b[k], &a[i]))
			continue;
		ret[n++] = a[i];
	}
	return n;
}

static void nft_state_put(struct nft_batch *b, const struct nft_state_change *c)
{
	struct plan_element *list = memory_alloc(memory_mul(c->n_from + c->n_to, sizeof(*list)));
	size_t n = nft_state_only_in(c->from, c->n_from, c->to, c->n_to, list);

	nft_element_delete(b, c->map, c->map->name, list, n);
	n = nft_state_only_in(c->to, c->n_to, c->from, c->n_from, list);
	nft_element_add(b, c->map, c->map->name, list, n, SIZE_MAX);
	free(list);
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
