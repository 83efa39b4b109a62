/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The object "links" of a policy, and what its values share with groups and rules. */
#pragma once

#include "model/policy_value.h"

/* Reader of the top-level key; it fills r->policy. */
policy_value_reader policy_read_link_links;
/* Number of a routing table that is not the kernel's own. */
bool policy_read_link_table_number(struct policy_reader *r, const struct policy_path *path,
				   json_t *value, uint32_t *ret);
/* Key "on_down" of a group or a rule: struct policy_on_down. */
bool policy_read_link_on_down(struct policy_reader *r, const struct policy_path *path,
			      json_t *value, struct policy_on_down *ret);
