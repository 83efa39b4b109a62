/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What becomes of live flows when links die, recover or are left. */
#include "test/unit/core/facts.h"

#define LINKS                                                                                      \
	"{ \"version\": 1, \"links\": {\n"                                                         \
	"  \"fiber\": { \"device\": \"eth1\", \"id\": 7, \"damping\": false },\n"                  \
	"  \"lte\": { \"device\": \"wwan0\", \"id\": 8, \"damping\": false },\n"                   \
	"  \"sat\": { \"device\": \"eth2\", \"id\": 30, \"damping\": false } },\n"
#define RULES                                                                                      \
	"\"rules\": [ { \"to\": [\"203.0.113.0/24\"], \"via\": \"default\" },\n"                   \
	"  { \"to\": [\"198.51.100.0/24\"], \"via\": \"default\", \"on_down\": \"block\" } ] }\n"
#define POLICY(more)                                                                               \
	LINKS "\"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\", \"sat\"]" more         \
	      " } },\n" RULES

enum { FIBER, LTE, SAT };

#define SIM(policy)                                                                                \
	struct sim sim, *s = &sim;                                                                 \
	facts_begin(s, policy)

static size_t at(const struct sim *s, const char *text)
{
	const char *found = strstr(strbuf_text(&s->log), text);

	if (!found)
		fail_msg("not logged: %s\nbut %s", text, strbuf_text(&s->log));
	return (size_t)(found - strbuf_text(&s->log));
}

static void flows_of_a_dead_link_are_moved_then_forgotten_then_remembered(void **state)
{
	SIM(POLICY(""));

	facts_lose_carrier(s, FIBER);
	assert_true(at(s, "alive 0x25397 . ipv4: to_fiber.default -> moved_to_lte") <
		    at(s, "delete flows ipv4 0x5397/0xffff"));
	assert_true(at(s, "delete flows ipv4 0x5397/0xffff") <
		    at(s, "alive 0x25397 . ipv4: moved_to_lte -> to_lte.default"));
	sim_pass(s, 100);
	assert_kernel_is_right(s);
	sim_done(s);
}

/* All marks that flows on fiber can have end in 0x5397, and none of another link does. */
static void one_message_a_family_does_for_all_marks_of_a_link(void **state)
{
	SIM(POLICY(""));

	facts_lose_carrier(s, FIBER);
	assert_int_equal(facts_count(s, "delete flows"), 2);
	assert_int_equal(s->deletes, 1);
	facts_lose_carrier(s, SAT); /* id 30: its mark takes 20 bits */
	assert_logged(s, "delete flows ipv4 0x5391e/0xfffff\n");
	assert_int_equal(facts_count(s, "delete flows"), 4);
	sim_done(s);
}

static void marks_of_one_family_are_asked_for_that_family_only(void **state)
{
	SIM(POLICY(""));

	sim_set_addr(s, FIBER, INET6, false);
	sim_send(s, CORE_EVENT_LOOK);
	sim_pass(s, 100);
	assert_logged(s, "delete flows ipv6 0x5397/0xffff\n");
	assert_int_equal(facts_count(s, "delete flows"), 1);
	sim_done(s);
}

/* With the strict target blocked its flows are kept: one message for all would take them, too. */
static void what_stays_is_not_covered_by_a_message(void **state)
{
	SIM(POLICY(""));

	facts_lose_carrier(s, LTE);
	facts_lose_carrier(s, SAT);
	strbuf_reset(&s->log);
	facts_lose_carrier(s, FIBER);
	assert_leaves(s, "default.block", INET4, "block");
	assert_logged(s, "delete flows ipv4 0x5397/0xffffff\n");
	assert_logged(s, "delete flows ipv4 0x25397/0xffffff\n");
	assert_int_equal(facts_count(s, "delete flows"), 4);
	assert_not_logged(s, "0x35397/");
	sim_pass(s, 100);
	assert_kernel_is_right(s);
	/* back: they go on where they were */
	strbuf_reset(&s->log);
	facts_get_carrier(s, FIBER);
	sim_pass(s, 100);
	assert_logged(s, "alive 0x35397 . ipv4: to_block -> to_fiber.default.block");
	assert_not_logged(s, "delete flows");
	sim_done(s);
}

static void marks_that_are_dealt_out_are_asked_one_by_one(void **state)
{
	SIM(LINKS
	    "\"mark_mask\": \"0x3ff00\",\n"
	    "\"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\", \"sat\"] } },\n" RULES);

	facts_lose_carrier(s, FIBER);
	assert_int_equal(facts_count(s, "/0x3ff00\n"), 6); /* link, default, default.block; twice */
	sim_pass(s, 100);
	assert_kernel_is_right(s);
	sim_done(s);
}

/* Marks written in the policy need not follow the formula. */
static void a_mark_that_only_looks_like_the_links_is_not_covered(void **state)
{
	SIM("{ \"version\": 1, \"links\": {\n"
	    "  \"fiber\": { \"device\": \"eth1\", \"mark\": \"0x7\" },\n"
	    "  \"lte\": { \"device\": \"wwan0\", \"id\": 8 } },\n"
	    "\"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\"],\n"
	    "  \"mark\": \"0x990007\" } },\n" RULES);

	facts_lose_carrier(s, FIBER);
	assert_not_logged(s, "/0xffff\n");
	assert_logged(s, "delete flows ipv4 0x7/0xffffff\n");
	sim_pass(s, 100);
	assert_kernel_is_right(s);
	sim_done(s);
}

static void a_link_that_is_back_before_they_are_forgotten_keeps_them(void **state)
{
	SIM(POLICY(""));

	s->fail_applies = 3; /* the switch does not get through */
	facts_lose_carrier(s, FIBER);
	facts_get_carrier(s, FIBER);
	sim_pass(s, 1000);
	assert_int_equal(s->deletes, 0);
	assert_kernel_is_right(s);
	assert_both_leave(s, "default", "fiber");
	sim_done(s);
}

static void nothing_is_forgotten_before_the_kernel_has_switched(void **state)
{
	SIM(POLICY(""));

	s->fail_applies = 4;
	facts_lose_carrier(s, FIBER);
	assert_not_logged(s, "delete flows");
	sim_pass(s, 3000);
	assert_logged(s, "delete flows ipv4 0x5397/0xffff\n");
	assert_kernel_is_right(s);
	sim_done(s);
}

static void on_fail_keep_deletes_nothing_and_moves_all(void **state)
{
	SIM(LINKS "\"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\", \"sat\"],\n"
		  "  \"on_fail\": \"keep\" } },\n" RULES);

	facts_lose_carrier(s, FIBER);
	assert_logged(s, "alive 0x25397 . ipv4: to_fiber.default -> to_lte.default\n");
	assert_not_logged(s, "delete flows ipv4 0x25397");
	assert_not_logged(s, "/0xffff\n");
	/* the link's own target has no group that says so */
	assert_logged(s, "delete flows ipv4 0x5397/0xffffff\n");
	sim_pass(s, 100);
	assert_kernel_is_right(s);
	sim_done(s);
}

static void by_default_nothing_live_moves_when_the_better_link_recovers(void **state)
{
	SIM(POLICY(""));

	facts_lose_carrier(s, FIBER);
	sim_pass(s, 1000);
	facts_get_carrier(s, FIBER);
	s->deletes = 0;
	strbuf_reset(&s->log);
	sim_pass(s, 3600000);
	assert_both_leave(s, "default", "fiber");
	assert_int_equal(s->deletes, 0);
	assert_not_logged(s, "alive 0x25398 ");
	sim_done(s);
}

static void pull_moves_them_at_once(void **state)
{
	SIM(POLICY(", \"on_recover\": \"pull\""));

	facts_lose_carrier(s, FIBER);
	sim_pass(s, 1000);
	strbuf_reset(&s->log);
	facts_get_carrier(s, FIBER);
	sim_pass(s, 100);
	assert_logged(s, "alive 0x25398 . ipv4: to_lte.default -> moved_to_fiber\n");
	assert_logged(s, "delete flows ipv4 0x25398/0xffffff\n");
	/* lte lives: what came in by it, or was sent there by name, stays */
	assert_not_logged(s, "0x5398/");
	assert_not_logged(s, "/0xffff\n");
	assert_kernel_is_right(s);
	/* and lte has its own flows again when it is needed */
	facts_lose_carrier(s, FIBER);
	assert_logged(s, "alive 0x25398 . ipv4: to_fiber.default -> to_lte.default\n");
	sim_done(s);
}

static void drain_moves_them_after_a_time(void **state)
{
	SIM(POLICY(", \"on_recover\": \"drain\", \"drain_time\": \"60s\""));

	facts_lose_carrier(s, FIBER);
	sim_pass(s, 1000);
	facts_get_carrier(s, FIBER);
	sim_pass(s, 59000);
	assert_not_logged(s, "alive 0x25398 . ipv4: to_lte.default -> moved_to_fiber\n");
	sim_pass(s, 2000);
	assert_logged(s, "alive 0x25398 . ipv4: to_lte.default -> moved_to_fiber\n");
	assert_logged(s, "delete flows ipv4 0x25398/0xffffff\n");
	assert_kernel_is_right(s);
	sim_done(s);
}

static void a_drain_ends_when_its_link_is_needed_again(void **state)
{
	SIM(POLICY(", \"on_recover\": \"drain\", \"drain_time\": \"60s\""));

	facts_lose_carrier(s, FIBER);
	sim_pass(s, 1000);
	facts_get_carrier(s, FIBER);
	sim_pass(s, 30000);
	facts_lose_carrier(s, FIBER);
	strbuf_reset(&s->log);
	sim_pass(s, 3600000);
	assert_not_logged(s, "delete flows ipv4 0x25398");
	assert_both_leave(s, "default", "lte");
	sim_done(s);
}

/* Only what goes back to a better link is pulled. */
static void a_link_left_for_a_worse_one_is_not_pulled_empty(void **state)
{
	SIM("{ \"version\": 1, \"links\": {\n"
	    "  \"fiber\": { \"device\": \"eth1\", \"id\": 7, \"hold_down\": \"60s\" },\n"
	    "  \"lte\": { \"device\": \"wwan0\", \"id\": 8 } },\n"
	    "\"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\"],\n"
	    "  \"on_recover\": \"pull\" } },\n" RULES);

	facts_lose_carrier(s, LTE);
	facts_lose_carrier(s, FIBER);
	sim_pass(s, 1000);
	facts_get_carrier(s, FIBER); /* held down, and better than nothing */
	sim_pass(s, 1000);
	assert_both_leave(s, "default", "fiber");
	strbuf_reset(&s->log);
	facts_get_carrier(s, LTE);
	sim_pass(s, 1000);
	assert_both_leave(s, "default", "lte");
	assert_not_logged(s, "delete flows");
	assert_kernel_is_right(s);
	/* and lte, as soon as fiber is really back */
	sim_pass(s, 60000);
	assert_both_leave(s, "default", "fiber");
	assert_logged(s, "delete flows ipv4 0x25398/0xffffff\n");
	sim_done(s);
}

static void a_link_drained_by_hand_is_never_pulled_empty(void **state)
{
	SIM(POLICY(", \"on_recover\": \"pull\""));

	sim_drain(s, FIBER, true);
	sim_pass(s, 100000);
	assert_int_equal(s->deletes, 0);
	assert_both_leave(s, "default", "lte");
	sim_done(s);
}

static void a_balances_flows_go_to_one_that_takes_part(void **state)
{
	SIM(LINKS "\"groups\": { \"default\": { \"mode\": \"balance\",\n"
		  "  \"links\": [\"fiber\", \"lte\", \"sat\"] } },\n" RULES);

	facts_lose_carrier(s, LTE);
	assert_logged(s, "alive 0x25398 . ipv4: to_lte.default -> moved_to_fiber\n");
	assert_logged(s, "delete flows ipv4 0x5398/0xffff\n");
	assert_not_logged(s, "alive 0x25397 ");
	sim_pass(s, 100);
	assert_kernel_is_right(s);
	strbuf_reset(&s->log);
	facts_get_carrier(s, LTE);
	sim_pass(s, 100);
	assert_not_logged(s, "delete flows");
	assert_kernel_is_right(s);
	sim_done(s);
}

static void flows_that_move_twice_are_forgotten_twice(void **state)
{
	SIM(POLICY(""));

	facts_lose_carrier(s, FIBER);
	facts_lose_carrier(s, LTE);
	assert_both_leave(s, "default", "sat");
	assert_logged(s, "delete flows ipv4 0x5397/0xffff\n");
	assert_logged(s, "delete flows ipv4 0x5398/0xffff\n");
	/* those of fiber have been forgotten: they only follow */
	assert_logged(s, "alive 0x25397 . ipv4: to_lte.default -> to_sat.default\n");
	assert_int_equal(facts_count(s, "delete flows ipv4 0x5397"), 1);
	sim_done(s);
}

#define FACT(f) cmocka_unit_test(f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACT(flows_of_a_dead_link_are_moved_then_forgotten_then_remembered),
		FACT(one_message_a_family_does_for_all_marks_of_a_link),
		FACT(marks_of_one_family_are_asked_for_that_family_only),
		FACT(what_stays_is_not_covered_by_a_message),
		FACT(marks_that_are_dealt_out_are_asked_one_by_one),
		FACT(a_mark_that_only_looks_like_the_links_is_not_covered),
		FACT(a_link_that_is_back_before_they_are_forgotten_keeps_them),
		FACT(nothing_is_forgotten_before_the_kernel_has_switched),
		FACT(on_fail_keep_deletes_nothing_and_moves_all),
		FACT(by_default_nothing_live_moves_when_the_better_link_recovers),
		FACT(pull_moves_them_at_once),
		FACT(drain_moves_them_after_a_time),
		FACT(a_drain_ends_when_its_link_is_needed_again),
		FACT(a_link_left_for_a_worse_one_is_not_pulled_empty),
		FACT(a_link_drained_by_hand_is_never_pulled_empty),
		FACT(a_balances_flows_go_to_one_that_takes_part),
		FACT(flows_that_move_twice_are_forgotten_twice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
