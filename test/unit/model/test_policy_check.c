/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "test/unit/model/policy_text.h"

static void ids_left_out_are_the_lowest_free_in_file_order(void **state)
{
	static const unsigned want[] = { 1, 2, 4, 3, 5 };
	struct policy_text t;

	policy_text_read(&t, "{\"version\":1,\"links\":{\"e\":{\"device\":\"e\"},"
			     "\"d\":{\"device\":\"d\",\"id\":2},\"c\":{\"device\":\"c\"},"
			     "\"b\":{\"device\":\"b\",\"id\":3},\"a\":{\"device\":\"a\"}}}");
	assert_string_equal(policy_text_faults(&t), "");
	for (size_t i = 0; i < ARRAY_SIZE(want); i++) {
		assert_int_equal(t.policy->links[i].id, want[i]);
		assert_int_equal(t.policy->links[i].table, want[i]);
	}
	policy_text_done(&t);
}

static void groups_count_from_the_one_named_default(void **state)
{
	static const uint32_t want[] = { 991338, 991337, 991339 };
	struct policy_text t;

	policy_text_read(&t, "{\"version\":1,\"links\":{\"e\":{\"device\":\"e\"}},\"groups\":{"
			     "\"a\":{\"links\":[\"e\"]},\"default\":{\"links\":[\"e\"]},"
			     "\"b\":{\"links\":[\"e\"]}}}");
	assert_string_equal(policy_text_faults(&t), "");
	for (size_t i = 0; i < ARRAY_SIZE(want); i++)
		assert_int_equal(t.policy->groups[i].table, want[i]);
	policy_text_done(&t);
}

/* Links a, b; groups g (a), h (b, on_down g). */
static void read_with(struct policy_text *t, const char *links, const char *groups,
		      const char *rest)
{
	static char text[2000];

	snprintf(
		text, sizeof(text),
		"{\"version\":1,\"links\":{\"a\":{\"device\":\"a\"},\"b\":{\"device\":\"b\"%s}},"
		"\"groups\":{\"g\":{\"links\":[\"a\"]},\"h\":{\"links\":[\"b\"],\"on_down\":\"g\"}%s}%s}",
		links, groups, rest);
	policy_text_read(t, text);
}

static void numbers_that_collide_name_the_owner(void **state)
{
	static const struct {
		const char *links, *groups, *rest, *faults;
	} cases[] = {
		{ ",\"id\":1", "", "", "" }, /* then a, which has no id, is 2 */
		{ "},\"c\":{\"device\":\"a\"", "", "",
		  "/links/c/device: \"a\" is already the device of link \"a\"" },
		{ ",\"id\":5},\"c\":{\"device\":\"c\",\"id\":5", "", "",
		  "/links/c/id: id 5 is already that of link \"b\"" },
		{ ",\"table\":1", "", "",
		  "/links/b/table: routing table 1 is already that of link \"a\"" },
		{ ",\"table\":991338", "", "",
		  "/groups/g: routing table 991338 is already that of link \"b\"" },
		{ "", ",\"i\":{\"links\":[\"a\"],\"table\":2}", "",
		  "/groups/i/table: routing table 2 is already that of link \"b\"" },
		{ ",\"id\":253,\"table\":9", "", "", "" },
		{ ",\"id\":255", "", "",
		  "/links/b/id: routing table 255 is the kernel's own \"local\"" },
		{ ",\"mark\":7", ",\"i\":{\"links\":[\"a\"],\"mark\":\"0x07\"}", "",
		  "/groups/i/mark: 0x7 is already the mark of link \"b\"" },
		{ ",\"mark\":\"0x10\"", "", ",\"mark_mask\":\"0xf\"",
		  "/links/b/mark: 0x10 has bits outside mark_mask 0xf" },
		{ "", "",
		  ",\"rules\":[{\"name\":\"r\",\"via\":\"a\"},{\"name\":\"r\",\"via\":\"a\"},{\"name\":\"r\",\"via\":\"b\"}]",
		  "/rules/1/name: rule 1 has the same name\n/rules/2/name: rule 2 has the same name" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct policy_text t;

		read_with(&t, cases[i].links, cases[i].groups, cases[i].rest);
		assert_string_equal(policy_text_faults(&t), cases[i].faults);
		policy_text_done(&t);
	}
}

static void names_lead_somewhere(void **state)
{
	static const struct {
		const char *links, *groups, *rest, *faults, *hint;
	} cases[] = {
		{ "", ",\"a\":{\"links\":[\"b\"]}", "", "/groups/a: \"a\" is the name of a link",
		  "links and groups share their names" },
		{ "", ",\"main\":{\"links\":[\"b\"]}", "",
		  "/groups/main: \"main\" has a meaning of its own in \"via\"", NULL },
		{ "", ",\"i\":{\"links\":[\"h\"]}", "",
		  "/groups/i/links/0: \"h\" is a group, and a group holds links", NULL },
		{ "", ",\"i\":{\"links\":[\"nowhere\"]}", "",
		  "/groups/i/links/0: no link named \"nowhere\"", NULL },
		{ ",\"probe\":\"inet\"", "", ",\"probes\":{\"inet4\":{\"type\":\"none\"}}",
		  "/links/b/probe: no probe named \"inet\"", "did you mean \"inet4\"?" },
		{ "", "", ",\"rules\":[{\"via\":\"blocks\"}]",
		  "/rules/0/via: no link or group named \"blocks\"", "did you mean \"block\"?" },
		{ "", "", ",\"rules\":[{\"via\":\"a\",\"on_down\":\"b\"}]",
		  "/rules/0/on_down: \"b\" is a link, and on_down needs a group",
		  "make a group of that link" },
		{ "", "", ",\"rules\":[{\"via\":\"main\",\"on_down\":\"g\"}]",
		  "/rules/0/on_down: means nothing with \"via\": \"main\"", NULL },
		{ "", "", ",\"default\":\"block\"", "/default: must be a link, a group or \"main\"",
		  "end the rules with {\"via\": \"block\"}" },
		{ "", "", ",\"default\":\"nowhere\"",
		  "/default: no link or group named \"nowhere\"", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct policy_text t;

		read_with(&t, cases[i].links, cases[i].groups, cases[i].rest);
		assert_string_equal(policy_text_faults(&t), cases[i].faults);
		if (cases[i].hint)
			assert_string_equal(t.faults.items[0].hint, cases[i].hint);
		else
			assert_null(t.faults.items[0].hint);
		policy_text_done(&t);
	}
}

static void on_down_must_not_go_in_a_circle(void **state)
{
	static const struct {
		const char *groups, *rest, *faults;
	} cases[] = {
		{ ",\"i\":{\"links\":[\"a\"],\"on_down\":\"h\"}", ",\"rules\":[{\"via\":\"i\"}]",
		  "" },
		{ ",\"i\":{\"links\":[\"a\"],\"on_down\":\"i\"}", "",
		  "/groups/i/on_down: on_down goes in a circle: i -> i" },
		{ ",\"i\":{\"links\":[\"a\"],\"on_down\":\"j\"},\"j\":{\"links\":[\"a\"],\"on_down\":\"i\"},"
		  "\"k\":{\"links\":[\"a\"],\"on_down\":\"i\"}",
		  "", "/groups/i/on_down: on_down goes in a circle: i -> j -> i" },
		/* the group's own on_down does not count where the rule has one */
		{ "",
		  ",\"rules\":[{\"via\":\"h\",\"on_down\":\"main\"},{\"via\":\"g\",\"on_down\":\"block\"}]",
		  "" },
		{ "", ",\"rules\":[{\"via\":\"g\",\"on_down\":\"h\"}]",
		  "/rules/0/on_down: on_down goes in a circle: g -> h -> g" },
		{ "", ",\"rules\":[{\"via\":\"g\",\"on_down\":\"g\"}]",
		  "/rules/0/on_down: \"g\" is what is down then" },
		{ "", ",\"rules\":[{\"via\":\"a\",\"on_down\":\"h\"}]", "" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct policy_text t;

		read_with(&t, "", cases[i].groups, cases[i].rest);
		assert_string_equal(policy_text_faults(&t), cases[i].faults);
		policy_text_done(&t);
	}
}

static void references_become_indexes(void **state)
{
	struct policy_text t;

	read_with(
		&t, ",\"probe\":\"p\"", "",
		",\"probes\":{\"q\":{\"type\":\"none\"},\"p\":{\"type\":\"arp\"}},\"default\":\"h\","
		"\"rules\":[{\"via\":\"b\",\"on_down\":\"h\"},{\"via\":\"g\"},{\"via\":\"main\"},{\"via\":\"block\"}]");
	assert_string_equal(policy_text_faults(&t), "");
	assert_int_equal(t.policy->links[1].probe, 1);
	assert_int_equal(t.policy->groups[1].on_down.group, 0);
	assert_true(t.policy->has_default);
	assert_int_equal(t.policy->default_via.kind, POLICY_VIA_GROUP);
	assert_int_equal(t.policy->default_via.index, 1);
	assert_int_equal(t.policy->rules[0].via.kind, POLICY_VIA_LINK);
	assert_int_equal(t.policy->rules[0].via.index, 1);
	assert_int_equal(t.policy->rules[0].on_down.group, 1);
	assert_int_equal(t.policy->rules[1].via.kind, POLICY_VIA_GROUP);
	assert_int_equal(t.policy->rules[2].via.kind, POLICY_VIA_MAIN);
	assert_int_equal(t.policy->rules[3].via.kind, POLICY_VIA_BLOCK);
	policy_text_done(&t);
	read_with(&t, "", "", ",\"default\":\"main\"");
	assert_string_equal(policy_text_faults(&t), "");
	assert_false(t.policy->has_default);
	policy_text_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ids_left_out_are_the_lowest_free_in_file_order),
		cmocka_unit_test(groups_count_from_the_one_named_default),
		cmocka_unit_test(numbers_that_collide_name_the_owner),
		cmocka_unit_test(names_lead_somewhere),
		cmocka_unit_test(on_down_must_not_go_in_a_circle),
		cmocka_unit_test(references_become_indexes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
