/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet counters of one device: RTM_GETSTATS (kernel 4.7), the cheapest question there is. Pure. */
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct nlmsghdr;

#define RTNL_STATS_ENCODE_MAX 32

/* Into a 4-byte aligned buffer: its bytes, 0 when there is no room. ifindex 0: for a dump. */
ssize_t rtnl_stats_encode(int ifindex, void *buf, size_t size);

/*
 * An answer to it. received: without what the driver counts as multicast, for
 * neighbours' chatter is no sign of life of the internet behind. -EBADMSG: not
 * such an answer.
 */
int rtnl_stats_decode(const struct nlmsghdr *nlh, uint64_t *ret_sent, uint64_t *ret_received);
/* The same, of a dump: whose they are. */
int rtnl_stats_decode_device(const struct nlmsghdr *nlh, int *ret_ifindex, uint64_t *ret_sent,
			     uint64_t *ret_received);
