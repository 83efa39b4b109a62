/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The object "groups" of a policy. */
#pragma once

#include "model/policy_value.h"

/* Reader of the top-level key; fills r->policy. */
policy_value_reader policy_read_group_groups;
