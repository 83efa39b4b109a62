/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "model/json_doc.h"
#include "model/json_syntax.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	struct arena *arena;
	struct diag_list faults;
	struct diag_source source;
	struct json_doc *doc;
	int result;
};

static void parse(struct fixture *f, const char *text, size_t len)
{
	*f = (struct fixture){ .arena = arena_new() };
	diag_init(&f->faults, f->arena);
	f->source = (struct diag_source){ .name = "p.json", .text = text, .len = len };
	f->result = json_doc_parse(&f->source, f->arena, &f->faults, &f->doc);
}

static void done(struct fixture *f)
{
	json_doc_done(f->doc);
	f->arena = arena_free(f->arena);
}

/* The first fault of each: where, and what it says. '@' in the text is a NUL. */
static void what_is_not_json_is_told_at_its_place(void **state)
{
	static const struct {
		const char *text;
		size_t offset, length;
		const char *fault;
	} cases[] = {
		{ "", 0, 1, "the file is empty" },
		{ " \n ", 2, 1, "the file is empty" },
		{ "\"x\"", 0, 1, "expected \"{\"" },
		{ "7", 0, 1, "expected \"{\"" },
		{ "{", 0, 1, "the file ends inside an object" },
		{ "[1", 1, 1, "the file ends inside an array" },
		{ "{\"a\":", 4, 1, "the file ends where a value should be" },
		{ "{\"a\":1,}", 6, 1, "a comma with nothing after it" },
		{ "[1,]", 2, 1, "a comma with nothing after it" },
		{ "[1 2]", 3, 1, "expected \",\" or \"]\"" },
		{ "{\"a\":1 \"b\":2}", 7, 1, "expected \",\" or \"}\"" },
		{ "{\"a\" 1}", 5, 1, "expected \":\" after the key" },
		{ "{a:1}", 1, 1, "expected a key" },
		{ "{\"a\":fals}", 5, 4, "expected a value" },
		{ "{\"a\":falsely}", 5, 7, "expected a value" },
		{ "[1] x", 4, 1, "nothing may follow the end of the document" },
		{ "[/* c */1]", 1, 2, "JSON has no comments" },
		{ "[-]", 1, 1, "not a number" },
		{ "[+1]", 1, 2, "expected a value" },
		{ "[1.]", 1, 2, "not a number" },
		{ "[.5]", 1, 2, "expected a value" },
		{ "[1e]", 1, 2, "not a number" },
		{ "[01]", 1, 2, "a number must not begin with 0" },
		{ "[-01]", 1, 3, "a number must not begin with 0" },
		{ "[1x]", 1, 2, "not a number" },
		{ "[9223372036854775808]", 1, 19, "the number is too large" },
		{ "[1e400]", 1, 5, "the number is too large" },
		{ "[\"a", 1, 2, "the string is never closed" },
		{ "[\"a\n\"]", 1, 2, "the string is not closed on its line" },
		{ "[\"\t\"]", 2, 1, "control characters are not allowed in strings" },
		{ "[1@]", 2, 1, "NUL characters are not allowed" },
		{ "{@}", 1, 1, "NUL characters are not allowed" },
		{ "[@]", 1, 1, "NUL characters are not allowed" },
		{ "[]@", 2, 1, "NUL characters are not allowed" },
		{ "[\"@\"]", 2, 1, "NUL characters are not allowed" },
		{ "[\"\\u0000\"]", 2, 6, "NUL characters are not allowed" },
		{ "{\"a\\u0000\":1}", 3, 6, "NUL characters are not allowed" },
		{ "[\"\\x\"]", 2, 2, "unknown escape in a string" },
		{ "[\"\\u00g0\"]", 2, 2, "\\u needs four hexadecimal digits" },
		{ "[\"\\ud800\"]", 2, 6, "half of a surrogate pair in a string" },
		{ "[\"\\udc00\"]", 2, 6, "half of a surrogate pair in a string" },
		{ "[\"\xff\"]", 2, 1, "not valid UTF-8" },
		{ "[\"\xc0\x80\"]", 2, 1, "not valid UTF-8" },
		{ "[\"\xed\xa0\x80\"]", 2, 1, "not valid UTF-8" },
		{ "[\"\xf4\x90\x80\x80\"]", 2, 1, "not valid UTF-8" },
		{ "[\"\xe2\x82\"]", 2, 1, "not valid UTF-8" },
		{ "\xef\xbb\xbf{}", 0, 3, "the file begins with a byte order mark" },
		{ "\xff\xfe{@", 0, 2, "the file is UTF-16" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		size_t len = strlen(cases[i].text);
		char text[64];
		struct fixture f;
		struct diag *d;

		memcpy(text, cases[i].text, len + 1);
		for (size_t k = 0; k < len; k++)
			if (text[k] == '@')
				text[k] = '\0';
		parse(&f, text, len);
		d = f.faults.items;
		if (f.result != JSON_DOC_INVALID || f.faults.count != 1 ||
		    d->offset != cases[i].offset || d->length != cases[i].length ||
		    strcmp(d->text, cases[i].fault) != 0)
			fail_msg("%s: %d, %zu faults: %zu+%zu %s", cases[i].text, f.result,
				 f.faults.count, d ? d->offset : 0, d ? d->length : 0,
				 d ? d->text : "");
		done(&f);
	}
}

static unsigned seed = 7;

static unsigned draw(unsigned n)
{
	seed = seed * 1103515245 + 12345;
	return (seed >> 16) % n;
}

/* A random document of less than 2000 bytes. */
static size_t grow(char *out, int depth)
{
	static const char *const scalars[] = { "1",
					       "-0",
					       "1.5e-3",
					       "true",
					       "null",
					       "false",
					       "\"\\n\"",
					       "\"\\u00e9x\"",
					       "\"\"",
					       "\"\xc3\xbc\"",
					       "12345678901234567",
					       "\"\\ud83d\\ude00\"" };
	unsigned kind = draw(depth > 2 ? 1 : 3), n = draw(4);
	size_t len = 0;

	if (kind == 0 && depth > 0)
		return (size_t)sprintf(out, "%s", scalars[draw(ARRAY_SIZE(scalars))]);
	out[len++] = kind == 1 ? '[' : '{';
	for (unsigned i = 0; i < n; i++) {
		if (i)
			len += (size_t)sprintf(out + len, draw(2) ? "," : " ,\n");
		if (kind != 1)
			len += (size_t)sprintf(out + len, "\"%c\" :", 'a' + draw(20));
		len += grow(out + len, depth + 1);
	}
	out[len++] = kind == 1 ? ']' : '}';
	return len;
}

/* Whatever jansson takes, our scanner finds nothing in, and the other way round. */
static void scanner_and_parser_agree_on_random_texts(void **state)
{
	static const char strange[] = "{}[],:\"\\ \n01.eE+-ufnt/#\xc3\xff\x01";
	unsigned valid = 0, bad = 0;

	for (unsigned round = 0; round < 60000; round++) {
		enum json_syntax_result result;
		struct fixture f = { .arena = arena_new() };
		json_error_t e;
		json_t *root;
		char text[4096];
		size_t len = grow(text, 0);

		assert_true(len < 2000);
		for (unsigned i = draw(3); i; i--)
			text[draw((unsigned)len)] = strange[draw(sizeof(strange))];
		if (draw(8) == 0)
			len = draw((unsigned)len);
		f.source = (struct diag_source){ .name = "", .text = text, .len = len };
		diag_init(&f.faults, f.arena);
		result = json_syntax_report(&f.source, &f.faults);
		root = memchr(text, '\0', len) ? NULL : /* jansson may overlook it */
			       json_loadb(text, len, JSON_REJECT_DUPLICATES, &e);
		if ((root != NULL) != (result == JSON_SYNTAX_FINE))
			fail_msg("\"%.*s\": parser %d, scanner %d", (int)len, text, root != NULL,
				 result);
		assert_int_equal(f.faults.count > 0, result != JSON_SYNTAX_FINE);
		for (size_t i = 0; i < f.faults.count; i++)
			assert_true(f.faults.items[i].offset <= len);
		*(root ? &valid : &bad) += 1;
		json_decref(root);
		done(&f);
	}
	assert_true(valid > 10000 && bad > 10000);
}

static void nesting_is_limited_as_in_the_parser(void **state)
{
	for (int extra = -1; extra <= 1; extra++) {
		size_t depth = (size_t)(JSON_SYNTAX_DEPTH_MAX + extra);
		_cleanup_(cleanup_freep) char *text = malloc(2 * depth);
		struct fixture f;

		assert_non_null(text);
		memset(text, '[', depth);
		memset(text + depth, ']', depth);
		parse(&f, text, 2 * depth);
		assert_int_equal(f.result, extra > 0 ? JSON_DOC_INVALID : 0);
		if (extra > 0)
			assert_int_equal(f.faults.items[0].offset, JSON_SYNTAX_DEPTH_MAX);
		done(&f);
	}
}

static void keys_written_twice_are_all_told_and_the_last_counts(void **state)
{
	static const char text[] =
		"{\"a\":1,\"x\":{\"k\":1,\"\\u006b\":2,\"k\":3},\"a\":[{},{\"b\":1,\"b\":1}]}";
	struct fixture f;

	parse(&f, text, strlen(text));
	assert_int_equal(f.result, 0);
	assert_non_null(f.doc->root);
	diag_sort(&f.faults);
	assert_int_equal(f.faults.count, 4);
	assert_string_equal(f.faults.items[0].pointer, "/x/k");
	assert_int_equal(f.faults.items[0].length, strlen("\"\\u006b\""));
	assert_string_equal(f.faults.items[1].pointer, "/x/k");
	assert_string_equal(f.faults.items[2].pointer, "/a");
	assert_string_equal(f.faults.items[3].pointer, "/a/1/b");
	assert_int_equal(
		json_integer_value(json_object_get(json_object_get(f.doc->root, "x"), "k")), 3);
	done(&f);
}

static void faults_get_their_places_in_one_go(void **state)
{
	static const char text[] = "{\"a\": {\"b\": [1, 22]}}";
	struct fixture f;

	parse(&f, text, strlen(text));
	json_doc_fault(f.doc, &f.faults, DIAG_ERROR, "/a/b/1", false, "value");
	json_doc_fault(f.doc, &f.faults, DIAG_ERROR, "/a/b", true, "name");
	json_doc_fault(f.doc, &f.faults, DIAG_WARNING, "/a/c", false, "missing");
	json_doc_done(f.doc); /* the tree is not needed for it */
	json_doc_locate(f.doc, &f.faults);
	assert_int_equal(f.faults.items[0].offset, 16);
	assert_int_equal(f.faults.items[0].length, 2);
	assert_int_equal(f.faults.items[1].offset, 7);
	assert_int_equal(f.faults.items[1].length, 3);
	assert_int_equal(f.faults.items[2].offset, 6);
	assert_int_equal(f.faults.items[2].length, 1);
	done(&f);
}

static void places_below_the_spine_are_those_of_a_whole_scan(void **state)
{
	static const char text[] = "{\"r\": [{\"v\": 1}, {\"v\": [5, 66]}, 7], \"s\": 8}";
	static const char *const pointers[] = { "/r/0/v", "/r/1/v/1", "/r/1", "/r/2",  "/s",
						"/r",	  "/r/3",     "/r/x", "/r/1/w" };
	struct fixture f, spine;

	parse(&f, text, strlen(text));
	parse(&spine, text, strlen(text));
	json_doc_set_spine(spine.doc, spine.arena, "/r", 3);
	for (size_t i = 0; i < ARRAY_SIZE(pointers); i++) {
		size_t a, a_len, b, b_len;

		json_doc_place(f.doc, pointers[i], &a, &a_len);
		json_doc_place(spine.doc, pointers[i], &b, &b_len);
		assert_int_equal(a, b);
		assert_int_equal(a_len, b_len);
	}
	done(&f);
	done(&spine);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_not_json_is_told_at_its_place),
		cmocka_unit_test(scanner_and_parser_agree_on_random_texts),
		cmocka_unit_test(nesting_is_limited_as_in_the_parser),
		cmocka_unit_test(keys_written_twice_are_all_told_and_the_last_counts),
		cmocka_unit_test(faults_get_their_places_in_one_go),
		cmocka_unit_test(places_below_the_spine_are_those_of_a_whole_scan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
