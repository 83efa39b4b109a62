/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARP and neighbour discovery byte by byte (RFC 826, RFC 4861). */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "probe/arp.h"
#include "probe/ndp.h"

static const uint8_t mac[6] = { 2, 0, 0, 0, 1, 2 };

static void an_arp_request_and_its_reply(void **state)
{
	static const uint8_t want[ARP_SIZE] = { 0,  1, 8, 0, 6, 4, 0, 1, 2, 0, 0,  0, 1, 2,
						10, 1, 0, 2, 0, 0, 0, 0, 0, 0, 10, 1, 0, 1 };
	const struct inet_addr source = { { 10, 1, 0, 2 } }, target = { { 10, 1, 0, 1 } };
	struct arp_reply reply;
	uint8_t p[ARP_SIZE];

	arp_request_build(mac, &source, &target, p);
	assert_memory_equal(p, want, sizeof(p));
	assert_false(arp_reply_parse(p, sizeof(p), &reply)); /* a request */
	p[7] = 2;
	assert_true(arp_reply_parse(p, sizeof(p), &reply));
	assert_memory_equal(reply.sender_mac, mac, 6);
	assert_int_equal(inet_addr_cmp(&reply.sender, &source), 0);
	assert_int_equal(inet_addr_cmp(&reply.target, &target), 0);
	for (size_t i = 0; i < sizeof(p); i++)
		assert_false(arp_reply_parse(p, i, &reply));
	for (size_t i = 0; i < 8; i++) { /* other hardware, protocol, lengths, operation */
		p[i] ^= 4;
		assert_false(arp_reply_parse(p, sizeof(p), &reply));
		p[i] ^= 4;
	}
}

static struct inet_addr address(const char *text)
{
	enum inet_family f;
	struct inet_addr a;

	assert_int_equal(inet_parse_addr(text, strlen(text), &f, &a), 0);
	return a;
}

static void a_solicitation(void **state)
{
	struct inet_addr target = address("fd00:a:1::12:3456"), group = ndp_solicit_group(&target);
	struct inet_addr want = address("ff02::1:ff12:3456");
	uint8_t p[NDP_SOLICIT_MAX];

	assert_int_equal(inet_addr_cmp(&group, &want), 0);
	assert_int_equal(ndp_solicit_build(&target, NULL, p), 24);
	assert_int_equal(ndp_solicit_build(&target, mac, p), 32);
	assert_memory_equal(p, "\x87\0\0\0\0\0\0\0", 8);
	assert_memory_equal(p + 8, target.bytes, 16);
	assert_memory_equal(p + 24, "\1\1\2\0\0\0\1\2", 8);
}

static size_t advert(uint8_t p[32])
{
	struct inet_addr target = address("fd00:a:1::1");

	memset(p, 0, 32);
	p[0] = 136;
	p[4] = 0xe0;
	memcpy(p + 8, target.bytes, 16);
	p[24] = 2;
	p[25] = 1;
	return 32;
}

static void an_advertisement(void **state)
{
	struct inet_addr target = address("fd00:a:1::1");
	struct ndp_advert got;
	uint8_t p[32];
	size_t n = advert(p);

	assert_true(ndp_advert_parse(p, n, 255, &got));
	assert_true(got.solicited);
	assert_int_equal(inet_addr_cmp(&got.target, &target), 0);
	assert_true(ndp_advert_parse(p, 24, 255, &got)); /* no option */
	assert_false(ndp_advert_parse(p, n, 254, &got));
	assert_false(ndp_advert_parse(p, n, -1, &got));
	for (size_t i = 0; i < n; i++)
		if (i != 24)
			assert_false(ndp_advert_parse(p, i, 255, &got));
	p[4] = 0xa0;
	assert_true(ndp_advert_parse(p, n, 255, &got));
	assert_false(got.solicited);
}

static void what_is_no_advertisement(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
	} cases[] = {
		{ "a solicitation", 0, 135 },	       { "another code", 1, 1 },
		{ "a multicast target", 8, 0xff },     { "an option of no length", 25, 0 },
		{ "an option beyond the end", 25, 2 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct ndp_advert got;
		uint8_t p[32];
		size_t n = advert(p);

		p[cases[i].at] = cases[i].value;
		if (ndp_advert_parse(p, n, 255, &got))
			fail_msg("%s", cases[i].what);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_arp_request_and_its_reply),
		cmocka_unit_test(a_solicitation),
		cmocka_unit_test(an_advertisement),
		cmocka_unit_test(what_is_no_advertisement),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
