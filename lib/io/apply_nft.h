/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nf_tables half of apply: look, and change. `nft` is a NETLINK_NETFILTER
 * socket that no events come to. Non-logging: what happened is in the report.
 */
#pragma once

#include "model/plan.h"

#include <stdbool.h>
#include <stddef.h>

struct apply_report;
struct arena;
struct desired;
struct nl_socket;

struct apply_nft_how {
	bool keep_state; /* entries of a daemon that still make sense stay (then *d says what stands) */
	bool dry_run; /* only lines */
	/*
	 * Called once, when all that no packet meets is loaded; < 0: what was
	 * loaded is taken away again, and that is returned. NULL: go on.
	 */
	int (*barrier)(void *data);
	void *data;
};

/*
 * Brings both tables to the plan with the link state of *d. 0 or -errno with
 * r->error set.
 */
int apply_nft_plan(struct nl_socket *nft, const struct plan *p, struct desired *d,
		   const struct apply_nft_how *how, struct arena *a, struct apply_report *r);

/* The failover: egress and alive from one state to the other, in one transaction. */
int apply_nft_state(struct nl_socket *nft, const struct plan *p, const struct desired *from,
		    const struct desired *to, struct apply_report *r);

/* Deletes both tables in one transaction. */
int apply_nft_remove(struct nl_socket *nft, bool dry_run, struct arena *a, struct apply_report *r);
