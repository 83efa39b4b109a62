/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/fib_rules.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "model/netstate.h"
#include "model/policy.h"

static struct inet_addr addr(const char *text)
{
	enum inet_family f;
	struct inet_addr a;

	assert_int_equal(inet_parse_addr(text, strlen(text), &f, &a), 0);
	return a;
}

static struct netstate_nexthop via(const char *gateway, int ifindex, unsigned weight)
{
	struct netstate_nexthop nh = { .ifindex = ifindex, .weight = weight };

	nh.has_gateway = gateway != NULL;
	if (gateway)
		nh.gateway = addr(gateway);
	return nh;
}

static struct netstate_route route(enum inet_family f, uint32_t table, uint32_t metric,
				   const char *gateway, int ifindex)
{
	return (struct netstate_route){
		.family = f,
		.table = table,
		.metric = metric,
		.protocol = POLICY_PROTOCOL,
		.n_nexthops = 1,
		.nexthops = { via(gateway, ifindex, 1) },
	};
}

static struct netstate_rule rule(enum inet_family f, uint32_t priority, uint32_t mark,
				 uint32_t table)
{
	return (struct netstate_rule){
		.family = f,
		.priority = priority,
		.protocol = POLICY_PROTOCOL,
		.fwmark = mark,
		.fwmask = POLICY_MARK_MASK,
		.action = FR_ACT_TO_TBL,
		.table = table,
		.suppress_prefixlength = -1,
	};
}

/* ---- comparing --------------------------------------------------------- */

static void every_field_of_a_rule_counts(void **state)
{
	const struct netstate_rule base = rule(INET4, 1010, 0x5397, 7);
	struct netstate_rule v[11];

	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = base;
	v[0].family = INET6;
	v[1].priority = 1011;
	v[2].protocol = 3;
	v[3].invert = true;
	v[4].fwmark = 0x5398;
	v[5].fwmask = 0xff;
	v[6].has_to = true;
	v[7].action = FR_ACT_UNREACHABLE;
	v[8].table = 8;
	v[9].suppress_prefixlength = 1;
	assert_int_equal(netstate_rule_cmp(&base, &v[10]), 0);
	for (size_t i = 0; i + 1 < ARRAY_SIZE(v); i++) {
		int there = netstate_rule_cmp(&base, &v[i]), back = netstate_rule_cmp(&v[i], &base);

		if (there == 0 || (there < 0) == (back < 0))
			fail_msg("field %zu is not compared", i);
	}
}

static void destination_of_a_rule_counts_only_when_it_has_one(void **state)
{
	struct netstate_rule a = rule(INET4, 1, 0, 254), b = a;

	b.to.len = 8;
	assert_int_equal(netstate_rule_cmp(&a, &b), 0);
	a.has_to = b.has_to = true;
	assert_int_not_equal(netstate_rule_cmp(&a, &b), 0);
	a.to.len = 8;
	assert_int_equal(netstate_rule_cmp(&a, &b), 0);
	b.to.addr = addr("10.0.0.0");
	assert_true(netstate_rule_cmp(&a, &b) < 0);
}

static void foreign_keys_are_not_compared(void **state)
{
	struct netstate_rule a = rule(INET4, 1010, 0x5397, 7), b = a;

	b.foreign_keys = true;
	assert_int_equal(netstate_rule_cmp(&a, &b), 0);
}

static void routes_are_known_by_family_table_and_metric(void **state)
{
	struct netstate_route a = route(INET4, 7, 1, "10.0.0.1", 3);
	struct netstate_route same = route(INET4, 7, 1, "10.9.9.9", 4);
	struct netstate_route other[] = {
		route(INET6, 7, 1, NULL, 3),
		route(INET4, 8, 1, "10.0.0.1", 3),
		route(INET4, 7, 2, "10.0.0.1", 3),
	};

	assert_int_equal(netstate_route_key_cmp(&a, &same), 0);
	for (size_t i = 0; i < ARRAY_SIZE(other); i++)
		assert_true(netstate_route_key_cmp(&a, &other[i]) < 0);
}

static void carrier_flags_do_not_make_routes_differ(void **state)
{
	struct netstate_route a = route(INET4, 7, 1, "10.0.0.1", 3), b = a;

	b.nexthops[0].linkdown = b.nexthops[0].dead = true;
	assert_true(netstate_route_equal(&a, &b));
}

static void content_makes_routes_differ(void **state)
{
	const struct netstate_route a = route(INET4, 7, 1, "10.0.0.1", 3);
	struct netstate_route v[6];

	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		v[i] = a;
	v[0].nexthops[0].ifindex = 4;
	v[1].nexthops[0].gateway = addr("10.0.0.2");
	v[2].nexthops[0].has_gateway = false;
	v[3].nexthops[0].onlink = true;
	v[4].protocol = 4;
	v[5].n_nexthops = 2;
	v[5].nexthops[1] = a.nexthops[0];
	for (size_t i = 0; i < ARRAY_SIZE(v); i++)
		if (netstate_route_equal(&a, &v[i]) || netstate_route_equal(&v[i], &a))
			fail_msg("variant %zu is taken for equal", i);
}

static void legs_of_a_multipath_route_have_no_order(void **state)
{
	struct netstate_route a = route(INET4, 7, 1, "10.0.0.1", 3), b;

	a.n_nexthops = 3;
	a.nexthops[1] = via("10.1.0.1", 4, 7);
	a.nexthops[2] = via("10.1.0.1", 4, 3);
	b = a;
	b.nexthops[0] = a.nexthops[2];
	b.nexthops[2] = a.nexthops[0];
	assert_true(netstate_route_equal(&a, &b));
	b.nexthops[1].weight = 3; /* now twice the same leg */
	assert_false(netstate_route_equal(&a, &b));
	assert_false(netstate_route_equal(&b, &a));
}

/* ---- printing ---------------------------------------------------------- */

static void rules_read_as_ip_prints_them(void **state)
{
	struct netstate_rule r = rule(INET4, 1010, 0x5397, 7);
	char buf[256];

	assert_string_equal(netstate_rule_text(&r, buf, sizeof(buf)),
			    "1010: from all fwmark 0x5397/0xffffff lookup 7 proto 153");
	r = (struct netstate_rule){
		.family = INET4,
		.priority = 1000,
		.invert = true,
		.fwmask = 0xffffff,
		.has_to = true,
		.to = { .family = INET4, .len = 8, .addr = addr("10.0.0.0") },
		.action = FR_ACT_TO_TBL,
		.table = 254,
		.suppress_prefixlength = 1,
		.protocol = POLICY_PROTOCOL,
	};
	assert_string_equal(netstate_rule_text(&r, buf, sizeof(buf)),
			    "1000: not from all to 10.0.0.0/8 fwmark 0/0xffffff lookup main "
			    "suppress_prefixlength 1 proto 153");
	r = rule(INET6, 1040, 0x5390, 0);
	r.action = FR_ACT_UNREACHABLE;
	r.fwmask = UINT32_MAX;
	assert_string_equal(netstate_rule_text(&r, buf, sizeof(buf)),
			    "1040: from all fwmark 0x5390 unreachable proto 153");
}

static void routes_read_as_ip_prints_them(void **state)
{
	struct netstate_link links[] = { { .name = "eth1", .ifindex = 3 } };
	struct netstate names = { .links = links, .n_links = 1 };
	struct netstate_route r = route(INET4, 7, 1, "10.0.0.1", 3);
	char buf[256];

	r.nexthops[0].onlink = r.nexthops[0].linkdown = true;
	assert_string_equal(
		netstate_route_text(&r, buf, sizeof(buf), &names),
		"default via 10.0.0.1 dev eth1 table 7 proto 153 metric 1 onlink linkdown");
	r = route(INET6, 991337, 1, "fe80::1", 3);
	r.n_nexthops = 2;
	r.nexthops[1] = via("fe80::2", 9, 7);
	assert_string_equal(netstate_route_text(&r, buf, sizeof(buf), &names),
			    "default table 991337 proto 153 metric 1 "
			    "nexthop via fe80::1 dev eth1 weight 1 "
			    "nexthop via fe80::2 dev if9 weight 7");
	r = route(INET4, 7, 1, NULL, 3);
	assert_string_equal(netstate_route_text(&r, buf, sizeof(buf), NULL),
			    "default dev if3 table 7 proto 153 metric 1");
}

static void changes_name_the_command(void **state)
{
	struct netstate_change c = { .is_rule = true, .rule = rule(INET6, 5, 1, 7) };
	char buf[256];

	assert_string_equal(netstate_change_text(&c, buf, sizeof(buf), NULL),
			    "ip -6 rule 5: from all fwmark 0x1/0xffffff lookup 7 proto 153");
	c = (struct netstate_change){ .route = route(INET4, 7, 1, NULL, 3) };
	assert_string_equal(netstate_change_text(&c, buf, sizeof(buf), NULL),
			    "ip route default dev if3 table 7 proto 153 metric 1");
}

static void text_is_cut_to_its_buffer(void **state)
{
	struct netstate_rule r = rule(INET4, 1010, 0x5397, 7);
	char whole[256];

	netstate_rule_text(&r, whole, sizeof(whole));
	for (size_t size = 1; size <= strlen(whole) + 1; size++) {
		_cleanup_(cleanup_freep) char *buf = malloc(size); /* ASan watches its end */

		netstate_rule_text(&r, buf, size);
		assert_int_equal(strlen(buf), size - 1);
		assert_memory_equal(buf, whole, size - 1);
	}
}

/* ---- the difference ---------------------------------------------------- */

struct fixture {
	struct arena *arena;
	struct netstate observed, desired;
	struct netstate_diff diff;
};

static int setup(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	f->arena = arena_new();
	*state = f;
	return 0;
}

static int teardown(void **state)
{
	struct fixture *f = *state;

	arena_free(f->arena);
	free(f);
	return 0;
}

static void add_rule(struct fixture *f, struct netstate *s, struct netstate_rule r)
{
	*ARENA_PUSH(f->arena, s->rules, s->n_rules, s->cap_rules) = r;
}

static void add_route(struct fixture *f, struct netstate *s, struct netstate_route r)
{
	*ARENA_PUSH(f->arena, s->routes, s->n_routes, s->cap_routes) = r;
}

static void expect_diff(struct fixture *f, const char *pre, const char *post)
{
	static const char marks[] = {
		[NETSTATE_ADD] = '+', [NETSTATE_REPLACE] = '~', [NETSTATE_DELETE] = '-'
	};
	char got[2][2048] = { "", "" }, text[512];

	netstate_diff_build(&f->observed, &f->desired, f->arena, &f->diff);
	for (int phase = 0; phase < 2; phase++) {
		size_t n = phase ? f->diff.n_post : f->diff.n_pre;
		const struct netstate_change *c = phase ? f->diff.post : f->diff.pre;

		for (size_t i = 0; i < n; i++) {
			size_t len = strlen(got[phase]);

			snprintf(got[phase] + len, sizeof(got[phase]) - len, "%c %s\n",
				 marks[c[i].op],
				 netstate_change_text(&c[i], text, sizeof(text), NULL));
		}
	}
	assert_string_equal(got[0], pre);
	assert_string_equal(got[1], post);
}

static void equal_states_need_nothing(void **state)
{
	struct fixture *f = *state;

	expect_diff(f, "", "");
	/* in another order */
	add_rule(f, &f->observed, rule(INET4, 1010, 1, 7));
	add_rule(f, &f->observed, rule(INET6, 1010, 1, 7));
	add_rule(f, &f->desired, rule(INET6, 1010, 1, 7));
	add_rule(f, &f->desired, rule(INET4, 1010, 1, 7));
	add_route(f, &f->observed, route(INET4, 8, 1, "10.0.0.1", 3));
	add_route(f, &f->observed, route(INET4, 7, 1, "10.0.0.1", 3));
	add_route(f, &f->desired, route(INET4, 7, 1, "10.0.0.1", 3));
	add_route(f, &f->desired, route(INET4, 8, 1, "10.0.0.1", 3));
	f->observed.routes[0].nexthops[0].linkdown = true;
	expect_diff(f, "", "");
}

static void additions_come_before_deletions_and_routes_before_rules(void **state)
{
	struct fixture *f = *state;

	add_rule(f, &f->observed, rule(INET4, 1000, 9, 9));
	add_rule(f, &f->observed, rule(INET4, 1010, 9, 9));
	add_route(f, &f->observed, route(INET4, 9, 1, NULL, 4));
	add_rule(f, &f->desired, rule(INET4, 1010, 7, 7));
	add_rule(f, &f->desired, rule(INET4, 1000, 7, 7));
	add_route(f, &f->desired, route(INET4, 7, 1, NULL, 3));
	expect_diff(f,
		    "+ ip route default dev if3 table 7 proto 153 metric 1\n"
		    "+ ip rule 1000: from all fwmark 0x7/0xffffff lookup 7 proto 153\n"
		    "+ ip rule 1010: from all fwmark 0x7/0xffffff lookup 7 proto 153\n",
		    "- ip rule 1010: from all fwmark 0x9/0xffffff lookup 9 proto 153\n"
		    "- ip rule 1000: from all fwmark 0x9/0xffffff lookup 9 proto 153\n"
		    "- ip route default dev if4 table 9 proto 153 metric 1\n");
}

static void changed_gateway_is_a_replacement(void **state)
{
	struct fixture *f = *state;

	add_route(f, &f->observed, route(INET4, 7, 1, "10.0.0.1", 3));
	add_route(f, &f->desired, route(INET4, 7, 1, "10.0.0.2", 3));
	expect_diff(f, "~ ip route default via 10.0.0.2 dev if3 table 7 proto 153 metric 1\n", "");
}

static void foreign_objects_are_left_alone(void **state)
{
	struct fixture *f = *state;
	struct netstate_rule alien = rule(INET4, 1010, 1, 7), strange = alien;
	struct netstate_route theirs = route(INET4, 7, 1, "10.0.0.1", 3);

	alien.protocol = 3;
	strange.foreign_keys = true; /* though it bears our protocol */
	theirs.protocol = 4;
	add_rule(f, &f->observed, alien);
	add_rule(f, &f->observed, strange);
	add_route(f, &f->observed, theirs);
	expect_diff(f, "", "");
	/* and do not count as ours when we want the like */
	add_rule(f, &f->desired, rule(INET4, 1010, 1, 7));
	add_route(f, &f->desired, route(INET4, 7, 1, "10.0.0.1", 3));
	expect_diff(f,
		    "+ ip route default via 10.0.0.1 dev if3 table 7 proto 153 metric 1\n"
		    "+ ip rule 1010: from all fwmark 0x1/0xffffff lookup 7 proto 153\n",
		    "");
}

static void a_rule_that_stands_twice_loses_one(void **state)
{
	struct fixture *f = *state;

	add_rule(f, &f->observed, rule(INET4, 1010, 1, 7));
	add_rule(f, &f->observed, rule(INET4, 1010, 1, 7));
	add_rule(f, &f->desired, rule(INET4, 1010, 1, 7));
	expect_diff(f, "", "- ip rule 1010: from all fwmark 0x1/0xffffff lookup 7 proto 153\n");
}

static void of_several_routes_of_a_key_the_right_one_stays(void **state)
{
	struct fixture *f = *state;

	add_route(f, &f->observed, route(INET4, 7, 1, "10.0.0.9", 3));
	add_route(f, &f->observed, route(INET4, 7, 1, "10.0.0.1", 3));
	add_route(f, &f->desired, route(INET4, 7, 1, "10.0.0.1", 3));
	expect_diff(f, "", "- ip route default via 10.0.0.9 dev if3 table 7 proto 153 metric 1\n");
	f->desired.routes[0].nexthops[0].gateway = addr("10.0.0.2");
	expect_diff(f, "~ ip route default via 10.0.0.2 dev if3 table 7 proto 153 metric 1\n",
		    "- ip route default via 10.0.0.1 dev if3 table 7 proto 153 metric 1\n");
	f->desired.n_routes = 0;
	expect_diff(f, "",
		    "- ip route default via 10.0.0.9 dev if3 table 7 proto 153 metric 1\n"
		    "- ip route default via 10.0.0.1 dev if3 table 7 proto 153 metric 1\n");
}

/* ---- any states: applying the difference gives the desired one --------- */

static uint32_t next_random(uint32_t *seed)
{
	*seed = *seed * 1664525u + 1013904223u;
	return *seed >> 8;
}

static void fill_random(struct fixture *f, struct netstate *s, bool only_ours, uint32_t *seed)
{
	unsigned n = next_random(seed) % 12;

	memset(s, 0, sizeof(*s));
	for (unsigned i = 0; i < n; i++) {
		struct netstate_rule r = rule(next_random(seed) % 2, 1000 + next_random(seed) % 2,
					      next_random(seed) % 2, 7);
		struct netstate_route t =
			route(next_random(seed) % 2, 7 + next_random(seed) % 2,
			      1 + next_random(seed) % 3, NULL, 3 + (int)(next_random(seed) % 2));
		bool known = false;

		if (!only_ours && next_random(seed) % 4 == 0)
			r.protocol = t.protocol = 4;
		add_rule(f, s, r);
		for (size_t k = 0; k < s->n_routes; k++)
			known |= netstate_route_key_cmp(&s->routes[k], &t) == 0;
		if (!known)
			add_route(f, s, t);
	}
}

static void play_change(struct fixture *f, struct netstate *s, const struct netstate_change *c)
{
	size_t i;

	if (c->op != NETSTATE_ADD) {
		size_t n = c->is_rule ? s->n_rules : s->n_routes;

		for (i = 0; i < n; i++)
			if (c->is_rule ? netstate_rule_cmp(&s->rules[i], &c->rule) == 0
				       : netstate_route_key_cmp(&s->routes[i], &c->route) == 0 &&
						 s->routes[i].protocol == POLICY_PROTOCOL)
				break;
		assert_true(i < n);
		if (c->is_rule)
			s->rules[i] = s->rules[--s->n_rules];
		else
			s->routes[i] = s->routes[--s->n_routes];
	}
	if (c->op == NETSTATE_DELETE)
		return;
	if (c->is_rule)
		add_rule(f, s, c->rule);
	else
		add_route(f, s, c->route);
}

static size_t count_foreign(const struct netstate *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_rules; i++)
		n += s->rules[i].protocol != POLICY_PROTOCOL;
	for (size_t i = 0; i < s->n_routes; i++)
		n += s->routes[i].protocol != POLICY_PROTOCOL;
	return n;
}

static void the_difference_leads_to_the_desired_state(void **state)
{
	struct fixture *f = *state;
	uint32_t seed = 1;

	for (int round = 0; round < 2000; round++) {
		size_t foreign;

		fill_random(f, &f->observed, false, &seed);
		fill_random(f, &f->desired, true, &seed);
		foreign = count_foreign(&f->observed);
		netstate_diff_build(&f->observed, &f->desired, f->arena, &f->diff);
		for (size_t i = 0; i < f->diff.n_pre; i++)
			play_change(f, &f->observed, &f->diff.pre[i]);
		for (size_t i = 0; i < f->diff.n_post; i++)
			play_change(f, &f->observed, &f->diff.post[i]);
		netstate_diff_build(&f->observed, &f->desired, f->arena, &f->diff);
		assert_int_equal(f->diff.n_pre + f->diff.n_post, 0);
		assert_int_equal(count_foreign(&f->observed), foreign);
		if (round % 100 == 0) {
			f->arena = arena_free(f->arena);
			f->arena = arena_new();
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_field_of_a_rule_counts),
		cmocka_unit_test(destination_of_a_rule_counts_only_when_it_has_one),
		cmocka_unit_test(foreign_keys_are_not_compared),
		cmocka_unit_test(routes_are_known_by_family_table_and_metric),
		cmocka_unit_test(carrier_flags_do_not_make_routes_differ),
		cmocka_unit_test(content_makes_routes_differ),
		cmocka_unit_test(legs_of_a_multipath_route_have_no_order),
		cmocka_unit_test(rules_read_as_ip_prints_them),
		cmocka_unit_test(routes_read_as_ip_prints_them),
		cmocka_unit_test(changes_name_the_command),
		cmocka_unit_test(text_is_cut_to_its_buffer),
		cmocka_unit_test_setup_teardown(equal_states_need_nothing, setup, teardown),
		cmocka_unit_test_setup_teardown(
			additions_come_before_deletions_and_routes_before_rules, setup, teardown),
		cmocka_unit_test_setup_teardown(changed_gateway_is_a_replacement, setup, teardown),
		cmocka_unit_test_setup_teardown(foreign_objects_are_left_alone, setup, teardown),
		cmocka_unit_test_setup_teardown(a_rule_that_stands_twice_loses_one, setup,
						teardown),
		cmocka_unit_test_setup_teardown(of_several_routes_of_a_key_the_right_one_stays,
						setup, teardown),
		cmocka_unit_test_setup_teardown(the_difference_leads_to_the_desired_state, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
