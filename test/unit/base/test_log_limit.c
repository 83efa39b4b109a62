/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/log_limit.h"

static struct log_limit limit;

static int begin(void **state)
{
	limit = (struct log_limit){ 0 };
	return 0;
}

static int end(void **state)
{
	log_limit_done(&limit);
	return 0;
}

/* How many of n lines, one every `step_ms`, are printed. */
static unsigned printed(const char *text, unsigned n, uint64_t from_ms, uint64_t step_ms)
{
	unsigned passed = 0;

	for (unsigned i = 0; i < n; i++)
		passed += log_limit_passes(&limit, 1, "link", text, from_ms + i * step_ms);
	return passed;
}

static void expect_count(uint64_t now_ms, bool all, const char *text, unsigned times,
			 unsigned seconds)
{
	struct log_limit_count c;

	assert_true(log_limit_due(&limit, now_ms, all, &c));
	assert_string_equal(c.token, "link");
	assert_string_equal(c.text, text);
	assert_int_equal(c.level, 1);
	assert_int_equal(c.times, times);
	assert_int_equal(c.seconds, seconds);
	free(c.token);
	free(c.text);
}

static void expect_no_count(uint64_t now_ms)
{
	struct log_limit_count c;

	assert_false(log_limit_due(&limit, now_ms, false, &c));
}

static void a_few_of_the_same_are_printed(void **state)
{
	assert_int_equal(printed("down", LOG_LIMIT_BURST, 1000, 10), LOG_LIMIT_BURST);
	assert_false(log_limit_holds(&limit));
	expect_no_count(60000);
}

static void a_storm_is_counted_and_told_at_the_windows_end(void **state)
{
	assert_int_equal(printed("down", LOG_LIMIT_BURST + 37, 1000, 10), LOG_LIMIT_BURST);
	assert_true(log_limit_holds(&limit));
	expect_no_count(10999);
	expect_count(11000, false, "down", 37, 10);
	expect_no_count(11000);
	assert_false(log_limit_holds(&limit));
}

static void a_storm_that_goes_on_is_one_line_a_window(void **state)
{
	printed("down", 100, 0, 1);
	expect_count(10000, false, "down", 100 - LOG_LIMIT_BURST, 10);
	assert_int_equal(printed("down", 100, 10001, 1), 0);
	expect_count(20000, false, "down", 100, 10);
}

static void a_quiet_window_ends_the_storm(void **state)
{
	printed("down", 100, 0, 1);
	expect_count(10000, false, "down", 100 - LOG_LIMIT_BURST, 10);
	expect_no_count(20000);
	assert_int_equal(printed("down", 1, 20001, 1), 1);
}

static void other_lines_are_not_held_up(void **state)
{
	printed("down", 100, 0, 1);
	assert_int_equal(printed("up", 1, 100, 1), 1);
	assert_true(log_limit_passes(&limit, 1, "group", "down", 100));
	assert_true(log_limit_passes(&limit, 0, "link", "down", 100));
}

static void slow_repeats_are_no_storm(void **state)
{
	for (uint64_t t = 0; t < 600000; t += 5000) {
		expect_no_count(t);
		assert_int_equal(printed("down", 1, t, 0), 1);
	}
}

static void at_the_end_all_counts_are_told(void **state)
{
	printed("down", LOG_LIMIT_BURST + 2, 0, 1);
	expect_count(3000, true, "down", 2, 3);
	assert_false(log_limit_holds(&limit));
}

static void more_lines_than_places_are_all_printed_and_no_count_is_lost(void **state)
{
	char text[32];
	unsigned passed = 0;

	printed("down", LOG_LIMIT_BURST + 3, 0, 0);
	for (unsigned i = 0; i < 3 * LOG_LIMIT_LINES; i++) {
		snprintf(text, sizeof(text), "line %u", i);
		passed += printed(text, 1, 1 + i, 0);
	}
	assert_int_equal(passed, 3 * LOG_LIMIT_LINES);
	expect_count(10000, false, "down", 3, 10);
}

static void a_table_full_of_storms_lets_a_new_line_pass(void **state)
{
	char text[32];

	for (unsigned i = 0; i < LOG_LIMIT_LINES; i++) {
		snprintf(text, sizeof(text), "line %u", i);
		printed(text, LOG_LIMIT_BURST + 1, 0, 0);
	}
	assert_int_equal(printed("another", 100, 1, 0), 100);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	static const struct CMUnitTest tests[] = {
		T(a_few_of_the_same_are_printed),
		T(a_storm_is_counted_and_told_at_the_windows_end),
		T(a_storm_that_goes_on_is_one_line_a_window),
		T(a_quiet_window_ends_the_storm),
		T(other_lines_are_not_held_up),
		T(slow_repeats_are_no_storm),
		T(at_the_end_all_counts_are_told),
		T(more_lines_than_places_are_all_printed_and_no_count_is_lost),
		T(a_table_full_of_storms_lets_a_new_line_pass),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
