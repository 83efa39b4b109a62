/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "model/schedule.h"

#include <stdbool.h>
#include <stdlib.h>

#define H   3600u
#define ALL 0x7f
#define MON 0x02

static void office_hours_are_one_window(void **state)
{
	struct policy_schedule s = { .days = 0x3e, .from_s = 8 * H, .to_s = 17 * H };
	struct schedule_window w[SCHEDULE_WINDOWS_MAX];

	assert_int_equal(schedule_windows(&s, w), 1);
	assert_int_equal(w[0].days, 0x3e);
	assert_int_equal(w[0].lo, 8 * H);
	assert_int_equal(w[0].hi, 17 * H - 1);
}

static void the_whole_week_is_one_window(void **state)
{
	struct policy_schedule s = { .days = ALL, .from_s = 0, .to_s = 24 * H };
	struct schedule_window w[SCHEDULE_WINDOWS_MAX];

	assert_int_equal(schedule_windows(&s, w), 1);
	assert_int_equal(w[0].days, ALL);
	assert_int_equal(w[0].lo, 0);
	assert_int_equal(w[0].hi, SCHEDULE_DAY_S - 1);
}

static void a_night_ends_on_the_next_day(void **state)
{
	struct policy_schedule s = { .days = MON, .from_s = 22 * H, .to_s = 2 * H };
	struct schedule_window w[SCHEDULE_WINDOWS_MAX];

	assert_int_equal(schedule_windows(&s, w), 2);
	assert_int_equal(w[0].days, MON);
	assert_int_equal(w[0].lo, 22 * H);
	assert_int_equal(w[1].days, MON << 1);
	assert_int_equal(w[1].hi, 2 * H - 1);
}

static void an_eastern_morning_is_the_day_before_in_utc(void **state)
{
	struct policy_schedule s = {
		.days = MON, .from_s = 0, .to_s = 1 * H, .utc_offset_s = 2 * (int)H
	};
	struct schedule_window w[SCHEDULE_WINDOWS_MAX];

	assert_int_equal(schedule_windows(&s, w), 1);
	assert_int_equal(w[0].days, 0x01);
	assert_int_equal(w[0].lo, 22 * H);
	assert_int_equal(w[0].hi, 23 * H - 1);
}

static void saturday_night_wraps_into_sunday(void **state)
{
	struct policy_schedule s = { .days = 0x40, .from_s = 23 * H, .to_s = 1 * H };
	struct schedule_window w[SCHEDULE_WINDOWS_MAX];

	assert_int_equal(schedule_windows(&s, w), 2);
	assert_int_equal(w[0].days, 0x01);
	assert_int_equal(w[0].hi, 1 * H - 1);
	assert_int_equal(w[1].days, 0x40);
	assert_int_equal(w[1].lo, 23 * H);
}

/* The oracle: is this UTC second of the week inside the schedule as written? */
static bool inside(const struct policy_schedule *s, int64_t utc)
{
	const int64_t day_s = SCHEDULE_DAY_S, week_s = 7 * day_s;

	for (int day = 0; day < 7; day++) {
		int64_t start = day * day_s + s->from_s - s->utc_offset_s;
		int64_t length = (int64_t)s->to_s - s->from_s;
		int64_t since = ((utc - start) % week_s + week_s) % week_s;

		if (length <= 0)
			length += day_s;
		if ((s->days & (1 << day)) && since < length)
			return true;
	}
	return false;
}

static void windows_cover_exactly_the_schedule(void **state)
{
	srand(7);
	for (int round = 0; round < 400; round++) {
		struct policy_schedule s = {
			.days = (uint8_t)(1 + rand() % 0x7f),
			.from_s = (uint32_t)rand() % 96 * 900,
			.to_s = (uint32_t)rand() % 97 * 900,
			.utc_offset_s = (rand() % 53 - 24) * 1800,
		};
		struct schedule_window w[SCHEDULE_WINDOWS_MAX];
		size_t n = schedule_windows(&s, w);

		assert_true(n <= SCHEDULE_WINDOWS_MAX);
		for (int64_t utc = 0; utc < 7 * (int64_t)SCHEDULE_DAY_S; utc += 450) {
			int hits = 0;

			for (size_t i = 0; i < n; i++)
				hits += (w[i].days >> (utc / SCHEDULE_DAY_S) & 1) &&
					w[i].lo <= utc % SCHEDULE_DAY_S &&
					utc % SCHEDULE_DAY_S <= w[i].hi;
			assert_int_equal(hits, inside(&s, utc));
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(office_hours_are_one_window),
		cmocka_unit_test(the_whole_week_is_one_window),
		cmocka_unit_test(a_night_ends_on_the_next_day),
		cmocka_unit_test(an_eastern_morning_is_the_day_before_in_utc),
		cmocka_unit_test(saturday_night_wraps_into_sunday),
		cmocka_unit_test(windows_cover_exactly_the_schedule),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
