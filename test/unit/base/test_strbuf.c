/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/cleanup.h"
#include "base/strbuf.h"

static void nothing_is_the_empty_text(void **state)
{
	struct strbuf b = STRBUF_NULL;

	assert_string_equal(strbuf_text(&b), "");
	strbuf_reset(&b);
	assert_string_equal(strbuf_text(&b), "");
	strbuf_done(&b);
	strbuf_done(&b);
	assert_string_equal(strbuf_text(&b), "");
}

static void pieces_are_joined(void **state)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;

	strbuf_add(&b, "table ");
	strbuf_add(&b, "");
	strbuf_addn(&b, "inet!", 4);
	strbuf_addc(&b, ' ');
	strbuf_addf(&b, "%s_%d", "omr", 4);
	strbuf_addf(&b, "%s", "");
	assert_string_equal(strbuf_text(&b), "table inet omr_4");
	assert_int_equal(b.len, 16);
}

static void an_empty_piece_makes_text_non_null(void **state)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;

	strbuf_addn(&b, NULL, 0);
	assert_non_null(b.text);
	assert_string_equal(b.text, "");
}

static void nul_bytes_are_kept(void **state)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;

	strbuf_addn(&b, "a\0b", 3);
	strbuf_addc(&b, '\0');
	strbuf_add(&b, "c");
	assert_int_equal(b.len, 5);
	assert_memory_equal(b.text, "a\0b\0c", 6);
}

static void text_is_terminated_after_every_byte(void **state)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;

	for (size_t i = 0; i < 5000; i++) {
		strbuf_addc(&b, (char)('a' + i % 26));
		assert_int_equal(b.len, i + 1);
		assert_int_equal(b.text[b.len], '\0');
		assert_true(b.cap > b.len);
	}
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(b.text[i], 'a' + i % 26);
}

/* Each length meets a buffer that is empty, nearly full and just full. */
static void formatting_grows_at_every_length(void **state)
{
	for (int before = 0; before<520; before += before> 250 && before < 258 ? 1 : 13) {
		for (int n = 0; n < 520; n += 1 + n % 7) {
			_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;

			for (int i = 0; i < before; i++)
				strbuf_addc(&b, 'x');
			strbuf_addf(&b, "%*s|", n, "");
			assert_int_equal(b.len, before + n + 1);
			assert_int_equal(strlen(b.text), b.len);
			assert_int_equal(b.text[b.len - 1], '|');
		}
	}
}

static void reset_keeps_memory(void **state)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;
	const char *text;
	size_t cap;

	strbuf_addf(&b, "%1000s", "");
	text = b.text;
	cap = b.cap;
	strbuf_reset(&b);
	assert_int_equal(b.len, 0);
	assert_string_equal(strbuf_text(&b), "");
	strbuf_add(&b, "again");
	assert_ptr_equal(b.text, text);
	assert_int_equal(b.cap, cap);
	assert_string_equal(b.text, "again");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_the_empty_text),
		cmocka_unit_test(pieces_are_joined),
		cmocka_unit_test(an_empty_piece_makes_text_non_null),
		cmocka_unit_test(nul_bytes_are_kept),
		cmocka_unit_test(text_is_terminated_after_every_byte),
		cmocka_unit_test(formatting_grows_at_every_length),
		cmocka_unit_test(reset_keeps_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
