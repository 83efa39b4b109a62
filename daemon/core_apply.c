/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core_apply.h"

#include "base/arena.h"
#include "daemon/core_flows.h"
#include "daemon/core_lines.h"
#include "daemon/core_load.h"
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
/* A repair that held for so many of its delays begins anew with the shortest. */
#define REPAIR_HELD 4
/* A kernel that refused the daemonless state so often will not take it. */
#define STOP_TRIES 3
/* A load that is just switching is short; so long a stop waits for it at most. */
#define STOP_WAIT_NS (2000 * MS)

uint64_t core_apply_doubled(uint64_t delay_ns)
{
	uint64_t next = delay_ns ? delay_ns * 2 : DELAY_MIN_NS;

	return next < DELAY_MAX_NS ? next : DELAY_MAX_NS;
}

/* ---- wishes ---- */

void core_apply_start(struct core *c, uint64_t now_ns)
{
	c->started = c->look = true;
	core_load_want(c, now_ns);
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

void core_apply_want_state(struct core *c)
{
	c->state = true;
}

void core_apply_want_stop(struct core *c, uint64_t now_ns)
{
	if (c->stopping)
		return;
	c->stopping = true;
	c->stop_at_ns = now_ns + (c->phase == CORE_LOAD_SWITCHING ? STOP_WAIT_NS : 0);
}

/* What others had changed is put back; told, unless that happens again and again. */
static void tell_repair(struct core *c, const char *what, uint64_t now_ns)
{
	unsigned held = core_lines_due(&c->repair_limit, now_ns);
	struct core_line *line;

	c->repairs++;
	if (held)
		core_lines_add(c, true, "repair", "%u more repairs in %u s", held,
			       (unsigned)(CORE_LINES_WINDOW_NS / (1000 * MS)))
			->kind = CORE_LINE_REPAIR;
	if (!core_lines_pass(&c->repair_limit, now_ns))
		return;
	line = core_lines_add(c, true, "repair", "%s: put back", what);
	line->kind = CORE_LINE_REPAIR;
	line->reason = what;
}

void core_apply_loaded(struct core *c, bool repaired, uint64_t now_ns)
{
	if (repaired)
		tell_repair(c, "our nft tables were changed by somebody else", now_ns);
	core_apply_unknown(c, now_ns);
	c->look_at_ns = now_ns;
}

void core_apply_unknown(struct core *c, uint64_t now_ns)
{
	c->has_valid = false;
	c->look = c->state = true;
	c->state_at_ns = now_ns;
	core_apply_compare(c);
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

/* ---- answers ---- */

static int observed(struct core *c, bool ok, uint64_t now_ns)
{
	if (!ok) {
		c->look = true;
		c->look_delay_ns = core_apply_doubled(c->look_delay_ns);
		c->look_at_ns = now_ns + c->look_delay_ns;
		return 0;
	}
	c->look_delay_ns = 0;
	c->look_at_ns = now_ns + LOOK_GAP_NS;
	c->has_net = &c->snapshot;
	return 0;
}

static int checked(struct core *c, bool ok, bool differs, uint64_t now_ns)
{
	c->audit_at_ns = now_ns + AUDIT_NS;
	c->check_at_ns = now_ns + CHECK_GAP_NS;
	c->check = !ok;
	if (ok && differs) {
		c->load_repairs = true;
		core_load_want(c, now_ns);
		return 0;
	}
	/* the elements of the state maps are not looked at by a check */
	c->state = true;
	return 0;
}

static void made_true(struct core *c, uint64_t now_ns)
{
	c->has_valid = true;
	c->has_net = &c->has.state.net;
	c->apply_delay_ns = 0;
	core_apply_compare(c);
}

static int applied_state(struct core *c, const struct desired *made, uint64_t now_ns)
{
	if (!made)
		return -EPROTO;
	core_targets_copy(&c->has, made);
	c->state = false;
	c->look = true;
	made_true(c, now_ns);
	return 0;
}

static int applied_desired(struct core *c, uint64_t now_ns)
{
	arena_free(c->has.arena);
	c->has = c->asked;
	c->asked = (struct core_desired){ 0 };
	c->look = true;
	if (c->repairing)
		tell_repair(c, "rules or routes of ours were missing", now_ns);
	made_true(c, now_ns);
	return 0;
}

static int apply_failed(struct core *c, enum core_do what, uint64_t now_ns)
{
	c->apply_delay_ns = core_apply_doubled(c->apply_delay_ns);
	core_apply_unknown(c, now_ns);
	c->state_at_ns = now_ns + c->apply_delay_ns;
	/* perhaps the tables themselves are gone */
	if (what == CORE_DO_APPLY_STATE && c->phase == CORE_LOAD_NONE)
		core_load_want(c, c->state_at_ns);
	else
		c->check = true;
	return 0;
}

static int applied(struct core *c, enum core_do what, const struct core_event *e, uint64_t now_ns)
{
	bool ok = e->type == CORE_EVENT_APPLIED;

	switch (what) {
	case CORE_DO_APPLY_NET:
		core_load_net(c, ok, now_ns);
		return 0;
	case CORE_DO_APPLY_STATE:
		return ok ? applied_state(c, e->made, now_ns) : apply_failed(c, what, now_ns);
	case CORE_DO_APPLY_DESIRED:
		return ok ? applied_desired(c, now_ns) : apply_failed(c, what, now_ns);
	case CORE_DO_APPLY_KERNEL:
		c->stopped = ok;
		if (!ok) {
			c->apply_delay_ns = core_apply_doubled(c->apply_delay_ns);
			c->stop_at_ns = now_ns + c->apply_delay_ns;
		}
		return 0;
	case CORE_DO_NOTHING:
	case CORE_DO_OBSERVE:
	case CORE_DO_CHECK:
	case CORE_DO_LOAD:
	case CORE_DO_LOAD_GO:
	case CORE_DO_DELETE_FLOWS:
	case CORE_DO_EXIT:
		return -EPROTO;
	}
	return -EPROTO;
}

static bool is_answer_to(enum core_event_type answer, enum core_do what)
{
	switch (what) {
	case CORE_DO_OBSERVE:
		return answer == CORE_EVENT_OBSERVED || answer == CORE_EVENT_OBSERVE_FAILED;
	case CORE_DO_CHECK:
		return answer == CORE_EVENT_CHECKED || answer == CORE_EVENT_CHECK_FAILED;
	case CORE_DO_APPLY_NET:
	case CORE_DO_APPLY_STATE:
	case CORE_DO_APPLY_DESIRED:
	case CORE_DO_APPLY_KERNEL:
		return answer == CORE_EVENT_APPLIED || answer == CORE_EVENT_APPLY_FAILED;
	case CORE_DO_DELETE_FLOWS:
		return answer == CORE_EVENT_FLOWS_DELETED;
	case CORE_DO_NOTHING:
	case CORE_DO_LOAD:
	case CORE_DO_LOAD_GO:
	case CORE_DO_EXIT:
		return false;
	}
	return false;
}

int core_apply_answer(struct core *c, const struct core_event *e, uint64_t now_ns)
{
	enum core_do what = c->under_way;

	if (!is_answer_to(e->type, what))
		return -EPROTO;
	c->under_way = CORE_DO_NOTHING;
	if (what == CORE_DO_OBSERVE)
		return observed(c, e->type == CORE_EVENT_OBSERVED, now_ns);
	if (what == CORE_DO_CHECK)
		return checked(c, e->type == CORE_EVENT_CHECKED, e->differs, now_ns);
	if (what == CORE_DO_DELETE_FLOWS) {
		core_flows_deleted(c);
		return 0;
	}
	return applied(c, what, e, now_ns);
}

/* ---- what next ---- */

/* In the order of their urgency; one that is due is done before all that follow. */
enum step {
	STEP_SWITCH, /* a failover */
	STEP_NET,
	STEP_GO,
	STEP_DELETE_FLOWS,
	STEP_LOOK,
	STEP_LOAD,
	STEP_STATE,
	STEP_CHECK,
	STEP_REPAIR,
};
#define STEP_COUNT (STEP_REPAIR + 1)

/* When a step is wanted; CORE_NEVER: it is not, or has to wait for an event. */
static uint64_t wanted_ns(const struct core *c, enum step s)
{
	bool idle = c->phase == CORE_LOAD_NONE;

	switch (s) {
	case STEP_SWITCH:
		return c->elements_differ ? 0 : CORE_NEVER;
	case STEP_NET:
		return core_load_net_ns(c);
	case STEP_GO:
		return core_load_go_ns(c);
	case STEP_DELETE_FLOWS:
		return c->has_valid && core_flows_waiting(c) ? 0 : CORE_NEVER;
	case STEP_LOOK:
		return c->look ? c->look_at_ns : CORE_NEVER;
	case STEP_LOAD:
		return core_load_begin_ns(c);
	case STEP_STATE:
		return c->state && c->loaded_once && c->has_snapshot &&
				       (idle || (c->phase == CORE_LOAD_RUNNING && c->state_beside))
			       ? c->state_at_ns
			       : CORE_NEVER;
	case STEP_CHECK:
		if (!idle || c->load || !c->loaded_once)
			return CORE_NEVER;
		return c->check && c->check_at_ns < c->audit_at_ns ? c->check_at_ns
								   : c->audit_at_ns;
	case STEP_REPAIR:
		return c->net_differs ? c->repair_at_ns : CORE_NEVER;
	}
	return CORE_NEVER;
}

static uint64_t due_ns(const struct core *c, enum step s)
{
	uint64_t at_ns = wanted_ns(c, s);

	if (c->phase != CORE_LOAD_SWITCHING || at_ns > c->switch_until_ns)
		return at_ns;
	return c->switch_until_ns;
}

static enum core_do ask_wanted(struct core *c, enum core_do what, struct core_actions *ret)
{
	core_targets_copy(&c->asked, &c->wanted.state);
	ret->to = &c->asked.state;
	return what;
}

static enum core_do ask_desired(struct core *c, struct core_actions *ret)
{
	c->repairing = false;
	c->from = c->has.state;
	c->from.net = *c->has_net;
	ret->from = &c->from;
	return ask_wanted(c, CORE_DO_APPLY_DESIRED, ret);
}

/* Rules or routes are not what we left: put back, more slowly if that does not hold. */
static enum core_do ask_repair(struct core *c, uint64_t now_ns, struct core_actions *ret)
{
	/* what held for some time was no fight, however often it happens */
	bool rare = now_ns >= c->repair_at_ns + REPAIR_HELD * c->repair_delay_ns;
	bool ours = !net_differs(&c->has.state.net, &c->wanted.state.net);
	enum core_do what;

	c->repair_delay_ns = core_apply_doubled(rare ? 0 : c->repair_delay_ns);
	c->repair_at_ns = now_ns + c->repair_delay_ns;
	if (c->repair_delay_ns == REPAIR_TELL_NS)
		core_lines_add(
			c, true, "repair",
			"our rules or routes do not stay as they should be: tried again and again");
	what = ask_desired(c, ret);
	c->repairing = ours;
	return what;
}

static enum core_do take_step(struct core *c, enum step s, uint64_t now_ns,
			      struct core_actions *ret)
{
	switch (s) {
	case STEP_SWITCH:
		return ask_desired(c, ret);
	case STEP_NET:
		return ask_wanted(c, CORE_DO_APPLY_NET, ret);
	case STEP_GO:
		core_load_gone(c, now_ns);
		return CORE_DO_LOAD_GO;
	case STEP_DELETE_FLOWS:
		core_flows_ask(c, ret);
		return CORE_DO_DELETE_FLOWS;
	case STEP_LOOK:
		c->look = false;
		return CORE_DO_OBSERVE;
	case STEP_LOAD:
		core_load_begun(c);
		return CORE_DO_LOAD;
	case STEP_STATE:
		return ask_wanted(c, CORE_DO_APPLY_STATE, ret);
	case STEP_CHECK:
		if (now_ns >= c->audit_at_ns)
			c->look = true;
		c->check = false;
		return CORE_DO_CHECK;
	case STEP_REPAIR:
		return ask_repair(c, now_ns, ret);
	}
	return CORE_DO_NOTHING;
}

static enum core_do next_of_stop(struct core *c, uint64_t now_ns, struct core_actions *ret)
{
	if (c->stopped)
		return CORE_DO_EXIT;
	if (c->stop_tries == STOP_TRIES) {
		ret->exit_status = 1;
		return CORE_DO_EXIT;
	}
	if (now_ns < c->stop_at_ns && (c->stop_tries || c->phase == CORE_LOAD_SWITCHING)) {
		ret->wake_ns = c->stop_at_ns;
		return CORE_DO_NOTHING;
	}
	c->stop_tries++;
	return CORE_DO_APPLY_KERNEL;
}

static enum core_do next(struct core *c, uint64_t now_ns, struct core_actions *ret)
{
	uint64_t wake_ns = c->decide_at_ns;

	for (enum step s = 0; s < STEP_COUNT; s++) {
		uint64_t at_ns = due_ns(c, s);

		if (at_ns <= now_ns)
			return take_step(c, s, now_ns, ret);
		if (at_ns < wake_ns)
			wake_ns = at_ns;
	}
	ret->wake_ns = wake_ns == CORE_NEVER ? 0 : wake_ns;
	return CORE_DO_NOTHING;
}

static bool has_answer(enum core_do what)
{
	return is_answer_to(CORE_EVENT_OBSERVED, what) || is_answer_to(CORE_EVENT_CHECKED, what) ||
	       is_answer_to(CORE_EVENT_APPLIED, what) ||
	       is_answer_to(CORE_EVENT_FLOWS_DELETED, what);
}

void core_apply_next(struct core *c, uint64_t now_ns, struct core_actions *ret)
{
	/* its answer, or the start, goes on */
	if (c->under_way != CORE_DO_NOTHING || !c->started)
		return;
	ret->act = c->stopping ? next_of_stop(c, now_ns, ret) : next(c, now_ns, ret);
	if (has_answer(ret->act) || ret->act == CORE_DO_EXIT)
		c->under_way = ret->act;
}
