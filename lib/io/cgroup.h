/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ids of cgroups, as `socket cgroupv2` compares them. Non-logging. */
#pragma once

#include <stdint.h>

/* `path` below the cgroup2 root, no leading '/'. -ENOENT: no such group, or no cgroup2 here. */
int cgroup_id(const char *path, uint64_t *ret);
