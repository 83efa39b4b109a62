/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rtnetlink notifications of devices, addresses, default routes and ip rules,
 * as events for the core: links as they are (bad news is acted upon at once),
 * all else as one "look again" for everything that waits.
 */
#pragma once

#include <ev.h>

struct carrier_poll;
struct loop;
struct nl_socket;

struct rtnl_watch {
	ev_io io;
	struct loop *loop;
	struct nl_socket *socket;
	struct carrier_poll *poll; /* what it has told may be overtaken by an event */
};

/* 0 or -errno. */
int rtnl_watch_start(struct rtnl_watch *w, struct loop *l, struct carrier_poll *poll);
void rtnl_watch_stop(struct rtnl_watch *w);
