/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * probe_once POLICY LINK ROUNDS [SECONDS]: the probe of one link, without the
 * rest of the daemon: its device counts as ready, its gateways are those of the
 * policy. A line a round: FAMILY good|bad RTT_MS VERDICT (the round trip is the
 * mean of the probe's window). Ends after ROUNDS of each family, or SECONDS.
 * On SIGHUP it is as if the routes had changed; on SIGUSR1 the link goes away, on
 * SIGUSR2 it is back.
 */
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "daemon/core.h"
#include "daemon/loop.h"
#include "daemon/prober.h"
#include "io/policy_load.h"

#include <arpa/inet.h>
#include <ev.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct core {
	const struct plan *plan;
	size_t link;
	bool away;
	struct netstate snapshot;
};

struct loop {
	struct ev_loop *ev;
	struct core core;
	struct prober *prober;
	long rounds, seen[INET_FAMILY_COUNT];
};

static struct loop the_loop;

/* ---- in the daemon's place ---- */

struct ev_loop *loop_ev(struct loop *l)
{
	return l->ev;
}

uint64_t loop_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

const struct core *loop_core(const struct loop *l)
{
	return &l->core;
}

static const char *verdict_name(enum probe_verdict v)
{
	static const char *const names[] = {
		[PROBE_UNKNOWN] = "unknown",
		[PROBE_PASSING] = "passing",
		[PROBE_DEGRADED] = "degraded",
		[PROBE_FAILING] = "failing",
	};

	return names[v];
}

void loop_event(struct loop *l, const struct core_event *e)
{
	const struct policy_probe *probe =
		&l->core.plan->policy->probes[l->core.plan->links[l->core.link].probe];
	bool done = true;

	if (e->type != CORE_EVENT_PROBE || l->seen[e->probe.family] == l->rounds)
		return;
	l->seen[e->probe.family]++;
	printf("%d %s %.3f %s\n", e->probe.family == INET4 ? 4 : 6,
	       e->probe.stats.bad_in_row ? "bad" : "good", e->probe.stats.rtt_ms,
	       verdict_name(e->probe.verdict));
	fflush(stdout);
	for (enum inet_family f = INET4; f < INET_FAMILY_COUNT; f++)
		if (policy_probe_covers(probe, f) && l->seen[f] < l->rounds)
			done = false;
	if (done)
		ev_break(l->ev, EVBREAK_ALL);
}

bool core_link_probe_ready(const struct core *c, size_t link, enum inet_family f)
{
	return link == c->link && !c->away;
}

int core_link_ifindex(const struct core *c, size_t link)
{
	return (int)if_nametoindex(c->plan->links[link].device);
}

bool core_link_gateway(const struct core *c, size_t link, enum inet_family f, struct inet_addr *ret)
{
	const struct policy_gateway *g = &c->plan->links[link].gateway[f];

	if (g->kind != POLICY_GATEWAY_ADDR)
		return false;
	*ret = g->addr;
	return true;
}

const struct netstate *core_snapshot(const struct core *c)
{
	return &c->snapshot;
}

/* ---- what there is ---- */

static unsigned prefix_len(const struct sockaddr *mask, enum inet_family f)
{
	const uint8_t *p =
		f == INET4
			? (const void *)&((const struct sockaddr_in *)(const void *)mask)->sin_addr
			: (const void *)&((const struct sockaddr_in6 *)(const void *)mask)
				  ->sin6_addr;
	unsigned len = 0;

	while (len < inet_bits(f) && (p[len / 8] & (0x80 >> len % 8)))
		len++;
	return len;
}

static void look(struct core *c, struct arena *a)
{
	struct ifaddrs *all = NULL;

	if (getifaddrs(&all) < 0)
		return;
	for (struct ifaddrs *i = all; i; i = i->ifa_next) {
		struct netstate_addr *addr;
		enum inet_family f;

		if (!i->ifa_addr ||
		    (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		f = i->ifa_addr->sa_family == AF_INET ? INET4 : INET6;
		addr = ARENA_PUSH(a, c->snapshot.addrs, c->snapshot.n_addrs, c->snapshot.cap_addrs);
		addr->ifindex = (int)if_nametoindex(i->ifa_name);
		addr->family = f;
		addr->prefix_len = (uint8_t)prefix_len(i->ifa_netmask, f);
		if (f == INET4)
			memcpy(addr->addr.bytes,
			       &((struct sockaddr_in *)(void *)i->ifa_addr)->sin_addr, 4);
		else
			memcpy(addr->addr.bytes,
			       &((struct sockaddr_in6 *)(void *)i->ifa_addr)->sin6_addr, 16);
	}
	freeifaddrs(all);
}

static void on_signal(struct ev_loop *ev, ev_signal *w, int revents)
{
	struct loop *l = w->data;

	if (w->signum == SIGHUP) {
		prober_routes_changed(l->prober);
		return;
	}
	l->core.away = w->signum == SIGUSR1;
	prober_sync(l->prober, &l->core);
}

static void on_end(struct ev_loop *ev, ev_timer *w, int revents)
{
	ev_break(ev, EVBREAK_ALL);
}

static int read_plan(const char *path, struct arena *a, const struct plan **ret)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;
	struct diag_list faults;
	struct policy *policy;
	struct plan *plan;
	int r;

	diag_init(&faults, a);
	r = policy_load(path, a, &policy, &faults);
	if (r == 0)
		r = plan_compile(policy, a, &plan, &faults);
	if (r) {
		diag_print(&faults, &text, false);
		fputs(strbuf_text(&text), stderr);
		return r;
	}
	*ret = plan;
	return 0;
}

int main(int argc, char **argv)
{
	static const int signals[] = { SIGHUP, SIGUSR1, SIGUSR2 };
	_cleanup_(arena_freep) struct arena *a = arena_new();
	struct loop *l = &the_loop;
	ev_signal watchers[ARRAY_SIZE(signals)];
	ev_timer end;

	if (argc < 4 || read_plan(argv[1], a, &l->core.plan)) {
		fprintf(stderr, "usage: probe_once POLICY LINK ROUNDS [SECONDS]\n");
		return 2;
	}
	while (l->core.link < l->core.plan->n_links &&
	       strcmp(l->core.plan->links[l->core.link].name, argv[2]) != 0)
		l->core.link++;
	if (l->core.link == l->core.plan->n_links || l->core.plan->links[l->core.link].probe < 0) {
		fprintf(stderr, "%s: no such link, or it has no probe\n", argv[2]);
		return 2;
	}
	l->rounds = atol(argv[3]);
	look(&l->core, a);
	l->ev = ev_default_loop(EVFLAG_AUTO);
	for (size_t i = 0; i < ARRAY_SIZE(signals); i++) {
		ev_signal_init(&watchers[i], on_signal, signals[i]);
		watchers[i].data = l;
		ev_signal_start(l->ev, &watchers[i]);
	}
	ev_timer_init(&end, on_end, argc > 4 ? atof(argv[4]) : 600.0, 0.0);
	ev_timer_start(l->ev, &end);
	l->prober = prober_new(l, l->core.plan);
	prober_sync(l->prober, &l->core);
	ev_run(l->ev, 0);
	prober_free(l->prober);
	return 0;
}
