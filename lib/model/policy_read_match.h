/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule looks at besides addresses. Used by policy_read_rule.c only; out is a struct policy_rule. */
#pragma once

#include "model/policy_value.h"

policy_value_reader policy_read_match_macs, policy_read_match_protocols, policy_read_match_sports,
	policy_read_match_dports, policy_read_match_dscp, policy_read_match_iifs,
	policy_read_match_families, policy_read_match_schedule, policy_read_match_cgroups;

/*
 * Reads what depends on other keys of the rule (icmp_types, users) and holds
 * protocols, ports and types against each other.
 */
void policy_read_match_check(struct policy_reader *r, const struct policy_path *path, json_t *value,
			     struct policy_rule *rule);
