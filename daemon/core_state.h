/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's own state. For core*.c only; everybody else uses core.h. */
#pragma once

#include "daemon/core.h"
#include "daemon/damping.h"

struct arena;

#define CORE_REASON_MAX 96
#define CORE_NEVER	UINT64_MAX

/* Keeps a storm of one subject's lines out of the log (core_lines.c). */
struct core_limit {
	uint64_t since_ns; /* the window's beginning */
	unsigned n, held; /* in this window: came; was not told */
	bool storm; /* the window before had some held back */
};

/* One link, one family (core_health.c). */
struct core_health {
	bool known; /* it has a state */
	struct link_facts facts;
	enum link_state state;
	uint64_t since_ns;
	char reason[CORE_REASON_MAX];

	bool probed; /* has a probe for this family */
	bool proving; /* it was away: nothing counts until the probe says so */
	enum probe_verdict verdict;
	struct probe_stats stats;
	char probe_reason[CORE_REASON_MAX];

	unsigned losses;
	struct damping damping;
	uint64_t held_until_ns;
	uint64_t yes_since_ns; /* LINK_USE_YES without a break */
	uint64_t sign_ns; /* first sign of why it is not LINK_USE_YES; 0: not known */

	struct core_limit limit;
	enum link_state told; /* by the last line */
};

struct core_link {
	bool drained;
	bool measured; /* member of a quality group: each round counts */
	/* Polling that contradicts the dumps again and again is not believed (core_links.c). */
	enum core_carrier claim;
	unsigned contradictions;
	struct core_health health[INET_FAMILY_COUNT];
};

/* A member of a quality group, one family (core_quality.c). */
struct core_member {
	uint64_t better_since_ns; /* better than the present one; 0: not */
	uint64_t outside_ns; /* last seen outside the SLA; 0: never */
};

/* A group's own choice, one family, on_down aside (core_groups.c). */
struct core_group_choice {
	enum core_choice_kind kind; /* UNKNOWN: nothing of its own is usable */
	size_t link; /* LINK */
	bool *takes_part; /* BALANCE: by member */
	int hand; /* link chosen by hand, -1 none */
	bool released; /* automatic again in this step */
	int next_link; /* waits: -1 none */
	uint64_t next_ns;
	bool decided, changed; /* ever; in this step */
	char reason[CORE_REASON_MAX];
	struct core_member *members;
};

struct core_group {
	struct core_group_choice family[INET_FAMILY_COUNT];
	size_t target; /* its plain one */
};

/* Flows of a target on one candidate, one family (core_flows.c). */
struct core_flow {
	enum {
		CORE_FLOWS_STAY,
		CORE_FLOWS_MOVING, /* to be deleted when the kernel has them moving */
		CORE_FLOWS_DELETING,
		CORE_FLOWS_MOVED,
	} state;
	uint64_t
		left_ns; /* when new flows went to a better link; 0: it was left for a worse one, or never */
};

/* Where a target leaves, one family (core_targets.c). */
struct core_target_choice {
	enum core_choice_kind kind;
	size_t candidate; /* LINK */
	size_t tier; /* LINK, BALANCE: whose choice it is */
	uint64_t since_ns;
	unsigned switches;
	char reason[CORE_REASON_MAX];
	bool *takes_part; /* by candidate */
	struct core_limit limit;
	const char *told; /* where the last line said it leaves by */
	bool apart; /* a variant that did not do what the plain target does */
};

struct core_target {
	struct core_target_choice family[INET_FAMILY_COUNT];
	struct core_flow (*flows)[INET_FAMILY_COUNT]; /* by candidate */
	enum desired_flows (*desired_flows)[INET_FAMILY_COUNT]; /* by candidate */
	bool plain_group; /* group_tables[tier_groups[0]] and nothing else: told as that group */
	size_t plain; /* a variant's plain target, told only where it differs; else itself */
};

/* A desired state with the arena it lives in. */
struct core_desired {
	struct arena *arena;
	struct desired state;
};

/* Where a load of the tables is (core_load.c). */
enum core_load_phase {
	CORE_LOAD_NONE,
	CORE_LOAD_RUNNING, /* the long part: failovers go on */
	CORE_LOAD_PREPARED, /* rules and routes have to be there first */
	CORE_LOAD_READY, /* for CORE_DO_LOAD_GO */
	CORE_LOAD_SWITCHING, /* nothing else is done */
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
	uint64_t generation;

	struct core_group *groups;

	/* core_targets.c */
	struct core_target *targets;
	struct desired_link (*desired_links)[INET_FAMILY_COUNT];
	struct desired_choice (*desired_choices)[INET_FAMILY_COUNT];
	const enum desired_flows (**desired_flows)[INET_FAMILY_COUNT];
	struct core_desired wanted;

	/* links, groups and flows change by time alone then; CORE_NEVER */
	uint64_t decide_at_ns;
	bool decide; /* now, whatever comes */

	/* core_flows.c */
	struct netstate_flows *deleting;
	size_t n_deleting, cap_deleting;
	struct arena *deleting_arena;
	bool flows_wait; /* some are MOVING and can be deleted */

	/* core_apply.c */
	struct core_desired has; /* what the last apply made true */
	bool has_valid;
	const struct netstate *has_net; /* the kernel's rules and routes: last dump or last apply */
	bool elements_differ, net_differs; /* has against wanted */
	enum core_do under_way;
	struct core_desired asked; /* `to` of an action, until its answer */
	struct desired from; /* `from` of an action */
	bool look, check, state; /* wanted: CORE_DO_OBSERVE, _CHECK, _APPLY_STATE */
	uint64_t look_at_ns, check_at_ns, state_at_ns, repair_at_ns; /* not earlier than */
	uint64_t audit_at_ns, stop_at_ns;
	uint64_t look_delay_ns, apply_delay_ns, repair_delay_ns; /* grow while it fails */
	bool started, stopping, stopped;
	unsigned stop_tries;
	bool repairing; /* the repair of rules and routes under way: worth a line */
	unsigned repairs;
	struct core_limit repair_limit;

	/* core_load.c */
	enum core_load_phase phase;
	bool load, loaded_once, load_repairs;
	bool state_beside; /* the tables were all right when it began: elements can be put right meanwhile */
	uint64_t load_at_ns, load_delay_ns, net_at_ns;
	unsigned net_tries;
	uint64_t switch_until_ns; /* SWITCHING: so long the rest waits for it at most */

	/* core_lines.c */
	struct arena *line_arena;
	struct core_line *lines;
	size_t n_lines, cap_lines;
};
