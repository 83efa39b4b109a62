/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/prober_run.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/core.h"
#include "daemon/loop.h"
#include "daemon/prober_set.h"

#include <errno.h>
#include <string.h>

#define NS_PER_MS 1000000u
/* Looks that others' events cause take at most a tenth of the time. */
#define HURRY_REST 10
/*
 * Carrier is polled at multiples of TICK_NS, and waking up is most of what a
 * question costs: so rounds that are seldom fall together at every tenth of them.
 * Not where it would crowd them.
 */
#define TICK_NS	  25000000u
#define TICKED_NS (16 * TICK_NS)
#define SELDOM_NS (40 * TICK_NS)

/* ---- the outcome of questions ---- */

static void decide(struct prober_run *run, size_t host, uint64_t rtt_ns)
{
	struct prober_question *q = &run->questions[host];

	if (!run->asking || host >= run->n_questions || q->decided)
		return;
	q->decided = true;
	q->rtt_ns = rtt_ns;
	if (--run->n_undecided == 0)
		prober_set_wake(run->prober);
}

void prober_run_answer(struct prober_run *run, size_t host)
{
	uint64_t limit = (uint64_t)run->probe->timeout_ms * NS_PER_MS, rtt;

	if (!run->asking || host >= run->n_questions)
		return;
	/* longer only when it waited for us to read it */
	rtt = loop_now_ns() - run->questions[host].asked_ns;
	decide(run, host, rtt < limit ? rtt : limit);
}

void prober_run_no_answer(struct prober_run *run, size_t host)
{
	decide(run, host, UINT64_MAX);
}

/*
 * What we have too little of says nothing about the link: else all of them would
 * fail at once. Not so ENOBUFS, nor EAGAIN of a send: the device's queue is full.
 */
static bool is_lack(const struct prober_run *run, int error)
{
	return error == EMFILE || error == ENFILE || error == ENOMEM ||
	       (error == EAGAIN && run->probe->type == POLICY_PROBE_EXEC);
}

void prober_run_fault(struct prober_run *run, const char *what, int error)
{
	run->faulty = true;
	run->lacking = run->lacking || is_lack(run, error);
	if (run->fault == error)
		return;
	run->fault = error;
	log_warn("probe", "%s (%s), %s: %s: %s", run->link_name, run->device,
		 run->family == INET4 ? "IPv4" : "IPv6", what, strerror(error));
}

struct ev_loop *prober_run_ev(const struct prober_run *run)
{
	return loop_ev(prober_set_loop(run->prober));
}

static bool in_network(const struct netstate_addr *a, const struct inet_addr *host)
{
	struct inet_addr one = a->addr, other = *host;

	inet_addr_mask(&one, a->family, a->prefix_len);
	inet_addr_mask(&other, a->family, a->prefix_len);
	return inet_addr_cmp(&one, &other) == 0;
}

bool prober_run_source(const struct prober_run *run, const struct inet_addr *host,
		       struct inet_addr *ret)
{
	const struct netstate *ns = core_snapshot(loop_core(prober_set_loop(run->prober)));
	bool found = false;

	for (size_t i = 0; ns && i < ns->n_addrs; i++) {
		const struct netstate_addr *a = &ns->addrs[i];
		bool best = host && in_network(a, host);

		if (a->ifindex != run->ifindex || a->family != run->family || (found && !best))
			continue;
		*ret = a->addr;
		found = true;
		if (best)
			break;
	}
	return found;
}

/* ---- rounds ---- */

static void set_hosts(struct prober_run *run)
{
	const struct policy_probe *p = run->probe;
	size_t n = p->n_hosts[run->family];
	bool gateway = n == 0 && run->has_gateway;

	if (n == 0)
		n = 1;
	if (n != run->n_questions)
		run->questions =
			memory_realloc(run->questions, memory_mul(n, sizeof(*run->questions)));
	run->n_questions = run->n_undecided = n;
	for (size_t i = 0; i < n; i++) {
		struct prober_question *q = &run->questions[i];

		*q = (struct prober_question){ .rtt_ns = UINT64_MAX };
		if (p->n_hosts[run->family])
			q->host = p->hosts[run->family][i];
		else if (gateway)
			q->host = run->gateway;
	}
}

static void release_type(struct prober_run *run)
{
	if (run->open)
		run->type->release(run);
	run->open = false;
}

static int prepare_type(struct prober_run *run)
{
	int r = run->open ? 0 : run->type->prepare(run);

	run->open = r == 0;
	return r;
}

static void begin(struct prober_run *run, uint64_t now_ns)
{
	int r = prepare_type(run);

	run->asking = true;
	run->extra = run->hurried;
	run->hurry = run->hurried = false;
	run->faulty = run->lacking = false;
	run->started_ns = now_ns;
	set_hosts(run);
	if (r < 0)
		prober_run_fault(run, "cannot probe", -r);
	for (size_t i = 0; i < run->n_questions; i++) {
		if (run->open) {
			run->questions[i].asked_ns = loop_now_ns();
			r = run->type->ask(run, i);
			if (r < 0)
				prober_run_fault(run, "cannot ask", -r);
		}
		if (r < 0)
			prober_run_no_answer(run, i);
	}
}

/* Where in an interval; together with what else is done again and again, if there is time. */
static uint64_t place_of(const struct prober_run *run, uint64_t interval)
{
	uint64_t place = interval / 65536 * run->phase;

	if (interval < TICKED_NS)
		return place;
	return place - place % (interval < SELDOM_NS ? TICK_NS : 10 * TICK_NS);
}

/*
 * Rounds lie on a grid, each run's at a place of its own, so that those of many
 * links do not fall together. A round comes a bit earlier to get there, never later.
 */
static uint64_t next_round(const struct prober_run *run, uint64_t now_ns)
{
	uint64_t interval = (uint64_t)probe_track_interval_ms(run->track) * NS_PER_MS;
	uint64_t next = run->started_ns + interval;
	uint64_t earliest = run->started_ns + interval / 4 * 3;
	uint64_t place;

	if (earliest < now_ns)
		earliest = now_ns;
	place = earliest - earliest % interval + place_of(run, interval);
	if (place < earliest)
		place += interval;
	/* still too far away for one step: a quarter nearer */
	next = place <= next ? place : earliest;
	return next > now_ns ? next : now_ns;
}

static void tell_core(struct prober_run *run)
{
	struct core_event event = {
		.type = CORE_EVENT_PROBE,
		.probe = { .link = run->link,
			   .family = run->family,
			   .verdict = probe_track_verdict(run->track),
			   .reason = probe_track_reason(run->track) },
	};

	probe_track_stats(run->track, &event.probe.stats);
	loop_event(prober_set_loop(run->prober), &event);
}

/*
 * Others' events come in bursts. What they made us look at and is as it was is no
 * round: `rise` and `fall` of them would pass in no time.
 */
static bool is_news(const struct prober_run *run)
{
	bool answered = run->questions[0].rtt_ns != UINT64_MAX;

	if (run->lacking)
		return false;
	return !run->extra || !run->rounds || answered != run->answered;
}

static void end(struct prober_run *run, uint64_t now_ns)
{
	bool news = is_news(run);
	_cleanup_(cleanup_freep) uint64_t *rtts =
		memory_alloc(memory_mul(run->n_questions, sizeof(*rtts)));

	for (size_t i = 0; i < run->n_questions; i++)
		rtts[i] = run->questions[i].decided ? run->questions[i].rtt_ns : UINT64_MAX;
	run->type->settle(run);
	run->asking = false;
	run->ended_ns = now_ns;
	if (run->faulty)
		release_type(run); /* the device may have been made anew */
	else
		run->fault = 0;
	if (news) {
		probe_track_round(run->track, run->started_ns, rtts, (unsigned)run->n_questions);
		run->answered = rtts[0] != UINT64_MAX;
		run->rounds = true;
	}
	run->next_ns = next_round(run, now_ns);
	if (run->hurry) {
		run->hurry = false;
		prober_run_hurry(run);
	}
	prober_set_watch(run->prober, run->link);
	if (news)
		tell_core(run);
}

static uint64_t deadline(const struct prober_run *run)
{
	return run->started_ns + (uint64_t)run->probe->timeout_ms * NS_PER_MS;
}

uint64_t prober_run_due_ns(const struct prober_run *run)
{
	if (!run->ready)
		return UINT64_MAX;
	if (!run->asking)
		return run->next_ns;
	return run->n_undecided ? deadline(run) : 0;
}

void prober_run_step(struct prober_run *run, uint64_t now_ns)
{
	if (now_ns < prober_run_due_ns(run))
		return;
	if (run->asking)
		end(run, now_ns);
	else
		begin(run, now_ns);
}

/* ---- beginning and end ---- */

void prober_run_start(struct prober_run *run, int ifindex, const struct inet_addr *gateway)
{
	if (run->ready && run->ifindex != ifindex)
		prober_run_stop(run);
	/* it is asked in the next round */
	run->has_gateway = gateway != NULL;
	if (gateway)
		run->gateway = *gateway;
	if (run->ready)
		return;
	if (run->away)
		probe_track_restart(run->track);
	run->away = false;
	run->ready = true;
	run->ifindex = ifindex;
	run->next_ns = loop_now_ns();
	prober_set_wake(run->prober);
}

void prober_run_stop(struct prober_run *run)
{
	if (run->asking)
		run->type->settle(run);
	run->asking = run->hurry = run->hurried = run->rounds = false;
	release_type(run);
	run->ready = false;
	run->away = true;
	run->fault = 0;
}

void prober_run_hurry(struct prober_run *run)
{
	uint64_t now_ns = loop_now_ns(), took_ns = run->ended_ns - run->started_ns;
	uint64_t earliest = now_ns;

	if (!run->ready)
		return;
	if (run->asking) {
		run->hurry = true;
		return;
	}
	if (run->probe->type == POLICY_PROBE_ROUTE && run->ended_ns)
		earliest = run->ended_ns + took_ns * HURRY_REST;
	if (earliest < now_ns)
		earliest = now_ns;
	if (earliest < run->next_ns) {
		run->next_ns = earliest;
		run->hurried = run->probe->type == POLICY_PROBE_ROUTE;
	}
	prober_set_wake(run->prober);
}
