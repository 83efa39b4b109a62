/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/budget.h"

#include "base/cleanup.h"

/*
 * Counters are read every 100 ms (daemon/link_counters.c). An answer that came just before the
 * link died hides it for one reading, and another may be needed to see that it was quiet for long
 * enough.
 */
#define COUNTERS_MS 200u

#define LONGEST (UINT32_MAX - 1) /* UINT32_MAX says: never */

static uint32_t bounded(uint64_t ms)
{
	return ms > LONGEST ? LONGEST : (uint32_t)ms;
}

static uint32_t worse(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/*
 * A link dies just after it answered. The next round begins an interval later
 * and is the first that fails; the others follow by interval_failing; the last
 * one is given up after its timeout. What looks at routes is told of a change
 * at once, so its first round costs nothing.
 */
static uint32_t silent(const struct policy_probe *p)
{
	uint64_t more = (uint64_t)(p->fall - 1) * p->interval_failing_ms;

	if (p->type == POLICY_PROBE_ROUTE)
		return bounded(more + BUDGET_SWITCH_MS);
	return bounded(p->interval_ms + more + p->timeout_ms + BUDGET_SWITCH_MS);
}

/* A suspicion makes a round begin at once. The others go on: it is never later than without. */
static uint32_t suspected(const struct policy_probe *p)
{
	uint64_t rounds = (uint64_t)(p->fall - 1) * p->interval_suspect_ms + p->timeout_ms;
	uint64_t all = p->suspect_after_ms + COUNTERS_MS + rounds + BUDGET_SWITCH_MS;

	if (!p->suspect_after_ms || p->interval_suspect_ms >= p->interval_ms)
		return UINT32_MAX;
	return all < silent(p) ? bounded(all) : silent(p);
}

/* `rise` rounds, the first of which may begin an interval after the link is well again. */
static uint32_t recovered(const struct policy_probe *p, const struct policy_link *l)
{
	uint64_t rounds = 0;

	if (p && p->type == POLICY_PROBE_ROUTE)
		rounds = (uint64_t)(p->rise - 1) * p->interval_failing_ms;
	else if (p)
		rounds = (uint64_t)p->rise * p->interval_failing_ms + p->timeout_ms;
	if (rounds < l->hold_down_ms)
		rounds = l->hold_down_ms;
	return bounded(rounds + BUDGET_SWITCH_MS);
}

void budget_of_link(const struct policy *p, const struct policy_link *l, struct budget *ret)
{
	struct budget b = { .carrier_ms = BUDGET_CARRIER_MS + BUDGET_SWITCH_MS };

	for (int f = 0; f < INET_FAMILY_COUNT; f++) {
		const struct policy_probe *probe = l->probe < 0 ? NULL : &p->probes[l->probe];

		if (probe && !policy_probe_covers(probe, (enum inet_family)f))
			probe = NULL;
		b.silent_ms[f] = probe ? silent(probe) : UINT32_MAX;
		b.suspect_ms[f] = probe ? suspected(probe) : UINT32_MAX;
		b.recover_ms[f] = recovered(probe, l);
	}
	*ret = b;
}

void budget_of_group(const struct policy *p, const struct policy_group *g, struct budget *ret)
{
	struct budget b = { 0 };
	bool watches[INET_FAMILY_COUNT] = { false };

	for (size_t i = 0; i < g->n_members; i++) {
		struct budget one;

		budget_of_link(p, &p->links[g->members[i].link], &one);
		b.carrier_ms = worse(b.carrier_ms, one.carrier_ms);
		for (int f = 0; f < INET_FAMILY_COUNT; f++) {
			b.silent_ms[f] = worse(b.silent_ms[f], one.silent_ms[f]);
			watches[f] = watches[f] || one.suspect_ms[f] != UINT32_MAX;
			if (one.suspect_ms[f] > one.silent_ms[f]) /* off: no help for that one */
				one.suspect_ms[f] = one.silent_ms[f];
			b.suspect_ms[f] = worse(b.suspect_ms[f], one.suspect_ms[f]);
			b.recover_ms[f] = worse(b.recover_ms[f], one.recover_ms[f]);
		}
	}
	for (int f = 0; f < INET_FAMILY_COUNT; f++) {
		if (!watches[f])
			b.suspect_ms[f] = UINT32_MAX;
		if (g->mode == POLICY_GROUP_FAILOVER && g->failback == POLICY_FAILBACK_DELAYED)
			b.recover_ms[f] = bounded((uint64_t)b.recover_ms[f] + g->failback_delay_ms);
		if (g->mode == POLICY_GROUP_FAILOVER && g->failback == POLICY_FAILBACK_NEVER)
			b.recover_ms[f] = UINT32_MAX;
	}
	*ret = b;
}
