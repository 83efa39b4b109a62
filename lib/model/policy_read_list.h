/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list files of the enabled rules, each read once. Used by policy_read.c only. */
#pragma once

#include "model/policy_value.h"

void policy_read_list_files(struct policy_reader *r);
