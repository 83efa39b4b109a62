/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/rtnl_stats.h"

#include "netlink/nl_attr.h"

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

ssize_t rtnl_stats_encode(int ifindex, void *buf, size_t size)
{
	struct nl_attr_writer w = { .buf = buf, .size = size };
	struct nlmsghdr head = { .nlmsg_type = RTM_GETSTATS };
	struct if_stats_msg stats = {
		.family = AF_UNSPEC,
		.ifindex = (uint32_t)ifindex,
		.filter_mask = IFLA_STATS_FILTER_BIT(IFLA_STATS_LINK_64),
	};

	nl_attr_put_raw(&w, &head, sizeof(head));
	nl_attr_put_raw(&w, &stats, sizeof(stats));
	if (w.full)
		return 0;
	head.nlmsg_len = (uint32_t)w.len;
	memcpy(buf, &head, sizeof(head));
	return (ssize_t)w.len;
}

int rtnl_stats_decode(const struct nlmsghdr *nlh, uint64_t *ret_sent, uint64_t *ret_received)
{
	static const enum nl_attr_type types[] = { [IFLA_STATS_LINK_64] = NL_ATTR_BYTES };
	const size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(struct if_stats_msg));
	const size_t needed = offsetof(struct rtnl_link_stats64, multicast) + sizeof(uint64_t);
	struct nl_attr attrs[IFLA_STATS_LINK_64 + 1];
	struct rtnl_link_stats64 s = { 0 };
	int r;

	if (nlh->nlmsg_type != RTM_NEWSTATS || nlh->nlmsg_len < at)
		return -EBADMSG;
	r = nl_attr_read((const uint8_t *)(const void *)nlh + at, nlh->nlmsg_len - at, types,
			 IFLA_STATS_LINK_64 + 1, attrs, NULL);
	if (r < 0)
		return r;
	/* it grew in the past, and only at its end */
	if (!attrs[IFLA_STATS_LINK_64].data || attrs[IFLA_STATS_LINK_64].len < needed)
		return -EBADMSG;
	memcpy(&s, attrs[IFLA_STATS_LINK_64].data, needed);
	*ret_sent = s.tx_packets;
	*ret_received = s.rx_packets > s.multicast ? s.rx_packets - s.multicast : 0;
	return 0;
}

int rtnl_stats_decode_device(const struct nlmsghdr *nlh, int *ret_ifindex, uint64_t *ret_sent,
			     uint64_t *ret_received)
{
	struct if_stats_msg stats;
	int r = rtnl_stats_decode(nlh, ret_sent, ret_received);

	if (r < 0)
		return r;
	memcpy(&stats, (const uint8_t *)(const void *)nlh + NLMSG_HDRLEN, sizeof(stats));
	*ret_ifindex = (int)stats.ifindex;
	return 0;
}
