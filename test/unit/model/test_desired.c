/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan made by hand: links fiber, lte, sat; what the kernel should then have
 * is compared as text, one object a line.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "model/desired.h"
#include "model/policy.h"

enum { FIBER, LTE, SAT, N_LINKS };

static const struct plan_chain to_main = { .name = "to_main" };
static const struct plan_chain to_block = { .name = "to_block" };
static const struct plan_chain spread_flows = { .name = "spread_flows" };
static const struct plan_chain routes_default = { .name = "routes_default" };
static const struct plan_chain routes_strict = { .name = "routes_strict" };
static const struct plan_chain moved_chains[N_LINKS] = { { .name = "moved_to_fiber" },
							 { .name = "moved_to_lte" },
							 { .name = "moved_to_sat" } };
static const struct plan_chain to_chains[] = {
	{ .name = "to_fiber" },		{ .name = "to_lte" },	      { .name = "to_sat" },
	{ .name = "to_fiber.default" }, { .name = "to_lte.default" }, { .name = "to_sat.default" },
};

struct world {
	struct arena *arena;
	struct plan_link links[N_LINKS];
	struct plan_candidate candidates[2][N_LINKS];
	struct plan_target targets[3];
	struct plan_group_table group;
	struct plan_ip_rule rules[3];
	struct plan plan;
	struct link_view views[N_LINKS];
	struct desired desired;
};

static struct world w;

static struct link_view view(unsigned n)
{
	struct link_view v = { .ifindex = (int)(10 + n), .admin_up = true, .carrier = true };

	for (int f = INET4; f <= INET6; f++) {
		v.family[f].has_addr = v.family[f].has_gateway = true;
		v.family[f].gateway.bytes[0] = f == INET4 ? 10 : 0xfd;
		v.family[f].gateway.bytes[f == INET4 ? 3 : 15] = (uint8_t)(n + 1);
	}
	return v;
}

/* Target "default" of the three links, with pair marks. */
static void make_default(void)
{
	for (size_t i = 0; i < N_LINKS; i++)
		w.candidates[0][i] = (struct plan_candidate){ .link = i,
							      .weight = 1 + (unsigned)i,
							      .mark = 0x15397u + (uint32_t)i,
							      .moved = &moved_chains[i],
							      .to = &to_chains[N_LINKS + i] };
	w.targets[0] = (struct plan_target){ .name = "default",
					     .mark = 0x539,
					     .candidates = w.candidates[0],
					     .n_candidates = N_LINKS,
					     .last = PLAN_LAST_MAIN,
					     .routes = &routes_default };
	w.plan.n_targets = 1;
}

/* Target "fiber", a link of its own, on_down = block. */
static void make_strict_link(void)
{
	w.candidates[1][0] =
		(struct plan_candidate){ .link = FIBER, .mark = 0x5397, .to = &to_chains[FIBER] };
	w.targets[0] = (struct plan_target){ .name = "fiber",
					     .mark = 0x5397,
					     .is_link = true,
					     .candidates = w.candidates[1],
					     .n_candidates = 1,
					     .last = PLAN_LAST_BLOCK };
	w.plan.n_targets = 1;
}

static int setup(void **state)
{
	static const char *const names[N_LINKS] = { "fiber", "lte", "sat" };

	memset(&w, 0, sizeof(w));
	w.arena = arena_new();
	for (size_t i = 0; i < N_LINKS; i++) {
		w.links[i] = (struct plan_link){ .name = names[i], .table = (uint32_t)(7 + i) };
		w.views[i] = view((unsigned)i);
	}
	w.plan.links = w.links;
	w.plan.n_links = N_LINKS;
	w.plan.targets = w.targets;
	w.plan.to_main = &to_main;
	w.plan.to_block = &to_block;
	w.plan.spread_flows = &spread_flows;
	return 0;
}

static int teardown(void **state)
{
	w.arena = arena_free(w.arena);
	return 0;
}

static void add_group(enum policy_group_mode mode)
{
	static const unsigned weights[N_LINKS] = { 7, 3, 1 };

	w.group.table = 991337;
	w.group.mode = mode;
	w.group.n_members = N_LINKS;
	w.group.members = arena_calloc(w.arena, N_LINKS, sizeof(*w.group.members));
	for (size_t i = 0; i < N_LINKS; i++) {
		w.group.members[i].link = i;
		w.group.members[i].weight = weights[i];
	}
	w.plan.group_tables = &w.group;
	w.plan.n_group_tables = 1;
}

/* ---- what a daemon would decide that looks at the carrier alone ---- */

static bool up(size_t link, enum inet_family f)
{
	return link_view_usable(&w.views[link], f) == LINK_OK;
}

static struct desired_choice choose(const struct plan_target *t, enum inet_family f)
{
	bool *takes_part = arena_calloc(w.arena, t->n_candidates + 1, sizeof(*takes_part));
	size_t n = 0;

	for (size_t i = 0; i < t->n_candidates; i++) {
		takes_part[i] = t->candidates[i].tier == 0 && up(t->candidates[i].link, f);
		n += takes_part[i];
	}
	if (t->mode == POLICY_GROUP_BALANCE && n >= 2)
		return (struct desired_choice){ .kind = DESIRED_CHOICE_SPREAD,
						.takes_part = takes_part };
	for (size_t i = 0; i < t->n_candidates; i++)
		if (up(t->candidates[i].link, f))
			return (struct desired_choice){ .kind = DESIRED_CHOICE_LINK,
							.candidate = i };
	return (struct desired_choice){ .kind = DESIRED_CHOICE_LAST };
}

/* What a test has set before build() stands; else as the carrier says. */
struct judgement {
	struct desired_link links[N_LINKS][INET_FAMILY_COUNT];
	struct desired_choice choices[3][INET_FAMILY_COUNT];
	enum desired_flows flows[3][N_LINKS][INET_FAMILY_COUNT];
};

static struct judgement *judge(void)
{
	struct judgement *j = arena_alloc(w.arena, sizeof(*j));

	for (enum inet_family f = INET4; f <= INET6; f++) {
		for (size_t i = 0; i < N_LINKS; i++) {
			bool is = up(i, f);

			j->links[i][f] =
				(struct desired_link){ .routed = is, .offered = is, .keeps = is };
		}
		for (size_t i = 0; i < w.plan.n_targets; i++) {
			const struct plan_target *t = &w.targets[i];

			j->choices[i][f] = choose(t, f);
			for (size_t c = 0; c < t->n_candidates; c++)
				j->flows[i][c][f] = up(t->candidates[c].link, f)
							    ? DESIRED_FLOWS_STAY
							    : DESIRED_FLOWS_MOVED;
		}
	}
	return j;
}

static void build_as(const struct judgement *j, enum desired_mode mode)
{
	const enum desired_flows(*const flows[3])[INET_FAMILY_COUNT] = { j->flows[0], j->flows[1],
									 j->flows[2] };
	const struct desired_inputs in = {
		.views = w.views,
		.links = j->links,
		.choices = j->choices,
		.flows = flows,
	};

	desired_build(&w.plan, &in, mode, w.arena, &w.desired);
}

static void build(enum desired_mode mode)
{
	if (mode == DESIRED_DAEMON)
		build_as(judge(), mode);
	else
		desired_build(&w.plan, &(struct desired_inputs){ .views = w.views }, mode, w.arena,
			      &w.desired);
}

static void expect_elements(const struct plan_element *e, size_t n, const char *expected)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;

	for (size_t i = 0; i < n; i++)
		strbuf_addf(&b, "%x.%u %s\n", e[i].mark, e[i].nfproto, e[i].chain->name);
	assert_string_equal(strbuf_text(&b), expected);
}

static void expect_egress(const char *expected)
{
	expect_elements(w.desired.egress, w.desired.n_egress, expected);
}

static void expect_alive(const char *expected)
{
	expect_elements(w.desired.alive, w.desired.n_alive, expected);
}

/* How many slots of the one target lead where, in the order of the slots. */
static void expect_slots(enum inet_family f, const char *expected)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;
	unsigned n[N_LINKS] = { 0 };
	uint32_t slot = 0;

	for (size_t i = 0; i < w.desired.n_spread; i++) {
		const struct plan_element *e = &w.desired.spread[i];

		if (e->nfproto != (f == INET4 ? 2 : 10))
			continue;
		assert_int_equal(e->mark, w.targets[0].mark);
		assert_int_equal(e->slot, slot++);
		for (size_t c = 0; c < N_LINKS; c++)
			n[c] += e->chain == w.candidates[0][c].to;
	}
	for (size_t c = 0; c < N_LINKS; c++)
		if (n[c])
			strbuf_addf(&b, "%s%s %u", b.len ? " " : "", w.links[c].name, n[c]);
	assert_string_equal(strbuf_text(&b), expected);
}

/* Routes of one family and table. */
static void expect_routes(enum inet_family f, uint32_t table, const char *expected)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;

	for (size_t i = 0; i < w.desired.net.n_routes; i++) {
		const struct netstate_route *r = &w.desired.net.routes[i];
		char text[512];

		if (r->family != f || r->table != table)
			continue;
		assert_int_equal(r->protocol, POLICY_PROTOCOL);
		strbuf_addf(&b, "%s\n", netstate_route_text(r, text, sizeof(text), NULL));
	}
	assert_string_equal(strbuf_text(&b), expected);
}

/* ---- rules ------------------------------------------------------------- */

static void rules_are_made_for_their_families(void **state)
{
	char text[256];

	w.rules[0] = (struct plan_ip_rule){ .priority = 1000,
					    .families = { true, true },
					    .invert = true,
					    .fwmask = 0xffffff,
					    .table = 254,
					    .suppress_prefixlength = 1 };
	w.rules[1] = (struct plan_ip_rule){ .priority = 1010,
					    .families = { true, false },
					    .fwmark = 0x5397,
					    .fwmask = 0xffffff,
					    .table = 7,
					    .suppress_prefixlength = -1 };
	w.rules[2] = (struct plan_ip_rule){ .priority = 1040,
					    .families = { false, true },
					    .fwmark = 0x5390,
					    .fwmask = 0xffffff,
					    .action = PLAN_IP_UNREACHABLE,
					    .table = 99, /* of no meaning there */
					    .suppress_prefixlength = -1 };
	w.plan.ip_rules = w.rules;
	w.plan.n_ip_rules = 3;
	build(DESIRED_KERNEL);
	assert_int_equal(w.desired.net.n_rules, 4);
	assert_int_equal(w.desired.net.rules[0].family, INET4);
	assert_string_equal(netstate_rule_text(&w.desired.net.rules[0], text, sizeof(text)),
			    "1000: not from all fwmark 0/0xffffff lookup main "
			    "suppress_prefixlength 1 proto 153");
	assert_int_equal(w.desired.net.rules[1].family, INET4);
	assert_string_equal(netstate_rule_text(&w.desired.net.rules[1], text, sizeof(text)),
			    "1010: from all fwmark 0x5397/0xffffff lookup 7 proto 153");
	assert_int_equal(w.desired.net.rules[2].family, INET6);
	assert_int_equal(w.desired.net.rules[2].priority, 1000);
	assert_int_equal(w.desired.net.rules[3].family, INET6);
	assert_string_equal(netstate_rule_text(&w.desired.net.rules[3], text, sizeof(text)),
			    "1040: from all fwmark 0x5390/0xffffff unreachable proto 153");
	assert_int_equal(w.desired.net.rules[3].table, 0);
}

/* ---- routes ------------------------------------------------------------ */

static void each_link_has_a_table_of_its_own(void **state)
{
	w.views[LTE].family[INET4].onlink = true;
	w.views[SAT].family[INET4].gateway_none = true;
	w.views[SAT].family[INET4].onlink = true; /* of no meaning without a gateway */
	build(DESIRED_KERNEL);
	expect_routes(INET4, 7, "default via 10.0.0.1 dev if10 table 7 proto 153 metric 1\n");
	expect_routes(INET4, 8,
		      "default via 10.0.0.2 dev if11 table 8 proto 153 metric 1 onlink\n");
	expect_routes(INET4, 9, "default dev if12 table 9 proto 153 metric 1\n");
	expect_routes(INET6, 9, "default via fd00::3 dev if12 table 9 proto 153 metric 1\n");
}

static void what_cannot_be_routed_is_left_out(void **state)
{
	w.views[FIBER].ifindex = 0;
	w.views[LTE].admin_up = false;
	w.views[SAT].family[INET4].has_addr = false;
	w.views[SAT].family[INET6].has_gateway = false;
	build(DESIRED_KERNEL);
	assert_int_equal(w.desired.net.n_routes, 0);
}

static void a_members_metric_is_its_place_whoever_is_down(void **state)
{
	add_group(POLICY_GROUP_FAILOVER);
	w.views[FIBER].admin_up = false;
	w.views[LTE].carrier = false;
	build(DESIRED_KERNEL);
	expect_routes(INET4, 991337,
		      "default via 10.0.0.2 dev if11 table 991337 proto 153 metric 2\n"
		      "default via 10.0.0.3 dev if12 table 991337 proto 153 metric 3\n");
	build(DESIRED_DAEMON);
	expect_routes(INET4, 991337,
		      "default via 10.0.0.3 dev if12 table 991337 proto 153 metric 3\n");
	expect_routes(INET4, 8, "");
}

static void a_balanced_group_has_one_multipath_route(void **state)
{
	add_group(POLICY_GROUP_BALANCE);
	build(DESIRED_DAEMON);
	expect_routes(INET4, 991337,
		      "default table 991337 proto 153 metric 1"
		      " nexthop via 10.0.0.1 dev if10 weight 7"
		      " nexthop via 10.0.0.2 dev if11 weight 3"
		      " nexthop via 10.0.0.3 dev if12 weight 1\n");
	w.views[LTE].carrier = false;
	build(DESIRED_DAEMON);
	expect_routes(INET6, 991337,
		      "default table 991337 proto 153 metric 1"
		      " nexthop via fd00::1 dev if10 weight 7"
		      " nexthop via fd00::3 dev if12 weight 1\n");
	w.views[SAT].carrier = false;
	build(DESIRED_DAEMON);
	/* the kernel knows no weight of a single leg */
	assert_int_equal(w.desired.net.routes[1].nexthops[0].weight, 1);
	expect_routes(INET4, 991337,
		      "default via 10.0.0.1 dev if10 table 991337 proto 153 metric 1\n");
	w.views[FIBER].carrier = false;
	build(DESIRED_DAEMON);
	expect_routes(INET4, 991337, "");
}

static void an_ipv6_leg_without_gateway_is_a_spare(void **state)
{
	add_group(POLICY_GROUP_BALANCE);
	w.views[FIBER].family[INET6].gateway_none = true;
	w.views[FIBER].family[INET4].gateway_none = true;
	build(DESIRED_KERNEL);
	expect_routes(INET6, 991337,
		      "default table 991337 proto 153 metric 1"
		      " nexthop via fd00::2 dev if11 weight 3"
		      " nexthop via fd00::3 dev if12 weight 1\n"
		      "default dev if10 table 991337 proto 153 metric 2\n");
	expect_routes(INET4, 991337,
		      "default table 991337 proto 153 metric 1"
		      " nexthop dev if10 weight 7"
		      " nexthop via 10.0.0.2 dev if11 weight 3"
		      " nexthop via 10.0.0.3 dev if12 weight 1\n");
}

/* ---- elements without a daemon ----------------------------------------- */

static void without_a_daemon_the_kernel_decides(void **state)
{
	make_default();
	w.views[FIBER].carrier = false;
	build(DESIRED_KERNEL);
	expect_egress("");
	expect_alive("539.2 routes_default\n539.10 routes_default\n"
		     "15397.2 to_fiber.default\n15397.10 to_fiber.default\n"
		     "15398.2 to_lte.default\n15398.10 to_lte.default\n"
		     "15399.2 to_sat.default\n15399.10 to_sat.default\n");
}

static void a_link_target_has_one_mark(void **state)
{
	make_strict_link();
	build(DESIRED_KERNEL);
	expect_egress("");
	expect_alive("5397.2 to_fiber\n5397.10 to_fiber\n");
}

static void block_targets_have_no_elements(void **state)
{
	w.targets[0] = (struct plan_target){
		.name = "block", .mark = 0x5390, .is_block = true, .last = PLAN_LAST_BLOCK
	};
	w.plan.n_targets = 1;
	build(DESIRED_KERNEL);
	expect_alive("");
	build(DESIRED_DAEMON);
	expect_egress("");
	expect_alive("");
}

/* ---- elements with a daemon -------------------------------------------- */

static void the_first_usable_link_is_chosen_for_each_family(void **state)
{
	make_default();
	w.views[FIBER].family[INET6].has_gateway = false;
	build(DESIRED_DAEMON);
	expect_egress("539.2 to_fiber.default\n539.10 to_lte.default\n");
	expect_alive("539.2 to_fiber.default\n539.10 to_lte.default\n"
		     "15397.2 to_fiber.default\n15397.10 to_lte.default\n"
		     "15398.2 to_lte.default\n15398.10 to_lte.default\n"
		     "15399.2 to_sat.default\n15399.10 to_sat.default\n");
}

static void carrier_loss_moves_both_families(void **state)
{
	make_default();
	w.views[FIBER].carrier = false;
	build(DESIRED_DAEMON);
	expect_egress("539.2 to_lte.default\n539.10 to_lte.default\n");
	expect_alive("539.2 to_lte.default\n539.10 to_lte.default\n"
		     "15397.2 to_lte.default\n15397.10 to_lte.default\n"
		     "15398.2 to_lte.default\n15398.10 to_lte.default\n"
		     "15399.2 to_sat.default\n15399.10 to_sat.default\n");
}

static void kill_all(void)
{
	for (size_t i = 0; i < N_LINKS; i++)
		w.views[i].carrier = false;
}

static void with_all_links_down_main_takes_over(void **state)
{
	make_default();
	kill_all();
	build(DESIRED_DAEMON);
	expect_egress("539.2 to_main\n539.10 to_main\n");
	expect_alive("539.2 to_main\n539.10 to_main\n15397.2 to_main\n15397.10 to_main\n"
		     "15398.2 to_main\n15398.10 to_main\n15399.2 to_main\n15399.10 to_main\n");
	assert_int_equal(w.desired.net.n_routes, 0);
}

static void with_all_links_down_a_strict_target_is_unreachable(void **state)
{
	make_default();
	w.targets[0].last = PLAN_LAST_BLOCK;
	w.targets[0].routes = &routes_strict;
	kill_all();
	build(DESIRED_DAEMON);
	expect_egress("539.2 to_block\n539.10 to_block\n");
	expect_alive("539.2 to_block\n539.10 to_block\n15397.2 to_block\n15397.10 to_block\n"
		     "15398.2 to_block\n15398.10 to_block\n15399.2 to_block\n15399.10 to_block\n");
	make_strict_link();
	build(DESIRED_DAEMON);
	expect_egress("5397.2 to_block\n5397.10 to_block\n");
	expect_alive("5397.2 to_block\n5397.10 to_block\n");
}

static void a_link_target_falls_to_its_on_down_group(void **state)
{
	make_strict_link();
	w.candidates[1][1] = (struct plan_candidate){
		.link = LTE, .tier = 1, .mark = 0x25398, .to = &to_chains[LTE]
	};
	w.targets[0].n_candidates = 2;
	build(DESIRED_DAEMON);
	expect_egress("5397.2 to_fiber\n5397.10 to_fiber\n");
	expect_alive("5397.2 to_fiber\n5397.10 to_fiber\n25398.2 to_lte\n25398.10 to_lte\n");
	w.views[FIBER].carrier = false;
	build(DESIRED_DAEMON);
	expect_egress("5397.2 to_lte\n5397.10 to_lte\n");
	expect_alive("5397.2 to_lte\n5397.10 to_lte\n25398.2 to_lte\n25398.10 to_lte\n");
}

static void a_balanced_target_is_spread_over_its_slots(void **state)
{
	make_default();
	w.targets[0].mode = POLICY_GROUP_BALANCE;
	w.views[SAT].carrier = false;
	build(DESIRED_DAEMON);
	expect_egress("539.2 spread_flows\n539.10 spread_flows\n");
	expect_alive("539.2 routes_default\n539.10 routes_default\n"
		     "15397.2 to_fiber.default\n15397.10 to_fiber.default\n"
		     "15398.2 to_lte.default\n15398.10 to_lte.default\n"
		     "15399.2 to_fiber.default\n15399.10 to_fiber.default\n");
	expect_slots(INET4, "fiber 33 lte 67");
	expect_slots(INET6, "fiber 33 lte 67");
	/* one leg left: named */
	w.views[FIBER].carrier = false;
	build(DESIRED_DAEMON);
	assert_int_equal(w.desired.n_spread, 0);
	expect_egress("539.2 to_lte.default\n539.10 to_lte.default\n");
}

static void links_of_the_next_tier_do_not_make_a_balance(void **state)
{
	make_default();
	w.targets[0].mode = POLICY_GROUP_BALANCE;
	w.candidates[0][LTE].tier = w.candidates[0][SAT].tier = 1;
	build(DESIRED_DAEMON);
	expect_egress("539.2 to_fiber.default\n539.10 to_fiber.default\n");
	w.views[FIBER].carrier = false;
	build(DESIRED_DAEMON);
	expect_egress("539.2 to_lte.default\n539.10 to_lte.default\n");
}

static void a_link_out_of_use_keeps_its_own_table(void **state)
{
	struct judgement *j = judge();

	add_group(POLICY_GROUP_FAILOVER);
	j->links[FIBER][INET4] = (struct desired_link){ .routed = true };
	build_as(j, DESIRED_DAEMON);
	expect_routes(INET4, 7, "default via 10.0.0.1 dev if10 table 7 proto 153 metric 1\n");
	expect_routes(INET4, 991337,
		      "default via 10.0.0.2 dev if11 table 991337 proto 153 metric 2\n"
		      "default via 10.0.0.3 dev if12 table 991337 proto 153 metric 3\n");
	/* what cannot be a route is none, whoever asks for it */
	w.views[FIBER].ifindex = 0;
	build_as(j, DESIRED_DAEMON);
	expect_routes(INET4, 7, "");
}

static void the_choice_is_the_callers(void **state)
{
	struct judgement *j;

	make_default();
	j = judge();
	j->choices[0][INET6].candidate = SAT;
	build_as(j, DESIRED_DAEMON);
	expect_egress("539.2 to_fiber.default\n539.10 to_sat.default\n");
	expect_alive("539.2 to_fiber.default\n539.10 to_sat.default\n"
		     "15397.2 to_fiber.default\n15397.10 to_fiber.default\n"
		     "15398.2 to_lte.default\n15398.10 to_lte.default\n"
		     "15399.2 to_sat.default\n15399.10 to_sat.default\n");
}

static void moving_flows_keep_their_mark(void **state)
{
	struct judgement *j;

	make_default();
	j = judge();
	j->choices[0][INET4].candidate = LTE;
	j->flows[0][FIBER][INET4] = DESIRED_FLOWS_MOVING;
	j->flows[0][SAT][INET4] = DESIRED_FLOWS_MOVED;
	build_as(j, DESIRED_DAEMON);
	expect_alive("539.2 to_lte.default\n539.10 to_fiber.default\n"
		     "15397.2 moved_to_lte\n15397.10 to_fiber.default\n"
		     "15398.2 to_lte.default\n15398.10 to_lte.default\n"
		     "15399.2 to_lte.default\n15399.10 to_sat.default\n");
}

/* Its own ip rules lead a mark to main routing when its link and groups have no route. */
static void flows_on_their_way_to_main_wait_where_they_are(void **state)
{
	struct judgement *j;

	make_default();
	kill_all();
	j = judge();
	j->flows[0][FIBER][INET4] = DESIRED_FLOWS_MOVING;
	build_as(j, DESIRED_DAEMON);
	expect_alive("539.2 to_main\n539.10 to_main\n"
		     "15397.2 to_fiber.default\n15397.10 to_main\n"
		     "15398.2 to_main\n15398.10 to_main\n15399.2 to_main\n15399.10 to_main\n");
	w.targets[0].last = PLAN_LAST_BLOCK;
	build_as(j, DESIRED_DAEMON);
	expect_alive("539.2 to_block\n539.10 to_block\n15397.2 to_block\n15397.10 to_block\n"
		     "15398.2 to_block\n15398.10 to_block\n15399.2 to_block\n15399.10 to_block\n");
}

static void flows_of_a_spreads_dead_member_go_to_the_first(void **state)
{
	struct judgement *j;

	make_default();
	w.targets[0].mode = POLICY_GROUP_BALANCE;
	w.views[FIBER].carrier = false;
	j = judge();
	for (enum inet_family f = INET4; f <= INET6; f++)
		j->flows[0][FIBER][f] = DESIRED_FLOWS_MOVING;
	build_as(j, DESIRED_DAEMON);
	expect_egress("539.2 spread_flows\n539.10 spread_flows\n");
	expect_alive("539.2 routes_default\n539.10 routes_default\n"
		     "15397.2 moved_to_lte\n15397.10 moved_to_lte\n"
		     "15398.2 to_lte.default\n15398.10 to_lte.default\n"
		     "15399.2 to_sat.default\n15399.10 to_sat.default\n");
	expect_slots(INET4, "lte 40 sat 60");
}

static void elements_are_sorted_and_each_key_stands_once(void **state)
{
	make_strict_link();
	w.targets[1] = w.targets[0];
	w.targets[1].mark = 0x1539;
	w.targets[1].is_link = false;
	w.targets[1].routes = &routes_strict;
	w.targets[2] = w.targets[0];
	w.targets[2].mark = 0x1538;
	w.targets[2].is_link = false;
	w.targets[2].routes = &routes_default;
	w.plan.n_targets = 3;
	build(DESIRED_KERNEL);
	expect_alive("1538.2 routes_default\n1538.10 routes_default\n"
		     "1539.2 routes_strict\n1539.10 routes_strict\n"
		     "5397.2 to_fiber\n5397.10 to_fiber\n");
}

static void same_input_gives_the_same_state(void **state)
{
	struct desired first;
	struct netstate_diff diff;

	make_default();
	add_group(POLICY_GROUP_BALANCE);
	build(DESIRED_DAEMON);
	first = w.desired;
	build(DESIRED_DAEMON);
	netstate_diff_build(&first.net, &w.desired.net, w.arena, &diff);
	assert_int_equal(diff.n_pre + diff.n_post, 0);
	assert_int_equal(first.n_alive, w.desired.n_alive);
	for (size_t i = 0; i < first.n_alive; i++)
		assert_memory_equal(&first.alive[i], &w.desired.alive[i], sizeof(first.alive[i]));
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(rules_are_made_for_their_families),
		TEST(each_link_has_a_table_of_its_own),
		TEST(what_cannot_be_routed_is_left_out),
		TEST(a_members_metric_is_its_place_whoever_is_down),
		TEST(a_balanced_group_has_one_multipath_route),
		TEST(an_ipv6_leg_without_gateway_is_a_spare),
		TEST(without_a_daemon_the_kernel_decides),
		TEST(a_link_target_has_one_mark),
		TEST(block_targets_have_no_elements),
		TEST(the_first_usable_link_is_chosen_for_each_family),
		TEST(carrier_loss_moves_both_families),
		TEST(with_all_links_down_main_takes_over),
		TEST(with_all_links_down_a_strict_target_is_unreachable),
		TEST(a_link_target_falls_to_its_on_down_group),
		TEST(a_balanced_target_is_spread_over_its_slots),
		TEST(links_of_the_next_tier_do_not_make_a_balance),
		TEST(a_link_out_of_use_keeps_its_own_table),
		TEST(the_choice_is_the_callers),
		TEST(moving_flows_keep_their_mark),
		TEST(flows_on_their_way_to_main_wait_where_they_are),
		TEST(flows_of_a_spreads_dead_member_go_to_the_first),
		TEST(elements_are_sorted_and_each_key_stands_once),
		TEST(same_input_gives_the_same_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
