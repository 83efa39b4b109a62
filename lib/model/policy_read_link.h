/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects "links", "groups" and "probes" of a policy. Used by policy_read.c only. */
#pragma once

#include "model/policy_value.h"

/* Readers of the top-level keys; they append to r->policy. */
bool policy_read_link_links(struct policy_reader *r, const struct policy_path *path, json_t *value,
			    void *out);
bool policy_read_link_groups(struct policy_reader *r, const struct policy_path *path, json_t *value,
			     void *out);
bool policy_read_link_probes(struct policy_reader *r, const struct policy_path *path, json_t *value,
			     void *out);
/* Key "on_down" of a group or a rule: struct policy_on_down. */
bool policy_read_link_on_down(struct policy_reader *r, const struct policy_path *path,
			      json_t *value, struct policy_on_down *ret);
