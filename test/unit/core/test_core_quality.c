/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The best link of a quality group, and that two as good as each other do not swap. */
#include "test/unit/core/facts.h"

#define POLICY(more)                                                                                \
	"{ \"version\": 1, \"links\": {\n"                                                          \
	"  \"fiber\": { \"device\": \"eth1\", \"probe\": \"ping\" },\n"                             \
	"  \"lte\": { \"device\": \"wwan0\", \"probe\": \"ping\" },\n"                              \
	"  \"sat\": { \"device\": \"eth2\", \"probe\": \"ping\" } },\n"                             \
	"\"probes\": { \"ping\": { \"type\": \"icmp\", \"hosts4\": [\"192.0.2.1\"] } },\n"          \
	"\"groups\": { \"g\": { \"mode\": \"quality\", \"links\": [\"fiber\", \"lte\", \"sat\"],\n" \
	"  \"better_for\": \"10s\"" more " } },\n"                                                  \
	"\"rules\": [ { \"to\": [\"203.0.113.0/24\"], \"via\": \"g\" } ] }\n"

#define SLA POLICY(", \"sla\": { \"rtt_ms\": 100, \"loss_percent\": 5 }")

enum { FIBER, LTE, SAT };

static void measure(struct sim *s, size_t link, double rtt_ms, double loss_percent)
{
	struct probe_stats stats = {
		.rounds = 20, .rtt_ms = rtt_ms, .jitter_ms = 0, .loss_percent = loss_percent
	};

	sim_round(s, link, INET4, PROBE_PASSING, &stats, "");
}

/* A round of each every second. */
static void measure_for(struct sim *s, unsigned seconds, double fiber_ms, double lte_ms,
			double sat_ms)
{
	for (unsigned i = 0; i < seconds; i++) {
		measure(s, FIBER, fiber_ms, 0);
		measure(s, LTE, lte_ms, 0);
		measure(s, SAT, sat_ms, 0);
		sim_pass(s, 1000);
	}
}

#define SIM(policy)                                                                                \
	struct sim sim, *s = &sim;                                                                 \
	facts_begin(s, policy);

static void without_measurements_the_first_is_used(void **state)
{
	SIM(POLICY(""));

	assert_both_leave(s, "g", "fiber");
	sim_pass(s, 60000);
	assert_both_leave(s, "g", "fiber");
	sim_done(s);
}

static void a_much_better_link_is_taken_after_a_while_and_not_before(void **state)
{
	SIM(POLICY(""));
	struct core_choice c;

	measure_for(s, 9, 100, 50, 300);
	assert_leaves(s, "g", INET4, "fiber");
	core_group_choice(s->core, 0, INET4, &c);
	assert_int_equal(c.next_link, LTE);
	measure_for(s, 3, 100, 50, 300);
	assert_leaves(s, "g", INET4, "lte");
	assert_logged(s, "group: g: ipv4 fiber -> lte (lte: better by 20 % for 10 s)\n");
	sim_done(s);
}

/* No round ends when its time has come: the timer alone does it. */
static void the_while_ends_by_the_clock(void **state)
{
	SIM(POLICY(""));

	measure_for(s, 1, 100, 50, 300);
	sim_pass(s, 8900);
	assert_leaves(s, "g", INET4, "fiber");
	sim_pass(s, 200);
	assert_leaves(s, "g", INET4, "lte");
	assert_kernel_is_right(s);
	sim_done(s);
}

static void one_bad_round_between_begins_the_while_anew(void **state)
{
	SIM(POLICY(""));

	measure_for(s, 9, 100, 50, 300);
	measure_for(s, 1, 100, 90, 300);
	measure_for(s, 9, 100, 50, 300);
	assert_leaves(s, "g", INET4, "fiber");
	sim_done(s);
}

static void a_little_better_is_not_better(void **state)
{
	SIM(POLICY(""));

	measure_for(s, 600, 100, 81, 300);
	assert_leaves(s, "g", INET4, "fiber");
	assert_not_logged(s, "group:");
	sim_done(s);
}

static void whoever_is_better_than_the_new_one_waits_from_then_on(void **state)
{
	SIM(POLICY(""));

	measure_for(s, 5, 100, 50, 300);
	measure_for(s, 6, 100, 50, 30);
	assert_leaves(s, "g", INET4, "lte");
	measure_for(s, 8, 100, 50, 30);
	assert_leaves(s, "g", INET4, "lte");
	measure_for(s, 3, 100, 50, 30);
	assert_leaves(s, "g", INET4, "sat");
	sim_done(s);
}

static void a_while_goes_on_over_a_reload(void **state)
{
	SIM(POLICY(""));

	measure_for(s, 6, 100, 50, 300);
	assert_true(sim_reload(s, POLICY("")));
	measure_for(s, 6, 100, 50, 300);
	assert_leaves(s, "g", INET4, "lte");
	sim_done(s);
}

static void a_group_that_becomes_one_of_quality_begins_to_measure(void **state)
{
	SIM("{ \"version\": 1, \"links\": {\n"
	    "  \"fiber\": { \"device\": \"eth1\", \"probe\": \"ping\" },\n"
	    "  \"lte\": { \"device\": \"wwan0\", \"probe\": \"ping\" },\n"
	    "  \"sat\": { \"device\": \"eth2\", \"probe\": \"ping\" } },\n"
	    "\"probes\": { \"ping\": { \"type\": \"icmp\", \"hosts4\": [\"192.0.2.1\"] } },\n"
	    "\"groups\": { \"g\": { \"links\": [\"fiber\", \"lte\", \"sat\"] } },\n"
	    "\"rules\": [ { \"to\": [\"203.0.113.0/24\"], \"via\": \"g\" } ] }\n");

	measure_for(s, 3, 100, 100, 100);
	assert_leaves(s, "g", INET4, "fiber");
	assert_true(sim_reload(s, POLICY("")));
	sim_pass(s, 100);
	measure_for(s, 12, 100, 50, 300);
	assert_leaves(s, "g", INET4, "lte");
	sim_done(s);
}

static void a_millisecond_is_not_better_though_it_is_half(void **state)
{
	SIM(POLICY(""));

	measure_for(s, 60, 1.5, 0.7, 2);
	assert_leaves(s, "g", INET4, "fiber");
	sim_done(s);
}

/* xorshift64 */
static double noise(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return (double)(*seed >> 40) / (double)(1u << 24);
}

static unsigned switches_in_an_hour(struct sim *s, double mean_ms, double width_ms)
{
	uint64_t seed = 88172645463325252ull;

	for (unsigned i = 0; i < 3600; i++)
		measure_for(s, 1, mean_ms + width_ms * noise(&seed),
			    mean_ms + width_ms * noise(&seed), mean_ms + width_ms * noise(&seed));
	return core_group_switches(s->core, 0, INET4);
}

static void two_equal_links_never_swap(void **state)
{
	SIM(POLICY(""));

	assert_int_equal(switches_in_an_hour(s, 50, 0), 0);
	sim_done(s);
}

static void noise_within_better_by_percent_never_swaps(void **state)
{
	SIM(POLICY(""));

	assert_int_equal(switches_in_an_hour(s, 80, 20), 0);
	sim_done(s);
}

/* The worst of all: they are as good as each other, and that is just at the limit. */
static void noise_around_the_sla_does_not_swap_for_ever(void **state)
{
	SIM(SLA);

	/* each second either may be outside: once every better_for at the very most, here hardly ever */
	assert_in_range(switches_in_an_hour(s, 95, 10), 0, 3);
	sim_done(s);
}

static void outside_the_sla_it_is_left_at_once(void **state)
{
	SIM(SLA);

	measure_for(s, 5, 50, 60, 70);
	measure(s, FIBER, 101, 0);
	assert_leaves(s, "g", INET4, "lte");
	assert_logged(s, "group: g: ipv4 fiber -> lte (fiber: outside the group's sla)\n");
	/* within again: no way back but by being better */
	measure_for(s, 30, 50, 60, 70);
	assert_leaves(s, "g", INET4, "lte");
	measure(s, LTE, 60, 15);
	assert_leaves(s, "g", INET4, "fiber");
	sim_done(s);
}

static void one_that_was_outside_just_now_is_no_shelter(void **state)
{
	SIM(SLA);

	measure_for(s, 5, 50, 60, 700);
	measure(s, LTE, 200, 0);
	sim_pass(s, 5000);
	measure(s, LTE, 60, 0);
	measure(s, FIBER, 150, 0);
	assert_leaves(s, "g", INET4, "fiber");
	sim_pass(s, 5100);
	measure(s, LTE, 60, 0);
	measure(s, FIBER, 150, 0);
	assert_leaves(s, "g", INET4, "lte");
	sim_done(s);
}

static void when_all_are_outside_the_present_one_stays_unless_much_is_better(void **state)
{
	SIM(SLA);

	measure_for(s, 60, 150, 140, 170);
	assert_leaves(s, "g", INET4, "fiber");
	measure_for(s, 12, 400, 110, 170);
	assert_leaves(s, "g", INET4, "lte");
	sim_done(s);
}

static void a_link_outside_the_sla_is_not_better_whatever_it_measures(void **state)
{
	SIM(SLA);

	for (unsigned i = 0; i < 60; i++) {
		measure(s, FIBER, 99, 9); /* all just within */
		measure(s, LTE, 101, 0); /* all in all much less, but too slow */
		sim_pass(s, 1000);
	}
	assert_leaves(s, "g", INET4, "fiber");
	assert_int_equal(core_group_switches(s->core, 0, INET4), 0);
	sim_done(s);
}

static void a_link_that_dies_is_left_for_the_best_of_the_others(void **state)
{
	SIM(SLA);

	measure_for(s, 3, 50, 80, 70);
	facts_lose_carrier(s, FIBER);
	assert_leaves(s, "g", INET4, "sat");
	assert_logged(s, "group: g: ipv4 fiber -> sat (fiber: no carrier)\n");
	/* one that is not measured goes before one outside the SLA */
	measure(s, SAT, 200, 0);
	assert_leaves(s, "g", INET4, "lte");
	sim_done(s);
}

static void loss_weighs(void **state)
{
	SIM(POLICY(""));

	for (unsigned i = 0; i < 12; i++) {
		measure(s, FIBER, 50, 9);
		measure(s, LTE, 60, 0);
		sim_pass(s, 1000);
	}
	assert_leaves(s, "g", INET4, "lte");
	sim_done(s);
}

static void a_single_lost_answer_moves_nothing(void **state)
{
	SIM(POLICY(", \"sla\": { \"rtt_ms\": 100, \"loss_percent\": 2 }"));

	/* one in 50, now here, now there: it stays in a window of 20 for longer than better_for */
	for (int i = 0; i < 500; i++) {
		measure(s, FIBER, 50, i % 50 < 20 ? 5 : 0);
		measure(s, LTE, 50, i % 50 >= 25 && i % 50 < 45 ? 5 : 0);
		sim_pass(s, 1000);
		assert_leaves(s, "g", INET4, "fiber");
	}
	/* two are outside the sla */
	sim_pass(s, 20000);
	measure(s, LTE, 50, 0);
	measure(s, FIBER, 50, 10);
	assert_leaves(s, "g", INET4, "lte");
	sim_done(s);
}

static void a_switch_by_hand_holds_against_measurements(void **state)
{
	SIM(POLICY(""));

	sim_choose(s, 0, SAT);
	measure_for(s, 60, 10, 20, 900);
	assert_leaves(s, "g", INET4, "sat");
	sim_done(s);
}

#define FACT(f) cmocka_unit_test(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACT(without_measurements_the_first_is_used),
		FACT(a_much_better_link_is_taken_after_a_while_and_not_before),
		FACT(the_while_ends_by_the_clock),
		FACT(one_bad_round_between_begins_the_while_anew),
		FACT(a_little_better_is_not_better),
		FACT(whoever_is_better_than_the_new_one_waits_from_then_on),
		FACT(a_while_goes_on_over_a_reload),
		FACT(a_group_that_becomes_one_of_quality_begins_to_measure),
		FACT(a_millisecond_is_not_better_though_it_is_half),
		FACT(two_equal_links_never_swap),
		FACT(noise_within_better_by_percent_never_swaps),
		FACT(noise_around_the_sla_does_not_swap_for_ever),
		FACT(outside_the_sla_it_is_left_at_once),
		FACT(one_that_was_outside_just_now_is_no_shelter),
		FACT(when_all_are_outside_the_present_one_stays_unless_much_is_better),
		FACT(a_link_outside_the_sla_is_not_better_whatever_it_measures),
		FACT(a_link_that_dies_is_left_for_the_best_of_the_others),
		FACT(loss_weighs),
		FACT(a_single_lost_answer_moves_nothing),
		FACT(a_switch_by_hand_holds_against_measurements),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
