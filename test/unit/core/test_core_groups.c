/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which link a group uses: by order and failback, by hand, as a balance; spares; on_down. */
#include "test/unit/core/facts.h"

/* Three links with probes; the rest of the policy is the test's. */
#define LINKS                                                                                      \
	"{ \"version\": 1, \"links\": {\n"                                                         \
	"  \"fiber\": { \"device\": \"eth1\", \"probe\": \"ping\", \"damping\": false },\n"        \
	"  \"lte\": { \"device\": \"wwan0\", \"probe\": \"ping\", \"damping\": false },\n"         \
	"  \"sat\": { \"device\": \"eth2\", \"probe\": \"ping\", \"damping\": false } },\n"        \
	"\"probes\": { \"ping\": { \"type\": \"icmp\", \"hosts4\": [\"192.0.2.1\"],\n"             \
	"                          \"hosts6\": [\"2001:db8::1\"] } },\n"
#define RULES "\"rules\": [ { \"to\": [\"203.0.113.0/24\"], \"via\": \"g\" } ] }\n"
#define GROUP(more)                                                                                \
	LINKS "\"groups\": { \"g\": { \"links\": [\"fiber\", \"lte\", \"sat\"]" more " } },\n" RULES

enum { FIBER, LTE, SAT };

static void begin(struct sim *s, const char *policy)
{
	facts_begin(s, policy);
	for (size_t i = 0; i < s->plan->n_links; i++)
		sim_probe_both(s, i, PROBE_PASSING);
	sim_pass(s, 1000);
	strbuf_reset(&s->log);
	s->applies = s->lines = s->deletes = 0;
}

/* Each fact has a policy of its own. */
#define SIM(policy)                                                                                \
	struct sim sim, *s = &sim;                                                                 \
	begin(s, policy)

/* ---- spares: never worse ---- */

static void a_failed_probe_moves_its_family_at_once(void **state)
{
	SIM(GROUP(""));

	sim_probe(s, FIBER, INET4, PROBE_FAILING);
	assert_leaves(s, "g", INET4, "lte");
	assert_leaves(s, "g", INET6, "fiber");
	assert_logged(s, "link: fiber: ipv4 down: 3 rounds without an answer\n");
	assert_logged(s, "group: g: ipv4 fiber -> lte (fiber: 3 rounds without an answer)\n");
	assert_null(sim_fault(s));
	sim_done(s);
}

/* From the first question without an answer to the decision. */
static void the_time_to_detection_is_told(void **state)
{
	SIM(GROUP(""));

	sim_probe(s, FIBER, INET4, PROBE_FAILING);
	assert_int_equal(s->detect_us, 250000);
	facts_lose_carrier(s, LTE);
	assert_int_equal(s->detect_us, 1); /* at once */
	sim_done(s);
}

static void a_degraded_link_is_left_for_a_good_one(void **state)
{
	SIM(GROUP(""));

	sim_probe_both(s, FIBER, PROBE_DEGRADED);
	assert_both_leave(s, "g", "lte");
	assert_logged(s, "link: fiber: ipv4 degraded: loss 40 % > 20 %\n");
	sim_probe_both(s, FIBER, PROBE_PASSING);
	assert_both_leave(s, "g", "fiber");
	assert_logged(s, "link: fiber: ipv4 up: within its limits again\n");
	sim_done(s);
}

static void a_degraded_link_stays_when_the_others_are_dead(void **state)
{
	SIM(GROUP(""));

	sim_probe_both(s, LTE, PROBE_FAILING);
	facts_lose_carrier(s, SAT);
	sim_pass(s, 100);
	strbuf_reset(&s->log);
	sim_probe_both(s, FIBER, PROBE_DEGRADED);
	sim_pass(s, 1000);
	assert_both_leave(s, "g", "fiber");
	assert_not_logged(s, "switch");
	sim_done(s);
}

static void a_degraded_link_stays_when_the_others_are_no_better(void **state)
{
	SIM(GROUP(""));

	sim_probe_both(s, LTE, PROBE_DEGRADED);
	sim_probe_both(s, SAT, PROBE_DEGRADED);
	sim_pass(s, 100);
	sim_probe_both(s, FIBER, PROBE_DEGRADED);
	assert_both_leave(s, "g", "fiber");
	/* and the other way round: what is used is preferred to an earlier one that is no better */
	sim_probe_both(s, FIBER, PROBE_FAILING);
	assert_both_leave(s, "g", "lte");
	sim_probe_both(s, FIBER, PROBE_DEGRADED);
	assert_both_leave(s, "g", "lte");
	sim_done(s);
}

static void a_standbys_trouble_changes_nothing_of_the_active_link(void **state)
{
	SIM(GROUP(""));
	static const enum probe_verdict troubles[] = { PROBE_DEGRADED, PROBE_PASSING, PROBE_FAILING,
						       PROBE_PASSING };

	for (size_t i = 0; i < sizeof(troubles) / sizeof(troubles[0]); i++) {
		sim_probe_both(s, LTE, troubles[i]);
		sim_pass(s, 1000);
	}
	sim_drain(s, LTE, true);
	facts_lose_carrier(s, LTE);
	sim_pass(s, 1000);
	assert_both_leave(s, "g", "fiber");
	assert_not_logged(s, "gress 0x1539 "); /* the group's own mark */
	assert_not_logged(s, " 0x5391 ");
	assert_not_logged(s, " 0x25391 ");
	assert_not_logged(s, "table 1 ");
	assert_not_logged(s, "group:");
	sim_done(s);
}

static void a_link_that_only_its_probe_failed_keeps_its_own_route(void **state)
{
	SIM(GROUP(""));

	sim_probe_both(s, FIBER, PROBE_FAILING);
	sim_pass(s, 100);
	/* by it its probes leave; the group's table does not lead there */
	assert_not_logged(s, "- ipv4 default via 10.0.0.1 dev if11 table 1 ");
	assert_logged(s, "- ipv4 default via 10.0.0.1 dev if11 table 991338 ");
	assert_null(sim_fault(s));
	sim_done(s);
}

/* ---- coming back ---- */

static void a_link_whose_carrier_comes_back_has_to_prove_itself(void **state)
{
	SIM(GROUP(""));

	facts_lose_carrier(s, FIBER);
	sim_pass(s, 1000);
	facts_get_carrier(s, FIBER);
	sim_pass(s, 1000);
	assert_link_is(s, FIBER, INET4, LINK_STATE_PROBING);
	assert_both_leave(s, "g", "lte");
	sim_probe(s, FIBER, INET4, PROBE_UNKNOWN);
	assert_leaves(s, "g", INET4, "lte");
	sim_probe(s, FIBER, INET4, PROBE_PASSING);
	assert_leaves(s, "g", INET4, "fiber");
	assert_leaves(s, "g", INET6, "lte");
	sim_done(s);
}

static void a_verdict_of_the_time_before_does_not_prove_it(void **state)
{
	SIM(GROUP(""));

	facts_lose_carrier(s, FIBER);
	sim_probe_both(s, FIBER, PROBE_PASSING); /* was under way */
	facts_get_carrier(s, FIBER);
	sim_pass(s, 100);
	assert_both_leave(s, "g", "lte");
	sim_done(s);
}

static void a_link_that_is_being_proved_is_better_than_nothing(void **state)
{
	SIM(GROUP(""));

	facts_lose_carrier(s, LTE);
	facts_lose_carrier(s, SAT);
	facts_lose_carrier(s, FIBER);
	sim_pass(s, 1000);
	assert_both_leave(s, "g", "main");
	facts_get_carrier(s, FIBER);
	sim_pass(s, 100);
	assert_both_leave(s, "g", "fiber");
	sim_done(s);
}

/* A restart of the daemon must not disturb what works. */
static void at_the_start_links_are_used_before_their_probes_have_said_anything(void **state)
{
	struct sim sim, *s = &sim;

	sim_init(s, GROUP(""));
	sim_send(s, CORE_EVENT_START);
	assert_link_is(s, FIBER, INET4, LINK_STATE_UNPROBED);
	assert_both_leave(s, "g", "fiber");
	sim_pass(s, 10000);
	assert_both_leave(s, "g", "fiber");
	sim_probe_both(s, LTE, PROBE_PASSING); /* no better */
	assert_both_leave(s, "g", "fiber");
	assert_kernel_is_right(s);
	sim_done(s);
}

/* ---- the original's failures ---- */

/* Left stale every time: the backup dies, the master dies, the backup returns. */
static void the_backup_dies_the_master_dies_the_backup_returns_by_carrier(void **state)
{
	SIM(GROUP(""));

	facts_lose_carrier(s, SAT);
	facts_lose_carrier(s, LTE);
	sim_pass(s, 1000);
	assert_both_leave(s, "g", "fiber");
	facts_lose_carrier(s, FIBER);
	sim_pass(s, 1000);
	assert_both_leave(s, "g", "main");
	assert_kernel_is_right(s);
	facts_get_carrier(s, LTE);
	sim_pass(s, 1000);
	assert_both_leave(s, "g", "lte");
	assert_kernel_is_right(s);
	sim_done(s);
}

static void the_backup_dies_the_master_dies_the_backup_returns_by_probe(void **state)
{
	SIM(GROUP(""));

	sim_probe_both(s, SAT, PROBE_FAILING);
	sim_probe_both(s, LTE, PROBE_FAILING);
	sim_pass(s, 1000);
	sim_probe_both(s, FIBER, PROBE_FAILING);
	sim_pass(s, 1000);
	assert_both_leave(s, "g", "main");
	assert_kernel_is_right(s);
	sim_probe_both(s, LTE, PROBE_PASSING);
	sim_pass(s, 1000);
	assert_both_leave(s, "g", "lte");
	assert_kernel_is_right(s);
	sim_probe_both(s, FIBER, PROBE_PASSING);
	sim_pass(s, 1000);
	assert_both_leave(s, "g", "fiber");
	assert_kernel_is_right(s);
	sim_done(s);
}

/* ---- failback ---- */

static void immediate_failback_is_the_default(void **state)
{
	SIM(GROUP(""));

	sim_probe_both(s, FIBER, PROBE_FAILING);
	assert_both_leave(s, "g", "lte");
	sim_probe_both(s, FIBER, PROBE_PASSING);
	assert_both_leave(s, "g", "fiber");
	sim_done(s);
}

#define DELAYED GROUP(", \"failback\": \"delayed\", \"failback_delay\": \"10s\"")

static void delayed_failback_waits_for_a_time_without_a_break(void **state)
{
	SIM(DELAYED);
	struct core_choice c;

	sim_probe_both(s, FIBER, PROBE_FAILING);
	sim_probe_both(s, FIBER, PROBE_PASSING);
	sim_pass(s, 9000);
	assert_both_leave(s, "g", "lte");
	core_group_choice(s->core, 0, INET4, &c);
	assert_int_equal(c.next_link, FIBER);
	assert_int_equal(c.next_ns, s->now_ns + 1000 * SIM_MS);
	sim_probe_both(s, FIBER, PROBE_FAILING); /* a break */
	sim_probe_both(s, FIBER, PROBE_PASSING);
	sim_pass(s, 9900);
	assert_both_leave(s, "g", "lte");
	sim_pass(s, 200);
	assert_both_leave(s, "g", "fiber");
	core_group_choice(s->core, 0, INET4, &c);
	assert_int_equal(c.next_link, -1);
	assert_kernel_is_right(s);
	sim_done(s);
}

static void delayed_failback_does_not_delay_a_failover(void **state)
{
	SIM(DELAYED);

	sim_probe_both(s, FIBER, PROBE_FAILING);
	sim_probe_both(s, FIBER, PROBE_PASSING);
	assert_both_leave(s, "g", "lte");
	sim_probe_both(s, LTE, PROBE_FAILING);
	assert_both_leave(s, "g", "fiber");
	sim_done(s);
}

static void each_better_link_waits_its_own_delay(void **state)
{
	SIM(DELAYED);

	sim_probe_both(s, FIBER, PROBE_FAILING);
	sim_probe_both(s, LTE, PROBE_FAILING);
	assert_both_leave(s, "g", "sat");
	sim_probe_both(s, LTE, PROBE_PASSING);
	sim_pass(s, 5000);
	sim_probe_both(s, FIBER, PROBE_PASSING);
	sim_pass(s, 5500);
	assert_both_leave(s, "g", "lte");
	sim_pass(s, 5000);
	assert_both_leave(s, "g", "fiber");
	sim_done(s);
}

/* That a link's probe passes for the first time is no break. */
static void a_delay_counts_from_when_the_link_was_first_of_use(void **state)
{
	struct sim sim, *s = &sim;

	sim_init(s, DELAYED);
	sim_send(s, CORE_EVENT_START);
	sim_choose(s, 0, LTE);
	sim_pass(s, 8000);
	sim_probe_both(s, FIBER, PROBE_PASSING);
	sim_choose(s, 0, -1);
	assert_both_leave(s, "g", "lte");
	sim_pass(s, 2100);
	assert_both_leave(s, "g", "fiber");
	sim_done(s);
}

static void failback_never_stays_until_the_present_link_fails(void **state)
{
	SIM(GROUP(", \"failback\": \"never\""));

	sim_probe_both(s, FIBER, PROBE_FAILING);
	sim_probe_both(s, FIBER, PROBE_PASSING);
	sim_pass(s, 3600000);
	assert_both_leave(s, "g", "lte");
	facts_lose_carrier(s, LTE);
	assert_both_leave(s, "g", "fiber");
	sim_done(s);
}

/* ---- by hand ---- */

static void a_switch_by_hand_holds_against_a_better_link(void **state)
{
	SIM(GROUP(""));
	struct core_choice c;

	sim_choose(s, 0, LTE);
	assert_both_leave(s, "g", "lte");
	assert_logged(s, "group: g: ipv4 fiber -> lte (switched by hand)\n");
	core_group_choice(s->core, 0, INET4, &c);
	assert_true(c.by_hand);
	sim_probe_both(s, FIBER, PROBE_FAILING);
	sim_probe_both(s, FIBER, PROBE_PASSING);
	sim_pass(s, 60000);
	assert_both_leave(s, "g", "lte");
	/* also when it is no more than a spare */
	sim_probe_both(s, LTE, PROBE_DEGRADED);
	assert_both_leave(s, "g", "lte");
	sim_choose(s, 0, -1);
	assert_both_leave(s, "g", "fiber");
	assert_logged(s, "group: g: ipv4 lte -> fiber ("); /* lte is degraded: that is why */
	core_group_choice(s->core, 0, INET4, &c);
	assert_false(c.by_hand);
	sim_done(s);
}

static void a_switch_by_hand_ends_with_its_link(void **state)
{
	SIM(GROUP(""));

	sim_choose(s, 0, SAT);
	facts_lose_carrier(s, SAT);
	assert_both_leave(s, "g", "fiber");
	facts_get_carrier(s, SAT);
	sim_pass(s, 100);
	sim_probe_both(s, SAT, PROBE_PASSING);
	sim_pass(s, 100);
	assert_both_leave(s, "g", "fiber");
	sim_done(s);
}

static void a_switch_to_a_dead_link_is_refused(void **state)
{
	SIM(GROUP(""));

	facts_lose_carrier(s, SAT);
	sim_choose(s, 0, SAT);
	assert_both_leave(s, "g", "fiber");
	assert_logged(s, "warning: group: g: cannot be switched to sat: no carrier / no carrier\n");
	sim_done(s);
}

static void a_switch_beyond_the_policy_is_ignored(void **state)
{
	SIM(GROUP(""));

	sim_choose(s, 7, SAT);
	sim_choose(s, 0, 70);
	sim_drain(s, 70, true);
	assert_both_leave(s, "g", "fiber");
	assert_string_equal(strbuf_text(&s->log), "");
	sim_done(s);
}

static void a_drained_link_gets_no_new_flows_and_keeps_its_old_ones(void **state)
{
	SIM(GROUP(""));

	sim_drain(s, FIBER, true);
	sim_pass(s, 1000);
	assert_both_leave(s, "g", "lte");
	assert_true(core_link_drained(s->core, FIBER));
	assert_logged(s, "link: fiber: ipv4 drained by hand\n");
	assert_int_equal(s->deletes, 0);
	assert_not_logged(s, "alive 0x5391 ");
	assert_not_logged(s, "alive 0x25391 ");
	assert_kernel_is_right(s);
	sim_drain(s, FIBER, false);
	assert_both_leave(s, "g", "fiber");
	assert_int_equal(core_link_losses(s->core, FIBER, INET4), 0);
	sim_done(s);
}

/* ---- balance ---- */

#define BALANCE                                                                                    \
	LINKS "\"groups\": { \"g\": { \"mode\": \"balance\",\n"                                    \
	      "  \"links\": [\"fiber\", { \"link\": \"lte\", \"weight\": 3 }, \"sat\"] } },\n" RULES

static void a_balanced_group_leaves_out_whoever_is_not_up(void **state)
{
	SIM(BALANCE);

	assert_both_leave(s, "g", "balance");
	facts_lose_carrier(s, FIBER);
	assert_both_leave(s, "g", "balance");
	assert_null(sim_fault(s));
	assert_logged(s, "spread 0x1539 . ipv4");
	strbuf_reset(&s->log);
	sim_probe_both(s, SAT, PROBE_DEGRADED);
	assert_both_leave(s, "g", "lte");
	assert_logged(s, "group: g: ipv4 balance -> lte (the others are down)\n");
	assert_null(sim_fault(s));
	facts_get_carrier(s, FIBER);
	sim_pass(s, 100);
	sim_probe_both(s, FIBER, PROBE_PASSING);
	assert_logged(s, "group: g: ipv4 lte -> balance (several links are up)\n");
	assert_null(sim_fault(s));
	sim_done(s);
}

/* Nothing but the slots changes then. */
static void a_member_that_is_held_down_gets_no_new_flows(void **state)
{
	SIM("{ \"version\": 1, \"links\": {\n"
	    "  \"fiber\": { \"device\": \"eth1\" }, \"lte\": { \"device\": \"wwan0\" },\n"
	    "  \"sat\": { \"device\": \"eth2\", \"hold_down\": \"5s\" } },\n"
	    "\"groups\": { \"g\": { \"mode\": \"balance\",\n"
	    "  \"links\": [\"fiber\", \"lte\", \"sat\"] } },\n" RULES);

	facts_lose_carrier(s, SAT);
	sim_pass(s, 100);
	facts_get_carrier(s, SAT);
	sim_pass(s, 100);
	assert_kernel_is_right(s);
	strbuf_reset(&s->log);
	sim_pass(s, 5000);
	assert_logged(s, "spread 0x1539 . ipv4");
	assert_not_logged(s, "egress");
	assert_not_logged(s, "alive");
	assert_kernel_is_right(s);
	sim_done(s);
}

static void a_balanced_group_of_spares_uses_one_of_them(void **state)
{
	SIM(BALANCE);

	for (size_t i = 0; i < 3; i++)
		sim_probe_both(s, i, PROBE_DEGRADED);
	assert_both_leave(s, "g",
			  "sat"); /* the last that was good: it is no worse than the others */
	sim_probe_both(s, SAT, PROBE_FAILING);
	assert_both_leave(s, "g", "fiber");
	sim_done(s);
}

/* ---- on_down ---- */

#define CHAIN                                                                                      \
	LINKS "\"groups\": { \"g\": { \"links\": [\"fiber\"], \"on_down\": \"second\" },\n"        \
	      "  \"second\": { \"links\": [\"lte\"], \"on_down\": \"third\" },\n"                  \
	      "  \"third\": { \"links\": [\"sat\"], \"on_down\": \"block\" } },\n" RULES

static void on_down_groups_are_asked_in_turn(void **state)
{
	SIM(CHAIN);

	sim_probe_both(s, LTE, PROBE_FAILING);
	assert_both_leave(s, "second", "sat");
	assert_both_leave(s, "g", "fiber");
	facts_lose_carrier(s, FIBER);
	assert_both_leave(s, "g", "sat");
	assert_logged(s, "group: g: ipv4 fiber -> sat (fiber: no carrier)\n");
	facts_lose_carrier(s, SAT);
	assert_both_leave(s, "g", "block");
	sim_pass(s, 100);
	assert_kernel_is_right(s);
	sim_probe_both(s, LTE, PROBE_PASSING);
	assert_both_leave(s, "g", "lte");
	assert_both_leave(s, "third", "block");
	sim_pass(s, 100);
	assert_kernel_is_right(s);
	sim_done(s);
}

static void an_earlier_groups_spare_goes_before_a_later_groups_best(void **state)
{
	SIM(CHAIN);

	sim_probe_both(s, FIBER, PROBE_DEGRADED);
	assert_both_leave(s, "g", "fiber");
	sim_done(s);
}

/* ---- damping and hold_down ---- */

#define DAMPED                                                                                     \
	"{ \"version\": 1, \"links\": {\n"                                                         \
	"  \"fiber\": { \"device\": \"eth1\" },\n"                                                 \
	"  \"lte\": { \"device\": \"wwan0\", \"hold_down\": \"5s\" } },\n"                         \
	"\"groups\": { \"g\": { \"links\": [\"fiber\", \"lte\"] } },\n" RULES

static void flap(struct sim *s, size_t link, unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		facts_lose_carrier(s, link);
		sim_pass(s, 50);
		facts_get_carrier(s, link);
		sim_pass(s, 50);
	}
}

static void a_flapping_link_is_left_out_until_it_is_stable(void **state)
{
	SIM(DAMPED);
	struct core_link_info info;

	flap(s, FIBER, 3);
	assert_both_leave(s, "g", "fiber");
	flap(s, FIBER, 1);
	assert_link_is(s, FIBER, INET4, LINK_STATE_DAMPED);
	assert_both_leave(s, "g", "lte");
	core_link_info(s->core, FIBER, INET4, s->now_ns, &info);
	assert_true(info.penalty > 3000);
	assert_in_range(info.until_ns, s->now_ns + 15000 * SIM_MS, s->now_ns + 20000 * SIM_MS);
	assert_logged(s, "link: fiber: ipv4 damped: flapping: left out for 20 s\n");
	assert_int_equal(core_link_losses(s->core, FIBER, INET4), 4);
	sim_pass(s, 15000);
	assert_both_leave(s, "g", "lte");
	sim_pass(s, 5000);
	assert_both_leave(s, "g", "fiber");
	assert_logged(s, "link: fiber: ipv4 up: stable again\n");
	assert_kernel_is_right(s);
	sim_done(s);
}

static void a_damped_link_that_is_the_only_one_is_used(void **state)
{
	SIM(DAMPED);

	flap(s, FIBER, 5);
	assert_both_leave(s, "g", "lte");
	facts_lose_carrier(s, LTE);
	assert_both_leave(s, "g", "fiber");
	assert_link_is(s, FIBER, INET4, LINK_STATE_DAMPED);
	sim_done(s);
}

/* A carrier takes both families with it: that is one loss, not two. */
static void both_families_lost_at_once_count_once_in_each(void **state)
{
	SIM(DAMPED);
	struct core_link_info info;

	facts_lose_carrier(s, FIBER);
	for (enum inet_family f = INET4; f <= INET6; f++) {
		core_link_info(s->core, FIBER, f, s->now_ns, &info);
		assert_true(info.penalty == DAMPING_PENALTY);
	}
	sim_done(s);
}

static void a_family_that_flaps_does_not_damp_the_other(void **state)
{
	SIM(DAMPED);

	for (int i = 0; i < 6; i++) {
		sim_set_addr(s, FIBER, INET6, i & 1);
		sim_send(s, CORE_EVENT_LOOK);
		sim_pass(s, 50);
		sim_set_addr(s, FIBER, INET6, !(i & 1));
		sim_send(s, CORE_EVENT_LOOK);
		sim_pass(s, 50);
	}
	sim_set_addr(s, FIBER, INET6, true);
	sim_send(s, CORE_EVENT_LOOK);
	sim_pass(s, 100);
	assert_link_is(s, FIBER, INET6, LINK_STATE_DAMPED);
	assert_link_is(s, FIBER, INET4, LINK_STATE_UP);
	sim_done(s);
}

static void what_is_not_in_use_is_not_lost(void **state)
{
	SIM(DAMPED);

	sim_drain(s, FIBER, true);
	flap(s, FIBER, 10);
	sim_drain(s, FIBER, false);
	assert_link_is(s, FIBER, INET4, LINK_STATE_UP);
	assert_int_equal(core_link_losses(s->core, FIBER, INET4), 0);
	sim_done(s);
}

/* The far side's bridge may forward a second late: that is not one more loss. */
static void a_link_whose_first_probes_fail_after_its_return_is_not_lost_twice(void **state)
{
	SIM(GROUP(""));

	facts_lose_carrier(s, FIBER);
	sim_pass(s, 100);
	facts_get_carrier(s, FIBER);
	sim_pass(s, 100);
	sim_probe(s, FIBER, INET4, PROBE_FAILING);
	sim_probe(s, FIBER, INET4, PROBE_PASSING);
	assert_int_equal(core_link_losses(s->core, FIBER, INET4), 1);
	sim_probe(s, FIBER, INET4, PROBE_FAILING);
	assert_int_equal(core_link_losses(s->core, FIBER, INET4), 2);
	sim_done(s);
}

static void a_link_held_down_is_not_taken_back_before_its_time(void **state)
{
	SIM(DAMPED);
	struct core_link_info info;

	sim_drain(s, FIBER, true);
	assert_both_leave(s, "g", "lte");
	sim_drain(s, FIBER, false);
	facts_lose_carrier(s, LTE);
	sim_pass(s, 100);
	facts_get_carrier(s, LTE);
	sim_pass(s, 100);
	assert_link_is(s, LTE, INET4, LINK_STATE_HELD_DOWN);
	core_link_info(s->core, LTE, INET4, s->now_ns, &info);
	assert_int_equal(info.until_ns, s->now_ns + 4800 * SIM_MS);
	facts_lose_carrier(s, FIBER);
	assert_both_leave(s, "g", "lte"); /* better than nothing */
	sim_pass(s, 5000);
	assert_link_is(s, LTE, INET4, LINK_STATE_UP);
	sim_done(s);
}

#define FACT(f) cmocka_unit_test(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACT(a_failed_probe_moves_its_family_at_once),
		FACT(the_time_to_detection_is_told),
		FACT(a_degraded_link_is_left_for_a_good_one),
		FACT(a_degraded_link_stays_when_the_others_are_dead),
		FACT(a_degraded_link_stays_when_the_others_are_no_better),
		FACT(a_standbys_trouble_changes_nothing_of_the_active_link),
		FACT(a_link_that_only_its_probe_failed_keeps_its_own_route),
		FACT(a_link_whose_carrier_comes_back_has_to_prove_itself),
		FACT(a_verdict_of_the_time_before_does_not_prove_it),
		FACT(a_link_that_is_being_proved_is_better_than_nothing),
		FACT(at_the_start_links_are_used_before_their_probes_have_said_anything),
		FACT(the_backup_dies_the_master_dies_the_backup_returns_by_carrier),
		FACT(the_backup_dies_the_master_dies_the_backup_returns_by_probe),
		FACT(immediate_failback_is_the_default),
		FACT(delayed_failback_waits_for_a_time_without_a_break),
		FACT(delayed_failback_does_not_delay_a_failover),
		FACT(each_better_link_waits_its_own_delay),
		FACT(a_delay_counts_from_when_the_link_was_first_of_use),
		FACT(failback_never_stays_until_the_present_link_fails),
		FACT(a_switch_by_hand_holds_against_a_better_link),
		FACT(a_switch_by_hand_ends_with_its_link),
		FACT(a_switch_to_a_dead_link_is_refused),
		FACT(a_switch_beyond_the_policy_is_ignored),
		FACT(a_drained_link_gets_no_new_flows_and_keeps_its_old_ones),
		FACT(a_balanced_group_leaves_out_whoever_is_not_up),
		FACT(a_member_that_is_held_down_gets_no_new_flows),
		FACT(a_balanced_group_of_spares_uses_one_of_them),
		FACT(on_down_groups_are_asked_in_turn),
		FACT(an_earlier_groups_spare_goes_before_a_later_groups_best),
		FACT(a_flapping_link_is_left_out_until_it_is_stable),
		FACT(a_damped_link_that_is_the_only_one_is_used),
		FACT(both_families_lost_at_once_count_once_in_each),
		FACT(a_family_that_flaps_does_not_damp_the_other),
		FACT(what_is_not_in_use_is_not_lost),
		FACT(a_link_whose_first_probes_fail_after_its_return_is_not_lost_twice),
		FACT(a_link_held_down_is_not_taken_back_before_its_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
