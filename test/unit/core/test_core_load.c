/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Loads of the tables, which take long: what goes on meanwhile, and what may go wrong. */
#include "test/unit/core/facts.h"

#include <errno.h>

static const char policy[] =
	"{ \"version\": 1,\n"
	"  \"links\": { \"fiber\": { \"device\": \"eth1\", \"id\": 7, \"damping\": false },\n"
	"             \"lte\": { \"device\": \"wwan0\", \"id\": 8, \"damping\": false } },\n"
	"  \"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\"] } },\n"
	"  \"rules\": [ { \"to\": [\"203.0.113.0/24\"], \"via\": \"default\" } ] }\n";

enum { FIBER, LTE };

static int setup(void **state)
{
	return facts_setup(state, policy);
}

/* Somebody took our tables away, and loading them takes a second. */
static void begin_load(struct sim *s)
{
	s->load_ms = 1000;
	s->switch_ms = 5;
	sim_flush_tables(s);
	sim_send(s, CORE_EVENT_RULESET);
	assert_int_equal(s->load.phase, SIM_LOAD_LONG_PART);
	assert_true(core_loading(s->core));
	assert_false(core_in_sync(s->core));
}

/* As with a new table whose elements are all right. */
static void begin_small_load(struct sim *s)
{
	const struct plan *tables = s->tables;

	s->load_ms = 1000;
	s->switch_ms = 5;
	s->tables = NULL;
	sim_send(s, CORE_EVENT_RULESET);
	s->tables = tables;
	assert_int_equal(s->load.phase, SIM_LOAD_LONG_PART);
}

static size_t at(const struct sim *s, const char *text)
{
	const char *found = strstr(strbuf_text(&s->log), text);

	if (!found)
		fail_msg("not logged: %s\nbut %s", text, strbuf_text(&s->log));
	return (size_t)(found - strbuf_text(&s->log));
}

static void rules_and_routes_come_before_the_switch_and_elements_after_it(void **state)
{
	struct sim *s = *state;

	begin_load(s);
	sim_pass(s, 1100);
	assert_true(at(s, "prepared") < at(s, "rules and routes"));
	assert_true(at(s, "rules and routes") < at(s, "  go\n"));
	assert_true(at(s, "  go\n") < at(s, "loaded"));
	assert_true(at(s, "loaded") < at(s, "  observe\n"));
	assert_true(at(s, "  observe\n") < at(s, "  state\n"));
	sim_pass(s, 1000);
	assert_kernel_is_right(s);
	assert_false(core_loading(s->core));
}

static void a_failover_does_not_wait_for_the_long_part(void **state)
{
	struct sim *s = *state;

	begin_small_load(s);
	sim_pass(s, 500);
	facts_lose_carrier(s, FIBER);
	assert_int_equal(s->load.phase, SIM_LOAD_LONG_PART);
	assert_null(sim_fault(s));
	assert_both_leave(s, "default", "lte");
	sim_pass(s, 2000);
	assert_kernel_is_right(s);
}

static void a_failover_at_the_barrier_goes_before_the_switch(void **state)
{
	struct sim *s = *state;

	begin_small_load(s);
	sim_set_carrier(s, FIBER, false); /* nobody tells, but the dump that repairs ask for */
	s->fail_applies = 1; /* of rules and routes: a moment's pause */
	sim_pass(s, 1001);
	assert_int_equal(s->load.phase, SIM_LOAD_BARRIER);
	strbuf_reset(&s->log);
	sim_tell_link(s, FIBER);
	assert_logged(s, "  switch\n");
	assert_null(sim_fault(s));
	sim_pass(s, 2000);
	assert_true(at(s, "  switch\n") < at(s, "  go\n"));
	assert_kernel_is_right(s);
}

static void while_it_switches_a_failover_waits_and_is_not_lost(void **state)
{
	struct sim *s = *state;

	begin_load(s);
	sim_pass(s, 1001);
	assert_int_equal(s->load.phase, SIM_LOAD_SWITCHING);
	strbuf_reset(&s->log);
	facts_lose_carrier(s, FIBER);
	assert_both_leave(s, "default", "lte"); /* decided at once */
	assert_not_logged(s, "  switch\n");
	assert_not_logged(s, "  observe\n");
	sim_pass(s, 100);
	assert_null(sim_fault(s));
}

static void for_a_worker_that_hangs_a_failover_does_not_wait_for_ever(void **state)
{
	struct sim *s = *state;

	begin_small_load(s);
	s->switch_ms = 3600000;
	sim_pass(s, 1001);
	assert_int_equal(s->load.phase, SIM_LOAD_SWITCHING);
	strbuf_reset(&s->log);
	facts_lose_carrier(s, FIBER);
	sim_pass(s, 900);
	assert_not_logged(s, "  switch\n");
	sim_pass(s, 200);
	assert_logged(s, "  switch\n");
	assert_null(sim_fault(s));
	assert_int_equal(s->load.phase, SIM_LOAD_SWITCHING);
}

static void a_failover_whose_tables_are_gone_is_in_what_is_loaded(void **state)
{
	struct sim *s = *state;

	begin_load(s);
	sim_pass(s, 500);
	facts_lose_carrier(s, FIBER); /* cannot get through: the maps are not there */
	assert_logged(s, "failed\n");
	sim_pass(s, 3000);
	assert_both_leave(s, "default", "lte");
	assert_kernel_is_right(s);
}

static void nothing_comes_between_while_it_is_under_way(void **state)
{
	struct sim *s = *state;

	begin_load(s);
	for (int i = 0; i < 90; i++) {
		sim_send(s, CORE_EVENT_RULESET);
		sim_send(s, CORE_EVENT_OVERRUN);
		sim_pass(s, 10);
	}
	assert_int_equal(s->loads, 1);
	assert_int_equal(s->checks, 1);
	sim_pass(s, 5000);
	assert_kernel_is_right(s);
}

static void a_busy_lock_is_asked_again_more_slowly(void **state)
{
	struct sim *s = *state;

	s->busy = true;
	sim_flush_tables(s);
	sim_send(s, CORE_EVENT_RULESET);
	sim_pass(s, 60000);
	assert_in_range(s->loads, 30, 45);
	s->busy = false;
	sim_pass(s, 3000);
	assert_kernel_is_right(s);
}

static void a_load_that_fails_is_tried_again_more_slowly(void **state)
{
	struct sim *s = *state;

	s->fail_loads = 1000;
	sim_flush_tables(s);
	sim_send(s, CORE_EVENT_RULESET);
	sim_pass(s, 60000);
	assert_in_range(s->loads, 30, 45);
	s->fail_loads = 0;
	sim_pass(s, 3000);
	assert_kernel_is_right(s);
}

static void a_worker_that_dies_at_any_moment_is_replaced(void **state)
{
	struct sim *s = *state;
	static const unsigned moments[] = { 0, 500, 1001, 1004 };

	for (size_t i = 0; i < sizeof(moments) / sizeof(moments[0]); i++) {
		begin_load(s);
		sim_pass(s, moments[i]);
		sim_break_load(s);
		assert_false(core_loading(s->core));
		sim_pass(s, 10000);
		assert_kernel_is_right(s);
	}
}

static void a_worker_that_died_while_switching_leaves_the_kernel_unknown(void **state)
{
	struct sim *s = *state;

	begin_small_load(s);
	sim_pass(s, 1001);
	assert_int_equal(s->load.phase, SIM_LOAD_SWITCHING);
	strbuf_reset(&s->log);
	sim_break_load(s);
	assert_logged(s, "  observe\n  state\n");
	sim_pass(s, 10000);
	assert_kernel_is_right(s);
}

/* A route the kernel does not take (its gateway has just gone) does not hold the tables up. */
static void rules_and_routes_that_are_refused_are_tried_thrice(void **state)
{
	struct sim *s = *state;

	begin_load(s);
	s->fail_applies = 3;
	sim_pass(s, 1100);
	assert_int_equal(facts_count(s, "rules and routes\n"), 3);
	assert_logged(s, "  go\n");
	sim_pass(s, 5000);
	assert_kernel_is_right(s);
}

static void tables_changed_again_while_they_are_loaded_are_checked_afterwards(void **state)
{
	struct sim *s = *state;

	begin_load(s);
	sim_pass(s, 1500);
	sim_flush_tables(s);
	sim_send(s, CORE_EVENT_RULESET);
	sim_pass(s, 3000);
	assert_int_equal(s->loads, 2);
	assert_kernel_is_right(s);
}

static void a_load_that_a_failure_calls_for_is_no_repair(void **state)
{
	struct sim *s = *state;

	sim_flush_tables(s);
	sim_send(s, CORE_EVENT_RULESET);
	sim_pass(s, 2000);
	assert_int_equal(core_repairs(s->core), 1);
	s->fail_applies = 2; /* a switch, and the state after it */
	facts_lose_carrier(s, FIBER);
	sim_pass(s, 2000);
	assert_int_equal(s->loads, 2);
	assert_int_equal(core_repairs(s->core), 1);
	assert_kernel_is_right(s);
}

static void elements_that_others_changed_are_put_back_without_a_load(void **state)
{
	struct sim *s = *state;

	s->kernel.state.n_egress = 0;
	sim_send(s, CORE_EVENT_RULESET);
	sim_pass(s, 50);
	assert_null(sim_fault(s));
	assert_int_equal(s->loads, 0);
}

static void a_check_that_fails_is_repeated(void **state)
{
	struct sim *s = *state;

	s->fail_checks = 2;
	sim_flush_tables(s);
	sim_send(s, CORE_EVENT_RULESET);
	sim_pass(s, 3000);
	assert_kernel_is_right(s);
}

/* ---- stopping ---- */

static void a_stop_does_not_wait_for_the_long_part(void **state)
{
	struct sim *s = *state;

	begin_load(s);
	sim_pass(s, 500);
	sim_send(s, CORE_EVENT_STOP);
	assert_true(s->exited);
	assert_int_equal(s->exit_status, 0);
}

static void a_stop_waits_while_it_switches(void **state)
{
	struct sim *s = *state;

	begin_load(s);
	sim_pass(s, 1001);
	sim_send(s, CORE_EVENT_STOP);
	assert_false(s->exited);
	sim_pass(s, 10);
	assert_true(s->exited);
	assert_int_equal(s->exit_status, 0);
}

static void a_stop_does_not_wait_for_ever(void **state)
{
	struct sim *s = *state;

	begin_load(s);
	s->switch_ms = 1000000;
	sim_pass(s, 1001);
	sim_send(s, CORE_EVENT_STOP);
	sim_pass(s, 1900);
	assert_false(s->exited);
	sim_pass(s, 200);
	assert_true(s->exited);
}

static void what_a_load_says_after_a_stop_is_not_a_fault(void **state)
{
	struct sim *s = *state;
	struct core_event e = { .type = CORE_EVENT_LOADED };
	struct core_actions act;

	s->fail_applies = 1;
	begin_load(s);
	sim_send(s, CORE_EVENT_STOP);
	assert_false(s->exited);
	assert_int_equal(core_step(s->core, &e, s->now_ns, &act), 0);
	sim_pass(s, 1000);
	assert_true(s->exited);
}

static void steps_of_a_load_out_of_order_are_refused(void **state)
{
	struct sim *s = *state;
	struct core_event e = { .type = CORE_EVENT_LOAD_PREPARED };
	struct core_actions act;

	begin_load(s);
	s->fail_applies = 1;
	sim_pass(s, 1001);
	assert_int_equal(s->load.phase, SIM_LOAD_BARRIER);
	assert_int_equal(core_step(s->core, &e, s->now_ns, &act), -EPROTO);
}

#define FACT(f) FACTS_OF(setup, f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACT(rules_and_routes_come_before_the_switch_and_elements_after_it),
		FACT(a_failover_does_not_wait_for_the_long_part),
		FACT(a_failover_at_the_barrier_goes_before_the_switch),
		FACT(while_it_switches_a_failover_waits_and_is_not_lost),
		FACT(for_a_worker_that_hangs_a_failover_does_not_wait_for_ever),
		FACT(a_failover_whose_tables_are_gone_is_in_what_is_loaded),
		FACT(nothing_comes_between_while_it_is_under_way),
		FACT(a_busy_lock_is_asked_again_more_slowly),
		FACT(a_load_that_fails_is_tried_again_more_slowly),
		FACT(a_worker_that_dies_at_any_moment_is_replaced),
		FACT(a_worker_that_died_while_switching_leaves_the_kernel_unknown),
		FACT(rules_and_routes_that_are_refused_are_tried_thrice),
		FACT(tables_changed_again_while_they_are_loaded_are_checked_afterwards),
		FACT(a_load_that_a_failure_calls_for_is_no_repair),
		FACT(elements_that_others_changed_are_put_back_without_a_load),
		FACT(a_check_that_fails_is_repeated),
		FACT(a_stop_does_not_wait_for_the_long_part),
		FACT(a_stop_waits_while_it_switches),
		FACT(a_stop_does_not_wait_for_ever),
		FACT(what_a_load_says_after_a_stop_is_not_a_fault),
		FACT(steps_of_a_load_out_of_order_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
