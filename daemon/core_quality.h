/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The best link of a quality group, with hysteresis.
 *
 * A link's cost is rtt, jitter and loss, each divided by the group's SLA for it
 * (100 ms, 100 ms and 10 % where none is given), added up. The present link is
 * left at once when it is outside the SLA and another is within; one that was
 * itself seen outside must have been within for better_for. Else it is left only
 * for one whose cost is lower by better_by_percent for better_for on end. A link
 * that has not been measured is neither outside nor better.
 */
#pragma once

#include "daemon/core_state.h"

/* Index of the member to use; all that are LINK_USE_YES compete. now: -1 none. */
struct core_quality_pick {
	int member; /* -1: the present one stays */
	bool at_once; /* it left its SLA, else it was better for long enough */
	int next; /* member that waits, -1 none */
	uint64_t next_ns;
};

/* `now_member`: index of the present link, which is LINK_USE_YES. */
void core_quality_compare(struct core *c, size_t group, enum inet_family f, size_t now_member,
			  uint64_t now_ns, struct core_quality_pick *ret);
/* Best of those that are LINK_USE_YES when there is no present link; -1: none. */
int core_quality_first(struct core *c, size_t group, enum inet_family f, uint64_t now_ns);
