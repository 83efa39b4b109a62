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

const char *link_state_name(enum link_state s); /* "no-carrier": for programs */
const char *link_state_text(enum link_state s); /* "no carrier": for people */
enum link_use link_state_use(enum link_state s);
/* Its live flows may stay: false where they lead nowhere or badly. */
bool link_state_keeps_flows(enum link_state s);
