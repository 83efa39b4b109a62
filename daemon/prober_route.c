/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * route: is a route there that a routing daemon keeps? One question a round: a
 * dump, filtered by the kernel and read piece by piece as it comes, since a table
 * may hold a million routes. A route that is replaced may be away for a moment:
 * when it is not found, it is looked for once more.
 */
#include "base/cleanup.h"
#include "base/memory.h"
#include "daemon/prober_socket.h"
#include "netlink/nl_message.h"
#include "netlink/rtnl_lookup.h"

#include <errno.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>

#define AGAIN_S	   0.005
#define BUFFER_MAX 32768 /* the kernel makes no longer ones for dumps */

struct state {
	struct prober_run *run;
	struct rtnl_lookup lookup;
	int fd; /* -1: none */
	ev_io io;
	ev_timer again;
	uint32_t seq;
	bool looking, second, interrupted;
};

static void done(struct state *s, bool found)
{
	s->looking = false;
	if (found)
		prober_run_answer(s->run, 0);
	else
		prober_run_no_answer(s->run, 0);
}

static int request(struct state *s)
{
	uint32_t buf[RTNL_LOOKUP_ENCODE_MAX / sizeof(uint32_t)];
	ssize_t n = rtnl_lookup_encode(&s->lookup, ++s->seq, buf, sizeof(buf));

	s->interrupted = false;
	s->looking = true;
	if (n <= 0)
		return -EINVAL;
	return send(s->fd, buf, (size_t)n, 0) < 0 ? -errno : 0;
}

static void look_again(struct state *s)
{
	ev_timer_stop(prober_run_ev(s->run), &s->again);
	ev_now_update(prober_run_ev(s->run));
	ev_timer_set(&s->again, AGAIN_S, 0.0);
	ev_timer_start(prober_run_ev(s->run), &s->again);
}

static void on_again(struct ev_loop *ev, ev_timer *t, int revents)
{
	struct state *s = container_of(t, struct state, again);
	int r = request(s);

	if (r < 0) {
		prober_run_fault(s->run, "cannot look at routes", -r);
		done(s, false);
	}
}

/* The end of a dump. `error`: 0, or why there was none; no such table is no such route. */
static void take_end(struct state *s, int error)
{
	if (error && error != ENOENT && error != EINTR) {
		prober_run_fault(s->run, "cannot look at routes", error);
		done(s, false);
	} else if (!s->second || s->interrupted || error == EINTR) {
		s->second = true;
		look_again(s);
	} else {
		done(s, false);
	}
}

static int error_of(const struct nlmsghdr *nlh)
{
	int error = 0;

	if (nlh->nlmsg_len >= NLMSG_HDRLEN + sizeof(error))
		memcpy(&error, (const uint8_t *)(const void *)nlh + NLMSG_HDRLEN, sizeof(error));
	return error < 0 ? -error : 0;
}

static void take_datagram(struct state *s, const void *buf, size_t len)
{
	const struct nlmsghdr *nlh;

	nl_message_for_each(nlh, buf, len)
	{
		/* the rest of a dump that had what it was for */
		if (!s->looking || nlh->nlmsg_seq != s->seq)
			continue;
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			s->interrupted = true;
		if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR)
			take_end(s, error_of(nlh));
		else if (rtnl_lookup_matches(&s->lookup, nlh))
			done(s, true);
	}
}

static void on_readable(struct ev_loop *ev, ev_io *io, int revents)
{
	struct state *s = container_of(io, struct state, io);
	static uint32_t buf[BUFFER_MAX / sizeof(uint32_t)];
	ssize_t n = recv(s->fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0)
		take_datagram(s, buf, (size_t)n);
	else if (n < 0 && errno != EAGAIN && errno != EINTR && s->looking)
		take_end(s, EINTR); /* a piece was lost */
}

static int route_prepare(struct prober_run *run)
{
	_cleanup_(cleanup_closep) int fd =
		socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct state *s;
	int on = 1;

	/* connected: only the kernel can send to it */
	if (fd < 0 || connect(fd, (const void *)&kernel, sizeof(kernel)) < 0)
		return -errno;
	(void)setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &on, sizeof(on));
	s = memory_alloc(sizeof(*s));
	s->run = run;
	s->lookup = (struct rtnl_lookup){ .prefix = run->probe->prefix[run->family],
					  .table = run->probe->route_table,
					  .protocol = run->probe->route_protocol,
					  .ifindex = run->ifindex };
	s->fd = TAKE_FD(fd);
	ev_init(&s->again, on_again);
	ev_io_init(&s->io, on_readable, s->fd, EV_READ);
	ev_set_priority(&s->io, PROBER_PRIORITY);
	ev_io_start(prober_run_ev(run), &s->io);
	run->state = s;
	return 0;
}

static void route_settle(struct prober_run *run)
{
	struct state *s = run->state;

	if (!s)
		return;
	s->looking = false;
	ev_timer_stop(prober_run_ev(run), &s->again);
}

static void route_release(struct prober_run *run)
{
	struct state *s = run->state;

	route_settle(run);
	ev_io_stop(prober_run_ev(run), &s->io);
	close(s->fd);
	free(s);
	run->state = NULL;
}

static int route_ask(struct prober_run *run, size_t host)
{
	struct state *s = run->state;

	s->second = false;
	return request(s);
}

const struct prober_type prober_route = {
	.prepare = route_prepare,
	.release = route_release,
	.ask = route_ask,
	.settle = route_settle,
};
