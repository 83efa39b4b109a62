/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Key "damping" of a link. */
#pragma once

#include "model/policy_value.h"

/* That of a link that says nothing about it. */
struct policy_damping policy_read_damping_default(void);
bool policy_read_damping(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 struct policy_damping *ret);
