/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "model/policy_list.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fixture {
	struct arena *arena;
	struct diag_list faults;
	struct diag_source source;
	struct policy_list list;
	int result;
};

static void read_text(struct fixture *f, const char *text, size_t len)
{
	*f = (struct fixture){ .arena = arena_new() };
	diag_init(&f->faults, f->arena);
	f->source = (struct diag_source){ .name = "l.txt", .text = text, .len = len };
	f->result = policy_list_read(&f->source, f->arena, &f->faults, &f->list);
}

static void done(struct fixture *f)
{
	f->arena = arena_free(f->arena);
}

static void all_kinds_of_entries_are_read_in_order(void **state)
{
	static const char text[] = "# head\n"
				   "203.0.113.0/24\n"
				   "\n"
				   "  198.51.100.7\t# a host\r\n"
				   "192.0.2.1-192.0.2.9 #range\n"
				   "\t\r\n"
				   "2001:db8::/32\n"
				   "Example.COM.\n"
				   "123.example\n"
				   "fe80::1-fe80::9"; /* no newline at the end */
	static const char *const ranges[] = { "203.0.113.0/24", "198.51.100.7",
					      "192.0.2.1-192.0.2.9", "2001:db8::/32",
					      "fe80::1-fe80::9" };
	struct fixture f;

	read_text(&f, text, strlen(text));
	assert_int_equal(f.result, 0);
	assert_int_equal(f.faults.count, 0);
	assert_int_equal(f.list.n_ranges, ARRAY_SIZE(ranges));
	for (size_t i = 0; i < ARRAY_SIZE(ranges); i++) {
		char buf[INET_RANGE_MAX];

		assert_string_equal(
			inet_print_range(&f.list.ranges[i].range, f.list.ranges[i].family, buf),
			ranges[i]);
	}
	assert_int_equal(f.list.n_domains, 2);
	assert_string_equal(f.list.domains[0].name, "example.com");
	assert_string_equal(f.list.domains[1].name, "123.example");
	done(&f);
}

static void bad_entries_are_told_with_their_place(void **state)
{
	static const struct {
		const char *text;
		size_t offset, length;
		const char *fault, *hint;
	} cases[] = {
		{ "10.0.0.1/8", 0, 10, "\"10.0.0.1/8\" has host bits set",
		  "did you mean \"10.0.0.0/8\"?" },
		{ "\n  2001:db8::1/32 #", 3, 14, "\"2001:db8::1/32\" has host bits set",
		  "did you mean \"2001:db8::/32\"?" },
		{ "10.0.0.0/33", 0, 11, "\"10.0.0.0/33\" has a prefix length that is too big",
		  NULL },
		{ "10.0.0.9-10.0.0.1", 0, 17,
		  "the range \"10.0.0.9-10.0.0.1\" ends before it begins", NULL },
		{ "1.2.3", 0, 5, "\"1.2.3\" is not a prefix, address or range", NULL },
		{ "1.2.3.4 x.org", 8, 5, "one entry a line", "comments begin with \"#\"" },
		{ "*.x.org", 0, 7,
		  "\"*.x.org\": a domain is written without a wildcard or first dot",
		  "write \"x.org\": subdomains are always covered" },
		{ "\xc3\xbc.org", 0, 6, "\"\xc3\xbc.org\" is not a domain",
		  "write it in ASCII (punycode): \"xn--...\"" },
		{ "x.org/path", 0, 10, "\"x.org/path\" is not a prefix",
		  "a prefix is an address and its length: 192.0.2.0/24" },
		{ "x;y.org", 0, 7, "\"x;y.org\" is not a domain", NULL },
		{ ".", 0, 1, "\".\" is not a prefix, address or range", NULL },
		{ "*", 0, 1, "\"*\" is not a domain", NULL },
		{ "*.", 0, 2, "\"*.\" is not a domain", NULL },
		{ "\xef\xbb\xbf"
		  "1.2.3.4",
		  0, 3, "the file begins with a byte order mark",
		  "save the file as UTF-8 without it" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct diag *d;
		struct fixture f;

		read_text(&f, cases[i].text, strlen(cases[i].text));
		d = f.faults.items;
		if (f.result != POLICY_LIST_INVALID || f.faults.count != 1 ||
		    d->offset != cases[i].offset || d->length != cases[i].length || d->pointer ||
		    strcmp(d->text, cases[i].fault) != 0)
			fail_msg("%s: %d, %zu faults, %zu+%zu: %s", cases[i].text, f.result,
				 f.faults.count, d ? d->offset : 0, d ? d->length : 0,
				 d ? d->text : "");
		if (cases[i].hint) {
			assert_non_null(d->hint);
			assert_string_equal(d->hint, cases[i].hint);
		} else {
			assert_null(d->hint);
		}
		done(&f);
	}
}

static void a_list_without_entries_is_refused(void **state)
{
	static const char *const texts[] = { "", "\n", "# only\n  # comments", "\r\n\r\n" };

	for (size_t i = 0; i < ARRAY_SIZE(texts); i++) {
		struct fixture f;

		read_text(&f, texts[i], strlen(texts[i]));
		assert_int_equal(f.result, POLICY_LIST_INVALID);
		assert_int_equal(f.faults.items[0].offset, DIAG_NO_OFFSET);
		done(&f);
	}
}

static void nul_bytes_do_not_end_an_entry(void **state)
{
	struct fixture f;

	read_text(&f, "x.org\0y\n", 8);
	assert_int_equal(f.result, POLICY_LIST_INVALID);
	done(&f);
	read_text(&f, "1.2.3.4\0", 8);
	assert_int_equal(f.result, POLICY_LIST_INVALID);
	done(&f);
}

static void long_entries_are_cut_in_messages_at_a_character(void **state)
{
	char text[400];
	struct fixture f;

	memset(text, 'a', sizeof(text));
	memcpy(text + 59, "\xc3\xbc", 2); /* across the cut */
	read_text(&f, text, sizeof(text));
	assert_int_equal(f.faults.count, 1);
	assert_null(strchr(f.faults.items[0].text, '\xc3'));
	assert_non_null(strstr(f.faults.items[0].text, "aaa...\" is not a domain"));
	done(&f);
}

/* As many as a big public list has; what it costs is measured in test/bench. */
static void a_million_lines_are_normal(void **state)
{
	enum { N = 1000000 };
	_cleanup_(cleanup_freep) char *text = malloc((size_t)N * 20);
	struct fixture f;
	size_t len = 0;

	assert_non_null(text);
	for (unsigned i = 0; i < N; i++)
		len += (size_t)sprintf(text + len, "%u.%u.%u.0/24\n", 1 + (i >> 16), (i >> 8) & 255,
				       i & 255);
	read_text(&f, text, len);
	assert_int_equal(f.result, 0);
	assert_int_equal(f.list.n_ranges, N);
	done(&f);
	for (size_t i = 0; i < len; i++)
		if (text[i] == '/')
			text[i - 1] = '1';
	read_text(&f, text, len);
	assert_int_equal(f.faults.count, DIAG_MAX);
	assert_int_equal(f.faults.errors, N);
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_kinds_of_entries_are_read_in_order),
		cmocka_unit_test(bad_entries_are_told_with_their_place),
		cmocka_unit_test(a_list_without_entries_is_refused),
		cmocka_unit_test(nul_bytes_do_not_end_an_entry),
		cmocka_unit_test(long_entries_are_cut_in_messages_at_a_character),
		cmocka_unit_test(a_million_lines_are_normal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
