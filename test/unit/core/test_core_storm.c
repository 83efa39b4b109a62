/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random storms of whatever may happen, from a seed (OMR_SEED, else always the
 * same): after each lull the kernel must have exactly what its links call for,
 * whatever was lost, late, repeated or refused on the way.
 */
#include "base/parse.h"
#include "test/unit/core/facts.h"

#include <inttypes.h>

#define EVENTS 100000
#define STORM  50 /* events between two lulls */
/* The longest delay after failures (2 s), a load (0.3 s) and another delay, and then some. */
#define LULL_MS 5000

#define PROBES                                                                                     \
	"  \"probes\": { \"ping\": { \"type\": \"icmp\", \"hosts4\": [\"192.0.2.1\"],\n"           \
	"                          \"hosts6\": [\"2001:db8::1\"] },\n"                             \
	"              \"four\": { \"type\": \"icmp\", \"hosts4\": [\"192.0.2.1\"] } },\n"
#define RULES                                                                                           \
	"  \"rules\": [ { \"to\": [\"203.0.113.0/24\"], \"via\": \"default\" },\n"                      \
	"             { \"to\": [\"198.51.100.0/24\"], \"via\": \"fiber\", \"on_down\": \"block\" },\n" \
	"             { \"to\": [\"192.0.2.0/24\"], \"via\": \"bulk\" },\n"                             \
	"             { \"to\": [\"198.18.0.0/16\"], \"via\": \"voice\" } ] }\n"

static const char *const policies[] = {
	"{ \"version\": 1,\n"
	"  \"links\": { \"fiber\": { \"device\": \"eth1\", \"id\": 7, \"probe\": \"ping\" },\n"
	"             \"lte\": { \"device\": \"wwan0\", \"id\": 8, \"probe\": \"four\",\n"
	"                      \"hold_down\": \"2s\" },\n"
	"             \"sat\": { \"device\": \"eth2\", \"id\": 30, \"probe\": \"ping\",\n"
	"                      \"damping\": false },\n"
	"             \"dsl\": { \"device\": \"ppp0\", \"id\": 9, \"gateway4\": \"none\" } },\n"
	"  \"groups\": { \"default\": { \"links\": [\"fiber\", \"lte\", \"dsl\"],\n"
	"                           \"failback\": \"delayed\", \"failback_delay\": \"3s\" },\n"
	"              \"bulk\": { \"mode\": \"balance\", \"links\": [\"lte\", \"dsl\"],\n"
	"                        \"on_down\": \"default\", \"on_fail\": \"keep\" },\n"
	"              \"voice\": { \"mode\": \"quality\", \"links\": [\"fiber\", \"sat\"],\n"
	"                         \"sla\": { \"rtt_ms\": 50 }, \"better_for\": \"2s\",\n"
	"                         \"on_down\": \"bulk\", \"on_recover\": \"pull\" } },\n" PROBES
		RULES,
	/* a link less, one more, other places, other modes */
	"{ \"version\": 1,\n"
	"  \"links\": { \"cable\": { \"device\": \"eth3\", \"id\": 12, \"probe\": \"ping\" },\n"
	"             \"dsl\": { \"device\": \"ppp0\", \"id\": 9, \"gateway4\": \"none\" },\n"
	"             \"fiber\": { \"device\": \"eth1\", \"id\": 7, \"probe\": \"four\" },\n"
	"             \"lte\": { \"device\": \"wwan0\", \"id\": 8 } },\n"
	"  \"groups\": { \"voice\": { \"links\": [\"cable\", \"fiber\"], \"failback\": \"never\",\n"
	"                         \"on_down\": \"block\" },\n"
	"              \"bulk\": { \"mode\": \"balance\", \"links\": [\"dsl\", \"cable\", \"lte\"] },\n"
	"              \"default\": { \"links\": [\"lte\", \"fiber\"], \"on_recover\": \"drain\",\n"
	"                           \"drain_time\": \"4s\" } },\n" PROBES RULES,
};

/* xorshift64: the same numbers everywhere */
static uint64_t seed;

static unsigned pick(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed >> 33) % n;
}

static void set_seed(uint64_t usual)
{
	const char *given = getenv("OMR_SEED");

	seed = usual;
	if (given)
		assert_int_equal(parse_u64(given, UINT64_MAX, &seed), 0);
	print_message("OMR_SEED=%" PRIu64 "\n", seed);
}

/* ---- what must hold after every step ---- */

#define CHOICES_MAX 16

/* What each failover group used before this step. */
struct past {
	const struct core *core;
	struct core_choice groups[CHOICES_MAX][INET_FAMILY_COUNT];
};

static void assert_states_follow_facts(struct sim *s)
{
	for (size_t i = 0; i < s->plan->n_links; i++)
		for (enum inet_family f = INET4; f <= INET6; f++) {
			const struct core_health *h = &s->core->links[i].health[f];

			if (h->known && h->state != link_state_of(&h->facts))
				fail_msg("%s is %s", s->plan->links[i].name,
					 link_state_name(h->state));
		}
}

static bool has_cause(const struct sim *s, size_t group, enum inet_family f,
		      const struct core_choice *from, const struct core_choice *to)
{
	const struct plan_group_table *g = &s->plan->group_tables[group];
	size_t was = 0, is = 0;

	while (was < g->n_members && g->members[was].link != from->link)
		was++;
	while (is < g->n_members && g->members[is].link != to->link)
		is++;
	return from->by_hand || to->by_hand || sim_use(s, from->link, f) != LINK_USE_YES ||
	       was == g->n_members || is < was;
}

/* From an hour of flapping and questions to the answer nobody changed without need. */
static void after_step(struct sim *s)
{
	struct past *past = s->data;
	bool same_core = past->core == s->core;

	assert_states_follow_facts(s);
	assert_in_range(s->plan->n_group_tables, 0, CHOICES_MAX);
	for (size_t g = 0; g < s->plan->n_group_tables; g++)
		for (enum inet_family f = INET4; f <= INET6; f++) {
			struct core_choice *from = &past->groups[g][f], to;

			core_group_choice(s->core, g, f, &to);
			if (same_core && s->plan->group_tables[g].mode == POLICY_GROUP_FAILOVER &&
			    from->kind == CORE_CHOICE_LINK && to.kind == CORE_CHOICE_LINK &&
			    from->link != to.link && !has_cause(s, g, f, from, &to))
				fail_msg("%s: %s -> %s without cause:\n%s",
					 s->plan->group_tables[g].name,
					 s->plan->links[from->link].name,
					 s->plan->links[to.link].name, strbuf_text(&s->log));
			*from = to;
		}
	past->core = s->core;
}

/* ---- what happens ---- */

/* Something the kernel did, told or not. */
static void change(struct sim *s)
{
	size_t i = pick((unsigned)s->plan->n_links);
	struct sim_device *d = sim_device(s, i);
	enum inet_family f = pick(2) ? INET6 : INET4;

	switch (pick(6)) {
	case 0:
	case 1: /* polls find it when the event is lost */
		sim_set_carrier(s, i, pick(3));
		if (d->ifindex && pick(2))
			sim_tell_link(s, i);
		break;
	case 2:
		sim_set_up(s, i, pick(4));
		if (d->ifindex)
			sim_tell_link(s, i);
		break;
	case 3:
		sim_set_addr(s, i, f, pick(3));
		sim_send(s, CORE_EVENT_LOOK);
		break;
	case 4:
		d->gateway[f] = pick(3);
		sim_send(s, CORE_EVENT_LOOK);
		break;
	case 5:
		if (d->ifindex)
			sim_unplug(s, i);
		else
			sim_replug(s, i);
		break;
	}
}

static void lie(struct sim *s)
{
	struct core_event e = { .type = CORE_EVENT_LINK };
	size_t i = pick((unsigned)s->plan->n_links);

	e.link.link = sim_link(sim_device(s, i));
	e.link.link.ifindex = (int)pick((unsigned)s->last_ifindex + 2);
	e.link.link.flags = pick(2) ? IFF_UP : 0;
	e.link.link.carrier = pick(2);
	e.link.link.operstate = (uint8_t)pick(8);
	e.link.deleted = !pick(4);
	sim_event(s, &e);
	/* the kernel has more to say about whatever was late */
	sim_send(s, CORE_EVENT_LOOK);
}

/* A round of any probe, whether it can run or not. */
static void probe(struct sim *s)
{
	static const enum probe_verdict verdicts[] = {
		PROBE_PASSING, PROBE_PASSING,  PROBE_PASSING,
		PROBE_FAILING, PROBE_DEGRADED, PROBE_UNKNOWN
	};
	enum probe_verdict v = verdicts[pick(6)];
	struct probe_stats stats = { .rounds = pick(21),
				     .loss_percent = pick(30),
				     .rtt_ms = pick(100),
				     .jitter_ms = pick(10),
				     .bad_since_ns =
					     v == PROBE_FAILING ? s->now_ns - pick(1000) : 0 };

	if (!stats.rounds)
		stats.rtt_ms = stats.jitter_ms = -1;
	sim_round(s, pick((unsigned)s->plan->n_links), pick(2) ? INET6 : INET4, v, &stats,
		  v == PROBE_PASSING ? ""
		  : pick(2)	     ? "one reason"
				     : "another reason");
}

static void by_hand(struct sim *s)
{
	if (pick(2))
		sim_drain(s, pick((unsigned)s->plan->n_links), !pick(3));
	else
		sim_choose(s, pick((unsigned)s->plan->n_group_tables),
			   (int)pick((unsigned)s->plan->n_links + 1) - 1);
}

/* What fails, or takes its time. */
static void trouble(struct sim *s)
{
	switch (pick(6)) {
	case 0:
		s->fail_applies = pick(4);
		break;
	case 1:
		s->fail_observes = pick(3);
		break;
	case 2:
		s->fail_checks = pick(3);
		break;
	case 3:
		s->fail_loads = pick(3);
		break;
	case 4:
		s->load_ms = pick(300);
		s->switch_ms = pick(30);
		break;
	case 5:
		s->busy = pick(2);
		break;
	}
}

static void foreign_change(struct sim *s)
{
	if (pick(2))
		sim_flush(s);
	else
		sim_flush_tables(s);
	sim_send(s, CORE_EVENT_RULESET);
	sim_send(s, CORE_EVENT_LOOK);
}

static void event(struct sim *s)
{
	switch (pick(16)) {
	case 0:
	case 1:
	case 2:
	case 3:
		change(s);
		break;
	case 4:
		sim_poll(s);
		break;
	case 5:
	case 6:
		sim_pass(s, pick(pick(4) ? 100 : 5000));
		break;
	case 7:
		lie(s);
		break;
	case 8:
		if (!pick(3))
			foreign_change(s);
		break;
	case 9:
		trouble(s);
		break;
	case 10:
		sim_send(s, pick(2) ? CORE_EVENT_OVERRUN : CORE_EVENT_LOOK);
		break;
	case 11:
	case 12:
	case 13:
		probe(s);
		break;
	case 14:
		by_hand(s);
		break;
	case 15:
		if (!pick(4))
			sim_break_load(s);
		else if (!pick(4))
			sim_reload(s, policies[pick(2)]);
		break;
	}
}

static void assert_right(struct sim *s, unsigned at)
{
	const char *fault;

	s->fail_applies = s->fail_observes = s->fail_checks = s->fail_loads = 0;
	s->busy = false;
	sim_pass(s, 1);
	sim_poll(s);
	sim_pass(s, LULL_MS);
	/* an audit may just be going on */
	if (!core_in_sync(s->core))
		sim_pass(s, 1000);
	fault = sim_fault(s);
	if (fault || !core_in_sync(s->core)) {
		fputs(strbuf_text(&s->log), stderr);
		fail_msg("%s after event %u", fault ? fault : "not in sync", at);
	}
}

static void after_each_storm_the_kernel_is_right(void **state)
{
	struct past past = { 0 };
	struct sim s;

	set_seed(0x9e3779b97f4a7c15ull);
	sim_init(&s, policies[0]);
	s.data = &past;
	s.after_step = after_step;
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
	assert_in_range(s.loads, 1000, EVENTS);
	assert_in_range(s.deletes, 1000, EVENTS);
	print_message("%d events, %zu steps: %zu switches, %zu loads, %zu dumps, %zu lines\n",
		      EVENTS, s.steps, s.applies, s.loads, s.observes, s.lines);
	sim_done(&s);
}

/* Without failures and foreign changes no failover ever needs the tables again. */
static void flaps_alone_need_no_load(void **state)
{
	struct sim s;

	set_seed(42);
	facts_begin(&s, policies[0]);
	for (unsigned i = 0; i < 20000; i++) {
		size_t link = pick((unsigned)s.plan->n_links);

		sim_set_carrier(&s, link, pick(2));
		if (pick(2))
			sim_tell_link(&s, link);
		if (!pick(4))
			probe(&s);
		s.now_ns += SIM_MS / 20;
		if (i % 100 != 99)
			continue;
		sim_poll(&s);
		sim_pass(&s, 600);
		if (sim_fault(&s))
			fail_msg("wrong after flap %u:\n%s", i, strbuf_text(&s.log));
		strbuf_reset(&s.log);
	}
	assert_int_equal(s.loads, 0);
	sim_done(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(after_each_storm_the_kernel_is_right),
		cmocka_unit_test(flaps_alone_need_no_load),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
