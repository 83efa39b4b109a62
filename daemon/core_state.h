/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's own state. For core*.c only; everybody else uses core.h. */
#pragma once

#include "daemon/core.h"

struct arena;

struct core_link {
	enum link_reason reason[INET_FAMILY_COUNT];
	uint64_t since_ns[INET_FAMILY_COUNT];
	/* Polling that contradicts the dumps again and again is not believed (core_links.c). */
	enum core_carrier claim;
	unsigned contradictions;
};

struct core_target {
	struct core_choice choice[INET_FAMILY_COUNT];
	uint64_t since_ns[INET_FAMILY_COUNT];
};

/* A desired state with the arena it lives in. */
struct core_desired {
	struct arena *arena;
	struct desired state;
};

struct core {
	const struct plan *plan;
	struct arena *arena; /* what lives as long as the core */

	/* core_links.c */
	struct arena *snapshot_arena;
	struct netstate snapshot; /* the last dump, with bad news worked in */
	bool has_snapshot;
	struct link_view *views, *other_views;
	struct core_link *links;
	bool told_links; /* initial states are logged */

	/* core_targets.c */
	struct core_target *targets;
	struct core_desired wanted; /* of the snapshot */

	/* core_apply.c */
	struct core_desired has; /* what the last apply made true */
	bool has_valid;
	const struct netstate *has_net; /* the kernel's rules and routes: last dump or last apply */
	bool elements_differ, net_differs; /* has against wanted */
	bool stale; /* the snapshot is older than the last apply: look before acting on it */
	enum core_do under_way;
	struct core_desired asked; /* `to` of an action, until its answer */
	struct desired from; /* `from` of an action */
	bool look, check; /* wanted: an observe; an apply of the whole plan */
	uint64_t look_at_ns, check_at_ns, repair_at_ns; /* not earlier than */
	uint64_t audit_at_ns;
	uint64_t look_delay_ns, apply_delay_ns, repair_delay_ns; /* grow while it fails */
	bool started, stopping, stopped;
	unsigned stop_tries;

	/* core_lines.c */
	struct arena *line_arena;
	struct core_line *lines;
	size_t n_lines, cap_lines;
};
