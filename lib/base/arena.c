/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small requests are cut from shared blocks that double in size up to a limit,
 * so a small document costs little and a large one few calls. A request of
 * ARENA_LARGE bytes or more has a block of its own, which lets arena_grow() hand
 * it to realloc(): for the arrays of a million prefixes that moves page tables
 * instead of copying and leaves no dead copies behind.
 *
 * In a region of the caller's, blocks are cut from it one after the other and
 * nothing is used twice, so all of it is still zero.
 *
 * Under ASan the unused rest of every block is poisoned and requests are kept
 * apart, so running off the end of one is caught as with malloc().
 */
#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/memory.h"

#if defined(__SANITIZE_ADDRESS__)
#define ARENA_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ARENA_ASAN 1
#endif
#endif

#ifdef ARENA_ASAN
#include <sanitizer/asan_interface.h>
#define ARENA_REDZONE	     16
#define arena_poison(p, n)   ASAN_POISON_MEMORY_REGION(p, n)
#define arena_unpoison(p, n) ASAN_UNPOISON_MEMORY_REGION(p, n)
#else
#define ARENA_REDZONE	     0
#define arena_poison(p, n)   ((void)(p), (void)(n))
#define arena_unpoison(p, n) ((void)(p), (void)(n))
#endif

#define ARENA_ALIGN	  _Alignof(max_align_t)
#define ARENA_FIRST_BLOCK ((size_t)16 << 10)
#define ARENA_MAX_BLOCK	  ((size_t)1 << 20)
#define ARENA_LARGE	  ((size_t)64 << 10)

struct arena_block {
	struct arena_block *next;
	size_t size; /* of data */
	_Alignas(max_align_t) char data[];
};

struct arena {
	struct arena_block *small; /* the first one is being filled */
	struct arena_block *large; /* one request each */
	size_t fill; /* bytes taken from small->data */
	size_t next_size;
	size_t used;
	void *last; /* the latest small request: arena_grow() may extend it in place */

	/* arena_new_in(): blocks are cut from here, one after the other */
	char *region; /* NULL: blocks come from the heap */
	size_t region_size, region_fill;
	void (*drop)(void *p, size_t size);
};

struct arena *arena_new(void)
{
	struct arena *a = memory_alloc(sizeof(*a));

	a->next_size = ARENA_FIRST_BLOCK;
	return a;
}

struct arena *arena_new_in(void *base, size_t size, void (*drop)(void *p, size_t size))
{
	struct arena *a = arena_new();

	a->region = base;
	a->region_size = size;
	a->drop = drop;
	return a;
}

static void blocks_free(struct arena_block *b)
{
	while (b) {
		struct arena_block *next = b->next;

		arena_unpoison(b->data, b->size);
		free(b);
		b = next;
	}
}

struct arena *arena_free(struct arena *a)
{
	if (a && a->region) {
		arena_unpoison(a->region, a->region_fill);
	} else if (a) {
		blocks_free(a->small);
		blocks_free(a->large);
	}
	free(a);
	return NULL;
}

void arena_freep(struct arena **a)
{
	*a = arena_free(*a);
}

static size_t round_up(size_t n)
{
	return (memory_sum(n, ARENA_ALIGN - 1)) & ~(ARENA_ALIGN - 1);
}

static void *region_take(struct arena *a, size_t size)
{
	size_t need = round_up(size);
	char *p = a->region + a->region_fill;

	if (need > a->region_size - a->region_fill)
		memory_fail();
	a->region_fill += need;
	return p;
}

static struct arena_block *block_new(struct arena *a, struct arena_block **list, size_t size)
{
	size_t whole = memory_sum(sizeof(struct arena_block), size);
	struct arena_block *b = a->region ? region_take(a, whole) : memory_alloc(whole);

	b->size = size;
	b->next = *list;
	*list = b;
	return b;
}

static void *alloc_small(struct arena *a, size_t size)
{
	size_t need = round_up(size) + ARENA_REDZONE;

	if (!a->small || a->small->size - a->fill < need) {
		struct arena_block *b =
			block_new(a, &a->small, need > a->next_size ? need : a->next_size);

		arena_poison(b->data, b->size);
		a->fill = 0;
		if (a->next_size < ARENA_MAX_BLOCK)
			a->next_size *= 2;
	}
	a->last = a->small->data + a->fill;
	a->fill += need;
	arena_unpoison(a->last, size);
	return a->last;
}

void *arena_alloc(struct arena *a, size_t size)
{
	if (!size)
		size = 1; /* every request has an address of its own */
	a->used += size;
	if (size >= ARENA_LARGE)
		return block_new(a, &a->large, size)->data;
	return alloc_small(a, size);
}

void *arena_calloc(struct arena *a, size_t count, size_t size)
{
	return arena_alloc(a, memory_mul(count, size));
}

void *arena_memdup(struct arena *a, const void *p, size_t size)
{
	void *copy = arena_alloc(a, size);

	if (size)
		memcpy(copy, p, size);
	return copy;
}

char *arena_strndup(struct arena *a, const char *s, size_t n)
{
	char *copy;

	n = strnlen(s, n);
	copy = arena_alloc(a, memory_sum(n, 1));
	memcpy(copy, s, n);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_memdup(a, s, strlen(s) + 1);
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	char small[256];
	va_list ap;
	char *text;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(small, sizeof(small), fmt, ap);
	va_end(ap);
	if (n < 0)
		memory_fail(); /* only a bad format or more than INT_MAX bytes */
	if ((size_t)n < sizeof(small))
		return arena_memdup(a, small, (size_t)n + 1);
	text = arena_alloc(a, (size_t)n + 1);
	va_start(ap, fmt);
	vsnprintf(text, (size_t)n + 1, fmt, ap);
	va_end(ap);
	return text;
}

size_t arena_used(const struct arena *a)
{
	return a->used;
}

size_t arena_extent(const struct arena *a)
{
	return a->region_fill;
}

/* The latest small request may swallow what follows it in its block. */
static bool extend_last(struct arena *a, void *p, size_t old_size, size_t size)
{
	size_t start, need;

	if (p != a->last || size >= ARENA_LARGE)
		return false;
	start = (size_t)((char *)p - a->small->data);
	need = round_up(size) + ARENA_REDZONE;
	if (a->small->size - start < need)
		return false;
	a->fill = start + need;
	a->used += size - old_size;
	arena_unpoison(p, size);
	return true;
}

/* The last block of the region grows where it is; another moves, and its old place is given back. */
static struct arena_block *region_regrow(struct arena *a, struct arena_block *b, size_t size)
{
	size_t whole = round_up(memory_sum(sizeof(*b), b->size));
	size_t more = round_up(memory_sum(sizeof(*b), size)) - whole;
	struct arena_block *moved;

	if ((char *)b + whole == a->region + a->region_fill) {
		(void)region_take(a, more);
		return b;
	}
	moved = region_take(a, whole + more);
	memcpy(moved, b, sizeof(*b) + b->size);
	if (a->drop)
		a->drop(b, whole);
	return moved;
}

static void *regrow_large(struct arena *a, void *p, size_t old_size, size_t size)
{
	struct arena_block **at = &a->large;
	struct arena_block *b;

	while (*at && (*at)->data != (char *)p)
		at = &(*at)->next;
	if (!*at)
		return NULL;
	if (a->region) {
		b = region_regrow(a, *at, size);
	} else {
		b = memory_realloc(*at, memory_sum(sizeof(*b), size));
		memset(b->data + old_size, 0, size - old_size);
	}
	b->size = size;
	*at = b;
	a->used += size - old_size;
	return b->data;
}

void *arena_grow(struct arena *a, void *array, size_t *cap, size_t want, size_t size)
{
	size_t new_cap = *cap ? *cap : 8;
	size_t old_size = *cap * size;
	void *grown = NULL;

	if (want <= *cap)
		return array;
	/* large arrays grow by half only: their zeroed rest is real memory */
	while (new_cap < want)
		new_cap = memory_sum(new_cap, old_size < ARENA_LARGE ? new_cap : new_cap / 2 + 1);
	if (array && old_size >= ARENA_LARGE)
		grown = regrow_large(a, array, old_size, memory_mul(new_cap, size));
	else if (array && extend_last(a, array, old_size, memory_mul(new_cap, size)))
		grown = array;
	if (!grown) {
		grown = arena_calloc(a, new_cap, size);
		if (array)
			memcpy(grown, array, old_size);
	}
	*cap = new_cap;
	return grown;
}
