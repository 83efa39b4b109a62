/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as the kernel's answer to the question for a route (`route` probes). */
#include "netlink/nl_message.h"
#include "netlink/rtnl_lookup.h"

#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct rtnl_lookup lookups[] = {
		{ .prefix = { .family = INET4 }, .table = 254, .protocol = -1, .ifindex = 2 },
		{ .prefix = { .family = INET6 }, .table = 254, .protocol = -1, .ifindex = 2 },
		{ .prefix = { .family = INET4, .len = 8, .addr = { { 10 } } },
		  .table = 100,
		  .protocol = 12,
		  .ifindex = 3 },
	};
	const struct nlmsghdr *nlh;
	uint32_t *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	nl_message_for_each(nlh, copy, size) for (size_t i = 0;
						  i < sizeof(lookups) / sizeof(lookups[0]);
						  i++)(void) rtnl_lookup_matches(&lookups[i], nlh);
	free(copy);
	return 0;
}
