/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/parse.h"

/* Every failing case must leave its output alone. */
#define UNTOUCHED 0x5a5a5a5a

static void expect(const char *text, int64_t got, int64_t want)
{
	if (got != want)
		fail_msg("\"%s\": got %lld, want %lld", text, (long long)got, (long long)want);
}

static void whole_numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		int result;
		uint64_t value;
	} cases[] = {
		{ "0", 0, 0, 0 },
		{ "1", 0, -ERANGE, 0 },
		{ "65535", 65535, 0, 65535 },
		{ "65536", 65535, -ERANGE, 0 },
		{ "18446744073709551615", UINT64_MAX, 0, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, -ERANGE, 0 },
		{ "99999999999999999999999999", UINT64_MAX, -ERANGE, 0 },
		{ "18446744073709551616", 5, -ERANGE, 0 }, /* wraps to 0 */
		{ "99999999999999999999999999x", UINT64_MAX, -EINVAL, 0 },
		{ "", 9, -EINVAL, 0 },
		{ " 1", 9, -EINVAL, 0 },
		{ "1 ", 9, -EINVAL, 0 },
		{ "+1", 9, -EINVAL, 0 },
		{ "-1", 9, -EINVAL, 0 },
		{ "-0", 9, -EINVAL, 0 },
		{ "00", 9, -EINVAL, 0 },
		{ "01", 9, -EINVAL, 0 },
		{ "0x1", 9, -EINVAL, 0 },
		{ "1e3", 9999, -EINVAL, 0 },
		{ "1.0", 9, -EINVAL, 0 },
		{ "1\n", 9, -EINVAL, 0 },
		{ "\xd9\xa1", 9, -EINVAL, 0 }, /* a digit, but an Arabic one */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t v = UNTOUCHED;

		expect(cases[i].text, parse_u64(cases[i].text, cases[i].max, &v), cases[i].result);
		assert_int_equal(v, cases[i].result ? UNTOUCHED : cases[i].value);
	}
}

static void signed_numbers(void **state)
{
	static const struct {
		const char *text;
		int64_t min, max;
		int result;
		int64_t value;
	} cases[] = {
		{ "0", 0, 0, 0, 0 },
		{ "-0", 0, 0, 0, 0 },
		{ "-1", -1, 5, 0, -1 },
		{ "-2", -1, 5, -ERANGE, 0 },
		{ "6", -1, 5, -ERANGE, 0 },
		{ "9223372036854775807", INT64_MIN, INT64_MAX, 0, INT64_MAX },
		{ "9223372036854775808", INT64_MIN, INT64_MAX, -ERANGE, 0 },
		{ "-9223372036854775808", INT64_MIN, INT64_MAX, 0, INT64_MIN },
		{ "-9223372036854775809", INT64_MIN, INT64_MAX, -ERANGE, 0 },
		{ "18446744073709551615", INT64_MIN, INT64_MAX, -ERANGE, 0 },
		{ "", -9, 9, -EINVAL, 0 },
		{ "-", -9, 9, -EINVAL, 0 },
		{ "--1", -9, 9, -EINVAL, 0 },
		{ "+1", -9, 9, -EINVAL, 0 },
		{ "- 1", -9, 9, -EINVAL, 0 },
		{ "-01", -9, 9, -EINVAL, 0 },
		{ "1\n", -9, 9, -EINVAL, 0 },
		{ "1-", -9, 9, -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int64_t v = UNTOUCHED;

		expect(cases[i].text, parse_i64(cases[i].text, cases[i].min, cases[i].max, &v),
		       cases[i].result);
		assert_int_equal(v, cases[i].result ? UNTOUCHED : cases[i].value);
	}
}

static void leading_numbers(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t value;
		const char *rest;
	} cases[] = {
		{ "12/via", 0, 12, "/via" },   { "0", 0, 0, "" },
		{ "0x", 0, 0, "x" },	       { "100ms", 0, 100, "ms" },
		{ "101ms", -ERANGE, 0, "ms" }, { "99999999999999999999ms", -ERANGE, 0, "ms" },
		{ "007ms", -EINVAL, 0, "ms" }, { "ms", -EINVAL, 0, "ms" },
		{ "-1", -EINVAL, 0, "-1" },    { " 1", -EINVAL, 0, " 1" },
		{ "", -EINVAL, 0, "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *at = cases[i].text;
		uint64_t v = UNTOUCHED;

		expect(cases[i].text, parse_leading_u64(&at, 100, &v), cases[i].result);
		assert_int_equal(v, cases[i].result ? UNTOUCHED : cases[i].value);
		assert_string_equal(at, cases[i].rest);
	}
}

static void hex_numbers(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint32_t value;
	} cases[] = {
		{ "0x0", 0, 0 },
		{ "0x539", 0, 0x539 },
		{ "0x00ffffff", 0, 0xffffff },
		{ "0xABCdef01", 0, 0xabcdef01 },
		{ "0xffffffff", 0, UINT32_MAX },
		{ "0x00000000ffffffff", 0, UINT32_MAX },
		{ "0x100000000", -ERANGE, 0 },
		{ "0x1000000000000000000000000", -ERANGE, 0 },
		{ "0x1000000000000000000000000g", -EINVAL, 0 },
		{ "", -EINVAL, 0 },
		{ "0", -EINVAL, 0 },
		{ "0x", -EINVAL, 0 },
		{ "539", -EINVAL, 0 },
		{ "0X539", -EINVAL, 0 },
		{ "x539", -EINVAL, 0 },
		{ "-0x1", -EINVAL, 0 },
		{ "0x-1", -EINVAL, 0 },
		{ "0x 1", -EINVAL, 0 },
		{ "0x1 ", -EINVAL, 0 },
		{ "0x5_3", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t v = UNTOUCHED;

		expect(cases[i].text, parse_u32_hex(cases[i].text, &v), cases[i].result);
		assert_int_equal(v, cases[i].result ? UNTOUCHED : cases[i].value);
	}
}

static void number_ranges(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint32_t lo, hi;
	} cases[] = {
		{ "80", 0, 80, 80 },
		{ "0", 0, 0, 0 },
		{ "65535", 0, 65535, 65535 },
		{ "0-65535", 0, 0, 65535 },
		{ "5060-5061", 0, 5060, 5061 },
		{ "443-443", 0, 443, 443 },
		{ "65536", -ERANGE, 0, 0 },
		{ "1-65536", -ERANGE, 0, 0 },
		{ "65536-1", -ERANGE, 0, 0 },
		{ "99999999999999999999-1", -ERANGE, 0, 0 },
		{ "2-1", -EDOM, 0, 0 },
		{ "65535-0", -EDOM, 0, 0 },
		{ "", -EINVAL, 0, 0 },
		{ "-", -EINVAL, 0, 0 },
		{ "1-", -EINVAL, 0, 0 },
		{ "-1", -EINVAL, 0, 0 },
		{ "1--2", -EINVAL, 0, 0 },
		{ "1-2-3", -EINVAL, 0, 0 },
		{ "1 - 2", -EINVAL, 0, 0 },
		{ "1:2", -EINVAL, 0, 0 },
		{ "1,2", -EINVAL, 0, 0 },
		{ "01-2", -EINVAL, 0, 0 },
		{ "1-02", -EINVAL, 0, 0 },
		{ "99999999-x", -EINVAL, 0, 0 },
		{ "http", -EINVAL, 0, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t lo = UNTOUCHED, hi = UNTOUCHED;
		int r = parse_number_range(cases[i].text, 65535, &lo, &hi);

		expect(cases[i].text, r, cases[i].result);
		assert_int_equal(lo, r ? UNTOUCHED : cases[i].lo);
		assert_int_equal(hi, r ? UNTOUCHED : cases[i].hi);
	}
}

static void the_largest_number_is_a_range(void **state)
{
	uint32_t lo, hi;

	assert_int_equal(parse_number_range("0-4294967295", UINT32_MAX, &lo, &hi), 0);
	assert_int_equal(hi, UINT32_MAX);
	assert_int_equal(parse_number_range("4294967296", UINT32_MAX, &lo, &hi), -ERANGE);
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint64_t ms;
	} cases[] = {
		{ "0ms", 0, 0 },
		{ "0d", 0, 0 },
		{ "250ms", 0, 250 },
		{ "1s", 0, 1000 },
		{ "5m", 0, 300000 },
		{ "2h", 0, 7200000 },
		{ "1d", 0, 86400000 },
		{ "1.5s", 0, 1500 },
		{ "0.001s", 0, 1 },
		{ "0.25d", 0, 21600000 },
		{ "1.000000000000s", 0, 1000 },
		{ "2.0ms", 0, 2 },
		{ "0.000000125d", -ERANGE, 0 }, /* 10.8 ms */
		{ "0.00000625d", 0, 540 },
		{ "18446744073709551615ms", 0, UINT64_MAX },
		{ "18446744073709551616ms", -ERANGE, 0 },
		{ "18446744073709551615s", -ERANGE, 0 },
		{ "18446744073709551.615s", 0, UINT64_MAX },
		{ "18446744073709551.616s", -ERANGE, 0 },
		{ "0.5ms", -ERANGE, 0 },
		{ "1.0005s", -ERANGE, 0 },
		{ "1.0000000000000001s", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "5", -EINVAL, 0 },
		{ "s", -EINVAL, 0 },
		{ ".5s", -EINVAL, 0 },
		{ "1.s", -EINVAL, 0 },
		{ "1..5s", -EINVAL, 0 },
		{ "1.5.5s", -EINVAL, 0 },
		{ "1,5s", -EINVAL, 0 },
		{ "-1s", -EINVAL, 0 },
		{ "+1s", -EINVAL, 0 },
		{ "01s", -EINVAL, 0 },
		{ "1 s", -EINVAL, 0 },
		{ " 1s", -EINVAL, 0 },
		{ "1s ", -EINVAL, 0 },
		{ "1S", -EINVAL, 0 },
		{ "1sec", -EINVAL, 0 },
		{ "1us", -EINVAL, 0 },
		{ "1w", -EINVAL, 0 },
		{ "1h30m", -EINVAL, 0 },
		{ "99999999999999999999x", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint64_t ms = UNTOUCHED;

		expect(cases[i].text, parse_duration_ms(cases[i].text, &ms), cases[i].result);
		assert_int_equal(ms, cases[i].result ? UNTOUCHED : cases[i].ms);
	}
}

static void mac_addresses(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint8_t mac[6];
	} cases[] = {
		{ "00:11:22:33:44:55", 0, { 0x00, 0x11, 0x22, 0x33, 0x44, 0x55 } },
		{ "aB-Cd-eF-01-23-45", 0, { 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45 } },
		{ "ff:ff:ff:ff:ff:ff", 0, { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } },
		{ "00:11:22:33:44-55", -EINVAL, { 0 } },
		{ "00-11:22:33:44:55", -EINVAL, { 0 } },
		{ "00.11.22.33.44.55", -EINVAL, { 0 } },
		{ "001122334455", -EINVAL, { 0 } },
		{ "0011.2233.4455", -EINVAL, { 0 } },
		{ "00:11:22:33:44", -EINVAL, { 0 } },
		{ "00:11:22:33:44:5", -EINVAL, { 0 } },
		{ "00:11:22:33:44:555", -EINVAL, { 0 } },
		{ "00:11:22:33:44:55:", -EINVAL, { 0 } },
		{ "00:11:22:33:44:55:66", -EINVAL, { 0 } },
		{ "0:11:22:33:44:555", -EINVAL, { 0 } },
		{ "00:11:22:33:44:5g", -EINVAL, { 0 } },
		{ " 0:11:22:33:44:55", -EINVAL, { 0 } },
		{ "00::1:22:33:44:55", -EINVAL, { 0 } },
		{ "", -EINVAL, { 0 } },
	};
	static const uint8_t untouched[6] = { 9, 9, 9, 9, 9, 9 };

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint8_t mac[6] = { 9, 9, 9, 9, 9, 9 };
		int r = parse_mac(cases[i].text, mac);

		expect(cases[i].text, r, cases[i].result);
		assert_memory_equal(mac, r ? untouched : cases[i].mac, 6);
	}
}

static void times_of_day(void **state)
{
	static const struct {
		const char *text;
		int result;
		uint32_t seconds;
	} cases[] = {
		{ "00:00", 0, 0 },	     { "08:00", 0, 28800 },
		{ "08:00:30", 0, 28830 },    { "23:59", 0, 86340 },
		{ "23:59:59", 0, 86399 },    { "24:00", 0, 86400 },
		{ "24:00:00", 0, 86400 },    { "24:00:01", -ERANGE, 0 },
		{ "24:01", -ERANGE, 0 },     { "25:00", -ERANGE, 0 },
		{ "99:99", -ERANGE, 0 },     { "08:60", -ERANGE, 0 },
		{ "08:00:60", -ERANGE, 0 },  { "", -EINVAL, 0 },
		{ "8:00", -EINVAL, 0 },	     { "08:0", -EINVAL, 0 },
		{ "08", -EINVAL, 0 },	     { "0800", -EINVAL, 0 },
		{ "08:00:", -EINVAL, 0 },    { "08:00:3", -EINVAL, 0 },
		{ "08:00:300", -EINVAL, 0 }, { "08:00:30.5", -EINVAL, 0 },
		{ "08.00", -EINVAL, 0 },     { "-8:00", -EINVAL, 0 },
		{ " 8:00", -EINVAL, 0 },     { "08:00 ", -EINVAL, 0 },
		{ "08:00Z", -EINVAL, 0 },    { "08:00am", -EINVAL, 0 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		uint32_t s = UNTOUCHED;

		expect(cases[i].text, parse_time_of_day(cases[i].text, &s), cases[i].result);
		assert_int_equal(s, cases[i].result ? UNTOUCHED : cases[i].seconds);
	}
}

static void utc_offsets(void **state)
{
	static const struct {
		const char *text;
		int result;
		int32_t seconds;
	} cases[] = {
		{ "Z", 0, 0 },
		{ "+00:00", 0, 0 },
		{ "-00:00", 0, 0 },
		{ "+01:00", 0, 3600 },
		{ "-09:30", 0, -34200 },
		{ "+05:45", 0, 20700 },
		{ "+14:00", 0, 50400 },
		{ "-12:00", 0, -43200 },
		{ "+14:01", -ERANGE, 0 },
		{ "-12:01", -ERANGE, 0 },
		{ "+99:00", -ERANGE, 0 },
		{ "+01:60", -ERANGE, 0 },
		{ "", -EINVAL, 0 },
		{ "z", -EINVAL, 0 },
		{ "ZZ", -EINVAL, 0 },
		{ "01:00", -EINVAL, 0 },
		{ "+1:00", -EINVAL, 0 },
		{ "+0100", -EINVAL, 0 },
		{ "+01", -EINVAL, 0 },
		{ "+01:0", -EINVAL, 0 },
		{ "+01:00:00", -EINVAL, 0 },
		{ "+-1:00", -EINVAL, 0 },
		{ "+01:00 ", -EINVAL, 0 },
		{ "UTC", -EINVAL, 0 },
		{ "\xe2\x88\x92"
		  "01:00",
		  -EINVAL, 0 }, /* the typographic minus */
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		int32_t s = UNTOUCHED;

		expect(cases[i].text, parse_utc_offset(cases[i].text, &s), cases[i].result);
		assert_int_equal(s, cases[i].result ? UNTOUCHED : cases[i].seconds);
	}
}

struct name_case {
	const char *name;
	bool valid;
};

static void check_names(bool (*check)(const char *name), const struct name_case *cases,
			size_t count)
{
	for (size_t i = 0; i < count; i++)
		expect(cases[i].name, check(cases[i].name), cases[i].valid);
}

static void device_names(void **state)
{
	static const struct name_case cases[] = {
		{ "eth0", true },
		{ "e", true },
		{ "7", true },
		{ "eth0.100", true },
		{ "br-lan", true },
		{ "ppp_wan", true },
		{ "tun+1", true },
		{ "veth@x", true },
		{ "a=b", true },
		{ ".hidden", true },
		{ "...", true },
		{ "123456789012345", true },
		{ "1234567890123456", false },
		{ "", false },
		{ ".", false },
		{ "..", false },
		{ "all", false },
		{ "default", false },
		{ "alls", true },
		{ "-eth0", false },
		{ "eth/0", false },
		{ "eth:0", false },
		{ "eth 0", false },
		{ "eth\t0", false },
		{ "eth\n", false },
		{ "eth0\"", false },
		{ "eth'0", false },
		{ "eth\\0", false },
		{ "eth*", false },
		{ "eth%d", false },
		{ "eth,0", false },
		{ "a{b", false },
		{ "a}b", false },
		{ "a#b", false },
		{ "a;b", false },
		{ "a$b", false },
		{ "a`b", false },
		{ "a|b", false },
		{ "a&b", false },
		{ "a(b)", false },
		{ "a<b", false },
		{ "a>b", false },
		{ "a!b", false },
		{ "a?b", false },
		{ "a[b]", false },
		{ "~a", false },
		{ "a^b", false },
		{ "a\x7f", false },
		{ "a\x01", false },
		{ "\xc3\xa9th0", false },
	};

	check_names(parse_valid_device, cases, ARRAY_SIZE(cases));
}

static void policy_names(void **state)
{
	static const struct name_case cases[] = {
		{ "fiber", true },
		{ "F", true },
		{ "0", true },
		{ "lte-2_b", true },
		{ "a-", true },
		{ "1234567890123456789012345678901", true },
		{ "12345678901234567890123456789012", false },
		{ "", false },
		{ "-a", false },
		{ "_a", false },
		{ "a.b", false },
		{ "a b", false },
		{ "a\n", false },
		{ "a\"", false },
		{ "a;b", false },
		{ "a/b", false },
		{ "\xc3\xa9", false },
	};

	check_names(parse_valid_name, cases, ARRAY_SIZE(cases));
}

#define LABEL_63 "a12345678901234567890123456789012345678901234567890123456789012"

static void domain_names(void **state)
{
	static const struct name_case cases[] = {
		{ "reddit.com", true },
		{ "WWW.Example.ORG", true },
		{ "lan", true },
		{ "a", true },
		{ "xn--bcher-kva.example", true },
		{ "_sip._udp.example.com", true },
		{ "1and1.com", true },
		{ "1.2.3.4.in-addr.arpa", true },
		{ "3com", true },
		{ LABEL_63 ".com", true },
		{ LABEL_63 "x.com", false },
		{ LABEL_63 "." LABEL_63 "." LABEL_63 ".a123456789012345678901234567890123456789"
			   "01234567890123456789.",
		  false },
		{ LABEL_63 "." LABEL_63 "." LABEL_63
			   ".a123456789012345678901234567890123456789012345678901234567890",
		  true }, /* 253 */
		{ LABEL_63 "." LABEL_63 "." LABEL_63
			   ".a1234567890123456789012345678901234567890123456789012345678901",
		  false }, /* 254 */
		{ "", false },
		{ ".", false },
		{ ".com", false },
		{ "reddit.com.", false },
		{ "reddit..com", false },
		{ "*.reddit.com", false },
		{ "-a.com", false },
		{ "a-.com", false },
		{ "a.-com", false },
		{ "a.com-", false },
		{ "a b.com", false },
		{ "a/b.com", false },
		{ "a#b.com", false },
		{ "a.com\n", false },
		{ "b\xc3\xbc"
		  "cher.de",
		  false },
		{ "http://a.com", false },
		{ "192.0.2.1", false },
		{ "a.123", false },
		{ "123", false },
		{ "2001:db8::1", false },
	};

	check_names(parse_valid_domain, cases, ARRAY_SIZE(cases));
}

/* One byte at a time, all 255 of them, in the middle of an otherwise good name. */
static void every_byte_is_judged_alike_everywhere(void **state)
{
	for (int c = 1; c < 256; c++) {
		bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
			    (c >= 'A' && c <= 'Z') || c == '-' || c == '_';
		char name[] = { 'a', (char)c, 'b', '\0' };

		assert_int_equal(parse_valid_name(name), word);
		assert_int_equal(parse_valid_domain(name), word || c == '.');
		assert_int_equal(parse_valid_device(name),
				 word || c == '.' || c == '+' || c == '@' || c == '=');
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers),
		cmocka_unit_test(signed_numbers),
		cmocka_unit_test(leading_numbers),
		cmocka_unit_test(hex_numbers),
		cmocka_unit_test(number_ranges),
		cmocka_unit_test(the_largest_number_is_a_range),
		cmocka_unit_test(durations),
		cmocka_unit_test(mac_addresses),
		cmocka_unit_test(times_of_day),
		cmocka_unit_test(utc_offsets),
		cmocka_unit_test(device_names),
		cmocka_unit_test(policy_names),
		cmocka_unit_test(domain_names),
		cmocka_unit_test(every_byte_is_judged_alike_everywhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
