/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's mind: event + time -> what to do. Pure, so that a whole failover
 * is a unit test.
 *
 *  - Level-triggered: an event only says "look again". Links' states come from
 *    dumps of the kernel and from probes; desired_build() makes of them what the
 *    kernel should have; the difference to what it has is applied.
 *  - Bad news (carrier lost, device gone, probe failed) is believed at once and
 *    acted upon before the dump that confirms it. Good news needs the dump.
 *  - After a failed apply nothing is assumed about the kernel: the next one
 *    compares everything.
 *  - One thing at a time: while an observe or apply is under way (its answer
 *    has not come), events are taken in and acted upon afterwards. A load of
 *    the tables (CORE_DO_LOAD) is no such thing: failovers go on beside it.
 */
#pragma once

#include "daemon/core_event.h"
#include "daemon/link_state.h"
#include "model/plan.h"

struct core;

/* The plan is borrowed and must outlive the core. */
struct core *core_new(const struct plan *plan);
struct core *core_free(struct core *c); /* NULL is fine; returns NULL */
void core_freep(struct core **c);

/*
 * A reload: `c` is new and its plan's tables are being loaded; it takes over
 * from `old` what belongs to links and groups of the same name: the last dump,
 * states and their times, damping, probe results, drained links, choices. After
 * that `c` gets the events, beginning with CORE_EVENT_LOAD_PREPARED, and `old`
 * none any more.
 */
void core_adopt(struct core *c, const struct core *old);

/*
 * now_ns: a monotonic clock; never goes back. 0, or -EPROTO for an answer that
 * nothing asked for (the event is then ignored).
 */
int core_step(struct core *c, const struct core_event *event, uint64_t now_ns,
	      struct core_actions *ret);

/* ---- what it knows, for probes, status and metrics ---- */

/* One link, one family. */
struct core_link_info {
	enum link_state state;
	uint64_t since_ns;
	const char *reason; /* why: "no carrier", "loss 40 % > 20 %", "drained by hand" */
	bool probed; /* has a probe for this family */
	enum probe_verdict verdict;
	struct probe_stats stats;
	/* DAMPED, HELD_DOWN: when that ends; 0: does not apply */
	uint64_t until_ns;
	double penalty; /* now; 0 without damping */
	bool has_gateway;
	struct inet_addr gateway; /* has_gateway */
};

enum core_choice_kind {
	CORE_CHOICE_UNKNOWN, /* not decided yet */
	CORE_CHOICE_LINK,
	CORE_CHOICE_BALANCE, /* spread over several links */
	CORE_CHOICE_MAIN, /* no usable link: main routing */
	CORE_CHOICE_BLOCK, /* no usable link: unreachable */
};

/* Where a group or target leaves now, one family. */
struct core_choice {
	enum core_choice_kind kind;
	size_t link; /* CORE_CHOICE_LINK: index into plan->links */
	uint64_t since_ns;
	const char *
		reason; /* "first of its links that is up", "fiber: no carrier", "switched by hand" */
	bool by_hand;
	/* a better link waits for failback_delay or better_for: index, -1 none; when it is due */
	int next_link;
	uint64_t next_ns;
};

const struct plan *core_plan(const struct core *c);
void core_link_info(const struct core *c, size_t link, enum inet_family f, uint64_t now_ns,
		    struct core_link_info *ret);
int core_link_ifindex(const struct core *c, size_t link); /* 0: no such device */
uint32_t core_link_carrier_downs(const struct core *c, size_t link);
bool core_link_drained(const struct core *c, size_t link);
/* How often it went from usable to not, since the daemon began. */
unsigned core_link_losses(const struct core *c, size_t link, enum inet_family f);
/* Device there, up, with carrier, address and gateway: a probe can run. */
bool core_link_probe_ready(const struct core *c, size_t link, enum inet_family f);
/* Gateway of a link for its arp and ndp probes; false: point to point. */
bool core_link_gateway(const struct core *c, size_t link, enum inet_family f,
		       struct inet_addr *ret);
/* The last dump's default routes, for `route` probes. */
const struct netstate *core_snapshot(const struct core *c); /* NULL: none yet */
/* Changes whenever something that prober_sync() looks at may have changed. */
uint64_t core_links_generation(const struct core *c);

void core_group_choice(const struct core *c, size_t group, enum inet_family f,
		       struct core_choice *ret);
void core_target_choice(const struct core *c, size_t target, enum inet_family f,
			struct core_choice *ret);
unsigned core_group_switches(const struct core *c, size_t group, enum inet_family f);

/* The kernel has what it should have, as far as the last look told. */
bool core_in_sync(const struct core *c);
bool core_loading(const struct core *c);
/* Repairs of rules, routes, elements or tables that somebody else had changed, since the start. */
unsigned core_repairs(const struct core *c);
