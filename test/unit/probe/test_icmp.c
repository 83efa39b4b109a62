/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Echo requests byte by byte, and which packets are replies to them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "probe/icmp.h"

static const struct icmp_echo echo = { .id = 0x1234, .seq = 0xabcd, .identity = "0123456789abcde" };

static uint16_t sum(const uint8_t *p, size_t n)
{
	uint32_t s = 0;

	for (size_t i = 0; i < n; i++)
		s += i & 1 ? p[i] : (uint32_t)p[i] << 8;
	while (s >> 16)
		s = (s & 0xffff) + (s >> 16);
	return (uint16_t)s;
}

/* The reply to a request, as a raw socket gets it. */
static size_t reply(enum inet_family f, uint8_t *p)
{
	size_t at = f == INET4 ? 20 : 0;
	uint16_t s;

	memset(p, 0, at);
	icmp_echo_build(f, &echo, p + at);
	p[at] = f == INET4 ? 0 : 129;
	if (f == INET6)
		return ICMP_ECHO_SIZE;
	p[0] = 0x45;
	p[3] = 20 + ICMP_ECHO_SIZE;
	p[9] = 1;
	p[22] = p[23] = 0;
	s = (uint16_t)~sum(p + 20, ICMP_ECHO_SIZE);
	p[22] = (uint8_t)(s >> 8);
	p[23] = (uint8_t)s;
	return 20 + ICMP_ECHO_SIZE;
}

static void a_request_is_as_the_rfcs_have_it(void **state)
{
	uint8_t p[ICMP_ECHO_SIZE];

	icmp_echo_build(INET4, &echo, p);
	assert_int_equal(p[0], 8);
	assert_int_equal(p[1], 0);
	assert_int_equal(sum(p, sizeof(p)), 0xffff);
	assert_memory_equal(p + 4, "\x12\x34\xab\xcd", 4);
	assert_memory_equal(p + 8, echo.identity, 16);
	icmp_echo_build(INET6, &echo, p);
	assert_int_equal(p[0], 128);
	assert_int_equal(p[2] | p[3], 0); /* the kernel's */
}

static void its_reply_is_read_back(void **state)
{
	for (enum inet_family f = INET4; f <= INET6; f++) {
		struct icmp_echo got = { 0 };
		uint8_t p[64];
		size_t n = reply(f, p);

		assert_true(icmp_echo_parse(f, p, n, &got));
		assert_int_equal(got.id, echo.id);
		assert_int_equal(got.seq, echo.seq);
		assert_memory_equal(got.identity, echo.identity, 16);
	}
}

static void any_cut_is_no_reply(void **state)
{
	for (enum inet_family f = INET4; f <= INET6; f++) {
		struct icmp_echo got;
		uint8_t p[64];
		size_t n = reply(f, p);

		for (size_t i = 0; i < n; i++)
			assert_false(icmp_echo_parse(f, p, i, &got));
	}
}

static void any_flipped_bit_of_an_ipv4_reply_is_seen(void **state)
{
	uint8_t p[64];
	size_t n = reply(INET4, p);

	for (size_t bit = 160; bit < n * 8; bit++) {
		struct icmp_echo got;

		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
		assert_false(icmp_echo_parse(INET4, p, n, &got));
		p[bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
}

static void what_is_no_reply(void **state)
{
	static const struct {
		const char *what;
		enum inet_family f;
		size_t at;
		uint8_t value;
	} cases[] = {
		{ "IPv6 in an IPv4 packet", INET4, 0, 0x65 },
		{ "a header of 16 bytes", INET4, 0, 0x44 },
		{ "a header longer than the packet", INET4, 0, 0x4f },
		{ "another protocol", INET4, 9, 17 },
		{ "a first fragment", INET4, 6, 0x20 },
		{ "a later fragment", INET4, 7, 1 },
		{ "longer than what came", INET4, 3, 45 },
		{ "shorter than its header", INET4, 3, 19 },
		{ "a request", INET6, 0, 128 },
		{ "an error", INET6, 0, 1 },
		{ "another code", INET6, 1, 1 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct icmp_echo got;
		uint8_t p[64];
		size_t n = reply(cases[i].f, p);

		p[cases[i].at] = cases[i].value;
		if (icmp_echo_parse(cases[i].f, p, n, &got))
			fail_msg("%s", cases[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_as_the_rfcs_have_it),
		cmocka_unit_test(its_reply_is_read_back),
		cmocka_unit_test(any_cut_is_no_reply),
		cmocka_unit_test(any_flipped_bit_of_an_ipv4_reply_is_seen),
		cmocka_unit_test(what_is_no_reply),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
