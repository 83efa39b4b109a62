/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/rtnl_lower.h"

#include "base/cleanup.h"
#include "netlink/nl_attr.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>

static const enum nl_attr_type link_types[] = {
	[IFLA_IFNAME] = NL_ATTR_STRING,	   [IFLA_LINK] = NL_ATTR_U32,
	[IFLA_MASTER] = NL_ATTR_U32,	   [IFLA_LINKINFO] = NL_ATTR_BYTES,
	[IFLA_LINK_NETNSID] = NL_ATTR_U32,
};

static const enum nl_attr_type info_types[] = {
	[IFLA_INFO_KIND] = NL_ATTR_STRING,
};

/* Kinds that hand their lower device's state on (netif_stacked_transfer_operstate()). */
static bool kind_follows(const char *kind)
{
	static const char *const kinds[] = { "macvlan", "macvtap", "ipvlan", "ipvtap", "vlan" };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++)
		if (!strcmp(kind, kinds[i]))
			return true;
	return false;
}

int rtnl_lower_decode(const struct nlmsghdr *nlh, struct rtnl_lower *ret)
{
	const size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct ifinfomsg));
	const uint8_t *bytes = (const void *)nlh;
	struct nl_attr attrs[ARRAY_SIZE(link_types)], info[ARRAY_SIZE(info_types)] = { 0 };
	struct rtnl_lower l = { 0 };
	struct ifinfomsg head;
	char kind[32];
	int r;

	if (nlh->nlmsg_type != RTM_NEWLINK || nlh->nlmsg_len < at)
		return -EBADMSG;
	memcpy(&head, bytes + NLMSG_HDRLEN, sizeof(head));
	r = nl_attr_read(bytes + at, nlh->nlmsg_len - at, link_types, ARRAY_SIZE(link_types), attrs,
			 NULL);
	if (r == 0 && attrs[IFLA_LINKINFO].data)
		r = nl_attr_read(attrs[IFLA_LINKINFO].data, attrs[IFLA_LINKINFO].len, info_types,
				 ARRAY_SIZE(info_types), info, NULL);
	if (r == 0)
		r = nl_attr_string(&attrs[IFLA_IFNAME], l.name, sizeof(l.name));
	if (r < 0)
		return r;
	if (head.ifi_index <= 0 || !l.name[0])
		return -ENODEV;
	/* one too long for us is none that we know */
	if (nl_attr_string(&info[IFLA_INFO_KIND], kind, sizeof(kind)) < 0)
		kind[0] = '\0';
	l.ifindex = head.ifi_index;
	l.master = (int)nl_attr_u32(&attrs[IFLA_MASTER], 0);
	if (!attrs[IFLA_LINK_NETNSID].data)
		l.link = (int)nl_attr_u32(&attrs[IFLA_LINK], 0);
	l.follows = l.link && kind_follows(kind);
	*ret = l;
	return 0;
}
