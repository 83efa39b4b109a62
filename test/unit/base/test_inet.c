/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/inet.h"

/*
 * The parsers get a copy of exactly n bytes on the heap, so that reading past
 * them is seen by the sanitizer.
 */
static char *exact(const char *text, size_t n)
{
	char *copy = malloc(n ? n : 1);

	assert_non_null(copy);
	memcpy(copy, text, n);
	return copy;
}

static int parse_addr(const char *text, enum inet_family *f, struct inet_addr *a)
{
	_cleanup_(cleanup_freep) char *copy = exact(text, strlen(text));

	return inet_parse_addr(copy, strlen(text), f, a);
}

static int parse_prefix(const char *text, struct inet_prefix *p)
{
	_cleanup_(cleanup_freep) char *copy = exact(text, strlen(text));

	return inet_parse_prefix(copy, strlen(text), p);
}

static int parse_range(const char *text, enum inet_family *f, struct inet_range *r)
{
	_cleanup_(cleanup_freep) char *copy = exact(text, strlen(text));

	return inet_parse_range(copy, strlen(text), f, r);
}

/* For the tests' own constants. */
static struct inet_addr addr_of(const char *text, enum inet_family *ret_family)
{
	struct inet_addr a;
	enum inet_family f;

	if (parse_addr(text, &f, &a) < 0)
		fail_msg("the test's own address \"%s\"", text);
	if (ret_family)
		*ret_family = f;
	return a;
}

static struct inet_range range_of(const char *text)
{
	struct inet_range r;
	enum inet_family f;

	if (parse_range(text, &f, &r) < 0)
		fail_msg("the test's own range \"%s\"", text);
	return r;
}

static void families_have_sizes_and_numbers(void **state)
{
	assert_int_equal(inet_bits(INET4), 32);
	assert_int_equal(inet_bits(INET6), 128);
	assert_int_equal(inet_af(INET4), AF_INET);
	assert_int_equal(inet_af(INET6), AF_INET6);
}

/* Text in, and out again as RFC 5952 wants it; NULL: refused. */
static void addresses(void **state)
{
	static const struct {
		const char *text, *printed;
	} cases[] = {
		{ "0.0.0.0", "0.0.0.0" },
		{ "10.0.0.1", "10.0.0.1" },
		{ "255.255.255.255", "255.255.255.255" },
		{ "1.20.255.9", "1.20.255.9" },
		{ "256.0.0.1", NULL },
		{ "1.2.3.256", NULL },
		{ "1.2.3.1000", NULL },
		{ "1.2.3.4294967297", NULL },
		{ "01.2.3.4", NULL },
		{ "1.2.3.00", NULL },
		{ "1.2.3.010", NULL },
		{ "0x1.2.3.4", NULL },
		{ "1.2.3", NULL },
		{ "1.2.3.", NULL },
		{ "1.2.3.4.", NULL },
		{ "1.2.3.4.5", NULL },
		{ ".1.2.3", NULL },
		{ "1..2.3", NULL },
		{ "1.2.3.-4", NULL },
		{ "1.2.3.+4", NULL },
		{ "1,2,3,4", NULL },
		{ " 1.2.3.4", NULL },
		{ "1.2.3.4 ", NULL },
		{ "1.2.3.4\n", NULL },
		{ "1.2.3.4/32", NULL },
		{ "16909060", NULL },
		{ "localhost", NULL },
		{ "", NULL },
		{ "1", NULL },

		{ "::", "::" },
		{ "::1", "::1" },
		{ "1::", "1::" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "2001:DB8::aBcD", "2001:db8::abcd" },
		{ "2001:0db8:0000:0000:0000:0000:0000:0001", "2001:db8::1" },
		{ "2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1" }, /* first of equal runs */
		{ "2001:0:0:1:0:0:0:1", "2001:0:0:1::1" }, /* the longer run */
		{ "2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1" }, /* one group is not cut */
		{ "2001:db8::1:1:1:1:1", "2001:db8:0:1:1:1:1:1" },
		{ "1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0" },
		{ "::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8" },
		{ "0:0:1::", "0:0:1::" },
		{ "1:0:0:2::", "1:0:0:2::" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
		{ "::ffff:c000:201", "::ffff:192.0.2.1" },
		{ "::ffff:0:0", "::ffff:0.0.0.0" },
		{ "::192.0.2.1", "::192.0.2.1" },
		{ "::c000:201", "::192.0.2.1" },
		{ "::1:0", "::0.1.0.0" },
		{ "::ffff", "::ffff" },
		{ "64:ff9b::192.0.2.1", "64:ff9b::c000:201" },
		{ "1:2:3:4:5:6:1.2.3.4", "1:2:3:4:5:6:102:304" },
		{ "fe80::1", "fe80::1" },
		{ ":", NULL },
		{ ":::", NULL },
		{ "::::", NULL },
		{ ":1", NULL },
		{ "1:", NULL },
		{ ":1::2", NULL },
		{ "1::2:", NULL },
		{ "1:::2", NULL },
		{ "1::2::3", NULL },
		{ "::1::", NULL },
		{ "1:2:3:4:5:6:7", NULL },
		{ "1:2:3:4:5:6:7:8:9", NULL },
		{ "1:2:3:4:5:6:7:8::", NULL },
		{ "::1:2:3:4:5:6:7:8", NULL },
		{ "1:2:3:4::5:6:7:8", NULL },
		{ "1:2:3:4:5:6:7:8:", NULL },
		{ "12345::", NULL },
		{ "00001::", NULL },
		{ "g::", NULL },
		{ "1:2:3:4:5:6:7:1.2.3.4", NULL },
		{ "1:2:3:4:5:1.2.3.4", NULL },
		{ "::1.2.3", NULL },
		{ "::1.2.3.4:1", NULL },
		{ "::1.2.3.4.5", NULL },
		{ "::256.1.1.1", NULL },
		{ "::01.1.1.1", NULL },
		{ "::a.1.1.1", NULL },
		{ "1.2.3.4::", NULL },
		{ "::1.2.3.4::", NULL },
		{ "fe80::1%eth0", NULL },
		{ "[::1]", NULL },
		{ "::1/128", NULL },
		{ " ::1", NULL },
		{ "::1 ", NULL },
		{ "0x1::", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct inet_addr a;
		enum inet_family f;
		char buf[INET_TEXT_MAX];
		int r = parse_addr(cases[i].text, &f, &a);

		if (r != (cases[i].printed ? 0 : -EINVAL))
			fail_msg("\"%s\": result %d", cases[i].text, r);
		if (r == 0)
			assert_string_equal(inet_print_addr(&a, f, buf), cases[i].printed);
	}
}

static void bytes_are_in_network_order_and_the_rest_zero(void **state)
{
	static const uint8_t four[16] = { 192, 0, 2, 7 };
	static const uint8_t six[16] = { 0x20, 0x01, 0x0d, 0xb8, [15] = 7 };
	enum inet_family f;
	struct inet_addr a;

	memset(&a, 0xff, sizeof(a));
	assert_int_equal(parse_addr("192.0.2.7", &f, &a), 0);
	assert_int_equal(f, INET4);
	assert_memory_equal(a.bytes, four, 16);
	memset(&a, 0xff, sizeof(a));
	assert_int_equal(parse_addr("2001:db8::7", &f, &a), 0);
	assert_int_equal(f, INET6);
	assert_memory_equal(a.bytes, six, 16);
}

static void no_terminator_is_needed_or_skipped(void **state)
{
	enum inet_family f;
	struct inet_addr a;

	assert_int_equal(inet_parse_addr("10.0.0.19", 8, &f, &a), 0);
	assert_int_equal(a.bytes[3], 1);
	assert_int_equal(inet_parse_addr("10.0.0.1\0", 9, &f, &a), -EINVAL);
	assert_int_equal(inet_parse_addr("::1\0", 4, &f, &a), -EINVAL);
	assert_int_equal(inet_parse_addr("", 0, &f, &a), -EINVAL);
}

static void prefixes(void **state)
{
	static const struct {
		const char *text;
		int result;
		const char *printed; /* with -EDOM: the prefix with host bits cleared */
	} cases[] = {
		{ "0.0.0.0/0", 0, "0.0.0.0/0" },
		{ "10.0.0.0/8", 0, "10.0.0.0/8" },
		{ "128.0.0.0/1", 0, "128.0.0.0/1" },
		{ "10.1.2.3", 0, "10.1.2.3/32" },
		{ "10.1.2.3/32", 0, "10.1.2.3/32" },
		{ "10.1.2.2/31", 0, "10.1.2.2/31" },
		{ "255.255.255.255/32", 0, "255.255.255.255/32" },
		{ "10.1.2.3/31", -EDOM, "10.1.2.2/31" },
		{ "10.1.2.3/8", -EDOM, "10.0.0.0/8" },
		{ "255.255.255.255/0", -EDOM, "0.0.0.0/0" },
		{ "0.0.0.1/0", -EDOM, "0.0.0.0/0" },
		{ "192.168.1.0/23", -EDOM, "192.168.0.0/23" },
		{ "10.0.0.0/33", -ERANGE, NULL },
		{ "10.0.0.0/129", -ERANGE, NULL },
		{ "10.0.0.0/4294967296", -ERANGE, NULL },
		{ "10.0.0.0/99999999999999999999999", -ERANGE, NULL },
		{ "10.0.0.1/33", -ERANGE, NULL },
		{ "10.0.0.0/", -EINVAL, NULL },
		{ "10.0.0.0/08", -EINVAL, NULL },
		{ "10.0.0.0/00", -EINVAL, NULL },
		{ "10.0.0.0/-1", -EINVAL, NULL },
		{ "10.0.0.0/+8", -EINVAL, NULL },
		{ "10.0.0.0/ 8", -EINVAL, NULL },
		{ "10.0.0.0/8 ", -EINVAL, NULL },
		{ "10.0.0.0 /8", -EINVAL, NULL },
		{ "10.0.0.0/8/8", -EINVAL, NULL },
		{ "10.0.0.0//8", -EINVAL, NULL },
		{ "10.0.0.0/255.0.0.0", -EINVAL, NULL },
		{ "10.0.0.0/999x", -EINVAL, NULL },
		{ "10.0.0.0/8-10.0.0.0/9", -EINVAL, NULL },
		{ "10.0.0.0-10.0.0.1", -EINVAL, NULL },
		{ "10/8", -EINVAL, NULL },
		{ "10.0.0/8", -EINVAL, NULL },
		{ "/8", -EINVAL, NULL },
		{ "", -EINVAL, NULL },

		{ "::/0", 0, "::/0" },
		{ "8000::/1", 0, "8000::/1" },
		{ "2001:db8::/32", 0, "2001:db8::/32" },
		{ "2001:db8:1:2::/63", 0, "2001:db8:1:2::/63" },
		{ "2001:db8:1:2::/64", 0, "2001:db8:1:2::/64" },
		{ "2001:db8:1:2:8000::/65", 0, "2001:db8:1:2:8000::/65" },
		{ "::1", 0, "::1/128" },
		{ "::1/128", 0, "::1/128" },
		{ "::ffff:0:0/96", 0, "::ffff:0.0.0.0/96" },
		{ "::ffff:10.0.0.0/104", 0, "::ffff:10.0.0.0/104" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/0", -EDOM, "::/0" },
		{ "::1/0", -EDOM, "::/0" },
		{ "::1/127", -EDOM, "::/127" },
		{ "2001:db8:1:3::/63", -EDOM, "2001:db8:1:2::/63" },
		{ "2001:db8:1:2:8000::/64", -EDOM, "2001:db8:1:2::/64" },
		{ "::/129", -ERANGE, NULL },
		{ "::/256", -ERANGE, NULL },
		{ "::/", -EINVAL, NULL },
		{ "::/064", -EINVAL, NULL },
		{ "::/64%eth0", -EINVAL, NULL },
		{ "1::2::/64", -EINVAL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct inet_prefix p, before;
		char buf[INET_TEXT_MAX];
		int r;

		memset(&p, 0x5a, sizeof(p));
		before = p;
		r = parse_prefix(cases[i].text, &p);
		if (r != cases[i].result)
			fail_msg("\"%s\": result %d", cases[i].text, r);
		if (cases[i].printed)
			assert_string_equal(inet_print_prefix(&p, buf), cases[i].printed);
		else
			assert_memory_equal(&p, &before, sizeof(p));
	}
}

static void ranges(void **state)
{
	static const struct {
		const char *text;
		int result;
		const char *lo, *hi, *printed;
	} cases[] = {
		{ "10.0.0.1", 0, "10.0.0.1", "10.0.0.1", "10.0.0.1" },
		{ "10.0.0.1/32", 0, "10.0.0.1", "10.0.0.1", "10.0.0.1" },
		{ "10.0.0.0/8", 0, "10.0.0.0", "10.255.255.255", "10.0.0.0/8" },
		{ "0.0.0.0/0", 0, "0.0.0.0", "255.255.255.255", "0.0.0.0/0" },
		{ "0.0.0.0-255.255.255.255", 0, "0.0.0.0", "255.255.255.255", "0.0.0.0/0" },
		{ "0.0.0.0-0.0.0.0", 0, "0.0.0.0", "0.0.0.0", "0.0.0.0" },
		{ "255.255.255.255-255.255.255.255", 0, "255.255.255.255", "255.255.255.255",
		  "255.255.255.255" },
		{ "255.255.255.254-255.255.255.255", 0, "255.255.255.254", "255.255.255.255",
		  "255.255.255.254/31" },
		{ "10.0.0.1-10.0.0.9", 0, "10.0.0.1", "10.0.0.9", "10.0.0.1-10.0.0.9" },
		{ "10.0.0.0-10.0.0.254", 0, "10.0.0.0", "10.0.0.254", "10.0.0.0-10.0.0.254" },
		{ "10.0.0.1-10.0.0.2", 0, "10.0.0.1", "10.0.0.2", "10.0.0.1-10.0.0.2" },
		{ "10.0.0.9-10.0.0.1", -EDOM, NULL, NULL, NULL },
		{ "10.0.0.1-::2", -EDOM, NULL, NULL, NULL },
		{ "::1-10.0.0.2", -EDOM, NULL, NULL, NULL },
		{ "10.0.0.1/8", -EDOM, NULL, NULL, NULL },
		{ "10.0.0.0/33", -ERANGE, NULL, NULL, NULL },
		{ "10.0.0.1-", -EINVAL, NULL, NULL, NULL },
		{ "-10.0.0.1", -EINVAL, NULL, NULL, NULL },
		{ "10.0.0.1-9", -EINVAL, NULL, NULL, NULL },
		{ "10.0.0.1 - 10.0.0.9", -EINVAL, NULL, NULL, NULL },
		{ "10.0.0.1--10.0.0.9", -EINVAL, NULL, NULL, NULL },
		{ "10.0.0.1-10.0.0.9-10.0.0.10", -EINVAL, NULL, NULL, NULL },
		{ "10.0.0.0/24-10.0.1.0/24", -EINVAL, NULL, NULL, NULL },
		{ "10.0.0.0-10.0.0.255/24", -EINVAL, NULL, NULL, NULL },
		{ "10.0.0.1,10.0.0.2", -EINVAL, NULL, NULL, NULL },
		{ "", -EINVAL, NULL, NULL, NULL },
		{ "-", -EINVAL, NULL, NULL, NULL },

		{ "::/0", 0, "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0" },
		{ "::-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0,
		  "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::/0" },
		{ "::", 0, "::", "::", "::" },
		{ "2001:db8::/64", 0, "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff",
		  "2001:db8::/64" },
		{ "2001:db8::/63", 0, "2001:db8::", "2001:db8:0:1:ffff:ffff:ffff:ffff",
		  "2001:db8::/63" },
		{ "2001:db8::/65", 0, "2001:db8::", "2001:db8::7fff:ffff:ffff:ffff",
		  "2001:db8::/65" },
		{ "2001:db8::-2001:db8:0:1::", 0,
		  "2001:db8::", "2001:db8:0:1::", "2001:db8::-2001:db8:0:1::" },
		{ "::fffe-::1:1", 0, "::fffe", "::0.1.0.1", "::fffe-::0.1.0.1" },
		{ "::2-::1", -EDOM, NULL, NULL, NULL },
		{ "::1:0:0:0:0-::ffff", -EDOM, NULL, NULL, NULL },
		{ "fe80::1%a-fe80::2", -EINVAL, NULL, NULL, NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct inet_range range, before;
		enum inet_family f;
		char buf[INET_RANGE_MAX];
		int r;

		memset(&range, 0x5a, sizeof(range));
		before = range;
		r = parse_range(cases[i].text, &f, &range);
		if (r != cases[i].result)
			fail_msg("\"%s\": result %d", cases[i].text, r);
		if (r < 0) {
			assert_memory_equal(&range, &before, sizeof(range));
			continue;
		}
		assert_string_equal(inet_print_addr(&range.lo, f, buf), cases[i].lo);
		assert_string_equal(inet_print_addr(&range.hi, f, buf), cases[i].hi);
		assert_string_equal(inet_print_range(&range, f, buf), cases[i].printed);
	}
}

/* Every length of both families: prefix -> range -> prefix, and mask. */
static void every_length_survives_the_way_there_and_back(void **state)
{
	for (enum inet_family f = INET4; f <= INET6; f++) {
		for (unsigned len = 0; len <= inet_bits(f); len++) {
			struct inet_prefix p = { .family = f, .len = (uint8_t)len };
			struct inet_range r;
			struct inet_addr a;
			unsigned back = 999;

			memset(p.addr.bytes, 0xff, inet_bits(f) / 8);
			inet_addr_mask(&p.addr, f, len);
			for (unsigned bit = 0; bit < 128; bit++)
				assert_int_equal(p.addr.bytes[bit / 8] >> (7 - bit % 8) & 1,
						 bit < len);
			r = inet_prefix_range(&p);
			assert_int_equal(inet_addr_cmp(&r.lo, &p.addr), 0);
			assert_true(inet_range_is_prefix(&r, f, &back));
			assert_int_equal(back, len);
			for (unsigned i = inet_bits(f) / 8; i < 16; i++)
				assert_int_equal(r.hi.bytes[i], 0);

			/* one address less at either end is a prefix no more (but for one half) */
			a = r.hi;
			if (len + 1 < inet_bits(f)) {
				assert_true(inet_addr_prev(&r.hi, f));
				assert_false(inet_range_is_prefix(&r, f, &back));
				r.hi = a;
				assert_true(inet_addr_next(&r.lo, f));
				assert_false(inet_range_is_prefix(&r, f, &back));
			}
		}
	}
}

static void neighbours(void **state)
{
	static const struct {
		const char *a, *b; /* b follows a; NULL: an end of the space */
	} cases[] = {
		{ "0.0.0.0", "0.0.0.1" },
		{ "10.0.0.255", "10.0.1.0" },
		{ "10.255.255.255", "11.0.0.0" },
		{ "255.255.255.254", "255.255.255.255" },
		{ "255.255.255.255", NULL },
		{ NULL, "0.0.0.0" },
		{ "::", "::1" },
		{ "::ffff", "::1:0" },
		{ "::ffff:ffff:ffff:ffff", "0:0:0:1::" },
		{ "7fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "8000::" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
		  "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff" },
		{ "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", NULL },
		{ NULL, "::" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *a_text = cases[i].a, *b_text = cases[i].b;
		enum inet_family f;
		struct inet_addr a = addr_of(a_text ? a_text : b_text, &f);
		struct inet_addr b = addr_of(b_text ? b_text : a_text, NULL);
		struct inet_addr up = a, down = b;

		if (a_text) {
			assert_int_equal(inet_addr_next(&up, f), b_text != NULL);
			assert_memory_equal(&up, &b, sizeof(b)); /* at the end: unchanged */
		}
		if (b_text) {
			assert_int_equal(inet_addr_prev(&down, f), a_text != NULL);
			assert_memory_equal(&down, &a, sizeof(a));
		}
	}
}

static void comparison_is_by_bytes(void **state)
{
	static const char *const ascending[] = {
		"::",	     "::1",    "::ff",	 "::100",  "::ffff:ffff:ffff:ffff",
		"0:0:0:1::", "100::",  "7fff::", "8000::", "fe80::1",
		"ff00::",    "ffff::",
	};

	for (size_t i = 0; i < ARRAY_SIZE(ascending); i++) {
		for (size_t j = 0; j < ARRAY_SIZE(ascending); j++) {
			struct inet_addr a = addr_of(ascending[i], NULL);
			struct inet_addr b = addr_of(ascending[j], NULL);

			assert_int_equal(inet_addr_cmp(&a, &b), (i > j) - (i < j));
		}
	}
}

static void zero_and_link_local_are_told(void **state)
{
	static const struct {
		const char *text;
		bool zero, linklocal;
	} cases[] = {
		{ "::", true, false },	     { "0.0.0.0", true, false },
		{ "::1", false, false },     { "1::", false, false },
		{ "0.0.0.1", false, false }, { "fe80::", false, true },
		{ "fe80::1", false, true },  { "febf:ffff::1", false, true },
		{ "fec0::", false, false },  { "fe7f:ffff::", false, false },
		{ "ff80::", false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct inet_addr a = addr_of(cases[i].text, NULL);

		assert_int_equal(inet_addr_is_zero(&a), cases[i].zero);
		assert_int_equal(inet_addr_is_linklocal6(&a), cases[i].linklocal);
	}
}

static void relations_of_ranges(void **state)
{
	static const struct {
		const char *a, *b;
		bool overlap, a_contains_b, b_contains_a;
	} cases[] = {
		{ "10.0.0.0/24", "10.0.0.0/24", true, true, true },
		{ "10.0.0.0/8", "10.1.0.0/16", true, true, false },
		{ "10.0.0.1", "10.0.0.0/8", true, false, true },
		{ "10.0.0.0/24", "10.0.1.0/24", false, false, false },
		{ "10.0.0.0-10.0.0.5", "10.0.0.5-10.0.0.9", true, false, false },
		{ "10.0.0.0-10.0.0.4", "10.0.0.5-10.0.0.9", false, false, false },
		{ "0.0.0.0/0", "255.255.255.255", true, true, false },
		{ "0.0.0.0", "255.255.255.255", false, false, false },
		{ "::/0", "::", true, true, false },
		{ "::/1", "8000::/1", false, false, false },
		{ "2001:db8::-2001:db8::ffff", "2001:db8::fffe-2001:db8::1:0", true, false, false },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct inet_range a = range_of(cases[i].a), b = range_of(cases[i].b);

		assert_int_equal(inet_range_overlaps(&a, &b), cases[i].overlap);
		assert_int_equal(inet_range_overlaps(&b, &a), cases[i].overlap);
		assert_int_equal(inet_range_contains(&a, &b), cases[i].a_contains_b);
		assert_int_equal(inet_range_contains(&b, &a), cases[i].b_contains_a);
	}
}

static void the_longest_texts_fit_their_buffers(void **state)
{
	const char *longest = "fff0:fff1:fff2:fff3:fff4:fff5:fff6:fff7";
	struct inet_prefix p = { .addr = addr_of(longest, NULL), .family = INET6, .len = 128 };
	struct inet_range r = { p.addr, p.addr };
	char text[INET_TEXT_MAX], range[INET_RANGE_MAX];

	inet_addr_next(&r.hi, INET6);
	inet_addr_next(&r.hi, INET6);
	assert_true(strlen(inet_print_prefix(&p, text)) < INET_TEXT_MAX);
	assert_true(strlen(inet_print_range(&r, INET6, range)) < INET_RANGE_MAX);
	assert_int_equal(strlen(range), 2 * strlen(longest) + 1);
}

/* A small generator of our own: the same numbers everywhere, every time. */
static uint64_t random_state;

static uint32_t random_number(uint32_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (uint32_t)(random_state >> 32) % below;
}

/* Many zero groups, so that every way of shortening occurs. */
static struct inet_addr random_addr(enum inet_family f)
{
	struct inet_addr a = { 0 };

	for (unsigned i = 0; i < inet_bits(f) / 8; i += 2) {
		uint32_t kind = random_number(8);

		if (kind < 4)
			continue;
		a.bytes[i] = kind == 4 ? 0xff : kind == 5 ? 0 : (uint8_t)random_number(256);
		a.bytes[i + 1] = kind == 4 ? 0xff : (uint8_t)random_number(256);
	}
	return a;
}

static void printing_equals_inet_ntop(void **state)
{
	random_state = 5952;
	for (int i = 0; i < 200000; i++) {
		enum inet_family f = i % 4 ? INET6 : INET4, back_family;
		struct inet_addr a = random_addr(f), back;
		char ours[INET_TEXT_MAX], theirs[INET6_ADDRSTRLEN];

		inet_print_addr(&a, f, ours);
		inet_ntop(inet_af(f), a.bytes, theirs, sizeof(theirs));
		assert_string_equal(ours, theirs);
		assert_int_equal(parse_addr(ours, &back_family, &back), 0);
		assert_int_equal(back_family, f);
		assert_memory_equal(&back, &a, sizeof(a));
	}
}

static void expect_same_as_pton(const char *text)
{
	struct inet_addr ours = { 0 }, theirs = { 0 };
	enum inet_family f = INET4;
	int four = inet_pton(AF_INET, text, theirs.bytes) == 1;
	int six = !four && inet_pton(AF_INET6, text, theirs.bytes) == 1;
	int r = parse_addr(text, &f, &ours);

	if ((r == 0) != (four || six))
		fail_msg("\"%s\": result %d, inet_pton %d %d", text, r, four, six);
	if (r < 0)
		return;
	if (f != (four ? INET4 : INET6) || memcmp(&ours, &theirs, sizeof(ours)) != 0)
		fail_msg("\"%s\" is read differently", text);
}

/* Good addresses with a few bytes changed, dropped, doubled: near misses and near hits. */
static void parsing_equals_inet_pton_on_damaged_text(void **state)
{
	static const char alphabet[] = "0123456789abcdefABCDEF::::....gG/-% x";

	random_state = 4291;
	for (int i = 0; i < 400000; i++) {
		enum inet_family f = i % 3 ? INET6 : INET4;
		struct inet_addr a = random_addr(f);
		char text[INET_TEXT_MAX + 8];
		size_t n;

		inet_print_addr(&a, f, text);
		for (uint32_t k = random_number(4); k > 0; k--) {
			n = strlen(text);
			if (!n)
				break;
			char *at = text + random_number((uint32_t)n);

			switch (random_number(3)) {
			case 0:
				*at = alphabet[random_number(sizeof(alphabet) - 1)];
				break;
			case 1:
				memmove(at, at + 1, strlen(at));
				break;
			case 2:
				memmove(at + 1, at, strlen(at) + 1);
				break;
			}
		}
		expect_same_as_pton(text);
	}
}

static void parsing_equals_inet_pton_on_noise(void **state)
{
	static const char alphabet[] = "0125f:.:.";

	random_state = 77;
	for (int i = 0; i < 400000; i++) {
		char text[24] = "";
		size_t n = random_number(sizeof(text));

		for (size_t k = 0; k < n; k++)
			text[k] = alphabet[random_number(sizeof(alphabet) - 1)];
		expect_same_as_pton(text);
	}
}

/* Any range, both ways through the text. */
static void ranges_survive_printing(void **state)
{
	random_state = 31337;
	for (int i = 0; i < 100000; i++) {
		enum inet_family f = i & 1 ? INET6 : INET4, back_family;
		struct inet_range r = { random_addr(f), random_addr(f) }, back;
		char text[INET_RANGE_MAX];

		if (inet_addr_cmp(&r.lo, &r.hi) > 0)
			r = (struct inet_range){ r.hi, r.lo };
		inet_print_range(&r, f, text);
		assert_int_equal(parse_range(text, &back_family, &back), 0);
		assert_int_equal(back_family, f);
		assert_memory_equal(&back, &r, sizeof(r));
	}
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(families_have_sizes_and_numbers),
		cmocka_unit_test(addresses),
		cmocka_unit_test(bytes_are_in_network_order_and_the_rest_zero),
		cmocka_unit_test(no_terminator_is_needed_or_skipped),
		cmocka_unit_test(prefixes),
		cmocka_unit_test(ranges),
		cmocka_unit_test(every_length_survives_the_way_there_and_back),
		cmocka_unit_test(neighbours),
		cmocka_unit_test(comparison_is_by_bytes),
		cmocka_unit_test(zero_and_link_local_are_told),
		cmocka_unit_test(relations_of_ranges),
		cmocka_unit_test(the_longest_texts_fit_their_buffers),
		cmocka_unit_test(printing_equals_inet_ntop),
		cmocka_unit_test(parsing_equals_inet_pton_on_damaged_text),
		cmocka_unit_test(parsing_equals_inet_pton_on_noise),
		cmocka_unit_test(ranges_survive_printing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
