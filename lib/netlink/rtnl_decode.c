/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/rtnl_decode.h"

#include "base/cleanup.h"
#include "model/policy.h"
#include "netlink/nl_attr.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

/* Copies the fixed header behind nlmsghdr and finds the attributes. */
static int split(const struct nlmsghdr *nlh, void *head, size_t head_size, const void **ret_attrs,
		 size_t *ret_len)
{
	const uint8_t *bytes = (const void *)nlh;
	size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(head_size);

	if (nlh->nlmsg_len < NLMSG_HDRLEN + head_size)
		return -EBADMSG;
	memcpy(head, bytes + NLMSG_HDRLEN, head_size);
	*ret_attrs = bytes + at;
	*ret_len = nlh->nlmsg_len > at ? nlh->nlmsg_len - at : 0;
	return 0;
}

static bool to_family(uint8_t af, enum inet_family *ret)
{
	if (af != AF_INET && af != AF_INET6)
		return false;
	*ret = af == AF_INET ? INET4 : INET6;
	return true;
}

/* ---- links ------------------------------------------------------------- */

static const enum nl_attr_type link_types[] = {
	[IFLA_IFNAME] = NL_ATTR_STRING,
	[IFLA_OPERSTATE] = NL_ATTR_U8,
	[IFLA_CARRIER] = NL_ATTR_U8,
	[IFLA_CARRIER_DOWN_COUNT] = NL_ATTR_U32,
};

int rtnl_decode_link(const struct nlmsghdr *nlh, struct netstate_link *ret)
{
	struct nl_attr attrs[ARRAY_SIZE(link_types)];
	struct netstate_link l = { 0 };
	struct ifinfomsg head;
	const void *rest;
	size_t len;
	int r;

	r = split(nlh, &head, sizeof(head), &rest, &len);
	if (r < 0)
		return r;
	/* AF_BRIDGE: a port left its bridge; the device did not go */
	if (head.ifi_family != AF_UNSPEC)
		return RTNL_DECODE_OTHER;
	r = nl_attr_read(rest, len, link_types, ARRAY_SIZE(link_types), attrs, NULL);
	if (r < 0)
		return r;
	r = nl_attr_string(&attrs[IFLA_IFNAME], l.name, sizeof(l.name));
	if (r < 0)
		return r;
	if (head.ifi_index <= 0)
		return -EBADMSG;
	/* wireless events (IFLA_WIRELESS) name no device */
	if (!l.name[0])
		return RTNL_DECODE_OTHER;
	l.ifindex = head.ifi_index;
	l.flags = head.ifi_flags;
	l.operstate = nl_attr_u8(&attrs[IFLA_OPERSTATE], IF_OPER_UNKNOWN);
	l.carrier = nl_attr_u8(&attrs[IFLA_CARRIER], (head.ifi_flags & IFF_LOWER_UP) != 0);
	l.carrier_down_count = nl_attr_u32(&attrs[IFLA_CARRIER_DOWN_COUNT], 0);
	*ret = l;
	return 0;
}

/* ---- addresses --------------------------------------------------------- */

static const enum nl_attr_type addr_types[] = {
	[IFA_ADDRESS] = NL_ATTR_ADDR,
	[IFA_LOCAL] = NL_ATTR_ADDR,
	[IFA_FLAGS] = NL_ATTR_U32,
};

/* An optimistic address (RFC 4429) may be used while duplicates are still looked for. */
static bool addr_is_usable(const struct ifaddrmsg *head, uint32_t flags)
{
	if (head->ifa_scope >= RT_SCOPE_LINK || (flags & IFA_F_DADFAILED))
		return false;
	return !(flags & IFA_F_TENTATIVE) || (flags & IFA_F_OPTIMISTIC);
}

int rtnl_decode_addr(const struct nlmsghdr *nlh, struct netstate_addr *ret)
{
	struct nl_attr attrs[ARRAY_SIZE(addr_types)];
	struct netstate_addr a = { 0 };
	struct ifaddrmsg head;
	const void *rest;
	size_t len;
	int r;

	r = split(nlh, &head, sizeof(head), &rest, &len);
	if (r < 0)
		return r;
	if (!to_family(head.ifa_family, &a.family))
		return RTNL_DECODE_OTHER;
	r = nl_attr_read(rest, len, addr_types, ARRAY_SIZE(addr_types), attrs, NULL);
	if (r < 0)
		return r;
	/* IFA_ADDRESS is the peer's on point-to-point devices, where IFA_LOCAL is ours */
	r = nl_attr_addr(&attrs[attrs[IFA_LOCAL].data ? IFA_LOCAL : IFA_ADDRESS], a.family,
			 &a.addr);
	if (r < 0)
		return r;
	if (head.ifa_index == 0 || head.ifa_index > INT32_MAX)
		return -EBADMSG;
	a.ifindex = (int)head.ifa_index;
	a.prefix_len = head.ifa_prefixlen;
	a.flags = nl_attr_u32(&attrs[IFA_FLAGS], head.ifa_flags);
	if (!addr_is_usable(&head, a.flags))
		return RTNL_DECODE_OTHER;
	*ret = a;
	return 0;
}

/* ---- routes ------------------------------------------------------------ */

static const enum nl_attr_type route_types[] = {
	[RTA_OIF] = NL_ATTR_U32,	 [RTA_GATEWAY] = NL_ATTR_ADDR, [RTA_PRIORITY] = NL_ATTR_U32,
	[RTA_MULTIPATH] = NL_ATTR_BYTES, [RTA_TABLE] = NL_ATTR_U32,    [RTA_VIA] = NL_ATTR_BYTES,
	[RTA_ENCAP] = NL_ATTR_BYTES,
};
#define ROUTE_ATTRS ARRAY_SIZE(route_types)

/* One leg out of already checked attributes; `flags` are RTNH_F_*. */
static int decode_nexthop(const struct nl_attr *attrs, enum inet_family f, int64_t ifindex,
			  unsigned flags, struct netstate_nexthop *ret)
{
	struct netstate_nexthop nh = { .weight = 1 };
	int r;

	if (attrs[RTA_VIA].data || attrs[RTA_ENCAP].data)
		return RTNL_DECODE_OTHER;
	/* no device: a blackhole by nexthop object */
	if (ifindex == 0)
		return RTNL_DECODE_OTHER;
	if (ifindex < 0 || ifindex > INT32_MAX)
		return -EBADMSG;
	r = nl_attr_addr(&attrs[RTA_GATEWAY], f, &nh.gateway);
	if (r < 0)
		return r;
	nh.has_gateway = attrs[RTA_GATEWAY].data != NULL;
	nh.ifindex = (int)ifindex;
	nh.onlink = flags & RTNH_F_ONLINK;
	nh.linkdown = flags & RTNH_F_LINKDOWN;
	nh.dead = flags & RTNH_F_DEAD;
	*ret = nh;
	return 0;
}

static int decode_legs(const struct nl_attr *multipath, struct netstate_route *route)
{
	const uint8_t *bytes = multipath->data;
	size_t at = 0;

	while (at < multipath->len) {
		struct nl_attr attrs[ROUTE_ATTRS];
		struct netstate_nexthop *nh;
		struct rtnexthop leg;
		int r;

		if (multipath->len - at < sizeof(leg))
			return -EBADMSG;
		memcpy(&leg, bytes + at, sizeof(leg));
		if (leg.rtnh_len < sizeof(leg) || leg.rtnh_len > multipath->len - at)
			return -EBADMSG;
		r = nl_attr_read(bytes + at + sizeof(leg), leg.rtnh_len - sizeof(leg), route_types,
				 ROUTE_ATTRS, attrs, NULL);
		if (r < 0)
			return r;
		/* we never write as many; of other people's only the first count */
		if (route->n_nexthops == NETSTATE_NEXTHOPS_MAX)
			return 0;
		nh = &route->nexthops[route->n_nexthops];
		r = decode_nexthop(attrs, route->family, leg.rtnh_ifindex, leg.rtnh_flags, nh);
		if (r)
			return r;
		nh->weight = (unsigned)leg.rtnh_hops + 1;
		route->n_nexthops++;
		at += NLMSG_ALIGN(leg.rtnh_len);
	}
	if (route->n_nexthops == 1)
		route->nexthops[0].weight = 1;
	return route->n_nexthops ? 0 : RTNL_DECODE_OTHER;
}

static bool is_plain_default(const struct rtmsg *head)
{
	return head->rtm_dst_len == 0 && head->rtm_src_len == 0 && head->rtm_tos == 0 &&
	       head->rtm_type == RTN_UNICAST && !(head->rtm_flags & RTM_F_CLONED);
}

int rtnl_decode_route(const struct nlmsghdr *nlh, struct netstate_route *ret)
{
	struct nl_attr attrs[ROUTE_ATTRS];
	struct netstate_route route;
	enum inet_family family;
	struct rtmsg head;
	const void *rest;
	size_t len;
	int r;

	r = split(nlh, &head, sizeof(head), &rest, &len);
	if (r < 0)
		return r;
	/* first: of a full BGP table only this is looked at */
	if (!is_plain_default(&head) || !to_family(head.rtm_family, &family))
		return RTNL_DECODE_OTHER;
	r = nl_attr_read(rest, len, route_types, ROUTE_ATTRS, attrs, NULL);
	if (r < 0)
		return r;
	memset(&route, 0, sizeof(route));
	route.family = family;
	route.protocol = head.rtm_protocol;
	route.table = nl_attr_u32(&attrs[RTA_TABLE], head.rtm_table);
	route.metric = nl_attr_u32(&attrs[RTA_PRIORITY], 0);
	if (attrs[RTA_MULTIPATH].data) {
		r = decode_legs(&attrs[RTA_MULTIPATH], &route);
	} else {
		route.n_nexthops = 1;
		r = decode_nexthop(attrs, route.family, nl_attr_u32(&attrs[RTA_OIF], 0),
				   head.rtm_flags, &route.nexthops[0]);
	}
	if (r)
		return r;
	*ret = route;
	return 0;
}

/* ---- rules ------------------------------------------------------------- */

/* What is not listed is a condition we never write: such a rule is not ours. */
static const enum nl_attr_type rule_types[] = {
	[FRA_DST] = NL_ATTR_ADDR,
	[FRA_PRIORITY] = NL_ATTR_U32,
	[FRA_FWMARK] = NL_ATTR_U32,
	[FRA_SUPPRESS_IFGROUP] = NL_ATTR_U32,
	[FRA_SUPPRESS_PREFIXLEN] = NL_ATTR_U32,
	[FRA_TABLE] = NL_ATTR_U32,
	[FRA_FWMASK] = NL_ATTR_U32,
	[FRA_PAD] = NL_ATTR_SKIP,
	[FRA_PROTOCOL] = NL_ATTR_U8,
};

int rtnl_decode_rule(const struct nlmsghdr *nlh, struct netstate_rule *ret)
{
	struct nl_attr attrs[ARRAY_SIZE(rule_types)];
	struct netstate_rule rule = { 0 };
	struct fib_rule_hdr head;
	const void *rest;
	size_t len;
	int r;

	r = split(nlh, &head, sizeof(head), &rest, &len);
	if (r < 0)
		return r;
	if (!to_family(head.family, &rule.family))
		return RTNL_DECODE_OTHER;
	r = nl_attr_read(rest, len, rule_types, ARRAY_SIZE(rule_types), attrs, &rule.foreign_keys);
	if (r < 0)
		return r;
	r = nl_attr_addr(&attrs[FRA_DST], rule.family, &rule.to.addr);
	if (r < 0)
		return r;
	if (head.dst_len > inet_bits(rule.family))
		return -EBADMSG;
	rule.has_to = head.dst_len > 0;
	rule.to.family = rule.family;
	rule.to.len = head.dst_len;
	rule.priority = nl_attr_u32(&attrs[FRA_PRIORITY], 0);
	rule.protocol = nl_attr_u8(&attrs[FRA_PROTOCOL], RTPROT_UNSPEC);
	rule.invert = head.flags & FIB_RULE_INVERT;
	rule.fwmark = nl_attr_u32(&attrs[FRA_FWMARK], 0);
	rule.fwmask = nl_attr_u32(&attrs[FRA_FWMASK], 0);
	rule.action = head.action;
	rule.table = nl_attr_u32(&attrs[FRA_TABLE], head.table);
	rule.suppress_prefixlength = (int)nl_attr_u32(&attrs[FRA_SUPPRESS_PREFIXLEN], UINT32_MAX);
	if (head.src_len || head.tos ||
	    nl_attr_u32(&attrs[FRA_SUPPRESS_IFGROUP], UINT32_MAX) != UINT32_MAX)
		rule.foreign_keys = true;
	*ret = rule;
	return 0;
}

/* ---- events ------------------------------------------------------------ */

static int event_link(const struct nlmsghdr *nlh, struct rtnl_event *e)
{
	int r = rtnl_decode_link(nlh, &e->link);

	e->kind = RTNL_EVENT_LINK;
	e->ifindex = e->link.ifindex;
	return r;
}

/* Unlike rtnl_decode_addr(): an address that ceases to be usable is news as well. */
static int event_addr(const struct nlmsghdr *nlh, struct rtnl_event *e)
{
	struct ifaddrmsg head;
	const void *rest;
	size_t len;
	int r;

	r = split(nlh, &head, sizeof(head), &rest, &len);
	if (r < 0)
		return r;
	if (!to_family(head.ifa_family, &e->family))
		return RTNL_DECODE_OTHER;
	if (head.ifa_index == 0 || head.ifa_index > INT32_MAX)
		return -EBADMSG;
	e->kind = RTNL_EVENT_ADDR;
	e->ifindex = (int)head.ifa_index;
	return 0;
}

static int event_route(const struct nlmsghdr *nlh, struct rtnl_event *e)
{
	struct netstate_route route;
	int r = rtnl_decode_route(nlh, &route);

	if (r)
		return r;
	e->kind = RTNL_EVENT_ROUTE;
	e->ours = route.protocol == POLICY_PROTOCOL;
	e->ifindex = route.nexthops[0].ifindex;
	e->family = route.family;
	e->table = route.table;
	return 0;
}

static int event_rule(const struct nlmsghdr *nlh, struct rtnl_event *e)
{
	struct netstate_rule rule;
	int r = rtnl_decode_rule(nlh, &rule);

	if (r)
		return r;
	e->kind = RTNL_EVENT_RULE;
	e->ours = rule.protocol == POLICY_PROTOCOL && !rule.foreign_keys;
	e->family = rule.family;
	e->table = rule.table;
	return 0;
}

static int event_any(const struct nlmsghdr *nlh, struct rtnl_event *e)
{
	switch (nlh->nlmsg_type) {
	case RTM_DELLINK:
		e->gone = true;
		return event_link(nlh, e);
	case RTM_NEWLINK:
		return event_link(nlh, e);
	case RTM_DELADDR:
		e->gone = true;
		return event_addr(nlh, e);
	case RTM_NEWADDR:
		return event_addr(nlh, e);
	case RTM_DELROUTE:
		e->gone = true;
		return event_route(nlh, e);
	case RTM_NEWROUTE:
		return event_route(nlh, e);
	case RTM_DELRULE:
		e->gone = true;
		return event_rule(nlh, e);
	case RTM_NEWRULE:
		return event_rule(nlh, e);
	default:
		return RTNL_DECODE_OTHER;
	}
}

int rtnl_decode_event(const struct nlmsghdr *nlh, struct rtnl_event *ret)
{
	struct rtnl_event e = { 0 };
	int r;

	if (nlh->nlmsg_len < NLMSG_HDRLEN)
		return -EBADMSG;
	r = event_any(nlh, &e);
	if (r == 0)
		*ret = e;
	return r;
}
