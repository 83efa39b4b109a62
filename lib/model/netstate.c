/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Comparing, printing and diffing kernel state. A diff is a merge of two sorted
 * multisets: the same rule may stand twice in the kernel (nothing forbids it),
 * and then one of the two goes.
 */
#include "model/netstate.h"

#include "base/arena.h"
#include "model/policy.h"

#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CMP(a, b) (((a) > (b)) - ((a) < (b)))
#define RETURN_IF_DIFFERENT(a, b)                                                                  \
	do {                                                                                       \
		int _c = CMP((a), (b));                                                            \
		if (_c)                                                                            \
			return _c;                                                                 \
	} while (0)

/* ---- comparing --------------------------------------------------------- */

int netstate_route_key_cmp(const void *a, const void *b)
{
	const struct netstate_route *x = a, *y = b;

	RETURN_IF_DIFFERENT(x->family, y->family);
	RETURN_IF_DIFFERENT(x->table, y->table);
	return CMP(x->metric, y->metric);
}

/* The address the kernel masks when a rule is added counts, not host bits behind it. */
static int prefix_cmp(const struct inet_prefix *a, const struct inet_prefix *b)
{
	RETURN_IF_DIFFERENT(a->family, b->family);
	RETURN_IF_DIFFERENT(a->len, b->len);
	return inet_addr_cmp(&a->addr, &b->addr);
}

int netstate_rule_cmp(const void *a, const void *b)
{
	const struct netstate_rule *x = a, *y = b;

	RETURN_IF_DIFFERENT(x->family, y->family);
	RETURN_IF_DIFFERENT(x->priority, y->priority);
	RETURN_IF_DIFFERENT(x->protocol, y->protocol);
	RETURN_IF_DIFFERENT(x->invert, y->invert);
	RETURN_IF_DIFFERENT(x->fwmark, y->fwmark);
	RETURN_IF_DIFFERENT(x->fwmask, y->fwmask);
	RETURN_IF_DIFFERENT(x->has_to, y->has_to);
	if (x->has_to) {
		int c = prefix_cmp(&x->to, &y->to);

		if (c)
			return c;
	}
	RETURN_IF_DIFFERENT(x->action, y->action);
	RETURN_IF_DIFFERENT(x->table, y->table);
	return CMP(x->suppress_prefixlength, y->suppress_prefixlength);
}

static int nexthop_cmp(const struct netstate_nexthop *x, const struct netstate_nexthop *y)
{
	RETURN_IF_DIFFERENT(x->ifindex, y->ifindex);
	RETURN_IF_DIFFERENT(x->has_gateway, y->has_gateway);
	if (x->has_gateway) {
		int c = inet_addr_cmp(&x->gateway, &y->gateway);

		if (c)
			return c;
	}
	RETURN_IF_DIFFERENT(x->weight, y->weight);
	return CMP(x->onlink, y->onlink);
}

static const struct netstate_nexthop *find_nexthop(const struct netstate_route *r,
						   const struct netstate_nexthop *nh,
						   const bool *taken, size_t *ret_index)
{
	for (size_t i = 0; i < r->n_nexthops; i++)
		if (!taken[i] && nexthop_cmp(&r->nexthops[i], nh) == 0) {
			*ret_index = i;
			return &r->nexthops[i];
		}
	return NULL;
}

/* Legs of a multipath route have no order of their own: the kernel may list them in another. */
static bool nexthops_equal(const struct netstate_route *a, const struct netstate_route *b)
{
	bool taken[NETSTATE_NEXTHOPS_MAX] = { false };

	if (a->n_nexthops != b->n_nexthops)
		return false;
	for (size_t i = 0; i < a->n_nexthops; i++) {
		size_t found;

		if (!find_nexthop(b, &a->nexthops[i], taken, &found))
			return false;
		taken[found] = true;
	}
	return true;
}

bool netstate_route_equal(const struct netstate_route *a, const struct netstate_route *b)
{
	return netstate_route_key_cmp(a, b) == 0 && a->protocol == b->protocol &&
	       nexthops_equal(a, b);
}

/* ---- printing ---------------------------------------------------------- */

struct text {
	char *buf;
	size_t size, len;
};

/* Appends; what does not fit is cut off. */
__attribute__((format(printf, 2, 3))) static void text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;
	int n;

	if (t->len + 1 >= t->size)
		return;
	va_start(ap, fmt);
	n = vsnprintf(t->buf + t->len, t->size - t->len, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;
	t->len += (size_t)n;
	if (t->len >= t->size)
		t->len = t->size - 1;
}

static struct text text_begin(char *buf, size_t size)
{
	if (size)
		buf[0] = '\0';
	return (struct text){ .buf = buf, .size = size };
}

static void text_table(struct text *t, const char *keyword, uint32_t table)
{
	switch (table) {
	case RT_TABLE_MAIN:
		text_add(t, " %s main", keyword);
		break;
	case RT_TABLE_LOCAL:
		text_add(t, " %s local", keyword);
		break;
	case RT_TABLE_DEFAULT:
		text_add(t, " %s default", keyword);
		break;
	default:
		text_add(t, " %s %u", keyword, table);
		break;
	}
}

static void text_action(struct text *t, const struct netstate_rule *r)
{
	switch (r->action) {
	case FR_ACT_TO_TBL:
		text_table(t, "lookup", r->table);
		break;
	case FR_ACT_UNREACHABLE:
		text_add(t, " unreachable");
		break;
	case FR_ACT_BLACKHOLE:
		text_add(t, " blackhole");
		break;
	case FR_ACT_PROHIBIT:
		text_add(t, " prohibit");
		break;
	case FR_ACT_NOP:
		text_add(t, " nop");
		break;
	default:
		text_add(t, " action %u", r->action);
		break;
	}
}

static void text_rule(struct text *t, const struct netstate_rule *r)
{
	char to[INET_TEXT_MAX];

	text_add(t, "%u: %sfrom all", r->priority, r->invert ? "not " : "");
	if (r->has_to)
		text_add(t, " to %s", inet_print_prefix(&r->to, to));
	if (r->fwmark || r->fwmask) {
		text_add(t, r->fwmark ? " fwmark 0x%x" : " fwmark %x", r->fwmark);
		if (r->fwmask != UINT32_MAX)
			text_add(t, "/0x%x", r->fwmask);
	}
	if (r->foreign_keys)
		text_add(t, " ...");
	text_action(t, r);
	if (r->suppress_prefixlength >= 0)
		text_add(t, " suppress_prefixlength %d", r->suppress_prefixlength);
	text_add(t, " proto %u", r->protocol);
}

const char *netstate_rule_text(const struct netstate_rule *r, char *buf, size_t size)
{
	struct text t = text_begin(buf, size);

	text_rule(&t, r);
	return buf;
}

static const char *device_name(const struct netstate *names, int ifindex)
{
	for (size_t i = 0; names && i < names->n_links; i++)
		if (names->links[i].ifindex == ifindex)
			return names->links[i].name;
	return NULL;
}

static void text_nexthop(struct text *t, const struct netstate_route *r, size_t i,
			 const struct netstate *names)
{
	const struct netstate_nexthop *nh = &r->nexthops[i];
	const char *dev = device_name(names, nh->ifindex);
	char addr[INET_TEXT_MAX];

	if (nh->has_gateway)
		text_add(t, " via %s", inet_print_addr(&nh->gateway, r->family, addr));
	if (dev)
		text_add(t, " dev %s", dev);
	else
		text_add(t, " dev if%d", nh->ifindex);
}

static void text_nexthop_flags(struct text *t, const struct netstate_nexthop *nh)
{
	text_add(t, "%s%s%s", nh->onlink ? " onlink" : "", nh->dead ? " dead" : "",
		 nh->linkdown ? " linkdown" : "");
}

static void text_route(struct text *t, const struct netstate_route *r, const struct netstate *names)
{
	text_add(t, "default");
	if (r->n_nexthops == 1)
		text_nexthop(t, r, 0, names);
	text_table(t, "table", r->table);
	text_add(t, " proto %u metric %u", r->protocol, r->metric);
	if (r->n_nexthops == 1)
		text_nexthop_flags(t, &r->nexthops[0]);
	for (size_t i = 0; r->n_nexthops > 1 && i < r->n_nexthops; i++) {
		text_add(t, " nexthop");
		text_nexthop(t, r, i, names);
		text_add(t, " weight %u", r->nexthops[i].weight);
		text_nexthop_flags(t, &r->nexthops[i]);
	}
}

const char *netstate_route_text(const struct netstate_route *r, char *buf, size_t size,
				const struct netstate *names)
{
	struct text t = text_begin(buf, size);

	text_route(&t, r, names);
	return buf;
}

const char *netstate_change_text(const struct netstate_change *c, char *buf, size_t size,
				 const struct netstate *names)
{
	struct text t = text_begin(buf, size);
	enum inet_family family = c->is_rule ? c->rule.family : c->route.family;

	text_add(&t, "ip %s%s ", family == INET6 ? "-6 " : "", c->is_rule ? "rule" : "route");
	if (c->is_rule)
		text_rule(&t, &c->rule);
	else
		text_route(&t, &c->route, names);
	return buf;
}

/* ---- the difference ---------------------------------------------------- */

struct diff_ctx {
	struct arena *arena;
	struct netstate_diff *diff;
};

static void push_rule(struct diff_ctx *ctx, enum netstate_op op, const struct netstate_rule *r)
{
	struct netstate_diff *d = ctx->diff;
	struct netstate_change *c =
		op == NETSTATE_DELETE ? ARENA_PUSH(ctx->arena, d->post, d->n_post, d->cap_post)
				      : ARENA_PUSH(ctx->arena, d->pre, d->n_pre, d->cap_pre);

	c->op = op;
	c->is_rule = true;
	c->rule = *r;
}

static void push_route(struct diff_ctx *ctx, enum netstate_op op, const struct netstate_route *r)
{
	struct netstate_diff *d = ctx->diff;
	struct netstate_change *c =
		op == NETSTATE_DELETE ? ARENA_PUSH(ctx->arena, d->post, d->n_post, d->cap_post)
				      : ARENA_PUSH(ctx->arena, d->pre, d->n_pre, d->cap_pre);

	c->op = op;
	c->is_rule = false;
	c->route = *r;
}

static bool rule_is_ours(const struct netstate_rule *r)
{
	return r->protocol == POLICY_PROTOCOL && !r->foreign_keys;
}

static int rule_ptr_cmp(const void *a, const void *b)
{
	return netstate_rule_cmp(*(const struct netstate_rule *const *)a,
				 *(const struct netstate_rule *const *)b);
}

/* Routes of one key keep their order in the list: the kernel's, i.e. which one is used. */
static int route_ptr_cmp(const void *a, const void *b)
{
	const struct netstate_route *x = *(const struct netstate_route *const *)a;
	const struct netstate_route *y = *(const struct netstate_route *const *)b;
	int c = netstate_route_key_cmp(x, y);

	return c ? c : CMP(x, y);
}

/* What desired_build() made is in order already, and is compared at each failover. */
static void sort_routes(const struct netstate_route **list, size_t n)
{
	size_t i = 1;

	while (i < n && route_ptr_cmp(&list[i - 1], &list[i]) < 0)
		i++;
	if (i < n)
		qsort(list, n, sizeof(*list), route_ptr_cmp);
}

/* Our own rules of s, sorted. */
static const struct netstate_rule **own_rules(const struct netstate *s, struct arena *a,
					      size_t *ret_n)
{
	const struct netstate_rule **list = arena_calloc(a, s->n_rules + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < s->n_rules; i++)
		if (rule_is_ours(&s->rules[i]))
			list[n++] = &s->rules[i];
	qsort(list, n, sizeof(*list), rule_ptr_cmp);
	*ret_n = n;
	return list;
}

static const struct netstate_route **own_routes(const struct netstate *s, struct arena *a,
						size_t *ret_n)
{
	const struct netstate_route **list = arena_calloc(a, s->n_routes + 1, sizeof(*list));
	size_t n = 0;

	for (size_t i = 0; i < s->n_routes; i++)
		if (s->routes[i].protocol == POLICY_PROTOCOL)
			list[n++] = &s->routes[i];
	sort_routes(list, n);
	*ret_n = n;
	return list;
}

/* Two states of one plan have the same rules in the same order, whatever the links do. */
static bool same_rules(const struct netstate *a, const struct netstate *b)
{
	if (a->n_rules != b->n_rules)
		return false;
	for (size_t i = 0; i < a->n_rules; i++)
		if (!rule_is_ours(&a->rules[i]) || !rule_is_ours(&b->rules[i]) ||
		    netstate_rule_cmp(&a->rules[i], &b->rules[i]) != 0)
			return false;
	return true;
}

static void diff_rules(struct diff_ctx *ctx, const struct netstate *observed,
		       const struct netstate *desired)
{
	const struct netstate_rule **have, **want;
	size_t n_have, n_want, h = 0, w = 0;

	if (same_rules(observed, desired))
		return;
	have = own_rules(observed, ctx->arena, &n_have);
	want = own_rules(desired, ctx->arena, &n_want);
	while (h < n_have || w < n_want) {
		int c = h == n_have ? 1 : w == n_want ? -1 : netstate_rule_cmp(have[h], want[w]);

		if (c < 0) {
			push_rule(ctx, NETSTATE_DELETE, have[h++]);
		} else if (c > 0) {
			push_rule(ctx, NETSTATE_ADD, want[w++]);
		} else {
			h++;
			w++;
		}
	}
}

/* All observed routes of one key against the one wanted (NULL: none). */
static void diff_route_key(struct diff_ctx *ctx, const struct netstate_route *const *have,
			   size_t n_have, const struct netstate_route *want)
{
	size_t keep = 0;

	if (!want) {
		for (size_t i = 0; i < n_have; i++)
			push_route(ctx, NETSTATE_DELETE, have[i]);
		return;
	}
	if (n_have == 0) {
		push_route(ctx, NETSTATE_ADD, want);
		return;
	}
	while (keep < n_have && !netstate_route_equal(have[keep], want))
		keep++;
	if (keep == n_have) {
		/* a replacement takes the place of the first */
		push_route(ctx, NETSTATE_REPLACE, want);
		keep = 0;
	}
	for (size_t i = 0; i < n_have; i++)
		if (i != keep)
			push_route(ctx, NETSTATE_DELETE, have[i]);
}

static void diff_routes(struct diff_ctx *ctx, const struct netstate *observed,
			const struct netstate *desired)
{
	size_t n_have, n_want, h = 0, w = 0;
	const struct netstate_route **have = own_routes(observed, ctx->arena, &n_have);
	const struct netstate_route **want = own_routes(desired, ctx->arena, &n_want);

	while (h < n_have || w < n_want) {
		int c = h == n_have   ? 1
			: w == n_want ? -1
				      : netstate_route_key_cmp(have[h], want[w]);
		size_t end = h;

		if (c <= 0)
			while (end < n_have && netstate_route_key_cmp(have[h], have[end]) == 0)
				end++;
		diff_route_key(ctx, have + h, end - h, c >= 0 ? want[w] : NULL);
		h = end;
		w += c >= 0;
	}
}

void netstate_diff_build(const struct netstate *observed, const struct netstate *desired,
			 struct arena *a, struct netstate_diff *ret)
{
	struct netstate_diff routes = { 0 }, rules = { 0 };
	struct diff_ctx ctx = { .arena = a, .diff = &routes };

	diff_routes(&ctx, observed, desired);
	ctx.diff = &rules;
	diff_rules(&ctx, observed, desired);

	ret->n_pre = ret->cap_pre = routes.n_pre + rules.n_pre;
	ret->n_post = ret->cap_post = routes.n_post + rules.n_post;
	ret->pre = arena_calloc(a, ret->n_pre + 1, sizeof(*ret->pre));
	ret->post = arena_calloc(a, ret->n_post + 1, sizeof(*ret->post));
	for (size_t i = 0; i < routes.n_pre; i++)
		ret->pre[i] = routes.pre[i];
	for (size_t i = 0; i < rules.n_pre; i++)
		ret->pre[routes.n_pre + i] = rules.pre[i];
	for (size_t i = 0; i < rules.n_post; i++)
		ret->post[i] = rules.post[rules.n_post - 1 - i];
	for (size_t i = 0; i < routes.n_post; i++)
		ret->post[rules.n_post + i] = routes.post[i];
}
