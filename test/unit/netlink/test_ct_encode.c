/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The message that deletes flows, byte by byte: numbers as in linux/netfilter/nfnetlink_conntrack.h. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#include "netlink/ct_encode.h"

static uint32_t buf[CT_ENCODE_MAX / 4];

static uint32_t attribute(uint16_t type)
{
	size_t at = NLMSG_HDRLEN + 4;
	struct nlmsghdr h;

	memcpy(&h, buf, sizeof(h));
	while (at < h.nlmsg_len) {
		struct nlattr a;
		uint32_t v;

		memcpy(&a, (uint8_t *)buf + at, sizeof(a));
		assert_int_equal(a.nla_len, 8);
		memcpy(&v, (uint8_t *)buf + at + 4, sizeof(v));
		if (a.nla_type == type)
			return ntohl(v);
		at += a.nla_len;
	}
	fail_msg("no attribute %u", type);
	return 0;
}

static void entries_are_asked_for_by_family_mark_and_status(void **state)
{
	const struct netstate_flows f = { .family = INET6, .mark = 0x25397, .mask = 0xffffff };
	const uint8_t *b = (const uint8_t *)buf;
	struct nlmsghdr h;

	assert_int_equal(ct_encode_delete(&f, false, 77, buf, sizeof(buf)), 52);
	memcpy(&h, buf, sizeof(h));
	assert_int_equal(h.nlmsg_len, 52);
	assert_int_equal(h.nlmsg_type, 1 << 8 | 2); /* ctnetlink, delete */
	assert_int_equal(h.nlmsg_flags, NLM_F_REQUEST);
	assert_int_equal(h.nlmsg_seq, 77);
	assert_int_equal(b[16], AF_INET6);
	assert_int_equal(b[17], 1); /* version: else the family is passed over */
	assert_int_equal(attribute(8), 0x25397); /* CTA_MARK */
	assert_int_equal(attribute(21), 0xffffff); /* CTA_MARK_MASK */
	assert_int_equal(attribute(3), 1 << 4); /* CTA_STATUS: IPS_SRC_NAT */
	assert_int_equal(attribute(26), 1 << 4); /* CTA_STATUS_MASK */
}

static void ipv4_is_another_family(void **state)
{
	const struct netstate_flows f = { .family = INET4, .mark = 1, .mask = 0xff };

	assert_int_equal(ct_encode_delete(&f, false, 1, buf, sizeof(buf)), 52);
	assert_int_equal(((const uint8_t *)buf)[16], AF_INET);
	assert_int_equal(attribute(8), 1);
	assert_int_equal(attribute(21), 0xff);
}

static void both_families_are_one_message(void **state)
{
	const struct netstate_flows f = { .family = INET4, .mark = 1, .mask = 0xff };

	assert_int_equal(ct_encode_delete(&f, true, 1, buf, sizeof(buf)), 52);
	assert_int_equal(((const uint8_t *)buf)[16], AF_UNSPEC);
	assert_int_equal(((const uint8_t *)buf)[17], 1);
}

static void no_room_is_told(void **state)
{
	const struct netstate_flows f = { .family = INET4, .mark = 1, .mask = 0xff };

	for (size_t size = 0; size < 52; size++)
		assert_int_equal(ct_encode_delete(&f, false, 1, buf, size), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_asked_for_by_family_mark_and_status),
		cmocka_unit_test(ipv4_is_another_family),
		cmocka_unit_test(both_families_are_one_message),
		cmocka_unit_test(no_room_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
