/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must be true of the kernel of sim.h and of the core in the end, reckoned
 * from the devices as they are and from what the core tells others.
 */
#pragma once

#include "test/unit/core/sim.h"

static inline enum link_use sim_use(const struct sim *s, size_t link, enum inet_family f)
{
	struct core_link_info i;

	core_link_info(s->core, link, f, s->now_ns, &i);
	return link_state_use(i.state);
}

/* What is physically so is what the core says is so. */
static inline bool sim_links_are_right(struct sim *s, const struct link_view *views)
{
	for (size_t i = 0; i < s->plan->n_links; i++)
		for (enum inet_family f = INET4; f <= INET6; f++) {
			enum link_reason r = link_view_usable(&views[i], f);
			struct link_facts facts = { .physical = r };
			struct core_link_info info;

			core_link_info(s->core, i, f, s->now_ns, &info);
			if (r != LINK_OK ? info.state != link_state_of(&facts)
					 : link_state_is_physical(info.state))
				return false;
			if (r == LINK_OK &&
			    core_link_drained(s->core, i) != (info.state == LINK_STATE_DRAINED))
				return false;
		}
	return true;
}

/* The best use among the links of a tier. */
static inline enum link_use sim_best(const struct sim *s, const struct plan_target *t, size_t tier,
				     enum inet_family f)
{
	const struct plan_group_table *g;
	enum link_use best = LINK_USE_NO;

	if (t->tier_groups[tier] < 0)
		return sim_use(s, t->candidates[0].link, f);
	g = &s->plan->group_tables[t->tier_groups[tier]];
	for (size_t m = 0; m < g->n_members; m++)
		if (sim_use(s, g->members[m].link, f) < best)
			best = sim_use(s, g->members[m].link, f);
	return best;
}

/* No link is used while a better one of its tier, or an earlier tier, is not (but by hand). */
static inline bool sim_choice_is_right(struct sim *s, size_t target, enum inet_family f)
{
	const struct plan_target *t = &s->plan->targets[target];
	struct core_choice c;
	size_t tier = 0;

	core_target_choice(s->core, target, f, &c);
	while (tier < t->n_tiers && sim_best(s, t, tier, f) == LINK_USE_NO)
		tier++;
	if (tier == t->n_tiers)
		return c.kind ==
		       (t->last == PLAN_LAST_BLOCK ? CORE_CHOICE_BLOCK : CORE_CHOICE_MAIN);
	if (c.kind == CORE_CHOICE_BALANCE)
		return sim_best(s, t, tier, f) == LINK_USE_YES;
	return c.kind == CORE_CHOICE_LINK && (sim_use(s, c.link, f) == sim_best(s, t, tier, f) ||
					      (c.by_hand && sim_use(s, c.link, f) != LINK_USE_NO));
}

/* Flows of a link that lives stay, unless their target has left it; those of a dead one have moved. */
static inline bool sim_flows_are_right(struct sim *s, size_t target, size_t k, enum inet_family f)
{
	const struct plan_target *t = &s->plan->targets[target];
	enum desired_flows flows = s->core->targets[target].desired_flows[k][f];
	enum link_state state;
	struct core_link_info info;
	struct core_choice c;

	core_link_info(s->core, t->candidates[k].link, f, s->now_ns, &info);
	core_target_choice(s->core, target, f, &c);
	state = info.state;
	if (c.kind == CORE_CHOICE_LINK && c.link == t->candidates[k].link)
		return flows == DESIRED_FLOWS_STAY;
	if (link_state_is_physical(state) || state == LINK_STATE_PROBE_FAILED)
		return flows == DESIRED_FLOWS_MOVED ||
		       (c.kind == CORE_CHOICE_BLOCK && flows == DESIRED_FLOWS_MOVING);
	if (state == LINK_STATE_DRAINED)
		return flows == DESIRED_FLOWS_STAY;
	return flows != DESIRED_FLOWS_MOVING;
}

static inline bool sim_takes_part(struct sim *s, const struct plan_target *t, size_t k,
				  enum inet_family f)
{
	size_t tier = 0;

	while (sim_best(s, t, tier, f) == LINK_USE_NO)
		tier++;
	return t->candidates[k].tier == tier &&
	       sim_use(s, t->candidates[k].link, f) == LINK_USE_YES;
}

static inline struct desired_choice sim_desired_choice(struct sim *s, size_t target,
						       enum inet_family f, struct arena *a)
{
	const struct plan_target *t = &s->plan->targets[target];
	bool *takes_part = arena_calloc(a, t->n_candidates, sizeof(*takes_part));
	struct desired_choice d = { .takes_part = takes_part };
	struct core_choice c;

	core_target_choice(s->core, target, f, &c);
	switch (c.kind) {
	case CORE_CHOICE_LINK:
		d.kind = DESIRED_CHOICE_LINK;
		while (t->candidates[d.candidate].link != c.link)
			d.candidate++;
		break;
	case CORE_CHOICE_BALANCE:
		d.kind = DESIRED_CHOICE_SPREAD;
		for (size_t k = 0; k < t->n_candidates; k++)
			takes_part[k] = sim_takes_part(s, t, k, f);
		break;
	case CORE_CHOICE_UNKNOWN:
	case CORE_CHOICE_MAIN:
	case CORE_CHOICE_BLOCK:
		d.kind = DESIRED_CHOICE_LAST;
		break;
	}
	return d;
}

/* What the kernel should have now. */
static inline struct desired sim_right(struct sim *s, const struct link_view *views,
				       struct arena *a)
{
	const struct plan *p = s->plan;
	struct desired_link(*links)[INET_FAMILY_COUNT] =
		arena_calloc(a, p->n_links, sizeof(*links));
	struct desired_choice(*choices)[INET_FAMILY_COUNT] =
		arena_calloc(a, p->n_targets, sizeof(*choices));
	const enum desired_flows(**flows)[INET_FAMILY_COUNT] =
		arena_calloc(a, p->n_targets, sizeof(*flows));
	struct desired_inputs in = {
		.views = views,
		.links = (const struct desired_link(*)[INET_FAMILY_COUNT])links,
		.choices = (const struct desired_choice(*)[INET_FAMILY_COUNT])choices,
		.flows = (const enum desired_flows(*const *)[INET_FAMILY_COUNT])flows,
	};
	struct desired d = { 0 };

	for (enum inet_family f = INET4; f <= INET6; f++) {
		for (size_t i = 0; i < p->n_links; i++)
			links[i][f] = (struct desired_link){
				.routed = link_view_usable(&views[i], f) == LINK_OK,
				.offered = sim_use(s, i, f) != LINK_USE_NO,
			};
		for (size_t i = 0; i < p->n_targets; i++)
			if (!p->targets[i].is_block)
				choices[i][f] = sim_desired_choice(s, i, f, a);
	}
	for (size_t i = 0; i < p->n_targets; i++)
		flows[i] = (const enum desired_flows(*)[INET_FAMILY_COUNT])s->core->targets[i]
				   .desired_flows;
	desired_build(p, &in, DESIRED_DAEMON, a, &d);
	return d;
}

static inline const char *sim_fault_of_target(struct sim *s, size_t target)
{
	for (enum inet_family f = INET4; f <= INET6; f++) {
		if (!sim_choice_is_right(s, target, f)) {
			print_message("target %s, %s\n", s->plan->targets[target].name,
				      sim_family[f]);
			return "a target leaves by the wrong link";
		}
		for (size_t k = 0; k < s->plan->targets[target].n_candidates; k++)
			if (!sim_flows_are_right(s, target, k, f))
				return "flows are where they should not be";
	}
	return NULL;
}

/* Not the core's own comparison: that is to be tested, too. */
static inline bool sim_elements_equal(const struct plan_element *a, size_t n_a,
				      const struct plan_element *b, size_t n_b)
{
	bool equal = n_a == n_b;

	for (size_t i = 0; i < n_a && equal; i++)
		equal = a[i].mark == b[i].mark && a[i].nfproto == b[i].nfproto &&
			a[i].slot == b[i].slot && a[i].chain == b[i].chain;
	return equal;
}

static inline bool sim_maps_equal(const struct desired *a, const struct desired *b)
{
	return sim_elements_equal(a->egress, a->n_egress, b->egress, b->n_egress) &&
	       sim_elements_equal(a->alive, a->n_alive, b->alive, b->n_alive) &&
	       sim_elements_equal(a->spread, a->n_spread, b->spread, b->n_spread);
}

/* Why the kernel is not as it should be; NULL: it is. */
static inline const char *sim_fault(struct sim *s)
{
	struct arena *a = arena_new();
	const char *fault = NULL;
	struct link_view *views;
	struct desired d;

	sim_views(s, a, &views);
	if (!sim_links_are_right(s, views))
		fault = "a link is not what the core says";
	for (size_t i = 0; i < s->plan->n_targets && !fault; i++)
		if (!s->plan->targets[i].is_block)
			fault = sim_fault_of_target(s, i);
	if (!fault) {
		d = sim_right(s, views, a);
		if (s->tables != s->plan)
			fault = "the tables are not the plan's";
		else if (!sim_maps_equal(&s->kernel.state, &d))
			fault = "the elements are not as they should be";
		else if (!sim_net_equal(&s->kernel.state.net, &d.net))
			fault = "rules and routes are not as they should be";
	}
	arena_free(a);
	return fault;
}

static inline bool sim_is_right(struct sim *s)
{
	const char *fault = sim_fault(s);

	if (fault)
		print_message("%s\n", fault);
	return !fault;
}
