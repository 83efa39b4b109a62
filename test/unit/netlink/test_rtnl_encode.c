/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written is read back the same; every too small buffer is told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "model/policy.h"
#include "netlink/rtnl_decode.h"
#include "netlink/rtnl_encode.h"

static uint32_t buf[RTNL_ENCODE_MAX / sizeof(uint32_t)];

static struct nlmsghdr header(void)
{
	struct nlmsghdr h;

	memcpy(&h, buf, sizeof(h));
	return h;
}

static struct inet_addr addr(const char *text)
{
	enum inet_family f;
	struct inet_addr a;

	assert_int_equal(inet_parse_addr(text, strlen(text), &f, &a), 0);
	return a;
}

static const struct netstate_rule plain_rule = {
	.family = INET4,
	.priority = 1010,
	.protocol = POLICY_PROTOCOL,
	.fwmark = 0x5397,
	.fwmask = POLICY_MARK_MASK,
	.action = FR_ACT_TO_TBL,
	.table = 7,
	.suppress_prefixlength = -1,
};

static struct netstate_route plain_route(enum inet_family f)
{
	return (struct netstate_route){
		.family = f,
		.table = 991337,
		.metric = 2,
		.protocol = POLICY_PROTOCOL,
		.n_nexthops = 1,
		.nexthops = { { .ifindex = 3,
				.has_gateway = true,
				.gateway = addr(f == INET4 ? "192.0.2.1" : "fe80::1"),
				.weight = 1 } },
	};
}

static struct netstate_route many_legs(enum inet_family f, size_t n)
{
	struct netstate_route r = plain_route(f);

	r.n_nexthops = n;
	for (size_t i = 0; i < n; i++) {
		r.nexthops[i] = r.nexthops[0];
		r.nexthops[i].ifindex = (int)(3 + i);
		r.nexthops[i].gateway.bytes[3] = (uint8_t)i;
		r.nexthops[i].weight = 1 + (unsigned)i * 4;
		r.nexthops[i].onlink = i % 2;
		r.nexthops[i].has_gateway = f == INET6 || i % 3 != 0;
		if (!r.nexthops[i].has_gateway)
			r.nexthops[i].gateway = (struct inet_addr){ 0 };
	}
	return r;
}

/* ---- identity ---------------------------------------------------------- */

static void expect_rule_comes_back(const struct netstate_rule *r)
{
	static const enum netstate_op ops[] = { NETSTATE_ADD, NETSTATE_DELETE };

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		ssize_t n = rtnl_encode_rule(ops[i], r, 42, buf, sizeof(buf));
		struct netstate_rule back;

		assert_true(n > 0 && n % 4 == 0);
		assert_int_equal(header().nlmsg_len, n);
		assert_int_equal(header().nlmsg_seq, 42);
		memset(&back, 0xa5, sizeof(back));
		assert_int_equal(rtnl_decode_rule((void *)buf, &back), 0);
		assert_int_equal(netstate_rule_cmp(r, &back), 0);
		assert_false(back.foreign_keys);
	}
}

static void rules_come_back_the_same(void **state)
{
	struct netstate_rule r = plain_rule;

	expect_rule_comes_back(&r);
	r.family = INET6;
	expect_rule_comes_back(&r);
	r.invert = true;
	r.fwmark = 0; /* "not fwmark 0/M" */
	r.suppress_prefixlength = 1;
	r.table = RT_TABLE_MAIN;
	expect_rule_comes_back(&r);
	r.has_to = true;
	r.to = (struct inet_prefix){ .family = INET6, .len = 32, .addr = addr("2001:db8::") };
	expect_rule_comes_back(&r);
	r = plain_rule;
	r.action = FR_ACT_UNREACHABLE;
	r.table = 0;
	r.suppress_prefixlength = 0;
	expect_rule_comes_back(&r);
	r = plain_rule;
	r.has_to = true;
	r.to = (struct inet_prefix){ .family = INET4, .len = 8, .addr = addr("10.0.0.0") };
	r.fwmask = UINT32_MAX;
	r.table = 991337;
	expect_rule_comes_back(&r);
}

static void expect_route_comes_back(const struct netstate_route *r)
{
	static const enum netstate_op ops[] = { NETSTATE_ADD, NETSTATE_REPLACE };

	for (size_t i = 0; i < ARRAY_SIZE(ops); i++) {
		ssize_t n = rtnl_encode_route(ops[i], r, 7, buf, sizeof(buf));
		struct netstate_route back;

		assert_true(n > 0 && n % 4 == 0);
		assert_int_equal(header().nlmsg_len, n);
		memset(&back, 0xa5, sizeof(back));
		assert_int_equal(rtnl_decode_route((void *)buf, &back), 0);
		assert_true(netstate_route_equal(r, &back));
	}
}

static void routes_come_back_the_same(void **state)
{
	for (int f = INET4; f <= INET6; f++) {
		struct netstate_route r = plain_route((enum inet_family)f);

		expect_route_comes_back(&r);
		r.nexthops[0].onlink = true;
		expect_route_comes_back(&r);
		r.nexthops[0] = (struct netstate_nexthop){ .ifindex = 3, .weight = 1 };
		r.table = 7;
		expect_route_comes_back(&r);
		for (size_t n = 2; n <= NETSTATE_NEXTHOPS_MAX; n++) {
			r = many_legs((enum inet_family)f, n);
			expect_route_comes_back(&r);
		}
	}
}

static void a_change_is_its_rule_or_route(void **state)
{
	struct netstate_change c = { .op = NETSTATE_ADD, .is_rule = true, .rule = plain_rule };

	assert_true(rtnl_encode_change(&c, 1, buf, sizeof(buf)) > 0);
	assert_int_equal(header().nlmsg_type, RTM_NEWRULE);
	c.op = NETSTATE_DELETE;
	assert_true(rtnl_encode_change(&c, 1, buf, sizeof(buf)) > 0);
	assert_int_equal(header().nlmsg_type, RTM_DELRULE);
	c = (struct netstate_change){ .op = NETSTATE_REPLACE, .route = plain_route(INET4) };
	assert_true(rtnl_encode_change(&c, 1, buf, sizeof(buf)) > 0);
	assert_int_equal(header().nlmsg_type, RTM_NEWROUTE);
	c.op = NETSTATE_DELETE;
	assert_true(rtnl_encode_change(&c, 1, buf, sizeof(buf)) > 0);
	assert_int_equal(header().nlmsg_type, RTM_DELROUTE);
}

/* ---- flags ------------------------------------------------------------- */

static void adding_never_replaces(void **state)
{
	const uint16_t all = NLM_F_CREATE | NLM_F_EXCL | NLM_F_REPLACE | NLM_F_APPEND;
	struct netstate_route r = plain_route(INET4);

	rtnl_encode_rule(NETSTATE_ADD, &plain_rule, 1, buf, sizeof(buf));
	assert_int_equal(header().nlmsg_flags & all, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_encode_route(NETSTATE_ADD, &r, 1, buf, sizeof(buf));
	assert_int_equal(header().nlmsg_flags & all, NLM_F_CREATE | NLM_F_EXCL);
	rtnl_encode_route(NETSTATE_REPLACE, &r, 1, buf, sizeof(buf));
	assert_int_equal(header().nlmsg_flags & all, NLM_F_CREATE | NLM_F_REPLACE);
	rtnl_encode_route(NETSTATE_DELETE, &r, 1, buf, sizeof(buf));
	assert_int_equal(header().nlmsg_flags & all, 0);
}

static struct rtmsg route_header(void)
{
	struct rtmsg m;

	memcpy(&m, (char *)buf + NLMSG_HDRLEN, sizeof(m));
	return m;
}

static void scope_follows_the_gateway_as_ipv4_wants_it(void **state)
{
	struct netstate_route r = plain_route(INET4);

	rtnl_encode_route(NETSTATE_ADD, &r, 1, buf, sizeof(buf));
	assert_int_equal(route_header().rtm_scope, RT_SCOPE_UNIVERSE);
	r.nexthops[0].has_gateway = false;
	rtnl_encode_route(NETSTATE_ADD, &r, 1, buf, sizeof(buf));
	assert_int_equal(route_header().rtm_scope, RT_SCOPE_LINK);
	rtnl_encode_route(NETSTATE_DELETE, &r, 1, buf, sizeof(buf));
	assert_int_equal(route_header().rtm_scope, RT_SCOPE_NOWHERE);
}

static void deleting_an_ipv6_route_names_no_leg(void **state)
{
	struct netstate_route r = many_legs(INET6, 3), back;

	assert_true(rtnl_encode_route(NETSTATE_DELETE, &r, 1, buf, sizeof(buf)) > 0);
	/* without any leg it is no route that could be read back */
	assert_int_equal(rtnl_decode_route((void *)buf, &back), RTNL_DECODE_OTHER);
	r = many_legs(INET4, 3);
	assert_true(rtnl_encode_route(NETSTATE_DELETE, &r, 1, buf, sizeof(buf)) > 0);
	assert_int_equal(rtnl_decode_route((void *)buf, &back), 0);
	assert_true(netstate_route_equal(&r, &back));
}

/* ---- refusals ---------------------------------------------------------- */

static void what_cannot_be_said_is_refused(void **state)
{
	struct netstate_rule strange = plain_rule;
	struct netstate_route r = plain_route(INET4);

	strange.foreign_keys = true;
	assert_int_equal(rtnl_encode_rule(NETSTATE_ADD, &strange, 1, buf, sizeof(buf)), -EINVAL);
	assert_int_equal(rtnl_encode_rule(NETSTATE_REPLACE, &plain_rule, 1, buf, sizeof(buf)),
			 -EINVAL);
	r.n_nexthops = 0;
	assert_int_equal(rtnl_encode_route(NETSTATE_ADD, &r, 1, buf, sizeof(buf)), -EINVAL);
	r.n_nexthops = NETSTATE_NEXTHOPS_MAX + 1;
	assert_int_equal(rtnl_encode_route(NETSTATE_ADD, &r, 1, buf, sizeof(buf)), -EINVAL);
	r.n_nexthops = 1;
	r.nexthops[0].weight = 0;
	assert_int_equal(rtnl_encode_route(NETSTATE_ADD, &r, 1, buf, sizeof(buf)), -EINVAL);
	r.nexthops[0].weight = 257;
	assert_int_equal(rtnl_encode_route(NETSTATE_ADD, &r, 1, buf, sizeof(buf)), -EINVAL);
}

/* Each smaller buffer, at its exact size on the heap, where ASan sees an overrun. */
static void expect_no_room_below(const struct netstate_change *c)
{
	ssize_t whole = rtnl_encode_change(c, 1, buf, sizeof(buf));

	assert_true(whole > 0);
	for (ssize_t size = 0; size <= whole; size++) {
		_cleanup_(cleanup_freep) void *small = malloc(size ? (size_t)size : 1);

		assert_int_equal(rtnl_encode_change(c, 1, small, (size_t)size),
				 size == whole ? whole : 0);
	}
}

static void a_small_buffer_is_no_room(void **state)
{
	struct netstate_change c = { .is_rule = true, .rule = plain_rule };

	c.rule.has_to = true;
	c.rule.suppress_prefixlength = 1;
	expect_no_room_below(&c);
	for (int f = INET4; f <= INET6; f++) {
		c = (struct netstate_change){ .route = plain_route((enum inet_family)f) };
		expect_no_room_below(&c);
		c.route = many_legs((enum inet_family)f, 5);
		expect_no_room_below(&c);
	}
}

static void the_longest_route_fits(void **state)
{
	struct netstate_route r = many_legs(INET6, NETSTATE_NEXTHOPS_MAX);

	assert_true(rtnl_encode_route(NETSTATE_ADD, &r, 1, buf, sizeof(buf)) > 0);
}

/* ---- questions --------------------------------------------------------- */

static void dumps_ask_for_the_right_thing(void **state)
{
	static const struct {
		enum rtnl_dump what;
		uint16_t type;
		uint8_t family;
	} cases[RTNL_DUMP_COUNT] = {
		{ RTNL_DUMP_LINKS, RTM_GETLINK, AF_UNSPEC },
		{ RTNL_DUMP_ADDRS, RTM_GETADDR, AF_UNSPEC },
		{ RTNL_DUMP_ROUTES4, RTM_GETROUTE, AF_INET },
		{ RTNL_DUMP_ROUTES6, RTM_GETROUTE, AF_INET6 },
		{ RTNL_DUMP_RULES4, RTM_GETRULE, AF_INET },
		{ RTNL_DUMP_RULES6, RTM_GETRULE, AF_INET6 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		ssize_t n = rtnl_encode_dump(cases[i].what, 9, buf, sizeof(buf));

		assert_true(n > 0);
		assert_int_equal(header().nlmsg_len, n);
		assert_int_equal(header().nlmsg_seq, 9);
		assert_int_equal(header().nlmsg_type, cases[i].type);
		assert_true((header().nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP);
		assert_int_equal(((uint8_t *)buf)[NLMSG_HDRLEN], cases[i].family);
		assert_int_equal(rtnl_encode_dump(cases[i].what, 9, buf, (size_t)n - 1), 0);
	}
}

static void one_link_is_asked_for_by_index(void **state)
{
	struct ifinfomsg m;

	assert_true(rtnl_encode_get_link(77, 9, buf, sizeof(buf)) > 0);
	memcpy(&m, (char *)buf + NLMSG_HDRLEN, sizeof(m));
	assert_int_equal(m.ifi_index, 77);
	assert_int_equal(header().nlmsg_type, RTM_GETLINK);
	assert_int_equal(header().nlmsg_flags & NLM_F_DUMP, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules_come_back_the_same),
		cmocka_unit_test(routes_come_back_the_same),
		cmocka_unit_test(a_change_is_its_rule_or_route),
		cmocka_unit_test(adding_never_replaces),
		cmocka_unit_test(scope_follows_the_gateway_as_ipv4_wants_it),
		cmocka_unit_test(deleting_an_ipv6_route_names_no_leg),
		cmocka_unit_test(what_cannot_be_said_is_refused),
		cmocka_unit_test(a_small_buffer_is_no_room),
		cmocka_unit_test(the_longest_route_fits),
		cmocka_unit_test(dumps_ask_for_the_right_thing),
		cmocka_unit_test(one_link_is_asked_for_by_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
