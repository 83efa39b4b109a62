/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rtnetlink half of apply: look, and change. `route` is a NETLINK_ROUTE
 * socket that no events come to. Non-logging: what happened is in the report.
 */
#pragma once

#include "model/netstate.h"

#include <stddef.h>

struct apply_report;
struct arena;
struct nl_socket;

/*
 * Dumps links, addresses, default routes and ip rules of both families.
 * Messages that cannot be understood are other people's and passed over.
 */
int apply_net_observe(struct nl_socket *route, struct arena *a, struct netstate *ret);

/* One line a change into the report, as if all were done: for dry runs. */
void apply_net_describe(const struct netstate_change *changes, size_t n,
			const struct netstate *names, struct apply_report *r);

/*
 * Makes the changes in order; a line for each that the kernel took. What is
 * already so is no fault (a rule that exists, anything gone that should go). A
 * route that the kernel refuses because of the state of its link becomes a
 * warning, and the rest goes on. Any other error ends it: -errno, r->error set.
 * `names` (may be NULL) has the devices' names.
 */
int apply_net_change(struct nl_socket *route, const struct netstate_change *changes, size_t n,
		     const struct netstate *names, struct apply_report *r);
