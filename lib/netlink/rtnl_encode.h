/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink requests. Pure: every function writes one message (or for
 * rtnl_encode_change() one change) into the caller's 4-byte aligned buffer and
 * returns its bytes, 0 when there is no room, or -errno when the value cannot
 * be said. The sender completes NLM_F_REQUEST, NLM_F_ACK and NLM_F_DUMP; the
 * flags set here are those that are part of the meaning (CREATE, EXCL, REPLACE).
 */
#pragma once

#include "model/netstate.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Room for any single message: a route of NETSTATE_NEXTHOPS_MAX legs. */
#define RTNL_ENCODE_MAX 4096

/* ADD and DELETE. -EINVAL: REPLACE, which rules do not know, or foreign keys. */
ssize_t rtnl_encode_rule(enum netstate_op op, const struct netstate_rule *r, uint32_t seq,
			 void *buf, size_t size);

/*
 * ADD fails in the kernel when any route has the same key (EEXIST), REPLACE
 * puts this one in its place or adds it. DELETE names the legs for IPv4; for
 * IPv6 it names none, since naming one would take only that leg away.
 */
ssize_t rtnl_encode_route(enum netstate_op op, const struct netstate_route *r, uint32_t seq,
			  void *buf, size_t size);

ssize_t rtnl_encode_change(const struct netstate_change *c, uint32_t seq, void *buf, size_t size);

/* What to ask for. */
enum rtnl_dump {
	RTNL_DUMP_LINKS,
	RTNL_DUMP_ADDRS,
	RTNL_DUMP_ROUTES4, /* unicast ones of all tables; needs NETLINK_GET_STRICT_CHK to be so few */
	RTNL_DUMP_ROUTES6,
	RTNL_DUMP_RULES4,
	RTNL_DUMP_RULES6,
};
#define RTNL_DUMP_COUNT (RTNL_DUMP_RULES6 + 1)

ssize_t rtnl_encode_dump(enum rtnl_dump what, uint32_t seq, void *buf, size_t size);

/*
 * One device, by index, without its statistics: also makes the kernel tell a
 * pending carrier change at once (rtnl_getlink(), since 6.8), where
 * linkwatch would hold it back for up to a second.
 */
ssize_t rtnl_encode_get_link(int ifindex, uint32_t seq, void *buf, size_t size);
