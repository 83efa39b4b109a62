/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/link_counters.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "daemon/loop.h"
#include "io/nl_socket.h"
#include "netlink/rtnl_stats.h"

#include <ev.h>
#include <linux/netlink.h>
#include <stdbool.h>

/* A question costs 3 us. Fast while a link sends and hears nothing: then it is about to matter. */
#define INTERVAL_S	0.2
#define INTERVAL_FAST_S 0.1

struct watched {
	int ifindex; /* 0: not watched */
	bool known;
	uint64_t sent, received;
};

struct link_counters {
	struct loop *loop;
	link_counters_cb cb;
	void *data;
	ev_timer timer;
	struct nl_socket *socket;
	struct watched *links;
	size_t n_links, n_watched;
};

struct sample {
	uint64_t sent, received;
	bool there;
};

static int on_answer(const struct nlmsghdr *nlh, void *data)
{
	struct sample *s = data;

	s->there = rtnl_stats_decode(nlh, &s->sent, &s->received) == 0;
	return 0;
}

static struct sample ask(struct link_counters *c, int ifindex)
{
	uint32_t buf[RTNL_STATS_ENCODE_MAX / sizeof(uint32_t)];
	struct sample s = { 0 };

	if (rtnl_stats_encode(ifindex, buf, sizeof(buf)) <= 0 ||
	    nl_socket_talk(c->socket, (void *)buf, on_answer, &s) < 0)
		s.there = false; /* the device has just gone */
	return s;
}

/* Packets went out since the last sample, and none came in. */
static bool sample_link(struct link_counters *c, size_t link)
{
	struct watched *w = &c->links[link], before = *w;
	struct sample s = ask(c, w->ifindex);

	if (!s.there)
		return false;
	w->known = true;
	w->sent = s.sent;
	w->received = s.received;
	c->cb(c->data, link, s.sent, s.received);
	return before.known && s.sent > before.sent && s.received == before.received;
}

static void on_timer(struct ev_loop *ev, ev_timer *t, int revents)
{
	struct link_counters *c = container_of(t, struct link_counters, timer);
	bool quiet = false;

	for (size_t i = 0; i < c->n_links; i++)
		if (c->links[i].ifindex && sample_link(c, i))
			quiet = true;
	t->repeat = quiet ? INTERVAL_FAST_S : INTERVAL_S;
	if (c->n_watched)
		ev_timer_again(ev, t);
}

struct link_counters *link_counters_new(struct loop *l, size_t n_links, link_counters_cb cb,
					void *data)
{
	struct link_counters *c = memory_alloc(sizeof(*c));

	c->loop = l;
	c->cb = cb;
	c->data = data;
	c->links = memory_alloc(memory_mul(n_links + 1, sizeof(*c->links)));
	c->n_links = n_links;
	ev_init(&c->timer, on_timer);
	c->timer.repeat = INTERVAL_S;
	return c;
}

struct link_counters *link_counters_free(struct link_counters *c)
{
	if (!c)
		return NULL;
	ev_timer_stop(loop_ev(c->loop), &c->timer);
	nl_socket_close(c->socket);
	free(c->links);
	free(c);
	return NULL;
}

/* Without a socket there is no passive evidence; the probes go on at their own pace. */
static bool have_socket(struct link_counters *c)
{
	return c->socket || nl_socket_open(NETLINK_ROUTE, &c->socket) == 0;
}

void link_counters_watch(struct link_counters *c, size_t link, int ifindex)
{
	struct watched *w = &c->links[link];

	if (w->ifindex == ifindex || (ifindex && !have_socket(c)))
		return;
	c->n_watched += (ifindex != 0) - (w->ifindex != 0);
	*w = (struct watched){ .ifindex = ifindex };
	if (!c->n_watched)
		ev_timer_stop(loop_ev(c->loop), &c->timer);
	else if (!ev_is_active(&c->timer))
		ev_timer_again(loop_ev(c->loop), &c->timer);
}
