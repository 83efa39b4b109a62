/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/rtnl_lookup.h"

#include "model/policy.h"
#include "netlink/nl_attr.h"

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>

#ifndef RTA_NH_ID /* since 5.3 */
#define RTA_NH_ID 30
#endif
#define ATTRS (RTA_NH_ID + 1)

ssize_t rtnl_lookup_encode(const struct rtnl_lookup *l, uint32_t seq, void *buf, size_t size)
{
	struct nl_attr_writer w = { .buf = buf, .size = size };
	struct nlmsghdr head = { .nlmsg_type = RTM_GETROUTE,
				 .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
				 .nlmsg_seq = seq };
	struct rtmsg route = {
		.rtm_family = (unsigned char)inet_af(l->prefix.family),
		.rtm_protocol = (unsigned char)(l->protocol < 0 ? RTPROT_UNSPEC : l->protocol),
		.rtm_type = RTN_UNICAST,
	};

	nl_attr_put_raw(&w, &head, sizeof(head));
	nl_attr_put_raw(&w, &route, sizeof(route));
	nl_attr_put_u32(&w, RTA_TABLE, l->table);
	nl_attr_put_u32(&w, RTA_OIF, (uint32_t)l->ifindex);
	if (w.full)
		return 0;
	head.nlmsg_len = (uint32_t)w.len;
	memcpy(buf, &head, sizeof(head));
	return (ssize_t)w.len;
}

static bool alive(unsigned flags)
{
	return !(flags & (RTNH_F_DEAD | RTNH_F_LINKDOWN));
}

/* A leg by the device that is alive. */
static bool has_leg(const struct nl_attr *legs, int ifindex)
{
	const uint8_t *p = legs->data;
	size_t left = legs->len;

	while (left >= sizeof(struct rtnexthop)) {
		struct rtnexthop leg;
		size_t step;

		memcpy(&leg, p, sizeof(leg));
		if (leg.rtnh_len < sizeof(leg) || leg.rtnh_len > left)
			return false;
		if (leg.rtnh_ifindex == ifindex && alive(leg.rtnh_flags))
			return true;
		step = RTNH_ALIGN(leg.rtnh_len);
		if (step > left)
			return false;
		p += step;
		left -= step;
	}
	return false;
}

/*
 * Routes over nexthop objects (FRR's) come with their legs written out, unless
 * net.ipv4.nexthop_compat_mode is 0: then there is the object's number alone,
 * and the kernel's filter has said that it uses the device.
 */
static bool leaves_by(const struct rtnl_lookup *l, const struct rtmsg *head,
		      const struct nl_attr *attrs)
{
	if (attrs[RTA_MULTIPATH].data)
		return has_leg(&attrs[RTA_MULTIPATH], l->ifindex);
	if (attrs[RTA_OIF].data)
		return nl_attr_u32(&attrs[RTA_OIF], 0) == (uint32_t)l->ifindex &&
		       alive(head->rtm_flags);
	return attrs[RTA_NH_ID].data && alive(head->rtm_flags);
}

bool rtnl_lookup_matches(const struct rtnl_lookup *l, const struct nlmsghdr *nlh)
{
	static const enum nl_attr_type types[ATTRS] = {
		[RTA_DST] = NL_ATTR_ADDR,	 [RTA_OIF] = NL_ATTR_U32,
		[RTA_MULTIPATH] = NL_ATTR_BYTES, [RTA_TABLE] = NL_ATTR_U32,
		[RTA_NH_ID] = NL_ATTR_U32,
	};
	const size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct rtmsg));
	const uint8_t *bytes = (const void *)nlh;
	struct nl_attr attrs[ATTRS];
	struct inet_addr dst;
	struct rtmsg head;

	if (nlh->nlmsg_type != RTM_NEWROUTE || nlh->nlmsg_len < at)
		return false;
	memcpy(&head, bytes + NLMSG_HDRLEN, sizeof(head));
	/* first: of a full BGP table only this is looked at */
	if (head.rtm_family != inet_af(l->prefix.family) || head.rtm_dst_len != l->prefix.len ||
	    head.rtm_type != RTN_UNICAST || head.rtm_src_len || (head.rtm_flags & RTM_F_CLONED))
		return false;
	if (l->protocol < 0 ? head.rtm_protocol == POLICY_PROTOCOL
			    : head.rtm_protocol != l->protocol)
		return false;
	if (nl_attr_read(bytes + at, nlh->nlmsg_len - at, types, ATTRS, attrs, NULL) < 0 ||
	    nl_attr_addr(&attrs[RTA_DST], l->prefix.family, &dst) < 0)
		return false;
	return inet_addr_cmp(&dst, &l->prefix.addr) == 0 &&
	       nl_attr_u32(&attrs[RTA_TABLE], head.rtm_table) == l->table &&
	       leaves_by(l, &head, attrs);
}
