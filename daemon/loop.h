/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The event loop: watchers make events, the core answers with actions, the
 * actions are carried out here and their outcome goes back into the core, until
 * it has nothing more to do. Logging. One thread; an apply blocks it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct core;
struct core_event;
struct ev_loop;
struct loop;
struct plan;

struct loop_config {
	const struct plan *plan;
	const char *policy_path; /* for status */
	const char *socket_path;
	bool socket_required;
};

/* Runs until SIGTERM. The process's exit status. */
int loop_run(const struct loop_config *config);

/* ---- for the watchers ---- */

/* An event for the core; returns when all it asked for is done. */
void loop_event(struct loop *l, const struct core_event *event);
struct ev_loop *loop_ev(struct loop *l);
const struct core *loop_core(const struct loop *l);
const struct loop_config *loop_config(const struct loop *l);
uint64_t loop_now_ns(void);
