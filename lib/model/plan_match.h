/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One policy rule as nft statements: the cross product of its families,
 * destinations and time windows, each ending in `goto` the rule's chain.
 */
#pragma once

#include "base/inet.h"

#include <stdbool.h>
#include <stddef.h>

struct plan_build;
struct plan_chain;
struct plan_set;
struct plan_value;
struct policy_range;
struct policy_rule;

/* True when the rule looks at nothing but the destination (and the family). */
bool plan_match_destination_only(const struct policy_rule *r);

/* Prefixes of one family, flattened; sorted and disjoint. */
struct plan_value *plan_match_ranges(struct plan_build *b, const struct policy_range *ranges,
				     size_t n, enum inet_family f, size_t *ret_n);

/*
 * Appends the rule's statements to `c`. dns[f]: its set of learnt addresses or
 * NULL. static_destinations: whether the prefixes of `to` belong here (false
 * when the block map before has them).
 */
void plan_match_build(struct plan_build *b, struct plan_chain *c, const struct policy_rule *r,
		      const struct plan_set *const dns[INET_FAMILY_COUNT],
		      bool static_destinations);
