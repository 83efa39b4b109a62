/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/plan_ip.h"

#include "base/arena.h"
#include "model/plan_build.h"

/* Offsets of ip rule priorities from policy->rule_priority. */
enum {
	PRIORITY_LOCAL = 0,
	PRIORITY_LINK = 10,
	PRIORITY_GROUP = 20, /* + depth of the on_down chain */
	PRIORITY_BLOCK = 40, /* or after the deepest chain */
	/*
	 * After PRIORITY_BLOCK. No other rule knows these marks, so where they stand
	 * does not matter to probes; but other packets need not walk them.
	 */
	PRIORITY_PROBE = 5,
	PRIORITY_PROBE_ONLY = 6,
};

struct pass {
	struct plan_build *b;
	size_t cap;
};

static struct plan_ip_rule *add_ip_rule(struct pass *s, uint32_t priority, uint32_t fwmark,
					const char *comment)
{
	struct plan *plan = s->b->plan;
	struct plan_ip_rule *r = ARENA_PUSH(s->b->arena, plan->ip_rules, plan->n_ip_rules, s->cap);

	r->priority = s->b->policy->rule_priority + priority;
	r->families[INET4] = r->families[INET6] = true;
	r->fwmark = fwmark;
	r->fwmask = plan->mark_mask;
	r->suppress_prefixlength = -1;
	r->comment = comment;
	return r;
}

static struct plan_ip_rule *add_local_rule(struct pass *s, const struct inet_prefix *to)
{
	struct plan_ip_rule *r =
		add_ip_rule(s, PRIORITY_LOCAL, 0,
			    to ? "a local network: as main routing has it"
			       : "what main routing knows better than by a default route");

	r->table = 254; /* RT_TABLE_MAIN */
	r->suppress_prefixlength = 1; /* neither a default nor OpenVPN's two halves */
	if (!to) {
		r->invert = true;
	} else {
		/*
		 * `not` would turn the destination round as well, and "any mark of ours" cannot be
		 * said without it. Unmarked packets to a local network meet main a little earlier.
		 */
		r->fwmask = 0;
		r->has_to = true;
		r->to = *to;
		r->families[INET4] = to->family == INET4;
		r->families[INET6] = to->family == INET6;
	}
	return r;
}

static void build_local_rules(struct pass *s)
{
	const struct policy *p = s->b->policy;
	const struct inet_prefix linklocal = { .addr = { { 0xfe, 0x80 } },
					       .family = INET6,
					       .len = 10 };

	if (!p->n_local_networks) {
		add_local_rule(s, NULL);
		return;
	}
	for (size_t i = 0; i < p->n_local_networks; i++) {
		const struct policy_range *n = &p->local_networks[i];
		struct inet_prefix to = { .addr = n->range.lo, .family = n->family };
		unsigned len = 0;

		inet_range_is_prefix(&n->range, n->family, &len);
		to.len = (uint8_t)len;
		add_local_rule(s, &to);
	}
	add_local_rule(s, &linklocal);
}

static bool mark_seen(const struct plan *plan, size_t from, uint32_t priority, uint32_t mark)
{
	for (size_t i = from; i < plan->n_ip_rules; i++)
		if (plan->ip_rules[i].priority == priority && plan->ip_rules[i].fwmark == mark)
			return true;
	return false;
}

static void add_lookup(struct pass *s, uint32_t priority, uint32_t mark, uint32_t table,
		       const char *comment)
{
	add_ip_rule(s, priority, mark, comment)->table = table;
}

/* Every mark of a target at one priority: undecided, and on each link. */
static void add_target_lookups(struct pass *s, const struct plan_target *t, uint32_t priority,
			       uint32_t table)
{
	const char *comment = arena_printf(s->b->arena, "target %s", t->name);

	add_lookup(s, priority, t->mark, table, comment);
	for (size_t i = 0; i < t->n_candidates; i++)
		if (t->candidates[i].mark != t->mark)
			add_lookup(s, priority, t->candidates[i].mark, table, comment);
}

static void build_link_rules(struct pass *s)
{
	const struct plan *plan = s->b->plan;
	uint32_t priority = s->b->policy->rule_priority + PRIORITY_LINK;

	for (size_t i = 0; i < plan->n_targets; i++)
		for (size_t c = 0; c < plan->targets[i].n_candidates; c++) {
			const struct plan_candidate *cand = &plan->targets[i].candidates[c];
			const struct plan_link *l = &plan->links[cand->link];

			if (mark_seen(plan, 0, priority, cand->mark))
				continue;
			add_lookup(s, PRIORITY_LINK, cand->mark, l->table,
				   arena_printf(s->b->arena, "%s on link %s", plan->targets[i].name,
						l->name));
		}
}

/* A probe never leaves by another link. */
static void build_probe_rules(struct pass *s, uint32_t after)
{
	const struct plan *plan = s->b->plan;

	for (size_t i = 0; i < plan->n_links; i++) {
		const struct plan_link *l = &plan->links[i];

		if (!l->probe_mark)
			continue;
		add_lookup(s, after + PRIORITY_PROBE, l->probe_mark, l->table,
			   arena_printf(s->b->arena, "link %s and no other: its probes", l->name));
		add_lookup(s, after + PRIORITY_PROBE_ONLY, l->probe_mark, 0,
			   arena_printf(s->b->arena, "link %s and no other", l->name));
		plan->ip_rules[plan->n_ip_rules - 1].action = PLAN_IP_UNREACHABLE;
	}
}

static void build_target_rules(struct pass *s)
{
	const struct plan *plan = s->b->plan;
	uint32_t deepest = PRIORITY_BLOCK - PRIORITY_GROUP;

	for (size_t i = 0; i < plan->n_targets; i++) {
		const struct plan_target *t = &plan->targets[i];

		for (size_t d = 0; d < t->n_tables; d++)
			add_target_lookups(s, t, PRIORITY_GROUP + (uint32_t)d, t->tables[d]);
		if (t->n_tables > deepest)
			deepest = (uint32_t)t->n_tables;
	}
	for (size_t i = 0; i < plan->n_targets; i++) {
		const struct plan_target *t = &plan->targets[i];
		size_t first = plan->n_ip_rules;

		if (t->last != PLAN_LAST_BLOCK)
			continue;
		add_target_lookups(s, t, PRIORITY_GROUP + deepest, 0);
		for (; first < plan->n_ip_rules; first++)
			plan->ip_rules[first].action = PLAN_IP_UNREACHABLE;
	}
	build_probe_rules(s, PRIORITY_GROUP + deepest);
}

/* By priority, keeping policy order within one. There are few distinct priorities. */
static void sort_ip_rules(struct plan_build *b)
{
	struct plan *plan = b->plan;
	struct plan_ip_rule *sorted =
		arena_calloc(b->arena, plan->n_ip_rules, sizeof(*plan->ip_rules));
	size_t n = 0;
	uint32_t at = 0;

	while (n < plan->n_ip_rules) {
		uint32_t next = UINT32_MAX;

		for (size_t i = 0; i < plan->n_ip_rules; i++)
			if (plan->ip_rules[i].priority >= at && plan->ip_rules[i].priority < next)
				next = plan->ip_rules[i].priority;
		for (size_t i = 0; i < plan->n_ip_rules; i++)
			if (plan->ip_rules[i].priority == next)
				sorted[n++] = plan->ip_rules[i];
		at = next + 1;
	}
	plan->ip_rules = sorted;
}

void plan_ip_build(struct plan_build *b)
{
	struct pass s = { .b = b };

	build_local_rules(&s);
	build_link_rules(&s);
	build_target_rules(&s);
	sort_ip_rules(b);
}
