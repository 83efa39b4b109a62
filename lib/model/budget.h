/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The failover budget: how long, at worst, traffic may go to a link that died,
 * by the timers of the policy. A pure function of it.
 */
#pragma once

#include "model/policy.h"

/* Bounds of what is not in the policy: carrier is polled, a switch is measured (docs/policy.md). */
#define BUDGET_CARRIER_MS 30u
#define BUDGET_SWITCH_MS  10u

struct budget {
	uint32_t carrier_ms; /* loss of carrier, seen and switched */
	/*
	 * Silent failure behind the carrier, one family:
	 * (interval + (fall - 1) * interval_failing + timeout) and the switch;
	 * UINT32_MAX: nothing would see it (no probe)
	 */
	uint32_t silent_ms[INET_FAMILY_COUNT];
	/* the same while traffic flows that is not answered (suspect_after); UINT32_MAX: off */
	uint32_t suspect_ms[INET_FAMILY_COUNT];
	/* rise, hold_down, failback delay: until used again */
	uint32_t recover_ms[INET_FAMILY_COUNT];
};

void budget_of_link(const struct policy *p, const struct policy_link *l, struct budget *ret);
/* The worst of its members. */
void budget_of_group(const struct policy *p, const struct policy_group *g, struct budget *ret);
