/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "io/apply_net.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "io/apply.h"
#include "io/nl_socket.h"
#include "netlink/rtnl_decode.h"
#include "netlink/rtnl_encode.h"

#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

/* A multipath route of NETSTATE_NEXTHOPS_MAX legs may be cut: it is for people. */
#define CHANGE_TEXT_MAX 2048

/* ---- looking ----------------------------------------------------------- */

struct observer {
	struct arena *arena;
	struct netstate *state;
};

static int on_link(const struct nlmsghdr *nlh, void *data)
{
	struct observer *o = data;
	struct netstate *s = o->state;
	struct netstate_link link;

	if (rtnl_decode_link(nlh, &link) == 0)
		*ARENA_PUSH(o->arena, s->links, s->n_links, s->cap_links) = link;
	return 0;
}

static int on_addr(const struct nlmsghdr *nlh, void *data)
{
	struct observer *o = data;
	struct netstate *s = o->state;
	struct netstate_addr addr;

	if (rtnl_decode_addr(nlh, &addr) == 0)
		*ARENA_PUSH(o->arena, s->addrs, s->n_addrs, s->cap_addrs) = addr;
	return 0;
}

static int on_route(const struct nlmsghdr *nlh, void *data)
{
	struct observer *o = data;
	struct netstate *s = o->state;
	struct netstate_route route;

	if (rtnl_decode_route(nlh, &route) == 0)
		*ARENA_PUSH(o->arena, s->routes, s->n_routes, s->cap_routes) = route;
	return 0;
}

static int on_rule(const struct nlmsghdr *nlh, void *data)
{
	struct observer *o = data;
	struct netstate *s = o->state;
	struct netstate_rule rule;

	if (rtnl_decode_rule(nlh, &rule) == 0)
		*ARENA_PUSH(o->arena, s->rules, s->n_rules, s->cap_rules) = rule;
	return 0;
}

static const nl_socket_cb readers[RTNL_DUMP_COUNT] = {
	[RTNL_DUMP_LINKS] = on_link,	[RTNL_DUMP_ADDRS] = on_addr,
	[RTNL_DUMP_ROUTES4] = on_route, [RTNL_DUMP_ROUTES6] = on_route,
	[RTNL_DUMP_RULES4] = on_rule,	[RTNL_DUMP_RULES6] = on_rule,
};

/* A kernel without IPv6 has nothing to dump there: its rtnetlink knows no such request. */
static bool family_is_missing(enum rtnl_dump what, int error)
{
	return (what == RTNL_DUMP_ROUTES6 || what == RTNL_DUMP_RULES6) &&
	       (error == -EOPNOTSUPP || error == -EAFNOSUPPORT);
}

int apply_net_observe(struct nl_socket *route, struct arena *a, struct netstate *ret)
{
	uint32_t request[RTNL_ENCODE_MAX / sizeof(uint32_t)];
	struct netstate state = { 0 };
	struct observer o = { .arena = a, .state = &state };

	for (int what = 0; what < RTNL_DUMP_COUNT; what++) {
		ssize_t n = rtnl_encode_dump((enum rtnl_dump)what, 0, request, sizeof(request));
		int r = n > 0 ? nl_socket_dump(route, (void *)request, readers[what], &o)
			      : -EMSGSIZE;

		if (r < 0 && !family_is_missing((enum rtnl_dump)what, r))
			return r;
	}
	*ret = state;
	return 0;
}

/* ---- changing ---------------------------------------------------------- */

static char op_mark(enum netstate_op op)
{
	switch (op) {
	case NETSTATE_ADD:
		return '+';
	case NETSTATE_REPLACE:
		return '~';
	case NETSTATE_DELETE:
		return '-';
	}
	return '?';
}

void apply_net_describe(const struct netstate_change *changes, size_t n,
			const struct netstate *names, struct apply_report *r)
{
	char text[CHANGE_TEXT_MAX];

	for (size_t i = 0; i < n; i++) {
		netstate_change_text(&changes[i], text, sizeof(text), names);
		(void)ARENA_PUSH(r->arena, r->lines, r->n_lines, r->cap_lines);
		r->lines[r->n_lines - 1].mark = op_mark(changes[i].op);
		r->lines[r->n_lines - 1].text = arena_strdup(r->arena, text);
	}
}

/* "ip route default via ...: Network is down" */
static const char *explain(const struct netstate_change *c, const struct netstate *names,
			   const struct nl_reply *reply, struct arena *a)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;
	char text[CHANGE_TEXT_MAX];

	strbuf_addf(&b, "%s: ", netstate_change_text(c, text, sizeof(text), names));
	nl_reply_print(reply, &b);
	return arena_strdup(a, strbuf_text(&b));
}

/* What the kernel's answer to one change means. */
enum verdict {
	VERDICT_DONE,
	VERDICT_ALREADY, /* nothing to do after all */
	VERDICT_WARN, /* this one not; the others yes */
	VERDICT_FAIL,
};

static enum verdict judge(const struct netstate_change *c, int error)
{
	switch (-error) {
	case 0:
		return VERDICT_DONE;
	case ESRCH: /* no such route */
	case ENOENT: /* no such rule */
		return c->op == NETSTATE_DELETE ? VERDICT_ALREADY : VERDICT_FAIL;
	case EEXIST:
		/* a rule is known by all it says; of a route only by its key: somebody else's is there */
		return c->is_rule ? VERDICT_ALREADY : VERDICT_WARN;
	case ENODEV:
	case ENXIO:
	case EINVAL:
	case ENETDOWN:
	case ENETUNREACH:
	case EHOSTUNREACH:
		/* of the link: it went away or changed between our look and now */
		if (c->is_rule)
			return VERDICT_FAIL;
		return c->op == NETSTATE_DELETE ? VERDICT_ALREADY : VERDICT_WARN;
	default:
		return VERDICT_FAIL;
	}
}

static int change_one(struct nl_socket *route, const struct netstate_change *c,
		      const struct netstate *names, struct apply_report *r)
{
	uint32_t request[RTNL_ENCODE_MAX / sizeof(uint32_t)];
	struct nl_reply reply = { 0 };
	ssize_t n = rtnl_encode_change(c, 0, request, sizeof(request));

	if (n <= 0)
		reply.error = n < 0 ? (int)n : -EMSGSIZE;
	else if (nl_socket_talk(route, (void *)request, NULL, NULL) < 0)
		reply = *nl_socket_reply(route);

	switch (judge(c, reply.error)) {
	case VERDICT_DONE:
		apply_net_describe(c, 1, names, r);
		return 0;
	case VERDICT_ALREADY:
		return 0;
	case VERDICT_WARN:
		*ARENA_PUSH(r->arena, r->warnings, r->n_warnings, r->cap_warnings) =
			explain(c, names, &reply, r->arena);
		return 0;
	case VERDICT_FAIL:
		r->error = explain(c, names, &reply, r->arena);
		return reply.error;
	}
	return 0;
}

int apply_net_change(struct nl_socket *route, const struct netstate_change *changes, size_t n,
		     const struct netstate *names, struct apply_report *r)
{
	for (size_t i = 0; i < n; i++) {
		int error = change_one(route, &changes[i], names, r);

		if (error < 0)
			return error;
	}
	return 0;
}
