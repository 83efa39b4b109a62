/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One link of the policy as the kernel shows it now: is the device there, has
 * it carrier, an address, a gateway. A pure function of a dump.
 */
#pragma once

#include "base/inet.h"
#include "model/netstate.h"
#include "model/plan.h"

#include <stdbool.h>

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
#define LINK_REASON_COUNT (LINK_NO_GATEWAY + 1)

const char *link_view_reason_text(enum link_reason r); /* "no carrier" */

/*
 * Fills n_links views from a dump. auto gateways: the best default route on the
 * device that is not ours, in any table (main first, then lowest metric).
 */
void link_view_build(const struct plan *p, const struct netstate *observed, struct link_view *ret);

enum link_reason link_view_usable(const struct link_view *v, enum inet_family f);
/* Carrier aside: what the kernel, which knows the carrier itself, may route by. */
bool link_view_routable(const struct link_view *v, enum inet_family f);
