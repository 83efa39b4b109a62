/* SPDX-License-Identifier: GPL-2.0-or-later */
/* All runs, the one timer that they share, and the links' counters. */
#include "daemon/prober.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "daemon/core.h"
#include "daemon/link_counters.h"
#include "daemon/loop.h"
#include "daemon/prober_run.h"
#include "daemon/prober_set.h"

#include <string.h>

struct prober {
	struct loop *loop;
	const struct plan *plan;
	struct prober_run *runs; /* by link and family */
	size_t n_runs;
	struct link_counters *counters;
	ev_timer timer;
};

struct loop *prober_set_loop(const struct prober *p)
{
	return p->loop;
}

static struct prober_run *run_of(struct prober *p, size_t link, enum inet_family f)
{
	return &p->runs[link * INET_FAMILY_COUNT + f];
}

/* ---- the timer ---- */

void prober_set_wake(struct prober *p)
{
	struct ev_loop *ev = loop_ev(p->loop);
	uint64_t due = UINT64_MAX, now;

	for (size_t i = 0; i < p->n_runs; i++) {
		uint64_t d = prober_run_due_ns(&p->runs[i]);

		due = d < due ? d : due;
	}
	ev_timer_stop(ev, &p->timer);
	if (due == UINT64_MAX)
		return;
	now = loop_now_ns();
	ev_now_update(ev);
	ev_timer_set(&p->timer, due > now ? (double)(due - now) / 1e9 : 0.0, 0.0);
	ev_timer_start(ev, &p->timer);
}

static void on_timer(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct prober *p = container_of(w, struct prober, timer);

	for (size_t i = 0; i < p->n_runs; i++)
		prober_run_step(&p->runs[i], loop_now_ns());
	prober_set_wake(p);
}

/* ---- counters ---- */

static void on_counters(void *data, size_t link, uint64_t sent, uint64_t received)
{
	struct prober *p = data;

	for (enum inet_family f = INET4; f < INET_FAMILY_COUNT; f++) {
		struct prober_run *run = run_of(p, link, f);
		bool was;

		if (!run->ready)
			continue;
		was = probe_track_suspicious(run->track);
		if (probe_track_counters(run->track, sent, received, loop_now_ns()) && !was)
			prober_run_hurry(run);
	}
}

void prober_set_watch(struct prober *p, size_t link)
{
	int ifindex = 0;

	for (enum inet_family f = INET4; f < INET_FAMILY_COUNT; f++) {
		const struct prober_run *run = run_of(p, link, f);

		if (run->ready && probe_track_wants_counters(run->track, loop_now_ns()))
			ifindex = run->ifindex;
	}
	link_counters_watch(p->counters, link, ifindex);
}

/* ---- runs ---- */

static const struct prober_type *type_of(enum policy_probe_type t)
{
	switch (t) {
	case POLICY_PROBE_NONE:
		return NULL;
	case POLICY_PROBE_ICMP:
		return &prober_icmp;
	case POLICY_PROBE_TCP:
	case POLICY_PROBE_HTTP:
		return &prober_tcp;
	case POLICY_PROBE_DNS:
		return &prober_dns;
	case POLICY_PROBE_ARP:
		return &prober_neigh_arp;
	case POLICY_PROBE_NDP:
		return &prober_neigh_ndp;
	case POLICY_PROBE_ROUTE:
		return &prober_route;
	case POLICY_PROBE_EXEC:
		return &prober_exec;
	}
	return NULL;
}

/*
 * A fraction of 65536 that is far from that of every other link (golden ratio). Both families of
 * a link are asked together: that wakes us once.
 */
static unsigned phase_of(size_t link)
{
	return (unsigned)(link * 40503u) & 0xffff;
}

static void init_run(struct prober *p, size_t link, enum inet_family f)
{
	const struct plan_link *l = &p->plan->links[link];
	const struct policy_probe *probe = l->probe < 0 ? NULL : &p->plan->policy->probes[l->probe];
	struct prober_run *run = run_of(p, link, f);

	*run = (struct prober_run){
		.prober = p,
		.link = link,
		.family = f,
		.link_name = l->name,
		.device = l->device,
		.mark = l->probe_mark,
		.phase = phase_of(link),
	};
	if (!probe || !policy_probe_covers(probe, f) || !type_of(probe->type))
		return;
	run->probe = probe;
	run->type = type_of(probe->type);
}

/* What the same run of the policy before has found out. */
static void inherit(struct prober_run *run, struct prober_run *old)
{
	if (!run->probe || !old->probe)
		return;
	run->track = TAKE_PTR(old->track);
	probe_track_rebind(run->track, run->probe);
	run->away = !old->ready;
}

static void make_runs(struct prober *p, struct prober_run *old, size_t n_old)
{
	p->n_runs = p->plan->n_links * INET_FAMILY_COUNT;
	p->runs = memory_alloc(memory_mul(p->n_runs + 1, sizeof(*p->runs)));
	p->counters = link_counters_new(p->loop, p->plan->n_links, on_counters, p);
	for (size_t i = 0; i < p->n_runs; i++) {
		struct prober_run *run = &p->runs[i];

		init_run(p, i / INET_FAMILY_COUNT, (enum inet_family)(i % INET_FAMILY_COUNT));
		for (size_t k = 0; k < n_old; k++)
			if (old[k].family == run->family &&
			    strcmp(old[k].link_name, run->link_name) == 0)
				inherit(run, &old[k]);
		if (run->probe && !run->track)
			run->track = probe_track_new(run->probe);
	}
}

static void free_runs(struct prober_run *runs, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		probe_track_free(runs[i].track);
		free(runs[i].questions);
	}
	free(runs);
}

static void rest(struct prober *p)
{
	for (size_t i = 0; i < p->n_runs; i++)
		if (p->runs[i].ready)
			prober_run_stop(&p->runs[i]);
	ev_timer_stop(loop_ev(p->loop), &p->timer);
	p->counters = link_counters_free(p->counters);
}

struct prober *prober_new(struct loop *l, const struct plan *plan)
{
	struct prober *p = memory_alloc(sizeof(*p));

	p->loop = l;
	p->plan = plan;
	ev_init(&p->timer, on_timer);
	make_runs(p, NULL, 0);
	return p;
}

struct prober *prober_free(struct prober *p)
{
	if (!p)
		return NULL;
	rest(p);
	free_runs(p->runs, p->n_runs);
	free(p);
	return NULL;
}

void prober_rebind(struct prober *p, const struct plan *plan)
{
	struct prober_run *old = p->runs;
	size_t n_old = p->n_runs;

	for (size_t i = 0; i < n_old; i++) {
		bool ready = old[i].ready;

		if (ready)
			prober_run_stop(&old[i]);
		old[i].ready = ready;
	}
	p->n_runs = 0;
	rest(p);
	p->plan = plan;
	make_runs(p, old, n_old);
	free_runs(old, n_old);
}

void prober_sync(struct prober *p, const struct core *c)
{
	if (!core_snapshot(c))
		return;
	for (size_t i = 0; i < p->n_runs; i++) {
		struct prober_run *run = &p->runs[i];
		struct inet_addr gateway;

		if (!run->probe)
			continue;
		if (core_link_probe_ready(c, run->link, run->family))
			prober_run_start(run, core_link_ifindex(c, run->link),
					 core_link_gateway(c, run->link, run->family, &gateway)
						 ? &gateway
						 : NULL);
		else if (run->ready)
			prober_run_stop(run);
		else
			run->away = true;
	}
	for (size_t i = 0; i < p->plan->n_links; i++)
		prober_set_watch(p, i);
}

void prober_routes_changed(struct prober *p)
{
	for (size_t i = 0; p && i < p->n_runs; i++)
		if (p->runs[i].probe && p->runs[i].probe->type == POLICY_PROBE_ROUTE)
			prober_run_hurry(&p->runs[i]);
}
