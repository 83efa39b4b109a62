/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "generator/emit_budget.h"
#include "test/unit/model/policy_text.h"

#include <stdlib.h>

/* What is printed of the policy, which is freed. */
static void budget(const char *policy, struct strbuf *out)
{
	struct policy_text t;

	policy_text_read(&t, policy);
	assert_string_equal(policy_text_faults(&t), "");
	emit_budget(t.policy, out);
	policy_text_done(&t);
}

static void families_share_a_row_when_they_are_alike(void **state)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;

	budget("{\"version\":1,\"links\":{"
	       "\"a\":{\"device\":\"a\",\"probe\":{\"type\":\"icmp\",\"hosts4\":[\"192.0.2.1\"],"
	       "\"hosts6\":[\"2001:db8::1\"]}},"
	       "\"lte\":{\"device\":\"b\",\"probe\":{\"type\":\"arp\",\"interval\":\"2m\","
	       "\"interval_failing\":\"5m\"}}},"
	       "\"groups\":{\"g\":{\"links\":[\"a\"],\"failback\":\"never\"}}}",
	       &out);
	assert_string_equal(
		strbuf_text(&out),
		"with the daemon, at worst:\n"
		"                  carrier lost  silent failure  with traffic  used again\n"
		"  group g         40 ms         3.81 s          3.11 s        not by itself\n"
		"  link a          40 ms         3.81 s          3.11 s        5.81 s\n"
		"  link lte  IPv4  40 ms         12.01 min       3.11 s        25.01 min\n"
		"            IPv6  40 ms         never seen      never seen    10 ms\n"
		"  no probe: lte (IPv6); a failure that leaves carrier, address and gateway is never "
		"seen there\n");
}

static void routes_are_counted_from_their_withdrawal_and_that_is_said(void **state)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;

	budget("{\"version\":1,\"links\":{\"a\":{\"device\":\"a\",\"probe\":{\"type\":\"route\","
	       "\"prefix4\":\"0.0.0.0/0\",\"prefix6\":\"::/0\"}}}}",
	       &out);
	assert_string_equal(strbuf_text(&out),
			    "with the daemon, at worst:\n"
			    "          carrier lost  silent failure  with traffic  used again\n"
			    "  link a  40 ms         10 ms           10 ms         10 ms\n"
			    "  probes of type \"route\": from the moment the route goes\n");
}

static void the_longest_names_and_the_largest_policy_fit(void **state)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL, text = STRBUF_NULL;
	size_t lines = 0;

	strbuf_add(&text, "{\"version\":1,\"links\":{");
	for (unsigned i = 0; i < POLICY_LINKS_MAX; i++)
		strbuf_addf(&text,
			    "%s\"link-%026u\":{\"device\":\"d%u\",\"probe\":{\"type\":\"arp\"}}",
			    i ? "," : "", i, i);
	strbuf_add(&text, "},\"groups\":{");
	for (unsigned i = 0; i < POLICY_GROUPS_MAX; i++)
		strbuf_addf(&text, "%s\"group-%025u\":{\"links\":[\"link-%026u\"]}", i ? "," : "",
			    i, i % POLICY_LINKS_MAX);
	strbuf_add(&text, "}}");
	budget(strbuf_text(&text), &out);
	for (const char *c = strbuf_text(&out); *c; c++)
		lines += *c == '\n';
	assert_int_equal(lines, 2 + 2 * (POLICY_LINKS_MAX + POLICY_GROUPS_MAX) + 1);
	assert_non_null(strstr(strbuf_text(&out), "group group-0000000000000000000000199"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(families_share_a_row_when_they_are_alike),
		cmocka_unit_test(routes_are_counted_from_their_withdrawal_and_that_is_said),
		cmocka_unit_test(the_longest_names_and_the_largest_policy_fit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
