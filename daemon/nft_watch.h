/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nf_tables notifications: whether a transaction of somebody else touched our
 * tables (`nft flush ruleset`, a firewall's reload). Answers learnt from DNS
 * are no such touch.
 */
#pragma once

#include <ev.h>
#include <stdbool.h>
#include <stdint.h>

struct loop;
struct nl_socket;
struct plan;

struct nft_watch {
	ev_io io;
	struct loop *loop;
	struct nl_socket *socket;
	const struct plan *plan;
	uint32_t own_portid; /* transactions from there are ours */
	bool touched; /* by the transaction being told */
};

/* 0 or -errno. What happened before is not told: compare once after it. */
int nft_watch_start(struct nft_watch *w, struct loop *l, const struct plan *plan,
		    uint32_t own_portid);
void nft_watch_stop(struct nft_watch *w);
