/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core_inherit.h"

#include "base/arena.h"
#include "daemon/core_groups.h"
#include "daemon/core_links.h"
#include "daemon/core_state.h"

#include <string.h>

#define NONE SIZE_MAX

static size_t link_named(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->n_links; i++)
		if (!strcmp(p->links[i].name, name))
			return i;
	return NONE;
}

static size_t group_named(const struct plan *p, const char *name)
{
	for (size_t i = 0; i < p->n_group_tables; i++)
		if (!strcmp(p->group_tables[i].name, name))
			return i;
	return NONE;
}

static size_t target_named(const struct plan *p, const char *name, bool is_link)
{
	for (size_t i = 0; i < p->n_targets; i++)
		if (p->targets[i].is_link == is_link && !p->targets[i].is_block &&
		    !strcmp(p->targets[i].name, name))
			return i;
	return NONE;
}

/* An index of the old plan's links in the new one; -1: none, or it is gone. */
static int same_link(const struct core *c, const struct core *old, int link)
{
	size_t i = link < 0 ? NONE : link_named(c->plan, old->plan->links[link].name);

	return i == NONE ? -1 : (int)i;
}

/* ---- links ---- */

/* Of a link that moved to another device only what was said by hand stays true. */
static void inherit_link(struct core *c, size_t i, const struct core *old)
{
	size_t was = link_named(old->plan, c->plan->links[i].name);
	struct core_link *l = &c->links[i];
	bool measured = l->measured;

	if (was == NONE || strcmp(old->plan->links[was].device, c->plan->links[i].device)) {
		/* it has to prove itself: flows must not be led to what never worked */
		for (enum inet_family f = INET4; f <= INET6; f++)
			l->health[f].proving = true;
		l->drained = was != NONE && old->links[was].drained;
		return;
	}
	*l = old->links[was];
	l->measured = measured;
}

/* ---- groups ---- */

static void inherit_members(const struct core *c, size_t group, enum inet_family f,
			    const struct core *old, size_t was)
{
	const struct plan_group_table *g = &c->plan->group_tables[group];
	const struct plan_group_table *old_g = &old->plan->group_tables[was];

	for (size_t m = 0; m < old_g->n_members; m++) {
		int link = same_link(c, old, (int)old_g->members[m].link);
		size_t member = link < 0 ? g->n_members : core_groups_member(g, (size_t)link);

		if (member < g->n_members)
			c->groups[group].family[f].members[member] =
				old->groups[was].family[f].members[m];
	}
}

static bool is_member(const struct core *c, size_t group, int link)
{
	const struct plan_group_table *g = &c->plan->group_tables[group];

	return link >= 0 && core_groups_member(g, (size_t)link) < g->n_members;
}

static void inherit_group(struct core *c, size_t i, const struct core *old)
{
	size_t was = group_named(old->plan, c->plan->group_tables[i].name);

	if (was == NONE)
		return;
	for (enum inet_family f = INET4; f <= INET6; f++) {
		const struct core_group_choice *from = &old->groups[was].family[f];
		struct core_group_choice *to = &c->groups[i].family[f];
		int link = from->kind == CORE_CHOICE_LINK ? same_link(c, old, (int)from->link) : -1;

		to->hand = same_link(c, old,
				     from->hand); /* a member or not: the decision sees to it */
		memcpy(to->reason, from->reason, sizeof(to->reason));
		inherit_members(c, i, f, old, was);
		if (is_member(c, i, link)) {
			to->kind = CORE_CHOICE_LINK;
			to->link = (size_t)link;
			to->decided = true;
		}
	}
}

/* ---- targets and their flows ---- */

static size_t candidate_of(const struct plan_target *t, int link)
{
	for (size_t k = 0; k < t->n_candidates && link >= 0; k++)
		if (t->candidates[k].link == (size_t)link)
			return k;
	return NONE;
}

static void inherit_flows(struct core *c, size_t i, enum inet_family f, const struct core *old,
			  size_t was)
{
	const struct plan_target *old_t = &old->plan->targets[was];

	for (size_t k = 0; k < old_t->n_candidates; k++) {
		int link = same_link(c, old, (int)old_t->candidates[k].link);
		size_t now = candidate_of(&c->plan->targets[i], link);
		struct core_flow *flow;

		if (now == NONE)
			continue;
		flow = &c->targets[i].flows[now][f];
		*flow = old->targets[was].flows[k][f];
		/* whether the old core's wish was fulfilled is not known: once more */
		if (flow->state == CORE_FLOWS_DELETING)
			flow->state = CORE_FLOWS_MOVING;
	}
}

static void inherit_choice(struct core *c, size_t i, enum inet_family f, const struct core *old,
			   size_t was)
{
	const struct core_target_choice *from = &old->targets[was].family[f];
	const struct plan_target *old_t = &old->plan->targets[was];
	struct core_target_choice *to = &c->targets[i].family[f];
	bool *takes_part = to->takes_part;
	size_t candidate = NONE;

	if (from->kind == CORE_CHOICE_LINK)
		candidate = candidate_of(
			&c->plan->targets[i],
			same_link(c, old, (int)old_t->candidates[from->candidate].link));
	*to = *from;
	to->takes_part = takes_part;
	to->candidate = 0;
	if (from->told)
		to->told = arena_strdup(c->arena, from->told);
	if (from->kind == CORE_CHOICE_LINK && candidate != NONE)
		to->candidate = candidate;
	else if (from->kind == CORE_CHOICE_LINK)
		to->kind =
			CORE_CHOICE_UNKNOWN; /* a link that is gone: whatever comes is a change */
}

static void inherit_target(struct core *c, size_t i, const struct core *old)
{
	const struct plan_target *t = &c->plan->targets[i];
	size_t was = t->is_block ? NONE : target_named(old->plan, t->name, t->is_link);

	if (was == NONE)
		return;
	for (enum inet_family f = INET4; f <= INET6; f++) {
		inherit_choice(c, i, f, old, was);
		inherit_flows(c, i, f, old, was);
	}
}

/* ---- all of it ---- */

static void inherit_progress(struct core *c, const struct core *old)
{
	c->generation = old->generation + 1;
	c->decide = true;
	c->started = old->started;
	c->stopping = old->stopping;
	c->stop_at_ns = old->stop_at_ns;
	c->phase = CORE_LOAD_RUNNING; /* the shell has begun it */
	c->look = true;
	c->look_at_ns = old->look_at_ns;
	c->check_at_ns = old->check_at_ns;
	c->audit_at_ns = old->audit_at_ns;
	c->repair_at_ns = old->repair_at_ns;
	c->repair_delay_ns = old->repair_delay_ns;
	c->repairs = old->repairs;
	c->repair_limit = old->repair_limit;
}

void core_inherit(struct core *c, const struct core *old)
{
	if (old->has_snapshot)
		core_links_store(c, &old->snapshot);
	for (size_t i = 0; i < c->plan->n_links; i++)
		inherit_link(c, i, old);
	for (size_t i = 0; i < c->plan->n_group_tables; i++)
		inherit_group(c, i, old);
	for (size_t i = 0; i < c->plan->n_targets; i++)
		inherit_target(c, i, old);
	if (c->has_snapshot)
		core_links_view(c);
	inherit_progress(c, old);
}
