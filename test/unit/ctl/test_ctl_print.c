/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's JSON as people read it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "daemon/ctl_event.h"
#include "daemon/ctl_options.h"
#include "daemon/ctl_print.h"
#include "daemon/ctl_table.h"
#include "daemon/ctl_text.h"

#include <errno.h>
#include <string.h>

static void durations_have_two_units_at_most(void **state)
{
	static const struct {
		double seconds;
		const char *text;
	} cases[] = {
		{ 0, "0ms" },
		{ -1, "0ms" },
		{ 0.35, "350ms" },
		{ 1, "1s" },
		{ 59.9, "59s" },
		{ 60, "1m" },
		{ 192, "3m 12s" },
		{ 3600, "1h" },
		{ 3659, "1h" },
		{ 7500, "2h 5m" },
		{ 86400, "1d" },
		{ 371000, "4d 7h" },
		{ 40000000, "462d 23h" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strbuf out = STRBUF_NULL;

		ctl_text_duration(&out, cases[i].seconds);
		assert_string_equal(strbuf_text(&out), cases[i].text);
		strbuf_done(&out);
	}
}

static void quantities_have_units(void **state)
{
	static const struct {
		double value;
		const char *bytes, *ms;
	} cases[] = {
		{ 0, "0 B", "0 ms" },
		{ 0.004, "0 B", "4 us" },
		{ 12.34, "12 B", "12.3 ms" },
		{ 1023, "1023 B", "1023 ms" },
		{ 1536, "1.5 KiB", "1536 ms" },
		{ 15000, "14.6 KiB", "15 s" },
		{ 5e9, "4.7 GiB", "5000000 s" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct strbuf out = STRBUF_NULL;

		ctl_text_bytes(&out, cases[i].value);
		assert_string_equal(strbuf_text(&out), cases[i].bytes);
		strbuf_reset(&out);
		ctl_text_ms(&out, cases[i].value);
		assert_string_equal(strbuf_text(&out), cases[i].ms);
		strbuf_done(&out);
	}
}

static void columns_are_aligned_and_empty_ones_left_out(void **state)
{
	static const char *const headings[] = { "NAME", "EMPTY", ">N", "LAST", NULL };
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;
	struct ctl_table *t = ctl_table_new(headings);

	ctl_table_print(t, false, &out);
	assert_string_equal(strbuf_text(&out), "");
	ctl_table_row(t);
	strbuf_add(ctl_table_cell(t, 0), "f\u00fcr"); /* four bytes, three columns */
	strbuf_add(ctl_table_cell(t, 2), "7");
	ctl_table_row(t);
	strbuf_add(ctl_table_cell(t, 0), "longer");
	strbuf_add(ctl_table_cell(t, 2), "123");
	strbuf_add(ctl_table_cell(t, 3), "x");
	ctl_table_paint(t, 0, CTL_BAD);
	ctl_table_print(t, false, &out);
	assert_string_equal(strbuf_text(&out), "NAME      N  LAST\n"
					       "f\u00fcr       7\n"
					       "longer  123  x\n");
	strbuf_reset(&out);
	ctl_table_print(t, true, &out);
	assert_non_null(strstr(strbuf_text(&out), "\033[1;31mlonger\033[0m  123  x\n"));
	ctl_table_free(t);
}

#define FAMILY_UP                                                                                  \
	"{\"state\":\"up\",\"use\":\"yes\",\"reason\":\"up\",\"for_seconds\":61,\"losses\":0"
#define CHOICE "{\"leaves_by\":\"link\",\"link\":\"lte\",\"reason\":\"fiber: no carrier\","

static void prints(enum ctl_command c, const char *json, const char *want)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;
	json_t *j = json_loads(json, 0, NULL);

	assert_non_null(j);
	assert_int_equal(ctl_print_answer(c, j, false, &out), 0);
	assert_string_equal(strbuf_text(&out), want);
	json_decref(j);
}

static void status_is_two_tables(void **state)
{
	prints(CTL_STATUS,
	       "{\"version\":\"0.1.0\",\"policy\":\"/p\",\"uptime_seconds\":7500,\"in_sync\":false,"
	       "\"loading\":true,\"repairs\":2,\"links\":[{\"name\":\"fiber\",\"device\":\"eth1\","
	       "\"penalty\":3412,\"ipv4\":{\"state\":\"damped\",\"use\":\"spare\","
	       "\"reason\":\"flapping\",\"for_seconds\":3,\"until_seconds\":48.5,\"losses\":4,"
	       "\"probe\":{\"verdict\":\"passing\",\"loss_percent\":5,\"rtt_ms\":12.34,"
	       "\"jitter_ms\":0.5}},\"ipv6\":" FAMILY_UP "}}],\"groups\":[{\"name\":\"default\","
	       "\"mode\":\"failover\",\"ipv4\":" CHOICE "\"for_seconds\":3,\"by_hand\":false,"
	       "\"switches\":1,\"next\":{\"link\":\"fiber\",\"in_seconds\":12}},\"ipv6\":"
	       "{\"leaves_by\":\"main\",\"for_seconds\":3,\"by_hand\":false,\"switches\":0}}],"
	       "\"targets\":[]}",
	       "omr-nftd 0.1.0, policy /p, up 2h 5m, loading, 2 repairs\n"
	       "\n"
	       "LINK   DEVICE  FAMILY  STATE   SINCE  LOSS      RTT  JITTER  BACK IN  PENALTY  REASON\n"
	       "fiber  eth1    IPv4    damped     3s   5 %  12.3 ms  0.5 ms      48s     3412  flapping\n"
	       "               IPv6    up      1m 1s\n"
	       "\n"
	       "GROUP    MODE      FAMILY  LEAVES BY  SINCE  NEXT          SWITCHES  WHY\n"
	       "default  failover  IPv4    lte           3s  fiber in 12s         1  fiber: no carrier\n"
	       "                   IPv6    main          3s                       0\n");
}

static void what_a_terminal_would_obey_is_not_printed(void **state)
{
	prints(CTL_RULES,
	       "{\"counted\":true,\"rules\":[{\"number\":1,\"name\":\"a\",\"enabled\":true,\"via\":\"x\","
	       "\"match\":\"to \\u001b[2J\",\"target\":\"x\",\"packets\":1,\"bytes\":60,"
	       "\"note\":\"\\u0007\"}]}",
	       "#  RULE  PACKETS  BYTES  TARGET  MATCHES  NOTE\n"
	       "1  a           1   60 B  x       to ?[2J  ?\n");
}

static void why_is_a_chain_of_reasons(void **state)
{
	prints(CTL_WHY,
	       "{\"address\":\"198.51.100.7\",\"family\":\"ipv4\",\"outcome\":\"rule\",\"rule\":\"bank\","
	       "\"number\":2,\"matched\":\"198.51.100.0/24\",\"target\":\"default\",\"mark\":1337,"
	       "\"leaves_by\":\"link\",\"link\":\"lte\",\"reason\":\"fiber: no carrier\","
	       "\"for_seconds\":180,\"by_hand\":false,\"candidates\":[{\"state\":\"no-carrier\","
	       "\"use\":\"no\",\"reason\":\"no carrier\",\"for_seconds\":180,\"losses\":1,"
	       "\"link\":\"fiber\",\"tier\":0}],\"maybe\":[{\"rule\":\"sip\",\"number\":1,"
	       "\"target\":\"voice\",\"needs\":[\"proto\",\"sport\",\"icmp_type\"]}],"
	       "\"route\":{\"unreachable\":false,\"device\":\"wwan0\",\"table\":8}}",
	       "198.51.100.7 -> rule bank (#2, to 198.51.100.0/24) -> target default -> link lte "
	       "(fiber: no carrier, for 3m)\n"
	       "  rule sip (#1) may take it to voice: it needs --proto, --sport and --icmp-type\n"
	       "  link fiber: no carrier, for 3m\n"
	       "  the kernel: dev wwan0, table 8\n");
}

static void an_answer_of_another_shape_is_refused(void **state)
{
	static const enum ctl_command commands[] = { CTL_STATUS, CTL_LINKS, CTL_GROUPS,
						     CTL_RULES,	 CTL_WHY,   CTL_METRICS };
	static const char *const answers[] = { "{}", "[]", "{\"links\":7,\"in_sync\":true}",
					       "{\"rules\":{}}" };

	for (size_t i = 0; i < ARRAY_SIZE(commands); i++)
		for (size_t k = 0; k < ARRAY_SIZE(answers); k++) {
			_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;
			json_t *j = json_loads(answers[k], 0, NULL);

			assert_int_equal(ctl_print_answer(commands[i], j, false, &out), -EPROTO);
			json_decref(j);
		}
}

static void an_event_is_a_line(void **state)
{
	static const struct {
		const char *json, *text;
	} cases[] = {
		{ "{\"event\":\"group\",\"time\":\"2026-11-23T01:02:03.004Z\",\"group\":\"default\","
		  "\"link\":\"lte\",\"family\":\"ipv4\",\"from\":\"fiber\",\"to\":\"lte\","
		  "\"reason\":\"fiber: no carrier\",\"text\":\"x\",\"detect_us\":1500}",
		  "2026-11-23 01:02:03.004Z  group default IPv4: fiber -> lte: fiber: no carrier "
		  "(detected in 1.5 ms)\n" },
		{ "{\"event\":\"link-up\",\"time\":\"2026-11-23T01:02:03.004Z\",\"present\":true,"
		  "\"link\":\"lte\",\"device\":\"wwan0\",\"family\":\"ipv6\",\"to\":\"up\","
		  "\"reason\":\"up\",\"for_seconds\":5}",
		  "2026-11-23 01:02:03.004Z  link lte (wwan0) IPv6: up (for 5s)\n" },
		{ "{\"event\":\"repair\",\"time\":\"2026-11-23T01:02:03.004Z\",\"text\":\"3 rules\"}",
		  "2026-11-23 01:02:03.004Z  3 rules\n" },
		{ "{\"event\":\"end\",\"time\":\"2026-11-23T01:02:03.004Z\",\"reason\":\"bye\"}",
		  "2026-11-23 01:02:03.004Z  end: bye\n" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;
		json_t *j = json_loads(cases[i].json, 0, NULL);

		ctl_event_print(j, false, &out);
		assert_string_equal(strbuf_text(&out), cases[i].text);
		json_decref(j);
	}
}

static void requests_are_what_was_typed(void **state)
{
	static const struct {
		const char *argv[12];
		const char *request;
	} cases[] = {
		{ { "omr-nftctl", "status" }, "{\"command\":\"status\"}" },
		{ { "omr-nftctl", "--json", "drain", "lte" },
		  "{\"command\":\"drain\",\"link\":\"lte\"}" },
		{ { "omr-nftctl", "switch", "default", "lte" },
		  "{\"command\":\"switch\",\"group\":\"default\",\"link\":\"lte\"}" },
		{ { "omr-nftctl", "switch", "auto", "auto" },
		  "{\"command\":\"switch\",\"group\":\"auto\",\"auto\":true}" },
		{ { "omr-nftctl", "metrics", "--strict" },
		  "{\"command\":\"metrics\",\"strict\":true}" },
		{ { "omr-nftctl", "why", "192.0.2.1", "--proto", "udp", "--icmp-type=8" },
		  "{\"command\":\"why\",\"address\":\"192.0.2.1\",\"proto\":\"udp\","
		  "\"icmp_type\":\"8\"}" },
		{ { "omr-nftctl", "--local", "--uid", "0", "why", "::1" },
		  "{\"command\":\"why\",\"address\":\"::1\",\"uid\":\"0\",\"local\":true}" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char *argv[ARRAY_SIZE(cases[i].argv) + 1] = { NULL };
		struct ctl_options o;
		char *request;
		int argc = 0;

		for (; argc < (int)ARRAY_SIZE(cases[i].argv) && cases[i].argv[argc]; argc++)
			argv[argc] = strdup(cases[i].argv[argc]);
		assert_int_equal(ctl_options_parse(argc, argv, &o), 0);
		request = ctl_options_request(&o);
		assert_string_equal(request, cases[i].request);
		free(request);
		while (argc--)
			free(argv[argc]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(durations_have_two_units_at_most),
		cmocka_unit_test(quantities_have_units),
		cmocka_unit_test(columns_are_aligned_and_empty_ones_left_out),
		cmocka_unit_test(status_is_two_tables),
		cmocka_unit_test(what_a_terminal_would_obey_is_not_printed),
		cmocka_unit_test(why_is_a_chain_of_reasons),
		cmocka_unit_test(an_answer_of_another_shape_is_refused),
		cmocka_unit_test(an_event_is_a_line),
		cmocka_unit_test(requests_are_what_was_typed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
