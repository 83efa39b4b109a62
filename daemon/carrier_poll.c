/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/carrier_poll.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "daemon/loop.h"
#include "model/plan.h"

#include <errno.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stddef.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

/*
 * What is lost at a cable pull goes on being lost for half of this in the mean,
 * and a replug is seen within 30 ms. ETHTOOL_GLINK takes 1.9 us and, on kernels
 * since 6.8, makes the kernel send the event it holds back (linkwatch_sync_dev()).
 */
#define INTERVAL_S LOOP_TICK_S
/* An answer that stays the same is news to nobody; told all the same once a second. */
#define TELL_EVERY 40
/* Polls between a change of a device and a look at what stands on what: changes come in bursts. */
#define BELOW_DELAY 4

static enum core_carrier ask(int fd, struct ifreq *request)
{
	struct ethtool_value value = { .cmd = ETHTOOL_GLINK };

	request->ifr_data = (void *)&value;
	if (ioctl(fd, SIOCETHTOOL, request) < 0)
		return CORE_CARRIER_UNKNOWN;
	return value.data ? CORE_CARRIER_YES : CORE_CARRIER_NO;
}

/* What is below first: once asked, the kernel tells those above. */
static void ask_below(struct carrier_poll *p, bool *without)
{
	for (size_t i = 0; i < p->below.n; i++) {
		struct carrier_below_device *d = &p->below.devices[i];

		if (ask(p->fd, &d->request) == CORE_CARRIER_NO && d->follows)
			without[d->link] = true;
	}
}

static void ask_all(struct carrier_poll *p)
{
	bool without[POLICY_LINKS_MAX] = { false };

	if (p->below_due && !--p->below_due)
		carrier_below_look(&p->below, loop_plan(p->loop));
	ask_below(p, without);
	for (size_t i = 0; i < p->n; i++) {
		p->asked[i] = ask(p->fd, &p->requests[i]);
		if (p->asked[i] == CORE_CARRIER_YES && without[i])
			p->asked[i] = CORE_CARRIER_NO;
	}
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct carrier_poll *p = container_of(w, struct carrier_poll, timer);
	struct core_event event = { .type = CORE_EVENT_CARRIER };

	w->repeat = loop_tick_delay_s(INTERVAL_S / 2, LOOP_TICK_S);
	ev_timer_again(ev, w);
	ask_all(p);
	if (++p->untold < TELL_EVERY && !memcmp(p->asked, p->carrier, p->n * sizeof(*p->asked)))
		return;
	memcpy(p->carrier, p->asked, p->n * sizeof(*p->asked));
	p->untold = 0;
	event.carrier.links = p->carrier;
	event.carrier.n = p->n;
	loop_event(p->loop, &event);
}

void carrier_poll_rebind(struct carrier_poll *p)
{
	const struct plan *plan = loop_plan(p->loop);

	free(p->carrier);
	free(p->asked);
	free(p->requests);
	p->n = plan->n_links;
	p->carrier = memory_alloc((p->n + 1) * sizeof(*p->carrier));
	p->asked = memory_alloc((p->n + 1) * sizeof(*p->asked));
	/* written once: this is asked some hundred times a second */
	p->requests = memory_alloc((p->n + 1) * sizeof(*p->requests));
	for (size_t i = 0; i < p->n; i++)
		snprintf(p->requests[i].ifr_name, sizeof(p->requests[i].ifr_name), "%s",
			 plan->links[i].device);
	p->below.n = 0;
	carrier_poll_forget(p);
}

void carrier_poll_forget(struct carrier_poll *p)
{
	p->untold = TELL_EVERY;
	if (!p->below_due)
		p->below_due = BELOW_DELAY;
}

int carrier_poll_start(struct carrier_poll *p, struct loop *l)
{
	_cleanup_(cleanup_closep) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	p->loop = l;
	p->fd = TAKE_FD(fd);
	carrier_poll_rebind(p);
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
	free(p->asked);
	free(p->requests);
	carrier_below_done(&p->below);
	p->carrier = p->asked = NULL;
	p->requests = NULL;
}
