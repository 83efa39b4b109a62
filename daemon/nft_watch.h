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

struct nft_watch {
	ev_io io;
	struct loop *loop;
	struct nl_socket *socket;
	uint32_t own_portid; /* transactions from there are ours */
	bool touched; /* by the transaction being told */
	bool changed; /* since the core was told */
	bool paused;
};

/* It begins with a pause. */
void nft_watch_init(struct nft_watch *w, struct loop *l, uint32_t own_portid);
/*
 * While a child loads a million elements the kernel would tell of each. What
 * happens in a pause is not told either; a CORE_EVENT_RULESET ends it. A pause is over at
 * the first resume.
 */
void nft_watch_pause(struct nft_watch *w);
void nft_watch_resume(struct nft_watch *w);
void nft_watch_stop(struct nft_watch *w);
