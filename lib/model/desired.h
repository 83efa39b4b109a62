/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state the kernel should have for a plan and the links as they are now: a
 * pure function, used by the generator (no daemon: the kernel's routes choose)
 * and by the daemon (it names the link).
 */
#pragma once

#include "model/netstate.h"
#include "model/plan.h"

struct arena;

/* One link as seen now. Index = index into plan->links. */
struct link_view {
	int ifindex; /* 0: no such device */
	bool admin_up;
	bool carrier; /* false also for LOWERLAYERDOWN and DORMANT */
	struct {
		bool has_addr;
		bool has_gateway; /* known, or none needed */
		bool onlink;
		bool gateway_none; /* point to point: no RTA_GATEWAY */
		struct inet_addr gateway;
	} family[INET_FAMILY_COUNT];
};

/* Why a link cannot be used now; the first that applies. */
enum link_reason {
	LINK_OK,
	LINK_NO_DEVICE,
	LINK_ADMIN_DOWN,
	LINK_NO_CARRIER,
	LINK_NO_ADDRESS,
	LINK_NO_GATEWAY,
};
const char *link_reason_text(enum link_reason r); /* "no carrier" */

/* Fills n_links views from a dump. auto gateways: the best default route on the
 * device that is not ours, in any table (lowest metric, main first). */
void link_view_build(const struct plan *p, const struct netstate *observed, struct link_view *ret);
enum link_reason link_view_usable(const struct link_view *v, enum inet_family f);

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
