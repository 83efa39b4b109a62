/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One link-state map, as it is and as it should be. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "netlink/nft_state_diff.h"

#include <string.h>

static struct arena *arena;
static struct plan_chain to_a = { .name = "to_a" }, to_b = { .name = "to_b" };
static struct plan_set egress = {
	.table = PLAN_TABLE_EGRESS, .name = "egress", .type = PLAN_TYPE_MARK_NFPROTO, .is_map = true
};
static struct nft_seen_set seen;
static struct nft_state_diff diff;

static int setup(void **state)
{
	arena = arena_new();
	seen = (struct nft_seen_set){ .table = PLAN_TABLE_EGRESS, .name = "egress" };
	return 0;
}

static int teardown(void **state)
{
	arena = arena_free(arena);
	return 0;
}

static struct plan_element element(uint32_t mark, uint32_t nfproto, const struct plan_chain *chain)
{
	return (struct plan_element){ .mark = mark, .nfproto = nfproto, .chain = chain };
}

static struct nft_element *has(uint32_t mark, uint32_t nfproto, const char *chain)
{
	struct plan_element key = element(mark, nfproto, NULL);
	struct nft_element *e =
		ARENA_PUSH(arena, seen.elements, seen.n_elements, seen.cap_elements);

	e->key_len = nft_element_key(&egress, &key, e->key);
	e->is_goto = true;
	e->chain = chain;
	return e;
}

static void build(const struct plan_element *wanted, size_t n)
{
	nft_state_diff_build(&egress, wanted, n, &seen, arena, &diff);
}

static void what_is_as_it_should_be_stays(void **state)
{
	const struct plan_element wanted[] = { element(0x539, 2, &to_a),
					       element(0x539, 10, &to_b) };

	has(0x539, 10, "to_b");
	has(0x539, 2, "to_a");
	build(wanted, 2);
	assert_int_equal(diff.n_add, 0);
	assert_int_equal(diff.n_drop, 0);
}

static void what_is_missing_is_put_in(void **state)
{
	const struct plan_element wanted[] = { element(0x539, 2, &to_a),
					       element(0x539, 10, &to_b) };

	has(0x539, 2, "to_a");
	build(wanted, 2);
	assert_int_equal(diff.n_drop, 0);
	assert_int_equal(diff.n_add, 1);
	assert_int_equal(diff.add[0].nfproto, 10);
	assert_ptr_equal(diff.add[0].chain, &to_b);
}

static void what_should_not_be_there_is_taken_out(void **state)
{
	const struct plan_element wanted[] = { element(0x539, 2, &to_a) };

	has(0x539, 2, "to_a");
	has(0x666, 2, "to_a");
	build(wanted, 1);
	assert_int_equal(diff.n_add, 0);
	assert_int_equal(diff.n_drop, 1);
	assert_memory_equal(diff.drop[0].key, seen.elements[1].key, NFT_KEY_MAX);
}

/* Another chain, no chain, a jump where a goto belongs. */
static void another_verdict_is_replaced(void **state)
{
	const struct plan_element wanted[] = {
		element(1, 2, &to_a),
		element(2, 2, &to_a),
		element(3, 2, &to_a),
		element(4, 2, &to_a),
	};

	has(1, 2, "to_a");
	has(2, 2, "to_b");
	has(3, 2, NULL);
	has(4, 2, "to_a")->is_goto = false;
	build(wanted, 4);
	assert_int_equal(diff.n_add, 3);
	assert_int_equal(diff.n_drop, 3);
	for (size_t i = 0; i < 3; i++)
		assert_int_not_equal(diff.add[i].mark, 1);
}

static void an_empty_map_is_filled_and_a_full_one_emptied(void **state)
{
	const struct plan_element wanted[] = { element(0x539, 2, &to_a) };

	build(wanted, 1);
	assert_int_equal(diff.n_add, 1);
	assert_int_equal(diff.n_drop, 0);
	build(NULL, 0);
	assert_int_equal(diff.n_add, 0);
	assert_int_equal(diff.n_drop, 0);
	has(0x539, 2, "to_a");
	build(NULL, 0);
	assert_int_equal(diff.n_add, 0);
	assert_int_equal(diff.n_drop, 1);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_is_as_it_should_be_stays, setup, teardown),
		cmocka_unit_test_setup_teardown(what_is_missing_is_put_in, setup, teardown),
		cmocka_unit_test_setup_teardown(what_should_not_be_there_is_taken_out, setup,
						teardown),
		cmocka_unit_test_setup_teardown(another_verdict_is_replaced, setup, teardown),
		cmocka_unit_test_setup_teardown(an_empty_map_is_filled_and_a_full_one_emptied,
						setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
