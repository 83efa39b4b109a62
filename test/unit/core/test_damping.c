/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/damping.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define S 1000000000ull

static const struct policy_damping usual = {
	.on = true, .half_life_ms = 10000, .suppress = 3000, .reuse = 1000, .maximum_ms = 60000
};

static bool is_near(double a, double b)
{
	return fabs(a - b) < 0.01 * b + 0.001;
}

#define assert_near(a, b) assert_true(is_near(a, b))

static void a_penalty_halves_every_half_life(void **state)
{
	struct damping d = { 0 };

	damping_loss(&d, &usual, 100 * S);
	assert_near(damping_penalty(&d, &usual, 100 * S), 1000);
	assert_near(damping_penalty(&d, &usual, 110 * S), 500);
	assert_near(damping_penalty(&d, &usual, 120 * S), 250);
	assert_near(damping_penalty(&d, &usual, 105 * S), 707.1);
}

static void losses_add_up(void **state)
{
	struct damping d = { 0 };

	damping_loss(&d, &usual, 0);
	damping_loss(&d, &usual, 10 * S);
	assert_near(damping_penalty(&d, &usual, 10 * S), 1500);
}

static void three_quick_losses_are_borne_and_the_fourth_is_not(void **state)
{
	struct damping d = { 0 };

	for (unsigned i = 0; i < 3; i++)
		damping_loss(&d, &usual, i * S / 10);
	assert_false(d.suppressed);
	damping_loss(&d, &usual, 3 * S / 10);
	assert_true(d.suppressed);
}

static void one_loss_a_half_life_never_damps(void **state)
{
	struct damping d = { 0 };

	for (unsigned i = 0; i < 1000; i++)
		damping_loss(&d, &usual, i * 10 * S);
	assert_false(d.suppressed);
	assert_true(damping_penalty(&d, &usual, 9990 * S) < 2001);
}

static void it_is_taken_back_when_the_penalty_has_decayed_to_reuse(void **state)
{
	struct damping d = { 0 };
	uint64_t reuse_ns;

	for (unsigned i = 0; i < 4; i++)
		damping_loss(&d, &usual, 0);
	/* 4000 -> 1000: two half-lives */
	reuse_ns = damping_reuse_ns(&d, &usual);
	assert_in_range(reuse_ns, 20 * S, 20 * S + 1000);
	assert_false(damping_update(&d, &usual, reuse_ns - 1));
	assert_true(d.suppressed);
	assert_true(damping_update(&d, &usual, reuse_ns));
	assert_false(d.suppressed);
	assert_int_equal(damping_reuse_ns(&d, &usual), 0);
}

/* RFC 2439 4.2: without a ceiling an hour of flapping would be paid for by another. */
static void no_number_of_losses_keeps_it_out_for_longer_than_the_maximum(void **state)
{
	struct damping d = { 0 };
	uint64_t now = 0;

	for (unsigned i = 0; i < 100000; i++)
		damping_loss(&d, &usual, now += S / 50);
	assert_near((double)(damping_reuse_ns(&d, &usual) - now), 60e9);
	assert_near(damping_penalty(&d, &usual, now), 64000);
}

static void a_loss_while_it_is_out_prolongs_it(void **state)
{
	struct damping d = { 0 };
	uint64_t before;

	for (unsigned i = 0; i < 5; i++)
		damping_loss(&d, &usual, 0);
	before = damping_reuse_ns(&d, &usual);
	damping_loss(&d, &usual, 5 * S);
	assert_true(d.suppressed);
	assert_true(damping_reuse_ns(&d, &usual) > before);
}

/* A loss just when it would have been taken back, and nobody looked between. */
static void a_late_look_misses_nothing(void **state)
{
	struct damping d = { 0 };

	for (unsigned i = 0; i < 4; i++)
		damping_loss(&d, &usual, 0);
	damping_loss(&d, &usual, 3600 * S);
	assert_false(d.suppressed);
	assert_near(damping_penalty(&d, &usual, 3600 * S), 1000);
}

static void switched_off_it_does_nothing(void **state)
{
	const struct policy_damping off = { .on = false };
	struct damping d = { 0 };

	for (unsigned i = 0; i < 100; i++)
		damping_loss(&d, &off, i);
	assert_false(d.suppressed);
	assert_true(damping_penalty(&d, &off, 100) == 0);
	assert_int_equal(damping_reuse_ns(&d, &off), 0);
}

static void switching_it_off_takes_a_damped_link_back(void **state)
{
	const struct policy_damping off = { .on = false };
	struct damping d = { 0 };

	for (unsigned i = 0; i < 4; i++)
		damping_loss(&d, &usual, 0);
	assert_true(damping_update(&d, &off, 1));
	assert_false(d.suppressed);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_penalty_halves_every_half_life),
		cmocka_unit_test(losses_add_up),
		cmocka_unit_test(three_quick_losses_are_borne_and_the_fourth_is_not),
		cmocka_unit_test(one_loss_a_half_life_never_damps),
		cmocka_unit_test(it_is_taken_back_when_the_penalty_has_decayed_to_reuse),
		cmocka_unit_test(no_number_of_losses_keeps_it_out_for_longer_than_the_maximum),
		cmocka_unit_test(a_loss_while_it_is_out_prolongs_it),
		cmocka_unit_test(a_late_look_misses_nothing),
		cmocka_unit_test(switched_off_it_does_nothing),
		cmocka_unit_test(switching_it_off_takes_a_damped_link_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
