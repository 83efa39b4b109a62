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

/* The daemon's judgement of one link, one family. */
struct desired_link {
	/* its own table holds its route, so that its probes can leave, whatever they say */
	bool routed;
	/* group tables hold it: the kernel may use it by itself */
	bool offered;
	/* flows on it stay on it */
	bool keeps;
};

/* Where a target's new flows go now, one family. */
struct desired_choice {
	enum {
		DESIRED_CHOICE_LAST, /* nowhere: what on_down says in the end (main or block) */
		DESIRED_CHOICE_LINK,
		DESIRED_CHOICE_SPREAD, /* balance: over the members of one tier that take part */
	} kind;
	size_t candidate; /* LINK: index into the target's candidates */
	/* SPREAD: by candidate. Else ignored */
	const bool *takes_part; /* at least one; all of one tier */
};

/* What becomes of the flows of a target on a candidate that no longer keeps them, or is to be left. */
enum desired_flows {
	DESIRED_FLOWS_STAY, /* as long as the link keeps flows */
	DESIRED_FLOWS_MOVING, /* sent where new flows go; the flow's mark stays until its entry is deleted */
	DESIRED_FLOWS_MOVED, /* sent where new flows go and remembered there */
};

struct desired_inputs {
	const struct link_view *views; /* by link */
	/* DESIRED_DAEMON only, else NULL: */
	const struct desired_link (*links)[INET_FAMILY_COUNT]; /* by link */
	const struct desired_choice (*choices)[INET_FAMILY_COUNT]; /* by target */
	/* [target][candidate][family] */
	const enum desired_flows (*const *flows)[INET_FAMILY_COUNT];
};

struct desired {
	/* sorted by (mark, nfproto, slot); spread: of targets whose choice is SPREAD */
	struct plan_element *egress, *alive, *spread;
	size_t n_egress, n_alive, n_spread;
	struct netstate net; /* rules and routes only */
};

void desired_build(const struct plan *p, const struct desired_inputs *in, enum desired_mode mode,
		   struct arena *a, struct desired *ret);

/* What a set of the plan should hold: its own elements, or the state's; nothing of what is learnt. */
const struct plan_element *desired_elements(const struct plan *p, const struct desired *d,
					    const struct plan_set *s, size_t *ret_n);
