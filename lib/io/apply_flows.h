/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The conntrack part of a failover. Non-logging. */
#pragma once

#include <stddef.h>

struct apply_report;
struct netstate_flows;
struct nl_socket;

/*
 * All of them in one sendto(); a NETLINK_NETFILTER socket. 0, also when no entry
 * matches, or -errno with r->error set. Each message is a walk of the whole
 * table (0.2 us an entry), which other work of the kernel goes on beside.
 */
int apply_flows_delete(struct nl_socket *nft, const struct netstate_flows *flows, size_t n,
		       struct apply_report *r);
