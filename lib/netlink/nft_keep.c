/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nft_keep.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

static int nft_keep_cmp(const void *pa, const void *pb)
{
	const struct plan_element *a = pa, *b = pb;

	if (a->mark != b->mark)
		return a->mark < b->mark ? -1 : 1;
	return (a->nfproto > b->nfproto) - (a->nfproto < b->nfproto);
}

static bool nft_keep_is(const struct plan_chain *c, const char *name)
{
	return c && !strcmp(c->name, name);
}

/* A chain that may stand for packets or flows of this mark; NULL: none of that name. */
static const struct plan_chain *nft_keep_chain(const struct plan *p, uint32_t mark,
					       const char *name)
{
	if (nft_keep_is(p->to_main, name))
		return p->to_main;
	for (size_t i = 0; i < p->n_targets; i++) {
		const struct plan_target *t = &p->targets[i];
		bool ours = t->mark == mark;

		for (size_t k = 0; k < t->n_candidates; k++)
			ours |= t->candidates[k].mark == mark;
		if (!ours)
			continue;
		if (nft_keep_is(t->routes, name))
			return t->routes;
		for (size_t k = 0; k < t->n_candidates; k++)
			if (nft_keep_is(t->candidates[k].to, name))
				return t->candidates[k].to;
	}
	return NULL;
}

static bool nft_keep_is_target(const struct plan *p, uint32_t mark)
{
	for (size_t i = 0; i < p->n_targets; i++)
		if (p->targets[i].mark == mark && !p->targets[i].is_block)
			return true;
	return false;
}

/* False: no element of a state map. */
static bool nft_keep_read(const struct plan *p, const struct nft_element *e,
			  struct plan_element *ret)
{
	*ret = (struct plan_element){ 0 };
	if (e->key_len != 8 || !e->is_goto || !e->chain)
		return false;
	memcpy(&ret->mark, e->key, sizeof(ret->mark));
	ret->nfproto = e->key[4];
	ret->chain = nft_keep_chain(p, ret->mark, e->chain);
	return ret->chain;
}

static struct plan_element *nft_keep_find(struct plan_element *list, size_t n,
					  const struct plan_element *key)
{
	for (size_t i = 0; i < n; i++)
		if (!nft_keep_cmp(&list[i], key))
			return &list[i];
	return NULL;
}

/* `more`: seen keys that are not wanted stay too, if they are targets'. */
static const struct plan_element *nft_keep_merge(const struct plan *p, const struct plan_set *set,
						 const struct plan_element *wanted, size_t *n,
						 bool more, struct nft_seen *seen, struct arena *a)
{
	struct nft_seen_set *s = nft_decode_find_set(seen, set->table, set->name);
	size_t n_seen = s ? s->n_elements : 0, total = *n;
	struct plan_element *list = arena_calloc(a, total + n_seen + 1, sizeof(*list)), e;

	if (total)
		memcpy(list, wanted, total * sizeof(*list));
	for (size_t i = 0; i < n_seen; i++) {
		struct plan_element *same;

		if (!nft_keep_read(p, &s->elements[i], &e))
			continue;
		same = nft_keep_find(list, total, &e);
		if (same)
			same->chain = e.chain;
		else if (more && nft_keep_is_target(p, e.mark))
			list[total++] = e;
	}
	if (total)
		qsort(list, total, sizeof(*list), nft_keep_cmp);
	*n = total;
	return list;
}

void nft_keep_state(struct nft_wanted *w, struct nft_seen *seen, struct arena *a)
{
	const struct plan *p = w->plan;

	if (p->egress)
		w->egress = nft_keep_merge(p, p->egress, w->egress, &w->n_egress, true, seen, a);
	if (p->alive)
		w->alive = nft_keep_merge(p, p->alive, w->alive, &w->n_alive, false, seen, a);
}
