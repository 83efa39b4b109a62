/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/memory.h"

static bool is_zero(const void *p, size_t n)
{
	const char *bytes = p;

	for (size_t i = 0; i < n; i++)
		if (bytes[i])
			return false;
	return true;
}

/* Sizes around every limit of the allocator: alignment, first block, large. */
static const size_t sizes[] = {
	0,     1,     7,     8,	    9,	   15,	  16,	 17,	  255,	   4095,    16367,
	16368, 16384, 16385, 32768, 65535, 65536, 65537, 1 << 20, 1048577, 5 << 20,
};

static void memory_is_zeroed_and_aligned(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();

	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
			char *p = arena_alloc(a, sizes[i]);

			assert_non_null(p);
			assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
			assert_true(is_zero(p, sizes[i]));
			memset(p, 0xa5, sizes[i]);
		}
	}
}

static void requests_do_not_overlap(void **state)
{
	enum { COUNT = 5000 };
	_cleanup_(arena_freep) struct arena *a = arena_new();
	unsigned char *parts[COUNT];

	for (size_t i = 0; i < COUNT; i++) {
		parts[i] = arena_alloc(a, 1 + i % 97);
		memset(parts[i], (int)(i % 251), 1 + i % 97);
	}
	for (size_t i = 0; i < COUNT; i++)
		for (size_t j = 0; j < 1 + i % 97; j++)
			assert_int_equal(parts[i][j], i % 251);
}

static void empty_requests_have_addresses_of_their_own(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	void *first = arena_alloc(a, 0);

	assert_ptr_not_equal(first, arena_alloc(a, 0));
}

static void used_counts_bytes_handed_out(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();

	assert_int_equal(arena_used(a), 0);
	arena_alloc(a, 10);
	arena_calloc(a, 3, 100);
	arena_alloc(a, 1 << 20);
	assert_int_equal(arena_used(a), 310 + (1 << 20));
}

static void texts_are_copied(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	char text[] = "fiber";
	const char *whole = arena_strdup(a, text);
	const char *part = arena_strndup(a, text, 3);
	const char *longer = arena_strndup(a, text, 100);
	const char *empty = arena_strndup(a, text, 0);
	const char *bytes = arena_memdup(a, text, 2);

	memset(text, 'x', 5);
	assert_string_equal(whole, "fiber");
	assert_string_equal(part, "fib");
	assert_string_equal(longer, "fiber");
	assert_string_equal(empty, "");
	assert_memory_equal(bytes, "fi", 2);
}

static void printf_takes_any_length(void **state)
{
	static const int lengths[] = { 0, 1, 254, 255, 256, 257, 4096, 200000 };
	_cleanup_(arena_freep) struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		const char *text = arena_printf(a, "%*s", lengths[i], "");

		assert_int_equal(strlen(text), lengths[i]);
	}
	assert_string_equal(arena_printf(a, "%s-%d", "to", 7), "to-7");
}

static void pushed_items_are_kept_and_new_ones_zeroed(void **state)
{
	enum { COUNT = 300000 };
	struct item {
		uint32_t number;
		char rest[32];
	} *items = NULL;
	_cleanup_(arena_freep) struct arena *a = arena_new();
	size_t count = 0, cap = 0;

	for (uint32_t i = 0; i < COUNT; i++) {
		struct item *item = ARENA_PUSH(a, items, count, cap);

		assert_true(is_zero(item, sizeof(*item)));
		memset(item, 0xee, sizeof(*item));
		item->number = i;
		if (i % 1000 == 0)
			arena_alloc(a, 3); /* what follows may not be run over */
	}
	assert_int_equal(count, COUNT);
	assert_true(cap >= count);
	for (uint32_t i = 0; i < COUNT; i++)
		assert_int_equal(items[i].number, i);
}

static void two_growing_arrays_do_not_disturb_each_other(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	size_t count[2] = { 0 }, cap[2] = { 0 };
	uint64_t *arrays[2] = { NULL, NULL };

	for (uint64_t i = 0; i < 100000; i++)
		for (uint64_t k = 0; k < 2; k++)
			*ARENA_PUSH(a, arrays[k], count[k], cap[k]) = i * 2 + k;
	for (uint64_t i = 0; i < 100000; i++)
		for (uint64_t k = 0; k < 2; k++)
			assert_int_equal(arrays[k][i], i * 2 + k);
}

static void grow_leaves_room_enough_alone(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	size_t cap = 0;
	int *array = arena_grow(a, NULL, &cap, 100, sizeof(*array));
	size_t before = cap;

	assert_true(cap >= 100);
	assert_ptr_equal(arena_grow(a, array, &cap, 100, sizeof(*array)), array);
	assert_ptr_equal(arena_grow(a, array, &cap, 0, sizeof(*array)), array);
	assert_int_equal(cap, before);
}

static void large_arrays_leave_no_dead_copies(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	size_t count = 0, cap = 0;
	char(*array)[64] = NULL;

	for (int i = 0; i < 1000000; i++)
		(*ARENA_PUSH(a, array, count, cap))[0] = 1;
	assert_true(arena_used(a) <= cap * 64 + (128 << 10));
	assert_true(cap <= count + count / 2);
}

static void an_array_grown_in_place_is_not_handed_out_again(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	size_t cap = 8;
	char *array = arena_alloc(a, cap), *grown, *other;

	memset(array, 'a', cap);
	grown = arena_grow(a, array, &cap, 1000, 1);
	assert_ptr_equal(grown, array);
	assert_true(is_zero(grown + 8, cap - 8));
	other = arena_alloc(a, 2000);
	assert_true(other >= grown + cap || other + 2000 <= grown);
	memset(other, 'b', 2000);
	assert_true(is_zero(grown + 8, cap - 8));
	assert_memory_equal(grown, "aaaaaaaa", 8);
}

static void arrays_of_large_items_grow_from_one(void **state)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	char(*array)[100000] = arena_alloc(a, sizeof(*array));
	size_t cap = 1;

	array[0][99999] = 'x';
	for (size_t want = 2; want < 6; want++) {
		array = arena_grow(a, array, &cap, want, sizeof(*array));
		assert_true(cap >= want);
		assert_true(is_zero(array[want - 1], sizeof(*array)));
	}
	assert_int_equal(array[0][99999], 'x');
}

static void null_is_freed(void **state)
{
	struct arena *none = NULL;

	assert_null(arena_free(NULL));
	arena_freep(&none);
	none = arena_new();
	arena_freep(&none);
	assert_null(none);
}

static void overflow_calloc(void)
{
	arena_calloc(arena_new(), SIZE_MAX / 2, 3);
}

static void overflow_alloc(void)
{
	arena_alloc(arena_new(), SIZE_MAX - 4);
}

static void overflow_grow(void)
{
	size_t cap = 0;

	arena_grow(arena_new(), NULL, &cap, SIZE_MAX / 2, 64);
}

static void overflow_mul(void)
{
	if (memory_mul((size_t)1 << 33, (size_t)1 << 32) == 1)
		_exit(0);
}

static void overflow_sum(void)
{
	if (memory_sum(SIZE_MAX, 1) == 1)
		_exit(0);
}

static void impossible_requests_abort(void **state)
{
	static void (*const requests[])(void) = { overflow_calloc, overflow_alloc, overflow_grow,
						  overflow_mul, overflow_sum };

	for (size_t i = 0; i < ARRAY_SIZE(requests); i++) {
		int status;
		pid_t pid = fork();

		assert_true(pid >= 0);
		if (pid == 0) {
			static const struct rlimit no_core = { 0, 0 };

			setrlimit(RLIMIT_CORE, &no_core);
			signal(SIGABRT, SIG_DFL);
			requests[i]();
			_exit(0);
		}
		assert_int_equal(waitpid(pid, &status, 0), pid);
		assert_true(WIFSIGNALED(status));
		assert_int_equal(WTERMSIG(status), SIGABRT);
	}
}

/* ---- in a region ---- */

enum { REGION_SIZE = 64 << 20 };

static char *region_at;
static size_t region_dropped;

static void region_drop(void *p, size_t size)
{
	assert_true((char *)p >= region_at && (char *)p + size <= region_at + REGION_SIZE);
	region_dropped += size;
}

static char *region_new(void)
{
	region_at = mmap(NULL, REGION_SIZE, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	assert_ptr_not_equal(region_at, MAP_FAILED);
	region_dropped = 0;
	return region_at;
}

static bool region_has(const void *p, size_t size)
{
	return (const char *)p >= region_at && (const char *)p + size <= region_at + REGION_SIZE;
}

static void a_region_holds_every_request(void **state)
{
	struct arena *a = arena_new_in(region_new(), REGION_SIZE, NULL);

	for (size_t i = 0; i < ARRAY_SIZE(sizes); i++) {
		char *p = arena_alloc(a, sizes[i]);

		assert_true(region_has(p, sizes[i]));
		assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
		assert_true(is_zero(p, sizes[i]));
		memset(p, 0xa5, sizes[i]);
		assert_true(arena_extent(a) >= (size_t)(p + sizes[i] - region_at));
	}
	arena_free(a);
	munmap(region_at, REGION_SIZE);
}

/* Two that grow by turns cannot both be the last. */
static void arrays_in_a_region_keep_their_items_and_give_back_what_they_leave(void **state)
{
	enum { COUNT = 300000 };
	struct arena *a = arena_new_in(region_new(), REGION_SIZE, region_drop);
	size_t n[2] = { 0 }, cap[2] = { 0 };
	uint32_t *array[2] = { NULL, NULL };

	for (uint32_t i = 0; i < COUNT; i++)
		for (int k = 0; k < 2; k++) {
			uint32_t *item = ARENA_PUSH(a, array[k], n[k], cap[k]);

			assert_int_equal(*item, 0);
			*item = i * 2 + (uint32_t)k;
		}
	for (uint32_t i = 0; i < COUNT; i++)
		for (int k = 0; k < 2; k++)
			assert_int_equal(array[k][i], i * 2 + (uint32_t)k);
	assert_true(region_has(array[0], COUNT * 4) && region_has(array[1], COUNT * 4));
	assert_true(region_dropped > COUNT * 4);
	arena_free(a);
	munmap(region_at, REGION_SIZE);
}

static void an_array_alone_in_a_region_grows_where_it_is(void **state)
{
	struct arena *a = arena_new_in(region_new(), REGION_SIZE, region_drop);
	size_t n = 0, cap = 0;
	uint64_t *array = NULL;

	for (uint64_t i = 0; i < 2000000; i++)
		*ARENA_PUSH(a, array, n, cap) = i;
	for (uint64_t i = 0; i < n; i++)
		assert_int_equal(array[i], i);
	assert_int_equal(region_dropped, 0);
	assert_true(arena_extent(a) < 2 * n * sizeof(*array));
	arena_free(a);
	munmap(region_at, REGION_SIZE);
}

static void a_full_region_aborts(void **state)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct arena *a = arena_new_in(region_new(), REGION_SIZE, NULL);

		signal(SIGABRT, SIG_DFL);
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
		arena_alloc(a, REGION_SIZE / 2);
		arena_alloc(a, REGION_SIZE / 2);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_aligned),
		cmocka_unit_test(requests_do_not_overlap),
		cmocka_unit_test(empty_requests_have_addresses_of_their_own),
		cmocka_unit_test(used_counts_bytes_handed_out),
		cmocka_unit_test(texts_are_copied),
		cmocka_unit_test(printf_takes_any_length),
		cmocka_unit_test(pushed_items_are_kept_and_new_ones_zeroed),
		cmocka_unit_test(two_growing_arrays_do_not_disturb_each_other),
		cmocka_unit_test(grow_leaves_room_enough_alone),
		cmocka_unit_test(large_arrays_leave_no_dead_copies),
		cmocka_unit_test(an_array_grown_in_place_is_not_handed_out_again),
		cmocka_unit_test(arrays_of_large_items_grow_from_one),
		cmocka_unit_test(null_is_freed),
		cmocka_unit_test(impossible_requests_abort),
		cmocka_unit_test(a_region_holds_every_request),
		cmocka_unit_test(arrays_in_a_region_keep_their_items_and_give_back_what_they_leave),
		cmocka_unit_test(an_array_alone_in_a_region_grows_where_it_is),
		cmocka_unit_test(a_full_region_aborts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
