/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/desired.h"

#include "base/arena.h"
#include "model/policy.h"
#include "model/spread.h"

#include <linux/fib_rules.h>
#include <linux/netfilter.h>
#include <stdlib.h>

struct builder {
	const struct plan *plan;
	const struct desired_inputs *in;
	enum desired_mode mode;
	struct arena *arena;
	struct desired *out;
	size_t cap_egress, cap_alive, cap_spread;
};

static const uint32_t nfproto_of[INET_FAMILY_COUNT] = {
	[INET4] = NFPROTO_IPV4,
	[INET6] = NFPROTO_IPV6,
};

/* ---- ip rules ---------------------------------------------------------- */

static uint8_t rule_action(enum plan_ip_action a)
{
	switch (a) {
	case PLAN_IP_LOOKUP:
		return FR_ACT_TO_TBL;
	case PLAN_IP_UNREACHABLE:
		return FR_ACT_UNREACHABLE;
	}
	return FR_ACT_UNSPEC;
}

static void build_rules(struct builder *b)
{
	struct netstate *net = &b->out->net;

	for (int f = INET4; f <= INET6; f++)
		for (size_t i = 0; i < b->plan->n_ip_rules; i++) {
			const struct plan_ip_rule *r = &b->plan->ip_rules[i];

			if (!r->families[f])
				continue;
			*ARENA_PUSH(b->arena, net->rules, net->n_rules, net->cap_rules) =
				(struct netstate_rule){
					.family = (enum inet_family)f,
					.priority = r->priority,
					.protocol = POLICY_PROTOCOL,
					.invert = r->invert,
					.fwmark = r->fwmark,
					.fwmask = r->fwmask,
					.has_to = r->has_to,
					.to = r->to,
					.action = rule_action(r->action),
					.table = r->action == PLAN_IP_LOOKUP ? r->table : 0,
					.suppress_prefixlength = r->suppress_prefixlength,
				};
		}
}

/* ---- routes ------------------------------------------------------------ */

/* Without a daemon the kernel leaves out what has no carrier, by itself. */
static bool routed(const struct builder *b, size_t link, enum inet_family f)
{
	if (!link_view_routable(&b->in->views[link], f))
		return false;
	switch (b->mode) {
	case DESIRED_KERNEL:
		return true;
	case DESIRED_DAEMON:
		return b->in->links[link][f].routed;
	}
	return false;
}

/* In the tables of its groups. */
static bool offered(const struct builder *b, size_t link, enum inet_family f)
{
	return routed(b, link, f) && (b->mode == DESIRED_KERNEL || b->in->links[link][f].offered);
}

static struct netstate_route *add_route(struct builder *b, enum inet_family f, uint32_t table,
					uint32_t metric)
{
	struct netstate *net = &b->out->net;
	struct netstate_route *r =
		ARENA_PUSH(b->arena, net->routes, net->n_routes, net->cap_routes);

	r->family = f;
	r->table = table;
	r->metric = metric;
	r->protocol = POLICY_PROTOCOL;
	return r;
}

static void add_nexthop(const struct builder *b, struct netstate_route *r, size_t link,
			unsigned weight)
{
	const struct link_view *v = &b->in->views[link];

	if (r->n_nexthops == NETSTATE_NEXTHOPS_MAX)
		return;
	r->nexthops[r->n_nexthops++] = (struct netstate_nexthop){
		.ifindex = v->ifindex,
		.has_gateway = !v->family[r->family].gateway_none,
		.gateway = v->family[r->family].gateway,
		.weight = weight,
		.onlink = v->family[r->family].onlink && !v->family[r->family].gateway_none,
	};
}

static void add_single(struct builder *b, enum inet_family f, uint32_t table, uint32_t metric,
		       size_t link)
{
	add_nexthop(b, add_route(b, f, table, metric), link, 1);
}

/* A member's metric is its place in the group: it does not move when others die. */
static void build_ordered(struct builder *b, const struct plan_group_table *g, enum inet_family f)
{
	for (size_t i = 0; i < g->n_members; i++)
		if (offered(b, g->members[i].link, f))
			add_single(b, f, g->table, (uint32_t)i + 1, g->members[i].link);
}

/*
 * One multipath route. The kernel takes no IPv6 leg without a gateway
 * (ip6_route_multipath_add() in net/ipv6/route.c: "Device only routes can not
 * be added"), so such members stand behind it as spares, in order.
 */
static void build_balance(struct builder *b, const struct plan_group_table *g, enum inet_family f)
{
	struct netstate_route *shared = NULL;
	size_t at = b->out->net.n_routes;

	for (size_t i = 0; i < g->n_members; i++) {
		size_t link = g->members[i].link;

		if (!offered(b, link, f))
			continue;
		if (f == INET6 && b->in->views[link].family[f].gateway_none) {
			add_single(b, f, g->table, (uint32_t)i + 2, link);
			continue;
		}
		if (!shared) {
			add_route(b, f, g->table, 1);
			at = b->out->net.n_routes - 1;
		}
		/* the array may have moved */
		shared = &b->out->net.routes[at];
		add_nexthop(b, shared, link, g->members[i].weight);
	}
	if (shared && shared->n_nexthops == 1)
		shared->nexthops[0].weight = 1;
}

static void build_group(struct builder *b, const struct plan_group_table *g, enum inet_family f)
{
	switch (g->mode) {
	case POLICY_GROUP_FAILOVER:
	case POLICY_GROUP_QUALITY:
		build_ordered(b, g, f);
		return;
	case POLICY_GROUP_BALANCE:
		build_balance(b, g, f);
		return;
	}
}

static void build_routes(struct builder *b, enum inet_family f)
{
	for (size_t i = 0; i < b->plan->n_links; i++)
		if (routed(b, i, f))
			add_single(b, f, b->plan->links[i].table, 1, i);
	for (size_t i = 0; i < b->plan->n_group_tables; i++)
		build_group(b, &b->plan->group_tables[i], f);
}

/* ---- elements of egress and alive -------------------------------------- */

static void add_egress(struct builder *b, uint32_t mark, enum inet_family f,
		       const struct plan_chain *chain)
{
	struct desired *d = b->out;

	if (chain)
		*ARENA_PUSH(b->arena, d->egress, d->n_egress, b->cap_egress) =
			(struct plan_element){ .mark = mark,
					       .nfproto = nfproto_of[f],
					       .chain = chain };
}

static void add_alive(struct builder *b, uint32_t mark, enum inet_family f,
		      const struct plan_chain *chain)
{
	struct desired *d = b->out;

	if (chain)
		*ARENA_PUSH(b->arena, d->alive, d->n_alive, b->cap_alive) = (struct plan_element){
			.mark = mark, .nfproto = nfproto_of[f], .chain = chain
		};
}

/* Every remembered mark stays as it is: the routing tables follow the carrier. */
static void elements_kernel(struct builder *b, const struct plan_target *t, enum inet_family f)
{
	for (size_t i = 0; i < t->n_candidates; i++)
		add_alive(b, t->candidates[i].mark, f, t->candidates[i].to);
	if (!t->is_link)
		add_alive(b, t->mark, f, t->routes);
}

/* ---- a spread ---- */

static void add_spread(struct builder *b, const struct plan_target *t,
		       const struct desired_choice *choice, enum inet_family f)
{
	size_t owners[PLAN_SLOTS];
	struct desired *d = b->out;

	spread_build(t, choice->takes_part, owners);
	for (uint32_t slot = 0; slot < PLAN_SLOTS; slot++)
		*ARENA_PUSH(b->arena, d->spread, d->n_spread, b->cap_spread) =
			(struct plan_element){ .mark = t->mark,
					       .nfproto = nfproto_of[f],
					       .slot = slot,
					       .chain = t->candidates[owners[slot]].to };
}

/* ---- with a daemon ---- */

/* Where flows go that cannot stay: a spread's go to the first that takes part. NULL: none is chosen. */
static const struct plan_candidate *instead_of(const struct plan_target *t,
					       const struct desired_choice *choice)
{
	switch (choice->kind) {
	case DESIRED_CHOICE_LAST:
		return NULL;
	case DESIRED_CHOICE_LINK:
		return &t->candidates[choice->candidate];
	case DESIRED_CHOICE_SPREAD:
		for (size_t i = 0; i < t->n_candidates; i++)
			if (choice->takes_part[i])
				return &t->candidates[i];
		return NULL;
	}
	return NULL;
}

/* Without any candidate. */
static const struct plan_chain *last_resort(const struct builder *b, const struct plan_target *t)
{
	switch (t->last) {
	case PLAN_LAST_MAIN:
		return b->plan->to_main;
	case PLAN_LAST_BLOCK:
		return b->plan->to_block;
	}
	return NULL;
}

/* What egress says about the target. */
static const struct plan_chain *egress_of(struct builder *b, const struct plan_target *t,
					  const struct desired_choice *choice, enum inet_family f)
{
	switch (choice->kind) {
	case DESIRED_CHOICE_LAST:
		return last_resort(b, t);
	case DESIRED_CHOICE_LINK:
		return t->candidates[choice->candidate].to;
	case DESIRED_CHOICE_SPREAD:
		add_spread(b, t, choice, f);
		return b->plan->spread_flows;
	}
	return NULL;
}

/*
 * Where flows of candidate `c` go. On the way to main routing they wait where
 * they are: its own ip rules lead a mark there whose link has no route.
 */
static const struct plan_chain *alive_of(const struct plan_target *t,
					 const struct plan_candidate *c, enum desired_flows flows,
					 const struct plan_candidate *instead,
					 const struct plan_chain *last)
{
	switch (flows) {
	case DESIRED_FLOWS_STAY:
		return c->to;
	case DESIRED_FLOWS_MOVING:
		if (!instead)
			return t->last == PLAN_LAST_BLOCK ? last : c->to;
		return instead->moved && instead != c ? instead->moved : c->to;
	case DESIRED_FLOWS_MOVED:
		return instead ? instead->to : last;
	}
	return c->to;
}

static void elements_daemon(struct builder *b, size_t target, enum inet_family f)
{
	const struct plan_target *t = &b->plan->targets[target];
	const struct desired_choice *choice = &b->in->choices[target][f];
	const struct plan_candidate *instead = instead_of(t, choice);
	const struct plan_chain *last = last_resort(b, t);

	add_egress(b, t->mark, f, egress_of(b, t, choice, f));
	for (size_t i = 0; i < t->n_candidates; i++)
		add_alive(
			b, t->candidates[i].mark, f,
			alive_of(t, &t->candidates[i], b->in->flows[target][i][f], instead, last));
	if (t->is_link)
		return;
	/* flows from the time without a daemon: the multipath route has spread them already */
	switch (choice->kind) {
	case DESIRED_CHOICE_LAST:
		add_alive(b, t->mark, f, last);
		break;
	case DESIRED_CHOICE_LINK:
		add_alive(b, t->mark, f, instead->to);
		break;
	case DESIRED_CHOICE_SPREAD:
		add_alive(b, t->mark, f, t->routes);
		break;
	}
}

/* Sorts; of entries with one key (which say the same) one stays. */
static size_t sort_unique(struct plan_element *e, size_t n)
{
	size_t kept = 0;

	if (n == 0)
		return 0;
	qsort(e, n, sizeof(*e), plan_element_cmp);
	for (size_t i = 1; i < n; i++)
		if (plan_element_cmp(&e[kept], &e[i]) != 0)
			e[++kept] = e[i];
	return kept + 1;
}

static void build_elements(struct builder *b)
{
	for (size_t i = 0; i < b->plan->n_targets; i++) {
		const struct plan_target *t = &b->plan->targets[i];

		if (t->is_block)
			continue;
		for (int f = INET4; f <= INET6; f++)
			switch (b->mode) {
			case DESIRED_KERNEL:
				elements_kernel(b, t, (enum inet_family)f);
				break;
			case DESIRED_DAEMON:
				elements_daemon(b, i, (enum inet_family)f);
				break;
			}
	}
	b->out->n_egress = sort_unique(b->out->egress, b->out->n_egress);
	b->out->n_alive = sort_unique(b->out->alive, b->out->n_alive);
	b->out->n_spread = sort_unique(b->out->spread, b->out->n_spread);
}

void desired_build(const struct plan *p, const struct desired_inputs *in, enum desired_mode mode,
		   struct arena *a, struct desired *ret)
{
	struct desired d = { 0 };
	struct builder b = { .plan = p, .in = in, .mode = mode, .arena = a, .out = &d };

	build_rules(&b);
	build_routes(&b, INET4);
	build_routes(&b, INET6);
	if (d.net.n_routes)
		qsort(d.net.routes, d.net.n_routes, sizeof(*d.net.routes), netstate_route_key_cmp);
	build_elements(&b);
	*ret = d;
}

const struct plan_element *desired_elements(const struct plan *p, const struct desired *d,
					    const struct plan_set *s, size_t *ret_n)
{
	switch (s->content) {
	case PLAN_CONTENT_PLAN:
		*ret_n = s->n_elements;
		return s->elements;
	case PLAN_CONTENT_STATE:
		if (s == p->egress) {
			*ret_n = d->n_egress;
			return d->egress;
		}
		if (s == p->alive) {
			*ret_n = d->n_alive;
			return d->alive;
		}
		if (s == p->spread) {
			*ret_n = d->n_spread;
			return d->spread;
		}
		break;
	case PLAN_CONTENT_DNS:
		break;
	}
	*ret_n = 0;
	return NULL;
}
