/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rounds of answers in, verdict and measurements out. */
#include "daemon/probe_track.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <malloc.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MS	   1000000u
#define NONE	   UINT64_MAX
#define SECONDS(n) ((n)*UINT64_C(1000000000))

static struct policy_probe probe_of(void)
{
	return (struct policy_probe){
		.type = POLICY_PROBE_ICMP,
		.interval_ms = 1000,
		.timeout_ms = 800,
		.interval_failing_ms = 300,
		.fall = 3,
		.rise = 5,
		.quorum = 1,
		.window = 20,
		.suspect_after_ms = 500,
		.interval_suspect_ms = 100,
	};
}

static uint64_t clock_ns;

static int setup(void **state)
{
	clock_ns = SECONDS(1000);
	return 0;
}

/* A round with one host; ms < 0: no answer. */
static enum probe_verdict round_of(struct probe_track *t, double ms)
{
	uint64_t rtt = ms < 0 ? NONE : (uint64_t)(ms * MS);

	clock_ns += SECONDS(1);
	return probe_track_round(t, clock_ns, &rtt, 1);
}

static enum probe_verdict rounds_of(struct probe_track *t, double ms, unsigned n)
{
	enum probe_verdict v = probe_track_verdict(t);

	while (n--)
		v = round_of(t, ms);
	return v;
}

static struct probe_stats stats_of(const struct probe_track *t)
{
	struct probe_stats s;

	probe_track_stats(t, &s);
	return s;
}

static void assert_near(double a, double b)
{
	if (fabs(a - b) > 0.002)
		fail_msg("%f, expected %f", a, b);
}

static void the_third_bad_round_in_a_row_fails_it(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t = probe_track_new(&p);

	assert_int_equal(probe_track_verdict(t), PROBE_UNKNOWN);
	assert_int_equal(round_of(t, 10), PROBE_PASSING);
	assert_int_equal(rounds_of(t, -1, 2), PROBE_PASSING);
	assert_string_equal(probe_track_reason(t), "");
	assert_int_equal(round_of(t, 10), PROBE_PASSING);
	assert_int_equal(rounds_of(t, -1, 2), PROBE_PASSING);
	assert_int_equal(round_of(t, -1), PROBE_FAILING);
	assert_string_equal(probe_track_reason(t), "3 rounds without an answer");
	assert_int_equal(round_of(t, -1), PROBE_FAILING);
	assert_string_equal(probe_track_reason(t), "3 rounds without an answer");
	probe_track_free(t);
}

static void at_the_start_nothing_is_said_before_fall_bad_rounds(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t = probe_track_new(&p);

	assert_int_equal(rounds_of(t, -1, 2), PROBE_UNKNOWN);
	assert_int_equal(round_of(t, -1), PROBE_FAILING);
	probe_track_free(t);
}

static void rise_good_rounds_in_a_row_bring_it_back(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t = probe_track_new(&p);

	rounds_of(t, -1, 7);
	assert_int_equal(rounds_of(t, 10, 4), PROBE_FAILING);
	assert_int_equal(round_of(t, -1), PROBE_FAILING);
	assert_int_equal(rounds_of(t, 10, 4), PROBE_FAILING);
	assert_int_equal(round_of(t, 10), PROBE_PASSING);
	assert_string_equal(probe_track_reason(t), "");
	probe_track_free(t);
}

static void a_link_that_was_away_has_to_rise(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t = probe_track_new(&p);

	rounds_of(t, 10, 3);
	probe_track_restart(t);
	assert_int_equal(probe_track_verdict(t), PROBE_UNKNOWN);
	assert_int_equal(stats_of(t).rounds, 0);
	assert_int_equal(probe_track_interval_ms(t), 300);
	assert_int_equal(rounds_of(t, 10, 4), PROBE_UNKNOWN);
	assert_int_equal(round_of(t, -1), PROBE_UNKNOWN);
	assert_int_equal(rounds_of(t, 10, 4), PROBE_UNKNOWN);
	assert_int_equal(round_of(t, 10), PROBE_PASSING);
	assert_int_equal(probe_track_interval_ms(t), 1000);
	probe_track_restart(t);
	assert_int_equal(rounds_of(t, -1, 2), PROBE_UNKNOWN);
	assert_int_equal(round_of(t, -1), PROBE_FAILING);
	probe_track_free(t);
}

static void quorum_counts_hosts(void **state)
{
	static const struct {
		unsigned quorum, n;
		uint64_t rtt[4];
		bool good;
	} cases[] = {
		{ 1, 2, { NONE, 5 * MS }, true },
		{ 1, 2, { NONE, NONE }, false },
		{ 2, 3, { 5 * MS, NONE, NONE }, false },
		{ 2, 3, { 5 * MS, NONE, 5 * MS }, true },
		{ 3, 3, { 5 * MS, NONE, 5 * MS }, false },
		{ 3, 2, { 5 * MS, 5 * MS }, true }, /* there are no more */
		{ 1, 1, { 0 }, true },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy_probe p = probe_of();
		struct probe_track *t = probe_track_new(&p);
		struct probe_stats s;

		p.quorum = cases[i].quorum;
		p.fall = 1;
		assert_int_equal(probe_track_round(t, 5, cases[i].rtt, cases[i].n),
				 cases[i].good ? PROBE_PASSING : PROBE_FAILING);
		s = stats_of(t);
		assert_int_equal(s.last_good_ns, cases[i].good ? 5 : 0);
		assert_int_equal(s.bad_since_ns, cases[i].good ? 0 : 5);
		probe_track_free(t);
	}
}

static void the_reason_tells_what_was_asked(void **state)
{
	static const struct {
		enum policy_probe_type type;
		unsigned quorum, fall;
		const char *reason;
	} cases[] = {
		{ POLICY_PROBE_ICMP, 1, 1, "1 round without an answer" },
		{ POLICY_PROBE_TCP, 2, 2, "2 rounds with fewer than 2 answers" },
		{ POLICY_PROBE_ROUTE, 1, 2, "2 rounds without the route" },
		{ POLICY_PROBE_EXEC, 1, 1, "1 round in which the program failed" },
	};
	static const uint64_t none[2] = { NONE, NONE };

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct policy_probe p = probe_of();
		struct probe_track *t;

		p.type = cases[i].type;
		p.quorum = cases[i].quorum;
		p.fall = cases[i].fall;
		t = probe_track_new(&p);
		for (unsigned n = 0; n < p.fall; n++)
			probe_track_round(t, 5, none, 2);
		assert_string_equal(probe_track_reason(t), cases[i].reason);
		probe_track_free(t);
	}
}

static void loss_rtt_and_jitter_are_those_of_the_window(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t;
	struct probe_stats s;

	p.window = 4;
	p.fall = 10;
	t = probe_track_new(&p);
	s = stats_of(t);
	assert_true(s.rtt_ms < 0 && s.jitter_ms < 0 && s.loss_percent == 0);
	round_of(t, 500); /* leaves the window */
	round_of(t, 10);
	assert_near(stats_of(t).jitter_ms, 490);
	round_of(t, -1);
	round_of(t, 16); /* the lost one between does not matter */
	round_of(t, 12);
	s = stats_of(t);
	assert_int_equal(s.rounds, 4);
	assert_near(s.loss_percent, 25);
	assert_near(s.rtt_ms, 38.0 / 3);
	assert_near(s.jitter_ms, (6 + 4) / 2.0);
	rounds_of(t, -1, 4);
	s = stats_of(t);
	assert_near(s.loss_percent, 100);
	assert_true(s.rtt_ms < 0 && s.jitter_ms < 0);
	probe_track_free(t);
}

static void the_distance_between_two_hosts_is_no_jitter(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t = probe_track_new(&p);
	static const uint64_t rtt[2] = { 10 * MS, 200 * MS };

	for (int i = 0; i < 5; i++)
		probe_track_round(t, 5, rtt, 2);
	assert_near(stats_of(t).jitter_ms, 0);
	assert_near(stats_of(t).rtt_ms, 105);
	probe_track_free(t);
}

static void loss_above_its_limit_degrades_and_below_leave_mends(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t;

	p.loss_percent = (struct policy_limit){ true, 20, 10 };
	t = probe_track_new(&p);
	for (int i = 0; i < 8; i++)
		assert_int_equal(round_of(t, i % 2 ? 10 : -1), i ? PROBE_PASSING : PROBE_UNKNOWN);
	/* 4 of 20 are lost, even if the next 12 are not; the fifth is one too many */
	assert_int_equal(round_of(t, -1), PROBE_DEGRADED);
	assert_string_equal(probe_track_reason(t), "loss 55.6 % > 20 %");
	assert_int_equal(rounds_of(t, 10, 11), PROBE_DEGRADED);
	/* 25 % now, then the old ones leave the window: 20, 20, 15 */
	assert_int_equal(round_of(t, 10), PROBE_DEGRADED);
	assert_near(stats_of(t).loss_percent, 20);
	assert_int_equal(rounds_of(t, 10, 3), PROBE_DEGRADED);
	assert_near(stats_of(t).loss_percent, 15);
	assert_string_equal(probe_track_reason(t), "loss 55.6 % > 20 %");
	assert_int_equal(rounds_of(t, 10, 1), PROBE_PASSING);
	assert_near(stats_of(t).loss_percent, 10);
	assert_string_equal(probe_track_reason(t), "");
	probe_track_free(t);
}

static void one_lost_round_of_two_degrades_nothing(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t;

	p.loss_percent = (struct policy_limit){ true, 20, 10 };
	t = probe_track_new(&p);
	round_of(t, 10);
	assert_int_equal(round_of(t, -1), PROBE_PASSING);
	assert_near(stats_of(t).loss_percent, 50);
	probe_track_free(t);
}

static void a_single_lost_answer_is_no_loss_however_strict_the_limit(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t;

	p.loss_percent = (struct policy_limit){ true, 2, 1 };
	t = probe_track_new(&p);
	rounds_of(t, 10, 20);
	assert_int_equal(round_of(t, -1), PROBE_PASSING);
	assert_int_equal(rounds_of(t, 10, 18), PROBE_PASSING);
	assert_near(stats_of(t).loss_percent, 5);
	assert_int_equal(round_of(t, -1), PROBE_DEGRADED);
	assert_string_equal(probe_track_reason(t), "loss 10 % > 2 %");
	assert_int_equal(rounds_of(t, 10, 19), PROBE_DEGRADED);
	assert_int_equal(round_of(t, 10), PROBE_PASSING);
	probe_track_free(t);
}

static void rtt_is_judged_from_half_a_window_on(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t;

	p.rtt_ms = (struct policy_limit){ true, 100, 50 };
	t = probe_track_new(&p);
	assert_int_equal(rounds_of(t, 150, 9), PROBE_PASSING);
	assert_int_equal(round_of(t, 150), PROBE_DEGRADED);
	assert_string_equal(probe_track_reason(t), "rtt 150 ms > 100 ms");
	assert_int_equal(rounds_of(t, 40, 19), PROBE_PASSING); /* 45.5 ms */
	probe_track_free(t);
}

static void jitter_is_judged_too_and_names_itself(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t;
	enum probe_verdict v = PROBE_UNKNOWN;

	p.jitter_ms = (struct policy_limit){ true, 20, 10 };
	p.rtt_ms = (struct policy_limit){ true, 100, 50 };
	t = probe_track_new(&p);
	for (int i = 0; i < 10; i++)
		v = round_of(t, i % 2 ? 10 : 35.5);
	assert_int_equal(v, PROBE_DEGRADED);
	assert_string_equal(probe_track_reason(t), "jitter 25.5 ms > 20 ms");
	/* the jitter goes, but the rtt is bad now: another reason */
	v = rounds_of(t, 300, 20);
	assert_int_equal(v, PROBE_DEGRADED);
	assert_non_null(strstr(probe_track_reason(t), "rtt "));
	probe_track_free(t);
}

static void failing_counts_more_than_degraded(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t;

	p.loss_percent = (struct policy_limit){ true, 10, 5 };
	t = probe_track_new(&p);
	rounds_of(t, 10, 20);
	assert_int_equal(rounds_of(t, -1, 2), PROBE_PASSING);
	assert_int_equal(round_of(t, -1), PROBE_FAILING);
	assert_string_equal(probe_track_reason(t), "3 rounds without an answer");
	/* answers again, but the window is not clean */
	assert_int_equal(rounds_of(t, 10, 4), PROBE_FAILING);
	assert_int_equal(round_of(t, 10), PROBE_DEGRADED);
	assert_string_equal(probe_track_reason(t), "loss 15 % > 10 %");
	assert_int_equal(rounds_of(t, 10, 13), PROBE_DEGRADED);
	assert_int_equal(rounds_of(t, 10, 1), PROBE_PASSING);
	probe_track_free(t);
}

static void a_failing_round_and_a_suspicion_change_the_interval(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t = probe_track_new(&p);
	uint64_t at;

	assert_int_equal(probe_track_interval_ms(t), 1000);
	round_of(t, 10);
	assert_int_equal(probe_track_interval_ms(t), 1000);
	round_of(t, -1);
	assert_int_equal(probe_track_interval_ms(t), 300);
	round_of(t, 10);
	assert_int_equal(probe_track_interval_ms(t), 1000);
	rounds_of(t, -1, 3);
	round_of(t, 10); /* still failing */
	assert_int_equal(probe_track_interval_ms(t), 300);
	rounds_of(t, 10, 4);
	assert_int_equal(probe_track_interval_ms(t), 1000);

	at = clock_ns;
	probe_track_counters(t, 100, 100, at);
	probe_track_counters(t, 110, 100, at += 200 * MS);
	probe_track_counters(t, 120, 100, at += 200 * MS);
	assert_true(probe_track_counters(t, 130, 100, at += 300 * MS));
	assert_int_equal(probe_track_interval_ms(t), 100);
	p.interval_suspect_ms = 2000; /* never slower */
	assert_int_equal(probe_track_interval_ms(t), 1000);
	probe_track_free(t);
}

/* Counters every 100 ms for `ms`: `sent` packets out and `received` in between two. */
static uint64_t sent_so_far, received_so_far;

static bool traffic(struct probe_track *t, unsigned ms, unsigned sent, unsigned received)
{
	bool suspicious = probe_track_suspicious(t);

	for (; ms >= 100 && !suspicious; ms -= 100) {
		clock_ns += 100 * MS;
		sent_so_far += sent;
		received_so_far += received;
		suspicious = probe_track_counters(t, sent_so_far, received_so_far, clock_ns);
		assert_int_equal(suspicious, probe_track_suspicious(t));
	}
	return suspicious;
}

static void packets_that_nobody_answers_are_suspicious(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t = probe_track_new(&p);
	uint64_t began;

	assert_false(traffic(t, 2000, 5, 0)); /* nothing has passed yet */
	round_of(t, 10);
	assert_false(traffic(t, 2000, 5, 5));
	assert_false(traffic(t, 5000, 0, 0)); /* silent both ways */
	assert_false(traffic(t, 5000, 0, 3));
	assert_false(traffic(t, 400, 5, 0));
	assert_false(traffic(t, 100, 5, 1)); /* an answer after all */
	began = clock_ns;
	assert_true(traffic(t, 5000, 5, 0));
	assert_int_equal(clock_ns - began, 500 * (uint64_t)MS);
	probe_track_free(t);
}

static void one_lost_packet_is_no_evidence(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t = probe_track_new(&p);

	round_of(t, 10);
	assert_false(traffic(t, 1000, 5, 5));
	assert_false(traffic(t, 100, 1, 0));
	assert_false(traffic(t, 3000, 0, 0));
	assert_true(traffic(t, 100, 1, 0));
	probe_track_free(t);
}

static void a_failing_verdict_settles_a_suspicion(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t = probe_track_new(&p);

	round_of(t, 10);
	assert_true(traffic(t, 5000, 5, 0));
	rounds_of(t, -1, 2);
	assert_true(probe_track_suspicious(t));
	round_of(t, -1);
	assert_false(probe_track_suspicious(t));
	assert_false(traffic(t, 60000, 5, 0)); /* known to be dead */
	rounds_of(t, 10, 5);
	assert_true(traffic(t, 5000, 5, 0)); /* it was right: no pardon */
	probe_track_free(t);
}

static void only_a_round_begun_since_disproves_a_suspicion(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t = probe_track_new(&p);
	uint64_t rtt = 10 * MS, before;

	round_of(t, 10);
	before = clock_ns + 1;
	assert_true(traffic(t, 5000, 5, 0));
	probe_track_round(t, before, &rtt, 1);
	assert_true(probe_track_suspicious(t));
	probe_track_round(t, clock_ns, &rtt, 1);
	assert_false(probe_track_suspicious(t));
	probe_track_free(t);
}

/* How long one-way traffic goes on until it is suspicious (again). */
static uint64_t until_suspicious(struct probe_track *t)
{
	uint64_t began = clock_ns;

	assert_true(traffic(t, 1000000, 5, 0));
	return (clock_ns - began) / MS;
}

static void one_way_traffic_is_suspected_less_and_less(void **state)
{
	static const uint64_t seconds[] = { 0, 10, 20, 40, 80, 160, 300, 300, 300 };
	struct policy_probe p = probe_of();
	struct probe_track *t = probe_track_new(&p);
	uint64_t rtt = 10 * MS;

	round_of(t, 10);
	traffic(t, 100, 0, 0);
	for (size_t i = 0; i < sizeof(seconds) / sizeof(seconds[0]); i++) {
		uint64_t took = until_suspicious(t);

		assert_in_range(took, seconds[i] * 1000, seconds[i] * 1000 + 700);
		assert_int_equal(probe_track_wants_counters(t, clock_ns), false);
		probe_track_round(t, clock_ns, &rtt, 1);
		assert_int_equal(probe_track_interval_ms(t), 1000);
	}
	/* answered for long: as at first */
	traffic(t, 650000, 5, 5);
	assert_true(probe_track_wants_counters(t, clock_ns));
	assert_true(until_suspicious(t) <= 700);
	probe_track_round(t, clock_ns, &rtt, 1);
	assert_in_range(until_suspicious(t), 10000, 10700);
	probe_track_free(t);
}

static void suspicion_can_be_turned_off(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t = probe_track_new(&p);

	p.suspect_after_ms = 0;
	round_of(t, 10);
	assert_false(probe_track_wants_counters(t, clock_ns));
	assert_false(traffic(t, 10000, 5, 0));
	p.suspect_after_ms = 500;
	p.interval_suspect_ms = 1000; /* no faster than it is anyway */
	assert_false(traffic(t, 10000, 5, 0));
	p.interval_suspect_ms = 999;
	assert_true(traffic(t, 10000, 5, 0));
	probe_track_free(t);
}

static void counters_that_begin_anew_accuse_nobody(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t = probe_track_new(&p);

	round_of(t, 10);
	assert_false(traffic(t, 400, 5, 0));
	sent_so_far = received_so_far = 0; /* the device is another */
	assert_false(traffic(t, 500, 5, 0));
	assert_true(traffic(t, 300, 5, 0));
	probe_track_free(t);
}

static void a_reload_keeps_what_still_fits(void **state)
{
	struct policy_probe p = probe_of(), other = probe_of();
	struct probe_track *t = probe_track_new(&p);

	rounds_of(t, 10, 12);
	rounds_of(t, 40, 4);
	rounds_of(t, -1, 2);
	other.window = 5;
	probe_track_rebind(t, &other);
	memset(&p, 0xff, sizeof(p)); /* nothing looks there any more */
	assert_int_equal(probe_track_verdict(t), PROBE_PASSING);
	assert_int_equal(stats_of(t).bad_in_row, 2);
	assert_int_equal(round_of(t, -1), PROBE_FAILING);
	/* of the last five rounds two were answered, both in 40 ms */
	assert_int_equal(stats_of(t).rounds, 5);
	assert_near(stats_of(t).loss_percent, 60);
	assert_near(stats_of(t).rtt_ms, 40);

	p = probe_of();
	p.window = 50;
	probe_track_rebind(t, &p);
	round_of(t, 10);
	assert_int_equal(stats_of(t).rounds, 6);
	assert_near(stats_of(t).loss_percent, 50);
	probe_track_free(t);
}

static void a_probe_of_another_kind_begins_to_measure_anew(void **state)
{
	struct policy_probe p = probe_of(), http = probe_of();
	struct probe_track *t = probe_track_new(&p);

	rounds_of(t, 10, 12);
	rounds_of(t, -1, 2);
	http.type = POLICY_PROBE_HTTP;
	probe_track_rebind(t, &http);
	assert_int_equal(probe_track_verdict(t), PROBE_PASSING);
	assert_int_equal(stats_of(t).rounds, 0);
	assert_int_equal(rounds_of(t, -1, 2), PROBE_PASSING);
	assert_int_equal(round_of(t, -1), PROBE_FAILING);
	probe_track_free(t);
}

static void rounds_allocate_nothing(void **state)
{
	struct policy_probe p = probe_of();
	struct probe_track *t = probe_track_new(&p);
	struct mallinfo2 before, after;

	p.loss_percent = (struct policy_limit){ true, 20, 10 };
	round_of(t, 10);
	before = mallinfo2();
	for (int i = 0; i < 1000; i++)
		round_of(t, i % 7 ? 10 : -1);
	after = mallinfo2();
	assert_int_equal(before.uordblks, after.uordblks);
	probe_track_free(t);
}

/* ---- random rounds against a naive model that remembers everything ---- */

#define HISTORY 400
#define HOSTS	4

struct model {
	struct policy_probe p;
	unsigned n_hosts, n;
	uint64_t rtt[HISTORY][HOSTS];
	size_t since; /* the round that the measurements begin with */
	enum probe_verdict verdict;
	bool rising, degraded;
	unsigned good, bad;
};

static double limit_value(const struct model *m, int which, unsigned *ret_rounds)
{
	size_t first = m->n - m->since > m->p.window ? m->n - m->p.window : m->since;
	double sum = 0, lost = 0, asked = 0, diff = 0, pairs = 0, answers = 0;

	*ret_rounds = (unsigned)(m->n - first);
	for (unsigned h = 0; h < m->n_hosts; h++) {
		double last = -1;

		for (size_t r = first; r < m->n; r++) {
			double ms = (double)(m->rtt[r][h] / 1000) / 1000;

			asked++;
			if (m->rtt[r][h] == NONE) {
				lost++;
				continue;
			}
			answers++;
			sum += ms;
			if (last >= 0) {
				diff += fabs(ms - last);
				pairs++;
			}
			last = ms;
		}
	}
	if (which == 0)
		return asked > 0 ? 100 * lost / asked : 0;
	if (which == 1)
		return answers > 0 ? sum / answers : -1;
	return pairs > 0 ? diff / pairs : -1;
}

static bool model_outside(const struct model *m, bool leave)
{
	const struct policy_limit *limits[3] = { &m->p.loss_percent, &m->p.rtt_ms,
						 &m->p.jitter_ms };

	for (int i = 0; i < 3; i++) {
		unsigned rounds;
		double v = limit_value(m, i, &rounds);

		if (!leave && i == 0) /* one question of all the window's: nothing */
			v = v * rounds * m->n_hosts < 150 ? 0 : v * rounds / m->p.window;
		if (!leave && i > 0 && rounds < m->p.window - m->p.window / 2)
			v = -1;
		if (limits[i]->given && v > (leave ? limits[i]->leave : limits[i]->enter) + 1e-9)
			return true;
	}
	return false;
}

static void model_round(struct model *m)
{
	unsigned answered = 0, quorum = m->p.quorum < m->n_hosts ? m->p.quorum : m->n_hosts;

	for (unsigned h = 0; h < m->n_hosts; h++)
		answered += m->rtt[m->n][h] != NONE;
	m->n++;
	m->good = answered >= quorum ? m->good + 1 : 0;
	m->bad = answered >= quorum ? 0 : m->bad + 1;
	if (m->bad >= m->p.fall) {
		m->verdict = PROBE_FAILING;
	} else if (m->verdict == PROBE_UNKNOWN && m->good >= (m->rising ? m->p.rise : 1)) {
		m->verdict = PROBE_PASSING;
	} else if (m->verdict == PROBE_FAILING && m->good >= m->p.rise) {
		m->verdict = PROBE_PASSING;
	}
	if (m->verdict != PROBE_UNKNOWN)
		m->rising = false;
	if (m->verdict != PROBE_PASSING && m->verdict != PROBE_DEGRADED)
		return;
	if (model_outside(m, false))
		m->degraded = true;
	else if (m->degraded && !model_outside(m, true))
		m->degraded = false;
	m->verdict = m->degraded ? PROBE_DEGRADED : PROBE_PASSING;
}

static struct policy_limit random_limit(unsigned scale)
{
	struct policy_limit l = { .given = rand() % 2 };

	l.enter = rand() % (int)scale;
	l.leave = l.enter * (rand() % 11) / 10;
	return l;
}

static void model_begin(struct model *m, unsigned seed)
{
	srand(seed);
	memset(m, 0, sizeof(*m));
	m->p = probe_of();
	m->p.fall = 1 + (unsigned)rand() % 4;
	m->p.rise = 1 + (unsigned)rand() % 4;
	m->p.window = 1 + (unsigned)rand() % 30;
	m->p.quorum = 1 + (unsigned)rand() % 5;
	m->n_hosts = 1 + (unsigned)rand() % HOSTS;
	m->p.loss_percent = random_limit(100);
	m->p.rtt_ms = random_limit(100);
	m->p.jitter_ms = random_limit(50);
}

static void any_history_of_rounds_is_judged_as_a_naive_model_does(void **state)
{
	unsigned seen[4] = { 0 };

	for (unsigned seed = 0; seed < 300; seed++) {
		struct model m;
		struct probe_track *t;
		int loss, spread;

		model_begin(&m, seed);
		loss = rand() % 100;
		spread = 1 + rand() % 100;
		t = probe_track_new(&m.p);
		for (unsigned i = 0; i < HISTORY; i++) {
			struct probe_stats s;
			unsigned rounds;

			if (rand() % 60 == 0)
				loss = rand() % 100;
			for (unsigned h = 0; h < m.n_hosts; h++)
				m.rtt[i][h] = rand() % 100 < loss
						      ? NONE
						      : (uint64_t)(rand() % (spread * 1000)) * 1000;
			model_round(&m);
			probe_track_round(t, i, m.rtt[i], m.n_hosts);
			probe_track_stats(t, &s);
			if (probe_track_verdict(t) != m.verdict)
				fail_msg("seed %u round %u: %d, expected %d", seed, i,
					 probe_track_verdict(t), m.verdict);
			assert_int_equal(*probe_track_reason(t) != '\0',
					 m.verdict == PROBE_DEGRADED || m.verdict == PROBE_FAILING);
			assert_near(s.loss_percent, limit_value(&m, 0, &rounds));
			assert_near(s.rtt_ms, limit_value(&m, 1, &rounds));
			assert_near(s.jitter_ms, limit_value(&m, 2, &rounds));
			assert_int_equal(s.rounds, rounds);
			assert_int_equal(s.good_in_row, m.good);
			assert_int_equal(s.bad_in_row, m.bad);
			seen[m.verdict]++;
			if (rand() % 80 == 0) {
				probe_track_restart(t);
				m.since = m.n;
				m.verdict = PROBE_UNKNOWN;
				m.rising = true;
				m.degraded = false;
				m.good = m.bad = 0;
			}
		}
		probe_track_free(t);
	}
	for (int i = 0; i < 4; i++)
		assert_true(seen[i] > 1000);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup(f, setup)
	const struct CMUnitTest tests[] = {
		TEST(the_third_bad_round_in_a_row_fails_it),
		TEST(at_the_start_nothing_is_said_before_fall_bad_rounds),
		TEST(rise_good_rounds_in_a_row_bring_it_back),
		TEST(a_link_that_was_away_has_to_rise),
		TEST(quorum_counts_hosts),
		TEST(the_reason_tells_what_was_asked),
		TEST(loss_rtt_and_jitter_are_those_of_the_window),
		TEST(the_distance_between_two_hosts_is_no_jitter),
		TEST(loss_above_its_limit_degrades_and_below_leave_mends),
		TEST(one_lost_round_of_two_degrades_nothing),
		TEST(a_single_lost_answer_is_no_loss_however_strict_the_limit),
		TEST(rtt_is_judged_from_half_a_window_on),
		TEST(jitter_is_judged_too_and_names_itself),
		TEST(failing_counts_more_than_degraded),
		TEST(a_failing_round_and_a_suspicion_change_the_interval),
		TEST(packets_that_nobody_answers_are_suspicious),
		TEST(one_lost_packet_is_no_evidence),
		TEST(a_failing_verdict_settles_a_suspicion),
		TEST(only_a_round_begun_since_disproves_a_suspicion),
		TEST(one_way_traffic_is_suspected_less_and_less),
		TEST(suspicion_can_be_turned_off),
		TEST(counters_that_begin_anew_accuse_nobody),
		TEST(a_reload_keeps_what_still_fits),
		TEST(a_probe_of_another_kind_begins_to_measure_anew),
		TEST(rounds_allocate_nothing),
		TEST(any_history_of_rounds_is_judged_as_a_naive_model_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
