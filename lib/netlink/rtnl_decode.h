/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink messages -> values of model/netstate.h. Pure: any bytes may come,
 * nothing is read beyond nlmsg_len (which the caller has checked to lie within
 * what was received: mnl_nlmsg_ok()).
 *
 * Every function returns 0 with *ret filled, RTNL_DECODE_OTHER for a well-formed
 * message about something that is not tracked here, or -EBADMSG.
 */
#pragma once

#include "model/netstate.h"

struct nlmsghdr;

enum {
	RTNL_DECODE_OTHER = 1,
};

/* OTHER: about a bridge port and the like, not about the device itself. */
int rtnl_decode_link(const struct nlmsghdr *nlh, struct netstate_link *ret);
/* OTHER: link-local, tentative or duplicate. */
int rtnl_decode_addr(const struct nlmsghdr *nlh, struct netstate_addr *ret);
/*
 * OTHER: not a plain unicast default (source-specific, with TOS, a cached
 * clone, an IPv4 one over an IPv6 gateway, encapsulated).
 */
int rtnl_decode_route(const struct nlmsghdr *nlh, struct netstate_route *ret);
int rtnl_decode_rule(const struct nlmsghdr *nlh, struct netstate_rule *ret);

/* A notification, as far as a watcher wants to know it. */
enum rtnl_event_kind {
	RTNL_EVENT_LINK,
	RTNL_EVENT_ADDR, /* also of addresses that are not usable (yet) */
	RTNL_EVENT_ROUTE, /* default routes only */
	RTNL_EVENT_RULE,
};

struct rtnl_event {
	enum rtnl_event_kind kind;
	bool gone; /* RTM_DEL* */
	bool ours; /* route, rule: POLICY_PROTOCOL */
	int ifindex; /* link, addr; route: of its first leg */
	enum inet_family family; /* all but link */
	uint32_t table; /* route, rule */
	struct netstate_link link; /* RTNL_EVENT_LINK */
};

int rtnl_decode_event(const struct nlmsghdr *nlh, struct rtnl_event *ret);
