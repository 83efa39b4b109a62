/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A new policy takes over what belongs to links, groups and targets of the same name. */
#include "test/unit/core/facts.h"

#define PROBES                                                                                     \
	"\"probes\": { \"ping\": { \"type\": \"icmp\", \"hosts4\": [\"192.0.2.1\"],\n"             \
	"                          \"hosts6\": [\"2001:db8::1\"] } },\n"
#define RULES  "\"rules\": [ { \"to\": [\"203.0.113.0/24\"], \"via\": \"default\" } ] }\n"
#define FIBER_ "\"fiber\": { \"device\": \"eth1\", \"id\": 7, \"probe\": \"ping\" }"
#define LTE_   "\"lte\": { \"device\": \"wwan0\", \"id\": 8 }"
#define SAT_   "\"sat\": { \"device\": \"eth2\", \"id\": 9, \"probe\": \"ping\" }"

static const char before[] =
	"{ \"version\": 1, \"links\": { " FIBER_ ", " LTE_ " },\n" PROBES
	"\"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\"] } },\n" RULES;
/* a link more, in the first place, and the groups' order turned round */
static const char after[] =
	"{ \"version\": 1, \"links\": { " SAT_ ", " LTE_ ", " FIBER_ " },\n" PROBES
	"\"groups\": { \"other\": { \"links\": [\"sat\"] },\n"
	"  \"default\": { \"links\": [\"sat\", \"fiber\", \"lte\"] } },\n" RULES;

enum { FIBER, LTE };
enum { NEW_SAT, NEW_LTE, NEW_FIBER };

static int setup(void **state)
{
	struct sim *s;
	int r = facts_setup(state, before);

	s = *state;
	sim_probe_both(s, FIBER, PROBE_PASSING);
	sim_pass(s, 100);
	strbuf_reset(&s->log);
	return r;
}

static void reload(struct sim *s, const char *policy)
{
	strbuf_reset(&s->log);
	assert_true(sim_reload(s, policy));
	sim_pass(s, 1);
	assert_string_equal(s->plan->policy->source->text, policy);
	sim_pass(s, 1000);
}

static void the_same_policy_again_changes_nothing(void **state)
{
	struct sim *s = *state;

	reload(s, before);
	assert_kernel_is_right(s);
	assert_not_logged(s, "link:");
	assert_not_logged(s, "group:");
	assert_not_logged(s, "delete flows");
}

static void states_and_their_times_are_kept_by_name(void **state)
{
	struct sim *s = *state;
	struct core_link_info old, now;

	sim_probe(s, FIBER, INET4, PROBE_FAILING);
	sim_pass(s, 5000);
	core_link_info(s->core, FIBER, INET4, s->now_ns, &old);
	reload(s, after);
	core_link_info(s->core, NEW_FIBER, INET4, s->now_ns, &now);
	assert_int_equal(now.state, LINK_STATE_PROBE_FAILED);
	assert_int_equal(now.since_ns, old.since_ns);
	assert_int_equal(now.verdict, PROBE_FAILING);
	assert_int_equal(now.stats.bad_since_ns, old.stats.bad_since_ns);
	assert_string_equal(now.reason, "3 rounds without an answer");
	assert_int_equal(core_link_losses(s->core, NEW_FIBER, INET4), 1);
	assert_leaves(s, "default", INET4, "lte");
	assert_leaves(s, "default", INET6, "fiber");
	assert_not_logged(s, "link: fiber:");
	assert_not_logged(s, "group: default:");
	assert_kernel_is_right(s);
}

/* It could be the first of its group, and never have worked. */
static void a_new_link_with_a_probe_has_to_prove_itself(void **state)
{
	struct sim *s = *state;

	reload(s, after);
	assert_link_is(s, NEW_SAT, INET4, LINK_STATE_PROBING);
	assert_both_leave(s, "default", "fiber");
	assert_both_leave(s, "other", "sat"); /* better than nothing */
	sim_probe_both(s, NEW_SAT, PROBE_PASSING);
	assert_both_leave(s, "default", "sat");
	sim_pass(s, 100);
	assert_kernel_is_right(s);
}

static void a_link_that_gets_a_probe_is_used_meanwhile(void **state)
{
	struct sim *s = *state;

	facts_lose_carrier(s, LTE);
	sim_pass(s, 100);
	facts_get_carrier(s, LTE);
	sim_choose(s, 0, LTE);
	sim_pass(s, 100);
	reload(s, "{ \"version\": 1, \"links\": { " FIBER_
		  ", \"lte\": { \"device\": \"wwan0\", \"id\": 8, \"probe\": \"ping\" } },\n" PROBES
		  "\"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\"] } },\n" RULES);
	assert_link_is(s, LTE, INET4, LINK_STATE_UNPROBED);
	assert_both_leave(s, "default", "lte");
}

static void a_link_on_another_device_begins_anew(void **state)
{
	struct sim *s = *state;

	sim_drain(s, FIBER, true);
	sim_make_device(s, "eth9"); /* has been there for long, and known */
	sim_send(s, CORE_EVENT_LOOK);
	sim_pass(s, 100);
	reload(s, "{ \"version\": 1, \"links\": {\n"
		  "\"fiber\": { \"device\": \"eth9\", \"id\": 7, \"probe\": \"ping\" }, " LTE_
		  " },\n" PROBES
		  "\"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\"] } },\n" RULES);
	assert_link_is(s, FIBER, INET4, LINK_STATE_DRAINED); /* as was said by hand */
	sim_drain(s, FIBER, false);
	assert_link_is(s, FIBER, INET4, LINK_STATE_PROBING);
	assert_both_leave(s, "default", "lte");
}

static void a_link_that_is_gone_is_left(void **state)
{
	struct sim *s = *state;

	reload(s, "{ \"version\": 1, \"links\": { " LTE_ " },\n"
		  "\"groups\": { \"default\": { \"links\": [\"lte\"] } },\n" RULES);
	assert_both_leave(s, "default", "lte");
	assert_logged(s, "group: default: ipv4 fiber -> lte (");
	assert_kernel_is_right(s);
}

static void what_was_said_by_hand_is_kept(void **state)
{
	struct sim *s = *state;
	struct core_choice c;

	sim_choose(s, 0, LTE);
	sim_pass(s, 100);
	reload(s, after);
	assert_both_leave(s, "default", "lte");
	core_group_choice(s->core, 1, INET4, &c);
	assert_true(c.by_hand);
	sim_choose(s, 1, -1);
	assert_both_leave(s, "default", "fiber");
	sim_drain(s, NEW_FIBER, true);
	sim_pass(s, 100);
	reload(s, before);
	assert_true(core_link_drained(s->core, FIBER));
	assert_both_leave(s, "default", "lte");
}

static void a_choice_by_hand_of_a_link_that_left_the_group_ends(void **state)
{
	struct sim *s = *state;
	struct core_choice c;

	sim_choose(s, 0, LTE);
	sim_pass(s, 100);
	reload(s, "{ \"version\": 1, \"links\": { " LTE_ ", " FIBER_ " },\n" PROBES
		  "\"groups\": { \"default\": { \"links\": [\"fiber\"] } },\n" RULES);
	assert_both_leave(s, "default", "fiber");
	core_group_choice(s->core, 0, INET4, &c);
	assert_false(c.by_hand);
}

static void failback_never_survives(void **state)
{
	static const char never[] =
		"{ \"version\": 1, \"links\": { " FIBER_ ", " LTE_ " },\n" PROBES
		"\"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\"],\n"
		"  \"failback\": \"never\" } },\n" RULES;
	struct sim *s = *state;

	reload(s, never);
	sim_probe_both(s, FIBER, PROBE_FAILING);
	sim_probe_both(s, FIBER, PROBE_PASSING);
	sim_pass(s, 1000);
	reload(s, never);
	assert_both_leave(s, "default", "lte");
	/* until it is no longer asked for */
	reload(s, before);
	assert_both_leave(s, "default", "fiber");
}

static void a_delay_goes_on_where_it_was(void **state)
{
	static const char delayed[] =
		"{ \"version\": 1, \"links\": { " FIBER_ ", " LTE_ " },\n" PROBES
		"\"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\"],\n"
		"  \"failback\": \"delayed\", \"failback_delay\": \"10s\" } },\n" RULES;
	struct sim *s = *state;

	reload(s, delayed);
	sim_probe_both(s, FIBER, PROBE_FAILING);
	sim_probe_both(s, FIBER, PROBE_PASSING);
	sim_pass(s, 6000);
	reload(s, delayed); /* 7 s */
	assert_both_leave(s, "default", "lte");
	sim_pass(s, 3500);
	assert_both_leave(s, "default", "fiber");
}

static void damping_is_not_forgiven(void **state)
{
	struct sim *s = *state;

	for (int i = 0; i < 5; i++) {
		facts_lose_carrier(s, LTE);
		sim_pass(s, 50);
		facts_get_carrier(s, LTE);
		sim_pass(s, 50);
	}
	assert_link_is(s, LTE, INET4, LINK_STATE_DAMPED);
	reload(s, after);
	assert_link_is(s, NEW_LTE, INET4, LINK_STATE_DAMPED);
	sim_pass(s, 30000);
	assert_link_is(s, NEW_LTE, INET4, LINK_STATE_UP);
	assert_kernel_is_right(s);
}

static void damping_that_is_switched_off_ends(void **state)
{
	struct sim *s = *state;

	for (int i = 0; i < 5; i++) {
		facts_lose_carrier(s, LTE);
		sim_pass(s, 50);
		facts_get_carrier(s, LTE);
		sim_pass(s, 50);
	}
	reload(s, "{ \"version\": 1, \"links\": { " FIBER_
		  ", \"lte\": { \"device\": \"wwan0\", \"id\": 8, \"damping\": false } },\n" PROBES
		  "\"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\"] } },\n" RULES);
	assert_link_is(s, LTE, INET4, LINK_STATE_UP);
}

static void a_drain_of_flows_goes_on(void **state)
{
	static const char drain[] =
		"{ \"version\": 1, \"links\": { " FIBER_ ", " LTE_ " },\n" PROBES
		"\"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\"],\n"
		"  \"on_recover\": \"drain\", \"drain_time\": \"10s\" } },\n" RULES;
	struct sim *s = *state;

	reload(s, drain);
	sim_probe_both(s, FIBER, PROBE_FAILING);
	sim_pass(s, 100);
	sim_probe_both(s, FIBER, PROBE_PASSING);
	sim_pass(s, 5000);
	reload(s, drain);
	assert_not_logged(s, "delete flows");
	sim_pass(s, 5000);
	assert_logged(s, "delete flows ipv4 0x25398/0xffffff\n");
	assert_kernel_is_right(s);
}

/* Asked for, or about to be, when the new policy took over: asked for once more. */
static void flows_on_the_move_are_forgotten_by_the_new_policy(void **state)
{
	struct sim *s = *state;

	s->load_ms = 100;
	assert_true(sim_reload(s, before));
	sim_pass(s, 50);
	s->fail_applies = 1;
	facts_lose_carrier(s, FIBER); /* the switch does not get through any more */
	assert_not_logged(s, "delete flows");
	sim_pass(s, 3000);
	assert_logged(s, "delete flows ipv4 0x5397/0xffff\n");
	assert_kernel_is_right(s);
}

static void a_failover_during_the_load_is_the_old_policys_and_kept_by_the_new(void **state)
{
	struct sim *s = *state;

	s->load_ms = 1000;
	assert_true(sim_reload(s, after));
	sim_pass(s, 500);
	facts_lose_carrier(s, FIBER);
	assert_null(sim_fault(s)); /* at once */
	assert_both_leave(s, "default", "lte");
	strbuf_reset(&s->log);
	sim_pass(s, 3000);
	assert_both_leave(s, "default", "lte");
	assert_not_logged(s, "link: fiber");
	assert_kernel_is_right(s);
}

static void a_reload_that_breaks_leaves_everything_as_it_was(void **state)
{
	struct sim *s = *state;
	const struct plan *plan = s->plan;

	s->load_ms = 1000;
	assert_true(sim_reload(s, after));
	sim_pass(s, 500);
	sim_break_load(s);
	sim_pass(s, 3000);
	assert_ptr_equal(s->plan, plan);
	assert_kernel_is_right(s);
}

/* The new policy has taken over, and then its worker dies. */
static void a_worker_that_dies_after_the_takeover_is_replaced(void **state)
{
	struct sim *s = *state;

	s->switch_ms = 100;
	assert_true(sim_reload(s, after));
	sim_pass(s, 1);
	assert_int_equal(s->load.phase, SIM_LOAD_SWITCHING);
	sim_break_load(s);
	sim_pass(s, 10000);
	assert_kernel_is_right(s);
}

static void groups_may_change_their_mode(void **state)
{
	struct sim *s = *state;

	reload(s, "{ \"version\": 1, \"links\": { " LTE_ ", " FIBER_ " },\n" PROBES
		  "\"groups\": { \"default\": { \"mode\": \"balance\",\n"
		  "  \"links\": [\"lte\", \"fiber\"] } },\n" RULES);
	assert_both_leave(s, "default", "balance");
	assert_logged(s, "group: default: ipv4 fiber -> balance (");
	assert_kernel_is_right(s);
	reload(s, before);
	assert_both_leave(s, "default", "fiber");
	assert_kernel_is_right(s);
}

static void counts_go_on(void **state)
{
	struct sim *s = *state;

	sim_flush_tables(s);
	sim_send(s, CORE_EVENT_RULESET);
	sim_pass(s, 1000);
	facts_lose_carrier(s, FIBER);
	sim_pass(s, 100);
	assert_int_equal(core_repairs(s->core), 1);
	assert_int_equal(core_group_switches(s->core, 0, INET4), 1);
	reload(s, after);
	assert_int_equal(core_repairs(s->core), 1);
	assert_int_equal(core_group_switches(s->core, 1, INET4), 1);
}

static void a_reload_before_anything_was_seen_begins_from_nothing(void **state)
{
	struct sim s;
	struct core *old;

	sim_init(&s, before);
	old = s.core;
	s.core = core_new(s.plan);
	core_adopt(s.core, old);
	core_free(old);
	assert_null(core_snapshot(s.core));
	sim_done(&s);
}

#define FACT(f) FACTS_OF(setup, f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACT(the_same_policy_again_changes_nothing),
		FACT(states_and_their_times_are_kept_by_name),
		FACT(a_new_link_with_a_probe_has_to_prove_itself),
		FACT(a_link_that_gets_a_probe_is_used_meanwhile),
		FACT(a_link_on_another_device_begins_anew),
		FACT(a_link_that_is_gone_is_left),
		FACT(what_was_said_by_hand_is_kept),
		FACT(a_choice_by_hand_of_a_link_that_left_the_group_ends),
		FACT(failback_never_survives),
		FACT(a_delay_goes_on_where_it_was),
		FACT(damping_is_not_forgiven),
		FACT(damping_that_is_switched_off_ends),
		FACT(a_drain_of_flows_goes_on),
		FACT(flows_on_the_move_are_forgotten_by_the_new_policy),
		FACT(a_failover_during_the_load_is_the_old_policys_and_kept_by_the_new),
		FACT(a_reload_that_breaks_leaves_everything_as_it_was),
		FACT(a_worker_that_dies_after_the_takeover_is_replaced),
		FACT(groups_may_change_their_mode),
		FACT(counts_go_on),
		cmocka_unit_test(a_reload_before_anything_was_seen_begins_from_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
