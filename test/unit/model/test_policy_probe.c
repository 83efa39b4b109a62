/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Probes, damping and groups: what is filled in, and what contradicts itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "test/unit/model/policy_text.h"

#include <stdlib.h>

#define PING "\"type\":\"icmp\",\"hosts4\":[\"192.0.2.1\"]"

/* Reads a policy with this probe, link's or group's keys. */
static void read_probe(struct policy_text *t, const char *keys)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"version\":1,\"links\":{\"a\":{\"device\":\"a\"}},\"probes\":{\"p\":{%s}}}",
		 keys);
	policy_text_read(t, text);
}

static void read_link(struct policy_text *t, const char *keys)
{
	char text[1024];

	snprintf(text, sizeof(text), "{\"version\":1,\"links\":{\"a\":{\"device\":\"a\",%s}}}",
		 keys);
	policy_text_read(t, text);
}

static void read_group(struct policy_text *t, const char *keys)
{
	char text[1024];

	snprintf(text, sizeof(text),
		 "{\"version\":1,\"links\":{\"a\":{\"device\":\"a\",\"probe\":{" PING "}}},"
		 "\"groups\":{\"g\":{\"links\":[\"a\"]%s}}}",
		 keys);
	policy_text_read(t, text);
}

/* Only the fault's pointer, or "" when there is none. */
static const char *fault_at(struct policy_text *t)
{
	assert_true(t->faults.count <= 1);
	return t->faults.count ? t->faults.items[0].pointer : "";
}

/* ---- probes ------------------------------------------------------------- */

static void a_bare_probe_has_the_documented_defaults(void **state)
{
	struct policy_text t;
	const struct policy_probe *p;

	read_probe(&t, PING);
	assert_string_equal(policy_text_faults(&t), "");
	p = t.policy->probes;
	assert_int_equal(p->interval_ms, 1000);
	assert_int_equal(p->interval_failing_ms, 1000);
	assert_int_equal(p->timeout_ms, 800);
	assert_int_equal(p->suspect_after_ms, 500);
	assert_int_equal(p->interval_suspect_ms, 800);
	assert_int_equal(p->fall, 3);
	assert_int_equal(p->rise, 5);
	assert_int_equal(p->quorum, 1);
	assert_int_equal(p->window, 20);
	assert_false(p->loss_percent.given || p->rtt_ms.given || p->jitter_ms.given);
	policy_text_done(&t);
}

static void timers_that_are_not_written_fit_those_that_are(void **state)
{
	static const struct {
		const char *keys;
		uint32_t interval, failing, suspect, timeout;
	} cases[] = {
		{ "\"interval\":\"500ms\"", 500, 500, 500, 500 },
		{ "\"interval\":\"20ms\"", 20, 20, 20, 20 },
		{ "\"interval\":\"20ms\",\"timeout\":\"20ms\"", 20, 20, 20, 20 },
		{ "\"interval\":\"1m\"", 60000, 60000, 800, 800 },
		{ "\"timeout\":\"3s\"", 3000, 3000, 3000, 3000 },
		{ "\"timeout\":\"50ms\"", 1000, 1000, 100, 50 },
		{ "\"timeout\":\"300ms\"", 1000, 1000, 300, 300 },
		{ "\"interval_failing\":\"200ms\"", 1000, 200, 200, 200 },
		{ "\"interval_failing\":\"5s\"", 1000, 5000, 800, 800 },
		{ "\"interval_suspect\":\"100ms\"", 1000, 1000, 100, 100 },
		{ "\"interval_suspect\":\"2s\"", 2000, 2000, 2000, 800 },
		{ "\"rtt_ms\":900", 1000, 1000, 1000, 1000 },
		{ "\"rtt_ms\":1500,\"interval\":\"5s\"", 5000, 5000, 5000, 5000 },
		{ "\"interval\":\"2s\",\"timeout\":\"2s\"", 2000, 2000, 2000, 2000 },
		{ "\"interval\":\"200ms\",\"timeout\":\"1ms\"", 200, 200, 100, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct policy_probe *p;
		struct policy_text t;
		char keys[256];

		snprintf(keys, sizeof(keys), PING ",%s", cases[i].keys);
		read_probe(&t, keys);
		assert_string_equal(policy_text_faults(&t), "");
		p = t.policy->probes;
		assert_int_equal(p->interval_ms, cases[i].interval);
		assert_int_equal(p->interval_failing_ms, cases[i].failing);
		assert_int_equal(p->interval_suspect_ms, cases[i].suspect);
		assert_int_equal(p->timeout_ms, cases[i].timeout);
		policy_text_done(&t);
	}
}

/* Every combination of short, middling and long timers: accepted means that rounds do not overlap. */
static void accepted_rounds_never_overlap(void **state)
{
	static const char *const values[] = { NULL, "10ms", "90ms", "400ms", "1s", "5s" };
	static const char *const keys[] = { "interval", "interval_failing", "interval_suspect",
					    "timeout" };
	unsigned accepted = 0, alone = 0;

	for (unsigned n = 0; n < 6 * 6 * 6 * 6; n++) {
		struct policy_text t;
		char text[512] = PING;
		unsigned rest = n, written = 0;

		for (size_t k = 0; k < ARRAY_SIZE(keys); k++, rest /= 6)
			if (values[rest % 6]) {
				size_t at = strlen(text);

				snprintf(text + at, sizeof(text) - at, ",\"%s\":\"%s\"", keys[k],
					 values[rest % 6]);
				written++;
			}
		read_probe(&t, text);
		if (t.result == 0) {
			const struct policy_probe *p = t.policy->probes;

			assert_true(p->timeout_ms && p->timeout_ms <= p->interval_ms);
			assert_true(p->timeout_ms <= p->interval_failing_ms);
			assert_true(p->timeout_ms <= p->interval_suspect_ms);
			assert_true(p->interval_suspect_ms <= p->interval_ms);
			accepted++;
		}
		/* no default contradicts a key that stands alone */
		if (written <= 1) {
			assert_int_equal(t.result, 0);
			alone++;
		}
		policy_text_done(&t);
	}
	assert_true(accepted > 300);
	assert_int_equal(alone, 21);
}

static void limits_have_a_way_in_and_a_way_out(void **state)
{
	struct policy_text t;
	const struct policy_probe *p;

	read_probe(&t, PING ",\"loss_percent\":20,\"rtt_ms\":{\"enter\":100.5,\"leave\":90},"
			    "\"jitter_ms\":{\"enter\":10}");
	assert_string_equal(policy_text_faults(&t), "");
	p = t.policy->probes;
	assert_true(p->loss_percent.given && p->rtt_ms.given && p->jitter_ms.given);
	assert_float_equal(p->loss_percent.enter, 20, 1e-9);
	assert_float_equal(p->loss_percent.leave, 10, 1e-9);
	assert_float_equal(p->rtt_ms.enter, 100.5, 1e-9);
	assert_float_equal(p->rtt_ms.leave, 90, 1e-9);
	assert_float_equal(p->jitter_ms.leave, 5, 1e-9);
	policy_text_done(&t);
}

static void each_type_has_its_own_defaults(void **state)
{
	struct policy_text t;
	const struct policy_probe *p;

	policy_text_read(&t, "{\"version\":1,\"links\":{\"a\":{\"device\":\"a\"}},\"probes\":{"
			     "\"d\":{\"type\":\"dns\",\"hosts4\":[\"192.0.2.1\"]},"
			     "\"h\":{\"type\":\"http\",\"hosts4\":[\"192.0.2.1\"]},"
			     "\"r\":{\"type\":\"route\",\"prefix6\":\"2001:db8::/32\"},"
			     "\"e\":{\"type\":\"exec\",\"command\":[\"/x\",\"a b\"]},"
			     "\"n\":{\"type\":\"none\"},"
			     "\"D\":{\"type\":\"dns\",\"hosts4\":[\"192.0.2.1\"],\"port\":5353,"
			     "\"name\":\"Example.COM.\"}}}");
	assert_string_equal(policy_text_faults(&t), "");
	p = t.policy->probes;
	assert_int_equal(p[0].port, 53);
	assert_string_equal(p[0].dns_name, ".");
	assert_int_equal(p[1].port, 80);
	assert_string_equal(p[1].http_path, "/");
	assert_null(p[1].http_host);
	assert_int_equal(p[1].n_http_status, 0);
	assert_int_equal(p[2].fall, 1);
	assert_int_equal(p[2].rise, 1);
	assert_int_equal(p[2].suspect_after_ms, 0);
	assert_int_equal(p[2].route_table, 254);
	assert_int_equal(p[2].route_protocol, -1);
	assert_true(!p[2].has_prefix[INET4] && p[2].has_prefix[INET6]);
	assert_int_equal(p[2].prefix[INET6].len, 32);
	assert_int_equal(p[3].n_command, 2);
	assert_string_equal(p[3].command[1], "a b");
	assert_int_equal(p[4].suspect_after_ms, 0);
	assert_int_equal(p[5].port, 5353);
	assert_string_equal(p[5].dns_name, "example.com");
	policy_text_done(&t);
}

static void a_probe_covers_the_families_it_asks(void **state)
{
	static const struct {
		const char *keys;
		bool v4, v6;
	} cases[] = {
		{ PING, true, false },
		{ "\"type\":\"tcp\",\"port\":1,\"hosts6\":[\"2001:db8::1\"]", false, true },
		{ "\"type\":\"arp\"", true, false },
		{ "\"type\":\"ndp\"", false, true },
		{ "\"type\":\"exec\",\"command\":[\"/x\"]", true, true },
		{ "\"type\":\"route\",\"prefix6\":\"::/0\"", false, true },
		{ "\"type\":\"none\"", false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct policy_text t;

		read_probe(&t, cases[i].keys);
		assert_string_equal(policy_text_faults(&t), "");
		assert_int_equal(policy_probe_covers(t.policy->probes, INET4), cases[i].v4);
		assert_int_equal(policy_probe_covers(t.policy->probes, INET6), cases[i].v6);
		policy_text_done(&t);
	}
}

static void contradictory_timers_and_limits_are_refused_at_their_place(void **state)
{
	static const struct {
		const char *keys, *at; /* "": accepted */
	} cases[] = {
		{ "\"timeout\":\"1s\",\"interval\":\"1s\"", "" },
		{ "\"timeout\":\"1001ms\",\"interval\":\"1s\"", "/probes/p/timeout" },
		{ "\"timeout\":\"200ms\",\"interval_failing\":\"200ms\"", "" },
		{ "\"timeout\":\"201ms\",\"interval_failing\":\"200ms\"", "/probes/p/timeout" },
		{ "\"timeout\":\"201ms\",\"interval_suspect\":\"200ms\"", "/probes/p/timeout" },
		{ "\"interval\":\"1s\",\"interval_suspect\":\"1s\"", "" },
		{ "\"interval\":\"1s\",\"interval_suspect\":\"1001ms\"",
		  "/probes/p/interval_suspect" },
		{ "\"suspect_after\":false", "" },
		{ "\"suspect_after\":false,\"interval_suspect\":\"100ms\"",
		  "/probes/p/interval_suspect" },
		{ "\"loss_percent\":{\"enter\":5,\"leave\":5}", "" },
		{ "\"loss_percent\":{\"enter\":5,\"leave\":5.1}", "/probes/p/loss_percent/leave" },
		{ "\"rtt_ms\":99,\"timeout\":\"100ms\"", "" },
		{ "\"rtt_ms\":100,\"timeout\":\"100ms\"", "/probes/p/rtt_ms" },
		{ "\"jitter_ms\":100,\"timeout\":\"100ms\"", "/probes/p/jitter_ms" },
		{ "\"window\":5,\"fall\":9", "" },
		{ "\"window\":9,\"fall\":9,\"rtt_ms\":9", "" },
		{ "\"window\":8,\"fall\":9,\"rtt_ms\":9", "/probes/p/window" },
		{ "\"fall\":100,\"rtt_ms\":9", "" },
		{ "\"quorum\":1", "" },
		{ "\"quorum\":2", "/probes/p/quorum" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct policy_text t;
		char keys[256];

		snprintf(keys, sizeof(keys), PING ",%s", cases[i].keys);
		read_probe(&t, keys);
		assert_string_equal(fault_at(&t), cases[i].at);
		policy_text_done(&t);
	}
}

/* ---- damping ------------------------------------------------------------ */

static void damping_keeps_the_proportions_of_its_defaults(void **state)
{
	static const struct {
		const char *keys;
		uint32_t half_life, maximum;
		unsigned suppress, reuse;
	} cases[] = {
		{ "\"hold_down\":\"1s\"", 10000, 60000, 3000, 1000 },
		{ "\"damping\":true", 10000, 60000, 3000, 1000 },
		{ "\"damping\":{}", 10000, 60000, 3000, 1000 },
		{ "\"damping\":{\"half_life\":\"15m\"}", 900000, 5400000, 3000, 1000 },
		{ "\"damping\":{\"maximum\":\"10m\"}", 10000, 600000, 3000, 1000 },
		{ "\"damping\":{\"maximum\":\"30s\"}", 5000, 30000, 3000, 1000 },
		{ "\"damping\":{\"maximum\":\"1s\"}", 166, 1000, 3000, 1000 },
		{ "\"damping\":{\"suppress\":100}", 10000, 60000, 100, 33 },
		{ "\"damping\":{\"suppress\":1000000}", 10000, 60000, 1000000, 333333 },
		{ "\"damping\":{\"reuse\":5000}", 10000, 60000, 15000, 5000 },
		{ "\"damping\":{\"suppress\":2000,\"reuse\":1999}", 10000, 60000, 2000, 1999 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct policy_damping *d;
		struct policy_text t;

		read_link(&t, cases[i].keys);
		assert_string_equal(policy_text_faults(&t), "");
		d = &t.policy->links[0].damping;
		assert_true(d->on);
		assert_int_equal(d->half_life_ms, cases[i].half_life);
		assert_int_equal(d->maximum_ms, cases[i].maximum);
		assert_int_equal(d->suppress, cases[i].suppress);
		assert_int_equal(d->reuse, cases[i].reuse);
		policy_text_done(&t);
	}
}

static void damping_that_could_never_work_is_refused(void **state)
{
	static const struct {
		const char *keys, *at;
	} cases[] = {
		{ "\"suppress\":2000,\"reuse\":2000", "/links/a/damping/reuse" },
		{ "\"reuse\":3000,\"suppress\":2000", "/links/a/damping/reuse" },
		{ "\"half_life\":\"10s\",\"maximum\":\"9s\"", "/links/a/damping/maximum" },
		/* 1000 * 2^1 is below 3000, 1000 * 2^2 above */
		{ "\"half_life\":\"10s\",\"maximum\":\"10s\"", "/links/a/damping" },
		{ "\"half_life\":\"10s\",\"maximum\":\"20s\"", "" },
		{ "\"half_life\":\"10s\",\"maximum\":\"15s\"", "/links/a/damping" },
		{ "\"half_life\":\"10s\",\"maximum\":\"10s\",\"reuse\":1600,\"suppress\":3000",
		  "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct policy_text t;
		char keys[256];

		snprintf(keys, sizeof(keys), "\"damping\":{%s}", cases[i].keys);
		read_link(&t, keys);
		assert_string_equal(fault_at(&t), cases[i].at);
		policy_text_done(&t);
	}
}

/* ---- groups ------------------------------------------------------------- */

static void a_bare_group_has_the_documented_defaults(void **state)
{
	struct policy_text t;
	const struct policy_group *g;

	read_group(&t, "");
	assert_string_equal(policy_text_faults(&t), "");
	g = t.policy->groups;
	assert_int_equal(g->mode, POLICY_GROUP_FAILOVER);
	assert_int_equal(g->failback, POLICY_FAILBACK_IMMEDIATE);
	assert_int_equal(g->failback_delay_ms, 30000);
	assert_int_equal(g->on_fail, POLICY_ON_FAIL_MOVE);
	assert_int_equal(g->on_recover, POLICY_ON_RECOVER_NEW_FLOWS);
	assert_int_equal(g->drain_time_ms, 300000);
	assert_int_equal(g->better_by_percent, 20);
	assert_int_equal(g->better_for_ms, 10000);
	policy_text_done(&t);
}

static void keys_of_a_group_need_what_gives_them_a_meaning(void **state)
{
	static const struct {
		const char *keys, *at;
	} cases[] = {
		{ ",\"failback\":\"never\"", "" },
		{ ",\"failback\":\"never\",\"mode\":\"failover\"", "" },
		{ ",\"failback\":\"never\",\"mode\":\"balance\"", "/groups/g/failback" },
		{ ",\"failback\":\"immediate\",\"mode\":\"quality\"", "/groups/g/failback" },
		{ ",\"failback\":\"delayed\",\"failback_delay\":\"1m\"", "" },
		{ ",\"failback_delay\":\"1m\"", "/groups/g/failback_delay" },
		{ ",\"failback\":\"never\",\"failback_delay\":\"1m\"", "/groups/g/failback_delay" },
		{ ",\"on_recover\":\"drain\",\"drain_time\":\"1m\"", "" },
		{ ",\"drain_time\":\"1m\"", "/groups/g/drain_time" },
		{ ",\"on_recover\":\"pull\",\"drain_time\":\"1m\"", "/groups/g/drain_time" },
		{ ",\"mode\":\"quality\",\"better_for\":\"1m\",\"better_by_percent\":5", "" },
		{ ",\"better_for\":\"1m\"", "/groups/g/better_for" },
		{ ",\"mode\":\"balance\",\"better_by_percent\":5", "/groups/g/better_by_percent" },
		/* a misspelt word is one fault, not two */
		{ ",\"mode\":\"qualty\",\"better_for\":\"1m\"", "/groups/g/mode" },
		{ ",\"failback\":\"delay\",\"failback_delay\":\"1m\"", "/groups/g/failback" },
		{ ",\"on_recover\":\"drian\",\"drain_time\":\"1m\"", "/groups/g/on_recover" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct policy_text t;

		read_group(&t, cases[i].keys);
		assert_string_equal(fault_at(&t), cases[i].at);
		policy_text_done(&t);
	}
}

static void quality_needs_something_that_measures(void **state)
{
	static const struct {
		const char *a, *b, *at;
	} cases[] = {
		{ "\"p\"", "\"p\"", "" },
		{ "\"p\"", "{\"type\":\"none\"}", "" },
		{ "{\"type\":\"none\"}", "{\"type\":\"exec\",\"command\":[\"/x\"]}",
		  "/groups/g/mode" },
		{ "{\"type\":\"route\",\"prefix4\":\"0.0.0.0/0\"}", "{\"type\":\"none\"}",
		  "/groups/g/mode" },
		{ "{\"type\":\"none\"}", "{\"type\":\"ndp\"}", "" },
		{ "\"q\"", "{\"type\":\"none\"}", "/links/a/probe" }, /* one fault, not two */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct policy_text t;
		char text[512];

		snprintf(text, sizeof(text),
			 "{\"version\":1,\"links\":{\"a\":{\"device\":\"a\",\"probe\":%s},"
			 "\"b\":{\"device\":\"b\",\"probe\":%s}},\"probes\":{\"p\":{" PING "}},"
			 "\"groups\":{\"g\":{\"mode\":\"quality\",\"links\":[\"a\",\"b\"]}}}",
			 cases[i].a, cases[i].b);
		policy_text_read(&t, text);
		assert_string_equal(fault_at(&t), cases[i].at);
		policy_text_done(&t);
	}
}

static void an_sla_beyond_the_timeout_is_warned_of(void **state)
{
	static const struct {
		const char *sla, *at;
	} cases[] = {
		{ "\"rtt_ms\":799", "" },
		{ "\"rtt_ms\":800", "/groups/g/sla/rtt_ms" },
		{ "\"rtt_ms\":80,\"jitter_ms\":900", "/groups/g/sla/jitter_ms" },
		{ "\"loss_percent\":100", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct policy_text t;
		char keys[256];

		snprintf(keys, sizeof(keys), ",\"mode\":\"quality\",\"sla\":{%s}", cases[i].sla);
		read_group(&t, keys);
		assert_int_equal(t.result, 0);
		assert_string_equal(fault_at(&t), cases[i].at);
		assert_true(!t.faults.count || t.faults.items[0].level == DIAG_WARNING);
		policy_text_done(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_bare_probe_has_the_documented_defaults),
		cmocka_unit_test(timers_that_are_not_written_fit_those_that_are),
		cmocka_unit_test(accepted_rounds_never_overlap),
		cmocka_unit_test(limits_have_a_way_in_and_a_way_out),
		cmocka_unit_test(each_type_has_its_own_defaults),
		cmocka_unit_test(a_probe_covers_the_families_it_asks),
		cmocka_unit_test(contradictory_timers_and_limits_are_refused_at_their_place),
		cmocka_unit_test(damping_keeps_the_proportions_of_its_defaults),
		cmocka_unit_test(damping_that_could_never_work_is_refused),
		cmocka_unit_test(a_bare_group_has_the_documented_defaults),
		cmocka_unit_test(keys_of_a_group_need_what_gives_them_a_meaning),
		cmocka_unit_test(quality_needs_something_that_measures),
		cmocka_unit_test(an_sla_beyond_the_timeout_is_warned_of),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
