/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What takes long and much memory happens in a child process: compiling a
 * policy, loading big sets. The daemon stays small and its loop free; a
 * failover goes on meanwhile.
 *
 * A compiled plan lies in a region that both share: address space reserved
 * before the fork, memory of a memfd behind it. So its pointers hold in the
 * daemon, which maps it read-only and touches (and keeps resident) only what it
 * looks at.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

struct loop;
struct plan;
struct plan_region;
struct worker;

struct plan_region *plan_region_free(struct plan_region *r);
const struct plan *plan_region_plan(const struct plan_region *r);
/* Gives back the pages that are not needed until the next look. */
void plan_region_relax(struct plan_region *r);

struct worker *worker_new(struct loop *l);
struct worker *worker_free(struct worker *w); /* kills and reaps what is running */
bool worker_busy(const struct worker *w);
/* nlmsg_pid of its transactions: they are ours (nft_watch). */
unsigned worker_nft_portid(const struct worker *w);

/*
 * Compiles. `done` runs in the loop: region on success (the caller owns it),
 * else NULL; text: faults and warnings as diag_print() renders them; status: an
 * exit status of omr-nftd (0, 1 system, 3 faults in the policy).
 */
typedef void (*worker_compiled)(void *data, struct plan_region *region, int status,
				const char *text);
int worker_compile(struct worker *w, const char *policy_path, worker_compiled done, void *data);

/*
 * Makes our nft tables as the plan has them (apply_tables()), state elements
 * aside. Stops before the switch: the core gets CORE_EVENT_LOAD_PREPARED, and
 * the child goes on with worker_load_go(). Ends with CORE_EVENT_LOADED,
 * LOAD_BUSY or LOAD_FAILED.
 */
int worker_load(struct worker *w, const struct plan *plan);
void worker_load_go(struct worker *w);
