/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From any ruleset to any policy: the steps are ones the kernel takes, no step
 * leaves live chains leading to what is not whole, and then nothing differs.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "base/diag.h"
#include "model/desired.h"
#include "model/policy_read.h"
#include "netlink/nft_judge.h"
#include "netlink/nft_keep.h"
#include "fake_nft.h"

#define HEAD                                                                                       \
	"{\"version\":1,\"links\":{\"fiber\":{\"device\":\"eth1\",\"id\":1},"                      \
	"\"lte\":{\"device\":\"wwan0\",\"id\":2,\"masquerade\":true}},"                            \
	"\"groups\":{\"default\":{\"links\":[\"fiber\",\"lte\"]},"                                 \
	"\"spare\":{\"links\":[\"lte\",\"fiber\"]}},"
#define RULES(list) HEAD "\"rules\":[" list "]}"

#define BALANCED(list)                                                                                                 \
	"{\"version\":1,\"links\":{\"fiber\":{\"device\":\"eth1\",\"id\":7},\"lte\":{\"device\":\"wwan0\",\"id\":8}}," \
	"\"groups\":{\"default\":{\"mode\":\"balance\",\"links\":[\"fiber\",\"lte\"]}},\"rules\":[" list               \
	"]}"

#define BANK                                                                                       \
	"{\"name\":\"bank\",\"to\":[\"203.0.113.0/24\",\"255.255.255.0/24\",\"2001:db8::/32\"],\"via\":\"fiber\"}"
#define BANK2 "{\"name\":\"bank\",\"to\":[\"203.0.113.0/24\",\"2001:db8::/32\"],\"via\":\"fiber\"}"
#define BANK3                                                                                      \
	"{\"name\":\"bank\",\"to\":[\"203.0.113.0/24\",\"255.255.255.0/24\",\"2001:db8::/32\"],\"via\":\"spare\"}"
#define SIP                                                                                        \
	"{\"name\":\"sip\",\"from\":[\"192.168.1.0/24\",\"10.0.0.1-10.0.0.9\"],\"protocols\":[\"udp\"],\"dports\":[\"5060-5061\",8000],\"via\":\"default\"}"
#define VIDEO                                                                                      \
	"{\"name\":\"video\",\"domains\":[\"video.example\"],\"via\":\"default\",\"on_down\":\"block\"}"
#define MACS                                                                                       \
	"{\"name\":\"macs\",\"macs\":[\"00:11:22:33:44:55\",\"00:11:22:33:44:56\"],\"iifs\":[\"lan0\"],\"via\":\"spare\"}"
#define ODD                                                                                        \
	"{\"name\":\"odd\",\"icmp_types\":[\"echo-request\"],\"dscp\":[\"ef\"],\"via\":\"main\"}"

static struct arena *arena;
static struct fake_nft fake;

static int setup(void **state)
{
	arena = arena_new();
	fake_nft_start(&fake, arena);
	return 0;
}

static int teardown(void **state)
{
	arena = arena_free(arena);
	return 0;
}

static const struct plan *compile(const char *json)
{
	struct diag_source *source = arena_alloc(arena, sizeof(*source));
	struct diag_list faults;
	struct policy *policy;
	struct plan *plan;

	*source = (struct diag_source){ .name = "p", .text = json, .len = strlen(json) };
	diag_init(&faults, arena);
	assert_int_equal(policy_read(source, NULL, arena, &policy, &faults), 0);
	assert_int_equal(plan_compile(policy, arena, &plan, &faults), 0);
	return plan;
}

static struct nft_wanted wanted(const struct plan *p)
{
	static const struct nft_resolver nobody;
	struct link_view *views = arena_calloc(arena, p->n_links, sizeof(*views));
	struct desired d;

	desired_build(p, &(struct desired_inputs){ .views = views }, DESIRED_KERNEL, arena, &d);
	return (struct nft_wanted){ .plan = p,
				    .egress = d.egress,
				    .n_egress = d.n_egress,
				    .alive = d.alive,
				    .n_alive = d.n_alive,
				    .spread = d.spread,
				    .n_spread = d.n_spread,
				    .resolver = &nobody };
}

static struct nft_diff differ(const struct nft_wanted *w)
{
	struct nft_diff d;

	/* elements are known as far as they would have been dumped */
	nft_judge_choose_dumps(w->plan, &fake.seen);
	assert_int_equal(nft_diff_build(w, &fake.seen, arena, &d), 0);
	return d;
}

/* How the kernel counts an interval set (nft_rbtree_usize()). */
static void count_sets(void)
{
	for (size_t i = 0; i < fake.seen.n_sets; i++) {
		struct nft_seen_set *s = &fake.seen.sets[i];

		s->has_count = true;
		s->count = (uint32_t)(s->info.flags & NFT_SET_INTERVAL ? s->n_elements / 2
								       : s->n_elements);
	}
}

/* What base chains lead to is whole: sets have what their comments promise. */
static void check_live(void)
{
	for (size_t i = 0; i < fake.seen.n_chains; i++)
		for (size_t k = 0; k < fake.seen.chains[i].n_rules; k++)
			for (size_t x = 0; x < fake.seen.chains[i].rules[k].n_exprs; x++) {
				const struct nft_expr *e = &fake.seen.chains[i].rules[k].exprs[x];
				const struct nft_seen_set *s;
				unsigned promised;
				const char *comment;

				if (e->kind != NFT_EXPR_LOOKUP)
					continue;
				s = nft_decode_find_set(&fake.seen, fake.seen.chains[i].table,
							e->name);
				assert_non_null(s);
				comment = s->info.comment ? strrchr(s->info.comment, ';') : NULL;
				if (!comment || sscanf(comment, "; %u prefix", &promised) != 1)
					continue;
				assert_int_equal((s->n_elements + 1) / 2, promised);
			}
}

/* Takes the steps up to transaction `stop`; big sets in pieces of one element. */
static void take(const struct nft_diff *d, unsigned stop)
{
	_cleanup_(nft_batch_freep) struct nft_batch *b = nft_batch_new();

	for (size_t i = 0; i < d->n_steps && d->steps[i].transaction < stop;) {
		unsigned transaction = d->steps[i].transaction;
		const struct nft_step *s = &d->steps[i];

		if (s->kind == NFT_STEP_LOAD) {
			for (size_t k = 0; k < s->n; k++) {
				nft_batch_begin(b, 1, 0);
				nft_element_add(b, s->set, s->name, s->elements + k, 1, SIZE_MAX);
				fake_nft_commit(&fake, b);
				check_live();
			}
			i++;
			continue;
		}
		nft_batch_begin(b, 1, 0);
		for (; i < d->n_steps && d->steps[i].transaction == transaction; i++)
			nft_diff_put(b, &d->steps[i]);
		fake_nft_commit(&fake, b);
		check_live();
	}
	count_sets();
}

static void apply(const char *json)
{
	struct nft_wanted w = wanted(compile(json));
	struct nft_diff d = differ(&w);

	take(&d, UINT32_MAX);
	d = differ(&w);
	if (d.n_lines)
		fail_msg("still: %c %s", d.lines[0].mark, d.lines[0].text);
	assert_int_equal(d.n_steps, 0);
}

static bool has_line(const struct nft_diff *d, char mark, const char *text)
{
	for (size_t i = 0; i < d->n_lines; i++)
		if (d->lines[i].mark == mark && !strcmp(d->lines[i].text, text))
			return true;
	return false;
}

static size_t steps_of(const struct nft_diff *d, enum nft_step_kind kind)
{
	size_t n = 0;

	for (size_t i = 0; i < d->n_steps; i++)
		n += d->steps[i].kind == kind;
	return n;
}

static struct nft_seen_chain *chain(const char *name)
{
	struct nft_seen_chain *c = nft_decode_find_chain(&fake.seen, PLAN_TABLE_BYPASS, name);

	return c ? c : nft_decode_find_chain(&fake.seen, PLAN_TABLE_EGRESS, name);
}

static void a_loaded_policy_differs_no_more(void **state)
{
	static const char *const policies[] = {
		RULES(BANK),
		RULES(SIP),
		RULES(VIDEO),
		BALANCED(SIP),
		RULES(MACS),
		RULES(ODD),
		RULES(BANK "," SIP "," VIDEO "," MACS "," ODD),
	};

	for (size_t i = 0; i < ARRAY_SIZE(policies); i++) {
		fake_nft_start(&fake, arena);
		apply(policies[i]);
	}
}

/* Every one of these over every other. */
static void any_policy_follows_any_other(void **state)
{
	static const char *const policies[] = {
		RULES(BANK),
		RULES(BANK2 "," SIP),
		RULES(SIP "," BANK3),
		RULES(VIDEO "," MACS),
		RULES(MACS "," VIDEO "," BANK "," ODD),
		BALANCED(SIP),
		HEAD "\"dns\":{\"timeout\":\"2h\"},\"rules\":[" BANK "," VIDEO "]}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(policies); i++)
		for (size_t k = 0; k < ARRAY_SIZE(policies); k++) {
			apply(policies[i]);
			apply(policies[k]);
		}
}

static void a_load_may_end_anywhere(void **state)
{
	static const char first[] = RULES(BANK "," VIDEO), second[] = RULES(SIP "," BANK2 "," MACS);

	for (unsigned stop = 0; stop < 20; stop++) {
		struct nft_wanted w = wanted(compile(second));
		struct nft_diff d;

		fake_nft_start(&fake, arena);
		apply(first);
		d = differ(&w);
		take(&d, stop);
		apply(stop % 2 ? first : second);
	}
}

static void unchanged_maps_are_not_loaded_again(void **state)
{
	struct nft_wanted w;
	struct nft_diff d;

	apply(RULES(BANK));
	w = wanted(compile(RULES(SIP "," BANK)));
	d = differ(&w);
	assert_int_equal(steps_of(&d, NFT_STEP_LOAD), 0);
	assert_true(has_line(&d, '~', "chain classify"));
	assert_true(has_line(&d, '+', "chain rule_sip"));
	assert_false(has_line(&d, '~', "chain rule_bank"));
}

static void changed_maps_are_loaded_beside_the_live_one(void **state)
{
	struct nft_wanted w;
	struct nft_diff d;

	apply(RULES(BANK));
	assert_non_null(chain("classify"));
	w = wanted(compile(RULES(BANK2)));
	d = differ(&w);
	assert_int_equal(steps_of(&d, NFT_STEP_LOAD), 1); /* that of IPv6 is the same */
	assert_true(has_line(&d, '~', "map omr_dst_bypass_4: 1 prefix"));
	apply(RULES(BANK2));
	assert_null(chain("classify"));
	assert_non_null(chain("classify.b"));
	apply(RULES(BANK));
	assert_null(chain("classify.b"));
}

static void a_tampered_map_is_noticed(void **state)
{
	struct nft_wanted w = wanted(compile(RULES(BANK)));
	struct nft_diff d;

	apply(RULES(BANK));
	nft_decode_find_set(&fake.seen, PLAN_TABLE_BYPASS, "omr_dst_bypass_6")->count += 7;
	d = differ(&w);
	assert_int_equal(steps_of(&d, NFT_STEP_LOAD), 1);
	/* a kernel that does not count cannot tell */
	nft_decode_find_set(&fake.seen, PLAN_TABLE_BYPASS, "omr_dst_bypass_6")->has_count = false;
	d = differ(&w);
	assert_int_equal(d.n_steps, 0);
}

static void counters_survive_a_change_of_target(void **state)
{
	uint64_t handle;

	apply(RULES(BANK));
	handle = chain("rule_bank")->rules[0].handle;
	nft_rule_counter(&chain("rule_bank")->rules[0])->packets = 7;
	apply(RULES(BANK3 "," SIP));
	assert_int_equal(chain("rule_bank")->rules[0].handle, handle);
	assert_int_equal(nft_rule_counter(&chain("rule_bank")->rules[0])->packets, 7);
	assert_string_equal(chain("rule_bank")->rules[1].exprs[0].name, "via_spare");
}

static struct nft_seen_set *dns(void)
{
	return nft_decode_find_set(&fake.seen, PLAN_TABLE_BYPASS, "omr_dns_bypass_video_4");
}

static void learn(uint8_t last, uint64_t timeout_ms)
{
	struct nft_seen_set *s = dns();

	*ARENA_PUSH(arena, s->elements, s->n_elements, s->cap_elements) =
		(struct nft_element){ .key = { 192, 0, 2, last },
				      .key_len = 4,
				      .timeout_ms = timeout_ms,
				      .expires_ms = 1000 };
}

static void learnt_elements_survive(void **state)
{
	apply(RULES(VIDEO "," BANK));
	learn(1, 3600000);
	learn(2, 0);
	apply(RULES(BANK2 "," VIDEO));
	assert_int_equal(dns()->n_elements, 2);
	assert_int_equal(dns()->elements[1].timeout_ms, 0);
	apply(HEAD "\"dns\":{\"timeout\":\"2h\"},\"rules\":[" BANK "," VIDEO "]}");
	assert_int_equal(dns()->info.timeout_ms, 7200000);
	assert_int_equal(dns()->n_elements, 2);
	assert_int_equal(dns()->elements[0].timeout_ms, 3600000);
	/* it had the old set's timeout, and keeps it */
	assert_int_equal(dns()->elements[1].timeout_ms, 86400000);
	assert_int_equal(dns()->elements[1].expires_ms, 1000);
}

static void intruders_go(void **state)
{
	struct nft_seen_chain *c;

	apply(RULES(BANK));
	c = chain("rule_bank");
	c->rules[1].exprs[0].kind = NFT_EXPR_UNKNOWN; /* somebody replaced the rule */
	c = chain("prerouting");
	c->n_rules = 0;
	*ARENA_PUSH(arena, fake.seen.chains, fake.seen.n_chains, fake.seen.cap_chains) =
		(struct nft_seen_chain){ .table = PLAN_TABLE_EGRESS, .name = "strange" };
	fake_nft_settle(&fake);
	apply(RULES(BANK));
	assert_null(chain("strange"));
	assert_int_equal(chain("rule_bank")->n_rules, 2);
}

static void a_dormant_table_is_woken(void **state)
{
	struct nft_wanted w = wanted(compile(RULES(BANK)));
	struct nft_diff d;

	apply(RULES(BANK));
	fake.seen.tables[PLAN_TABLE_BYPASS].flags = NFT_TABLE_F_DORMANT;
	d = differ(&w);
	assert_int_equal(steps_of(&d, NFT_STEP_WAKE_TABLE), 1);
	apply(RULES(BANK));
	assert_int_equal(fake.seen.tables[PLAN_TABLE_BYPASS].flags, 0);
}

static void what_was_just_loaded_is_trusted(void **state)
{
	const char *loaded[] = { "omr_dst_bypass_4.b" };
	struct nft_wanted w;
	struct nft_diff d;
	size_t i = 0;

	apply(RULES(BANK));
	w = wanted(compile(RULES(BANK2)));
	d = differ(&w);
	while (d.steps[i].phase <= NFT_PHASE_LOAD)
		i++;
	take(&d, d.steps[i].transaction); /* then somebody else changed the ruleset */
	w.loaded = loaded;
	w.n_loaded = 1;
	d = differ(&w);
	assert_int_equal(steps_of(&d, NFT_STEP_LOAD), 0);
	take(&d, UINT32_MAX);
	w.n_loaded = 0;
	d = differ(&w);
	assert_int_equal(d.n_steps, 0);
}

static void order_keeps_both_tables_in_step(void **state)
{
	struct nft_wanted w;
	struct nft_diff d;
	bool switched = false, egress_changed = false;

	apply(RULES(BANK));
	w = wanted(compile(RULES(
		"{\"name\":\"bank\",\"to\":[\"198.18.0.0/15\"],\"via\":\"default\",\"on_down\":\"block\"}")));
	d = differ(&w);
	for (size_t i = 0; i < d.n_steps; i++) {
		const struct nft_step *s = &d.steps[i];

		switched |= s->phase == NFT_PHASE_SWITCH;
		/* live packets meet what omr_egress has: routes and rules come in between */
		assert_false(s->kind == NFT_STEP_LOAD && egress_changed);
		if (s->table != PLAN_TABLE_EGRESS)
			continue;
		egress_changed = true;
		/* new things before the switch, removals after it */
		if (s->kind == NFT_STEP_ADD_ELEMENTS || s->kind == NFT_STEP_ADD_CHAIN)
			assert_false(switched);
		if (s->kind == NFT_STEP_DELETE_CHAIN)
			assert_true(switched);
	}
	assert_true(switched);
	assert_true(egress_changed);
}

/* ---- a daemon's state ---- */

/* slot < 0: a map without. */
static void set_slot(const char *set, uint32_t mark, uint8_t nfproto, int slot, const char *to)
{
	struct nft_seen_set *s = nft_decode_find_set(&fake.seen, PLAN_TABLE_EGRESS, set);
	struct nft_element e = { .key_len = slot < 0 ? 8 : 12, .is_goto = true, .chain = to };
	struct nft_element *old;

	memcpy(e.key, &mark, sizeof(mark));
	e.key[4] = nfproto;
	if (slot >= 0)
		memcpy(e.key + 8, &slot, sizeof(slot));
	old = fake_nft_element(s, &e);
	if (old)
		*old = e;
	else
		*ARENA_PUSH(arena, s->elements, s->n_elements, s->cap_elements) = e;
	fake_nft_settle(&fake);
}

static void set_verdict(const char *set, uint32_t mark, uint8_t nfproto, const char *to)
{
	set_slot(set, mark, nfproto, -1, to);
}

static const struct plan_element *find(const struct plan_element *e, size_t n, uint32_t mark,
				       uint32_t nfproto)
{
	for (size_t i = 0; i < n; i++)
		if (e[i].mark == mark && e[i].nfproto == nfproto)
			return &e[i];
	return NULL;
}

static void a_daemons_state_is_kept_where_it_fits(void **state)
{
	struct nft_wanted w = wanted(compile(RULES(SIP)));
	const struct plan_element *e;

	apply(RULES(SIP)); /* via default: 0x539 */
	set_verdict("egress", 0x539, 2, "to_lte.default");
	set_verdict("egress", 0x539, 10, "to_nowhere"); /* no chain of the plan */
	set_verdict("egress", 0x77, 2, "to_main"); /* no target of the plan */
	set_verdict("alive", 0x539, 2, "to_fiber.default");
	assert_int_equal(w.n_egress, 0);
	nft_keep_state(&w, &fake.seen, arena);
	assert_int_equal(w.n_egress, 1);
	assert_string_equal(w.egress[0].chain->name, "to_lte.default");
	e = find(w.alive, w.n_alive, 0x539, 2);
	assert_non_null(e);
	assert_string_equal(e->chain->name, "to_fiber.default");
	e = find(w.alive, w.n_alive, 0x539, 10);
	assert_non_null(e);
	assert_string_equal(e->chain->name, "routes_default");
}

static void a_daemons_slots_and_moved_flows_are_kept(void **state)
{
	struct nft_wanted w = wanted(compile(BALANCED(SIP)));
	const struct plan_element *e;

	apply(BALANCED(SIP));
	set_verdict("egress", 0x539, 2, "spread_flows");
	set_verdict("alive", 0x25397, 2, "moved_to_lte");
	set_slot("spread", 0x539, 2, 0, "to_fiber.default");
	set_slot("spread", 0x539, 2, 7, "to_lte.default");
	set_slot("spread", 0x539, 2, 100, "to_lte.default"); /* no slot */
	set_slot("spread", 0x539, 2, 8, "to_nowhere");
	set_slot("spread", 0x77, 2, 9, "to_lte.default");
	nft_keep_state(&w, &fake.seen, arena);
	assert_int_equal(w.n_egress, 1);
	assert_string_equal(w.egress[0].chain->name, "spread_flows");
	e = find(w.alive, w.n_alive, 0x25397, 2);
	assert_non_null(e);
	assert_string_equal(e->chain->name, "moved_to_lte");
	assert_int_equal(w.n_spread, 2);
	assert_int_equal(w.spread[0].slot, 0);
	assert_int_equal(w.spread[1].slot, 7);
	assert_string_equal(w.spread[1].chain->name, "to_lte.default");
}

static void without_keeping_a_daemons_state_goes(void **state)
{
	struct nft_seen_set *s;

	apply(RULES(SIP));
	set_verdict("egress", 0x539, 2, "to_lte.default");
	apply(RULES(SIP));
	s = nft_decode_find_set(&fake.seen, PLAN_TABLE_EGRESS, "egress");
	assert_int_equal(s->n_elements, 0);
}

int main(void)
{
#define FACT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		FACT(a_loaded_policy_differs_no_more),
		FACT(any_policy_follows_any_other),
		FACT(a_load_may_end_anywhere),
		FACT(unchanged_maps_are_not_loaded_again),
		FACT(changed_maps_are_loaded_beside_the_live_one),
		FACT(a_tampered_map_is_noticed),
		FACT(counters_survive_a_change_of_target),
		FACT(learnt_elements_survive),
		FACT(intruders_go),
		FACT(a_dormant_table_is_woken),
		FACT(what_was_just_loaded_is_trusted),
		FACT(order_keeps_both_tables_in_step),
		FACT(a_daemons_state_is_kept_where_it_fits),
		FACT(a_daemons_slots_and_moved_flows_are_kept),
		FACT(without_keeping_a_daemons_state_goes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
