/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a datagram of rtnetlink messages. Nothing is read beyond a
 * message, and what was understood is written and read back the same.
 */
#include "model/netstate.h"
#include "netlink/rtnl_decode.h"
#include "netlink/rtnl_encode.h"

#include <linux/fib_rules.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint32_t buf[RTNL_ENCODE_MAX / sizeof(uint32_t)];

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void read_rule(const struct nlmsghdr *nlh)
{
	struct netstate_rule rule, back;
	char text[64];

	if (rtnl_decode_rule(nlh, &rule))
		return;
	netstate_rule_text(&rule, text, sizeof(text));
	if (rule.foreign_keys || (rule.has_to && rule.to.len == 0))
		return;
	/* what does not go together in a rule that the kernel took */
	if (rule.action != FR_ACT_TO_TBL || rule.suppress_prefixlength < -1)
		return;
	check(rtnl_encode_rule(NETSTATE_ADD, &rule, 1, buf, sizeof(buf)) > 0);
	check(rtnl_decode_rule((void *)buf, &back) == 0);
	check(netstate_rule_cmp(&rule, &back) == 0);
}

static void read_route(const struct nlmsghdr *nlh)
{
	static struct netstate_route route, back;
	char text[64];

	if (rtnl_decode_route(nlh, &route))
		return;
	check(route.n_nexthops >= 1 && route.n_nexthops <= NETSTATE_NEXTHOPS_MAX);
	netstate_route_text(&route, text, sizeof(text), NULL);
	check(rtnl_encode_route(NETSTATE_ADD, &route, 1, buf, sizeof(buf)) > 0);
	check(rtnl_decode_route((void *)buf, &back) == 0);
	check(netstate_route_equal(&route, &back));
}

static void read_message(const struct nlmsghdr *nlh)
{
	struct netstate_link link;
	struct netstate_addr addr;
	struct rtnl_event event;

	if (rtnl_decode_link(nlh, &link) == 0)
		check(link.ifindex > 0 && link.name[0] &&
		      strnlen(link.name, sizeof(link.name)) < sizeof(link.name));
	if (rtnl_decode_addr(nlh, &addr) == 0)
		check(addr.ifindex > 0);
	if (rtnl_decode_event(nlh, &event) == 0 && event.kind != RTNL_EVENT_RULE)
		check(event.ifindex > 0);
	read_rule(nlh);
	read_route(nlh);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t at = 0;

	while (size - at >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr head, *nlh;
		size_t step;

		memcpy(&head, data + at, sizeof(head));
		if (head.nlmsg_len < sizeof(head) || head.nlmsg_len > size - at)
			return 0;
		/* a block of its own: its end is watched */
		nlh = malloc(head.nlmsg_len);
		if (!nlh)
			return 0;
		memcpy(nlh, data + at, head.nlmsg_len);
		read_message(nlh);
		free(nlh);
		step = NLMSG_ALIGN(head.nlmsg_len);
		if (step > size - at)
			return 0;
		at += step;
	}
	return 0;
}
