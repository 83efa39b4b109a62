/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core_apply.h"

#include "base/arena.h"
#include "daemon/core_lines.h"
#include "daemon/core_state.h"
#include "daemon/core_targets.h"

#include <errno.h>

#define MS 1000000ull

/* A storm of address or route events costs one dump in this time. */
#define LOOK_GAP_NS (20 * MS)
/* Somebody who changes our tables again and again is answered that often. */
#define CHECK_GAP_NS (500 * MS)
/* Everything is compared that often, whatever the events said. */
#define AUDIT_NS (30000 * MS)
/* After failures, and between repairs of routes that do not stay: doubling. */
#define DELAY_MIN_NS (10 * MS)
#define DELAY_MAX_NS (2000 * MS)
/* Repairs that are needed again after this delay are worth a line. */
#define REPAIR_TELL_NS (160 * MS)
/* A kernel that refused the daemonless state so often will not take it. */
#define STOP_TRIES 3

static uint64_t doubled(uint64_t delay_ns)
{
	uint64_t next = delay_ns ? delay_ns * 2 : DELAY_MIN_NS;

	return next < DELAY_MAX_NS ? next : DELAY_MAX_NS;
}

void core_apply_start(struct core *c, uint64_t now_ns)
{
	c->started = c->look = c->check = true;
	c->audit_at_ns = now_ns + AUDIT_NS;
}

void core_apply_want_look(struct core *c)
{
	c->look = true;
}

void core_apply_want_check(struct core *c)
{
	c->check = true;
}

void core_apply_want_stop(struct core *c)
{
	if (c->stopping)
		return;
	c->stopping = true;
	c->check_at_ns = 0;
}

static bool net_differs(const struct netstate *has, const struct netstate *wanted)
{
	struct arena *a = arena_new();
	struct netstate_diff diff = { 0 };
	bool differs;

	netstate_diff_build(has, wanted, a, &diff);
	differs = diff.n_pre || diff.n_post;
	arena_free(a);
	return differs;
}

void core_apply_compare(struct core *c)
{
	c->elements_differ = c->net_differs = false;
	if (!c->has_valid || !c->has_snapshot)
		return;
	c->elements_differ = !core_targets_equal(&c->has.state, &c->wanted.state);
	c->net_differs = net_differs(c->has_net, &c->wanted.state.net);
}

int core_apply_observed(struct core *c, bool ok, uint64_t now_ns)
{
	if (c->under_way != CORE_DO_OBSERVE)
		return -EPROTO;
	c->under_way = CORE_DO_NOTHING;
	if (!ok) {
		c->look = true;
		c->look_delay_ns = doubled(c->look_delay_ns);
		c->look_at_ns = now_ns + c->look_delay_ns;
		return 0;
	}
	c->look_delay_ns = 0;
	c->look_at_ns = now_ns + LOOK_GAP_NS;
	c->has_net = &c->snapshot;
	c->stale = false;
	return 0;
}

static void plan_applied(struct core *c, const struct desired *made, uint64_t now_ns)
{
	core_targets_copy(&c->has, made);
	c->audit_at_ns = now_ns + AUDIT_NS;
	c->check_at_ns = now_ns + CHECK_GAP_NS;
	/* It looked by itself, later than we did. */
	c->stale = c->look = true;
	c->look_at_ns = now_ns;
}

static void asked_applied(struct core *c)
{
	arena_free(c->has.arena);
	c->has = c->asked;
	c->asked = (struct core_desired){ 0 };
	c->look = true;
}

int core_apply_applied(struct core *c, const struct desired *made, uint64_t now_ns)
{
	switch (c->under_way) {
	case CORE_DO_APPLY_PLAN:
		if (!made)
			return -EPROTO;
		plan_applied(c, made, now_ns);
		break;
	case CORE_DO_APPLY_DESIRED:
		asked_applied(c);
		break;
	case CORE_DO_APPLY_KERNEL:
		c->stopped = true;
		break;
	case CORE_DO_NOTHING:
	case CORE_DO_OBSERVE:
	case CORE_DO_EXIT:
		return -EPROTO;
	}
	c->under_way = CORE_DO_NOTHING;
	c->apply_delay_ns = 0;
	c->has_valid = true;
	c->has_net = &c->has.state.net;
	core_apply_compare(c);
	return 0;
}

/* 0, or -EPROTO when no apply is under way. */
static int apply_ended(struct core *c)
{
	switch (c->under_way) {
	case CORE_DO_APPLY_PLAN:
	case CORE_DO_APPLY_DESIRED:
	case CORE_DO_APPLY_KERNEL:
		break;
	case CORE_DO_NOTHING:
	case CORE_DO_OBSERVE:
	case CORE_DO_EXIT:
		return -EPROTO;
	}
	c->under_way = CORE_DO_NOTHING;
	return 0;
}

int core_apply_failed(struct core *c, uint64_t now_ns)
{
	int r = apply_ended(c);

	if (r < 0)
		return r;
	c->has_valid = false;
	core_apply_compare(c);
	c->apply_delay_ns = doubled(c->apply_delay_ns);
	c->look = c->check = true;
	c->check_at_ns = now_ns + c->apply_delay_ns;
	c->audit_at_ns = now_ns + AUDIT_NS;
	return 0;
}

/* What we knew of the kernel holds, and a failover goes on meanwhile. */
int core_apply_busy(struct core *c, uint64_t now_ns)
{
	int r = apply_ended(c);

	if (r < 0)
		return r;
	c->apply_delay_ns = doubled(c->apply_delay_ns);
	c->check = true;
	c->check_at_ns = now_ns + c->apply_delay_ns;
	c->audit_at_ns = now_ns + AUDIT_NS;
	return 0;
}

/* ---- what next ---- */

static enum core_do ask_desired(struct core *c, struct core_actions *ret)
{
	core_targets_copy(&c->asked, &c->wanted.state);
	c->from = c->has.state;
	c->from.net = *c->has_net;
	ret->from = &c->from;
	ret->to = &c->asked.state;
	return CORE_DO_APPLY_DESIRED;
}

/* Rules or routes are not what we left: put back, more slowly if that does not hold. */
static enum core_do ask_repair(struct core *c, uint64_t now_ns, struct core_actions *ret)
{
	bool rare = now_ns >= c->repair_at_ns + DELAY_MAX_NS;

	c->repair_delay_ns = doubled(rare ? 0 : c->repair_delay_ns);
	c->repair_at_ns = now_ns + c->repair_delay_ns;
	if (c->repair_delay_ns == REPAIR_TELL_NS)
		core_lines_add(
			c, true, "repair",
			"our rules or routes do not stay as they should be: tried again and again");
	return ask_desired(c, ret);
}

static enum core_do next_of_stop(struct core *c, uint64_t now_ns, struct core_actions *ret)
{
	if (c->stopped)
		return CORE_DO_EXIT;
	if (c->stop_tries == STOP_TRIES) {
		ret->exit_status = 1;
		return CORE_DO_EXIT;
	}
	if (now_ns < c->check_at_ns)
		return CORE_DO_NOTHING;
	c->stop_tries++;
	return CORE_DO_APPLY_KERNEL;
}

static enum core_do next(struct core *c, uint64_t now_ns, struct core_actions *ret)
{
	if (c->under_way != CORE_DO_NOTHING || !c->started)
		return CORE_DO_NOTHING;
	if (c->stopping)
		return next_of_stop(c, now_ns, ret);
	if (c->elements_differ && !c->stale)
		return ask_desired(c, ret);
	if (c->look && now_ns >= c->look_at_ns) {
		c->look = false;
		return CORE_DO_OBSERVE;
	}
	if (now_ns >= c->audit_at_ns)
		c->check = true;
	if (c->check && now_ns >= c->check_at_ns) {
		c->check = false;
		return CORE_DO_APPLY_PLAN;
	}
	if (c->net_differs && !c->stale && now_ns >= c->repair_at_ns)
		return ask_repair(c, now_ns, ret);
	return CORE_DO_NOTHING;
}

static void sooner(uint64_t *at_ns, bool wanted, uint64_t other_ns)
{
	if (wanted && other_ns < *at_ns)
		*at_ns = other_ns;
}

static uint64_t wake_time(const struct core *c)
{
	uint64_t at = UINT64_MAX;

	if (c->under_way != CORE_DO_NOTHING || !c->started)
		return 0; /* its answer, or the start, goes on */
	if (c->stopping)
		return c->check_at_ns;
	sooner(&at, true, c->audit_at_ns);
	sooner(&at, c->look, c->look_at_ns);
	sooner(&at, c->check, c->check_at_ns);
	sooner(&at, c->net_differs && !c->stale, c->repair_at_ns);
	return at;
}

void core_apply_next(struct core *c, uint64_t now_ns, struct core_actions *ret)
{
	ret->act = next(c, now_ns, ret);
	c->under_way = ret->act;
	ret->wake_ns = wake_time(c);
}
