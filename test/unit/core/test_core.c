/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's decisions against a simulated kernel: failover without root. */
#include "test/unit/core/sim.h"

#include <errno.h>

static const char policy[] =
	"{ \"version\": 1,\n"
	"  \"links\": { \"fiber\": { \"device\": \"eth1\", \"id\": 7 },\n"
	"             \"lte\": { \"device\": \"wwan0\", \"id\": 8 } },\n"
	"  \"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\"] } },\n"
	"  \"rules\": [ { \"name\": \"a\", \"to\": [\"203.0.113.0/24\"], \"via\": \"default\" },\n"
	"             { \"name\": \"b\", \"to\": [\"198.51.100.0/24\"], \"via\": \"default\",\n"
	"               \"on_down\": \"block\" } ] }\n";

enum { FIBER, LTE };

static int setup(void **state)
{
	struct sim *s = calloc(1, sizeof(*s));

	sim_init(s, policy);
	sim_send(s, CORE_EVENT_START);
	sim_pass(s, 1000);
	strbuf_reset(&s->log);
	s->applies = s->plans = s->observes = 0;
	*state = s;
	return 0;
}

static int teardown(void **state)
{
	sim_done(*state);
	free(*state);
	return 0;
}

static size_t target(const struct sim *s, const char *name)
{
	for (size_t i = 0; i < s->plan->n_targets; i++)
		if (!strcmp(s->plan->targets[i].name, name))
			return i;
	fail_msg("no target %s", name);
	return 0;
}

static void assert_leaves_by(const struct sim *s, const char *name, enum inet_family f,
			     enum core_choice_kind kind, size_t link)
{
	struct core_choice c = core_target_choice(s->core, target(s, name), f);

	assert_int_equal(c.kind, kind);
	if (kind == CORE_CHOICE_LINK)
		assert_int_equal(c.link, link);
}

static void assert_logged(const struct sim *s, const char *text)
{
	if (!strstr(strbuf_text(&s->log), text))
		fail_msg("not logged: %s\nbut: %s", text, strbuf_text(&s->log));
}

static void lose_carrier(struct sim *s, size_t link)
{
	sim_set_carrier(s, link, false);
	sim_tell_link(s, link);
}

static void get_carrier(struct sim *s, size_t link)
{
	sim_set_carrier(s, link, true);
	sim_tell_link(s, link);
}

static void start_brings_the_kernel_to_the_plan(void **state)
{
	struct sim *s = *state;

	assert_true(sim_is_right(s));
	assert_true(core_in_sync(s->core));
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, FIBER);
	assert_leaves_by(s, "default", INET6, CORE_CHOICE_LINK, FIBER);
}

static void a_pulled_cable_moves_both_families_in_one_batch(void **state)
{
	struct sim *s = *state;

	lose_carrier(s, FIBER);
	assert_int_equal(s->applies, 1);
	assert_true(sim_is_right(s));
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, LTE);
	assert_leaves_by(s, "default", INET6, CORE_CHOICE_LINK, LTE);
	assert_logged(s, "link: fiber: ipv4 down: no carrier\n");
	assert_logged(s, "target: default: ipv4 fiber -> lte (no carrier)\n");
	assert_logged(s, "target: default: ipv6 fiber -> lte (no carrier)\n");
}

static void carrier_loss_is_acted_upon_before_the_next_dump(void **state)
{
	struct sim *s = *state;
	const char *sw, *ob;

	lose_carrier(s, FIBER);
	sw = strstr(strbuf_text(&s->log), "  switch\n");
	ob = strstr(strbuf_text(&s->log), "  observe\n");
	assert_non_null(sw);
	assert_non_null(ob);
	assert_true(sw < ob);
}

static void a_poll_alone_finds_a_pulled_cable(void **state)
{
	struct sim *s = *state;

	sim_set_carrier(s, FIBER, false);
	sim_poll(s);
	assert_int_equal(s->applies, 1);
	assert_true(sim_is_right(s));
	sim_set_carrier(s, FIBER, true);
	sim_poll(s);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, FIBER);
}

static void the_link_comes_back(void **state)
{
	struct sim *s = *state;

	lose_carrier(s, FIBER);
	sim_pass(s, 500);
	get_carrier(s, FIBER);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, FIBER);
	assert_logged(s, "link: fiber: ipv4 up\n");
	assert_logged(s, "target: default: ipv4 lte -> fiber (it is up again)\n");
}

static void an_event_of_an_old_carrier_is_not_believed(void **state)
{
	struct sim *s = *state;
	struct core_event stale = { .type = CORE_EVENT_LINK };

	stale.link.link = sim_link(&s->devices[FIBER]);
	lose_carrier(s, FIBER);
	sim_pass(s, 100);
	strbuf_reset(&s->log);
	sim_event(s, &stale);
	sim_pass(s, 100);
	assert_null(strstr(strbuf_text(&s->log), "switch"));
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, LTE);
}

static void old_bad_news_is_corrected_by_the_next_look(void **state)
{
	struct sim *s = *state;
	struct core_event stale = { .type = CORE_EVENT_LINK };

	stale.link.link = sim_link(&s->devices[FIBER]);
	stale.link.link.carrier = false;
	sim_event(s, &stale);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, FIBER);
}

static void what_a_plan_saw_is_not_undone_from_an_older_dump(void **state)
{
	struct sim *s = *state;

	s->lost_meanwhile = &s->devices[FIBER];
	sim_send(s, CORE_EVENT_RULESET);
	sim_pass(s, 100);
	assert_int_equal(s->plans, 1);
	assert_int_equal(s->applies, 0); /* back to fiber, and away again */
	assert_true(sim_is_right(s));
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, LTE);
}

static void ipv6_alone_moves_when_its_address_goes(void **state)
{
	struct sim *s = *state;

	sim_set_addr(s, FIBER, INET6, false);
	sim_send(s, CORE_EVENT_LOOK);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, FIBER);
	assert_leaves_by(s, "default", INET6, CORE_CHOICE_LINK, LTE);
	assert_logged(s, "link: fiber: ipv6 down: no address\n");
	assert_logged(s, "target: default: ipv6 fiber -> lte (no address)\n");
	assert_null(strstr(strbuf_text(&s->log), "ipv4"));
}

static void a_lost_gateway_moves_its_family(void **state)
{
	struct sim *s = *state;

	s->devices[FIBER].gateway[INET4] = false;
	sim_send(s, CORE_EVENT_LOOK);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, LTE);
	assert_leaves_by(s, "default", INET6, CORE_CHOICE_LINK, FIBER);
	assert_logged(s, "fiber -> lte (no gateway)\n");
}

static void with_no_link_left_the_policy_says_main_or_block(void **state)
{
	struct sim *s = *state;

	lose_carrier(s, LTE);
	lose_carrier(s, FIBER);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_MAIN, 0);
	assert_leaves_by(s, "default.block", INET4, CORE_CHOICE_BLOCK, 0);
	assert_logged(s, "target: default: ipv4 fiber -> main (no carrier)\n");
	assert_logged(s, "target: default.block: ipv6 fiber -> block (no carrier)\n");
}

static void a_standby_that_dies_moves_nothing(void **state)
{
	struct sim *s = *state;

	lose_carrier(s, LTE);
	sim_pass(s, 100);
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, FIBER);
	assert_null(strstr(strbuf_text(&s->log), "target:"));
	assert_null(strstr(strbuf_text(&s->log), "egress 0x539 "));
}

static void the_same_news_again_makes_no_action_and_no_line(void **state)
{
	struct sim *s = *state;

	lose_carrier(s, FIBER);
	sim_pass(s, 100);
	strbuf_reset(&s->log);
	s->applies = s->observes = 0;
	for (int i = 0; i < 10; i++) {
		sim_tell_link(s, FIBER);
		sim_poll(s);
	}
	assert_int_equal(s->applies, 0);
	assert_int_equal(s->observes, 0);
	assert_string_equal(strbuf_text(&s->log), "");
}

static void a_storm_of_hints_costs_few_dumps(void **state)
{
	struct sim *s = *state;

	for (int i = 0; i < 1000; i++) {
		sim_send(s, CORE_EVENT_LOOK);
		s->now_ns += SIM_MS / 10;
	}
	sim_pass(s, 100);
	assert_in_range(s->observes, 1, 8);
	assert_int_equal(s->applies, 0);
}

static void a_failed_switch_is_retried_from_a_fresh_look(void **state)
{
	struct sim *s = *state;
	const char *failed, *ob, *plan;

	s->fail_applies = 1;
	lose_carrier(s, FIBER);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_true(core_in_sync(s->core));
	failed = strstr(strbuf_text(&s->log), "  failed\n");
	assert_non_null(failed);
	ob = strstr(failed, "  observe\n");
	assert_non_null(ob);
	plan = strstr(ob, "  apply plan\n");
	assert_non_null(plan);
}

static void lasting_failure_is_retried_ever_more_slowly(void **state)
{
	struct sim *s = *state;

	s->fail_applies = 1000000;
	lose_carrier(s, FIBER);
	sim_pass(s, 60000);
	assert_in_range(s->plans, 30, 45);
	s->fail_applies = 0;
	sim_pass(s, 2100);
	assert_true(sim_is_right(s));
	assert_true(core_in_sync(s->core));
}

static void a_dump_that_fails_is_asked_again(void **state)
{
	struct sim *s = *state;

	s->fail_observes = 3;
	sim_set_addr(s, FIBER, INET4, false);
	sim_send(s, CORE_EVENT_LOOK);
	sim_pass(s, 200);
	assert_true(sim_is_right(s));
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, LTE);
}

static void a_flushed_ruleset_is_put_back(void **state)
{
	struct sim *s = *state;

	sim_flush(s);
	sim_send(s, CORE_EVENT_RULESET);
	sim_pass(s, 50);
	assert_true(sim_is_right(s));
	assert_int_equal(s->plans, 1);
}

static void somebody_who_flushes_always_is_answered_twice_a_second(void **state)
{
	struct sim *s = *state;

	for (int i = 0; i < 1000; i++) {
		sim_flush(s);
		sim_send(s, CORE_EVENT_RULESET);
		sim_pass(s, 10);
	}
	assert_in_range(s->plans, 15, 25);
	sim_pass(s, 500);
	assert_true(sim_is_right(s));
}

static void a_failover_between_a_flush_and_its_repair_recovers(void **state)
{
	struct sim *s = *state;

	sim_flush(s);
	sim_send(s, CORE_EVENT_RULESET);
	sim_flush(s);
	sim_send(s, CORE_EVENT_RULESET); /* has to wait */
	assert_false(sim_is_right(s));
	lose_carrier(s, FIBER); /* its batch is refused: the elements are gone */
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, LTE);
}

static void while_somebody_else_applies_failovers_go_on(void **state)
{
	struct sim *s = *state;

	s->busy = true;
	sim_pass(s, 1000);
	sim_send(s, CORE_EVENT_RULESET); /* to be compared, but not now */
	lose_carrier(s, FIBER);
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, LTE);
	assert_true(sim_is_right(s));
	assert_int_equal(s->plans, 0);
	sim_pass(s, 5000);
	s->busy = false;
	sim_pass(s, 3000);
	assert_int_equal(s->plans, 1);
	assert_true(core_in_sync(s->core));
}

static void a_device_made_anew_is_set_up_anew(void **state)
{
	struct sim *s = *state;

	sim_pass(s, 1000);
	s->devices[FIBER].ifindex += 100;
	sim_drop_routes(s, s->devices[FIBER].ifindex - 100, -1);
	sim_send(s, CORE_EVENT_LOOK);
	sim_pass(s, 100);
	assert_int_equal(s->plans, 1); /* it sets what a failover does not: the device's sysctls */
	assert_true(sim_is_right(s));
}

static void routes_and_rules_that_vanish_are_put_back(void **state)
{
	struct sim *s = *state;

	s->kernel.state.net.n_rules = 0;
	sim_drop_routes(s, s->devices[FIBER].ifindex, -1);
	sim_send(s, CORE_EVENT_LOOK);
	assert_true(sim_is_right(s));
	assert_int_equal(s->plans, 0);
}

static void routes_that_do_not_stay_are_repaired_ever_more_slowly(void **state)
{
	struct sim *s = *state;

	for (int i = 0; i < 6000; i++) {
		sim_drop_routes(s, s->devices[FIBER].ifindex, -1);
		sim_send(s, CORE_EVENT_LOOK);
		sim_pass(s, 0);
		s->kernel.state.net.n_routes = 0; /* at once gone again */
		s->now_ns += 10 * SIM_MS;
	}
	/* 60 s: the first second's doublings, then every 2 s */
	assert_in_range(s->applies, 20, 45);
	assert_logged(s, "warning: repair: our rules or routes");
	sim_pass(s, 3000);
	assert_true(sim_is_right(s));
}

static void an_audit_finds_what_no_event_told(void **state)
{
	struct sim *s = *state;

	sim_flush(s);
	sim_pass(s, 28000);
	assert_false(sim_is_right(s));
	sim_pass(s, 2000);
	assert_true(sim_is_right(s));
}

static void lost_events_mean_a_look_at_everything(void **state)
{
	struct sim *s = *state;

	sim_flush(s);
	sim_set_carrier(s, FIBER, false);
	sim_send(s, CORE_EVENT_OVERRUN);
	sim_pass(s, 500);
	assert_true(sim_is_right(s));
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, LTE);
}

static void a_device_may_go_and_come_back_with_another_index(void **state)
{
	struct sim *s = *state;

	sim_unplug(s, FIBER);
	assert_int_equal(s->applies, 1);
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, LTE);
	assert_logged(s, "link: fiber: ipv4 down: no such device\n");
	assert_logged(s, "fiber -> lte (no such device)\n");
	sim_pass(s, 100);
	s->devices[FIBER].ifindex = ++s->last_ifindex;
	sim_tell_link(s, FIBER);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, FIBER);
	assert_int_equal(core_link_ifindex(s->core, FIBER), s->last_ifindex);
}

static void a_renamed_device_is_no_longer_the_link(void **state)
{
	struct sim *s = *state;
	struct core_event e = { .type = CORE_EVENT_LINK };

	s->devices[FIBER].name = "other0";
	e.link.link = sim_link(&s->devices[FIBER]);
	sim_event(s, &e);
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, LTE);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
}

static void other_devices_events_are_ignored(void **state)
{
	struct sim *s = *state;
	struct core_event e = { .type = CORE_EVENT_LINK,
				.link.link = { .name = "docker0", .ifindex = 99 } };

	sim_event(s, &e);
	assert_int_equal(s->observes, 0);
	assert_string_equal(strbuf_text(&s->log), "");
}

static void a_lying_driver_is_not_polled_for_ever(void **state)
{
	struct sim *s = *state;

	s->lying_driver = true;
	for (int i = 0; i < 1000; i++) {
		sim_poll(s);
		sim_pass(s, 10);
	}
	assert_in_range(s->applies, 1, 12);
	assert_logged(s, "the driver of eth1 says no carrier, the kernel carrier: not polled\n");
	assert_true(sim_is_right(s));
	/* its events still count */
	lose_carrier(s, FIBER);
	assert_leaves_by(s, "default", INET4, CORE_CHOICE_LINK, LTE);
}

static void down_by_administration_is_no_contradiction_to_polls(void **state)
{
	struct sim *s = *state;

	sim_set_up(s, FIBER, false);
	sim_tell_link(s, FIBER);
	sim_pass(s, 100);
	assert_logged(s, "link: fiber: ipv4 down: administratively down\n");
	s->observes = 0;
	for (int i = 0; i < 100; i++) {
		sim_poll(s);
		sim_pass(s, 10);
	}
	assert_int_equal(s->observes, 0);
	sim_set_up(s, FIBER, true);
	sim_tell_link(s, FIBER);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
}

static void stop_leaves_the_daemonless_state(void **state)
{
	struct sim *s = *state;
	struct arena *a = arena_new();
	struct desired d;

	sim_send(s, CORE_EVENT_STOP);
	assert_true(s->exited);
	assert_int_equal(s->exit_status, 0);
	d = sim_right(s, DESIRED_KERNEL, a);
	assert_int_equal(s->kernel.state.n_egress, 0);
	assert_true(core_targets_equal(&s->kernel.state, &d));
	assert_true(sim_net_equal(&s->kernel.state.net, &d.net));
	arena_free(a);
}

static void a_stop_the_kernel_refuses_thrice_exits_1(void **state)
{
	struct sim *s = *state;

	s->fail_applies = 100;
	sim_send(s, CORE_EVENT_STOP);
	assert_false(s->exited);
	sim_send(s, CORE_EVENT_STOP); /* impatience changes nothing */
	sim_pass(s, 1000);
	assert_true(s->exited);
	assert_int_equal(s->exit_status, 1);
	assert_int_equal(s->plans, 3);
}

static void after_a_stop_events_do_nothing(void **state)
{
	struct sim *s = *state;

	s->fail_applies = 1;
	sim_send(s, CORE_EVENT_STOP);
	lose_carrier(s, FIBER);
	assert_int_equal(s->applies, 0);
	sim_pass(s, 100);
	assert_true(s->exited);
	assert_int_equal(s->exit_status, 0);
}

static void answers_nobody_asked_for_are_refused(void **state)
{
	struct sim *s = *state;
	static const enum core_event_type answers[] = { CORE_EVENT_OBSERVED,
							CORE_EVENT_OBSERVE_FAILED,
							CORE_EVENT_APPLIED, CORE_EVENT_APPLY_FAILED,
							CORE_EVENT_APPLY_BUSY };
	struct core_actions act;

	for (size_t i = 0; i < sizeof(answers) / sizeof(answers[0]); i++) {
		struct core_event e = { .type = answers[i] };

		assert_int_equal(core_step(s->core, &e, s->now_ns, &act), -EPROTO);
		assert_int_equal(act.act, CORE_DO_NOTHING);
	}
	assert_true(core_in_sync(s->core));
}

static void nothing_is_done_before_the_start(void **state)
{
	struct sim s;

	sim_init(&s, policy);
	sim_tell_link(&s, FIBER);
	sim_poll(&s);
	sim_send(&s, CORE_EVENT_LOOK);
	sim_send(&s, CORE_EVENT_TIMER);
	assert_string_equal(strbuf_text(&s.log), "");
	sim_done(&s);
}

static void a_probe_this_version_cannot_run_is_told_once(void **state)
{
	struct sim s;
	const char *first;

	sim_init(&s,
		 "{ \"version\": 1, \"links\": {\n"
		 "  \"fiber\": { \"device\": \"eth1\", \"probe\": \"net\" },\n"
		 "  \"lte\": { \"device\": \"wwan0\", \"probe\": \"off\" } },\n"
		 "  \"probes\": { \"net\": { \"type\": \"icmp\", \"hosts4\": [\"192.0.2.1\"] },\n"
		 "              \"off\": { \"type\": \"none\" } } }\n");
	sim_send(&s, CORE_EVENT_START);
	sim_pass(&s, 60000);
	first = strstr(strbuf_text(&s.log), "warning: probe: fiber");
	assert_non_null(first);
	assert_null(strstr(first + 1, "warning: probe"));
	assert_leaves_by(&s, "fiber", INET4, CORE_CHOICE_LINK, 0);
	sim_done(&s);
}

static void a_balanced_group_tells_how_it_leaves(void **state)
{
	struct sim s;

	sim_init(
		&s,
		"{ \"version\": 1, \"links\": { \"fiber\": { \"device\": \"eth1\" },\n"
		"    \"lte\": { \"device\": \"wwan0\" } },\n"
		"  \"groups\": { \"bulk\": { \"mode\": \"balance\", \"links\": [\"fiber\", \"lte\"] } },\n"
		"  \"rules\": [ { \"to\": [\"203.0.113.0/24\"], \"via\": \"bulk\" } ] }\n");
	sim_send(&s, CORE_EVENT_START);
	sim_pass(&s, 100);
	assert_leaves_by(&s, "bulk", INET4, CORE_CHOICE_BALANCE, 0);
	lose_carrier(&s, FIBER);
	assert_leaves_by(&s, "bulk", INET4, CORE_CHOICE_LINK, LTE);
	assert_logged(&s, "target: bulk: ipv4 balance -> lte (the others are down)\n");
	assert_true(sim_is_right(&s));
	get_carrier(&s, FIBER);
	sim_pass(&s, 100);
	assert_logged(&s, "target: bulk: ipv4 lte -> balance (several links are up)\n");
	assert_true(sim_is_right(&s));
	sim_done(&s);
}

#define FACT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACT(start_brings_the_kernel_to_the_plan),
		FACT(a_pulled_cable_moves_both_families_in_one_batch),
		FACT(carrier_loss_is_acted_upon_before_the_next_dump),
		FACT(a_poll_alone_finds_a_pulled_cable),
		FACT(the_link_comes_back),
		FACT(an_event_of_an_old_carrier_is_not_believed),
		FACT(old_bad_news_is_corrected_by_the_next_look),
		FACT(what_a_plan_saw_is_not_undone_from_an_older_dump),
		FACT(ipv6_alone_moves_when_its_address_goes),
		FACT(a_lost_gateway_moves_its_family),
		FACT(with_no_link_left_the_policy_says_main_or_block),
		FACT(a_standby_that_dies_moves_nothing),
		FACT(the_same_news_again_makes_no_action_and_no_line),
		FACT(a_storm_of_hints_costs_few_dumps),
		FACT(a_failed_switch_is_retried_from_a_fresh_look),
		FACT(lasting_failure_is_retried_ever_more_slowly),
		FACT(a_dump_that_fails_is_asked_again),
		FACT(a_flushed_ruleset_is_put_back),
		FACT(somebody_who_flushes_always_is_answered_twice_a_second),
		FACT(a_failover_between_a_flush_and_its_repair_recovers),
		FACT(while_somebody_else_applies_failovers_go_on),
		FACT(a_device_made_anew_is_set_up_anew),
		FACT(routes_and_rules_that_vanish_are_put_back),
		FACT(routes_that_do_not_stay_are_repaired_ever_more_slowly),
		FACT(an_audit_finds_what_no_event_told),
		FACT(lost_events_mean_a_look_at_everything),
		FACT(a_device_may_go_and_come_back_with_another_index),
		FACT(a_renamed_device_is_no_longer_the_link),
		FACT(other_devices_events_are_ignored),
		FACT(a_lying_driver_is_not_polled_for_ever),
		FACT(down_by_administration_is_no_contradiction_to_polls),
		FACT(stop_leaves_the_daemonless_state),
		FACT(a_stop_the_kernel_refuses_thrice_exits_1),
		FACT(after_a_stop_events_do_nothing),
		FACT(answers_nobody_asked_for_are_refused),
		cmocka_unit_test(nothing_is_done_before_the_start),
		cmocka_unit_test(a_probe_this_version_cannot_run_is_told_once),
		cmocka_unit_test(a_balanced_group_tells_how_it_leaves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
