/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The keys of a probe that only some types have. Used by policy_read_probe.c; out is a struct policy_probe. */
#pragma once

#include "model/policy_value.h"

policy_value_reader policy_read_probe_type_port, policy_read_probe_type_name,
	policy_read_probe_type_host, policy_read_probe_type_path, policy_read_probe_type_status,
	policy_read_probe_type_command, policy_read_probe_type_prefix4,
	policy_read_probe_type_prefix6, policy_read_probe_type_table,
	policy_read_probe_type_protocol;
