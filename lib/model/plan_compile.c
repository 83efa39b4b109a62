/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Policy -> plan, in passes that each fill their part:
 *
 *   plan_target    links, targets, marks
 *   plan_ip        ip rules
 *   plan_egress    table omr_egress
 *   plan_classify  table omr_bypass (with plan_match, prefix_map, plan_dns)
 *   plan_shadow    warnings
 */
#include "base/arena.h"
#include "base/diag.h"
#include "model/plan.h"
#include "model/plan_build.h"
#include "model/plan_classify.h"
#include "model/plan_egress.h"
#include "model/plan_ip.h"
#include "model/plan_shadow.h"
#include "model/plan_target.h"

int plan_compile(const struct policy *policy, struct arena *a, struct plan **ret_plan,
		 struct diag_list *faults)
{
	struct plan_build b = { .policy = policy, .arena = a, .faults = faults };

	b.plan = arena_alloc(a, sizeof(*b.plan));
	b.plan->policy = policy;
	b.plan->mark_mask = policy->mark_mask;
	plan_target_build(&b);
	if (b.invalid)
		return PLAN_COMPILE_INVALID;
	plan_ip_build(&b);
	plan_egress_build(&b);
	plan_classify_build(&b);
	plan_shadow_warn(&b);
	if (b.invalid)
		return PLAN_COMPILE_INVALID;
	*ret_plan = b.plan;
	return 0;
}
