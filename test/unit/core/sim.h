/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel (sim_kernel.h) and a loop to run the core against: sim_event() does
 * what loop.c does, and time passes in sim_pass() only.
 */
#pragma once

#include "test/unit/core/sim_kernel.h"

#define SIM_STEPS_MAX 200 /* of one event: more is a loop without end */

/* Every device is there, up, with addresses and gateways of both families. */
static inline void sim_init(struct sim *s, const char *policy)
{
	*s = (struct sim){ .arena = arena_new(), .last_ifindex = 10, .now_ns = 1000 * SIM_MS };
	s->plan = sim_compile(s->arena, policy);
	for (size_t i = 0; i < s->plan->n_links; i++)
		sim_device(s, i);
	s->core = core_new(s->plan);
}

static inline void sim_done(struct sim *s)
{
	core_free(s->load.core);
	core_free(s->core);
	arena_free(s->kernel.arena);
	arena_free(s->arena);
	strbuf_done(&s->log);
}

/* ---- what the core asks for ---- */

static inline bool sim_takes(unsigned *failures)
{
	if (!*failures)
		return true;
	--*failures;
	return false;
}

static inline struct core_event sim_outcome(struct sim *s, bool ok)
{
	if (ok)
		return (struct core_event){ .type = CORE_EVENT_APPLIED };
	strbuf_add(&s->log, "  failed\n");
	return (struct core_event){ .type = CORE_EVENT_APPLY_FAILED };
}

/* As the real one: the nft batch is refused when `from` is not what is there. */
static inline bool sim_apply_desired(struct sim *s, const struct desired *from,
				     const struct desired *to)
{
	struct arena *a = arena_new();
	struct netstate_diff d = { 0 };
	bool elements = !core_targets_equal(from, to);

	s->applies++;
	strbuf_add(&s->log, "  switch\n");
	netstate_diff_build(&from->net, &to->net, a, &d);
	sim_log_changes(s, d.pre, d.n_pre);
	sim_log_elements(s, "egress", from->egress, from->n_egress, to->egress, to->n_egress);
	sim_log_elements(s, "alive", from->alive, from->n_alive, to->alive, to->n_alive);
	sim_log_spread(s, from, to);
	sim_log_changes(s, d.post, d.n_post);
	arena_free(a);
	if (!sim_takes(&s->fail_applies) ||
	    (elements && (s->tables != s->plan || !core_targets_equal(from, &s->kernel.state))))
		return false;
	if (elements)
		sim_set_elements(s, to);
	sim_make_net(s, &from->net, &to->net, true);
	s->told = true;
	return true;
}

static inline bool sim_apply_state(struct sim *s, const struct desired *to)
{
	s->states++;
	strbuf_add(&s->log, "  state\n");
	if (!sim_takes(&s->fail_applies) || s->tables != s->plan)
		return false;
	s->told = s->told || !core_targets_equal(to, &s->kernel.state) ||
		  !sim_net_equal(&to->net, &s->kernel.state.net);
	sim_set_elements(s, to);
	sim_make_net(s, &s->kernel.state.net, &to->net, true);
	return true;
}

static inline bool sim_apply_net(struct sim *s, const struct desired *to)
{
	strbuf_add(&s->log, "  rules and routes\n");
	if (!sim_takes(&s->fail_applies))
		return false;
	sim_make_net(s, &s->kernel.state.net, &to->net, false);
	return true;
}

/* Egress is empty, every mark stays, routes without regard to carrier. */
static inline bool sim_apply_kernel(struct sim *s)
{
	struct arena *a = arena_new();
	struct desired_inputs in = { 0 };
	struct link_view *views;
	struct desired d = { 0 };

	s->stops++;
	core_free(s->load.core);
	s->load = (struct sim_load){ 0 };
	strbuf_add(&s->log, "  daemonless state\n");
	if (sim_takes(&s->fail_applies)) {
		sim_views(s, a, &views);
		in.views = views;
		desired_build(s->plan, &in, DESIRED_KERNEL, a, &d);
		core_targets_copy(&s->kernel, &d);
		s->tables = s->plan;
		arena_free(a);
		return true;
	}
	arena_free(a);
	return false;
}

static inline struct core_event sim_check(struct sim *s)
{
	s->checks++;
	strbuf_add(&s->log, "  check\n");
	if (!sim_takes(&s->fail_checks))
		return (struct core_event){ .type = CORE_EVENT_CHECK_FAILED };
	return (struct core_event){ .type = CORE_EVENT_CHECKED,
				    .differs = !s->load.core && s->tables != s->plan };
}

static inline struct core_event sim_begin_load(struct sim *s)
{
	s->loads++;
	strbuf_add(&s->log, "  load\n");
	if (s->busy || s->load.phase != SIM_LOAD_NONE)
		return (struct core_event){ .type = CORE_EVENT_LOAD_BUSY };
	if (!sim_takes(&s->fail_loads))
		return (struct core_event){ .type = CORE_EVENT_LOAD_FAILED };
	s->load = (struct sim_load){ .phase = SIM_LOAD_LONG_PART,
				     .plan = s->plan,
				     .due_ns = s->now_ns + s->load_ms * SIM_MS };
	return (struct core_event){ .type = CORE_EVENT_TIMER };
}

static inline struct core_event sim_go(struct sim *s)
{
	strbuf_add(&s->log, "  go\n");
	assert_int_equal(s->load.phase, SIM_LOAD_BARRIER);
	s->load.phase = SIM_LOAD_SWITCHING;
	s->load.due_ns = s->now_ns + s->switch_ms * SIM_MS;
	return (struct core_event){ .type = CORE_EVENT_TIMER };
}

static inline struct core_event sim_delete_flows(struct sim *s, const struct core_actions *act)
{
	s->deletes++;
	for (size_t i = 0; i < act->n_flows; i++)
		strbuf_addf(&s->log, "  delete flows %s 0x%x/0x%x\n",
			    sim_family[act->flows[i].family], act->flows[i].mark,
			    act->flows[i].mask);
	return (struct core_event){ .type = CORE_EVENT_FLOWS_DELETED };
}

static inline struct core_event sim_look(struct sim *s, struct arena *a, struct netstate *observed)
{
	s->observes++;
	if (!sim_takes(&s->fail_observes)) {
		strbuf_add(&s->log, "  observe failed\n");
		return (struct core_event){ .type = CORE_EVENT_OBSERVE_FAILED };
	}
	strbuf_add(&s->log, "  observe\n");
	*observed = sim_observe(s, a);
	return (struct core_event){ .type = CORE_EVENT_OBSERVED, .observed = observed };
}

/* False: nothing to tell the core. */
static inline bool sim_act(struct sim *s, const struct core_actions *act, struct arena *a,
			   struct netstate *observed, struct core_event *ret)
{
	switch (act->act) {
	case CORE_DO_NOTHING:
		return false;
	case CORE_DO_OBSERVE:
		*ret = sim_look(s, a, observed);
		return true;
	case CORE_DO_CHECK:
		*ret = sim_check(s);
		return true;
	case CORE_DO_LOAD:
		*ret = sim_begin_load(s);
		return true;
	case CORE_DO_APPLY_NET:
		*ret = sim_outcome(s, sim_apply_net(s, act->to));
		return true;
	case CORE_DO_LOAD_GO:
		*ret = sim_go(s);
		return true;
	case CORE_DO_APPLY_STATE:
		*ret = sim_outcome(s, sim_apply_state(s, act->to));
		ret->made = ret->type == CORE_EVENT_APPLIED ? &s->kernel.state : NULL;
		return true;
	case CORE_DO_APPLY_DESIRED:
		*ret = sim_outcome(s, sim_apply_desired(s, act->from, act->to));
		return true;
	case CORE_DO_DELETE_FLOWS:
		*ret = sim_delete_flows(s, act);
		return true;
	case CORE_DO_APPLY_KERNEL:
		*ret = sim_outcome(s, sim_apply_kernel(s));
		return true;
	case CORE_DO_EXIT:
		strbuf_addf(&s->log, "  exit %d\n", act->exit_status);
		s->exited = true;
		s->exit_status = act->exit_status;
		return false;
	}
	return false;
}

/* ---- the loop ---- */

static inline void sim_log_lines(struct sim *s, const struct core_actions *act)
{
	for (size_t i = 0; i < act->n_lines; i++) {
		const struct core_line *l = &act->lines[i];

		strbuf_addf(&s->log, "  %s%s: %s\n", l->warning ? "warning: " : "", l->token,
			    l->text);
		if (l->kind == CORE_LINE_GROUP)
			s->detect_us = l->detect_us;
		if (!l->warning && !strcmp(s->last_line, l->text))
			fail_msg("the same line twice: %s", l->text);
		snprintf(s->last_line, sizeof(s->last_line), "%s", l->text);
	}
	s->lines += act->n_lines;
}

static inline void sim_event(struct sim *s, const struct core_event *event)
{
	struct core_event next = *event;
	struct core_actions act = { 0 };
	struct arena *last = NULL; /* what `next` points to */
	struct netstate observed;
	bool more = true;

	for (unsigned steps = 0; more; steps++) {
		struct arena *a = arena_new();

		if (steps > SIM_STEPS_MAX)
			fail_msg("no end:\n%s", strbuf_text(&s->log));
		s->steps++;
		assert_int_equal(core_step(s->core, &next, s->now_ns, &act), 0);
		last = arena_free(last);
		sim_log_lines(s, &act);
		if (s->after_step)
			s->after_step(s);
		more = sim_act(s, &act, a, &observed, &next);
		last = a;
	}
	arena_free(last);
	s->wake_ns = act.wake_ns;
}

static inline void sim_send(struct sim *s, enum core_event_type type)
{
	sim_event(s, &(struct core_event){ .type = type });
}

/* ---- loads ---- */

static inline void sim_end_load(struct sim *s, enum core_event_type how)
{
	s->load = (struct sim_load){ 0 };
	s->told_ruleset = true;
	sim_send(s, how);
}

/* A reload's new core takes over at its barrier. */
static inline void sim_prepared(struct sim *s)
{
	strbuf_add(&s->log, "  prepared\n");
	s->load.phase = SIM_LOAD_BARRIER;
	if (s->load.core) {
		core_adopt(s->load.core, s->core);
		core_free(s->core);
		s->core = s->load.core;
		s->load.core = NULL;
		s->plan = s->load.plan;
		for (size_t i = 0; i < s->plan->n_links; i++)
			sim_device(s, i);
	}
	sim_send(s, CORE_EVENT_LOAD_PREPARED);
}

/* What the state maps held stays as far as the new plan knows its chains. */
static inline void sim_switch(struct sim *s)
{
	strbuf_add(&s->log, "  loaded\n");
	if (s->tables != s->load.plan) {
		struct desired rest = { .net = s->kernel.state.net };

		core_targets_copy(&s->kernel, &rest);
	}
	s->tables = s->load.plan;
	sim_end_load(s, CORE_EVENT_LOADED);
}

static inline bool sim_load_is_due(const struct sim *s)
{
	return (s->load.phase == SIM_LOAD_LONG_PART || s->load.phase == SIM_LOAD_SWITCHING) &&
	       s->load.due_ns <= s->now_ns;
}

static inline void sim_go_on_loading(struct sim *s)
{
	if (s->load.phase == SIM_LOAD_LONG_PART)
		sim_prepared(s);
	else
		sim_switch(s);
}

/* As loop_reload.c: compiled at once; while a repair is being loaded it waits. False: then. */
static inline bool sim_reload(struct sim *s, const char *policy)
{
	struct plan *plan;

	if (s->load.phase != SIM_LOAD_NONE || s->busy)
		return false;
	strbuf_add(&s->log, "  reload\n");
	plan = sim_compile(s->arena, policy);
	s->load = (struct sim_load){ .phase = SIM_LOAD_LONG_PART,
				     .plan = plan,
				     .core = core_new(plan),
				     .due_ns = s->now_ns + s->load_ms * SIM_MS };
	return true;
}

/* The worker dies: a reload is forgotten, a load of the core's own has failed. */
static inline void sim_break_load(struct sim *s)
{
	if (s->load.phase == SIM_LOAD_NONE)
		return;
	strbuf_add(&s->log, "  load breaks\n");
	if (s->load.core) {
		s->load.core = core_free(s->load.core);
		s->load = (struct sim_load){ 0 };
		s->told_ruleset = true;
	} else {
		sim_end_load(s, CORE_EVENT_LOAD_FAILED);
	}
}

/* ---- time ---- */

static inline uint64_t sim_next_ns(const struct sim *s)
{
	uint64_t at_ns = s->wake_ns ? s->wake_ns : UINT64_MAX;

	if ((s->load.phase == SIM_LOAD_LONG_PART || s->load.phase == SIM_LOAD_SWITCHING) &&
	    s->load.due_ns < at_ns)
		at_ns = s->load.due_ns;
	return at_ns;
}

/* Time passes; the core is woken when it asked for it, and told of its own changes. */
static inline void sim_pass(struct sim *s, uint64_t ms)
{
	uint64_t end_ns = s->now_ns + ms * SIM_MS;
	unsigned wakes = 0, in_past = 0;

	while (!s->exited) {
		uint64_t at_ns;

		if (wakes++ > 1000000)
			fail_msg("woken for ever:\n%s", strbuf_text(&s->log));
		if (sim_load_is_due(s)) {
			sim_go_on_loading(s);
		} else if (s->told_ruleset) {
			s->told_ruleset = false;
			sim_send(s, CORE_EVENT_RULESET);
		} else if (s->told) {
			s->told = false;
			sim_send(s, CORE_EVENT_LOOK);
		} else {
			at_ns = sim_next_ns(s);
			if (at_ns > end_ns)
				break;
			in_past = at_ns > s->now_ns ? 0 : in_past + 1;
			if (in_past > 3)
				fail_msg("woken at once, again and again:\n%s",
					 strbuf_text(&s->log));
			if (at_ns > s->now_ns)
				s->now_ns = at_ns;
			if (!sim_load_is_due(s))
				sim_send(s, CORE_EVENT_TIMER);
		}
	}
	s->now_ns = end_ns;
}

/* ---- what happens to the kernel ---- */

static inline size_t sim_find(const struct sim *s, const char *name)
{
	for (size_t i = 0; i < s->plan->n_links; i++)
		if (!strcmp(s->plan->links[i].name, name))
			return i;
	fail_msg("no link %s", name);
	return 0;
}

static inline size_t sim_find_group(const struct sim *s, const char *name)
{
	for (size_t i = 0; i < s->plan->n_group_tables; i++)
		if (!strcmp(s->plan->group_tables[i].name, name))
			return i;
	fail_msg("no group %s", name);
	return 0;
}

static inline void sim_tell_link(struct sim *s, size_t i)
{
	struct core_event e = { .type = CORE_EVENT_LINK };

	e.link.link = sim_link(sim_device(s, i));
	sim_event(s, &e);
}

static inline void sim_poll(struct sim *s)
{
	enum core_carrier c[SIM_DEVICES_MAX];
	struct core_event e = { .type = CORE_EVENT_CARRIER };

	for (size_t i = 0; i < s->plan->n_links; i++) {
		const struct sim_device *d = sim_device(s, i);
		bool carrier = (d->up && d->carrier) != s->lying_driver;

		c[i] = !d->ifindex ? CORE_CARRIER_UNKNOWN
		       : carrier   ? CORE_CARRIER_YES
				   : CORE_CARRIER_NO;
	}
	e.carrier.links = c;
	e.carrier.n = s->plan->n_links;
	sim_event(s, &e);
}

static inline void sim_set_carrier(struct sim *s, size_t i, bool carrier)
{
	struct sim_device *d = sim_device(s, i);

	d->carrier_downs += d->carrier && !carrier;
	d->carrier = carrier;
}

static inline void sim_set_up(struct sim *s, size_t i, bool up)
{
	struct sim_device *d = sim_device(s, i);

	d->up = up;
	if (!up)
		sim_drop_routes(s, d->ifindex, -1);
}

static inline void sim_set_addr(struct sim *s, size_t i, enum inet_family f, bool has)
{
	struct sim_device *d = sim_device(s, i);

	d->addr[f] = has;
	if (!has)
		sim_drop_routes(s, d->ifindex, (int)f);
}

static inline void sim_unplug(struct sim *s, size_t i)
{
	struct sim_device *d = sim_device(s, i);
	struct core_event e = { .type = CORE_EVENT_LINK };

	e.link.link = sim_link(d);
	e.link.deleted = true;
	sim_drop_routes(s, d->ifindex, -1);
	d->ifindex = 0;
	sim_event(s, &e);
}

static inline void sim_replug(struct sim *s, size_t i)
{
	sim_device(s, i)->ifindex = ++s->last_ifindex;
	sim_tell_link(s, i);
}

/* ---- probes ---- */

static inline void sim_round(struct sim *s, size_t link, enum inet_family f,
			     enum probe_verdict verdict, const struct probe_stats *stats,
			     const char *reason)
{
	struct core_event e = { .type = CORE_EVENT_PROBE };

	e.probe.link = link;
	e.probe.family = f;
	e.probe.verdict = verdict;
	e.probe.stats = *stats;
	e.probe.reason = reason;
	sim_event(s, &e);
}

static inline void sim_probe(struct sim *s, size_t link, enum inet_family f,
			     enum probe_verdict verdict)
{
	struct probe_stats stats = { .rounds = 20, .rtt_ms = 10, .jitter_ms = 1 };

	if (verdict == PROBE_FAILING)
		stats.bad_since_ns = s->now_ns - 250 * SIM_MS;
	sim_round(s, link, f, verdict, &stats,
		  verdict == PROBE_FAILING    ? "3 rounds without an answer"
		  : verdict == PROBE_DEGRADED ? "loss 40 % > 20 %"
					      : "");
}

static inline void sim_probe_both(struct sim *s, size_t link, enum probe_verdict verdict)
{
	sim_probe(s, link, INET4, verdict);
	sim_probe(s, link, INET6, verdict);
}

/* ---- by hand ---- */

static inline void sim_drain(struct sim *s, size_t link, bool on)
{
	struct core_event e = { .type = CORE_EVENT_DRAIN };

	e.drain.link = link;
	e.drain.on = on;
	sim_event(s, &e);
}

static inline void sim_choose(struct sim *s, size_t group, int link)
{
	struct core_event e = { .type = CORE_EVENT_SWITCH };

	e.choose.group = group;
	e.choose.link = link;
	sim_event(s, &e);
}
