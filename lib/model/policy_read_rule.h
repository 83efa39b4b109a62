/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The array "rules" of a policy, and the prefixes it shares with the top level. Used by policy_read.c only. */
#pragma once

#include "model/policy_value.h"

bool policy_read_rule_rules(struct policy_reader *r, const struct policy_path *path, json_t *value,
			    void *out);
/* An array of prefixes (not ranges): struct policy_range. */
bool policy_read_rule_prefixes(struct policy_reader *r, const struct policy_path *path,
			       json_t *value, struct policy_range **ret, size_t *ret_n);
