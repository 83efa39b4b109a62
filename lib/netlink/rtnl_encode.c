/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/rtnl_encode.h"

#include "netlink/nl_attr.h"

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#ifndef RTEXT_FILTER_SKIP_STATS
#define RTEXT_FILTER_SKIP_STATS (1 << 3)
#endif

/* ---- messages ---------------------------------------------------------- */

static struct nl_attr_writer message_begin(void *buf, size_t size, uint16_t type, uint16_t flags,
					   uint32_t seq)
{
	struct nl_attr_writer w = { .buf = buf, .size = size };
	struct nlmsghdr head = {
		.nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags),
		.nlmsg_seq = seq,
	};

	nl_attr_put_raw(&w, &head, sizeof(head));
	return w;
}

static ssize_t message_end(struct nl_attr_writer *w)
{
	uint32_t len = (uint32_t)w->len;

	if (w->full)
		return 0;
	memcpy(w->buf + offsetof(struct nlmsghdr, nlmsg_len), &len, sizeof(len));
	return (ssize_t)w->len;
}

/* ---- rules ------------------------------------------------------------- */

static void put_rule_attrs(struct nl_attr_writer *w, const struct netstate_rule *r)
{
	nl_attr_put_u32(w, FRA_PRIORITY, r->priority);
	nl_attr_put_u8(w, FRA_PROTOCOL, r->protocol);
	if (r->has_to)
		nl_attr_put_addr(w, FRA_DST, r->family, &r->to.addr);
	if (r->fwmark || r->fwmask) {
		nl_attr_put_u32(w, FRA_FWMARK, r->fwmark);
		nl_attr_put_u32(w, FRA_FWMASK, r->fwmask);
	}
	if (r->action == FR_ACT_TO_TBL)
		nl_attr_put_u32(w, FRA_TABLE, r->table);
	if (r->suppress_prefixlength >= 0)
		nl_attr_put_u32(w, FRA_SUPPRESS_PREFIXLEN, (uint32_t)r->suppress_prefixlength);
}

ssize_t rtnl_encode_rule(enum netstate_op op, const struct netstate_rule *r, uint32_t seq,
			 void *buf, size_t size)
{
	struct fib_rule_hdr rule = {
		.family = (uint8_t)inet_af(r->family),
		.dst_len = r->has_to ? r->to.len : 0,
		.action = r->action,
		.flags = r->invert ? FIB_RULE_INVERT : 0,
	};
	struct nl_attr_writer w;

	if (r->foreign_keys)
		return -EINVAL;
	switch (op) {
	case NETSTATE_ADD:
		w = message_begin(buf, size, RTM_NEWRULE, NLM_F_CREATE | NLM_F_EXCL, seq);
		break;
	case NETSTATE_DELETE:
		w = message_begin(buf, size, RTM_DELRULE, 0, seq);
		break;
	case NETSTATE_REPLACE:
		return -EINVAL;
	}
	nl_attr_put_raw(&w, &rule, sizeof(rule));
	put_rule_attrs(&w, r);
	return message_end(&w);
}

/* ---- routes ------------------------------------------------------------ */

static void put_leg(struct nl_attr_writer *w, const struct netstate_route *r,
		    const struct netstate_nexthop *nh)
{
	struct rtnexthop leg = {
		.rtnh_flags = nh->onlink ? RTNH_F_ONLINK : 0,
		.rtnh_hops = (uint8_t)(nh->weight - 1),
		.rtnh_ifindex = nh->ifindex,
	};
	size_t at = w->len;

	nl_attr_put_raw(w, &leg, sizeof(leg));
	if (nh->has_gateway)
		nl_attr_put_addr(w, RTA_GATEWAY, r->family, &nh->gateway);
	if (w->full)
		return;
	leg.rtnh_len = (uint16_t)(w->len - at);
	memcpy(w->buf + at, &leg, sizeof(leg));
}

static void put_nexthops(struct nl_attr_writer *w, const struct netstate_route *r)
{
	size_t nest;

	if (r->n_nexthops == 1) {
		nl_attr_put_u32(w, RTA_OIF, (uint32_t)r->nexthops[0].ifindex);
		if (r->nexthops[0].has_gateway)
			nl_attr_put_addr(w, RTA_GATEWAY, r->family, &r->nexthops[0].gateway);
		return;
	}
	nest = nl_attr_nest_begin(w, RTA_MULTIPATH);
	for (size_t i = 0; i < r->n_nexthops; i++)
		put_leg(w, r, &r->nexthops[i]);
	nl_attr_nest_end(w, nest);
}

static bool route_is_sayable(const struct netstate_route *r)
{
	if (r->n_nexthops < 1 || r->n_nexthops > NETSTATE_NEXTHOPS_MAX)
		return false;
	for (size_t i = 0; i < r->n_nexthops; i++)
		if (r->nexthops[i].weight < 1 || r->nexthops[i].weight > 256)
			return false;
	return true;
}

/*
 * IPv4 wants scope link for a route without gateway, and any scope but
 * "nowhere" must match the route to delete (fib_table_delete() in
 * net/ipv4/fib_trie.c). IPv6 has no scopes.
 */
static uint8_t route_scope(enum netstate_op op, const struct netstate_route *r)
{
	if (r->family == INET6)
		return RT_SCOPE_UNIVERSE;
	if (op == NETSTATE_DELETE)
		return RT_SCOPE_NOWHERE;
	return r->n_nexthops == 1 && !r->nexthops[0].has_gateway ? RT_SCOPE_LINK
								 : RT_SCOPE_UNIVERSE;
}

ssize_t rtnl_encode_route(enum netstate_op op, const struct netstate_route *r, uint32_t seq,
			  void *buf, size_t size)
{
	bool single_onlink = r->n_nexthops == 1 && r->nexthops[0].onlink;
	struct rtmsg route = {
		.rtm_family = (uint8_t)inet_af(r->family),
		.rtm_table = RT_TABLE_UNSPEC, /* RTA_TABLE says it */
		.rtm_protocol = r->protocol,
		.rtm_scope = route_scope(op, r),
		.rtm_type = RTN_UNICAST,
	};
	struct nl_attr_writer w;

	if (!route_is_sayable(r))
		return -EINVAL;
	switch (op) {
	case NETSTATE_ADD:
		w = message_begin(buf, size, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, seq);
		break;
	case NETSTATE_REPLACE:
		w = message_begin(buf, size, RTM_NEWROUTE, NLM_F_CREATE | NLM_F_REPLACE, seq);
		break;
	case NETSTATE_DELETE:
		w = message_begin(buf, size, RTM_DELROUTE, 0, seq);
		break;
	}
	if (op != NETSTATE_DELETE && single_onlink)
		route.rtm_flags = RTNH_F_ONLINK;
	nl_attr_put_raw(&w, &route, sizeof(route));
	nl_attr_put_u32(&w, RTA_TABLE, r->table);
	nl_attr_put_u32(&w, RTA_PRIORITY, r->metric);
	if (op != NETSTATE_DELETE || r->family == INET4)
		put_nexthops(&w, r);
	return message_end(&w);
}

ssize_t rtnl_encode_change(const struct netstate_change *c, uint32_t seq, void *buf, size_t size)
{
	if (c->is_rule)
		return rtnl_encode_rule(c->op, &c->rule, seq, buf, size);
	return rtnl_encode_route(c->op, &c->route, seq, buf, size);
}

/* ---- questions --------------------------------------------------------- */

static ssize_t encode_dump_links(uint32_t seq, void *buf, size_t size)
{
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC };
	struct nl_attr_writer w = message_begin(buf, size, RTM_GETLINK, NLM_F_DUMP, seq);

	nl_attr_put_raw(&w, &link, sizeof(link));
	nl_attr_put_u32(&w, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return message_end(&w);
}

static ssize_t encode_dump_addrs(uint32_t seq, void *buf, size_t size)
{
	struct ifaddrmsg addr = { .ifa_family = AF_UNSPEC };
	struct nl_attr_writer w = message_begin(buf, size, RTM_GETADDR, NLM_F_DUMP, seq);

	nl_attr_put_raw(&w, &addr, sizeof(addr));
	return message_end(&w);
}

static ssize_t encode_dump_routes(uint8_t family, uint32_t seq, void *buf, size_t size)
{
	struct rtmsg route = { .rtm_family = family, .rtm_type = RTN_UNICAST };
	struct nl_attr_writer w = message_begin(buf, size, RTM_GETROUTE, NLM_F_DUMP, seq);

	nl_attr_put_raw(&w, &route, sizeof(route));
	return message_end(&w);
}

static ssize_t encode_dump_rules(uint8_t family, uint32_t seq, void *buf, size_t size)
{
	struct fib_rule_hdr rule = { .family = family };
	struct nl_attr_writer w = message_begin(buf, size, RTM_GETRULE, NLM_F_DUMP, seq);

	nl_attr_put_raw(&w, &rule, sizeof(rule));
	return message_end(&w);
}

ssize_t rtnl_encode_dump(enum rtnl_dump what, uint32_t seq, void *buf, size_t size)
{
	switch (what) {
	case RTNL_DUMP_LINKS:
		return encode_dump_links(seq, buf, size);
	case RTNL_DUMP_ADDRS:
		return encode_dump_addrs(seq, buf, size);
	case RTNL_DUMP_ROUTES4:
		return encode_dump_routes(AF_INET, seq, buf, size);
	case RTNL_DUMP_ROUTES6:
		return encode_dump_routes(AF_INET6, seq, buf, size);
	case RTNL_DUMP_RULES4:
		return encode_dump_rules(AF_INET, seq, buf, size);
	case RTNL_DUMP_RULES6:
		return encode_dump_rules(AF_INET6, seq, buf, size);
	}
	return -EINVAL;
}

ssize_t rtnl_encode_get_link(int ifindex, uint32_t seq, void *buf, size_t size)
{
	struct ifinfomsg link = { .ifi_family = AF_UNSPEC, .ifi_index = ifindex };
	struct nl_attr_writer w = message_begin(buf, size, RTM_GETLINK, 0, seq);

	nl_attr_put_raw(&w, &link, sizeof(link));
	nl_attr_put_u32(&w, IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
	return message_end(&w);
}
