/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One probe of one link in one family: its rounds, and what the types of probes
 * (prober_icmp.c and so on) have to offer for them.
 *
 * A type asks hosts and tells what came of it, by prober_run_answer() and
 * prober_run_no_answer(), at any time until the round is settled; neither calls
 * back into the type. Its watchers have PROBER_PRIORITY: what has come is read
 * before a round is judged, however late we are ourselves.
 */
#pragma once

#include "base/inet.h"
#include "model/plan.h"

#include <ev.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROBER_PRIORITY 1

struct probe_track;
struct prober;
struct prober_run;

struct prober_type {
	/* Before the first round and after a round with a fault. 0 or -errno. */
	int (*prepare)(struct prober_run *run);
	void (*release)(struct prober_run *run);
	/* The question to run->questions[host]. 0 or -errno: it was not asked. */
	int (*ask)(struct prober_run *run, size_t host);
	void (*settle)(struct prober_run *run); /* what is under way is dropped */
};
/* tcp and http are one */
extern const struct prober_type prober_icmp, prober_tcp, prober_dns, prober_neigh_arp,
	prober_neigh_ndp, prober_route, prober_exec;

struct prober_question {
	struct inet_addr host; /* not of route and exec, which have one question */
	uint64_t asked_ns, rtt_ns; /* UINT64_MAX: no answer */
	bool decided;
};

struct prober_run {
	struct prober *prober;
	size_t link;
	enum inet_family family;
	const struct policy_probe *probe; /* NULL: the link has none for this family */
	const struct prober_type *type;
	struct probe_track *track;

	bool ready, away; /* the link can be probed; it could not, and has to prove itself again */
	int ifindex;
	bool has_gateway;
	struct inet_addr gateway;
	const char *link_name, *device; /* the plan's */
	uint32_t mark;

	bool open; /* type->prepare() succeeded */
	void *state; /* the type's */
	bool asking;
	bool hurry; /* begin the next round as soon as this one is over */
	/* the next one, and this one, come before their time because something happened */
	bool hurried, extra;
	bool rounds, answered; /* there was one; its outcome */
	uint64_t started_ns, ended_ns, next_ns;
	struct prober_question *questions;
	size_t n_questions, n_undecided;
	unsigned phase; /* of its rounds within the interval, 0..65535 */

	int fault; /* errno told already */
	bool faulty; /* this round had one */
	bool lacking; /* we had no descriptor or memory: it does not count */
};

/* ---- for the types ---- */

void prober_run_answer(struct prober_run *run, size_t host);
void prober_run_no_answer(struct prober_run *run, size_t host);
/* What we could not do ourselves: told once, until a round is without. */
void prober_run_fault(struct prober_run *run, const char *what, int error);
struct ev_loop *prober_run_ev(const struct prober_run *run);
/* An address of the link's device, best one in whose network `host` (may be NULL) is. */
bool prober_run_source(const struct prober_run *run, const struct inet_addr *host,
		       struct inet_addr *ret);

/* ---- for the prober ---- */

/* The link is there, as `ifindex`; again: with nothing changed, nothing happens. */
void prober_run_start(struct prober_run *run, int ifindex, const struct inet_addr *gateway);
/* The link is away: a round under way is dropped, not counted. */
void prober_run_stop(struct prober_run *run);
/* The next round now, or as soon as the present one is over. */
void prober_run_hurry(struct prober_run *run);
/* When it has something to do; UINT64_MAX: not by itself. */
uint64_t prober_run_due_ns(const struct prober_run *run);
/* Does it. A round that ends goes into the core, which may start and stop runs. */
void prober_run_step(struct prober_run *run, uint64_t now_ns);
