/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The object "probes" of a policy, and probes written inside links. */
#pragma once

#include "model/policy_value.h"

/* Reader of the top-level key; appends to r->policy. */
policy_value_reader policy_read_probe_probes;
/* Reads one probe and appends it; name NULL: it stands inside a link. */
struct policy_probe *policy_read_probe_add(struct policy_reader *r, const struct policy_path *path,
					   json_t *value, const char *name);
