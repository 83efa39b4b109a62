/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "generator/emit_nft_json.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "plan_sample.h"

#include <errno.h>
#include <jansson.h>

static int setup(void **state)
{
	static struct sample s;

	sample_build(&s);
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	sample_done(*state);
	return 0;
}

static void emit(struct sample *s, struct strbuf *out)
{
	const struct plan_rule *refused = NULL;
	json_t *parsed;

	assert_int_equal(emit_nft_json(&s->plan, "policy.json", out, &refused), 0);
	parsed = json_loads(strbuf_text(out), JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(parsed);
	json_decref(parsed);
}

static void expect(struct sample *s, const char *text)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;

	emit(s, &out);
	if (!strstr(strbuf_text(&out), text))
		fail_msg("no '%s' in:\n%s", text, strbuf_text(&out));
}

static void it_replaces_both_tables_first(void **state)
{
	expect(*state, "{\"add\":{\"table\":{\"family\":\"inet\",\"name\":\"omr_bypass\"}}},\n"
		       "{\"delete\":{\"table\":{\"family\":\"inet\",\"name\":\"omr_bypass\"}}},\n"
		       "{\"add\":{\"table\":{\"family\":\"inet\",\"name\":\"omr_egress\"}}},\n"
		       "{\"delete\":{\"table\":{\"family\":\"inet\",\"name\":\"omr_egress\"}}},\n");
}

static void map_elements_pair_a_prefix_with_a_verdict(void **state)
{
	expect(*state,
	       "\"elem\":[[{\"prefix\":{\"addr\":\"10.0.0.0\",\"len\":8}},{\"goto\":{\"target\":"
	       "\"rule_a\"}}],[\"198.51.100.7\",{\"goto\":{\"target\":\"rule_a\"}}],"
	       "[{\"range\":[\"203.0.113.1\",\"203.0.113.9\"]},{\"goto\":{\"target\":\"rule_a\"}}]]}}},\n");
	expect(*state,
	       "\"elem\":[[{\"concat\":[21399,\"ipv4\"]},{\"goto\":{\"target\":\"to_fiber\"}}]");
}

static void a_set_that_rules_update_has_no_dynamic_flag(void **state)
{
	expect(*state, "\"size\":16384,\"flags\":[\"timeout\"],\"timeout\":90061}");
}

static void chains_come_before_the_maps_that_name_them(void **state)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;
	const char *chain, *map, *rule;

	sample_rule(*state, PLAN_STMT_COUNTER);
	emit(*state, &out);
	chain = strstr(strbuf_text(&out), "{\"add\":{\"chain\"");
	map = strstr(strbuf_text(&out), "{\"add\":{\"map\"");
	rule = strstr(strbuf_text(&out), "{\"add\":{\"rule\"");
	assert_true(chain && map && rule && chain < map && map < rule);
}

static void matches_and_marks_are_expressions(void **state)
{
	struct sample *s = *state;
	static const struct plan_value mark = { .number = { 0x539, 0x539 } };
	static const struct plan_value ports[] = { { .number = { 80, 80 } },
						   { .number = { 90, 95 } } };
	static const struct plan_value ct = { .number = { PLAN_CT_NEW, PLAN_CT_NEW } };
	struct plan_stmt *set;

	sample_match(s, PLAN_META_MARK, &mark, 1)->mask = 0xffffff;
	sample_match(s, PLAN_TCP_DPORT, ports, 2)->negate = true;
	sample_match(s, PLAN_CT_STATE, &ct, 1);
	set = sample_rule(s, PLAN_STMT_SET_MARK);
	set->set_mark.field = PLAN_CT_MARK;
	set->set_mark.mask = 0xffffff;
	set->set_mark.value = 0x539;
	expect(s,
	       "[{\"match\":{\"op\":\"==\",\"left\":{\"&\":[{\"meta\":{\"key\":\"mark\"}},16777215]},"
	       "\"right\":1337}}]");
	expect(s, "\"op\":\"!=\",\"left\":{\"payload\":{\"protocol\":\"tcp\",\"field\":\"dport\"}},"
		  "\"right\":{\"set\":[80,{\"range\":[90,95]}]}}}]");
	expect(s, "\"op\":\"in\",\"left\":{\"ct\":{\"key\":\"state\"}},\"right\":[\"new\"]");
	expect(s,
	       "{\"mangle\":{\"key\":{\"ct\":{\"key\":\"mark\"}},\"value\":{\"|\":[{\"&\":[{\"ct\":"
	       "{\"key\":\"mark\"}},4278190080]},1337]}}}");
}

static void cgroups_are_refused_and_nothing_is_written(void **state)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;
	static const struct plan_value path = { .name = "system.slice" };
	const struct plan_rule *refused = NULL;
	struct sample *s = *state;

	sample_match(s, PLAN_CGROUPV2, &path, 1);
	assert_int_equal(emit_nft_json(&s->plan, "p", &out, &refused), -EOPNOTSUPP);
	assert_ptr_equal(refused, &s->rules[0]);
	assert_int_equal(out.len, 0);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(it_replaces_both_tables_first),
		T(map_elements_pair_a_prefix_with_a_verdict),
		T(a_set_that_rules_update_has_no_dynamic_flag),
		T(chains_come_before_the_maps_that_name_them),
		T(matches_and_marks_are_expressions),
		T(cgroups_are_refused_and_nothing_is_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
