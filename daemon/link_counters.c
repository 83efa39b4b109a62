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

/*
 * While packets go out by some link, and a while after. While none do but
 * probes: at slow ticks. Looking costs more by waking up than by asking.
 */
#define INTERVAL_S   0.1
#define BUSY_PACKETS 3 /* in one interval */
#define BUSY_LOOKS   10
/* One question for all devices costs less than one for each of ours, unless there are many others. */
#define OTHERS_MAX 4 /* x ours */

struct link_counters {
	struct loop *loop;
	link_counters_cb cb;
	void *data;
	ev_timer timer;
	struct nl_socket *socket;
	int *ifindexes; /* by link; 0: not watched */
	uint64_t *sent; /* by link: at the last look */
	unsigned busy; /* so many looks more */
	size_t n_links, n_watched;
	size_t n_devices; /* in the last answer about all of them; 0: not known */
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

static void tell(struct link_counters *c, size_t link, uint64_t sent, uint64_t received)
{
	if (sent >= c->sent[link] + BUSY_PACKETS)
		c->busy = BUSY_LOOKS;
	c->sent[link] = sent;
	c->cb(c->data, link, sent, received);
}

static int on_device(const struct nlmsghdr *nlh, void *data)
{
	struct link_counters *c = data;
	uint64_t sent, received;
	int ifindex;

	c->n_devices++;
	if (rtnl_stats_decode_device(nlh, &ifindex, &sent, &received) < 0)
		return 0;
	for (size_t i = 0; i < c->n_links; i++)
		if (c->ifindexes[i] == ifindex)
			tell(c, i, sent, received);
	return 0;
}

static void ask_all(struct link_counters *c)
{
	uint32_t buf[RTNL_STATS_ENCODE_MAX / sizeof(uint32_t)];

	c->n_devices = 0;
	if (rtnl_stats_encode(0, buf, sizeof(buf)) > 0)
		(void)nl_socket_dump(c->socket, (void *)buf, on_device, c);
}

static void ask_each(struct link_counters *c)
{
	for (size_t i = 0; i < c->n_links; i++) {
		struct sample s = { 0 };

		if (c->ifindexes[i])
			s = ask(c, c->ifindexes[i]);
		if (s.there)
			tell(c, i, s.sent, s.received);
	}
}

static void on_timer(struct ev_loop *ev, ev_timer *t, int revents)
{
	struct link_counters *c = container_of(t, struct link_counters, timer);

	c->busy -= c->busy > 0;
	if (c->n_watched > 1 && c->n_devices <= OTHERS_MAX * c->n_watched)
		ask_all(c);
	else
		ask_each(c);
	t->repeat = c->busy ? loop_tick_delay_s(INTERVAL_S - LOOP_TICK_S / 2, LOOP_TICK_S)
			    : loop_tick_delay_s(LOOP_SLOW_TICK_S / 2, LOOP_SLOW_TICK_S);
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
	c->ifindexes = memory_alloc(memory_mul(n_links + 1, sizeof(*c->ifindexes)));
	c->sent = memory_alloc(memory_mul(n_links + 1, sizeof(*c->sent)));
	c->n_links = n_links;
	ev_timer_init(&c->timer, on_timer, INTERVAL_S, INTERVAL_S);
	return c;
}

struct link_counters *link_counters_free(struct link_counters *c)
{
	if (!c)
		return NULL;
	ev_timer_stop(loop_ev(c->loop), &c->timer);
	nl_socket_close(c->socket);
	free(c->ifindexes);
	free(c->sent);
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
	int *now = &c->ifindexes[link];

	if (*now == ifindex || (ifindex && !have_socket(c)))
		return;
	c->n_watched += (ifindex != 0) - (*now != 0);
	c->n_devices = 0;
	*now = ifindex;
	if (!c->n_watched)
		ev_timer_stop(loop_ev(c->loop), &c->timer);
	else if (!ev_is_active(&c->timer))
		ev_timer_again(loop_ev(c->loop), &c->timer);
}
