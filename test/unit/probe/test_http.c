/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The request's text, and the status of what comes back, piece by piece. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "base/cleanup.h"
#include "probe/http.h"

static void the_request(void **state)
{
	static const char want[] =
		"GET /x?y HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n"
		"User-Agent: omr-nft\r\nAccept: */*\r\nConnection: close\r\n\r\n";
	char buf[256];

	assert_int_equal(http_request_build("[2001:db8::1]:8080", "/x?y", buf, sizeof(buf)),
			 sizeof(want) - 1);
	assert_string_equal(buf, want);
	assert_int_equal(http_request_build("[2001:db8::1]:8080", "/x?y", buf, sizeof(want) - 1),
			 -ENOSPC);
}

static void the_status(void **state)
{
	static const struct {
		const char *text;
		int want;
	} cases[] = {
		{ "", 0 },
		{ "HTT", 0 },
		{ "HTTP/1.1 20", 0 },
		{ "HTTP/1.1 200", 0 },
		{ "HTTP/1.1 200 OK\r", 0 },
		{ "HTTP/1.1 200 OK\r\n", 200 },
		{ "HTTP/1.0 404 Not Found\r\n", 404 },
		{ "HTTP/1.1 204\r\n", 204 },
		{ "HTTP/1.1 204\n", 204 },
		{ "HTTP/1.1 599 \r\n", 599 },
		{ "HTTP/1.1 099 Odd\r\n", -EBADMSG },
		{ "HTTP/1.1 600 Odd\r\n", -EBADMSG },
		{ "HTTP/1.1 2000 OK\r\n", -EBADMSG },
		{ "HTTP/1.1 20x OK\r\n", -EBADMSG },
		{ "HTTP/2 200\r\n", -EBADMSG },
		{ "http/1.1 200 OK\r\n", -EBADMSG },
		{ "SSH-2.0", -EBADMSG },
		{ " HTTP/1.1 200 OK\r\n", -EBADMSG },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (http_status_parse(cases[i].text, strlen(cases[i].text)) != cases[i].want)
			fail_msg("%s", cases[i].text);
}

static void a_status_comes_in_pieces(void **state)
{
	static const char text[] = "HTTP/1.1 302 Found\r\nLocation: /\r\n";

	for (size_t i = 0; i < sizeof(text); i++)
		assert_int_equal(http_status_parse(text, i), i < 20 ? 0 : 302);
}

static void a_line_without_end_is_none(void **state)
{
	char text[HTTP_HEAD_MAX];

	memset(text, 'x', sizeof(text));
	memcpy(text, "HTTP/1.1 200 ", 13);
	assert_int_equal(http_status_parse(text, sizeof(text) - 1), 0);
	assert_int_equal(http_status_parse(text, sizeof(text)), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_request),
		cmocka_unit_test(the_status),
		cmocka_unit_test(a_status_comes_in_pieces),
		cmocka_unit_test(a_line_without_end_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
