/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/rtnl_watch.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/carrier_poll.h"
#include "daemon/core_event.h"
#include "daemon/loop.h"
#include "daemon/prober.h"
#include "io/nl_socket.h"
#include "netlink/rtnl_decode.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stddef.h>
#include <string.h>

/* Some thousand events; what does not fit costs one more dump (ENOBUFS). */
#define RECEIVE_BYTES (1u << 20)

static const unsigned groups[] = {
	RTNLGRP_LINK,	    RTNLGRP_IPV4_IFADDR, RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE,
	RTNLGRP_IPV6_ROUTE, RTNLGRP_IPV4_RULE,	 RTNLGRP_IPV6_RULE,
};

struct reading {
	struct rtnl_watch *watch;
	bool look, routes;
};

static int on_message(const struct nlmsghdr *nlh, void *data)
{
	struct reading *reading = data;
	struct rtnl_event e;
	struct core_event event = { .type = CORE_EVENT_LINK };

	/* any route: the core wants default ones only */
	if (nlh->nlmsg_type == RTM_NEWROUTE || nlh->nlmsg_type == RTM_DELROUTE)
		reading->routes = true;
	if (rtnl_decode_event(nlh, &e) != 0)
		return 0;
	switch (e.kind) {
	case RTNL_EVENT_LINK:
		event.link.link = e.link;
		event.link.deleted = e.gone;
		carrier_poll_forget(reading->watch->poll);
		loop_event(reading->watch->loop, &event);
		break;
	case RTNL_EVENT_ADDR:
	case RTNL_EVENT_ROUTE:
	case RTNL_EVENT_RULE:
		reading->look = true;
		break;
	}
	return 0;
}

static void on_readable(struct ev_loop *ev, ev_io *io, int revents)
{
	struct reading reading = { .watch = container_of(io, struct rtnl_watch, io) };
	int r = nl_socket_read(reading.watch->socket, on_message, &reading);

	if (r < 0)
		log_debug("rtnl", "events: %s", strerror(-r));
	if (r < 0 || reading.look)
		loop_event(reading.watch->loop,
			   &(struct core_event){ .type = r < 0 ? CORE_EVENT_OVERRUN
							       : CORE_EVENT_LOOK });
	if (r < 0 || reading.routes)
		prober_routes_changed(loop_prober(reading.watch->loop));
}

int rtnl_watch_start(struct rtnl_watch *w, struct loop *l, struct carrier_poll *poll)
{
	_cleanup_(nl_socket_closep) struct nl_socket *s = NULL;
	int r = nl_socket_open(NETLINK_ROUTE, &s);

	if (r < 0)
		return r;
	nl_socket_grow_receive(s, RECEIVE_BYTES);
	for (size_t i = 0; i < ARRAY_SIZE(groups); i++) {
		r = nl_socket_join(s, groups[i]);
		if (r < 0)
			return r;
	}
	w->loop = l;
	w->poll = poll;
	w->socket = TAKE_PTR(s);
	ev_io_init(&w->io, on_readable, nl_socket_fd(w->socket), EV_READ);
	ev_set_priority(&w->io, EV_MAXPRI);
	ev_io_start(loop_ev(l), &w->io);
	return 0;
}

void rtnl_watch_stop(struct rtnl_watch *w)
{
	if (!w->socket)
		return;
	ev_io_stop(loop_ev(w->loop), &w->io);
	w->socket = nl_socket_close(w->socket);
}
