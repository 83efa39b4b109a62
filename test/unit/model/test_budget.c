/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "model/budget.h"
#include "test/unit/model/policy_text.h"

#include <stdlib.h>

#define NEVER  UINT32_MAX
#define SWITCH BUDGET_SWITCH_MS
#define PING   "\"type\":\"icmp\",\"hosts4\":[\"192.0.2.1\"]"

/* The budget of link "a" with this probe and these keys ("" or ",..."). */
static struct budget of_link(const char *probe, const char *keys)
{
	struct policy_text t;
	struct budget b;
	char text[512];

	snprintf(text, sizeof(text), "{\"version\":1,\"links\":{\"a\":{\"device\":\"a\"%s%s%s%s}}}",
		 *probe ? ",\"probe\":{" : "", probe, *probe ? "}" : "", keys);
	policy_text_read(&t, text);
	assert_string_equal(policy_text_faults(&t), "");
	budget_of_link(t.policy, &t.policy->links[0], &b);
	policy_text_done(&t);
	return b;
}

static void silence_costs_an_interval_the_failing_rounds_and_a_timeout(void **state)
{
	static const struct {
		const char *probe;
		uint32_t ms;
	} cases[] = {
		{ PING, 1000 + 2 * 1000 + 800 },
		{ PING ",\"interval\":\"100ms\",\"timeout\":\"100ms\"", 100 + 200 + 100 },
		{ PING ",\"interval\":\"10s\",\"interval_failing\":\"1s\"", 10000 + 2000 + 800 },
		{ PING ",\"fall\":1", 1000 + 800 },
		{ PING ",\"interval\":\"1h\",\"fall\":1000", 3600000 + 999 * 3600000u + 800 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct budget b = of_link(cases[i].probe, "");

		assert_int_equal(b.silent_ms[INET4], cases[i].ms + SWITCH);
		assert_int_equal(b.silent_ms[INET6], NEVER);
		assert_int_equal(b.carrier_ms, BUDGET_CARRIER_MS + SWITCH);
	}
}

static void the_issues_100_ms_by_3_stays_within_450_ms(void **state)
{
	struct budget b =
		of_link(PING ",\"interval\":\"100ms\",\"timeout\":\"100ms\",\"fall\":3", "");

	assert_true(b.silent_ms[INET4] <= 450);
}

static void without_a_probe_silence_is_never_seen(void **state)
{
	static const char *const probes[] = { "", "\"type\":\"none\"" };

	for (size_t i = 0; i < ARRAY_SIZE(probes); i++) {
		struct budget b = of_link(probes[i], "");

		for (int f = 0; f < INET_FAMILY_COUNT; f++) {
			assert_int_equal(b.silent_ms[f], NEVER);
			assert_int_equal(b.suspect_ms[f], NEVER);
			assert_int_equal(b.recover_ms[f], SWITCH);
		}
	}
}

static void a_withdrawn_route_costs_no_waiting(void **state)
{
	struct budget b = of_link("\"type\":\"route\",\"prefix6\":\"::/0\"", "");

	assert_int_equal(b.silent_ms[INET6], SWITCH);
	assert_int_equal(b.silent_ms[INET4], NEVER);
	b = of_link("\"type\":\"route\",\"prefix4\":\"0.0.0.0/0\",\"fall\":3", "");
	assert_int_equal(b.silent_ms[INET4], 2000 + SWITCH);
}

static void traffic_without_answers_shortens_it_and_never_lengthens_it(void **state)
{
	/* 500 ms of suspicion, 200 ms of reading counters, then three quick rounds */
	struct budget b = of_link(PING ",\"interval\":\"30s\",\"timeout\":\"200ms\"", "");

	assert_int_equal(b.silent_ms[INET4], 90200 + SWITCH);
	assert_int_equal(b.suspect_ms[INET4], 500 + 200 + 2 * 200 + 200 + SWITCH);
	b = of_link(PING ",\"interval\":\"300ms\",\"timeout\":\"100ms\"", "");
	assert_int_equal(b.suspect_ms[INET4], b.silent_ms[INET4]);
}

static void no_suspicion_no_budget_of_it(void **state)
{
	assert_int_equal(of_link(PING ",\"suspect_after\":false", "").suspect_ms[INET4], NEVER);
	/* already as fast as it gets */
	assert_int_equal(of_link(PING ",\"interval\":\"100ms\"", "").suspect_ms[INET4], NEVER);
}

static void recovery_takes_rise_rounds_or_the_hold_down(void **state)
{
	assert_int_equal(of_link(PING, "").recover_ms[INET4], 5 * 1000 + 800 + SWITCH);
	assert_int_equal(of_link(PING, ",\"hold_down\":\"2s\"").recover_ms[INET4],
			 5 * 1000 + 800 + SWITCH);
	assert_int_equal(of_link(PING, ",\"hold_down\":\"30s\"").recover_ms[INET4], 30000 + SWITCH);
	assert_int_equal(of_link("", ",\"hold_down\":\"30s\"").recover_ms[INET6], 30000 + SWITCH);
}

/* The budget of a group with these keys over links a (100 ms probe), b (1 s probe), c (no probe). */
static struct budget of_group(const char *links, const char *keys)
{
	struct policy_text t;
	struct budget b;
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"version\":1,\"links\":{"
		 "\"a\":{\"device\":\"a\",\"probe\":{" PING ",\"interval\":\"100ms\"}},"
		 "\"b\":{\"device\":\"b\",\"probe\":{" PING ",\"timeout\":\"100ms\"}},"
		 "\"c\":{\"device\":\"c\"}},\"groups\":{\"g\":{\"links\":[%s]%s}}}",
		 links, keys);
	policy_text_read(&t, text);
	assert_string_equal(policy_text_faults(&t), "");
	budget_of_group(t.policy, &t.policy->groups[0], &b);
	policy_text_done(&t);
	return b;
}

static void a_group_is_as_slow_as_its_slowest_member(void **state)
{
	struct budget b = of_group("\"a\",\"b\"", "");

	assert_int_equal(b.silent_ms[INET4], 3100 + SWITCH);
	assert_int_equal(b.silent_ms[INET6], NEVER);
	/* a has no suspicion and needs none: 400 ms; b: 500 + 200 + 2 * 100 + 100 */
	assert_int_equal(b.suspect_ms[INET4], 1000 + SWITCH);
	assert_int_equal(b.recover_ms[INET4], 5100 + SWITCH);
	assert_int_equal(of_group("\"a\"", "").suspect_ms[INET4], NEVER);
	assert_int_equal(of_group("\"a\",\"c\"", "").silent_ms[INET4], NEVER);
	assert_int_equal(of_group("\"b\",\"c\"", "").suspect_ms[INET4], NEVER);
}

static void failback_counts_as_recovery(void **state)
{
	assert_int_equal(of_group("\"a\"", ",\"failback\":\"delayed\"").recover_ms[INET4],
			 500 + 100 + 30000 + SWITCH);
	assert_int_equal(of_group("\"a\"", ",\"failback\":\"never\"").recover_ms[INET4], NEVER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(silence_costs_an_interval_the_failing_rounds_and_a_timeout),
		cmocka_unit_test(the_issues_100_ms_by_3_stays_within_450_ms),
		cmocka_unit_test(without_a_probe_silence_is_never_seen),
		cmocka_unit_test(a_withdrawn_route_costs_no_waiting),
		cmocka_unit_test(traffic_without_answers_shortens_it_and_never_lengthens_it),
		cmocka_unit_test(no_suspicion_no_budget_of_it),
		cmocka_unit_test(recovery_takes_rise_rounds_or_the_hold_down),
		cmocka_unit_test(a_group_is_as_slow_as_its_slowest_member),
		cmocka_unit_test(failback_counts_as_recovery),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
