/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sweep over the ranges' starts with a heap of those that are open, lowest
 * rank on top. Every piece between two starts or ends goes to the top.
 */
#include "model/prefix_map.h"

#include "base/arena.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Addresses as numbers: the sweep does arithmetic on its innermost path. */
typedef unsigned __int128 number;

struct span {
	number lo, hi;
	uint32_t rank, value;
};

struct heap {
	struct span *items;
	size_t n;
};

struct output {
	struct span *items;
	size_t n, cap;
	struct arena *arena;
};

static number number_of(const struct inet_addr *a, enum inet_family f)
{
	number v = 0;
	unsigned bytes = inet_bits(f) / 8;

	for (unsigned i = 0; i < bytes; i++)
		v = v << 8 | a->bytes[i];
	return v;
}

static struct inet_addr addr_of(number v, enum inet_family f)
{
	struct inet_addr a = { 0 };

	for (unsigned i = inet_bits(f) / 8; i-- > 0; v >>= 8)
		a.bytes[i] = (uint8_t)v;
	return a;
}

static int span_cmp(const void *pa, const void *pb)
{
	const struct span *a = pa, *b = pb;

	if (a->lo != b->lo)
		return a->lo < b->lo ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

static void heap_push(struct heap *h, struct span s)
{
	size_t i = h->n++;

	for (; i > 0 && s.rank < h->items[(i - 1) / 2].rank; i = (i - 1) / 2)
		h->items[i] = h->items[(i - 1) / 2];
	h->items[i] = s;
}

static void heap_pop(struct heap *h)
{
	struct span last = h->items[--h->n];
	size_t i = 0;

	for (;;) {
		size_t child = 2 * i + 1;

		if (child >= h->n)
			break;
		if (child + 1 < h->n && h->items[child + 1].rank < h->items[child].rank)
			child++;
		if (last.rank <= h->items[child].rank)
			break;
		h->items[i] = h->items[child];
		i = child;
	}
	h->items[i] = last;
}

static void output_add(struct output *o, number lo, number hi, uint32_t rank, uint32_t value)
{
	struct span *last = o->n ? &o->items[o->n - 1] : NULL;

	if (last && last->value == value && last->hi + 1 == lo) {
		last->hi = hi;
		return;
	}
	*ARENA_PUSH(o->arena, o->items, o->n, o->cap) =
		(struct span){ .lo = lo, .hi = hi, .rank = rank, .value = value };
}

static void sweep(const struct span *in, size_t n, number max, struct heap *h, struct output *o)
{
	number at = 0;
	size_t i = 0;

	while (i < n || h->n) {
		if (!h->n && in[i].lo > at)
			at = in[i].lo;
		for (; i < n && in[i].lo <= at; i++)
			heap_push(h, in[i]);
		while (h->n && h->items[0].hi < at)
			heap_pop(h);
		if (!h->n)
			continue;

		number end = h->items[0].hi;

		if (i < n && in[i].lo <= end)
			end = in[i].lo - 1;
		output_add(o, at, end, h->items[0].rank, h->items[0].value);
		if (end == max)
			break;
		at = end + 1;
	}
}

/* The usual list is sorted and disjoint already: merged where it stands, in one pass. */
static bool sorted_and_disjoint(const struct prefix_map_item *items, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (inet_addr_cmp(&items[i].range.lo, &items[i - 1].range.hi) <= 0)
			return false;
	return true;
}

static size_t merge_neighbours(struct prefix_map_item *items, size_t n, enum inet_family family)
{
	size_t used = 0;

	for (size_t i = 0; i < n; i++) {
		struct prefix_map_item *last = used ? &items[used - 1] : NULL;
		struct inet_addr next = { 0 };

		if (last && last->value == items[i].value) {
			next = last->range.hi;
			if (inet_addr_next(&next, family) &&
			    !inet_addr_cmp(&next, &items[i].range.lo)) {
				last->range.hi = items[i].range.hi;
				continue;
			}
		}
		items[used++] = items[i];
	}
	return used;
}

static bool sorted(const struct span *s, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (span_cmp(&s[i - 1], &s[i]) > 0)
			return false;
	return true;
}

static struct prefix_map_item *flatten_overlapping(const struct prefix_map_item *items, size_t n,
						   enum inet_family family, struct arena *a,
						   size_t *ret_n)
{
	struct arena *scratch = arena_new();
	struct span *in = arena_calloc(scratch, n, sizeof(*in));
	struct output out = { .arena = scratch };
	struct heap heap = { .items = arena_calloc(scratch, n, sizeof(*heap.items)) };
	struct prefix_map_item *map;

	for (size_t i = 0; i < n; i++)
		in[i] = (struct span){ .lo = number_of(&items[i].range.lo, family),
				       .hi = number_of(&items[i].range.hi, family),
				       .rank = items[i].rank,
				       .value = items[i].value };
	if (!sorted(in, n))
		qsort(in, n, sizeof(*in), span_cmp);
	sweep(in, n, number_of(&(struct inet_addr){ { [0 ... 15] = 0xff } }, family), &heap, &out);

	map = arena_calloc(a, out.n, sizeof(*map));
	for (size_t i = 0; i < out.n; i++)
		map[i] = (struct prefix_map_item){ .range = { addr_of(out.items[i].lo, family),
							      addr_of(out.items[i].hi, family) },
						   .rank = out.items[i].rank,
						   .value = out.items[i].value };
	*ret_n = out.n;
	arena_free(scratch);
	return map;
}

struct prefix_map_item *prefix_map_flatten(struct prefix_map_item *items, size_t n,
					   enum inet_family family, struct arena *a, size_t *ret_n)
{
	if (!sorted_and_disjoint(items, n))
		return flatten_overlapping(items, n, family, a, ret_n);
	*ret_n = merge_neighbours(items, n, family);
	return items;
}

const struct prefix_map_item *prefix_map_find(const struct prefix_map_item *map, size_t n,
					      const struct inet_addr *addr)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (inet_addr_cmp(&map[mid].range.hi, addr) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	if (lo < n && inet_addr_cmp(&map[lo].range.lo, addr) <= 0)
		return &map[lo];
	return NULL;
}
