/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "model/json_locate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char doc[] = "{ \"links\": {\"a/b\": {\"id\": 7}, \"m~n\": true},\n"
			  "  \"rules\": [10, \"x\\\"]}\", {\"via\" : \"fiber\"}, [[], [1, 22]] ],\n"
			  "  \"\": null, \"twice\": 1, \"tw\\u0069ce\": [2],\n"
			  "  \"\\u00fc\\ud83d\\ude00\\n\": -1.5e3 }";

static void every_pointer_finds_its_token(void **state)
{
	static const struct {
		const char *pointer;
		bool key, found;
		const char *token;
	} cases[] = {
		{ "", false, true, "{" },
		{ "/links", false, true, "{" },
		{ "/links", true, true, "\"links\"" },
		{ "/links/a~1b/id", false, true, "7" },
		{ "/links/a~1b/id", true, true, "\"id\"" },
		{ "/links/m~0n", false, true, "true" },
		{ "/rules/0", false, true, "10" },
		{ "/rules/1", false, true, "\"x\\\"]}\"" },
		{ "/rules/2/via", false, true, "\"fiber\"" },
		{ "/rules/2/via", true, true, "\"via\"" },
		{ "/rules/3", false, true, "[" },
		{ "/rules/3/1/1", false, true, "22" },
		{ "/", false, true, "null" },
		{ "/twice", false, true, "[" }, /* the last one counts */
		{ "/twice/0", false, true, "2" },
		{ "/\xc3\xbc\xf0\x9f\x98\x80\n", false, true, "-1.5e3" },
		/* an ancestor stands in for what is not there */
		{ "/rules/9", false, false, "[" },
		{ "/rules/2/name/x", false, false, "{" },
		{ "/links/m~0n/id", true, false, "true" },
		{ "/nothing", true, false, "{" },
	};
	struct json_spot spots[ARRAY_SIZE(cases)];

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		spots[i] = (struct json_spot){ .pointer = cases[i].pointer, .key = cases[i].key };
	json_locate(doc, strlen(doc), spots, ARRAY_SIZE(spots));
	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		if (spots[i].found != cases[i].found || spots[i].length != strlen(cases[i].token) ||
		    memcmp(doc + spots[i].offset, cases[i].token, spots[i].length) != 0)
			fail_msg("\"%s\": found %d, \"%.*s\"", cases[i].pointer, spots[i].found,
				 (int)spots[i].length, doc + spots[i].offset);
	}
}

static void the_same_pointer_may_be_asked_for_twice(void **state)
{
	struct json_spot spots[] = { { .pointer = "/rules/0" },
				     { .pointer = "/rules/0", .key = true },
				     { .pointer = "/rules/0" } };

	json_locate(doc, strlen(doc), spots, 3);
	assert_int_equal(spots[0].offset, spots[2].offset);
	assert_int_equal(spots[0].offset, spots[1].offset); /* an item has no name */
	assert_memory_equal(doc + spots[0].offset, "10", 2);
}

/* Siblings whose names sort around '/' must not be mixed up. */
static void names_around_the_slash_stay_apart(void **state)
{
	static const char text[] =
		"{\"a\":{\"x\":1},\"a-b\":{\"x\":2},\"a.b\":{\"x\":3},\"a0\":{\"x\":4}}";
	static const char *const pointers[] = { "/a",	 "/a-b/x", "/a/x", "/a.b/x",
						"/a0/x", "/a-b",   "/a0" };
	static const char *const tokens[] = { "{", "2", "1", "3", "4", "{", "{" };
	struct json_spot spots[ARRAY_SIZE(pointers)];

	for (size_t i = 0; i < ARRAY_SIZE(pointers); i++)
		spots[i] = (struct json_spot){ .pointer = pointers[i] };
	json_locate(text, strlen(text), spots, ARRAY_SIZE(spots));
	for (size_t i = 0; i < ARRAY_SIZE(pointers); i++) {
		assert_true(spots[i].found);
		assert_memory_equal(text + spots[i].offset, tokens[i], 1);
	}
}

static void any_bytes_give_a_place_inside(void **state)
{
	static const char pieces[] = "{}[]\",:\\\"1a \0\n";
	unsigned seed = 1;

	for (unsigned round = 0; round < 20000; round++) {
		struct json_spot spots[] = { { .pointer = "/a/0" },
					     { .pointer = "/1", .key = true },
					     { .pointer = "" } };
		char text[24];
		size_t len = (seed >> 8) % sizeof(text);

		for (size_t i = 0; i < len; i++) {
			seed = seed * 1103515245 + 12345;
			text[i] = pieces[(seed >> 16) % (sizeof(pieces) - 1)];
		}
		seed = seed * 1103515245 + 12345;
		json_locate(text, len, spots, ARRAY_SIZE(spots));
		for (size_t i = 0; i < ARRAY_SIZE(spots); i++)
			assert_true(spots[i].offset + (len ? spots[i].length : 0) <= len);
	}
}

/* A thousand pointers into a text of megabytes: one scan, not a thousand. */
static void many_spots_cost_one_scan(void **state)
{
	enum { N = 200000, SPOTS = 1000 };
	_cleanup_(cleanup_freep) char *text = malloc(N * 10 + 32);
	static struct json_spot spots[SPOTS];
	static char pointers[SPOTS][32];
	size_t len = 1;

	assert_non_null(text);
	text[0] = '[';
	for (int i = 0; i < N; i++)
		len += (size_t)sprintf(text + len, "%s\"%06d\"", i ? "," : "", i);
	text[len++] = ']';
	for (int i = 0; i < SPOTS; i++) {
		snprintf(pointers[i], sizeof(pointers[i]), "/%d", (i * 7919) % N);
		spots[i] = (struct json_spot){ .pointer = pointers[i] };
	}
	json_locate(text, len, spots, SPOTS);
	for (int i = 0; i < SPOTS; i++) {
		assert_true(spots[i].found);
		assert_int_equal(atoi(text + spots[i].offset + 1), (i * 7919) % N);
	}
}

static void escapes_are_undone(void **state)
{
	char out[32];
	static const char text[] = "a\\\\b\\/\\n\\u0041\\u00e9\\u20ac\\ud83d\\ude00";
	static const char want[] = "a\\b/\nA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";

	assert_int_equal(json_locate_decode(text, strlen(text), out), strlen(want));
	assert_memory_equal(out, want, strlen(want));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pointer_finds_its_token),
		cmocka_unit_test(the_same_pointer_may_be_asked_for_twice),
		cmocka_unit_test(names_around_the_slash_stay_apart),
		cmocka_unit_test(any_bytes_give_a_place_inside),
		cmocka_unit_test(many_spots_cost_one_scan),
		cmocka_unit_test(escapes_are_undone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
