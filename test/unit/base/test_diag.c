/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/strbuf.h"

struct fixture {
	struct arena *arena;
	struct diag_list list;
	struct strbuf out;
};

static int set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	if (!f)
		return -1;
	f->arena = arena_new();
	diag_init(&f->list, f->arena);
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	arena_free(f->arena);
	strbuf_done(&f->out);
	free(f);
	return 0;
}

static const char *printed(struct fixture *f)
{
	strbuf_reset(&f->out);
	diag_print(&f->list, &f->out, false);
	return strbuf_text(&f->out);
}

static struct diag_source source_of(const char *name, const char *text)
{
	return (struct diag_source){ name, text, strlen(text) };
}

static size_t offset_of(const struct diag_source *s, const char *part)
{
	const char *at = strstr(s->text, part);

	if (!at)
		fail_msg("the test's own text has no \"%s\"", part);
	return (size_t)(at - s->text);
}

static void a_fault_shows_place_line_caret_and_hint(void **state)
{
	struct fixture *f = *state;
	struct diag_source s = source_of("policy.json", "{\n  \"rules\": [\n"
							"      \"via\": \"fibre\",\n  ]\n}\n");
	struct diag *d = diag_add(&f->list, DIAG_ERROR, &s, offset_of(&s, "\"fibre"), 7,
				  "/rules/2/via", "no link or group named \"%s\"", "fibre");

	diag_hint(&f->list, d, "did you mean \"%s\"?", "fiber");
	assert_string_equal(
		printed(f),
		"policy.json:3:14: error: /rules/2/via: no link or group named \"fibre\"\n"
		"    3 |       \"via\": \"fibre\",\n"
		"      |              ^~~~~~~ did you mean \"fiber\"?\n");
	assert_int_equal(f->list.errors, 1);
}

static void texts_are_copied(void **state)
{
	struct fixture *f = *state;
	char pointer[] = "/a", word[] = "one", hint[] = "two";
	struct diag *d =
		diag_add(&f->list, DIAG_WARNING, NULL, DIAG_NO_OFFSET, 1, pointer, "%s", word);

	diag_hint(&f->list, d, "%s", hint);
	pointer[1] = word[0] = hint[0] = 'X';
	assert_string_equal(printed(f), "warning: /a: one; two\n");
	assert_int_equal(f->list.errors, 0);
	diag_hint(&f->list, NULL, "nobody");
}

static void a_fault_may_have_no_place_or_no_pointer(void **state)
{
	struct fixture *f = *state;
	struct diag_source s = source_of("cn.txt", "10.0.0.1/8\n");
	struct diag_source unread = { "gone.txt", NULL, 0 };

	diag_add(&f->list, DIAG_ERROR, NULL, DIAG_NO_OFFSET, 1, NULL, "nowhere");
	diag_add(&f->list, DIAG_ERROR, &unread, DIAG_NO_OFFSET, 1, NULL, "cannot be read");
	diag_add(&f->list, DIAG_ERROR, &s, 0, 10, NULL, "host bits");
	diag_add(&f->list, DIAG_ERROR, &s, 9, 1, "", "root");
	diag_add(&f->list, DIAG_WARNING, &s, DIAG_NO_OFFSET, 1, NULL, "too large");
	assert_string_equal(printed(f), "error: nowhere\n"
					"cn.txt: warning: too large\n"
					"cn.txt:1:1: error: host bits\n"
					"    1 | 10.0.0.1/8\n"
					"      | ^~~~~~~~~~\n"
					"cn.txt:1:10: error: root\n"
					"    1 | 10.0.0.1/8\n"
					"      |          ^\n"
					"gone.txt: error: cannot be read\n");
}

static void faults_are_sorted_by_file_place_and_order(void **state)
{
	static const char *const want = "bdacef";
	struct fixture *f = *state;
	struct diag_source one = source_of("1", "xyz\n"), two = source_of("2", "xyz\n");

	diag_add(&f->list, DIAG_ERROR, &one, 2, 1, NULL, "a");
	diag_add(&f->list, DIAG_ERROR, &one, 0, 1, NULL, "b");
	diag_add(&f->list, DIAG_WARNING, &one, 2, 1, NULL, "c");
	diag_add(&f->list, DIAG_ERROR, &one, 1, 1, NULL, "d");
	diag_add(&f->list, DIAG_ERROR, &one, 2, 1, NULL, "e");
	diag_add(&f->list, DIAG_ERROR, &two, 0, 1, NULL, "f");
	diag_sort(&f->list);
	for (size_t i = 0; want[i]; i++)
		assert_int_equal(f->list.items[i].text[0], want[i]);
}

/* A text, the byte a fault points at, and the two lines that quote it. */
static void quoted_lines(void **state)
{
	static const struct {
		const char *text;
		size_t offset, length;
		const char *quote;
	} cases[] = {
		{ "a\tb\tc\n", 4, 1, "1:5:\n    1 | a\tb\tc\n      |  \t \t^\n" },
		{ "\t\tx", 2, 1, "1:3:\n    1 | \t\tx\n      | \t\t^\n" },
		{ "", 0, 1, "1:1:\n    1 |\n      | ^\n" },
		{ "\n", 0, 1, "1:1:\n    1 |\n      | ^\n" },
		{ "\n", 1, 1, "2:1:\n    2 |\n      | ^\n" },
		{ "ab\n", 2, 5, "1:3:\n    1 | ab\n      |   ^\n" },
		{ "ab", 2, 1, "1:3:\n    1 | ab\n      |   ^\n" },
		{ "ab", 99, 1, "1:3:\n    1 | ab\n      |   ^\n" },
		{ "ab\ncd\n", 4, 99, "2:2:\n    2 | cd\n      |  ^\n" },
		{ "ab\ncd\n", 0, 5, "1:1:\n    1 | ab\n      | ^~\n" },
		{ "abc", 0, 0, "1:1:\n    1 | abc\n      | ^\n" },
		{ "ab\r\ncd\r\n", 1, 1, "1:2:\n    1 | ab\n      |  ^\n" },
		{ "ab\r\ncd\r\n", 2, 1, "1:3:\n    1 | ab?\n      |   ^\n" },
		{ "ab\r\ncd\r\n", 5, 1, "2:2:\n    2 | cd\n      |  ^\n" },
		{ "a\rb", 2, 1, "1:3:\n    1 | a?b\n      |   ^\n" },
		/* escapes, C0, DEL */
		{ "\x1b[31mred", 5, 3, "1:6:\n    1 | ?[31mred\n      |      ^~~\n" },
		{ "\x1b]0;title\x07x", 10, 1, "1:11:\n    1 | ?]0;title?x\n      |           ^\n" },
		{ "\x01\b\v\f\x7f|", 5, 1, "1:6:\n    1 | ?????|\n      |      ^\n" },
		/* UTF-8: columns are characters */
		{ "\xc3\xa9\xc3\xa8x", 4, 1, "1:3:\n    1 | \xc3\xa9\xc3\xa8x\n      |   ^\n" },
		{ "\xc3\xa9x", 1, 1, "1:1:\n    1 | \xc3\xa9x\n      | ^\n" }, /* inside one */
		{ "x\xc3\xa9\xc3\xa9y", 1, 4, "1:2:\n    1 | x\xc3\xa9\xc3\xa9y\n      |  ^~\n" },
		{ "\xe6\xbc\xa2x", 3, 1, "1:2:\n    1 | \xe6\xbc\xa2x\n      |   ^\n" },
		{ "\xe6\xbc\xa2x", 0, 4, "1:1:\n    1 | \xe6\xbc\xa2x\n      | ^~~\n" },
		{ "\xf0\x9f\x98\x80x", 4, 1, "1:2:\n    1 | \xf0\x9f\x98\x80x\n      |   ^\n" },
		{ "e\xcc\x81x", 3, 1, "1:3:\n    1 | e\xcc\x81x\n      |  ^\n" },
		/* C1 in UTF-8, directions, invisible */
		{ "\xc2\x9b"
		  "31mx",
		  5, 1, "1:5:\n    1 | ?31mx\n      |     ^\n" },
		{ "\xe2\x80\xaex", 3, 1, "1:2:\n    1 | ?x\n      |  ^\n" },
		{ "\xe2\x81\xa6x", 3, 1, "1:2:\n    1 | ?x\n      |  ^\n" },
		{ "\xe2\x80\x8bx", 3, 1, "1:2:\n    1 | ?x\n      |  ^\n" },
		{ "\xe2\x80\xa8x", 3, 1, "1:2:\n    1 | ?x\n      |  ^\n" },
		{ "\xef\xbb\xbfx", 3, 1, "1:2:\n    1 | ?x\n      |  ^\n" },
		/* not UTF-8: stray, cut short, overlong, surrogate, too large */
		{ "\x80x", 1, 1, "1:2:\n    1 | ?x\n      |  ^\n" },
		{ "\x9b"
		  "31mx",
		  4, 1, "1:5:\n    1 | ?31mx\n      |     ^\n" },
		{ "\xffx", 1, 1, "1:2:\n    1 | ?x\n      |  ^\n" },
		{ "\xc3x", 1, 1, "1:2:\n    1 | ?x\n      |  ^\n" },
		{ "x\xc3", 0, 1, "1:1:\n    1 | x?\n      | ^\n" },
		{ "x\xe6\xbc", 0, 1, "1:1:\n    1 | x??\n      | ^\n" },
		{ "x\xe6\xbc\n\x82", 0, 1, "1:1:\n    1 | x??\n      | ^\n" },
		{ "\xc0\xaf|", 2, 1, "1:3:\n    1 | ??|\n      |   ^\n" },
		{ "\xe0\x80\xaf|", 3, 1, "1:4:\n    1 | ???|\n      |    ^\n" },
		{ "\xf0\x80\x80\xaf|", 4, 1, "1:5:\n    1 | ????|\n      |     ^\n" },
		{ "\xed\xa0\x80|", 3, 1, "1:4:\n    1 | ???|\n      |    ^\n" },
		{ "\xf4\x90\x80\x80|", 4, 1, "1:5:\n    1 | ????|\n      |     ^\n" },
		{ "\xf5\x80\x80\x80|", 4, 1, "1:5:\n    1 | ????|\n      |     ^\n" },
	};
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		struct diag_source s = source_of("f", cases[i].text);
		char want[256];
		const char *rest = strchr(cases[i].quote, '\n');

		diag_init(&f->list, f->arena);
		diag_add(&f->list, DIAG_ERROR, &s, cases[i].offset, cases[i].length, NULL, "t");
		snprintf(want, sizeof(want), "f:%.*s error: t%s", (int)(rest - cases[i].quote),
			 cases[i].quote, rest);
		assert_string_equal(printed(f), want);
	}
}

static void nul_bytes_are_shown_safely(void **state)
{
	struct fixture *f = *state;
	struct diag_source s = { "f", "a\0b", 3 };

	diag_add(&f->list, DIAG_ERROR, &s, 2, 1, NULL, "t");
	assert_string_equal(printed(f), "f:1:3: error: t\n    1 | a?b\n      |   ^\n");
}

static void no_text_of_the_user_reaches_the_terminal_raw(void **state)
{
	struct fixture *f = *state;
	struct diag_source s = source_of("a\x1b[2Jb\nc.json", "x");
	struct diag *d = diag_add(&f->list, DIAG_ERROR, &s, 0, 1,
				  "/k\x1b"
				  "ey\t",
				  "bad \"%s\"", "\x1b]\r\n\xff");

	diag_hint(&f->list, d, "did you mean \"%s\"?", "\x9b\xe2\x80\xae");
	assert_string_equal(printed(f), "a?[2Jb?c.json:1:1: error: /k?ey?: bad \"?]???\"\n"
					"    1 | x\n"
					"      | ^ did you mean \"??\"?\n");
}

/* Whatever the bytes: printable ASCII, tab, newline and strict UTF-8 above C1 come out. */
static void random_bytes_never_come_out_raw(void **state)
{
	struct fixture *f = *state;
	char text[400];
	struct diag_source s = { "f", text, sizeof(text) };

	srand(1201);
	for (int round = 0; round < 3000; round++) {
		for (size_t i = 0; i < sizeof(text); i++)
			text[i] = (char)(round & 1 ? rand() : (rand() & 3 ? 0x80 | rand() : 27));
		diag_init(&f->list, f->arena);
		diag_add(&f->list, DIAG_ERROR, &s, (size_t)rand() % (sizeof(text) + 1),
			 (size_t)rand() % 200, NULL, "t");
		for (const char *p = printed(f); *p; p++) {
			unsigned char c = (unsigned char)*p;

			assert_true(c >= ' ' || c == '\n' || c == '\t');
			assert_int_not_equal(c, 0x7f);
			if (c == 0xc2)
				assert_true((unsigned char)p[1] >= 0xa0);
			assert_false(c == 0xc0 || c == 0xc1 || c > 0xf4);
		}
	}
}

static void positions(void **state)
{
	static const char text[] = "ab\n\n\xc3\xa9z\nlast";
	static const struct {
		size_t offset;
		unsigned line, column;
	} cases[] = {
		{ 0, 1, 1 }, { 1, 1, 2 }, { 2, 1, 3 }, { 3, 2, 1 },  { 4, 3, 1 },    { 5, 3, 1 },
		{ 6, 3, 2 }, { 7, 3, 3 }, { 8, 4, 1 }, { 12, 4, 5 }, { 1000, 4, 5 },
	};
	struct diag_source s = source_of("f", text);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		unsigned line, column;

		diag_position(&s, cases[i].offset, &line, &column);
		assert_int_equal(line, cases[i].line);
		assert_int_equal(column, cases[i].column);
	}
}

/* The quoted line and the caret line of the only fault in the list. */
static void split_quote(struct fixture *f, char *quote, char *caret, size_t size)
{
	const char *first = strchr(printed(f), '\n') + 1;
	const char *second = strchr(first, '\n') + 1;

	snprintf(quote, size, "%.*s", (int)(second - first - 1), first);
	snprintf(caret, size, "%.*s", (int)strcspn(second, "\n"), second);
}

/* A line of any length: the caret is under the byte it means, and at most 100 are shown. */
static void long_lines_are_cut_around_the_fault(void **state)
{
	static const size_t lengths[] = { 1, 59, 60, 61, 99, 100, 101, 159, 160, 161, 300, 5000 };
	struct fixture *f = *state;

	for (size_t i = 0; i < ARRAY_SIZE(lengths); i++) {
		size_t n = lengths[i];

		for (size_t at = 0; at<n; at += n> 400 ? 97 : 1) {
			_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;
			struct diag_source s = { "f", NULL, 0 };
			char quote[300], caret[300];

			strbuf_add(&text, "before\n");
			for (size_t k = 0; k < n; k++)
				strbuf_addc(&text, k == at ? '#' : (char)('a' + k % 26));
			strbuf_add(&text, "\nafter\n");
			s.text = text.text;
			s.len = text.len;
			diag_init(&f->list, f->arena);
			diag_add(&f->list, DIAG_ERROR, &s, 7 + at, 1, NULL, "t");
			split_quote(f, quote, caret, sizeof(quote));
			assert_true(strlen(quote) <= 8 + 3 + 100 + 3);
			assert_int_equal(strlen(quote) > 8 + 100, n > 100);
			assert_int_equal(strchr(caret, '^') - caret, strchr(quote, '#') - quote);
			if (n <= 100)
				assert_memory_equal(quote + 8, s.text + 7, n);
			else
				assert_non_null(strstr(quote, "..."));
		}
	}
}

static void long_lines_are_cut_between_characters(void **state)
{
	static const char *const characters[] = { "x", "\xc3\xa9", "\xe2\x82\xac",
						  "\xf0\x9f\x98\x80" };
	struct fixture *f = *state;

	for (size_t at = 0; at < 400; at++) {
		_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;
		struct diag_source s = { "f", NULL, 0 };
		char quote[700], caret[700];
		unsigned shown;

		for (size_t k = 0; k < 400; k++) /* no period that a cut could hide behind */
			strbuf_add(&text, characters[k * k / 7 % 4]);
		s.text = text.text;
		s.len = text.len;
		diag_init(&f->list, f->arena);
		diag_add(&f->list, DIAG_ERROR, &s, at, 1, NULL, "t");
		split_quote(f, quote, caret, sizeof(quote));
		assert_null(strchr(quote, '?'));
		shown = 0;
		for (const char *p = quote + 8; *p; p++)
			shown += ((unsigned char)*p & 0xc0) != 0x80 && *p != '.';
		assert_int_equal(shown, 100);
	}
}

static void an_underline_ends_with_the_window(void **state)
{
	struct fixture *f = *state;
	char text[1001] = "", quote[300], caret[300];
	struct diag_source s = { "f", text, 1000 };

	memset(text, 'x', 1000);
	diag_add(&f->list, DIAG_ERROR, &s, 10, 900, NULL, "t");
	split_quote(f, quote, caret, sizeof(quote));
	assert_int_equal(strlen(quote), 8 + 100 + 3);
	assert_int_equal(strlen(caret), 8 + 100);
}

/* 1000 faults in a line of 16 MiB: minutes if each were looked up from the start. */
static void many_faults_in_one_huge_line_are_cheap(void **state)
{
	enum { SIZE = 16 << 20 };
	_cleanup_(cleanup_freep) char *text = malloc(SIZE);
	struct fixture *f = *state;
	struct diag_source s = { "f", text, SIZE };
	char last[64];

	assert_non_null(text);
	memset(text, 'x', SIZE);
	for (size_t i = DIAG_MAX; i-- > 0;)
		diag_add(&f->list, DIAG_ERROR, &s, SIZE - 1 - i, 1, NULL, "t");
	snprintf(last, sizeof(last), "\nf:1:%d: error", SIZE);
	assert_non_null(strstr(printed(f), last));
}

static void too_many_faults_are_counted_not_kept(void **state)
{
	struct fixture *f = *state;

	for (int i = 0; i < DIAG_MAX; i++)
		assert_non_null(
			diag_add(&f->list, DIAG_WARNING, NULL, DIAG_NO_OFFSET, 1, NULL, "w"));
	for (int i = 0; i < 3; i++)
		assert_null(diag_add(&f->list, DIAG_WARNING, NULL, DIAG_NO_OFFSET, 1, NULL, "w"));
	/* warnings do not crowd errors out */
	for (int i = 0; i < DIAG_MAX; i++)
		assert_non_null(diag_add(&f->list, DIAG_ERROR, NULL, DIAG_NO_OFFSET, 1, NULL, "e"));
	for (int i = 0; i < 4; i++)
		assert_null(diag_add(&f->list, DIAG_ERROR, NULL, DIAG_NO_OFFSET, 1, NULL, "e"));
	assert_int_equal(f->list.count, 2 * DIAG_MAX);
	assert_int_equal(f->list.errors, DIAG_MAX + 4);
	assert_int_equal(f->list.dropped, 7);
	assert_non_null(strstr(printed(f), "error: e\n7 more not shown\n"));
}

static void colour_is_only_where_asked(void **state)
{
	struct fixture *f = *state;
	struct diag_source s = source_of("f", "x\n");

	diag_add(&f->list, DIAG_ERROR, &s, 0, 1, NULL, "t");
	assert_null(strchr(printed(f), 27));
	strbuf_reset(&f->out);
	diag_print(&f->list, &f->out, true);
	assert_string_equal(strbuf_text(&f->out), "\033[1mf:1:1:\033[0m \033[1;31merror:\033[0m t\n"
						  "    1 | x\n"
						  "      | \033[1;32m^\033[0m\n");
}

static void nothing_prints_nothing(void **state)
{
	assert_string_equal(printed(*state), "");
}

static void nearest_names(void **state)
{
	static const char *const names[] = {
		"links", "groups", "rules", "probes", "fiber",	 "lte",
		"wan1",	 "wan2",   "via",   "to",     "on_down",
	};
	static const struct {
		const char *word, *nearest;
	} cases[] = {
		{ "fibre", "fiber" }, /* swapped neighbours */
		{ "fber", "fiber" }, /* left out */
		{ "fiiber", "fiber" }, /* doubled */
		{ "fiver", "fiber" }, /* replaced */
		{ "linsk", "links" },
		{ "group", "groups" },
		{ "wan3", "wan1" }, /* equals: the first */
		{ "wan", "wan1" },
		{ "wna2", "wan2" },
		{ "RULES", "rules" }, /* only the case differs */
		{ "On_Dwon", "on_down" },
		{ "ondown", "on_down" },
		{ "on-down", "on_down" },
		{ "ot", "to" },
		{ "t", NULL }, /* "to" would replace all there is */
		{ "x", NULL },
		{ "xx", NULL },
		{ "dsl", NULL },
		{ "abcdef", NULL },
		{ "gropus", "groups" },
		{ "grxxps", "groups" }, /* two of six */
		{ "gxxxps", NULL }, /* three of six */
		{ "", NULL },
		{ "linkslinkslinkslinkslinkslinkslinkslinkslinkslinkslinkslinkslinks", NULL },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const char *got = diag_nearest(cases[i].word, names, ARRAY_SIZE(names));

		if (!got != !cases[i].nearest || (got && strcmp(got, cases[i].nearest) != 0))
			fail_msg("\"%s\": got %s, want %s", cases[i].word, got ? got : "nothing",
				 cases[i].nearest ? cases[i].nearest : "nothing");
	}
	assert_null(diag_nearest("fiber", names, 0));
}

static void a_long_candidate_is_passed_over(void **state)
{
	static const char *const names[] = {
		"a123456789012345678901234567890123456789012345678901234567890123456789",
		"a12345678901234567890123456789012345678901234567890123456789012b",
	};

	assert_ptr_equal(
		diag_nearest("a12345678901234567890123456789012345678901234567890123456789012c",
			     names, 2),
		names[1]);
}

#define FACT(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
	static const struct CMUnitTest tests[] = {
		FACT(a_fault_shows_place_line_caret_and_hint),
		FACT(texts_are_copied),
		FACT(a_fault_may_have_no_place_or_no_pointer),
		FACT(faults_are_sorted_by_file_place_and_order),
		FACT(quoted_lines),
		FACT(nul_bytes_are_shown_safely),
		FACT(no_text_of_the_user_reaches_the_terminal_raw),
		FACT(random_bytes_never_come_out_raw),
		FACT(positions),
		FACT(long_lines_are_cut_around_the_fault),
		FACT(long_lines_are_cut_between_characters),
		FACT(an_underline_ends_with_the_window),
		FACT(many_faults_in_one_huge_line_are_cheap),
		FACT(too_many_faults_are_counted_not_kept),
		FACT(colour_is_only_where_asked),
		FACT(nothing_prints_nothing),
		FACT(nearest_names),
		FACT(a_long_candidate_is_passed_over),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
