/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the control socket takes, and how it refuses the rest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "daemon/control_request.h"

#include <stdio.h>
#include <string.h>

static int read_line(struct arena *a, const char *line, struct control_request *ret,
		     struct control_fault *fault)
{
	*fault = (struct control_fault){ 0 };
	return control_request_read(line, strlen(line), a, ret, fault);
}

static void every_command_is_taken(void **state)
{
	static const struct {
		const char *line;
		enum control_command command;
	} cases[] = {
		{ "{\"command\":\"status\"}", CONTROL_STATUS },
		{ "{\"command\":\"links\"}", CONTROL_LINKS },
		{ "{\"command\":\"groups\"}", CONTROL_GROUPS },
		{ "{\"command\":\"rules\"}", CONTROL_RULES },
		{ "{\"command\":\"why\",\"address\":\"192.0.2.1\"}", CONTROL_WHY },
		{ "{\"command\":\"drain\",\"link\":\"lte\"}", CONTROL_DRAIN },
		{ "{\"command\":\"undrain\",\"link\":\"lte\"}", CONTROL_UNDRAIN },
		{ "{\"command\":\"switch\",\"group\":\"g\",\"link\":\"lte\"}", CONTROL_SWITCH },
		{ "{\"command\":\"switch\",\"group\":\"g\",\"auto\":true}", CONTROL_SWITCH },
		{ "{\"command\":\"reload\"}", CONTROL_RELOAD },
		{ "{\"command\":\"watch\"}", CONTROL_WATCH },
		{ "{\"command\":\"metrics\"}", CONTROL_METRICS },
		{ "{\"command\":\"metrics\",\"strict\":true}", CONTROL_METRICS },
		{ "{\"command\":\"doctor\"}", CONTROL_DOCTOR },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct control_request r;
		struct control_fault f;

		if (read_line(a, cases[i].line, &r, &f))
			fail_msg("%s: %s", cases[i].line, f.error);
		assert_int_equal(r.command, cases[i].command);
	}
	arena_free(a);
}

static void what_is_wrong_is_named(void **state)
{
	static const struct {
		const char *line, *error, *hint;
	} cases[] = {
		{ "[]", "a request is an object with a string \"command\"", NULL },
		{ "{}", "a request is an object with a string \"command\"", NULL },
		{ "{\"command\":7}", "a request is an object with a string \"command\"", NULL },
		{ "{\"command\":\"statsu\"}", "there is no command \"statsu\"",
		  "did you mean \"status\"?" },
		{ "{\"command\":\"frobnicate\"}", "there is no command \"frobnicate\"", NULL },
		{ "{\"command\":\"status\",\"link\":\"x\"}",
		  "there is no key \"link\" of \"status\"", NULL },
		{ "{\"command\":\"drain\",\"lnik\":\"x\"}", "there is no key \"lnik\" of \"drain\"",
		  "did you mean \"link\"?" },
		{ "{\"command\":\"drain\"}", "\"drain\" needs \"link\"", NULL },
		{ "{\"command\":\"drain\",\"link\":\"\"}", "\"link\" is a text", NULL },
		{ "{\"command\":\"drain\",\"link\":3}", "\"link\" is a text", NULL },
		{ "{\"command\":\"switch\",\"group\":\"g\"}",
		  "\"switch\" needs either \"link\" or \"auto\"", NULL },
		{ "{\"command\":\"switch\",\"group\":\"g\",\"link\":\"l\",\"auto\":true}",
		  "\"switch\" needs either \"link\" or \"auto\"", NULL },
		{ "{\"command\":\"switch\",\"group\":\"g\",\"auto\":false}",
		  "\"auto\" is true, or not there", NULL },
		{ "{\"command\":\"why\"}", "\"why\" needs \"address\"", NULL },
		{ "{\"command\":\"why\",\"address\":\"x\"}",
		  "\"address\": \"x\" is not an IPv4 or IPv6 address", NULL },
		{ "{\"command\":\"why\",\"address\":\"10.0.0.0/8\"}",
		  "\"address\": \"10.0.0.0/8\" is not an IPv4 or IPv6 address",
		  "one address of the prefix" },
		{ "{\"command\":\"why\",\"address\":\"192.0.2.1\",\"from\":\"2001:db8::1\"}",
		  "\"from\" and \"address\" are of different families", NULL },
		{ "{\"command\":\"why\",\"address\":\"192.0.2.1\",\"proto\":\"upd\"}",
		  "\"proto\": \"upd\" is not a protocol's name or number",
		  "did you mean \"udp\"?" },
		{ "{\"command\":\"why\",\"address\":\"192.0.2.1\",\"proto\":256}",
		  "\"proto\" is not a number from 0 to 255", NULL },
		{ "{\"command\":\"why\",\"address\":\"192.0.2.1\",\"dport\":65536}",
		  "\"dport\" is not a number from 0 to 65535", NULL },
		{ "{\"command\":\"why\",\"address\":\"192.0.2.1\",\"dport\":-1}",
		  "\"dport\" is not a number from 0 to 65535", NULL },
		{ "{\"command\":\"why\",\"address\":\"192.0.2.1\",\"dport\":\"80 \"}",
		  "\"dport\": \"80 \" is not a number from 0 to 65535", NULL },
		{ "{\"command\":\"why\",\"address\":\"192.0.2.1\",\"iif\":\"a/b\"}",
		  "\"iif\" is the name of a network device", NULL },
		{ "{\"command\":\"why\",\"address\":\"192.0.2.1\",\"mac\":\"00:11\"}",
		  "\"mac\" is a hardware address, 00:11:22:33:44:55", NULL },
		{ "{\"command\":\"why\",\"address\":\"192.0.2.1\",\"uid\":0}",
		  "only this machine's own traffic has a user or a cgroup", "add \"local\"" },
		{ "{\"command\":\"why\",\"address\":\"192.0.2.1\",\"local\":true,\"iif\":\"lan\"}",
		  "\"local\" is of this machine itself: it comes in by no device", NULL },
	};
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct control_request r;
		struct control_fault f;

		if (read_line(a, cases[i].line, &r, &f) != CONTROL_REQUEST_INVALID)
			fail_msg("taken: %s", cases[i].line);
		assert_string_equal(f.error, cases[i].error);
		if (cases[i].hint)
			assert_string_equal(f.hint, cases[i].hint);
		else
			assert_null(f.hint);
	}
	arena_free(a);
}

static void what_is_no_json_is_refused(void **state)
{
	static const char *const lines[] = { "",
					     "{",
					     "\xff\xfe",
					     "{\"command\":\"status\"} x",
					     "{\"command\":\"status\",\"command\":\"status\"}",
					     "{\"command\":\"\\u0000\"}" };
	struct arena *a = arena_new();

	for (size_t i = 0; i < ARRAY_SIZE(lines); i++) {
		struct control_request r;
		struct control_fault f;

		assert_int_equal(read_line(a, lines[i], &r, &f), CONTROL_REQUEST_INVALID);
		assert_memory_equal(f.error, "the request is not JSON: ", 25);
	}
	arena_free(a);
}

static void a_question_is_read_whole(void **state)
{
	struct arena *a = arena_new();
	struct control_request r;
	struct control_fault f;

	assert_int_equal(
		read_line(a,
			  "{\"command\":\"why\",\"icmp_type\":\"echo-request\",\"dscp\":\"ef\","
			  "\"mac\":\"00:11:22:33:44:55\",\"iif\":\"lan1\",\"sport\":\"7\","
			  "\"dport\":80,\"proto\":\"icmpv6\",\"from\":\"2001:db8::2\","
			  "\"mark\":\"0x539\",\"address\":\"2001:db8::1\"}",
			  &r, &f),
		0);
	assert_int_equal(r.packet.family, INET6);
	assert_int_equal(r.packet.icmp_type, 128); /* of the address's family */
	assert_int_equal(r.packet.dscp, 46);
	assert_int_equal(r.packet.mac[5], 0x55);
	assert_string_equal(r.packet.iif, "lan1");
	assert_int_equal(r.packet.sport, 7);
	assert_int_equal(r.packet.dport, 80);
	assert_int_equal(r.packet.proto, 58);
	assert_int_equal(r.packet.saddr.bytes[15], 2);
	assert_int_equal(r.packet.mark, 0x539);
	assert_int_equal(r.packet.given, PLAN_EVAL_FROM | PLAN_EVAL_PROTO | PLAN_EVAL_SPORT |
						 PLAN_EVAL_DPORT | PLAN_EVAL_IIF | PLAN_EVAL_MAC |
						 PLAN_EVAL_DSCP | PLAN_EVAL_ICMP_TYPE);
	assert_int_equal(read_line(a,
				   "{\"command\":\"why\",\"address\":\"192.0.2.1\",\"local\":true,"
				   "\"uid\":1000,\"cgroup\":\"/system.slice/x\"}",
				   &r, &f),
			 0);
	assert_true(r.packet.local);
	assert_int_equal(r.packet.uid, 1000);
	assert_string_equal(r.packet.cgroup, "system.slice/x");
	arena_free(a);
}

static void a_clients_text_comes_back_short_and_harmless(void **state)
{
	struct arena *a = arena_new();
	struct control_request r;
	struct control_fault f;
	char line[512];

	snprintf(line, sizeof(line), "{\"command\":\"%0200d\"}", 7);
	assert_int_equal(read_line(a, line, &r, &f), CONTROL_REQUEST_INVALID);
	assert_true(strlen(f.error) < 120);
	assert_int_equal(read_line(a, "{\"command\":\"\\u001b[31m\\n\"}", &r, &f),
			 CONTROL_REQUEST_INVALID);
	assert_string_equal(f.error, "there is no command \"?[31m?\"");
	/* not half a character: 59 bytes and then one of two */
	snprintf(line, sizeof(line), "{\"command\":\"%059d\u00e4\u00e4\"}", 7);
	assert_int_equal(read_line(a, line, &r, &f), CONTROL_REQUEST_INVALID);
	assert_int_equal((unsigned char)f.error[strlen(f.error) - 2], '7');
	arena_free(a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_command_is_taken),
		cmocka_unit_test(what_is_wrong_is_named),
		cmocka_unit_test(what_is_no_json_is_refused),
		cmocka_unit_test(a_question_is_read_whole),
		cmocka_unit_test(a_clients_text_comes_back_short_and_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
