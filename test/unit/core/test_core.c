/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon's decisions against a simulated kernel: failover without root. */
#include "test/unit/core/facts.h"

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
	return facts_setup(state, policy);
}

static void start_brings_the_kernel_to_the_plan(void **state)
{
	struct sim *s = *state;

	assert_true(sim_is_right(s));
	assert_true(core_in_sync(s->core));
	assert_leaves(s, "default", INET4, "fiber");
	assert_leaves(s, "default", INET6, "fiber");
}

static void a_pulled_cable_moves_both_families_in_one_batch(void **state)
{
	struct sim *s = *state;
	const char *sw, *deleted;

	facts_lose_carrier(s, FIBER);
	assert_true(sim_is_right(s));
	assert_both_leave(s, "default", "lte");
	sw = strstr(strbuf_text(&s->log), "  switch\n");
	deleted = strstr(strbuf_text(&s->log), "  delete flows");
	assert_non_null(sw);
	assert_non_null(deleted);
	assert_true(sw < deleted);
	assert_null(strstr(sw, "egress 0x539 . ipv4: to_lte"));
	assert_int_equal(facts_count(s, "egress 0x539 "), 2);
	assert_int_equal(s->applies, 2); /* the other one when the old flows are forgotten */
	assert_logged(s, "link: fiber: ipv4 down: no carrier\n");
	assert_logged(s, "group: default: ipv4 fiber -> lte (fiber: no carrier)\n");
	assert_logged(s, "group: default: ipv6 fiber -> lte (fiber: no carrier)\n");
}

static void carrier_loss_is_acted_upon_before_the_next_dump(void **state)
{
	struct sim *s = *state;
	const char *sw, *ob;

	facts_lose_carrier(s, FIBER);
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
	assert_leaves(s, "default", INET4, "lte");
	assert_true(sim_is_right(s));
	sim_set_carrier(s, FIBER, true);
	sim_poll(s);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves(s, "default", INET4, "fiber");
}

static void the_link_comes_back(void **state)
{
	struct sim *s = *state;

	facts_lose_carrier(s, FIBER);
	sim_pass(s, 500);
	facts_get_carrier(s, FIBER);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves(s, "default", INET4, "fiber");
	assert_logged(s, "link: fiber: ipv4 up\n");
	assert_logged(s, "group: default: ipv4 lte -> fiber (fiber is up again)\n");
}

static void an_event_of_an_old_carrier_is_not_believed(void **state)
{
	struct sim *s = *state;
	struct core_event stale = { .type = CORE_EVENT_LINK };

	stale.link.link = sim_link(&s->devices[FIBER]);
	facts_lose_carrier(s, FIBER);
	sim_pass(s, 100);
	strbuf_reset(&s->log);
	sim_event(s, &stale);
	sim_pass(s, 100);
	assert_null(strstr(strbuf_text(&s->log), "switch"));
	assert_leaves(s, "default", INET4, "lte");
}

static void an_event_of_a_loss_that_is_over_is_no_second_loss(void **state)
{
	struct sim *s = *state;
	struct core_event stale = { .type = CORE_EVENT_LINK };

	sim_set_carrier(s, FIBER, false);
	stale.link.link = sim_link(&s->devices[FIBER]);
	sim_event(s, &stale);
	sim_set_carrier(s, FIBER, true);
	sim_poll(s); /* sooner than the kernel's events */
	sim_pass(s, 100);
	assert_leaves(s, "default", INET4, "fiber");
	assert_int_equal(core_link_losses(s->core, FIBER, INET4), 1);
	strbuf_reset(&s->log);
	sim_event(s, &stale);
	sim_pass(s, 100);
	assert_int_equal(core_link_losses(s->core, FIBER, INET4), 1);
	assert_null(strstr(strbuf_text(&s->log), "fiber: ipv4"));
	/* and a new one counts */
	sim_set_carrier(s, FIBER, false);
	sim_tell_link(s, FIBER);
	assert_int_equal(core_link_losses(s->core, FIBER, INET4), 2);
	assert_leaves(s, "default", INET4, "lte");
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
	assert_leaves(s, "default", INET4, "fiber");
}

static void ipv6_alone_moves_when_its_address_goes(void **state)
{
	struct sim *s = *state;

	sim_set_addr(s, FIBER, INET6, false);
	sim_send(s, CORE_EVENT_LOOK);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves(s, "default", INET4, "fiber");
	assert_leaves(s, "default", INET6, "lte");
	assert_logged(s, "link: fiber: ipv6 down: no address\n");
	assert_logged(s, "group: default: ipv6 fiber -> lte (fiber: no address)\n");
	assert_null(strstr(strbuf_text(&s->log), "ipv4"));
}

static void a_lost_gateway_moves_its_family(void **state)
{
	struct sim *s = *state;

	s->devices[FIBER].gateway[INET4] = false;
	sim_send(s, CORE_EVENT_LOOK);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves(s, "default", INET4, "lte");
	assert_leaves(s, "default", INET6, "fiber");
	assert_logged(s, "fiber -> lte (fiber: no gateway)\n");
}

static void with_no_link_left_the_policy_says_main_or_block(void **state)
{
	struct sim *s = *state;

	facts_lose_carrier(s, LTE);
	facts_lose_carrier(s, FIBER);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves(s, "default", INET4, "main");
	assert_leaves(s, "default.block", INET4, "block");
	assert_logged(s, "group: default: ipv4 fiber -> main (fiber: no carrier)\n");
	assert_logged(s, "target: default.block: ipv6 fiber -> block (fiber: no carrier)\n");
}

static void a_standby_that_dies_moves_nothing(void **state)
{
	struct sim *s = *state;

	facts_lose_carrier(s, LTE);
	sim_pass(s, 100);
	assert_leaves(s, "default", INET4, "fiber");
	assert_null(strstr(strbuf_text(&s->log), "group:"));
	assert_null(strstr(strbuf_text(&s->log), "egress 0x539 "));
}

static void the_same_news_again_makes_no_action_and_no_line(void **state)
{
	struct sim *s = *state;

	facts_lose_carrier(s, FIBER);
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
	const char *failed, *ob;

	s->fail_applies = 1;
	facts_lose_carrier(s, FIBER);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_true(core_in_sync(s->core));
	failed = strstr(strbuf_text(&s->log), "  failed\n");
	assert_non_null(failed);
	ob = strstr(failed, "  observe\n");
	assert_non_null(ob);
	assert_non_null(strstr(ob, "  state\n"));
}

static void lasting_failure_is_retried_ever_more_slowly(void **state)
{
	struct sim *s = *state;

	s->fail_applies = 1000000;
	facts_lose_carrier(s, FIBER);
	sim_pass(s, 60000);
	assert_in_range(s->states, 30, 45);
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
	assert_leaves(s, "default", INET4, "lte");
}

static void a_flushed_ruleset_is_put_back(void **state)
{
	struct sim *s = *state;

	sim_flush(s);
	sim_send(s, CORE_EVENT_RULESET);
	sim_pass(s, 50);
	assert_null(sim_fault(s));
	assert_int_equal(s->loads, 1);
	assert_int_equal(core_repairs(s->core), 1);
	assert_logged(s,
		      "warning: repair: our nft tables were changed by somebody else: put back\n");
}

static void somebody_who_flushes_always_is_answered_twice_a_second(void **state)
{
	struct sim *s = *state;

	for (int i = 0; i < 1000; i++) {
		sim_flush(s);
		sim_send(s, CORE_EVENT_RULESET);
		sim_pass(s, 10);
	}
	assert_in_range(s->loads, 15, 25);
	sim_pass(s, 600);
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
	facts_lose_carrier(s, FIBER); /* its batch is refused: the elements are gone */
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves(s, "default", INET4, "lte");
}

static void while_somebody_else_applies_failovers_go_on(void **state)
{
	struct sim *s = *state;
	const struct plan *tables = s->tables;

	s->busy = true;
	s->tables = NULL; /* something is not as it should be */
	sim_send(s, CORE_EVENT_RULESET);
	s->tables = tables; /* but for the maps of a failover */
	sim_pass(s, 100);
	facts_lose_carrier(s, FIBER);
	assert_leaves(s, "default", INET4, "lte");
	assert_null(sim_fault(s));
	sim_pass(s, 5000);
	assert_in_range(s->loads, 5, 15); /* it is asked ever more slowly */
	s->busy = false;
	sim_pass(s, 3000);
	assert_kernel_is_right(s);
}

static void a_device_made_anew_is_set_up_anew(void **state)
{
	struct sim *s = *state;

	sim_pass(s, 1000);
	s->devices[FIBER].ifindex += 100;
	sim_drop_routes(s, s->devices[FIBER].ifindex - 100, -1);
	sim_send(s, CORE_EVENT_LOOK);
	sim_pass(s, 100);
	assert_int_equal(s->states, 1); /* it sets what a failover does not: the device's sysctls */
	assert_true(sim_is_right(s));
}

static void routes_and_rules_that_vanish_are_put_back(void **state)
{
	struct sim *s = *state;

	s->kernel.state.net.n_rules = 0;
	sim_drop_routes(s, s->devices[FIBER].ifindex, -1);
	sim_send(s, CORE_EVENT_LOOK);
	assert_null(sim_fault(s));
	assert_int_equal(s->states, 0);
	assert_int_equal(s->loads, 0);
	assert_int_equal(core_repairs(s->core), 1);
	assert_logged(s, "warning: repair: rules or routes of ours were missing: put back\n");
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
	assert_leaves(s, "default", INET4, "lte");
}

static void a_device_may_go_and_come_back_with_another_index(void **state)
{
	struct sim *s = *state;

	sim_unplug(s, FIBER);
	assert_leaves(s, "default", INET4, "lte");
	assert_logged(s, "link: fiber: ipv4 down: no such device\n");
	assert_logged(s, "fiber -> lte (fiber: no such device)\n");
	sim_pass(s, 100);
	sim_replug(s, FIBER);
	sim_pass(s, 100);
	assert_true(sim_is_right(s));
	assert_leaves(s, "default", INET4, "fiber");
	assert_int_equal(core_link_ifindex(s->core, FIBER), s->last_ifindex);
}

static void a_renamed_device_is_no_longer_the_link(void **state)
{
	struct sim *s = *state;
	struct core_event e = { .type = CORE_EVENT_LINK };

	snprintf(s->devices[FIBER].name, sizeof(s->devices[FIBER].name), "other0");
	e.link.link = sim_link(&s->devices[FIBER]);
	sim_event(s, &e);
	assert_leaves(s, "default", INET4, "lte");
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
	facts_lose_carrier(s, FIBER);
	assert_leaves(s, "default", INET4, "lte");
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
	struct desired_inputs in = { 0 };
	struct arena *a = arena_new();
	struct link_view *views;
	struct desired d = { 0 };

	sim_send(s, CORE_EVENT_STOP);
	assert_true(s->exited);
	assert_int_equal(s->exit_status, 0);
	sim_views(s, a, &views);
	in.views = views;
	desired_build(s->plan, &in, DESIRED_KERNEL, a, &d);
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
	assert_int_equal(s->stops, 3);
}

static void after_a_stop_events_do_nothing(void **state)
{
	struct sim *s = *state;

	s->fail_applies = 1;
	sim_send(s, CORE_EVENT_STOP);
	facts_lose_carrier(s, FIBER);
	assert_int_equal(s->applies, 0);
	sim_pass(s, 100);
	assert_true(s->exited);
	assert_int_equal(s->exit_status, 0);
}

static void answers_nobody_asked_for_are_refused(void **state)
{
	struct sim *s = *state;
	static const enum core_event_type answers[] = {
		CORE_EVENT_OBSERVED,	  CORE_EVENT_OBSERVE_FAILED, CORE_EVENT_APPLIED,
		CORE_EVENT_APPLY_FAILED,  CORE_EVENT_CHECKED,	     CORE_EVENT_CHECK_FAILED,
		CORE_EVENT_FLOWS_DELETED, CORE_EVENT_LOAD_PREPARED,  CORE_EVENT_LOADED,
		CORE_EVENT_LOAD_BUSY,	  CORE_EVENT_LOAD_FAILED
	};
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

#define FACT(f) FACTS_OF(setup, f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACT(start_brings_the_kernel_to_the_plan),
		FACT(a_pulled_cable_moves_both_families_in_one_batch),
		FACT(carrier_loss_is_acted_upon_before_the_next_dump),
		FACT(a_poll_alone_finds_a_pulled_cable),
		FACT(the_link_comes_back),
		FACT(an_event_of_an_old_carrier_is_not_believed),
		FACT(an_event_of_a_loss_that_is_over_is_no_second_loss),
		FACT(old_bad_news_is_corrected_by_the_next_look),
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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
