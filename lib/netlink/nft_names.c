/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nft_names.h"

#include "base/arena.h"

#include <stdint.h>
#include <stdlib.h>

struct nft_name {
	uintptr_t object;
	const char *slots[2];
	bool second;
};

struct nft_names {
	struct nft_name *list; /* slotted objects, by address */
	size_t n;
};

static int nft_names_cmp(const void *pa, const void *pb)
{
	const struct nft_name *a = pa, *b = pb;

	return a->object < b->object ? -1 : a->object > b->object;
}

static struct nft_name *nft_names_find(const struct nft_names *n, const void *object)
{
	struct nft_name key = { .object = (uintptr_t)object };

	if (n->n == 0)
		return NULL;
	return bsearch(&key, n->list, n->n, sizeof(key), nft_names_cmp);
}

static void nft_names_put(struct nft_names *n, struct arena *a, const void *object,
			  const char *name)
{
	n->list[n->n++] = (struct nft_name){
		.object = (uintptr_t)object,
		.slots = { name, arena_printf(a, "%s%s", name, PLAN_SLOT_B) },
	};
}

struct nft_names *nft_names_new(struct arena *a, const struct plan *p)
{
	struct nft_names *n = arena_alloc(a, sizeof(*n));

	n->list = arena_calloc(a, p->n_sets + p->n_chains + 1, sizeof(*n->list));
	for (size_t i = 0; i < p->n_sets; i++)
		if (p->sets[i]->life == PLAN_SLOTTED)
			nft_names_put(n, a, p->sets[i], p->sets[i]->name);
	for (size_t i = 0; i < p->n_chains; i++)
		if (p->chains[i]->life == PLAN_SLOTTED)
			nft_names_put(n, a, p->chains[i], p->chains[i]->name);
	if (n->n)
		qsort(n->list, n->n, sizeof(*n->list), nft_names_cmp);
	return n;
}

void nft_names_set_slot(struct nft_names *n, const void *object, bool second)
{
	struct nft_name *e = nft_names_find(n, object);

	if (e)
		e->second = second;
}

bool nft_names_slot(const struct nft_names *n, const void *object)
{
	const struct nft_name *e = nft_names_find(n, object);

	return e && e->second;
}

const char *nft_names_of_set(const struct nft_names *n, const struct plan_set *s)
{
	const struct nft_name *e = nft_names_find(n, s);

	return e ? e->slots[e->second] : s->name;
}

const char *nft_names_of_chain(const struct nft_names *n, const struct plan_chain *c)
{
	const struct nft_name *e = nft_names_find(n, c);

	return e ? e->slots[e->second] : c->name;
}

const char *nft_names_in_slot(const struct nft_names *n, const void *object, bool second)
{
	const struct nft_name *e = nft_names_find(n, object);

	return e ? e->slots[second] : NULL;
}
