/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A compiled plan in memory that two processes share: address space reserved
 * before the fork, memory of a memfd behind it. The child fills it; its pointers
 * hold in the parent too, which maps it read-only and keeps resident only what it
 * looks at.
 */
#pragma once

#include <stddef.h>

struct arena;
struct plan;
struct plan_region;

/* Reserves. 0 or -errno. */
int plan_region_new(struct plan_region **ret);
struct plan_region *plan_region_free(struct plan_region *r);
int plan_region_fd(const struct plan_region *r);

/* In the child: the memory, to be written. */
int plan_region_open(struct plan_region *r, struct arena **ret);

/*
 * In the parent, once the child has ended its work: `size` bytes are in use and
 * `plan` lies in them. 0 or -errno; -EBADMSG: what the child says cannot be.
 */
int plan_region_map(struct plan_region *r, const struct plan *plan, size_t size);

const struct plan *plan_region_plan(const struct plan_region *r);
/* Gives back the pages that are not needed until the next look. */
void plan_region_relax(struct plan_region *r);
