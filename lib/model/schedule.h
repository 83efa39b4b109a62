/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy's schedule in the kernel's terms: `meta day` and `meta hour` compare
 * UTC (nft_meta_hour() and nft_meta_weekday() in net/netfilter/nft_meta.c), so
 * an offset, or a window past midnight, becomes several UTC windows.
 */
#pragma once

#include "model/policy.h"

#include <stddef.h>
#include <stdint.h>

#define SCHEDULE_DAY_S 86400u

struct schedule_window {
	uint8_t days; /* bit 0 Sunday .. bit 6 Saturday, UTC */
	uint32_t lo, hi; /* second of the UTC day, both included */
};

/* At most three windows begin or end in a day. */
#define SCHEDULE_WINDOWS_MAX 21

/* Disjoint windows that cover exactly the schedule; returns how many. */
size_t schedule_windows(const struct policy_schedule *s,
			struct schedule_window ret[SCHEDULE_WINDOWS_MAX]);
