/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "model/prefix_map.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	const char *range;
	uint32_t value; /* rank too */
};

static size_t fill(const struct entry *e, size_t n, struct prefix_map_item *items,
		   enum inet_family *ret_family)
{
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(inet_parse_range(e[i].range, strlen(e[i].range), ret_family,
						  &items[i].range),
				 0);
		items[i].rank = items[i].value = e[i].value;
	}
	return n;
}

static void check(const struct entry *in, size_t n_in, const struct entry *out, size_t n_out)
{
	struct arena *a = arena_new();
	struct prefix_map_item *items = arena_calloc(a, n_in + 1, sizeof(*items));
	enum inet_family f = INET4;
	size_t n_items = fill(in, n_in, items, &f), n;
	struct prefix_map_item *map = prefix_map_flatten(items, n_items, f, a, &n);

	assert_int_equal(n, n_out);
	for (size_t i = 0; i < n; i++) {
		char text[INET_RANGE_MAX];

		assert_string_equal(inet_print_range(&map[i].range, f, text), out[i].range);
		assert_int_equal(map[i].value, out[i].value);
	}
	arena_free(a);
}

#define CHECK(in, out) check(in, sizeof(in) / sizeof((in)[0]), out, sizeof(out) / sizeof((out)[0]))

static void an_earlier_rule_wins_inside_a_later_one(void **state)
{
	static const struct entry in[] = { { "10.0.0.0/8", 2 }, { "10.1.0.0/16", 1 } };
	static const struct entry out[] = { { "10.0.0.0/16", 2 },
					    { "10.1.0.0/16", 1 },
					    { "10.2.0.0-10.255.255.255", 2 } };

	CHECK(in, out);
}

static void a_later_rule_inside_an_earlier_one_vanishes(void **state)
{
	static const struct entry in[] = { { "10.0.0.0/8", 1 }, { "10.1.0.0/16", 2 } };
	static const struct entry out[] = { { "10.0.0.0/8", 1 } };

	CHECK(in, out);
}

static void neighbours_with_one_value_are_merged(void **state)
{
	static const struct entry in[] = { { "10.0.0.0/9", 1 }, { "10.128.0.0/9", 1 } };
	static const struct entry out[] = { { "10.0.0.0/8", 1 } };

	CHECK(in, out);
}

static void neighbours_with_two_values_stay_apart(void **state)
{
	static const struct entry in[] = { { "10.128.0.0/9", 2 }, { "10.0.0.0/9", 1 } };
	static const struct entry out[] = { { "10.0.0.0/9", 1 }, { "10.128.0.0/9", 2 } };

	CHECK(in, out);
}

static void the_ends_of_the_space_are_reached(void **state)
{
	static const struct entry in[] = { { "0.0.0.0/0", 2 },
					   { "0.0.0.0", 1 },
					   { "255.255.255.255", 1 } };
	static const struct entry out[] = { { "0.0.0.0", 1 },
					    { "0.0.0.1-255.255.255.254", 2 },
					    { "255.255.255.255", 1 } };

	CHECK(in, out);
}

static void ipv6_works_to_its_ends(void **state)
{
	static const struct entry in[] = { { "::/0", 3 },
					   { "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1 },
					   { "2001:db8::/32", 2 } };
	static const struct entry out[] = {
		{ "::-2001:db7:ffff:ffff:ffff:ffff:ffff:ffff", 3 },
		{ "2001:db8::/32", 2 },
		{ "2001:db9::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe", 3 },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 1 },
	};

	CHECK(in, out);
}

static void nothing_gives_nothing(void **state)
{
	struct arena *a = arena_new();
	struct prefix_map_item none[1];
	size_t n = 7;

	prefix_map_flatten(none, 0, INET4, a, &n);
	assert_int_equal(n, 0);
	arena_free(a);
}

/* The oracle: the lowest rank among all that hold the address. */
static int64_t first_match(const struct prefix_map_item *items, size_t n,
			   const struct inet_addr *addr)
{
	int64_t best = -1;

	for (size_t i = 0; i < n; i++)
		if (inet_addr_cmp(&items[i].range.lo, addr) <= 0 &&
		    inet_addr_cmp(addr, &items[i].range.hi) <= 0 &&
		    (best < 0 || items[i].rank < best))
			best = items[i].rank;
	return best;
}

static struct inet_addr small_addr(unsigned v)
{
	return (struct inet_addr){ { 10, 0, (uint8_t)(v >> 8), (uint8_t)v } };
}

static void every_address_gets_its_first_match(void **state)
{
	srand(20261122);
	for (int round = 0; round < 300; round++) {
		struct arena *a = arena_new();
		size_t n_items = (size_t)(rand() % 40), n;
		struct prefix_map_item items[40], copy[40];

		for (size_t i = 0; i < n_items; i++) {
			unsigned lo = (unsigned)rand() % 1024,
				 hi = lo + (unsigned)rand() % (round % 2 ? 8 : 400);

			items[i].range = (struct inet_range){ small_addr(lo), small_addr(hi) };
			items[i].rank = items[i].value = (uint32_t)rand() % 12;
		}
		memcpy(copy, items, sizeof(items));

		struct prefix_map_item *map = prefix_map_flatten(items, n_items, INET4, a, &n);

		for (unsigned v = 0; v < 1500; v++) {
			struct inet_addr addr = small_addr(v);
			const struct prefix_map_item *got = prefix_map_find(map, n, &addr);

			assert_int_equal(got ? (int64_t)got->value : -1,
					 first_match(copy, n_items, &addr));
		}
		for (size_t i = 1; i < n; i++)
			assert_true(inet_addr_cmp(&map[i - 1].range.hi, &map[i].range.lo) < 0);
		arena_free(a);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_earlier_rule_wins_inside_a_later_one),
		cmocka_unit_test(a_later_rule_inside_an_earlier_one_vanishes),
		cmocka_unit_test(neighbours_with_one_value_are_merged),
		cmocka_unit_test(neighbours_with_two_values_stay_apart),
		cmocka_unit_test(the_ends_of_the_space_are_reached),
		cmocka_unit_test(ipv6_works_to_its_ends),
		cmocka_unit_test(nothing_gives_nothing),
		cmocka_unit_test(every_address_gets_its_first_match),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
