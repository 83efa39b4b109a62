/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Brings the kernel to a plan and keeps it there: tables, rules, routes,
 * sysctls. Used by omr-nftgen (--apply, --diff, --remove) and by omr-nftd.
 * Non-logging: what happened is in the report. Touches only inet omr_bypass,
 * inet omr_egress, rules and routes with POLICY_PROTOCOL, and
 * ignore_routes_with_linkdown of the links' devices.
 */
#pragma once

#include "model/desired.h"
#include "model/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct apply;

/* What was (or would be) done, one line each, in order: for --diff and logs. */
struct apply_report {
	struct arena *arena;
	struct {
		char mark; /* '+' added, '-' removed, '~' changed */
		const char *text;
	} * lines;
	size_t n_lines, cap_lines;
	const char **warnings; /* e.g. "link lte: eth2 has no IPv6 gateway yet: no route" */
	size_t n_warnings, cap_warnings;
	const char
		*error; /* set when a call failed: what, on which object, errno and ext-ack text */
	bool busy; /* it failed because another apply is at work: nothing was done */
	unsigned long longest_commit_us; /* longest time one transaction held the nft commit */
	/* apply_state(), on success: what is true now (in `arena`), `from` of a later apply_desired() */
	struct desired made;
};

void apply_report_init(struct apply_report *r);
void apply_report_done(struct apply_report *r);

/* Opens the netlink sockets in the current network namespace. */
int apply_open(struct apply **ret);
struct apply *apply_close(struct apply *ap);
void apply_closep(struct apply **ap);
/* nlmsg_pid of our transactions in nf_tables notifications: tells them from other people's. */
uint32_t apply_nft_portid(const struct apply *ap);

/* Dumps links, addresses, default routes, ip rules. Retries interrupted dumps. */
int apply_observe(struct apply *ap, struct arena *a, struct netstate *ret);

enum apply_flags {
	APPLY_DRY_RUN = 1 << 0, /* only say what would change */
	APPLY_KEEP_STATE =
		1 << 1, /* leave elements of egress/alive that are still valid (a daemon's) */
};

/*
 * Everything, as it is without a daemon (DESIRED_KERNEL): idempotent, foreign
 * objects untouched, double-buffered (see docs/architecture.md "Life of a
 * reload"). 0 or -errno with r->error set; on error nothing half-applied is
 * referenced by live chains. Waits while another apply is at work in the
 * namespace.
 */
int apply_plan(struct apply *ap, const struct plan *p, unsigned flags, struct apply_report *r);

/*
 * A failover: routes that are new first, then one nft batch for egress and
 * alive, then routes nothing uses. `from` is what the last call made true.
 * *ret_commit_ns: time from entry to the nft ack.
 */
int apply_desired(struct apply *ap, const struct plan *p, const struct desired *from,
		  const struct desired *to, struct apply_report *r, unsigned long *ret_commit_ns);

/* ---- the daemon's parts of it (see docs/architecture.md, "Life of a reload") ---- */

/*
 * Our two nft tables as the plan has them: chains, sets, prefixes; elements of
 * the state maps stay as long as they are valid. Long with big sets; runs in the
 * worker. `barrier` (may be NULL) is called when all is loaded but nothing
 * switched yet; not 0: what was loaded is taken away again and that is returned.
 * With APPLY_DRY_RUN: only whether something differs (report lines). -EBUSY
 * with r->busy while another apply is at work.
 */
int apply_tables(struct apply *ap, const struct plan *p, unsigned flags, int (*barrier)(void *data),
		 void *data, struct apply_report *r);

/* Rules and routes of `net` that are missing, and nothing else. Short. */
int apply_net_missing(struct apply *ap, const struct netstate *net, struct apply_report *r);

/*
 * All that is short: rules, routes, sysctls of the links' devices, elements of
 * the state maps; looks first, changes what differs; r->made says what is true
 * then. -ENOENT: a state map is missing, so are the tables.
 */
int apply_state(struct apply *ap, const struct plan *p, const struct desired *to,
		struct apply_report *r);

/*
 * Deletes conntrack entries of a family whose mark & mask is `mark` and whose
 * source is translated (IPS_SRC_NAT; kernels that cannot filter by status
 * delete untranslated ones as well). One message each. The cost is a walk of the
 * whole table: call it after the switch.
 */
int apply_delete_flows(struct apply *ap, const struct netstate_flows *flows, size_t n,
		       struct apply_report *r);

/* Takes away all that is ours, whatever policy made it. */
int apply_remove(struct apply *ap, unsigned flags, struct apply_report *r);
