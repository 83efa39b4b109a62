/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: watchers make events, the core answers with actions, the
 * actions are carried out here and their outcome goes back into the core, until
 * it has nothing more to do. Logging. One thread; what takes long is done by the
 * worker's children.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct core;
struct core_event;
struct ev_loop;
struct loop;
struct plan;
struct prober;

struct loop_config {
	const char *policy_path;
	const char *socket_path;
	const char *socket_group; /* NULL: none */
	const char *hooks_path; /* NULL: no hooks */
	bool socket_required;
};

/* Runs until SIGTERM. The process's exit status. */
int loop_run(const struct loop_config *config);

/* ---- for the watchers ---- */

/* An event for the core; returns when all it asked for is done or under way in a child. */
void loop_event(struct loop *l, const struct core_event *event);
struct ev_loop *loop_ev(struct loop *l);
const struct loop_config *loop_config(const struct loop *l);
uint64_t loop_now_ns(void);

/*
 * What has to be done again and again, and not to the millisecond, is done
 * together, at ticks: waking up is what costs. Seconds until the first tick (of
 * these) that is not sooner than that.
 */
#define LOOP_TICK_S	 0.025
#define LOOP_SLOW_TICK_S (10 * LOOP_TICK_S)
static inline double loop_tick_delay_s(double at_least_s, double tick_s)
{
	double now_s = (double)loop_now_ns() / 1e9;
	uint64_t ticks = (uint64_t)((now_s + at_least_s) / tick_s) + 1;

	return (double)ticks * tick_s - now_s;
}

/*
 * A reload changes all of these; the prober is told (prober_rebind()), everybody
 * else asks anew each time.
 */
const struct core *loop_core(const struct loop *l);
const struct plan *loop_plan(const struct loop *l);
struct prober *loop_prober(const struct loop *l);
/* Somebody has looked at much of the plan: its pages are given back a moment later. */
void loop_relax(struct loop *l);

/*
 * Reads the policy anew. `done` (may be NULL) is called once, perhaps before
 * this returns: status 0: it is in force; 1: a fault of the system; 3: faults in
 * the policy; but for 0 all is as before. text: faults and warnings, maybe "".
 * During a reload it begins another as soon as the first has ended.
 */
typedef void (*loop_reloaded)(void *data, int status, const char *text);
void loop_reload(struct loop *l, loop_reloaded done, void *data);
/* Whoever asked with this `data` is gone. */
void loop_reload_forget(struct loop *l, const void *data);
