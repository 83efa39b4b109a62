/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core.h"

#include "base/arena.h"
#include "daemon/core_apply.h"
#include "daemon/core_flows.h"
#include "daemon/core_groups.h"
#include "daemon/core_health.h"
#include "daemon/core_inherit.h"
#include "daemon/core_lines.h"
#include "daemon/core_links.h"
#include "daemon/core_load.h"
#include "daemon/core_state.h"
#include "daemon/core_targets.h"

#include <errno.h>
#include <stdlib.h>

static void new_groups(struct core *c)
{
	const struct plan *p = c->plan;

	c->groups = arena_calloc(c->arena, p->n_group_tables, sizeof(*c->groups));
	for (size_t i = 0; i < p->n_group_tables; i++) {
		const struct plan_group_table *g = &p->group_tables[i];

		for (enum inet_family f = INET4; f <= INET6; f++) {
			struct core_group_choice *ch = &c->groups[i].family[f];

			ch->hand = ch->next_link = -1;
			ch->takes_part = arena_calloc(c->arena, g->n_members, sizeof(bool));
			ch->members = arena_calloc(c->arena, g->n_members, sizeof(*ch->members));
		}
		for (size_t m = 0; m < g->n_members && g->mode == POLICY_GROUP_QUALITY; m++)
			c->links[g->members[m].link].measured = true;
	}
}

struct core *core_new(const struct plan *plan)
{
	struct arena *a = arena_new();
	struct core *c = arena_alloc(a, sizeof(*c));

	c->arena = a;
	c->plan = plan;
	c->decide_at_ns = CORE_NEVER;
	c->views = arena_calloc(a, plan->n_links, sizeof(*c->views));
	c->other_views = arena_calloc(a, plan->n_links, sizeof(*c->other_views));
	c->links = arena_calloc(a, plan->n_links, sizeof(*c->links));
	for (size_t i = 0; i < plan->n_links; i++)
		for (enum inet_family f = INET4; f <= INET6; f++)
			c->links[i].health[f].stats =
				(struct probe_stats){ .rtt_ms = -1, .jitter_ms = -1 };
	new_groups(c);
	core_targets_new(c);
	return c;
}

struct core *core_free(struct core *c)
{
	if (!c)
		return NULL;
	core_lines_reset(c);
	arena_free(c->snapshot_arena);
	arena_free(c->deleting_arena);
	arena_free(c->wanted.arena);
	arena_free(c->has.arena);
	arena_free(c->asked.arena);
	arena_free(c->arena);
	return NULL;
}

void core_freep(struct core **c)
{
	*c = core_free(*c);
}

void core_adopt(struct core *c, const struct core *old)
{
	core_inherit(c, old);
}

/* ---- events ---- */

/* From the links up to what the kernel should have. `views`: they may have changed. */
static void refresh(struct core *c, bool views, uint64_t now_ns)
{
	bool changed = views && core_links_view(c);

	c->decide = false;
	c->decide_at_ns = CORE_NEVER;
	changed = core_health_refresh(c, now_ns) || changed;
	changed = core_groups_refresh(c, now_ns) || changed;
	changed = core_targets_refresh(c, now_ns) || changed;
	changed = core_flows_refresh(c, now_ns) || changed;
	if (changed || !c->wanted.arena)
		core_targets_build(c);
	if (changed || views)
		core_apply_compare(c);
}

static void take_news(struct core *c, enum core_links_news news, uint64_t now_ns)
{
	switch (news) {
	case CORE_LINKS_NOTHING:
		return;
	case CORE_LINKS_WORSE:
		refresh(c, true, now_ns);
		core_apply_want_look(c);
		return;
	case CORE_LINKS_LOOK:
		core_apply_want_look(c);
		return;
	}
}

static int answer(struct core *c, const struct core_event *e, uint64_t now_ns)
{
	int r = core_apply_answer(c, e, now_ns);

	if (r < 0)
		return r;
	if (e->type == CORE_EVENT_OBSERVED) {
		core_links_store(c, e->observed);
		refresh(c, true, now_ns);
	} else if (e->type == CORE_EVENT_FLOWS_DELETED) {
		c->decide = true;
	}
	return 0;
}

static void by_hand(struct core *c, const struct core_event *e)
{
	if (e->type == CORE_EVENT_DRAIN) {
		if (e->drain.link >= c->plan->n_links)
			return;
		core_health_drain(c, e->drain.link, e->drain.on);
	} else {
		if (e->choose.group >= c->plan->n_group_tables ||
		    e->choose.link >= (int)c->plan->n_links)
			return;
		core_groups_switch(c, e->choose.group, e->choose.link);
	}
	c->decide = true;
}

static int take_event(struct core *c, const struct core_event *e, uint64_t now_ns)
{
	switch (e->type) {
	case CORE_EVENT_START:
		core_apply_start(c, now_ns);
		return 0;
	case CORE_EVENT_OBSERVED:
	case CORE_EVENT_OBSERVE_FAILED:
	case CORE_EVENT_CHECKED:
	case CORE_EVENT_CHECK_FAILED:
	case CORE_EVENT_APPLIED:
	case CORE_EVENT_APPLY_FAILED:
	case CORE_EVENT_FLOWS_DELETED:
		return answer(c, e, now_ns);
	case CORE_EVENT_LOAD_PREPARED:
	case CORE_EVENT_LOADED:
	case CORE_EVENT_LOAD_BUSY:
	case CORE_EVENT_LOAD_FAILED:
		return core_load_event(c, e->type, now_ns);
	case CORE_EVENT_LOOK:
		core_apply_want_look(c);
		return 0;
	case CORE_EVENT_LINK:
		take_news(c, core_links_event(c, &e->link.link, e->link.deleted), now_ns);
		return 0;
	case CORE_EVENT_CARRIER:
		take_news(c, core_links_poll(c, e->carrier.links, e->carrier.n), now_ns);
		return 0;
	case CORE_EVENT_PROBE:
		c->decide = core_health_probe(c, e) || c->decide;
		return 0;
	case CORE_EVENT_RULESET:
		core_apply_want_check(c);
		return 0;
	case CORE_EVENT_OVERRUN:
		core_apply_want_look(c);
		core_apply_want_check(c);
		return 0;
	case CORE_EVENT_TIMER:
		return 0;
	case CORE_EVENT_DRAIN:
	case CORE_EVENT_SWITCH:
		by_hand(c, e);
		return 0;
	case CORE_EVENT_STOP:
		core_apply_want_stop(c, now_ns);
		return 0;
	}
	return -EPROTO;
}

int core_step(struct core *c, const struct core_event *event, uint64_t now_ns,
	      struct core_actions *ret)
{
	struct core_actions actions = { .act = CORE_DO_NOTHING };
	int r;

	core_lines_reset(c);
	r = take_event(c, event, now_ns);
	if ((c->decide || now_ns >= c->decide_at_ns) && c->has_snapshot)
		refresh(c, false, now_ns);
	core_apply_next(c, now_ns, &actions);
	actions.lines = c->lines;
	actions.n_lines = c->n_lines;
	*ret = actions;
	return r;
}

/* ---- status ---- */

const struct plan *core_plan(const struct core *c)
{
	return c->plan;
}

void core_link_info(const struct core *c, size_t link, enum inet_family f, uint64_t now_ns,
		    struct core_link_info *ret)
{
	const struct policy_damping *damping = &c->plan->policy->links[link].damping;
	const struct core_health *h = core_health_of(c, link, f);

	*ret = (struct core_link_info){
		.state = h->known ? h->state : LINK_STATE_NO_DEVICE,
		.since_ns = h->since_ns,
		.reason = h->known ? h->reason : "not looked at yet",
		.probed = h->probed,
		.verdict = h->verdict,
		.stats = h->stats,
		.penalty = damping_penalty(&h->damping, damping, now_ns),
		.has_gateway = core_link_gateway(c, link, f, &ret->gateway),
		.gateway = c->views[link].family[f].gateway,
	};
	if (ret->state == LINK_STATE_DAMPED)
		ret->until_ns = damping_reuse_ns(&h->damping, damping);
	else if (ret->state == LINK_STATE_HELD_DOWN)
		ret->until_ns = h->held_until_ns;
}

int core_link_ifindex(const struct core *c, size_t link)
{
	return c->views[link].ifindex;
}

uint32_t core_link_carrier_downs(const struct core *c, size_t link)
{
	for (size_t i = 0; i < c->snapshot.n_links; i++)
		if (c->snapshot.links[i].ifindex == c->views[link].ifindex)
			return c->snapshot.links[i].carrier_down_count;
	return 0;
}

bool core_link_drained(const struct core *c, size_t link)
{
	return c->links[link].drained;
}

unsigned core_link_losses(const struct core *c, size_t link, enum inet_family f)
{
	return core_health_of(c, link, f)->losses;
}

bool core_link_probe_ready(const struct core *c, size_t link, enum inet_family f)
{
	const struct core_health *h = core_health_of(c, link, f);

	return h->known && h->probed && h->facts.physical == LINK_OK;
}

bool core_link_gateway(const struct core *c, size_t link, enum inet_family f, struct inet_addr *ret)
{
	const struct link_view *v = &c->views[link];

	if (!v->family[f].has_gateway || v->family[f].gateway_none)
		return false;
	*ret = v->family[f].gateway;
	return true;
}

const struct netstate *core_snapshot(const struct core *c)
{
	return c->has_snapshot ? &c->snapshot : NULL;
}

uint64_t core_links_generation(const struct core *c)
{
	return c->generation;
}

void core_group_choice(const struct core *c, size_t group, enum inet_family f,
		       struct core_choice *ret)
{
	*ret = core_targets_choice(c, c->groups[group].target, f);
}

void core_target_choice(const struct core *c, size_t target, enum inet_family f,
			struct core_choice *ret)
{
	*ret = core_targets_choice(c, target, f);
}

unsigned core_group_switches(const struct core *c, size_t group, enum inet_family f)
{
	return c->targets[c->groups[group].target].family[f].switches;
}

bool core_in_sync(const struct core *c)
{
	return c->has_valid && !c->look && !c->check && !c->state && !c->load && !c->flows_wait &&
	       !c->elements_differ && !c->net_differs && c->phase == CORE_LOAD_NONE &&
	       c->under_way == CORE_DO_NOTHING;
}

bool core_loading(const struct core *c)
{
	return c->phase != CORE_LOAD_NONE;
}

unsigned core_repairs(const struct core *c)
{
	return c->repairs;
}
