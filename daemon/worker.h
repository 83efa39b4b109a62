/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What takes long and much memory happens in a child process: compiling a
 * policy (into a plan_region), loading big sets. The daemon stays small and its
 * loop free; a failover goes on meanwhile.
 */
#pragma once

#include "daemon/plan_region.h"

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct worker;

struct worker *worker_new(struct loop *l);
struct worker *worker_free(struct worker *w); /* kills what is running, NULL is fine */

/*
 * Compiles. `done` runs in the loop: region on success (the callee owns it),
 * else NULL; text: faults and warnings as diag_print() renders them; status: an
 * exit status of omr-nftd (0, 1 system, 3 faults in the policy). 0 or -errno;
 * -EBUSY: one is running.
 */
typedef void (*worker_compiled)(void *data, struct plan_region *region, int status,
				const char *text);
int worker_compile(struct worker *w, const char *policy_path, bool colour, worker_compiled done,
		   void *data);
bool worker_compiling(const struct worker *w);

/* How a load goes on. */
enum worker_load_state {
	WORKER_LOAD_PREPARED, /* all but the switch: waits for worker_load_go() */
	WORKER_LOAD_DONE,
	WORKER_LOAD_BUSY, /* somebody else applies; nothing was done */
	WORKER_LOAD_FAILED,
};

struct worker_load_report {
	enum worker_load_state state;
	int error; /* FAILED: -errno */
	const char *text; /* FAILED: what; DONE: what was changed, one line each, perhaps cut */
	size_t n_lines; /* DONE: changes in all */
};

/*
 * Makes our nft tables as the plan has them (apply_tables()), elements of the
 * state maps aside. PREPARED always comes before DONE. 0 or -errno; -EBUSY: one
 * is running.
 */
typedef void (*worker_loaded)(void *data, const struct worker_load_report *report);
int worker_load(struct worker *w, const struct plan *plan, worker_loaded done, void *data);
bool worker_loading(const struct worker *w);
void worker_load_go(struct worker *w);
/* At once: its lock is free when this returns. What it has loaded is the next one's affair. */
void worker_load_kill(struct worker *w);
