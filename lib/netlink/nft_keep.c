/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nft_keep.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

static bool nft_keep_is(const struct plan_chain *c, const char *name)
{
	return c && !strcmp(c->name, name);
}

/* One of a target's own: a chain of a candidate, of its routes, of its last resort. */
static const struct plan_chain *nft_keep_target_chain(const struct plan *p,
						      const struct plan_target *t, const char *name)
{
	if (nft_keep_is(t->routes, name))
		return t->routes;
	if (t->last == PLAN_LAST_BLOCK && nft_keep_is(p->to_block, name))
		return p->to_block;
	for (size_t i = 0; i < t->n_candidates; i++) {
		if (nft_keep_is(t->candidates[i].to, name))
			return t->candidates[i].to;
		if (nft_keep_is(t->candidates[i].moved, name))
			return t->candidates[i].moved;
	}
	return NULL;
}

/* A chain that may stand for packets or flows of this mark; NULL: none of that name. */
static const struct plan_chain *nft_keep_chain(const struct plan *p, uint32_t mark,
					       const char *name)
{
	const struct plan_chain *chain = NULL;

	if (nft_keep_is(p->to_main, name))
		return p->to_main;
	for (size_t i = 0; i < p->n_targets && !chain; i++) {
		const struct plan_target *t = &p->targets[i];
		bool ours = t->mark == mark;

		if (ours && nft_keep_is(p->spread_flows, name))
			return p->spread_flows;
		for (size_t k = 0; k < t->n_candidates; k++)
			ours |= t->candidates[k].mark == mark;
		if (ours)
			chain = nft_keep_target_chain(p, t, name);
	}
	return chain;
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
	if ((e->key_len != 8 && e->key_len != 12) || !e->is_goto || !e->chain)
		return false;
	memcpy(&ret->mark, e->key, sizeof(ret->mark));
	ret->nfproto = e->key[4];
	if (e->key_len == 12)
		memcpy(&ret->slot, e->key + 8, sizeof(ret->slot));
	ret->chain = nft_keep_chain(p, ret->mark, e->chain);
	return ret->chain && ret->slot < PLAN_SLOTS;
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
		same = *n ? bsearch(&e, list, *n, sizeof(e), plan_element_cmp) : NULL;
		if (same)
			same->chain = e.chain;
		else if (more && nft_keep_is_target(p, e.mark))
			list[total++] = e;
	}
	if (total)
		qsort(list, total, sizeof(*list), plan_element_cmp);
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
	if (p->spread)
		w->spread = nft_keep_merge(p, p->spread, w->spread, &w->n_spread, true, seen, a);
}
