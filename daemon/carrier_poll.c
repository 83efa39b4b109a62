/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/carrier_poll.h"

#include "base/cleanup.h"
#include "daemon/loop.h"
#include "model/plan.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/*
 * A flow of 1000 packets a second should not miss 50. ETHTOOL_GLINK takes
 * 1.9 us and, on kernels since 6.8, makes the kernel send the event it holds
 * back (linkwatch_sync_dev()).
 */
#define INTERVAL_S 0.010

static enum core_carrier ask(int fd, const char *device)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GLINK };
	struct ifreq ifr = { .ifr_data = (void *)&value };

	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	if (ioctl(fd, SIOCETHTOOL, &ifr) < 0)
		return CORE_CARRIER_UNKNOWN;
	return value.data ? CORE_CARRIER_YES : CORE_CARRIER_NO;
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct carrier_poll *p = container_of(w, struct carrier_poll, timer);
	struct core_event event = { .type = CORE_EVENT_CARRIER };

	for (size_t i = 0; i < p->plan->n_links; i++)
		p->carrier[i] = ask(p->fd, p->plan->links[i].device);
	event.carrier.links = p->carrier;
	event.carrier.n = p->plan->n_links;
	loop_event(p->loop, &event);
}

int carrier_poll_start(struct carrier_poll *p, struct loop *l, const struct plan *plan)
{
	_cleanup_(cleanup_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	p->carrier = calloc(plan->n_links + 1, sizeof(*p->carrier));
	if (!p->carrier)
		return -ENOMEM;
	p->loop = l;
	p->plan = plan;
	p->fd = TAKE_FD(fd);
	ev_timer_init(&p->timer, on_timer, INTERVAL_S, INTERVAL_S);
	ev_timer_start(loop_ev(l), &p->timer);
	return 0;
}

void carrier_poll_stop(struct carrier_poll *p)
{
	if (p->fd < 0)
		return;
	ev_timer_stop(loop_ev(p->loop), &p->timer);
	close(p->fd);
	p->fd = -1;
	free(p->carrier);
	p->carrier = NULL;
}
