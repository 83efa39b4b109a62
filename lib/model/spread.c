/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/spread.h"

#include "model/policy.h"

#include <stdint.h>
#include <string.h>

_Static_assert(POLICY_LINKS_MAX < PLAN_SLOTS, "each link of a target gets a slot");

struct quota {
	unsigned slots;
	uint64_t rest; /* what rounding down took from it */
};

/* The one with the largest rest, the first of equals; after it has its slot it has none. */
static void give_one(struct quota *q, size_t n)
{
	size_t best = 0;

	for (size_t i = 1; i < n; i++)
		if (q[i].rest > q[best].rest)
			best = i;
	q[best].slots++;
	q[best].rest = 0;
}

static void take_one(struct quota *q, size_t n)
{
	size_t most = 0;

	for (size_t i = 1; i < n; i++)
		if (q[i].slots > q[most].slots)
			most = i;
	q[most].slots--;
}

static void share_out(const struct plan_target *t, const bool *takes_part, struct quota *ret)
{
	uint64_t weights = 0;
	unsigned given = 0;

	for (size_t i = 0; i < t->n_candidates; i++)
		weights += takes_part[i] ? t->candidates[i].weight : 0;
	for (size_t i = 0; i < t->n_candidates; i++) {
		uint64_t exact = (uint64_t)t->candidates[i].weight * PLAN_SLOTS;

		ret[i] = (struct quota){ 0 };
		if (!takes_part[i])
			continue;
		ret[i].slots = (unsigned)(exact / weights);
		ret[i].rest = exact % weights;
		if (ret[i].slots == 0)
			ret[i] = (struct quota){ .slots = 1 };
		given += ret[i].slots;
	}
	for (; given < PLAN_SLOTS; given++)
		give_one(ret, t->n_candidates);
	for (; given > PLAN_SLOTS; given--)
		take_one(ret, t->n_candidates);
}

/* Where the slots would be if the whole tier took part: what all other layouts start from. */
static void lay_out_tier(const struct plan_target *t, const bool *takes_part,
			 size_t ret_owners[PLAN_SLOTS])
{
	struct quota q[POLICY_LINKS_MAX];
	bool all[POLICY_LINKS_MAX];
	size_t first = 0, at = 0;

	while (!takes_part[first])
		first++;
	for (size_t i = 0; i < t->n_candidates; i++)
		all[i] = t->candidates[i].tier == t->candidates[first].tier;
	share_out(t, all, q);
	for (size_t i = 0; i < t->n_candidates; i++)
		for (unsigned k = 0; k < q[i].slots; k++)
			ret_owners[at++] = i;
}

void spread_build(const struct plan_target *t, const bool *takes_part,
		  size_t ret_owners[PLAN_SLOTS])
{
	struct quota q[POLICY_LINKS_MAX];
	bool moves[PLAN_SLOTS];
	size_t next = 0;

	lay_out_tier(t, takes_part, ret_owners);
	share_out(t, takes_part, q);
	for (size_t s = 0; s < PLAN_SLOTS; s++) {
		moves[s] = !q[ret_owners[s]].slots;
		if (!moves[s])
			q[ret_owners[s]].slots--;
	}
	for (size_t s = 0; s < PLAN_SLOTS; s++) {
		if (!moves[s])
			continue;
		while (!q[next].slots)
			next++;
		ret_owners[s] = next;
		q[next].slots--;
	}
}
