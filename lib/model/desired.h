/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state the kernel should have for a plan and the links as they are now: a
 * pure function, used by the generator (no daemon: the kernel's routes choose)
 * and by the daemon (it names the link).
 */
#pragma once

#include "model/link_view.h"
#include "model/netstate.h"
#include "model/plan.h"

struct arena;

enum desired_mode {
	/*
	 * No daemon: egress is empty, routes of every link that is up by
	 * administration (carrier is the kernel's affair:
	 * ignore_routes_with_linkdown), every remembered mark stays as it is.
	 */
	DESIRED_KERNEL,
	/* A daemon: egress names the link, routes only of usable links. */
	DESIRED_DAEMON,
};

struct desired {
	struct plan_element *egress, *alive; /* sorted by (mark, nfproto) */
	size_t n_egress, n_alive;
	struct netstate net; /* rules and routes only */
};

void desired_build(const struct plan *p, const struct link_view *views, enum desired_mode mode,
		   struct arena *a, struct desired *ret);
