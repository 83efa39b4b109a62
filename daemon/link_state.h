/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of one link in one family: one table of state x event. Pure.
 *
 * Facts (is there a device, does the probe pass, is it damped) are levels; an
 * event is a fact that changed. The table says where each event leads from each
 * state; a test holds it against the order of precedence of the facts, so that
 * no history of events can leave a link in a state its facts do not bear out.
 */
#pragma once

#include "model/link_view.h"

#include <stdbool.h>

enum link_state {
	LINK_STATE_UP,
	LINK_STATE_UNPROBED, /* the daemon has just begun and no probe has ended: used, as before */
	LINK_STATE_NO_DEVICE,
	LINK_STATE_ADMIN_DOWN,
	LINK_STATE_NO_CARRIER,
	LINK_STATE_NO_ADDRESS,
	LINK_STATE_NO_GATEWAY,
	LINK_STATE_DRAINED, /* by hand: no new flows, live ones finish */
	LINK_STATE_PROBE_FAILED,
	LINK_STATE_PROBING, /* it came back and has not passed `rise` rounds yet */
	LINK_STATE_DAMPED,
	LINK_STATE_HELD_DOWN,
	LINK_STATE_DEGRADED, /* answers come, but outside a limit */
};
#define LINK_STATE_COUNT (LINK_STATE_DEGRADED + 1)

/* What a link in that state is good for. */
enum link_use {
	LINK_USE_YES,
	LINK_USE_SPARE, /* only where no member of the same group is LINK_USE_YES: never worse */
	LINK_USE_NO,
};

/* What the link's probe says; the last two only of links that have one for the family. */
enum link_probe {
	LINK_PROBE_FINE, /* it passes, or there is none */
	LINK_PROBE_UNPROBED, /* nothing known, as after the daemon's start */
	LINK_PROBE_PROBING, /* nothing known since the link came back */
	LINK_PROBE_DEGRADED,
	LINK_PROBE_FAILED,
};

/* All that is known of one link in one family. The state is the first that applies, in this order: */
struct link_facts {
	enum link_reason physical;
	bool drained;
	enum link_probe probe; /* FAILED and PROBING come here, DEGRADED and UNPROBED last */
	bool damped;
	bool held;
};

/* One fact that changed. */
enum link_event {
	LINK_EVENT_READY, /* physically all is there */
	LINK_EVENT_GONE,
	LINK_EVENT_ADMIN_DOWN,
	LINK_EVENT_CARRIER_LOST,
	LINK_EVENT_ADDRESS_LOST,
	LINK_EVENT_GATEWAY_LOST,
	LINK_EVENT_DRAIN,
	LINK_EVENT_UNDRAIN,
	LINK_EVENT_FINE,
	LINK_EVENT_UNPROBED,
	LINK_EVENT_PROBING,
	LINK_EVENT_DEGRADED,
	LINK_EVENT_FAILED,
	LINK_EVENT_DAMP,
	LINK_EVENT_UNDAMP,
	LINK_EVENT_HOLD,
	LINK_EVENT_RELEASE,
};
#define LINK_EVENT_COUNT (LINK_EVENT_RELEASE + 1)

/* By precedence alone: where a link begins. */
enum link_state link_state_of(const struct link_facts *f);
/* By the table. `now`: the facts after the event. */
enum link_state link_state_next(enum link_state s, enum link_event e, const struct link_facts *now);
/* One event for each fact in which the two differ. Returns how many. */
size_t link_state_events(const struct link_facts *from, const struct link_facts *to,
			 enum link_event ret[LINK_EVENT_COUNT]);

const char *link_state_name(enum link_state s); /* "no-carrier": for programs */
const char *link_state_text(enum link_state s); /* "no carrier": for people */
enum link_use link_state_use(enum link_state s);
/* Device, carrier, address or gateway is missing. */
bool link_state_is_physical(enum link_state s);
/* Its live flows may stay: false where they lead nowhere or badly. */
bool link_state_keeps_flows(enum link_state s);
