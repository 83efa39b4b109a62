/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random storms of whatever may happen, from a fixed seed: after each lull the
 * kernel must have exactly what its links call for, whatever was lost, late,
 * repeated or refused on the way.
 */
#include "test/unit/core/sim.h"

#define EVENTS 100000
#define STORM  50 /* events between two lulls */
/* The longest delay after failures (2 s), and then some. */
#define LULL_MS 2600

static const char policy[] =
	"{ \"version\": 1,\n"
	"  \"links\": { \"fiber\": { \"device\": \"eth1\", \"id\": 7 },\n"
	"             \"lte\": { \"device\": \"wwan0\", \"id\": 8 },\n"
	"             \"dsl\": { \"device\": \"ppp0\", \"id\": 9, \"gateway4\": \"none\" } },\n"
	"  \"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\"] },\n"
	"              \"bulk\": { \"mode\": \"balance\", \"links\": [\"lte\", \"dsl\"],\n"
	"                        \"on_down\": \"default\" } },\n"
	"  \"rules\": [ { \"to\": [\"203.0.113.0/24\"], \"via\": \"default\" },\n"
	"             { \"to\": [\"198.51.100.0/24\"], \"via\": \"fiber\", \"on_down\": \"block\" },\n"
	"             { \"to\": [\"192.0.2.0/24\"], \"via\": \"bulk\" } ] }\n";

/* xorshift64: the same numbers everywhere */
static uint64_t seed;

static unsigned pick(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

/* Something the kernel did, told or not. */
static void change(struct sim *s)
{
	size_t i = pick((unsigned)s->plan->n_links);
	enum inet_family f = pick(2) ? INET6 : INET4;

	switch (pick(6)) {
	case 0:
	case 1: /* polls find it when the event is lost */
		sim_set_carrier(s, i, pick(2));
		if (s->devices[i].ifindex && pick(2))
			sim_tell_link(s, i);
		break;
	case 2:
		sim_set_up(s, i, pick(4));
		if (s->devices[i].ifindex)
			sim_tell_link(s, i);
		break;
	case 3:
		sim_set_addr(s, i, f, pick(2));
		sim_send(s, CORE_EVENT_LOOK);
		break;
	case 4:
		s->devices[i].gateway[f] = pick(2);
		sim_send(s, CORE_EVENT_LOOK);
		break;
	case 5:
		if (s->devices[i].ifindex) {
			sim_unplug(s, i);
		} else {
			s->devices[i].ifindex = ++s->last_ifindex;
			sim_tell_link(s, i);
		}
		break;
	}
}

static void lie(struct sim *s)
{
	struct core_event e = { .type = CORE_EVENT_LINK };
	size_t i = pick((unsigned)s->plan->n_links);

	e.link.link = sim_link(&s->devices[i]);
	e.link.link.ifindex = pick(s->last_ifindex + 2);
	e.link.link.flags = pick(2) ? IFF_UP : 0;
	e.link.link.carrier = pick(2);
	e.link.link.operstate = (uint8_t)pick(8);
	e.link.deleted = !pick(4);
	sim_event(s, &e);
	/* the kernel has more to say about whatever was late */
	sim_send(s, CORE_EVENT_LOOK);
}

static void event(struct sim *s)
{
	switch (pick(12)) {
	case 0:
	case 1:
	case 2:
	case 3:
		change(s);
		break;
	case 4:
	case 5:
		sim_poll(s);
		break;
	case 6:
		sim_pass(s, pick(100));
		break;
	case 7:
		lie(s);
		break;
	case 8:
		sim_flush(s);
		sim_send(s, CORE_EVENT_RULESET);
		sim_send(s, CORE_EVENT_LOOK);
		break;
	case 9:
		s->fail_applies = pick(4);
		break;
	case 10:
		s->fail_observes = pick(3);
		break;
	case 11:
		sim_send(s, pick(2) ? CORE_EVENT_OVERRUN : CORE_EVENT_LOOK);
		break;
	}
}

static void assert_right(struct sim *s, unsigned at)
{
	s->fail_applies = s->fail_observes = 0;
	sim_poll(s);
	sim_pass(s, LULL_MS);
	if (!sim_is_right(s) || !core_in_sync(s->core))
		fail_msg("wrong after event %u:\n%s", at, strbuf_text(&s->log));
}

static void after_each_storm_the_kernel_is_right(void **state)
{
	struct sim s;

	seed = 0x9e3779b97f4a7c15ull;
	sim_init(&s, policy);
	sim_send(&s, CORE_EVENT_START);
	for (unsigned i = 0; i < EVENTS; i++) {
		event(&s);
		if (i % STORM != STORM - 1)
			continue;
		assert_right(&s, i);
		strbuf_reset(&s.log);
	}
	/* it did work for that */
	assert_in_range(s.applies, 1000, EVENTS * 4);
	assert_in_range(s.plans, 1000, EVENTS);
	print_message("%d events: %zu switches, %zu plans, %zu dumps\n", EVENTS, s.applies, s.plans,
		      s.observes);
	sim_done(&s);
}

/* Without failures and foreign changes no failover ever needs the whole plan again. */
static void flaps_alone_need_no_plan(void **state)
{
	struct sim s;
	size_t plans;

	seed = 42;
	sim_init(&s, policy);
	sim_send(&s, CORE_EVENT_START);
	sim_pass(&s, 1000);
	plans = s.plans;
	for (unsigned i = 0; i < 20000; i++) {
		size_t link = pick((unsigned)s.plan->n_links);

		sim_set_carrier(&s, link, pick(2));
		if (pick(2))
			sim_tell_link(&s, link);
		s.now_ns += SIM_MS / 20;
		if (i % 100 != 99)
			continue;
		sim_poll(&s);
		sim_pass(&s, 100);
		if (!sim_is_right(&s))
			fail_msg("wrong after flap %u:\n%s", i, strbuf_text(&s.log));
		strbuf_reset(&s.log);
	}
	assert_int_equal(s.plans, plans);
	sim_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_each_storm_the_kernel_is_right),
		cmocka_unit_test(flaps_alone_need_no_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
