/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/schedule.h"

#include <stdbool.h>

#define WEEK_S (7 * (int64_t)SCHEDULE_DAY_S)

struct day {
	struct {
		uint32_t lo, end;
	} span[3];
	size_t n;
};

/* Adds [lo, end) to a day and joins what it touches. */
static void day_add(struct day *d, uint32_t lo, uint32_t end)
{
	size_t keep = 0;

	for (size_t i = 0; i < d->n; i++) {
		if (d->span[i].end < lo || d->span[i].lo > end) {
			d->span[keep++] = d->span[i];
			continue;
		}
		lo = d->span[i].lo < lo ? d->span[i].lo : lo;
		end = d->span[i].end > end ? d->span[i].end : end;
	}
	d->span[keep].lo = lo;
	d->span[keep].end = end;
	d->n = keep + 1;
}

static void week_add(struct day week[7], int64_t start, int64_t length)
{
	start = ((start % WEEK_S) + WEEK_S) % WEEK_S;
	while (length > 0) {
		int64_t day = start / SCHEDULE_DAY_S, lo = start % SCHEDULE_DAY_S;
		int64_t room = SCHEDULE_DAY_S - lo, part = length < room ? length : room;

		day_add(&week[day], (uint32_t)lo, (uint32_t)(lo + part));
		start = (start + part) % WEEK_S;
		length -= part;
	}
}

static void window_add(struct schedule_window *w, size_t *n, unsigned day, uint32_t lo, uint32_t hi)
{
	for (size_t i = 0; i < *n; i++)
		if (w[i].lo == lo && w[i].hi == hi) {
			w[i].days |= (uint8_t)(1u << day);
			return;
		}
	w[(*n)++] = (struct schedule_window){ .days = (uint8_t)(1u << day), .lo = lo, .hi = hi };
}

size_t schedule_windows(const struct policy_schedule *s,
			struct schedule_window ret[SCHEDULE_WINDOWS_MAX])
{
	struct day week[7] = { 0 };
	size_t n = 0;
	int64_t length = (int64_t)s->to_s - s->from_s;

	if (length <= 0)
		length += SCHEDULE_DAY_S;
	for (unsigned day = 0; day < 7; day++)
		if (s->days & (1u << day))
			week_add(week, day * (int64_t)SCHEDULE_DAY_S + s->from_s - s->utc_offset_s,
				 length);
	for (unsigned day = 0; day < 7; day++)
		for (size_t i = 0; i < week[day].n; i++)
			window_add(ret, &n, day, week[day].span[i].lo, week[day].span[i].end - 1);
	return n;
}
