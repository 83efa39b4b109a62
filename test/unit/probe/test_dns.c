/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Questions byte by byte (RFC 1035), and which datagrams answer them. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/dns.h"

static void questions_are_as_the_rfc_has_them(void **state)
{
	static const uint8_t root[] = { 0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 1 };
	static const uint8_t name[] = "\x12\x34\1\0\0\1\0\0\0\0\0\0\7example\3com\0\0\1\0\1";
	uint8_t buf[DNS_QUERY_MAX];

	assert_int_equal(dns_query_build(0x1234, ".", buf), sizeof(root));
	assert_memory_equal(buf, root, sizeof(root));
	assert_int_equal(dns_query_build(0x1234, "example.com", buf), sizeof(name) - 1);
	assert_memory_equal(buf, name, sizeof(name) - 1);
	assert_int_equal(dns_query_build(0x1234, "example.com.", buf), sizeof(name) - 1);
	assert_memory_equal(buf, name, sizeof(name) - 1);
}

static void the_longest_name_fits(void **state)
{
	uint8_t buf[DNS_QUERY_MAX];
	char name[300];
	int n;

	memset(name, 'a', sizeof(name));
	name[63] = name[127] = name[191] = '.';
	name[253] = '\0'; /* 63 + 63 + 63 + 61: 255 bytes */
	assert_int_equal(dns_query_build(1, name, buf), DNS_QUERY_MAX);
	name[253] = 'a';
	name[254] = '\0';
	assert_int_equal(dns_query_build(1, name, buf), -EINVAL);
	name[64] = '\0';
	name[63] = 'a';
	n = dns_query_build(1, name, buf);
	assert_int_equal(n, -EINVAL); /* a label of 64 */
	assert_int_equal(dns_query_build(1, "a..b", buf), -EINVAL);
	assert_int_equal(dns_query_build(1, ".a", buf), -EINVAL);
}

static void answers_are_judged(void **state)
{
	static const struct {
		const char *what;
		size_t at;
		uint8_t value;
		enum dns_answer want;
	} cases[] = {
		{ "as it is", 2, 0x81, DNS_ANSWER_GOOD },
		{ "cut", 2, 0x83, DNS_ANSWER_GOOD },
		{ "recursion available", 3, 0x80, DNS_ANSWER_GOOD },
		{ "no such name", 3, 0x83, DNS_ANSWER_GOOD },
		{ "format error", 3, 0x81, DNS_ANSWER_BAD },
		{ "server failure", 3, 0x82, DNS_ANSWER_BAD },
		{ "NOTIMP", 3, 0x84, DNS_ANSWER_BAD },
		{ "refused", 3, 0x85, DNS_ANSWER_BAD },
		{ "another id", 0, 0x13, DNS_ANSWER_FOREIGN },
		{ "another id", 1, 0x35, DNS_ANSWER_FOREIGN },
		{ "a question", 2, 0x01, DNS_ANSWER_FOREIGN },
		{ "a status request", 2, 0x91, DNS_ANSWER_FOREIGN },
		{ "no question", 5, 0, DNS_ANSWER_FOREIGN },
		{ "two questions", 5, 2, DNS_ANSWER_FOREIGN },
		{ "257 questions", 4, 1, DNS_ANSWER_FOREIGN },
		{ "the name in capitals", 13, 'E', DNS_ANSWER_GOOD },
		{ "another name", 13, 'f', DNS_ANSWER_FOREIGN },
		{ "another type", 26, 28, DNS_ANSWER_FOREIGN },
		{ "another class", 28, 3, DNS_ANSWER_FOREIGN },
	};
	uint8_t query[DNS_QUERY_MAX], answer[DNS_QUERY_MAX + 16] = { 0 };
	size_t n = (size_t)dns_query_build(0x1234, "example.com", query);

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		memcpy(answer, query, n);
		answer[2] |= 0x80;
		answer[cases[i].at] = cases[i].value;
		if (dns_answer_judge(query, n, answer, n + 16) != cases[i].want ||
		    dns_answer_judge(query, n, answer, n) != cases[i].want)
			fail_msg("%s", cases[i].what);
	}
	answer[2] = 0x81;
	for (size_t i = 0; i < n; i++)
		assert_int_equal(dns_answer_judge(query, n, answer, i), DNS_ANSWER_FOREIGN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(questions_are_as_the_rfc_has_them),
		cmocka_unit_test(the_longest_name_fits),
		cmocka_unit_test(answers_are_judged),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
