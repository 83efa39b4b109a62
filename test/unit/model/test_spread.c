/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slots of a balanced target: proportions, and who keeps what when members come and go. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "model/policy.h"
#include "model/spread.h"

static struct plan_candidate candidates[POLICY_LINKS_MAX];
static struct plan_target target = { .candidates = candidates };

static void weights(size_t n, const unsigned *w)
{
	target.n_candidates = n;
	for (size_t i = 0; i < n; i++)
		candidates[i] = (struct plan_candidate){ .link = i, .weight = w[i] };
}
#define WEIGHTS(...)                                                                               \
	weights(sizeof((unsigned[]){ __VA_ARGS__ }) / sizeof(unsigned),                            \
		(const unsigned[]){ __VA_ARGS__ })

/* Members as bits, the first one lowest. */
static void build(uint64_t members, size_t ret_owners[PLAN_SLOTS])
{
	bool takes_part[POLICY_LINKS_MAX];

	for (size_t i = 0; i < target.n_candidates; i++)
		takes_part[i] = members >> i & 1;
	spread_build(&target, takes_part, ret_owners);
	for (size_t s = 0; s < PLAN_SLOTS; s++)
		assert_true(takes_part[ret_owners[s]]);
}

static unsigned slots_of(const size_t *owners, size_t member)
{
	unsigned n = 0;

	for (size_t s = 0; s < PLAN_SLOTS; s++)
		n += owners[s] == member;
	return n;
}

static unsigned moved(const size_t *a, const size_t *b)
{
	unsigned n = 0;

	for (size_t s = 0; s < PLAN_SLOTS; s++)
		n += a[s] != b[s];
	return n;
}

static void slots_are_in_proportion_to_weights(void **state)
{
	static const struct {
		unsigned weights[4];
		uint64_t members;
		unsigned slots[4];
	} cases[] = {
		{ { 1, 1, 0 }, 3, { 50, 50 } },
		{ { 7, 3, 0 }, 3, { 70, 30 } },
		{ { 1, 1, 1 }, 7, { 34, 33, 33 } },
		{ { 1, 2, 3 }, 7, { 17, 33, 50 } },
		{ { 1, 2, 3 }, 6, { 0, 40, 60 } },
		{ { 1, 2, 3 }, 4, { 0, 0, 100 } },
		{ { 256, 1, 0 }, 3, { 99, 1 } },
		{ { 256, 256, 1 }, 7, { 50, 49, 1 } },
		{ { 256, 1, 1, 1 }, 15, { 97, 1, 1, 1 } },
	};
	size_t owners[PLAN_SLOTS];

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = cases[i].weights[3] ? 4 : cases[i].weights[2] ? 3 : 2;

		weights(n, cases[i].weights);
		build(cases[i].members, owners);
		for (size_t k = 0; k < n; k++)
			assert_int_equal(slots_of(owners, k), cases[i].slots[k]);
	}
}

static void each_of_the_most_links_has_a_slot(void **state)
{
	size_t owners[PLAN_SLOTS];
	unsigned w[POLICY_LINKS_MAX];

	for (size_t i = 0; i < POLICY_LINKS_MAX; i++)
		w[i] = i == 0 ? 256 : 1;
	weights(POLICY_LINKS_MAX, w);
	build(UINT64_MAX, owners);
	for (size_t i = 0; i < POLICY_LINKS_MAX; i++)
		assert_true(slots_of(owners, i) >= 1);
	assert_int_equal(slots_of(owners, 0), PLAN_SLOTS - POLICY_LINKS_MAX + 1);
}

static void what_a_dead_member_leaves_is_all_that_moves(void **state)
{
	size_t all[PLAN_SLOTS], without[PLAN_SLOTS];

	WEIGHTS(1, 1, 1, 1);
	build(15, all);
	for (size_t dead = 0; dead < 4; dead++) {
		build(15 & ~(1ull << dead), without);
		assert_int_equal(moved(all, without), slots_of(all, dead));
	}
}

static void others_keep_their_slots_with_any_weights(void **state)
{
	size_t all[PLAN_SLOTS], without[PLAN_SLOTS];

	srand(7);
	for (int round = 0; round < 2000; round++) {
		size_t n = 2 + (size_t)rand() % 8, dead = (size_t)rand() % n;
		unsigned w[10];

		for (size_t i = 0; i < n; i++)
			w[i] = 1 + (unsigned)rand() % 256;
		weights(n, w);
		build((1ull << n) - 1, all);
		build(((1ull << n) - 1) & ~(1ull << dead), without);
		/* rounding may take one slot from a few of the others */
		assert_true(moved(all, without) <= slots_of(all, dead) + n);
	}
}

static void the_same_members_have_the_same_slots(void **state)
{
	size_t a[PLAN_SLOTS], b[PLAN_SLOTS], other[PLAN_SLOTS];

	WEIGHTS(5, 2, 2, 1);
	build(11, a);
	build(15, other);
	build(4, other);
	build(11, b);
	assert_memory_equal(a, b, sizeof(a));
}

static void links_of_other_tiers_have_none(void **state)
{
	size_t owners[PLAN_SLOTS];

	WEIGHTS(1, 1, 1, 1);
	candidates[0].tier = candidates[1].tier = 0;
	candidates[2].tier = candidates[3].tier = 1;
	build(3, owners);
	assert_int_equal(slots_of(owners, 0), 50);
	build(12, owners);
	assert_int_equal(slots_of(owners, 2), 50);
	assert_int_equal(slots_of(owners, 3), 50);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slots_are_in_proportion_to_weights),
		cmocka_unit_test(each_of_the_most_links_has_a_slot),
		cmocka_unit_test(what_a_dead_member_leaves_is_all_that_moves),
		cmocka_unit_test(others_keep_their_slots_with_any_weights),
		cmocka_unit_test(the_same_members_have_the_same_slots),
		cmocka_unit_test(links_of_other_tiers_have_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
