/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/if.h>
#include <string.h>

#include "base/cleanup.h"
#include "model/link_view.h"
#include "model/policy.h"

#define ETH 3
#define LTE 4

static struct inet_addr addr(const char *text)
{
	enum inet_family f;
	struct inet_addr a;

	assert_int_equal(inet_parse_addr(text, strlen(text), &f, &a), 0);
	return a;
}

/* One link "eth1", up with an address of each family, and what its neighbours have. */
struct world {
	struct plan_link link;
	struct plan plan;
	struct netstate_link links[2];
	struct netstate_addr addrs[2];
	struct netstate_route routes[4];
	struct netstate state;
	struct link_view view;
};

static void make_world(struct world *w)
{
	*w = (struct world){
		.link = { .name = "fiber", .device = "eth1", .id = 7 },
		.links = { { .name = "eth10", .ifindex = LTE, .flags = IFF_UP, .carrier = true },
			   { .name = "eth1",
			     .ifindex = ETH,
			     .flags = IFF_UP,
			     .carrier = true,
			     .operstate = IF_OPER_UP } },
		.addrs = { { .ifindex = ETH, .family = INET4, .addr = addr("192.0.2.2") },
			   { .ifindex = ETH, .family = INET6, .addr = addr("2001:db8::2") } },
	};
	w->plan = (struct plan){ .links = &w->link, .n_links = 1 };
	w->state = (struct netstate){ .links = w->links,
				      .n_links = 2,
				      .addrs = w->addrs,
				      .n_addrs = 2,
				      .routes = w->routes };
}

static struct netstate_route *add_route(struct world *w, enum inet_family f, uint32_t table,
					uint32_t metric, int ifindex, const char *gateway)
{
	struct netstate_route *r = &w->routes[w->state.n_routes++];

	*r = (struct netstate_route){ .family = f,
				      .table = table,
				      .metric = metric,
				      .protocol = 16,
				      .n_nexthops = 1,
				      .nexthops = { { .ifindex = ifindex, .weight = 1 } } };
	r->nexthops[0].has_gateway = gateway != NULL;
	if (gateway)
		r->nexthops[0].gateway = addr(gateway);
	return r;
}

static enum link_reason look(struct world *w, enum inet_family f)
{
	memset(&w->view, 0xa5, sizeof(w->view)); /* must be filled, not assumed zero */
	link_view_build(&w->plan, &w->state, &w->view);
	return link_view_usable(&w->view, f);
}

static void expect_gateway(struct world *w, enum inet_family f, const char *gateway)
{
	struct inet_addr a;

	assert_int_equal(look(w, f), LINK_OK);
	assert_true(w->view.family[f].has_gateway);
	assert_int_equal(w->view.family[f].gateway_none, gateway == NULL);
	a = gateway ? addr(gateway) : (struct inet_addr){ 0 };
	assert_int_equal(inet_addr_cmp(&w->view.family[f].gateway, &a), 0);
}

static void a_device_is_found_by_its_whole_name(void **state)
{
	struct world w;

	make_world(&w);
	look(&w, INET4);
	assert_int_equal(w.view.ifindex, ETH);
	w.link.device = "eth";
	assert_int_equal(look(&w, INET4), LINK_NO_DEVICE);
	assert_int_equal(w.view.ifindex, 0);
}

static void the_first_reason_is_told(void **state)
{
	struct world w;

	make_world(&w);
	assert_int_equal(look(&w, INET4), LINK_NO_GATEWAY);
	w.state.n_addrs = 0;
	assert_int_equal(look(&w, INET4), LINK_NO_ADDRESS);
	w.links[1].carrier = false;
	assert_int_equal(look(&w, INET4), LINK_NO_CARRIER);
	w.links[1].flags = 0;
	assert_int_equal(look(&w, INET4), LINK_ADMIN_DOWN);
	w.state.n_links = 1;
	assert_int_equal(look(&w, INET4), LINK_NO_DEVICE);
}

static void each_reason_has_a_text_of_its_own(void **state)
{
	for (int i = 0; i < LINK_REASON_COUNT; i++)
		for (int k = 0; k < i; k++)
			assert_string_not_equal(link_view_reason_text((enum link_reason)i),
						link_view_reason_text((enum link_reason)k));
	assert_string_equal(link_view_reason_text(LINK_NO_CARRIER), "no carrier");
}

static void operstate_can_deny_a_carrier_but_not_give_one(void **state)
{
	static const struct {
		uint8_t operstate;
		bool carrier, expected;
	} cases[] = {
		{ IF_OPER_UP, true, true },
		{ IF_OPER_UNKNOWN, true, true },
		{ IF_OPER_DOWN, true, true },
		{ IF_OPER_DORMANT, true, false },
		{ IF_OPER_LOWERLAYERDOWN, true, false },
		{ IF_OPER_NOTPRESENT, true, false },
		{ IF_OPER_TESTING, true, false },
		{ IF_OPER_UP, false, false },
	};
	struct world w;

	make_world(&w);
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		w.links[1].operstate = cases[i].operstate;
		w.links[1].carrier = cases[i].carrier;
		look(&w, INET4);
		if (w.view.carrier != cases[i].expected)
			fail_msg("case %zu", i);
	}
}

static void carrier_is_the_kernels_affair_for_a_routable_link(void **state)
{
	struct world w;

	make_world(&w);
	w.link.gateway[INET4] = (struct policy_gateway){ .kind = POLICY_GATEWAY_NONE };
	w.links[1].carrier = false;
	assert_int_equal(look(&w, INET4), LINK_NO_CARRIER);
	assert_true(link_view_routable(&w.view, INET4));
	assert_false(link_view_routable(&w.view, INET6)); /* no gateway there */
	w.links[1].flags = 0;
	look(&w, INET4);
	assert_false(link_view_routable(&w.view, INET4));
}

static void families_are_judged_apart(void **state)
{
	struct world w;

	make_world(&w);
	w.link.gateway[INET4] = (struct policy_gateway){ .kind = POLICY_GATEWAY_NONE };
	w.link.gateway[INET6] = (struct policy_gateway){ .kind = POLICY_GATEWAY_NONE };
	w.state.n_addrs = 1;
	assert_int_equal(look(&w, INET4), LINK_OK);
	assert_int_equal(look(&w, INET6), LINK_NO_ADDRESS);
}

static void addresses_of_other_devices_do_not_count(void **state)
{
	struct world w;

	make_world(&w);
	w.addrs[0].ifindex = LTE;
	assert_int_equal(look(&w, INET4), LINK_NO_ADDRESS);
}

static void a_written_gateway_needs_no_prefix_of_the_device(void **state)
{
	struct world w;

	make_world(&w);
	w.link.gateway[INET4] =
		(struct policy_gateway){ .kind = POLICY_GATEWAY_ADDR, .addr = addr("203.0.113.1") };
	add_route(&w, INET4, 254, 1, ETH, "192.0.2.1"); /* not asked */
	expect_gateway(&w, INET4, "203.0.113.1");
	assert_true(w.view.family[INET4].onlink);
}

static void a_gateway_is_learnt_from_the_best_default_route(void **state)
{
	struct world w;

	make_world(&w);
	add_route(&w, INET4, 300, 1, ETH, "192.0.2.30");
	expect_gateway(&w, INET4, "192.0.2.30");
	assert_false(w.view.family[INET4].onlink);
	add_route(&w, INET4, 200, 1, ETH, "192.0.2.20"); /* lower table of equal metric */
	expect_gateway(&w, INET4, "192.0.2.20");
	add_route(&w, INET4, 254, 600, ETH, "192.0.2.60")->nexthops[0].onlink = true;
	expect_gateway(&w, INET4, "192.0.2.60"); /* main before others */
	assert_true(w.view.family[INET4].onlink);
	add_route(&w, INET4, 254, 100, ETH, "192.0.2.10");
	expect_gateway(&w, INET4, "192.0.2.10");
	assert_int_equal(look(&w, INET6), LINK_NO_GATEWAY);
}

static void our_own_routes_teach_nothing(void **state)
{
	struct world w;

	make_world(&w);
	add_route(&w, INET4, 7, 1, ETH, "192.0.2.1")->protocol = POLICY_PROTOCOL;
	assert_int_equal(look(&w, INET4), LINK_NO_GATEWAY);
}

static void routes_of_other_devices_teach_nothing(void **state)
{
	struct world w;

	make_world(&w);
	add_route(&w, INET4, 254, 1, LTE, "192.0.2.1");
	assert_int_equal(look(&w, INET4), LINK_NO_GATEWAY);
}

static void a_leg_of_a_multipath_route_teaches_its_gateway(void **state)
{
	struct netstate_route *r;
	struct world w;

	make_world(&w);
	r = add_route(&w, INET6, 254, 1024, LTE, "fe80::1");
	r->nexthops[1] = (struct netstate_nexthop){
		.ifindex = ETH, .has_gateway = true, .gateway = addr("fe80::2"), .weight = 1
	};
	r->n_nexthops = 2;
	expect_gateway(&w, INET6, "fe80::2");
}

static void a_default_route_without_gateway_means_none_is_needed(void **state)
{
	struct world w;

	make_world(&w);
	add_route(&w, INET4, 254, 0, ETH, NULL);
	expect_gateway(&w, INET4, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_device_is_found_by_its_whole_name),
		cmocka_unit_test(the_first_reason_is_told),
		cmocka_unit_test(each_reason_has_a_text_of_its_own),
		cmocka_unit_test(operstate_can_deny_a_carrier_but_not_give_one),
		cmocka_unit_test(carrier_is_the_kernels_affair_for_a_routable_link),
		cmocka_unit_test(families_are_judged_apart),
		cmocka_unit_test(addresses_of_other_devices_do_not_count),
		cmocka_unit_test(a_written_gateway_needs_no_prefix_of_the_device),
		cmocka_unit_test(a_gateway_is_learnt_from_the_best_default_route),
		cmocka_unit_test(our_own_routes_teach_nothing),
		cmocka_unit_test(routes_of_other_devices_teach_nothing),
		cmocka_unit_test(a_leg_of_a_multipath_route_teaches_its_gateway),
		cmocka_unit_test(a_default_route_without_gateway_means_none_is_needed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
