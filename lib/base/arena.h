/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bump allocator for documents that are built once and freed together: a
 * policy, a plan, a snapshot of the kernel. Running out of memory aborts (the
 * size of every input is bounded at the door), so nothing here can fail.
 */
#pragma once

#include <stddef.h>

struct arena;

struct arena *arena_new(void);
/*
 * All memory comes from `size` zeroed bytes at `base`, which stay the caller's;
 * running out of them is running out of memory. `drop` (may be NULL) is told of
 * ranges that nothing will use any more: what an array leaves behind when it moves.
 */
struct arena *arena_new_in(void *base, size_t size, void (*drop)(void *p, size_t size));
struct arena *arena_free(struct arena *a); /* NULL is fine; returns NULL */
void arena_freep(struct arena **a);

/* Zeroed, aligned for any type, valid until arena_free(). */
void *arena_alloc(struct arena *a, size_t size);
void *arena_calloc(struct arena *a, size_t count, size_t size); /* aborts on overflow */
void *arena_memdup(struct arena *a, const void *p, size_t size);
char *arena_strdup(struct arena *a, const char *s);
char *arena_strndup(struct arena *a, const char *s, size_t n);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
size_t arena_used(const struct arena *a); /* bytes handed out */
size_t arena_extent(const struct arena *a); /* of arena_new_in(): bytes taken from `base` on */

/*
 * Grows an arena array geometrically; returns the (possibly moved) array with
 * room for at least `want` items of `size` bytes, the new ones zeroed. *cap is
 * in items. The old address is not to be used again: a large array is moved, not
 * copied.
 */
void *arena_grow(struct arena *a, void *array, size_t *cap, size_t want, size_t size);

/* Appends one zeroed item to `array`/`count`/`cap` and evaluates to its address. */
#define ARENA_PUSH(a, array, count, cap)                                                           \
	((array) = arena_grow((a), (array), &(cap), (count) + 1, sizeof(*(array))),                \
	 &(array)[(count)++])
