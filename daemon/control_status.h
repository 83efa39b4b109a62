/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's state as the JSON that the control socket answers with. */
#pragma once

#include <jansson.h>
#include <stdint.h>

struct core;

/* A new reference. */
json_t *control_status(const struct core *c, const char *policy_path, uint64_t now_ns);
