/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel of sim.h: devices, addresses, foreign default routes, our rules and
 * routes, our tables and the elements of their state maps, and its ways (routes
 * go with the device or address they need). What is done to it is written into
 * sim.log, a line a thing.
 */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "daemon/core.h"
#include "daemon/core_state.h"
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

#define SIM_MS		1000000ull
#define SIM_DEVICES_MAX 16

struct sim_device {
	char name[16];
	int ifindex; /* 0: not there */
	bool up, carrier;
	bool addr[INET_FAMILY_COUNT], gateway[INET_FAMILY_COUNT];
	uint32_t carrier_downs;
};

/* A load of the tables by the worker. */
struct sim_load {
	enum { SIM_LOAD_NONE, SIM_LOAD_LONG_PART, SIM_LOAD_BARRIER, SIM_LOAD_SWITCHING } phase;
	const struct plan *plan;
	uint64_t due_ns; /* LONG_PART, SWITCHING */
	struct core *core; /* a reload's, until its barrier */
};

struct sim {
	struct arena *arena;
	const struct plan *plan;
	struct core *core;
	uint64_t now_ns, wake_ns;
	struct strbuf log;

	struct sim_device devices[SIM_DEVICES_MAX];
	size_t n_devices;
	int last_ifindex;
	struct core_desired kernel; /* elements, our rules and routes */
	const struct plan *tables; /* whose tables are loaded; NULL: none */

	struct sim_load load;
	uint64_t load_ms, switch_ms; /* how long they take */
	unsigned fail_applies, fail_observes, fail_checks, fail_loads; /* how many to come */
	bool busy; /* somebody else holds the lock: nothing is loaded */
	bool lying_driver; /* polls say the contrary */

	bool exited;
	int exit_status;
	size_t applies, observes, checks, states, loads, deletes, stops, steps, lines;
	bool told; /* our own change makes the kernel send events */
	bool told_ruleset; /* what happened to the tables while nobody listened */
	uint64_t detect_us; /* of the last group's line */
	char last_line[256];
	void (*after_step)(struct sim *s);
	void *data;
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

/* ---- devices ---- */

static inline struct sim_device *sim_device_named(struct sim *s, const char *name)
{
	for (size_t i = 0; i < s->n_devices; i++)
		if (!strcmp(s->devices[i].name, name))
			return &s->devices[i];
	return NULL;
}

/* There, up, with all it needs, unless it has been heard of before. */
static inline struct sim_device *sim_make_device(struct sim *s, const char *name)
{
	struct sim_device *d = sim_device_named(s, name);

	if (d)
		return d;
	assert_in_range(s->n_devices, 0, SIM_DEVICES_MAX - 1);
	d = &s->devices[s->n_devices++];
	*d = (struct sim_device){ .ifindex = ++s->last_ifindex,
				  .up = true,
				  .carrier = true,
				  .addr = { true, true },
				  .gateway = { true, true } };
	snprintf(d->name, sizeof(d->name), "%s", name);
	return d;
}

static inline struct sim_device *sim_device(struct sim *s, size_t link)
{
	return sim_make_device(s, s->plan->links[link].device);
}

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

/* ---- looking ---- */

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

	for (size_t i = 0; i < s->n_devices; i++)
		sim_observe_device(s, i, &n, a);
	for (size_t i = 0; i < own->n_routes; i++)
		*ARENA_PUSH(a, n.routes, n.n_routes, n.cap_routes) = own->routes[i];
	for (size_t i = 0; i < own->n_rules; i++)
		*ARENA_PUSH(a, n.rules, n.n_rules, n.cap_rules) = own->rules[i];
	return n;
}

static inline void sim_views(struct sim *s, struct arena *a, struct link_view **ret)
{
	struct netstate n = sim_observe(s, a);

	*ret = arena_calloc(a, s->plan->n_links, sizeof(**ret));
	link_view_build(s->plan, &n, *ret);
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

/* ---- changing rules and routes ---- */

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

static inline void sim_apply_changes(struct netstate *net, const struct netstate_change *c,
				     size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (c[i].is_rule)
			sim_change_rule(net, &c[i]);
		else
			sim_change_route(net, &c[i]);
	}
}

/* The kernel's rules and routes after the difference; `deletes`: also what is in the way. */
static inline void sim_make_net(struct sim *s, const struct netstate *from,
				const struct netstate *to, bool deletes)
{
	struct arena *a = arena_new();
	struct netstate_diff d = { 0 };
	struct desired next = s->kernel.state;
	const struct netstate old = next.net;

	netstate_diff_build(from, to, a, &d);
	next.net.routes = arena_calloc(a, old.n_routes + d.n_pre, sizeof(*next.net.routes));
	next.net.rules = arena_calloc(a, old.n_rules + d.n_pre, sizeof(*next.net.rules));
	for (size_t i = 0; i < old.n_routes; i++)
		next.net.routes[i] = old.routes[i];
	for (size_t i = 0; i < old.n_rules; i++)
		next.net.rules[i] = old.rules[i];
	sim_apply_changes(&next.net, d.pre, d.n_pre);
	if (deletes)
		sim_apply_changes(&next.net, d.post, d.n_post);
	core_targets_copy(&s->kernel, &next);
	arena_free(a);
}

/* ---- changing elements ---- */

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

/* Of a spread only how many slots each chain has. */
static inline void sim_log_spread(struct sim *s, const struct desired *from,
				  const struct desired *to)
{
	struct desired none = { .egress = from->spread, .n_egress = from->n_spread };
	struct desired some = { .egress = to->spread, .n_egress = to->n_spread };

	if (core_targets_equal(&none, &some))
		return;
	for (size_t i = 0, n; i < to->n_spread; i += n) {
		const struct plan_element *e = &to->spread[i];

		for (n = 1; i + n < to->n_spread && e[n].chain == e->chain &&
			    e[n].mark == e->mark && e[n].nfproto == e->nfproto;)
			n++;
		strbuf_addf(&s->log, "  spread 0x%x . %s: %zu slots -> %s\n", e->mark,
			    e->nfproto == NFPROTO_IPV4 ? "ipv4" : "ipv6", n, e->chain->name);
	}
	if (!to->n_spread)
		strbuf_add(&s->log, "  spread: none\n");
}

static inline void sim_set_elements(struct sim *s, const struct desired *to)
{
	struct desired next = *to;

	next.net = s->kernel.state.net;
	core_targets_copy(&s->kernel, &next);
}

/* As somebody's `nft flush ruleset`, `ip rule flush`, `ip route flush`. */
static inline void sim_flush(struct sim *s)
{
	core_targets_copy(&s->kernel, &(struct desired){ 0 });
	s->tables = NULL;
}

/* Only the tables. */
static inline void sim_flush_tables(struct sim *s)
{
	struct desired rest = { .net = s->kernel.state.net };

	core_targets_copy(&s->kernel, &rest);
	s->tables = NULL;
}
