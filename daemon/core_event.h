/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that goes into the daemon's core and all that comes out of it. The core
 * is a function of these: it does no I/O, reads no clock and logs nothing.
 *
 * Whatever an event or an action points to is borrowed: an event's data for the
 * call, an action's until the next core_step().
 */
#pragma once

#include "daemon/probe_track.h"
#include "model/desired.h"
#include "model/netstate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum core_event_type {
	CORE_EVENT_START, /* once, first */

	/* Answers: exactly one for each action that asks for one. */
	CORE_EVENT_OBSERVED, /* to CORE_DO_OBSERVE: a complete dump */
	CORE_EVENT_OBSERVE_FAILED,
	CORE_EVENT_CHECKED, /* to CORE_DO_CHECK: are our nft tables as the plan has them? */
	CORE_EVENT_CHECK_FAILED,
	CORE_EVENT_APPLIED, /* to CORE_DO_APPLY_*: the kernel has it */
	CORE_EVENT_APPLY_FAILED, /* to CORE_DO_APPLY_*: what the kernel has is unknown */
	CORE_EVENT_FLOWS_DELETED, /* to CORE_DO_DELETE_FLOWS, or tried in vain */

	/* How a CORE_DO_LOAD goes on: not answers, other actions come between. */
	CORE_EVENT_LOAD_PREPARED, /* all but the switch; the child waits for CORE_DO_LOAD_GO */
	CORE_EVENT_LOADED,
	CORE_EVENT_LOAD_BUSY, /* somebody else applies; nothing was done */
	CORE_EVENT_LOAD_FAILED,

	CORE_EVENT_LOOK, /* addresses, routes, rules or devices changed: look again */
	CORE_EVENT_LINK, /* one device, as a link event reported it */
	CORE_EVENT_CARRIER, /* carrier of every link's device, as polled */
	CORE_EVENT_PROBE, /* a round of a probe ended */
	CORE_EVENT_RULESET, /* somebody else changed our tables */
	CORE_EVENT_OVERRUN, /* events were lost */
	CORE_EVENT_TIMER, /* core_actions.wake_ns has come */

	/* By hand, from the control socket. */
	CORE_EVENT_DRAIN,
	CORE_EVENT_SWITCH,

	CORE_EVENT_STOP, /* SIGTERM */
};

enum core_carrier {
	CORE_CARRIER_UNKNOWN, /* no such device, or it cannot tell */
	CORE_CARRIER_NO,
	CORE_CARRIER_YES,
};

struct core_event {
	enum core_event_type type;
	union {
		const struct netstate *observed; /* OBSERVED */
		bool differs; /* CHECKED: something of the tables is not as it should be */
		const struct desired *made; /* APPLIED after APPLY_STATE: what is true now */
		struct {
			struct netstate_link link;
			bool deleted;
		} link; /* LINK */
		struct {
			const enum core_carrier *links; /* indexed like plan->links */
			size_t n;
		} carrier; /* CARRIER */
		struct {
			size_t link;
			enum inet_family family;
			enum probe_verdict verdict;
			struct probe_stats stats;
			const char *reason; /* probe_track_reason() */
		} probe; /* PROBE */
		struct {
			size_t link;
			bool on; /* false: undrain */
		} drain; /* DRAIN */
		struct {
			size_t group; /* index into plan->group_tables */
			int link; /* index into plan->links; -1: back to automatic */
		} choose; /* SWITCH */
	};
};

/* What the shell has to do next; its outcome comes back as an event. */
enum core_do {
	CORE_DO_NOTHING,
	CORE_DO_OBSERVE, /* dump links, addresses, default routes, rules */
	CORE_DO_CHECK, /* compare our nft tables with the plan, elements of state maps aside */
	CORE_DO_LOAD, /* begin to make the tables right, in the worker. Not answered at once */
	CORE_DO_APPLY_NET, /* add rules and routes of `to` that are missing; delete nothing */
	CORE_DO_LOAD_GO, /* the worker may switch. Not answered at once */
	CORE_DO_APPLY_STATE, /* elements of the state maps, rules, routes, sysctls: compare, make right */
	CORE_DO_APPLY_DESIRED, /* a failover: from -> to, without looking */
	CORE_DO_DELETE_FLOWS, /* conntrack entries with these marks, NATed ones */
	CORE_DO_APPLY_KERNEL, /* the daemonless state */
	CORE_DO_EXIT,
};

/* What a line is about, for hooks and watchers. */
enum core_line_kind {
	CORE_LINE_OTHER,
	CORE_LINE_LINK_UP,
	CORE_LINE_LINK_DOWN, /* also damped, held, drained, degraded: `reason` says */
	CORE_LINE_GROUP, /* a group's new flows leave by another link now */
	CORE_LINE_REPAIR, /* what is ours was put back */
};

struct core_line {
	bool warning;
	const char *token; /* "link", "group", ... */
	const char *text; /* for people; what follows is the same for programs */
	enum core_line_kind kind;
	const char *link, *device, *group; /* NULL where it does not apply */
	enum inet_family family;
	const char *from,
		*to; /* link: "up", "down", "damped"...; group: link names, "main", "block", "balance" */
	const char *reason;
	uint64_t
		detect_us; /* GROUP: from the first sign of the trouble to the decision; 0: not known */
};

struct core_actions {
	enum core_do act;
	const struct desired *from, *to; /* APPLY_DESIRED; `to` also APPLY_NET, APPLY_STATE */
	const struct netstate_flows *flows; /* DELETE_FLOWS */
	size_t n_flows;
	int exit_status; /* CORE_DO_EXIT: 0, or 1 when the kernel refused */
	uint64_t wake_ns; /* absolute, 0: never. Replaces the one before */
	const struct core_line *lines; /* to log, in order, before acting */
	size_t n_lines;
};
