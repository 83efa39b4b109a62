/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What belongs together in a probe: keys and types, timers, limits; and its defaults. */
#pragma once

#include "model/policy_value.h"

/* A probe of which nothing is written yet. */
void policy_read_probe_check_init(struct policy_probe *p);
/* After all keys of `value` were read, the type among them: faults, and the defaults that fit. */
void policy_read_probe_check(struct policy_reader *r, const struct policy_path *path, json_t *value,
			     struct policy_probe *p);
