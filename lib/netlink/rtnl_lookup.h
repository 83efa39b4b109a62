/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Is there a certain route by a certain device? A filtered dump, for `route` probes. Pure. */
#pragma once

#include "base/inet.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct nlmsghdr;

struct rtnl_lookup {
	struct inet_prefix prefix; /* exactly this */
	uint32_t table;
	int protocol; /* -1: any but ours */
	int ifindex;
};

#define RTNL_LOOKUP_ENCODE_MAX 64

/*
 * Needs NETLINK_GET_STRICT_CHK to be filtered in the kernel; what comes all the
 * same is judged below. 0: no room.
 */
ssize_t rtnl_lookup_encode(const struct rtnl_lookup *l, uint32_t seq, void *buf, size_t size);
/* Any message of the dump: is it that route, unicast, by the device, and the device alive? */
bool rtnl_lookup_matches(const struct rtnl_lookup *l, const struct nlmsghdr *nlh);
