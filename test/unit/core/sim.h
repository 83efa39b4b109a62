/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel to run the core against: devices, addresses, foreign default routes,
 * our rules and routes, the elements of egress and alive, and its ways (routes
 * go with the device or address they need). sim_event() does what loop.c does.
 * What happens is written into sim.log, a line a thing.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "daemon/core.h"
#include "daemon/core_targets.h"
#include "model/plan.h"
#include "model/policy_read.h"

#include <linux/if.h>
#include <linux/netfilter.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define SIM_MS	      1000000ull
#define SIM_LINKS_MAX 8
#define SIM_STEPS_MAX 200 /* of one event: more is a loop without end */

struct sim_device {
	const char *name;
	int ifindex; /* 0: not there */
	bool up, carrier;
	bool addr[INET_FAMILY_COUNT], gateway[INET_FAMILY_COUNT];
	uint32_t carrier_downs;
};

struct sim {
	struct arena *arena;
	struct plan *plan;
	struct core *core;
	uint64_t now_ns, wake_ns;
	struct strbuf log;

	struct sim_device devices[SIM_LINKS_MAX];
	int last_ifindex;
	struct core_desired kernel; /* elements, our rules and routes */
	unsigned fail_applies, fail_observes; /* how many to come */
	bool busy; /* somebody else holds the lock: no whole plan is applied */
	bool lying_driver; /* polls say the contrary */
	struct sim_device *lost_meanwhile; /* loses its carrier when the next plan is applied */

	bool exited;
	int exit_status;
	size_t applies, observes, plans;
	bool told; /* our own change makes the kernel send events */
};

static const char *const sim_family[INET_FAMILY_COUNT] = { "ipv4", "ipv6" };

static inline struct plan *sim_compile(struct arena *a, const char *text)
{
	struct diag_source *source = arena_alloc(a, sizeof(*source));
	struct policy_resolver none = { 0 };
	struct strbuf out = STRBUF_NULL;
	struct policy *policy = NULL;
	struct diag_list faults;
	struct plan *plan = NULL;

	*source = (struct diag_source){ "policy.json", text, strlen(text) };
	diag_init(&faults, a);
	if (policy_read(source, &none, a, &policy, &faults) == 0)
		plan_compile(policy, a, &plan, &faults);
	diag_print(&faults, &out, false);
	if (!plan)
		fail_msg("%s", strbuf_text(&out));
	strbuf_done(&out);
	return plan;
}

/* Every device is there, up, with addresses and gateways of both families. */
static inline void sim_init(struct sim *s, const char *policy)
{
	*s = (struct sim){ .arena = arena_new(), .last_ifindex = 10, .now_ns = 1000 * SIM_MS };
	s->plan = sim_compile(s->arena, policy);
	assert_in_range(s->plan->n_links, 0, SIM_LINKS_MAX);
	for (size_t i = 0; i < s->plan->n_links; i++)
		s->devices[i] = (struct sim_device){ .name = s->plan->links[i].device,
						     .ifindex = ++s->last_ifindex,
						     .up = true,
						     .carrier = true,
						     .addr = { true, true },
						     .gateway = { true, true } };
	s->core = core_new(s->plan);
}

static inline void sim_done(struct sim *s)
{
	core_free(s->core);
	arena_free(s->kernel.arena);
	arena_free(s->arena);
	strbuf_done(&s->log);
}

/* ---- the kernel ---- */

static inline struct netstate_link sim_link(const struct sim_device *d)
{
	struct netstate_link l = { .ifindex = d->ifindex,
				   .flags = d->up ? IFF_UP : 0,
				   .carrier = d->up && d->carrier,
				   .operstate = d->up && d->carrier ? IF_OPER_UP : IF_OPER_DOWN,
				   .carrier_down_count = d->carrier_downs };

	snprintf(l.name, sizeof(l.name), "%s", d->name);
	return l;
}

static inline void sim_observe_device(struct sim *s, size_t i, struct netstate *n, struct arena *a)
{
	const struct sim_device *d = &s->devices[i];

	if (!d->ifindex)
		return;
	*ARENA_PUSH(a, n->links, n->n_links, n->cap_links) = sim_link(d);
	for (enum inet_family f = INET4; f <= INET6; f++) {
		struct inet_addr gw = { { 10, (uint8_t)i, 0, 1 } };

		if (d->addr[f] && d->up)
			*ARENA_PUSH(a, n->addrs, n->n_addrs, n->cap_addrs) =
				(struct netstate_addr){ .ifindex = d->ifindex, .family = f };
		if (!d->gateway[f] || !d->addr[f] || !d->up)
			continue;
		*ARENA_PUSH(a, n->routes, n->n_routes, n->cap_routes) = (struct netstate_route){
			.family = f,
			.table = 254,
			.metric = 1000 + (uint32_t)i,
			.protocol = 16,
			.n_nexthops = 1,
			.nexthops = { { .ifindex = d->ifindex,
					.has_gateway = true,
					.gateway = gw,
					.weight = 1 } },
		};
	}
}

static inline struct netstate sim_observe(struct sim *s, struct arena *a)
{
	struct netstate n = { 0 };
	const struct netstate *own = &s->kernel.state.net;

	for (size_t i = 0; i < s->plan->n_links; i++)
		sim_observe_device(s, i, &n, a);
	for (size_t i = 0; i < own->n_routes; i++)
		*ARENA_PUSH(a, n.routes, n.n_routes, n.cap_routes) = own->routes[i];
	for (size_t i = 0; i < own->n_rules; i++)
		*ARENA_PUSH(a, n.rules, n.n_rules, n.cap_rules) = own->rules[i];
	return n;
}

/* What the kernel should have now. */
static inline struct desired sim_right(struct sim *s, enum desired_mode mode, struct arena *a)
{
	struct netstate n = sim_observe(s, a);
	struct link_view *views = arena_calloc(a, s->plan->n_links, sizeof(*views));
	struct desired d = { 0 };

	link_view_build(s->plan, &n, views);
	desired_build(s->plan, views, mode, a, &d);
	return d;
}

static inline bool sim_net_equal(const struct netstate *a, const struct netstate *b)
{
	struct arena *arena = arena_new();
	struct netstate_diff d = { 0 };
	bool equal;

	netstate_diff_build(a, b, arena, &d);
	equal = !d.n_pre && !d.n_post;
	arena_free(arena);
	return equal;
}

static inline bool sim_is_right(struct sim *s)
{
	struct arena *a = arena_new();
	struct desired d = sim_right(s, DESIRED_DAEMON, a);
	bool right = core_targets_equal(&s->kernel.state, &d) &&
		     sim_net_equal(&s->kernel.state.net, &d.net);

	arena_free(a);
	return right;
}

/* Routes over the device go; family < 0: both. */
static inline void sim_drop_routes(struct sim *s, int ifindex, int family)
{
	struct netstate *n = &s->kernel.state.net;
	size_t kept = 0;

	for (size_t i = 0; i < n->n_routes; i++) {
		struct netstate_route *r = &n->routes[i];
		bool uses = false;

		for (size_t k = 0; k < r->n_nexthops; k++)
			uses = uses || r->nexthops[k].ifindex == ifindex;
		if (!uses || (family >= 0 && (int)r->family != family))
			n->routes[kept++] = *r;
	}
	n->n_routes = kept;
}

static inline void sim_change_route(struct netstate *n, const struct netstate_change *c)
{
	size_t i = 0;

	while (i < n->n_routes && netstate_route_key_cmp(&n->routes[i], &c->route))
		i++;
	if (i < n->n_routes)
		n->routes[i] = n->routes[--n->n_routes];
	if (c->op != NETSTATE_DELETE)
		n->routes[n->n_routes++] = c->route;
}

static inline void sim_change_rule(struct netstate *n, const struct netstate_change *c)
{
	size_t i = 0;

	while (i < n->n_rules && netstate_rule_cmp(&n->rules[i], &c->rule))
		i++;
	if (i < n->n_rules)
		n->rules[i] = n->rules[--n->n_rules];
	if (c->op != NETSTATE_DELETE)
		n->rules[n->n_rules++] = c->rule;
}

/* ---- applying ---- */

static inline void sim_log_elements(struct sim *s, const char *map, const struct plan_element *from,
				    size_t n_from, const struct plan_element *to, size_t n_to)
{
	size_t f = 0, t = 0;

	while (f < n_from || t < n_to) {
		const struct plan_element *a = f < n_from ? &from[f] : NULL;
		const struct plan_element *b = t < n_to ? &to[t] : NULL;

		if (a && b && (a->mark != b->mark || a->nfproto != b->nfproto)) {
			bool a_first =
				a->mark != b->mark ? a->mark < b->mark : a->nfproto < b->nfproto;

			a = a_first ? a : NULL;
			b = a_first ? NULL : b;
		}
		f += a != NULL;
		t += b != NULL;
		if (a && b && a->chain == b->chain)
			continue;
		strbuf_addf(&s->log, "  %s 0x%x . %s: %s -> %s\n", map, a ? a->mark : b->mark,
			    (a ? a->nfproto : b->nfproto) == NFPROTO_IPV4 ? "ipv4" : "ipv6",
			    a ? a->chain->name : "-", b ? b->chain->name : "-");
	}
}

static inline void sim_log_changes(struct sim *s, const struct netstate_change *c, size_t n)
{
	static const char marks[] = {
		[NETSTATE_ADD] = '+', [NETSTATE_REPLACE] = '~', [NETSTATE_DELETE] = '-'
	};
	char text[512];

	for (size_t i = 0; i < n; i++) {
		if (c[i].is_rule)
			netstate_rule_text(&c[i].rule, text, sizeof(text));
		else
			netstate_route_text(&c[i].route, text, sizeof(text), NULL);
		strbuf_addf(&s->log, "  %c %s %s\n", marks[c[i].op],
			    sim_family[c[i].is_rule ? c[i].rule.family : c[i].route.family], text);
	}
}

static inline void sim_apply_changes(struct sim *s, const struct netstate_change *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (c[i].is_rule)
			sim_change_rule(&s->kernel.state.net, &c[i]);
		else
			sim_change_route(&s->kernel.state.net, &c[i]);
	}
}

/* As the real one: the nft batch is refused when `from` is not what is there. */
static inline bool sim_apply_desired(struct sim *s, const struct desired *from,
				     const struct desired *to)
{
	struct arena *a = arena_new();
	struct netstate old = s->kernel.state.net;
	struct netstate_diff d = { 0 };
	struct desired next = *to;

	s->applies++;
	strbuf_add(&s->log, "  switch\n");
	netstate_diff_build(&from->net, &to->net, a, &d);
	sim_log_changes(s, d.pre, d.n_pre);
	sim_log_elements(s, "egress", from->egress, from->n_egress, to->egress, to->n_egress);
	sim_log_elements(s, "alive", from->alive, from->n_alive, to->alive, to->n_alive);
	sim_log_changes(s, d.post, d.n_post);
	if (s->fail_applies ||
	    (!core_targets_equal(from, to) && !core_targets_equal(from, &s->kernel.state))) {
		arena_free(a);
		return false;
	}
	next.net.n_routes = old.n_routes;
	next.net.n_rules = old.n_rules;
	next.net.routes = arena_calloc(a, old.n_routes + d.n_pre, sizeof(*next.net.routes));
	next.net.rules = arena_calloc(a, old.n_rules + d.n_pre, sizeof(*next.net.rules));
	for (size_t i = 0; i < old.n_routes; i++)
		next.net.routes[i] = old.routes[i];
	for (size_t i = 0; i < old.n_rules; i++)
		next.net.rules[i] = old.rules[i];
	/* changed in place in a state of its own, then copied into the kernel's arena */
	struct sim work = { .kernel.state = next };
	sim_apply_changes(&work, d.pre, d.n_pre);
	sim_apply_changes(&work, d.post, d.n_post);
	if (core_targets_equal(from, to)) {
		work.kernel.state.egress = s->kernel.state.egress;
		work.kernel.state.n_egress = s->kernel.state.n_egress;
		work.kernel.state.alive = s->kernel.state.alive;
		work.kernel.state.n_alive = s->kernel.state.n_alive;
	}
	core_targets_copy(&s->kernel, &work.kernel.state);
	s->told = true;
	arena_free(a);
	return true;
}

static inline bool sim_apply_plan(struct sim *s, enum desired_mode mode)
{
	struct arena *a = arena_new();
	struct desired d;

	if (s->lost_meanwhile)
		s->lost_meanwhile->carrier = false;
	s->lost_meanwhile = NULL;
	d = sim_right(s, mode, a);
	s->plans++;
	strbuf_addf(&s->log, "  apply %s\n", mode == DESIRED_DAEMON ? "plan" : "daemonless state");
	if (!s->fail_applies) {
		s->told = s->told || !core_targets_equal(&d, &s->kernel.state) ||
			  !sim_net_equal(&d.net, &s->kernel.state.net);
		core_targets_copy(&s->kernel, &d);
	}
	arena_free(a);
	return !s->fail_applies;
}

/* ---- the loop ---- */

static inline struct core_event sim_outcome(struct sim *s, bool ok)
{
	if (ok)
		return (struct core_event){ .type = CORE_EVENT_APPLIED, .made = &s->kernel.state };
	s->fail_applies -= s->fail_applies > 0;
	strbuf_add(&s->log, "  failed\n");
	return (struct core_event){ .type = CORE_EVENT_APPLY_FAILED };
}

/* False: nothing to tell the core. */
static inline bool sim_act(struct sim *s, const struct core_actions *act, struct arena *a,
			   struct netstate *observed, struct core_event *ret)
{
	switch (act->act) {
	case CORE_DO_NOTHING:
		return false;
	case CORE_DO_OBSERVE:
		s->observes++;
		if (s->fail_observes) {
			s->fail_observes--;
			strbuf_add(&s->log, "  observe failed\n");
			*ret = (struct core_event){ .type = CORE_EVENT_OBSERVE_FAILED };
			return true;
		}
		strbuf_add(&s->log, "  observe\n");
		*observed = sim_observe(s, a);
		*ret = (struct core_event){ .type = CORE_EVENT_OBSERVED, .observed = observed };
		return true;
	case CORE_DO_APPLY_PLAN:
		*ret = s->busy ? (struct core_event){ .type = CORE_EVENT_APPLY_BUSY }
			       : sim_outcome(s, sim_apply_plan(s, DESIRED_DAEMON));
		return true;
	case CORE_DO_APPLY_DESIRED:
		*ret = sim_outcome(s, sim_apply_desired(s, act->from, act->to));
		return true;
	case CORE_DO_APPLY_KERNEL:
		*ret = sim_outcome(s, sim_apply_plan(s, DESIRED_KERNEL));
		return true;
	case CORE_DO_EXIT:
		strbuf_addf(&s->log, "  exit %d\n", act->exit_status);
		s->exited = true;
		s->exit_status = act->exit_status;
		return false;
	}
	return false;
}

static inline void sim_log_lines(struct sim *s, const struct core_actions *act)
{
	for (size_t i = 0; i < act->n_lines; i++)
		strbuf_addf(&s->log, "  %s%s: %s\n", act->lines[i].warning ? "warning: " : "",
			    act->lines[i].token, act->lines[i].text);
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

		assert_in_range(steps, 0, SIM_STEPS_MAX);
		assert_int_equal(core_step(s->core, &next, s->now_ns, &act), 0);
		last = arena_free(last);
		sim_log_lines(s, &act);
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

/* Time passes; the core is woken when it asked for it, and told of its own changes. */
static inline void sim_pass(struct sim *s, uint64_t ms)
{
	uint64_t end_ns = s->now_ns + ms * SIM_MS;
	unsigned wakes = 0;

	for (;;) {
		assert_in_range(wakes++, 0, 100000);
		if (s->told) {
			s->told = false;
			sim_send(s, CORE_EVENT_LOOK);
			continue;
		}
		if (s->exited || !s->wake_ns || s->wake_ns > end_ns)
			break;
		if (s->wake_ns > s->now_ns)
			s->now_ns = s->wake_ns;
		sim_send(s, CORE_EVENT_TIMER);
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

static inline void sim_tell_link(struct sim *s, size_t i)
{
	struct core_event e = { .type = CORE_EVENT_LINK };

	e.link.link = sim_link(&s->devices[i]);
	sim_event(s, &e);
}

static inline void sim_poll(struct sim *s)
{
	enum core_carrier c[SIM_LINKS_MAX];
	struct core_event e = { .type = CORE_EVENT_CARRIER };

	for (size_t i = 0; i < s->plan->n_links; i++) {
		const struct sim_device *d = &s->devices[i];
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
	s->devices[i].carrier_downs += s->devices[i].carrier && !carrier;
	s->devices[i].carrier = carrier;
}

static inline void sim_set_up(struct sim *s, size_t i, bool up)
{
	s->devices[i].up = up;
	if (!up)
		sim_drop_routes(s, s->devices[i].ifindex, -1);
}

static inline void sim_set_addr(struct sim *s, size_t i, enum inet_family f, bool has)
{
	s->devices[i].addr[f] = has;
	if (!has)
		sim_drop_routes(s, s->devices[i].ifindex, (int)f);
}

static inline void sim_unplug(struct sim *s, size_t i)
{
	struct core_event e = { .type = CORE_EVENT_LINK };

	e.link.link = sim_link(&s->devices[i]);
	e.link.deleted = true;
	sim_drop_routes(s, s->devices[i].ifindex, -1);
	s->devices[i].ifindex = 0;
	sim_event(s, &e);
}

/* As somebody's `nft flush ruleset`, `ip rule flush`, `ip route flush`. */
static inline void sim_flush(struct sim *s)
{
	core_targets_copy(&s->kernel, &(struct desired){ 0 });
}
