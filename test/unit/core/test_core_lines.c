/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the core tells, and that a storm of changes is no storm of lines. */
#include "daemon/core_lines.h"
#include "test/unit/core/facts.h"

static const char policy[] =
	"{ \"version\": 1,\n"
	"  \"links\": { \"fiber\": { \"device\": \"eth1\", \"damping\": false, \"probe\": \"ping\" },\n"
	"             \"lte\": { \"device\": \"wwan0\", \"damping\": false } },\n"
	"  \"probes\": { \"ping\": { \"type\": \"icmp\", \"hosts4\": [\"192.0.2.1\"] } },\n"
	"  \"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\"] } },\n"
	"  \"rules\": [ { \"to\": [\"203.0.113.0/24\"], \"via\": \"default\" },\n"
	"    { \"to\": [\"198.51.100.0/24\"], \"via\": \"default\", \"on_down\": \"block\" } ] }\n";

enum { FIBER, LTE };

static int setup(void **state)
{
	int r = facts_setup(state, policy);

	sim_probe(*state, FIBER, INET4, PROBE_PASSING);
	sim_pass(*state, 15000); /* what was told at the start no longer counts */
	strbuf_reset(&((struct sim *)*state)->log);
	((struct sim *)*state)->lines = 0;
	return r;
}

/* The lines of one event, whatever the core wants done. */
static void step(struct sim *s, const struct core_event *e, struct core_actions *ret)
{
	assert_int_equal(core_step(s->core, e, s->now_ns, ret), 0);
}

static void lose(struct sim *s, size_t link, struct core_actions *ret)
{
	struct core_event e = { .type = CORE_EVENT_LINK };

	sim_set_carrier(s, link, false);
	e.link.link = sim_link(sim_device(s, link));
	step(s, &e, ret);
}

static void a_link_that_dies_is_told_with_all_that_programs_want(void **state)
{
	struct core_actions act;
	struct sim *s = *state;
	const struct core_line *l;

	lose(s, FIBER, &act);
	assert_int_equal(act.n_lines, 4);
	l = &act.lines[0];
	assert_int_equal(l->kind, CORE_LINE_LINK_DOWN);
	assert_string_equal(l->token, "link");
	assert_string_equal(l->text, "fiber: ipv4 down: no carrier");
	assert_string_equal(l->link, "fiber");
	assert_string_equal(l->device, "eth1");
	assert_null(l->group);
	assert_int_equal(l->family, INET4);
	assert_string_equal(l->from, "up");
	assert_string_equal(l->to, "down");
	assert_string_equal(l->reason, "no carrier");
	assert_int_equal(act.lines[1].family, INET6);
	l = &act.lines[2];
	assert_int_equal(l->kind, CORE_LINE_GROUP);
	assert_string_equal(l->token, "group");
	assert_string_equal(l->text, "default: ipv4 fiber -> lte (fiber: no carrier)");
	assert_string_equal(l->group, "default");
	assert_string_equal(l->from, "fiber");
	assert_string_equal(l->to, "lte");
	assert_string_equal(l->reason, "fiber: no carrier");
	assert_int_equal(l->detect_us, 1);
}

static void a_link_that_is_up_is_told_as_up(void **state)
{
	struct sim *s = *state;

	struct core_event e = { .type = CORE_EVENT_PROBE };
	struct core_actions act;

	sim_probe(s, FIBER, INET4, PROBE_FAILING);
	e.probe.link = FIBER;
	e.probe.family = INET4;
	e.probe.verdict = PROBE_PASSING;
	step(s, &e, &act);
	assert_int_equal(act.n_lines, 2);
	assert_int_equal(act.lines[0].kind, CORE_LINE_LINK_UP);
	assert_string_equal(act.lines[0].text, "fiber: ipv4 up: its probe passes");
	assert_string_equal(act.lines[0].from, "down");
	assert_string_equal(act.lines[0].to, "up");
	assert_int_equal(act.lines[1].kind, CORE_LINE_GROUP);
	assert_int_equal(act.lines[1].detect_us, 0); /* no trouble had to be detected */
}

static void what_was_wrong_long_before_is_not_what_was_detected(void **state)
{
	struct sim *s = *state;
	struct probe_stats stats = { .rounds = 20, .rtt_ms = 5, .bad_since_ns = s->now_ns };
	struct core_event e = { .type = CORE_EVENT_SWITCH };
	struct core_actions act;

	sim_choose(s, 0, FIBER);
	sim_round(s, FIBER, INET4, PROBE_DEGRADED, &stats, "loss");
	sim_pass(s, 60000);
	e.choose.link = LTE;
	step(s, &e, &act);
	assert_int_equal(act.n_lines, 2);
	assert_int_equal(act.lines[0].family, INET4);
	assert_string_equal(act.lines[0].to, "lte");
	assert_int_equal(act.lines[0].detect_us, 0);
}

/* Hooks for links that are no longer good need not know all the ways of that. */
static void every_way_of_not_being_up_is_told_as_down(void **state)
{
	struct sim *s = *state;
	struct core_event e = { .type = CORE_EVENT_DRAIN };
	struct core_actions act;

	e.drain.link = FIBER;
	e.drain.on = true;
	step(s, &e, &act);
	assert_int_equal(act.lines[0].kind, CORE_LINE_LINK_DOWN);
	assert_string_equal(act.lines[0].to, "drained");
	assert_string_equal(act.lines[0].text, "fiber: ipv4 drained by hand");
}

static void a_variant_is_told_only_where_it_goes_its_own_way(void **state)
{
	struct sim *s = *state;

	facts_lose_carrier(s, FIBER);
	assert_int_equal(facts_count(s, "group: default:"), 2);
	assert_not_logged(s, "target:");
	facts_lose_carrier(s, LTE);
	assert_logged(s, "group: default: ipv4 lte -> main (lte: no carrier)\n");
	assert_logged(s, "target: default.block: ipv4 lte -> block (lte: no carrier)\n");
	facts_get_carrier(s, LTE);
	sim_pass(s, 100);
	assert_logged(s, "group: default: ipv4 main -> lte (lte is up again)\n");
	assert_logged(s, "target: default.block: ipv4 block -> lte (lte is up again)\n");
}

static void flap(struct sim *s, unsigned n, unsigned ms)
{
	for (unsigned i = 0; i < n; i++) {
		facts_lose_carrier(s, LTE);
		sim_pass(s, ms / 2);
		facts_get_carrier(s, LTE);
		sim_pass(s, ms / 2);
	}
}

static void a_few_changes_are_a_line_each(void **state)
{
	struct sim *s = *state;

	flap(s, 5, 1000);
	assert_int_equal(facts_count(s, "link: lte: ipv4"), 10);
	assert_not_logged(s, "more changes");
}

/* 40 changes in 4 s: 10 lines, and after 10 s how many more there were. */
static void a_storm_becomes_a_count(void **state)
{
	struct sim *s = *state;

	flap(s, 20, 200);
	assert_int_equal(facts_count(s, "link: lte: ipv4"), 10);
	sim_pass(s, 10000);
	assert_int_equal(facts_count(s, "link: lte: ipv4"), 11);
	assert_logged(s, "link: lte: ipv4: 30 more changes in 10 s, now up\n");
	strbuf_reset(&s->log);
	sim_pass(s, 60000);
	assert_not_logged(s, "link:");
	/* quiet for a window: each change is a line again */
	facts_lose_carrier(s, LTE);
	assert_logged(s, "link: lte: ipv4 down: no carrier\n");
}

static void a_storm_that_lasts_is_a_line_every_ten_seconds(void **state)
{
	struct sim *s = *state;

	flap(s, 300, 200); /* a minute, 600 changes */
	assert_in_range(facts_count(s, "link: lte: ipv4"), 13, 16);
	assert_in_range(s->lines, 26, 32);
}

/* Whoever follows the lines knows in the end how things are. */
static void the_count_says_what_it_came_to(void **state)
{
	struct sim *s = *state;

	flap(s, 20, 200);
	facts_lose_carrier(s, LTE);
	sim_pass(s, 10000);
	assert_logged(s, "link: lte: ipv4: 31 more changes in 10 s, now down: no carrier\n");
}

static void a_groups_storm_becomes_a_count_too(void **state)
{
	struct sim *s = *state;

	for (unsigned i = 0; i < 50; i++) {
		sim_probe(s, FIBER, INET4, i & 1 ? PROBE_PASSING : PROBE_FAILING);
		sim_pass(s, 20);
	}
	assert_int_equal(facts_count(s, "group: default: ipv4"), 10);
	sim_pass(s, 10000);
	assert_logged(s, "group: default: ipv4: 40 more changes in 10 s, now fiber\n");
	assert_kernel_is_right(s);
}

static void repairs_of_a_fight_become_a_count_too(void **state)
{
	struct sim *s = *state;

	for (unsigned i = 0; i < 120; i++) {
		sim_flush_tables(s);
		sim_send(s, CORE_EVENT_RULESET);
		sim_pass(s, 500);
	}
	assert_int_equal(core_repairs(s->core), 120);
	assert_in_range(facts_count(s, "repair:"), 11, 16);
}

static void the_limit_of_one_subject_does_not_silence_another(void **state)
{
	struct sim *s = *state;

	flap(s, 20, 200);
	strbuf_reset(&s->log);
	facts_lose_carrier(s, FIBER);
	assert_logged(s, "link: fiber: ipv4 down: no carrier\n");
	assert_logged(s, "group: default: ipv4 fiber -> lte (fiber: no carrier)\n");
}

/* ---- the limit itself ---- */

static void a_window_begins_with_its_first_change(void **state)
{
	struct core_limit l = { 0 };
	uint64_t now = 1000 * CORE_LINES_WINDOW_NS;

	for (unsigned i = 0; i < CORE_LINES_BURST; i++)
		assert_true(core_lines_pass(&l, now + i));
	assert_false(core_lines_pass(&l, now + CORE_LINES_WINDOW_NS - 1));
	assert_int_equal(core_lines_due_ns(&l), now + CORE_LINES_WINDOW_NS);
	assert_int_equal(core_lines_due(&l, now + CORE_LINES_WINDOW_NS - 1), 0);
	assert_int_equal(core_lines_due(&l, now + CORE_LINES_WINDOW_NS), 1);
	assert_int_equal(core_lines_due_ns(&l), CORE_NEVER);
}

#define FACT(f) FACTS_OF(setup, f)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FACT(a_link_that_dies_is_told_with_all_that_programs_want),
		FACT(a_link_that_is_up_is_told_as_up),
		FACT(what_was_wrong_long_before_is_not_what_was_detected),
		FACT(every_way_of_not_being_up_is_told_as_down),
		FACT(a_variant_is_told_only_where_it_goes_its_own_way),
		FACT(a_few_changes_are_a_line_each),
		FACT(a_storm_becomes_a_count),
		FACT(a_storm_that_lasts_is_a_line_every_ten_seconds),
		FACT(the_count_says_what_it_came_to),
		FACT(a_groups_storm_becomes_a_count_too),
		FACT(repairs_of_a_fight_become_a_count_too),
		FACT(the_limit_of_one_subject_does_not_silence_another),
		cmocka_unit_test(a_window_begins_with_its_first_change),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
