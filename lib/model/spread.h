/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A balanced target's new flows over its members: which of the PLAN_SLOTS
 * random slots leads to whom. A pure function of weights and of who takes part:
 * the same members always have the same slots, and of the others' slots as few
 * as possible change hands when one leaves or comes back.
 */
#pragma once

#include "model/plan.h"

#include <stdbool.h>
#include <stddef.h>

/*
 * Slots in proportion to the weights (largest remainder), at least one for each
 * that takes part; at least one does. Owners are indexes into the candidates.
 */
void spread_build(const struct plan_target *t, const bool *takes_part,
		  size_t ret_owners[PLAN_SLOTS]);
