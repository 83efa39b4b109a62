/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packet counters as the kernel tells them, whole and broken. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "netlink/nl_attr.h"
#include "netlink/rtnl_stats.h"

static uint32_t buf[512 / sizeof(uint32_t)];

/* An answer with `size` bytes of counters, in a heap block of exactly its size. */
static struct nlmsghdr *answer(uint16_t type, uint16_t attr, size_t size)
{
	struct nl_attr_writer w = { .buf = (void *)buf, .size = sizeof(buf) };
	struct nlmsghdr head = { .nlmsg_type = type }, *m;
	struct if_stats_msg stats = { .ifindex = 7 };
	uint8_t bytes[400] = { 0 };
	struct rtnl_link_stats64 s = {
		.rx_packets = 1000, .tx_packets = 2000, .multicast = 300, .rx_bytes = 5
	};

	memcpy(bytes, &s, sizeof(s));
	nl_attr_put_raw(&w, &head, sizeof(head));
	nl_attr_put_raw(&w, &stats, sizeof(stats));
	nl_attr_put(&w, attr, bytes, size);
	assert_false(w.full);
	m = malloc(w.len);
	memcpy(m, buf, w.len);
	m->nlmsg_len = (uint32_t)w.len;
	return m;
}

static int decode(struct nlmsghdr *m, uint64_t *sent, uint64_t *received)
{
	int r = rtnl_stats_decode(m, sent, received);

	free(m);
	return r;
}

static void multicast_does_not_count_as_received(void **state)
{
	uint64_t sent, received;

	assert_int_equal(
		decode(answer(RTM_NEWSTATS, IFLA_STATS_LINK_64, sizeof(struct rtnl_link_stats64)),
		       &sent, &received),
		0);
	assert_int_equal(sent, 2000);
	assert_int_equal(received, 700);
}

static void a_dump_says_whose_they_are(void **state)
{
	struct nlmsghdr *m =
		answer(RTM_NEWSTATS, IFLA_STATS_LINK_64, sizeof(struct rtnl_link_stats64));
	uint64_t sent, received;
	int ifindex;

	assert_int_equal(rtnl_stats_decode_device(m, &ifindex, &sent, &received), 0);
	assert_int_equal(ifindex, 7);
	assert_int_equal(sent, 2000);
	assert_int_equal(received, 700);
	free(m);
	m = answer(RTM_NEWSTATS, IFLA_STATS_LINK_64, 8);
	assert_int_equal(rtnl_stats_decode_device(m, &ifindex, &sent, &received), -EBADMSG);
	free(m);
}

static void counters_of_other_kernels_are_read_as_far_as_needed(void **state)
{
	uint64_t sent, received = 0;

	assert_int_equal(decode(answer(RTM_NEWSTATS, IFLA_STATS_LINK_64, 9 * 8), &sent, &received),
			 0);
	assert_int_equal(received, 700);
	assert_int_equal(decode(answer(RTM_NEWSTATS, IFLA_STATS_LINK_64, 400), &sent, &received),
			 0);
	assert_int_equal(
		decode(answer(RTM_NEWSTATS, IFLA_STATS_LINK_64, 9 * 8 - 1), &sent, &received),
		-EBADMSG);
}

static void anything_else_is_refused(void **state)
{
	uint64_t sent = 1, received = 2;
	struct nlmsghdr *m;

	assert_int_equal(decode(answer(RTM_NEWLINK, IFLA_STATS_LINK_64, 200), &sent, &received),
			 -EBADMSG);
	assert_int_equal(
		decode(answer(RTM_NEWSTATS, IFLA_STATS_LINK_XSTATS, 200), &sent, &received),
		-EBADMSG);
	m = answer(RTM_NEWSTATS, IFLA_STATS_LINK_64, 200);
	for (uint32_t len = NLMSG_HDRLEN; len < m->nlmsg_len; len++) {
		struct nlmsghdr *cut = malloc(len);

		memcpy(cut, m, len);
		cut->nlmsg_len = len;
		assert_int_equal(decode(cut, &sent, &received), -EBADMSG);
	}
	free(m);
	assert_int_equal(sent, 1);
	assert_int_equal(received, 2);
}

static void the_question_names_the_device_and_asks_for_nothing_else(void **state)
{
	const struct nlmsghdr *m = (const void *)buf;
	struct if_stats_msg s;

	assert_int_equal(rtnl_stats_encode(7, buf, RTNL_STATS_ENCODE_MAX), 28);
	assert_int_equal(m->nlmsg_len, 28);
	assert_int_equal(m->nlmsg_type, RTM_GETSTATS);
	memcpy(&s, buf + NLMSG_HDRLEN / 4, sizeof(s));
	assert_int_equal(s.ifindex, 7);
	assert_int_equal(s.filter_mask, 1);
	assert_int_equal(rtnl_stats_encode(7, buf, 27), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(multicast_does_not_count_as_received),
		cmocka_unit_test(a_dump_says_whose_they_are),
		cmocka_unit_test(counters_of_other_kernels_are_read_as_far_as_needed),
		cmocka_unit_test(anything_else_is_refused),
		cmocka_unit_test(the_question_names_the_device_and_asks_for_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
