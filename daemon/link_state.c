/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/link_state.h"

#include <stdint.h>

/*
 * A cell: where the event leads from the state. Empty: it stays. FALL: what the
 * state was for is over, and the facts that it hid decide.
 */
struct cell {
	enum { STAY, GO, FALL } move;
	enum link_state to; /* GO */
};

/* clang-format off */
#define ____ { STAY, LINK_STATE_UP }
#define fall { FALL, LINK_STATE_UP }
#define Unpr { GO, LINK_STATE_UNPROBED }
#define Gone { GO, LINK_STATE_NO_DEVICE }
#define Admn { GO, LINK_STATE_ADMIN_DOWN }
#define Carr { GO, LINK_STATE_NO_CARRIER }
#define Addr { GO, LINK_STATE_NO_ADDRESS }
#define Gate { GO, LINK_STATE_NO_GATEWAY }
#define Drai { GO, LINK_STATE_DRAINED }
#define Fail { GO, LINK_STATE_PROBE_FAILED }
#define Prob { GO, LINK_STATE_PROBING }
#define Damp { GO, LINK_STATE_DAMPED }
#define Held { GO, LINK_STATE_HELD_DOWN }
#define Degr { GO, LINK_STATE_DEGRADED }

#define ROW(ready, gone, admin, carrier, address, gateway, drain, undrain,		\
	    fine, unprobed, probing, degraded, failed, damp, undamp, hold, release)	\
	{										\
		[LINK_EVENT_READY] = ready, [LINK_EVENT_GONE] = gone,			\
		[LINK_EVENT_ADMIN_DOWN] = admin, [LINK_EVENT_CARRIER_LOST] = carrier,	\
		[LINK_EVENT_ADDRESS_LOST] = address, [LINK_EVENT_GATEWAY_LOST] = gateway, \
		[LINK_EVENT_DRAIN] = drain, [LINK_EVENT_UNDRAIN] = undrain,		\
		[LINK_EVENT_FINE] = fine, [LINK_EVENT_UNPROBED] = unprobed,		\
		[LINK_EVENT_PROBING] = probing, [LINK_EVENT_DEGRADED] = degraded,	\
		[LINK_EVENT_FAILED] = failed, [LINK_EVENT_DAMP] = damp,			\
		[LINK_EVENT_UNDAMP] = undamp, [LINK_EVENT_HOLD] = hold,			\
		[LINK_EVENT_RELEASE] = release						\
	}

static const struct cell table[LINK_STATE_COUNT][LINK_EVENT_COUNT] = {
	/*                             physical                            by hand     probe                         damping     hold_down
	 *                             ready gone  admin carr. addr. gatew drain undr. fine  unpr. prob. degr. fail. damp  undmp hold  release */
	[LINK_STATE_UP]           = ROW(____, Gone, Admn, Carr, Addr, Gate, Drai, ____, ____, Unpr, Prob, Degr, Fail, Damp, ____, Held, ____),
	[LINK_STATE_UNPROBED]     = ROW(____, Gone, Admn, Carr, Addr, Gate, Drai, ____, fall, ____, Prob, Degr, Fail, Damp, ____, Held, ____),
	[LINK_STATE_NO_DEVICE]    = ROW(fall, ____, Admn, Carr, Addr, Gate, ____, ____, ____, ____, ____, ____, ____, ____, ____, ____, ____),
	[LINK_STATE_ADMIN_DOWN]   = ROW(fall, Gone, ____, Carr, Addr, Gate, ____, ____, ____, ____, ____, ____, ____, ____, ____, ____, ____),
	[LINK_STATE_NO_CARRIER]   = ROW(fall, Gone, Admn, ____, Addr, Gate, ____, ____, ____, ____, ____, ____, ____, ____, ____, ____, ____),
	[LINK_STATE_NO_ADDRESS]   = ROW(fall, Gone, Admn, Carr, ____, Gate, ____, ____, ____, ____, ____, ____, ____, ____, ____, ____, ____),
	[LINK_STATE_NO_GATEWAY]   = ROW(fall, Gone, Admn, Carr, Addr, ____, ____, ____, ____, ____, ____, ____, ____, ____, ____, ____, ____),
	[LINK_STATE_DRAINED]      = ROW(____, Gone, Admn, Carr, Addr, Gate, ____, fall, ____, ____, ____, ____, ____, ____, ____, ____, ____),
	[LINK_STATE_PROBE_FAILED] = ROW(____, Gone, Admn, Carr, Addr, Gate, Drai, ____, fall, fall, Prob, fall, ____, ____, ____, ____, ____),
	[LINK_STATE_PROBING]      = ROW(____, Gone, Admn, Carr, Addr, Gate, Drai, ____, fall, fall, ____, fall, Fail, ____, ____, ____, ____),
	[LINK_STATE_DAMPED]       = ROW(____, Gone, Admn, Carr, Addr, Gate, Drai, ____, ____, ____, Prob, ____, Fail, ____, fall, ____, ____),
	[LINK_STATE_HELD_DOWN]    = ROW(____, Gone, Admn, Carr, Addr, Gate, Drai, ____, ____, ____, Prob, ____, Fail, Damp, ____, ____, fall),
	[LINK_STATE_DEGRADED]     = ROW(____, Gone, Admn, Carr, Addr, Gate, Drai, ____, fall, Unpr, Prob, ____, Fail, Damp, ____, Held, ____),
};
/* clang-format on */

static const struct {
	const char *name, *text;
	enum link_use use;
	bool physical, keeps_flows;
} states[LINK_STATE_COUNT] = {
	[LINK_STATE_UP] = { "up", "up", LINK_USE_YES, false, true },
	[LINK_STATE_UNPROBED] = { "unprobed", "not probed yet", LINK_USE_YES, false, true },
	[LINK_STATE_NO_DEVICE] = { "no-device", "no such device", LINK_USE_NO, true, false },
	[LINK_STATE_ADMIN_DOWN] = { "admin-down", "administratively down", LINK_USE_NO, true,
				    false },
	[LINK_STATE_NO_CARRIER] = { "no-carrier", "no carrier", LINK_USE_NO, true, false },
	[LINK_STATE_NO_ADDRESS] = { "no-address", "no address", LINK_USE_NO, true, false },
	[LINK_STATE_NO_GATEWAY] = { "no-gateway", "no gateway", LINK_USE_NO, true, false },
	[LINK_STATE_DRAINED] = { "drained", "drained by hand", LINK_USE_NO, false, true },
	[LINK_STATE_PROBE_FAILED] = { "probe-failed", "probe failed", LINK_USE_NO, false, false },
	[LINK_STATE_PROBING] = { "probing", "to be proved by its probe", LINK_USE_SPARE, false,
				 true },
	[LINK_STATE_DAMPED] = { "damped", "flapping", LINK_USE_SPARE, false, true },
	[LINK_STATE_HELD_DOWN] = { "held-down", "held down", LINK_USE_SPARE, false, true },
	[LINK_STATE_DEGRADED] = { "degraded", "outside its limits", LINK_USE_SPARE, false, false },
};

static enum link_state of_physical(enum link_reason r)
{
	static const enum link_state of[LINK_REASON_COUNT] = {
		[LINK_OK] = LINK_STATE_UP,
		[LINK_NO_DEVICE] = LINK_STATE_NO_DEVICE,
		[LINK_ADMIN_DOWN] = LINK_STATE_ADMIN_DOWN,
		[LINK_NO_CARRIER] = LINK_STATE_NO_CARRIER,
		[LINK_NO_ADDRESS] = LINK_STATE_NO_ADDRESS,
		[LINK_NO_GATEWAY] = LINK_STATE_NO_GATEWAY,
	};

	return of[r];
}

enum link_state link_state_of(const struct link_facts *f)
{
	if (f->physical != LINK_OK)
		return of_physical(f->physical);
	if (f->drained)
		return LINK_STATE_DRAINED;
	if (f->probe == LINK_PROBE_FAILED)
		return LINK_STATE_PROBE_FAILED;
	if (f->probe == LINK_PROBE_PROBING)
		return LINK_STATE_PROBING;
	if (f->damped)
		return LINK_STATE_DAMPED;
	if (f->held)
		return LINK_STATE_HELD_DOWN;
	if (f->probe == LINK_PROBE_DEGRADED)
		return LINK_STATE_DEGRADED;
	return f->probe == LINK_PROBE_UNPROBED ? LINK_STATE_UNPROBED : LINK_STATE_UP;
}

enum link_state link_state_next(enum link_state s, enum link_event e, const struct link_facts *now)
{
	const struct cell *c = &table[s][e];

	switch (c->move) {
	case STAY:
		return s;
	case GO:
		return c->to;
	case FALL:
		return link_state_of(now);
	}
	return s;
}

size_t link_state_events(const struct link_facts *from, const struct link_facts *to,
			 enum link_event ret[LINK_EVENT_COUNT])
{
	static const enum link_event of_reason[LINK_REASON_COUNT] = {
		[LINK_OK] = LINK_EVENT_READY,
		[LINK_NO_DEVICE] = LINK_EVENT_GONE,
		[LINK_ADMIN_DOWN] = LINK_EVENT_ADMIN_DOWN,
		[LINK_NO_CARRIER] = LINK_EVENT_CARRIER_LOST,
		[LINK_NO_ADDRESS] = LINK_EVENT_ADDRESS_LOST,
		[LINK_NO_GATEWAY] = LINK_EVENT_GATEWAY_LOST,
	};
	static const enum link_event of_probe[] = {
		[LINK_PROBE_FINE] = LINK_EVENT_FINE,
		[LINK_PROBE_UNPROBED] = LINK_EVENT_UNPROBED,
		[LINK_PROBE_PROBING] = LINK_EVENT_PROBING,
		[LINK_PROBE_DEGRADED] = LINK_EVENT_DEGRADED,
		[LINK_PROBE_FAILED] = LINK_EVENT_FAILED,
	};
	size_t n = 0;

	if (from->physical != to->physical)
		ret[n++] = of_reason[to->physical];
	if (from->drained != to->drained)
		ret[n++] = to->drained ? LINK_EVENT_DRAIN : LINK_EVENT_UNDRAIN;
	if (from->probe != to->probe)
		ret[n++] = of_probe[to->probe];
	if (from->damped != to->damped)
		ret[n++] = to->damped ? LINK_EVENT_DAMP : LINK_EVENT_UNDAMP;
	if (from->held != to->held)
		ret[n++] = to->held ? LINK_EVENT_HOLD : LINK_EVENT_RELEASE;
	return n;
}

const char *link_state_name(enum link_state s)
{
	return states[s].name;
}

const char *link_state_text(enum link_state s)
{
	return states[s].text;
}

enum link_use link_state_use(enum link_state s)
{
	return states[s].use;
}

bool link_state_is_physical(enum link_state s)
{
	return states[s].physical;
}

bool link_state_keeps_flows(enum link_state s)
{
	return states[s].keeps_flows;
}
