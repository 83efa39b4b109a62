/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's mind: event + time -> what to do. Pure, so that a whole failover
 * is a unit test.
 *
 *  - Level-triggered: an event only says "look again". Links' states come from
 *    dumps of the kernel; desired_build() makes of them what the kernel should
 *    have; the difference to what it has is applied.
 *  - Bad news (carrier lost, device gone) is believed at once and acted upon
 *    before the dump that confirms it. Good news needs the dump.
 *  - After a failed apply nothing is assumed about the kernel: the next one
 *    compares everything.
 *  - One thing at a time: while an observe or apply is under way (its answer
 *    has not come), events are taken in and acted upon afterwards.
 */
#pragma once

#include "daemon/core_event.h"
#include "model/plan.h"

struct core;

/* The plan is borrowed and must outlive the core. */
struct core *core_new(const struct plan *plan);
struct core *core_free(struct core *c); /* NULL is fine; returns NULL */
void core_freep(struct core **c);

/*
 * now_ns: a monotonic clock; never goes back. 0, or -EPROTO for an answer that
 * nothing asked for (the event is then ignored).
 */
int core_step(struct core *c, const struct core_event *event, uint64_t now_ns,
	      struct core_actions *ret);

/* ---- what it knows, for status ---- */

enum core_choice_kind {
	CORE_CHOICE_UNKNOWN, /* not decided yet */
	CORE_CHOICE_LINK,
	CORE_CHOICE_BALANCE, /* the group's table spreads the flows */
	CORE_CHOICE_MAIN, /* no usable link: main routing */
	CORE_CHOICE_BLOCK, /* no usable link: unreachable */
};

/* Where a target leaves now, one family. */
struct core_choice {
	enum core_choice_kind kind;
	size_t link; /* CORE_CHOICE_LINK: index into plan->links */
};

const struct plan *core_plan(const struct core *c);
enum link_reason core_link_reason(const struct core *c, size_t link, enum inet_family f);
uint64_t core_link_since_ns(const struct core *c, size_t link, enum inet_family f);
int core_link_ifindex(const struct core *c, size_t link);
uint32_t core_link_carrier_downs(const struct core *c, size_t link);
struct core_choice core_target_choice(const struct core *c, size_t target, enum inet_family f);
uint64_t core_target_since_ns(const struct core *c, size_t target, enum inet_family f);
/* The kernel has what it should have, as far as the last look told. */
bool core_in_sync(const struct core *c);
