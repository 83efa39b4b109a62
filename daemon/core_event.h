/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All that goes into the daemon's core and all that comes out of it. The core
 * is a function of these: it does no I/O, reads no clock and logs nothing.
 *
 * Whatever an event or an action points to is borrowed: an event's data for the
 * call, an action's until the next core_step().
 */
#pragma once

#include "model/desired.h"
#include "model/netstate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum core_event_type {
	CORE_EVENT_START, /* once, first */
	CORE_EVENT_OBSERVED, /* answer to CORE_DO_OBSERVE: a complete dump */
	CORE_EVENT_OBSERVE_FAILED, /* answer to CORE_DO_OBSERVE */
	CORE_EVENT_APPLIED, /* answer to CORE_DO_APPLY_*: the kernel has it */
	CORE_EVENT_APPLY_FAILED, /* answer to CORE_DO_APPLY_*: what the kernel has is unknown */
	CORE_EVENT_APPLY_BUSY, /* answer to CORE_DO_APPLY_*: somebody else applies; nothing was done */
	CORE_EVENT_LOOK, /* addresses, routes, rules or devices changed: look again */
	CORE_EVENT_LINK, /* one device, as a link event reported it */
	CORE_EVENT_CARRIER, /* carrier of every link's device, as polled */
	CORE_EVENT_RULESET, /* somebody else changed our tables */
	CORE_EVENT_OVERRUN, /* events were lost */
	CORE_EVENT_TIMER, /* core_actions.wake_ns has come */
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
		/* APPLIED, after CORE_DO_APPLY_PLAN: what that call found right and made true */
		const struct desired *made;
		struct {
			struct netstate_link link;
			bool deleted;
		} link; /* LINK */
		struct {
			const enum core_carrier *links; /* indexed like plan->links */
			size_t n;
		} carrier; /* CARRIER */
	};
};

/* What the shell has to do next; its outcome comes back as an event. */
enum core_do {
	CORE_DO_NOTHING,
	CORE_DO_OBSERVE,
	CORE_DO_APPLY_PLAN, /* everything, compared with the kernel */
	CORE_DO_APPLY_DESIRED, /* a failover: from -> to */
	CORE_DO_APPLY_KERNEL, /* the daemonless state */
	CORE_DO_EXIT,
};

struct core_line {
	bool warning;
	const char *token; /* "link", "target", ... */
	const char *text;
};

struct core_actions {
	enum core_do act;
	const struct desired *from, *to; /* CORE_DO_APPLY_DESIRED */
	int exit_status; /* CORE_DO_EXIT: 0, or 1 when the kernel refused */
	uint64_t wake_ns; /* absolute, 0: never. Replaces the one before */
	const struct core_line *lines; /* to log, in order, before acting */
	size_t n_lines;
};
