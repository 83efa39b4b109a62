/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects "links" and "groups" of a policy. Used by policy_read.c only. */
#pragma once

#include "model/policy_value.h"

/* Readers of the top-level keys; they append to r->policy. */
policy_value_reader policy_read_link_links, policy_read_link_groups;
/* Key "on_down" of a group or a rule: struct policy_on_down. */
bool policy_read_link_on_down(struct policy_reader *r, const struct policy_path *path,
			      json_t *value, struct policy_on_down *ret);
