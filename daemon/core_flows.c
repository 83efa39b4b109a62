/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core_flows.h"

#include "base/arena.h"
#include "daemon/core_health.h"

#define MS 1000000ull

/* The group that a tier's links stand for; NULL: the link itself. */
static const struct policy_group *group_of(const struct core *c, const struct plan_target *t,
					   size_t tier)
{
	if (tier >= t->n_tiers || t->tier_groups[tier] < 0)
		return NULL;
	return &c->plan->policy->groups[t->tier_groups[tier]];
}

static bool is_chosen(const struct core_target_choice *ch, size_t candidate)
{
	switch (ch->kind) {
	case CORE_CHOICE_LINK:
		return ch->candidate == candidate;
	case CORE_CHOICE_BALANCE:
		return ch->takes_part[candidate];
	case CORE_CHOICE_UNKNOWN:
	case CORE_CHOICE_MAIN:
	case CORE_CHOICE_BLOCK:
		return false;
	}
	return false;
}

void core_flows_left(struct core *c, size_t target, enum inet_family f,
		     const struct core_target_choice *old, uint64_t now_ns)
{
	const struct core_target_choice *ch = &c->targets[target].family[f];
	const struct plan_candidate *cand;
	bool better;

	if (old->kind != CORE_CHOICE_LINK)
		return;
	cand = &c->plan->targets[target].candidates[old->candidate];
	/* not for want of something good: an earlier one is back, or it was asked for */
	better =
		ch->kind == CORE_CHOICE_LINK && (ch->candidate < old->candidate ||
						 core_health_use(c, cand->link, f) == LINK_USE_YES);
	c->targets[target].flows[old->candidate][f].left_ns = better ? now_ns : 0;
}

/* A better link is used again: when the flows on this one, which lives, follow it. CORE_NEVER */
static uint64_t follow_ns(const struct core *c, const struct plan_target *t,
			  const struct core_target_choice *ch, const struct core_flow *flow)
{
	const struct policy_group *g = group_of(c, t, ch->tier);

	if (!flow->left_ns || ch->kind != CORE_CHOICE_LINK || !g)
		return CORE_NEVER;
	switch (g->on_recover) {
	case POLICY_ON_RECOVER_NEW_FLOWS:
		return CORE_NEVER;
	case POLICY_ON_RECOVER_DRAIN:
		return flow->left_ns + g->drain_time_ms * MS;
	case POLICY_ON_RECOVER_PULL:
		return flow->left_ns;
	}
	return CORE_NEVER;
}

static bool has_to_leave(struct core *c, size_t target, size_t k, enum inet_family f,
			 uint64_t now_ns)
{
	const struct plan_target *t = &c->plan->targets[target];
	const struct core_target_choice *ch = &c->targets[target].family[f];
	const struct core_health *h = core_health_of(c, t->candidates[k].link, f);
	uint64_t at_ns;

	if (is_chosen(ch, k))
		return false;
	if (!link_state_keeps_flows(h->state))
		return true;
	if (h->state == LINK_STATE_DRAINED)
		return false;
	at_ns = follow_ns(c, t, ch, &c->targets[target].flows[k][f]);
	if (at_ns > now_ns && at_ns < c->decide_at_ns)
		c->decide_at_ns = at_ns;
	return at_ns <= now_ns;
}

static bool is_moved_as_it_is(const struct core *c, const struct plan_target *t, size_t k)
{
	const struct policy_group *g = group_of(c, t, t->candidates[k].tier);

	return g && g->on_fail == POLICY_ON_FAIL_KEEP;
}

/* A strict target that has nowhere to go keeps its flows: perhaps their link comes back. */
static bool can_be_deleted(const struct core_target_choice *ch)
{
	return ch->kind != CORE_CHOICE_BLOCK;
}

static enum desired_flows desired_of(const struct core_flow *flow)
{
	switch (flow->state) {
	case CORE_FLOWS_STAY:
		return DESIRED_FLOWS_STAY;
	case CORE_FLOWS_MOVING:
	case CORE_FLOWS_DELETING:
		return DESIRED_FLOWS_MOVING;
	case CORE_FLOWS_MOVED:
		return DESIRED_FLOWS_MOVED;
	}
	return DESIRED_FLOWS_STAY;
}

static bool refresh_one(struct core *c, size_t target, size_t k, enum inet_family f,
			uint64_t now_ns)
{
	const struct plan_target *t = &c->plan->targets[target];
	struct core_target *s = &c->targets[target];
	struct core_flow *flow = &s->flows[k][f];
	enum desired_flows was = s->desired_flows[k][f];

	if (!has_to_leave(c, target, k, f, now_ns))
		flow->state = CORE_FLOWS_STAY;
	else if (flow->state == CORE_FLOWS_STAY)
		flow->state = is_moved_as_it_is(c, t, k) ? CORE_FLOWS_MOVED : CORE_FLOWS_MOVING;
	if (flow->state == CORE_FLOWS_MOVING && can_be_deleted(&s->family[f]))
		c->flows_wait = true;
	s->desired_flows[k][f] = desired_of(flow);
	return s->desired_flows[k][f] != was;
}

bool core_flows_refresh(struct core *c, uint64_t now_ns)
{
	bool changed = false;

	c->flows_wait = false;
	for (size_t i = 0; i < c->plan->n_targets; i++)
		for (size_t k = 0; k < c->plan->targets[i].n_candidates; k++)
			for (enum inet_family f = INET4; f <= INET6; f++)
				changed = refresh_one(c, i, k, f, now_ns) || changed;
	return changed;
}

/* ---- deleting ---- */

bool core_flows_waiting(const struct core *c)
{
	return c->flows_wait;
}

/* Is any mark of the plan, but those of flows on their way from this link, covered? */
static bool covers_others(const struct core *c, size_t link, enum inet_family f, uint32_t mark,
			  uint32_t mask)
{
	for (size_t i = 0; i < c->plan->n_targets; i++) {
		const struct plan_target *t = &c->plan->targets[i];

		if (!t->is_link && (t->mark & mask) == mark)
			return true;
		for (size_t k = 0; k < t->n_candidates; k++) {
			const struct plan_candidate *cand = &t->candidates[k];
			bool going = cand->link == link &&
				     c->targets[i].flows[k][f].state == CORE_FLOWS_DELETING;

			if ((cand->mark & mask) == mark && !going)
				return true;
		}
	}
	return false;
}

static struct netstate_flows *push(struct core *c)
{
	return ARENA_PUSH(c->deleting_arena, c->deleting, c->n_deleting, c->cap_deleting);
}

static size_t count_of_link(const struct core *c, size_t link, enum inet_family f)
{
	size_t n = 0;

	for (size_t i = 0; i < c->plan->n_targets; i++)
		for (size_t k = 0; k < c->plan->targets[i].n_candidates; k++)
			n += c->plan->targets[i].candidates[k].link == link &&
			     c->targets[i].flows[k][f].state == CORE_FLOWS_DELETING;
	return n;
}

/*
 * With numbers by the formula (plan_mark.h) a link's mark is the low part of
 * all marks that flows on it can have: then one message, that is one walk of
 * conntrack, does for all of them.
 */
static bool ask_at_once(struct core *c, size_t link, enum inet_family f)
{
	uint32_t mark = c->plan->links[link].mark;
	uint32_t mask = mark < 1u << 16 ? 0xffff : 0xfffff;

	if (mark > mask || (c->plan->mark_mask & mask) != mask || count_of_link(c, link, f) < 2 ||
	    covers_others(c, link, f, mark, mask))
		return false;
	*push(c) = (struct netstate_flows){ .family = f, .mark = mark, .mask = mask };
	return true;
}

static void ask_one_by_one(struct core *c, size_t link, enum inet_family f)
{
	for (size_t i = 0; i < c->plan->n_targets; i++) {
		const struct plan_target *t = &c->plan->targets[i];

		for (size_t k = 0; k < t->n_candidates; k++)
			if (t->candidates[k].link == link &&
			    c->targets[i].flows[k][f].state == CORE_FLOWS_DELETING)
				*push(c) = (struct netstate_flows){ .family = f,
								    .mark = t->candidates[k].mark,
								    .mask = c->plan->mark_mask };
	}
}

void core_flows_ask(struct core *c, struct core_actions *ret)
{
	arena_free(c->deleting_arena);
	c->deleting_arena = arena_new();
	c->deleting = NULL;
	c->n_deleting = c->cap_deleting = 0;
	for (size_t i = 0; i < c->plan->n_targets; i++)
		for (size_t k = 0; k < c->plan->targets[i].n_candidates; k++)
			for (enum inet_family f = INET4; f <= INET6; f++) {
				struct core_flow *flow = &c->targets[i].flows[k][f];

				if (flow->state == CORE_FLOWS_MOVING &&
				    can_be_deleted(&c->targets[i].family[f]))
					flow->state = CORE_FLOWS_DELETING;
			}
	for (size_t i = 0; i < c->plan->n_links; i++)
		for (enum inet_family f = INET4; f <= INET6; f++)
			if (!ask_at_once(c, i, f))
				ask_one_by_one(c, i, f);
	ret->flows = c->deleting;
	ret->n_flows = c->n_deleting;
}

void core_flows_deleted(struct core *c)
{
	for (size_t i = 0; i < c->plan->n_targets; i++)
		for (size_t k = 0; k < c->plan->targets[i].n_candidates; k++)
			for (enum inet_family f = INET4; f <= INET6; f++) {
				struct core_flow *flow = &c->targets[i].flows[k][f];

				if (flow->state == CORE_FLOWS_DELETING)
					flow->state = CORE_FLOWS_MOVED;
			}
}
