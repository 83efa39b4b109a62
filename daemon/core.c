/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core.h"

#include "base/arena.h"
#include "daemon/core_apply.h"
#include "daemon/core_lines.h"
#include "daemon/core_links.h"
#include "daemon/core_state.h"
#include "daemon/core_targets.h"

#include <errno.h>
#include <stdlib.h>

struct core *core_new(const struct plan *plan)
{
	struct arena *a = arena_new();
	struct core *c = arena_alloc(a, sizeof(*c));

	c->arena = a;
	c->plan = plan;
	c->views = arena_calloc(a, plan->n_links, sizeof(*c->views));
	c->other_views = arena_calloc(a, plan->n_links, sizeof(*c->other_views));
	c->links = arena_calloc(a, plan->n_links, sizeof(*c->links));
	c->targets = arena_calloc(a, plan->n_targets, sizeof(*c->targets));
	return c;
}

struct core *core_free(struct core *c)
{
	if (!c)
		return NULL;
	core_lines_reset(c);
	arena_free(c->snapshot_arena);
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

/* This version has no probes: say so, once for every link that asks for one. */
static void tell_probes(struct core *c)
{
	for (size_t i = 0; i < c->plan->n_links; i++) {
		const struct plan_link *l = &c->plan->links[i];
		enum policy_probe_type type;

		if (l->probe < 0)
			continue;
		type = c->plan->policy->probes[l->probe].type;
		if (type != POLICY_PROBE_NONE)
			core_lines_add(c, true, "probe",
				       "%s: this version runs no %s probes: carrier decides",
				       l->name, policy_probe_type_name(type));
	}
}

static void refresh(struct core *c, uint64_t now_ns)
{
	core_links_refresh(c, now_ns);
	core_targets_refresh(c, now_ns);
	core_apply_compare(c);
}

static void take_news(struct core *c, enum core_links_news news, uint64_t now_ns)
{
	switch (news) {
	case CORE_LINKS_NOTHING:
		return;
	case CORE_LINKS_WORSE:
		refresh(c, now_ns);
		core_apply_want_look(c);
		return;
	case CORE_LINKS_LOOK:
		core_apply_want_look(c);
		return;
	}
}

static int observed(struct core *c, const struct netstate *net, uint64_t now_ns)
{
	int r = core_apply_observed(c, true, now_ns);

	if (r < 0)
		return r;
	core_links_store(c, net);
	refresh(c, now_ns);
	return 0;
}

static int take_event(struct core *c, const struct core_event *e, uint64_t now_ns)
{
	switch (e->type) {
	case CORE_EVENT_START:
		tell_probes(c);
		core_apply_start(c, now_ns);
		return 0;
	case CORE_EVENT_OBSERVED:
		return observed(c, e->observed, now_ns);
	case CORE_EVENT_OBSERVE_FAILED:
		return core_apply_observed(c, false, now_ns);
	case CORE_EVENT_APPLIED:
		return core_apply_applied(c, e->made, now_ns);
	case CORE_EVENT_APPLY_FAILED:
		return core_apply_failed(c, now_ns);
	case CORE_EVENT_APPLY_BUSY:
		return core_apply_busy(c, now_ns);
	case CORE_EVENT_LOOK:
		core_apply_want_look(c);
		return 0;
	case CORE_EVENT_LINK:
		take_news(c, core_links_event(c, &e->link.link, e->link.deleted), now_ns);
		return 0;
	case CORE_EVENT_CARRIER:
		take_news(c, core_links_poll(c, e->carrier.links, e->carrier.n), now_ns);
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
	case CORE_EVENT_STOP:
		core_apply_want_stop(c);
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

enum link_reason core_link_reason(const struct core *c, size_t link, enum inet_family f)
{
	return c->links[link].reason[f];
}

uint64_t core_link_since_ns(const struct core *c, size_t link, enum inet_family f)
{
	return c->links[link].since_ns[f];
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

struct core_choice core_target_choice(const struct core *c, size_t target, enum inet_family f)
{
	return c->targets[target].choice[f];
}

uint64_t core_target_since_ns(const struct core *c, size_t target, enum inet_family f)
{
	return c->targets[target].since_ns[f];
}

bool core_in_sync(const struct core *c)
{
	return c->has_valid && !c->stale && !c->look && !c->check && !c->elements_differ &&
	       !c->net_differs && c->under_way == CORE_DO_NOTHING;
}
