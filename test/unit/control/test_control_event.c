/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's lines as watchers get them; rules in a few words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "../model/policy_text.h"
#include "base/cleanup.h"
#include "daemon/control_event.h"
#include "daemon/control_json.h"
#include "daemon/control_rules.h"

#include <math.h>

#define TIME "2026-11-23T01:02:03.004Z"

static void line_is(const struct core_line *line, const char *want)
{
	struct strbuf out = STRBUF_NULL;

	control_event_line(line, TIME, &out);
	assert_string_equal(strbuf_text(&out), want);
	strbuf_done(&out);
}

static void only_what_applies_is_in_an_event(void **state)
{
	line_is(&(struct core_line){ .kind = CORE_LINE_GROUP,
				     .token = "group",
				     .text = "default: ipv6 fiber -> lte",
				     .group = "default",
				     .family = INET6,
				     .from = "fiber",
				     .to = "lte",
				     .reason = "fiber: no carrier",
				     .detect_us = 1500 },
		"{\"event\":\"group\",\"time\":\"" TIME
		"\",\"group\":\"default\",\"family\":\"ipv6\","
		"\"from\":\"fiber\",\"to\":\"lte\",\"reason\":\"fiber: no carrier\","
		"\"text\":\"default: ipv6 fiber -> lte\",\"warning\":false,\"detect_us\":1500}\n");
	line_is(&(struct core_line){ .kind = CORE_LINE_LINK_DOWN,
				     .warning = true,
				     .text = "fiber: ipv4 down",
				     .link = "fiber",
				     .device = "eth1",
				     .from = "up",
				     .to = "down" },
		"{\"event\":\"link-down\",\"time\":\"" TIME
		"\",\"link\":\"fiber\",\"device\":\"eth1\","
		"\"family\":\"ipv4\",\"from\":\"up\",\"to\":\"down\",\"text\":\"fiber: ipv4 down\","
		"\"warning\":true}\n");
	line_is(&(struct core_line){ .kind = CORE_LINE_REPAIR, .text = "3 rules put back" },
		"{\"event\":\"repair\",\"time\":\"" TIME "\",\"text\":\"3 rules put back\","
		"\"warning\":false}\n");
	line_is(&(struct core_line){ .kind = CORE_LINE_OTHER, .text = "x" },
		"{\"event\":\"log\",\"time\":\"" TIME "\",\"text\":\"x\",\"warning\":false}\n");
}

static void a_line_is_one_line_whatever_stands_in_it(void **state)
{
	line_is(&(struct core_line){ .kind = CORE_LINE_OTHER, .text = "a\n\"b\"\xff" },
		"{\"event\":\"log\",\"time\":\"" TIME "\",\"text\":\"a\\n\\\"b\\\"?\","
		"\"warning\":false}\n");
}

static void numbers_that_are_none_are_left_out(void **state)
{
	json_t *j = json_object();
	struct strbuf out = STRBUF_NULL;

	control_json_set_real(j, "a", NAN);
	control_json_set_real(j, "b", INFINITY);
	control_json_set_real(j, "c", 1.5);
	control_json_set_since(j, "d", 5000000000, 4000000000);
	control_json_set_until(j, "e", 4000000000, 5000000000);
	control_json_set_until(j, "f", 5500000000, 4000000000);
	control_json_line(j, &out);
	assert_string_equal(strbuf_text(&out), "{\"c\":1.5,\"d\":0.0,\"f\":1.5}\n");
	strbuf_done(&out);
	json_decref(j);
}

static void a_rule_in_a_few_words(void **state)
{
	static const struct {
		const char *keys, *text;
	} cases[] = {
		{ "\"to\":[\"203.0.113.0/24\",\"2001:db8::/32\",\"198.51.100.1\"]",
		  "to 203.0.113.0/24 (+2)" },
		{ "\"domains\":[\"example.com\"],\"to\":[\"203.0.113.1-203.0.113.3\"]",
		  "to 203.0.113.1-203.0.113.3, domains example.com" },
		{ "\"from\":[\"192.168.1.0/24\"],\"protocols\":[\"udp\",\"tcp\"],"
		  "\"dports\":[\"5060-5061\",53]",
		  "from 192.168.1.0/24, protocols udp tcp, dports 5060-5061 (+1)" },
		{ "\"macs\":[\"00:11:22:33:44:55\"],\"iifs\":[\"lan1\",\"lan2\"]",
		  "macs 00:11:22:33:44:55, iifs lan1 (+1)" },
		{ "\"users\":[34],\"families\":[\"ipv6\"]", "users 34, families ipv6" },
		{ "\"icmp_types\":[\"echo-request\"],\"dscp\":[\"ef\"]",
		  "icmp_types 8 (+1), dscp 46" },
		{ "\"schedule\":{\"from\":\"08:00\",\"to\":\"17:30\",\"utc_offset\":\"Z\"}",
		  "schedule 08:00-17:30" },
		{ "\"note\":\"x\"", "everything" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strbuf out = STRBUF_NULL;
		struct policy_text t;
		char keys[512];

		snprintf(keys, sizeof(keys), "%s,\"via\":\"default\"", cases[i].keys);
		policy_text_rule(&t, keys);
		assert_string_equal(policy_text_faults(&t), "");
		control_rules_match_text(&t.policy->rules[0], &out);
		assert_string_equal(strbuf_text(&out), cases[i].text);
		strbuf_done(&out);
		policy_text_done(&t);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_what_applies_is_in_an_event),
		cmocka_unit_test(a_line_is_one_line_whatever_stands_in_it),
		cmocka_unit_test(numbers_that_are_none_are_left_out),
		cmocka_unit_test(a_rule_in_a_few_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
