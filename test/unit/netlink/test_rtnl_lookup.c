/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The question for a route byte by byte, and which messages are that route. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "model/policy.h"
#include "netlink/nl_attr.h"
#include "netlink/rtnl_lookup.h"

static const struct rtnl_lookup lookup = {
	.prefix = { .addr = { { 10 } }, .family = INET4, .len = 8 },
	.table = 1000,
	.protocol = 12,
	.ifindex = 3,
};

static uint32_t buf[64];

/* A route as the kernel tells it; what a case changes of it. */
struct told {
	uint16_t type;
	struct rtmsg head;
	uint32_t table, ifindex, object;
	uint8_t dst[4];
	struct rtnexthop legs[2];
	unsigned n_legs;
};

static const struct told good = {
	.type = RTM_NEWROUTE,
	.head = { .rtm_family = AF_INET,
		  .rtm_dst_len = 8,
		  .rtm_table = RT_TABLE_UNSPEC,
		  .rtm_protocol = 12,
		  .rtm_type = RTN_UNICAST },
	.table = 1000,
	.ifindex = 3,
	.dst = { 10 },
};

static const struct nlmsghdr *message(const struct told *t)
{
	struct nl_attr_writer w = { .buf = (void *)buf, .size = sizeof(buf) };
	struct nlmsghdr head = { .nlmsg_type = t->type };

	nl_attr_put_raw(&w, &head, sizeof(head));
	nl_attr_put_raw(&w, &t->head, sizeof(t->head));
	nl_attr_put_u32(&w, RTA_TABLE, t->table);
	nl_attr_put(&w, RTA_DST, t->dst, 4);
	if (t->ifindex)
		nl_attr_put_u32(&w, RTA_OIF, t->ifindex);
	if (t->object)
		nl_attr_put_u32(&w, RTA_NH_ID, t->object);
	if (t->n_legs)
		nl_attr_put(&w, RTA_MULTIPATH, t->legs, t->n_legs * sizeof(t->legs[0]));
	assert_false(w.full);
	head.nlmsg_len = (uint32_t)w.len;
	memcpy(buf, &head, sizeof(head));
	return (const void *)buf;
}

static struct rtnexthop leg(int ifindex, unsigned char flags)
{
	return (struct rtnexthop){ .rtnh_len = sizeof(struct rtnexthop),
				   .rtnh_ifindex = ifindex,
				   .rtnh_flags = flags };
}

static void the_question_names_table_protocol_and_device(void **state)
{
	const uint8_t *b = (const void *)buf;
	struct nlmsghdr head;
	struct rtmsg route;

	assert_int_equal(rtnl_lookup_encode(&lookup, 7, buf, sizeof(buf)), 44);
	memcpy(&head, buf, sizeof(head));
	assert_int_equal(head.nlmsg_type, RTM_GETROUTE);
	assert_int_equal(head.nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(head.nlmsg_seq, 7);
	memcpy(&route, b + sizeof(head), sizeof(route));
	assert_int_equal(route.rtm_family, AF_INET);
	assert_int_equal(route.rtm_protocol, 12);
	assert_int_equal(b[28 + 2], RTA_TABLE);
	assert_int_equal(b[36 + 2], RTA_OIF);
	assert_int_equal(rtnl_lookup_encode(&lookup, 7, buf, 40), 0);
}

static void what_is_the_route(void **state)
{
	struct told multipath = good, object = good, any = good;
	struct rtnl_lookup anybody = lookup;

	assert_true(rtnl_lookup_matches(&lookup, message(&good)));
	multipath.ifindex = 0;
	multipath.legs[0] = leg(2, 0);
	multipath.legs[1] = leg(3, 0);
	multipath.n_legs = 2;
	assert_true(rtnl_lookup_matches(&lookup, message(&multipath)));
	object.ifindex = 0;
	object.object = 5; /* nexthop_compat_mode 0: the kernel's filter knows the device */
	assert_true(rtnl_lookup_matches(&lookup, message(&object)));
	anybody.protocol = -1;
	any.head.rtm_protocol = RTPROT_STATIC;
	assert_true(rtnl_lookup_matches(&anybody, message(&any)));
	any.head.rtm_protocol = POLICY_PROTOCOL;
	assert_false(rtnl_lookup_matches(&anybody, message(&any)));
}

static void what_is_not(void **state)
{
	struct told cases[16];
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		cases[i] = good;
	cases[n++].type = RTM_DELROUTE;
	cases[n++].head.rtm_family = AF_INET6;
	cases[n++].head.rtm_dst_len = 9;
	cases[n++].head.rtm_type = RTN_BLACKHOLE;
	cases[n++].head.rtm_src_len = 8;
	cases[n++].head.rtm_flags = RTM_F_CLONED;
	cases[n++].head.rtm_flags = RTNH_F_DEAD;
	cases[n++].head.rtm_flags = RTNH_F_LINKDOWN;
	cases[n++].head.rtm_protocol = RTPROT_STATIC;
	cases[n++].table = 999;
	cases[n++].ifindex = 4;
	cases[n++].ifindex = 0;
	cases[n++].dst[0] = 11;
	cases[n].ifindex = 0;
	cases[n].n_legs = 1;
	cases[n++].legs[0] = leg(4, 0);
	cases[n].n_legs = 1;
	cases[n++].legs[0] = leg(3, RTNH_F_LINKDOWN);
	cases[n].ifindex = 0;
	cases[n].object = 5;
	cases[n++].head.rtm_flags = RTNH_F_DEAD;
	assert_int_equal(n, ARRAY_SIZE(cases));
	for (size_t i = 0; i < n; i++)
		if (rtnl_lookup_matches(&lookup, message(&cases[i])))
			fail_msg("case %zu", i);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_question_names_table_protocol_and_device),
		cmocka_unit_test(what_is_the_route),
		cmocka_unit_test(what_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
