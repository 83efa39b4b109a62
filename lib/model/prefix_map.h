/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * First match over overlapping ranges, flattened: the same answer for every
 * address, as sorted disjoint ranges. Neighbours with the same value are
 * merged, so the kernel gets the fewest elements and never an overlap.
 */
#pragma once

#include "base/inet.h"

#include <stddef.h>
#include <stdint.h>

struct arena;

struct prefix_map_item {
	struct inet_range range;
	uint32_t rank; /* lower wins; equal ranks must have equal values */
	uint32_t value; /* the caller's */
};

/*
 * Returns the flattened map: `items` itself, merged in place, when it was sorted
 * and disjoint (linear, no memory), else a new array in the arena (O(n log n)).
 */
struct prefix_map_item *prefix_map_flatten(struct prefix_map_item *items, size_t n,
					   enum inet_family family, struct arena *a, size_t *ret_n);

/* The item that holds addr in a flattened map, or NULL. */
const struct prefix_map_item *prefix_map_find(const struct prefix_map_item *map, size_t n,
					      const struct inet_addr *addr);
