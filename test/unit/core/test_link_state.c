/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/link_state.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define PROBES (LINK_PROBE_FAILED + 1)
/* physical, drained, probe, damped, held */
#define COMBINATIONS (LINK_REASON_COUNT * 2 * PROBES * 2 * 2)

static struct link_facts combination(unsigned i)
{
	struct link_facts f = { .physical = (enum link_reason)(i % LINK_REASON_COUNT) };

	i /= LINK_REASON_COUNT;
	f.probe = (enum link_probe)(i % PROBES);
	i /= PROBES;
	f.drained = i & 1;
	f.damped = i & 2;
	f.held = i & 4;
	return f;
}

/* The order of precedence, said once more and in another way. */
static enum link_state expected(const struct link_facts *f)
{
	const struct {
		bool applies;
		enum link_state state;
	} order[] = {
		{ f->physical == LINK_NO_DEVICE, LINK_STATE_NO_DEVICE },
		{ f->physical == LINK_ADMIN_DOWN, LINK_STATE_ADMIN_DOWN },
		{ f->physical == LINK_NO_CARRIER, LINK_STATE_NO_CARRIER },
		{ f->physical == LINK_NO_ADDRESS, LINK_STATE_NO_ADDRESS },
		{ f->physical == LINK_NO_GATEWAY, LINK_STATE_NO_GATEWAY },
		{ f->drained, LINK_STATE_DRAINED },
		{ f->probe == LINK_PROBE_FAILED, LINK_STATE_PROBE_FAILED },
		{ f->probe == LINK_PROBE_PROBING, LINK_STATE_PROBING },
		{ f->damped, LINK_STATE_DAMPED },
		{ f->held, LINK_STATE_HELD_DOWN },
		{ f->probe == LINK_PROBE_DEGRADED, LINK_STATE_DEGRADED },
		{ f->probe == LINK_PROBE_UNPROBED, LINK_STATE_UNPROBED },
		{ true, LINK_STATE_UP },
	};
	size_t i = 0;

	while (!order[i].applies)
		i++;
	return order[i].state;
}

static void the_first_fact_of_the_order_is_the_state(void **state)
{
	for (unsigned i = 0; i < COMBINATIONS; i++) {
		struct link_facts f = combination(i);

		assert_int_equal(link_state_of(&f), expected(&f));
	}
}

/* Every order of the n events; facts as they are in between and, for the table's "fall", in the end. */
static void go_every_way(enum link_state s, enum link_event *events, size_t n,
			 const struct link_facts *to)
{
	if (n == 0)
		assert_int_equal(s, expected(to));
	for (size_t i = 0; i < n; i++) {
		enum link_event e = events[i];

		events[i] = events[n - 1];
		go_every_way(link_state_next(s, e, to), events, n - 1, to);
		events[n - 1] = events[i];
		events[i] = e;
	}
}

/* 240 x 240 pairs of facts, and up to 5! ways from one to the other. */
static void no_order_of_events_leads_past_the_facts(void **state)
{
	for (unsigned i = 0; i < COMBINATIONS; i++)
		for (unsigned k = 0; k < COMBINATIONS; k++) {
			struct link_facts from = combination(i), to = combination(k);
			enum link_event events[LINK_EVENT_COUNT];
			size_t n = link_state_events(&from, &to, events);

			go_every_way(link_state_of(&from), events, n, &to);
		}
}

/* One fact at a time: the table is right with the facts of the moment, too. */
static void each_single_event_leads_to_what_the_facts_say(void **state)
{
	unsigned singles = 0;

	for (unsigned i = 0; i < COMBINATIONS; i++)
		for (unsigned k = 0; k < COMBINATIONS; k++) {
			struct link_facts from = combination(i), to = combination(k);
			enum link_event events[LINK_EVENT_COUNT];

			if (link_state_events(&from, &to, events) != 1)
				continue;
			singles++;
			assert_int_equal(link_state_next(link_state_of(&from), events[0], &to),
					 expected(&to));
		}
	/* each combination: 5 other physical reasons, 4 other probes, 3 flags */
	assert_int_equal(singles, COMBINATIONS * (5 + 4 + 3));
}

static void equal_facts_make_no_event(void **state)
{
	enum link_event events[LINK_EVENT_COUNT];

	for (unsigned i = 0; i < COMBINATIONS; i++) {
		struct link_facts f = combination(i);

		assert_int_equal(link_state_events(&f, &f, events), 0);
	}
}

static void what_each_state_is_good_for(void **state)
{
	static const struct {
		enum link_state state;
		const char *name;
		enum link_use use;
		bool keeps_flows, physical;
	} rows[] = {
		{ LINK_STATE_UP, "up", LINK_USE_YES, true, false },
		{ LINK_STATE_UNPROBED, "unprobed", LINK_USE_YES, true, false },
		{ LINK_STATE_NO_DEVICE, "no-device", LINK_USE_NO, false, true },
		{ LINK_STATE_ADMIN_DOWN, "admin-down", LINK_USE_NO, false, true },
		{ LINK_STATE_NO_CARRIER, "no-carrier", LINK_USE_NO, false, true },
		{ LINK_STATE_NO_ADDRESS, "no-address", LINK_USE_NO, false, true },
		{ LINK_STATE_NO_GATEWAY, "no-gateway", LINK_USE_NO, false, true },
		{ LINK_STATE_DRAINED, "drained", LINK_USE_NO, true, false },
		{ LINK_STATE_PROBE_FAILED, "probe-failed", LINK_USE_NO, false, false },
		{ LINK_STATE_PROBING, "probing", LINK_USE_SPARE, true, false },
		{ LINK_STATE_DAMPED, "damped", LINK_USE_SPARE, true, false },
		{ LINK_STATE_HELD_DOWN, "held-down", LINK_USE_SPARE, true, false },
		{ LINK_STATE_DEGRADED, "degraded", LINK_USE_SPARE, false, false },
	};

	assert_int_equal(sizeof(rows) / sizeof(rows[0]), LINK_STATE_COUNT);
	for (size_t i = 0; i < LINK_STATE_COUNT; i++) {
		assert_string_equal(link_state_name(rows[i].state), rows[i].name);
		assert_int_equal(link_state_use(rows[i].state), rows[i].use);
		assert_int_equal(link_state_keeps_flows(rows[i].state), rows[i].keeps_flows);
		assert_int_equal(link_state_is_physical(rows[i].state), rows[i].physical);
		assert_true(strlen(link_state_text(rows[i].state)) > 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_first_fact_of_the_order_is_the_state),
		cmocka_unit_test(no_order_of_events_leads_past_the_facts),
		cmocka_unit_test(each_single_event_leads_to_what_the_facts_say),
		cmocka_unit_test(equal_facts_make_no_event),
		cmocka_unit_test(what_each_state_is_good_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
