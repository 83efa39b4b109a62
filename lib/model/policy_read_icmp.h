/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key "icmp_types" of a rule. The same name is another number in ICMP and
 * ICMPv6, and the same number another type.
 */
#pragma once

#include "model/policy_value.h"

/* After the rule's protocols and families are read. path is the rule's, value the array. */
void policy_read_icmp_types(struct policy_reader *r, const struct policy_path *path, json_t *value,
			    struct policy_rule *rule);
