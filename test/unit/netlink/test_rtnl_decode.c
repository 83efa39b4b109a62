/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages as the kernel writes them, whole and broken. Every message is
 * decoded from a heap block of exactly its size, so that ASan sees any read
 * beyond it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <linux/fib_rules.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "model/policy.h"
#include "netlink/nl_attr.h"
#include "netlink/rtnl_decode.h"
#include "netlink/rtnl_encode.h"

static uint32_t buf[RTNL_ENCODE_MAX / sizeof(uint32_t)];
static struct nl_attr_writer w;

static void begin(uint16_t type, const void *head, size_t size)
{
	struct nlmsghdr h = { .nlmsg_type = type };

	w = (struct nl_attr_writer){ .buf = (void *)buf, .size = sizeof(buf) };
	nl_attr_put_raw(&w, &h, sizeof(h));
	nl_attr_put_raw(&w, head, size);
}

/* The message in a block of its own. */
static struct nlmsghdr *end_with_length(size_t len)
{
	struct nlmsghdr *m = malloc(len < sizeof(*m) ? sizeof(*m) : len);

	assert_false(w.full);
	memcpy(m, buf, len < sizeof(*m) ? sizeof(*m) : len);
	m->nlmsg_len = (uint32_t)len;
	return m;
}

static struct nlmsghdr *end(void)
{
	return end_with_length(w.len);
}

/* ---- links ------------------------------------------------------------- */

static void begin_link(uint16_t type, const char *name)
{
	struct ifinfomsg head = { .ifi_index = 3, .ifi_flags = IFF_UP | IFF_LOWER_UP };

	begin(type, &head, sizeof(head));
	if (name)
		nl_attr_put(&w, IFLA_IFNAME, name, strlen(name) + 1);
}

static void a_link_is_read_whole(void **state)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
	struct netstate_link l;

	begin_link(RTM_NEWLINK, "eth1");
	nl_attr_put_u32(&w, IFLA_MTU, 1500);
	nl_attr_put_u8(&w, IFLA_OPERSTATE, IF_OPER_LOWERLAYERDOWN);
	nl_attr_put_u8(&w, IFLA_CARRIER, 0);
	nl_attr_put_u32(&w, IFLA_CARRIER_DOWN_COUNT, 6);
	nl_attr_put_u32(&w, 200, 1); /* of a newer kernel */
	m = end();
	assert_int_equal(rtnl_decode_link(m, &l), 0);
	assert_string_equal(l.name, "eth1");
	assert_int_equal(l.ifindex, 3);
	assert_int_equal(l.flags, IFF_UP | IFF_LOWER_UP);
	assert_false(l.carrier);
	assert_int_equal(l.operstate, IF_OPER_LOWERLAYERDOWN);
	assert_int_equal(l.carrier_down_count, 6);
}

static void carrier_comes_from_the_flags_when_not_told(void **state)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *up = NULL, *down = NULL;
	struct ifinfomsg head = { .ifi_index = 3, .ifi_flags = IFF_UP };
	struct netstate_link l;

	begin_link(RTM_NEWLINK, "eth1");
	up = end();
	assert_int_equal(rtnl_decode_link(up, &l), 0);
	assert_true(l.carrier);
	begin(RTM_NEWLINK, &head, sizeof(head));
	nl_attr_put(&w, IFLA_IFNAME, "eth1", 5);
	down = end();
	assert_int_equal(rtnl_decode_link(down, &l), 0);
	assert_false(l.carrier);
}

static void a_bridge_port_that_leaves_is_no_device_that_goes(void **state)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
	struct ifinfomsg head = { .ifi_family = AF_BRIDGE, .ifi_index = 3 };
	struct rtnl_event e;

	begin(RTM_DELLINK, &head, sizeof(head));
	nl_attr_put(&w, IFLA_IFNAME, "eth1", 5);
	m = end();
	assert_int_equal(rtnl_decode_event(m, &e), RTNL_DECODE_OTHER);
}

static void a_link_without_name_is_passed_over(void **state)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
	struct netstate_link l;

	begin_link(RTM_NEWLINK, NULL);
	m = end();
	assert_int_equal(rtnl_decode_link(m, &l), RTNL_DECODE_OTHER);
}

static void expect_bad_name(const char *name, size_t len)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
	struct netstate_link l;

	begin_link(RTM_NEWLINK, NULL);
	nl_attr_put(&w, IFLA_IFNAME, name, len);
	m = end();
	assert_int_equal(rtnl_decode_link(m, &l), -EBADMSG);
}

static void names_must_end_and_fit(void **state)
{
	expect_bad_name("eth1", 4); /* no NUL */
	expect_bad_name("", 1);
	expect_bad_name("", 0);
	expect_bad_name("sixteen-letters-", 17);
}

/* ---- addresses --------------------------------------------------------- */

static int decode_addr(uint8_t family, uint8_t scope, uint32_t flags, struct netstate_addr *ret)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
	struct ifaddrmsg head = {
		.ifa_family = family, .ifa_prefixlen = 24, .ifa_scope = scope, .ifa_index = 3
	};
	static const uint8_t local[16] = { 192, 0, 2, 2 }, peer[16] = { 192, 0, 2, 1 };
	size_t n = family == AF_INET6 ? 16 : 4;

	begin(RTM_NEWADDR, &head, sizeof(head));
	nl_attr_put(&w, IFA_ADDRESS, peer, n);
	if (family == AF_INET)
		nl_attr_put(&w, IFA_LOCAL, local, n);
	nl_attr_put_u32(&w, IFA_FLAGS, flags);
	m = end();
	return rtnl_decode_addr(m, ret);
}

static void only_usable_addresses_count(void **state)
{
	static const struct {
		uint8_t family, scope;
		uint32_t flags;
		int expected;
	} cases[] = {
		{ AF_INET, RT_SCOPE_UNIVERSE, IFA_F_PERMANENT, 0 },
		{ AF_INET, RT_SCOPE_SITE, 0, 0 },
		{ AF_INET, RT_SCOPE_LINK, 0, RTNL_DECODE_OTHER },
		{ AF_INET, RT_SCOPE_HOST, 0, RTNL_DECODE_OTHER },
		{ AF_INET6, RT_SCOPE_UNIVERSE, IFA_F_DEPRECATED, 0 },
		{ AF_INET6, RT_SCOPE_UNIVERSE, IFA_F_TENTATIVE, RTNL_DECODE_OTHER },
		{ AF_INET6, RT_SCOPE_UNIVERSE, IFA_F_TENTATIVE | IFA_F_OPTIMISTIC, 0 },
		{ AF_INET6, RT_SCOPE_UNIVERSE, IFA_F_DADFAILED, RTNL_DECODE_OTHER },
		{ AF_INET6, RT_SCOPE_LINK, 0, RTNL_DECODE_OTHER },
		{ AF_PACKET, 0, 0, RTNL_DECODE_OTHER },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct netstate_addr a;
		int r = decode_addr(cases[i].family, cases[i].scope, cases[i].flags, &a);

		if (r != cases[i].expected)
			fail_msg("case %zu: %d", i, r);
	}
}

static void the_local_address_is_ours_not_the_peers(void **state)
{
	struct netstate_addr a;

	assert_int_equal(decode_addr(AF_INET, RT_SCOPE_UNIVERSE, 0, &a), 0);
	assert_int_equal(a.addr.bytes[3], 2);
	assert_int_equal(a.prefix_len, 24);
	assert_int_equal(a.ifindex, 3);
}

static void an_address_of_the_other_familys_length_is_refused(void **state)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
	struct ifaddrmsg head = { .ifa_family = AF_INET, .ifa_index = 3 };
	static const uint8_t sixteen[16];
	struct netstate_addr a;

	begin(RTM_NEWADDR, &head, sizeof(head));
	nl_attr_put(&w, IFA_LOCAL, sixteen, sizeof(sixteen));
	m = end();
	assert_int_equal(rtnl_decode_addr(m, &a), -EBADMSG);
}

static void an_address_that_ceases_to_be_usable_is_an_event(void **state)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
	struct ifaddrmsg head = { .ifa_family = AF_INET6, .ifa_index = 3 };
	static const uint8_t addr[16] = { 0x20, 0x01 };
	struct rtnl_event e;

	begin(RTM_NEWADDR, &head, sizeof(head));
	nl_attr_put(&w, IFA_ADDRESS, addr, sizeof(addr));
	nl_attr_put_u32(&w, IFA_FLAGS, IFA_F_DADFAILED);
	m = end();
	assert_int_equal(rtnl_decode_event(m, &e), 0);
	assert_int_equal(e.kind, RTNL_EVENT_ADDR);
	assert_int_equal(e.ifindex, 3);
	assert_int_equal(e.family, INET6);
	assert_false(e.gone);
}

/* ---- routes ------------------------------------------------------------ */

static const struct rtmsg plain = { .rtm_family = AF_INET,
				    .rtm_table = RT_TABLE_MAIN,
				    .rtm_protocol = 16,
				    .rtm_type = RTN_UNICAST };
static const uint8_t gateway[4] = { 192, 0, 2, 1 };

static int decode_route_head(struct rtmsg head, struct netstate_route *ret)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;

	begin(RTM_NEWROUTE, &head, sizeof(head));
	nl_attr_put_u32(&w, RTA_OIF, 3);
	m = end();
	return rtnl_decode_route(m, ret);
}

static void only_plain_defaults_are_routes_for_us(void **state)
{
	struct netstate_route r;
	struct rtmsg v[7];

	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = plain;
	v[0].rtm_dst_len = 8;
	v[1].rtm_src_len = 8;
	v[2].rtm_tos = 4;
	v[3].rtm_type = RTN_UNREACHABLE;
	v[4].rtm_flags = RTM_F_CLONED;
	v[5].rtm_family = AF_MPLS;
	for (size_t i = 0; i < 6; i++)
		assert_int_equal(decode_route_head(v[i], &r), RTNL_DECODE_OTHER);
	assert_int_equal(decode_route_head(v[6], &r), 0);
	assert_int_equal(r.table, RT_TABLE_MAIN); /* of the header, when RTA_TABLE is missing */
	assert_int_equal(r.metric, 0);
	assert_int_equal(r.protocol, 16);
	assert_false(r.nexthops[0].has_gateway);
}

static void flags_of_a_single_leg_are_the_routes(void **state)
{
	struct rtmsg head = plain;
	struct netstate_route r;

	head.rtm_flags = RTNH_F_ONLINK | RTNH_F_LINKDOWN | RTNH_F_DEAD;
	assert_int_equal(decode_route_head(head, &r), 0);
	assert_true(r.nexthops[0].onlink && r.nexthops[0].linkdown && r.nexthops[0].dead);
	assert_int_equal(decode_route_head(plain, &r), 0);
	assert_false(r.nexthops[0].onlink || r.nexthops[0].linkdown || r.nexthops[0].dead);
}

/* What cannot be copied to another table faithfully must not be learnt from. */
static void gateways_of_other_kinds_are_passed_over(void **state)
{
	static const uint16_t kinds[] = { RTA_VIA, RTA_ENCAP };

	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
		struct netstate_route r;

		begin(RTM_NEWROUTE, &plain, sizeof(plain));
		nl_attr_put_u32(&w, RTA_OIF, 3);
		nl_attr_put(&w, kinds[i], gateway, sizeof(gateway));
		m = end();
		assert_int_equal(rtnl_decode_route(m, &r), RTNL_DECODE_OTHER);
	}
}

static void a_route_without_device_is_passed_over(void **state)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
	struct netstate_route r;

	begin(RTM_NEWROUTE, &plain, sizeof(plain));
	nl_attr_put_u32(&w, RTA_NH_ID, 5);
	m = end();
	assert_int_equal(rtnl_decode_route(m, &r), RTNL_DECODE_OTHER);
}

static void put_leg(uint16_t len, int ifindex, bool with_gateway)
{
	struct rtnexthop leg = { .rtnh_len = len, .rtnh_ifindex = ifindex, .rtnh_hops = 6 };

	nl_attr_put_raw(&w, &leg, sizeof(leg));
	if (with_gateway)
		nl_attr_put(&w, RTA_GATEWAY, gateway, sizeof(gateway));
}

static int decode_one_leg(uint16_t len, int ifindex, bool with_gateway, struct netstate_route *ret)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
	size_t nest;

	begin(RTM_NEWROUTE, &plain, sizeof(plain));
	nest = nl_attr_nest_begin(&w, RTA_MULTIPATH);
	put_leg(len, ifindex, with_gateway);
	nl_attr_nest_end(&w, nest);
	m = end();
	return rtnl_decode_route(m, ret);
}

static void lengths_inside_a_multipath_route_are_checked(void **state)
{
	struct netstate_route r;

	assert_int_equal(decode_one_leg(16, 3, true, &r), 0);
	assert_int_equal(r.n_nexthops, 1);
	assert_int_equal(r.nexthops[0].weight, 1); /* a single one has none */
	assert_int_equal(decode_one_leg(8, 3, false, &r), 0);
	assert_int_equal(decode_one_leg(0, 3, false, &r), -EBADMSG);
	assert_int_equal(decode_one_leg(7, 3, false, &r), -EBADMSG);
	assert_int_equal(decode_one_leg(9, 3, false, &r), -EBADMSG);
	assert_int_equal(decode_one_leg(12, 3, true, &r), -EBADMSG); /* cuts the gateway */
	assert_int_equal(decode_one_leg(UINT16_MAX, 3, true, &r), -EBADMSG);
	assert_int_equal(decode_one_leg(16, -3, true, &r), -EBADMSG);
}

static void too_many_legs_are_cut_to_the_limit(void **state)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
	struct netstate_route r;
	size_t nest;

	begin(RTM_NEWROUTE, &plain, sizeof(plain));
	nest = nl_attr_nest_begin(&w, RTA_MULTIPATH);
	for (int i = 0; i < NETSTATE_NEXTHOPS_MAX + 5; i++)
		put_leg(16, 3 + i, true);
	nl_attr_nest_end(&w, nest);
	m = end();
	assert_int_equal(rtnl_decode_route(m, &r), 0);
	assert_int_equal(r.n_nexthops, NETSTATE_NEXTHOPS_MAX);
	assert_int_equal(r.nexthops[NETSTATE_NEXTHOPS_MAX - 1].ifindex,
			 3 + NETSTATE_NEXTHOPS_MAX - 1);
}

static void outputs_are_untouched_on_failure(void **state)
{
	_cleanup_(cleanup_freep) struct netstate_route *r = malloc(sizeof(*r)),
						       *before = malloc(sizeof(*r));

	memset(r, 0xa5, sizeof(*r));
	memcpy(before, r, sizeof(*r));
	assert_int_equal(decode_one_leg(9, 3, false, r), -EBADMSG);
	assert_memory_equal(r, before, sizeof(*r));
}

/* ---- rules ------------------------------------------------------------- */

static const struct fib_rule_hdr plain_rule = { .family = AF_INET, .action = FR_ACT_TO_TBL };

static struct netstate_rule decode_rule_with(uint16_t type, const void *data, size_t len)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
	struct netstate_rule r;

	begin(RTM_NEWRULE, &plain_rule, sizeof(plain_rule));
	nl_attr_put_u32(&w, FRA_TABLE, 7);
	nl_attr_put_u32(&w, FRA_SUPPRESS_PREFIXLEN, UINT32_MAX);
	nl_attr_put_u8(&w, FRA_PROTOCOL, POLICY_PROTOCOL);
	nl_attr_put(&w, type, data, len);
	m = end();
	assert_int_equal(rtnl_decode_rule(m, &r), 0);
	return r;
}

static void selectors_we_never_write_make_a_rule_foreign(void **state)
{
	static const uint16_t foreign[] = { FRA_SRC,	     FRA_IIFNAME,     FRA_OIFNAME,
					    FRA_GOTO,	     FRA_FLOW,	      FRA_TUN_ID,
					    FRA_L3MDEV,	     FRA_UID_RANGE,   FRA_IP_PROTO,
					    FRA_SPORT_RANGE, FRA_DPORT_RANGE, 60 };
	static const uint16_t known[] = { FRA_PRIORITY, FRA_FWMARK, FRA_FWMASK, FRA_PAD };
	uint32_t value = 1;

	for (size_t i = 0; i < ARRAY_SIZE(foreign); i++)
		if (!decode_rule_with(foreign[i], &value, sizeof(value)).foreign_keys)
			fail_msg("FRA %u is not seen", foreign[i]);
	for (size_t i = 0; i < ARRAY_SIZE(known); i++)
		if (decode_rule_with(known[i], &value, sizeof(value)).foreign_keys)
			fail_msg("FRA %u is taken for foreign", known[i]);
	assert_true(decode_rule_with(FRA_SUPPRESS_IFGROUP, &value, sizeof(value)).foreign_keys);
	value = UINT32_MAX; /* none */
	assert_false(decode_rule_with(FRA_SUPPRESS_IFGROUP, &value, sizeof(value)).foreign_keys);
}

static void selectors_in_the_header_count_too(void **state)
{
	struct fib_rule_hdr head[2] = { plain_rule, plain_rule };

	head[0].tos = 4;
	head[1].src_len = 8;
	for (size_t i = 0; i < ARRAY_SIZE(head); i++) {
		_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
		struct netstate_rule r;

		begin(RTM_NEWRULE, &head[i], sizeof(head[i]));
		m = end();
		assert_int_equal(rtnl_decode_rule(m, &r), 0);
		assert_true(r.foreign_keys);
	}
}

static void a_destination_longer_than_its_family_is_refused(void **state)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
	struct fib_rule_hdr head = plain_rule;
	struct netstate_rule r;

	head.dst_len = 33;
	begin(RTM_NEWRULE, &head, sizeof(head));
	m = end();
	assert_int_equal(rtnl_decode_rule(m, &r), -EBADMSG);
}

/* ---- events ------------------------------------------------------------ */

static void our_own_objects_are_known(void **state)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *rule = NULL, *route = NULL, *alien = NULL;
	struct rtmsg head = plain;
	struct rtnl_event e;

	begin(RTM_DELRULE, &plain_rule, sizeof(plain_rule));
	nl_attr_put_u8(&w, FRA_PROTOCOL, POLICY_PROTOCOL);
	nl_attr_put_u32(&w, FRA_TABLE, 991337);
	rule = end();
	assert_int_equal(rtnl_decode_event(rule, &e), 0);
	assert_int_equal(e.kind, RTNL_EVENT_RULE);
	assert_true(e.gone && e.ours);
	assert_int_equal(e.table, 991337);

	head.rtm_protocol = POLICY_PROTOCOL;
	begin(RTM_NEWROUTE, &head, sizeof(head));
	nl_attr_put_u32(&w, RTA_OIF, 9);
	route = end();
	assert_int_equal(rtnl_decode_event(route, &e), 0);
	assert_int_equal(e.kind, RTNL_EVENT_ROUTE);
	assert_true(!e.gone && e.ours);
	assert_int_equal(e.ifindex, 9);

	begin(RTM_DELROUTE, &plain, sizeof(plain));
	nl_attr_put_u32(&w, RTA_OIF, 9);
	alien = end();
	assert_int_equal(rtnl_decode_event(alien, &e), 0);
	assert_true(e.gone && !e.ours);
}

static void a_link_event_carries_the_link(void **state)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
	struct rtnl_event e;

	begin_link(RTM_DELLINK, "eth1");
	m = end();
	assert_int_equal(rtnl_decode_event(m, &e), 0);
	assert_int_equal(e.kind, RTNL_EVENT_LINK);
	assert_true(e.gone);
	assert_int_equal(e.ifindex, 3);
	assert_string_equal(e.link.name, "eth1");
}

static void messages_about_other_things_are_other(void **state)
{
	_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
	struct rtnl_event e;

	begin(RTM_NEWNEIGH, NULL, 0);
	m = end();
	assert_int_equal(rtnl_decode_event(m, &e), RTNL_DECODE_OTHER);
}

/* ---- any bytes --------------------------------------------------------- */

static void decode_all(const struct nlmsghdr *m)
{
	struct netstate_link link;
	struct netstate_addr addr;
	struct netstate_route route;
	struct netstate_rule rule;
	struct rtnl_event event;

	(void)rtnl_decode_link(m, &link);
	(void)rtnl_decode_addr(m, &addr);
	(void)rtnl_decode_route(m, &route);
	(void)rtnl_decode_rule(m, &rule);
	(void)rtnl_decode_event(m, &event);
}

static void messages_shorter_than_their_header_are_refused(void **state)
{
	static const uint16_t types[] = { RTM_NEWLINK, RTM_NEWADDR, RTM_NEWROUTE, RTM_NEWRULE };

	for (size_t t = 0; t < ARRAY_SIZE(types); t++)
		for (size_t len = 0; len < NLMSG_HDRLEN + sizeof(struct ifaddrmsg); len++) {
			_cleanup_(cleanup_freep) struct nlmsghdr *m = NULL;
			static const char zeros[16];
			struct rtnl_event e;

			begin(types[t], zeros, sizeof(zeros));
			m = end_with_length(len);
			assert_int_equal(rtnl_decode_event(m, &e), -EBADMSG);
			decode_all(m);
		}
}

static void a_message_cut_anywhere_is_not_read_beyond(void **state)
{
	struct netstate_route route;
	size_t whole, nest;

	begin(RTM_NEWROUTE, &plain, sizeof(plain));
	nl_attr_put_u32(&w, RTA_TABLE, 7);
	nest = nl_attr_nest_begin(&w, RTA_MULTIPATH);
	put_leg(16, 3, true);
	put_leg(16, 4, true);
	nl_attr_nest_end(&w, nest);
	whole = w.len;
	for (size_t len = NLMSG_HDRLEN + sizeof(plain); len <= whole; len++) {
		_cleanup_(cleanup_freep) struct nlmsghdr *m = end_with_length(len);
		int r = rtnl_decode_route(m, &route);

		/* whole attributes are a message: with none, or the table alone, it names no leg */
		if (len == whole)
			assert_int_equal(r, 0);
		else if (len == NLMSG_HDRLEN + sizeof(plain) ||
			 len == NLMSG_HDRLEN + sizeof(plain) + 8)
			assert_int_equal(r, RTNL_DECODE_OTHER);
		else
			assert_int_equal(r, -EBADMSG);
	}
}

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void any_bytes_are_survived(void **state)
{
	static const uint16_t types[] = { RTM_NEWLINK,	RTM_DELLINK,  RTM_NEWADDR, RTM_DELADDR,
					  RTM_NEWROUTE, RTM_DELROUTE, RTM_NEWRULE, RTM_DELRULE };
	uint32_t seed = 1;

	for (int round = 0; round < 20000; round++) {
		size_t len = NLMSG_HDRLEN + next_random(&seed) % 120;
		_cleanup_(cleanup_freep) struct nlmsghdr *m = malloc(len);
		uint8_t *bytes = (void *)m;

		for (size_t i = 0; i < len; i++) /* small numbers: lengths that nearly fit */
			bytes[i] =
				(uint8_t)(next_random(&seed) % (next_random(&seed) % 2 ? 24 : 256));
		m->nlmsg_len = (uint32_t)len;
		m->nlmsg_type = types[next_random(&seed) % ARRAY_SIZE(types)];
		if (len > NLMSG_HDRLEN)
			bytes[NLMSG_HDRLEN] = next_random(&seed) % 2 ? AF_INET : AF_INET6;
		if (len > NLMSG_HDRLEN + sizeof(struct rtmsg) && m->nlmsg_type == RTM_NEWROUTE) {
			struct rtmsg head = plain; /* a default: go on to the attributes */

			memcpy(bytes + NLMSG_HDRLEN, &head, sizeof(head));
		}
		decode_all(m);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_link_is_read_whole),
		cmocka_unit_test(carrier_comes_from_the_flags_when_not_told),
		cmocka_unit_test(a_bridge_port_that_leaves_is_no_device_that_goes),
		cmocka_unit_test(a_link_without_name_is_passed_over),
		cmocka_unit_test(names_must_end_and_fit),
		cmocka_unit_test(only_usable_addresses_count),
		cmocka_unit_test(the_local_address_is_ours_not_the_peers),
		cmocka_unit_test(an_address_of_the_other_familys_length_is_refused),
		cmocka_unit_test(an_address_that_ceases_to_be_usable_is_an_event),
		cmocka_unit_test(only_plain_defaults_are_routes_for_us),
		cmocka_unit_test(flags_of_a_single_leg_are_the_routes),
		cmocka_unit_test(gateways_of_other_kinds_are_passed_over),
		cmocka_unit_test(a_route_without_device_is_passed_over),
		cmocka_unit_test(lengths_inside_a_multipath_route_are_checked),
		cmocka_unit_test(too_many_legs_are_cut_to_the_limit),
		cmocka_unit_test(outputs_are_untouched_on_failure),
		cmocka_unit_test(selectors_we_never_write_make_a_rule_foreign),
		cmocka_unit_test(selectors_in_the_header_count_too),
		cmocka_unit_test(a_destination_longer_than_its_family_is_refused),
		cmocka_unit_test(our_own_objects_are_known),
		cmocka_unit_test(a_link_event_carries_the_link),
		cmocka_unit_test(messages_about_other_things_are_other),
		cmocka_unit_test(messages_shorter_than_their_header_are_refused),
		cmocka_unit_test(a_message_cut_anywhere_is_not_read_beyond),
		cmocka_unit_test(any_bytes_are_survived),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
