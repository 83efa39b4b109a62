/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"

static struct {
	unsigned lines;
	enum log_level level;
	char token[32], text[256];
} seen;

static void remember(enum log_level level, const char *token, const char *text)
{
	seen.lines++;
	seen.level = level;
	snprintf(seen.token, sizeof(seen.token), "%s", token);
	snprintf(seen.text, sizeof(seen.text), "%s", text);
	errno = EBADF;
}

static int reset(void **state)
{
	log_finish(); /* of the test before */
	memset(&seen, 0, sizeof(seen));
	log_set_level(LOG_LEVEL_INFO);
	log_set_sink(remember);
	return 0;
}

static void lines_reach_the_sink(void **state)
{
	log_warn("apply", "rule pref %u: %s", 1010u, "no such device");
	assert_int_equal(seen.lines, 1);
	assert_int_equal(seen.level, LOG_LEVEL_WARNING);
	assert_string_equal(seen.token, "apply");
	assert_string_equal(seen.text, "rule pref 1010: no such device");
}

static void levels_are_thresholds(void **state)
{
	for (enum log_level limit = LOG_LEVEL_ERROR; limit <= LOG_LEVEL_DEBUG; limit++) {
		seen.lines = 0;
		log_set_level(limit);
		log_err("t", "e");
		log_warn("t", "w");
		log_info("t", "i");
		log_debug("t", "d");
		assert_int_equal(seen.lines, limit + 1);
	}
}

static void control_characters_cannot_forge_a_line(void **state)
{
	log_info("t", "a%sb", "\n<0>fake\r\x1b[31m\x7f\t");
	assert_string_equal(seen.text, "a?<0>fake??[31m??b");
}

static void errno_is_kept(void **state)
{
	errno = EXDEV;
	log_info("t", "x");
	assert_int_equal(errno, EXDEV);
	log_debug("t", "x");
	assert_int_equal(errno, EXDEV);
}

static void a_storm_becomes_a_count(void **state)
{
	for (int i = 0; i < 1000; i++)
		log_warn("link", "fiber: %s", "down");
	assert_in_range(seen.lines, 1, 10);
	assert_string_equal(seen.text, "fiber: down");
	log_flush(); /* not due */
	assert_string_equal(seen.text, "fiber: down");
	log_finish();
	assert_int_equal(seen.level, LOG_LEVEL_WARNING);
	assert_string_equal(seen.token, "link");
	assert_non_null(strstr(seen.text, "fiber: down (repeated 995 times in "));
}

static void debug_lines_are_all_printed(void **state)
{
	log_set_level(LOG_LEVEL_DEBUG);
	for (int i = 0; i < 1000; i++)
		log_debug("link", "x");
	assert_int_equal(seen.lines, 1000);
}

/* What log_line() writes to stderr, with JOURNAL_STREAM set to the file or to `stream`. */
static void capture(char *out, size_t size, bool journal, const char *stream)
{
	_cleanup_(cleanup_fclosep) FILE *file = tmpfile();
	int saved = dup(STDERR_FILENO);
	char here[64];
	struct stat st;
	ssize_t n;

	assert_non_null(file);
	assert_true(saved >= 0);
	assert_int_equal(fstat(fileno(file), &st), 0);
	snprintf(here, sizeof(here), "%lu:%lu", (unsigned long)st.st_dev, (unsigned long)st.st_ino);
	unsetenv("JOURNAL_STREAM");
	if (journal || stream)
		setenv("JOURNAL_STREAM", journal ? here : stream, 1);
	log_set_sink(NULL);
	fflush(stderr);
	dup2(fileno(file), STDERR_FILENO);
	log_err("apply", "one");
	log_warn("link", "two\nthree");
	log_info("core", "%s", "");
	log_debug("core", "unseen");
	dup2(saved, STDERR_FILENO);
	close(saved);
	unsetenv("JOURNAL_STREAM");
	n = pread(fileno(file), out, size - 1, 0);
	assert_true(n >= 0);
	out[n] = '\0';
}

static void a_terminal_gets_level_names(void **state)
{
	char out[512];

	capture(out, sizeof(out), false, NULL);
	assert_string_equal(out, "error apply: one\nwarning link: two?three\ninfo core: \n");
}

static void the_journal_gets_prefixes(void **state)
{
	char out[512];

	capture(out, sizeof(out), true, NULL);
	assert_string_equal(out, "<3>apply: one\n<4>link: two?three\n<6>core: \n");
}

static void an_inherited_journal_stream_is_not_believed(void **state)
{
	char out[512];

	capture(out, sizeof(out), false, "1:2");
	assert_string_equal(out, "error apply: one\nwarning link: two?three\ninfo core: \n");
}

/* A reader that is stuck: nothing waits for it, and it is told what it has missed. */
static void a_reader_that_is_stuck_holds_nobody_up(void **state)
{
	char out[1 << 18];
	int ends[2], saved = dup(STDERR_FILENO);
	ssize_t n;

	assert_int_equal(pipe(ends), 0);
	assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
	log_set_sink(NULL);
	log_set_level(LOG_LEVEL_DEBUG);
	alarm(20); /* else the test would not end */
	for (unsigned i = 0; i < 5000; i++)
		log_debug("link", "line %u of those that nobody reads", i);
	n = read(ends[0], out, sizeof(out) - 1);
	log_debug("link", "read again");
	alarm(0);
	assert_true(n > 40000);
	assert_memory_equal(out, "debug link: line 0 of", 21);
	n = read(ends[0], out, sizeof(out) - 1);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(ends[0]);
	close(ends[1]);
	assert_true(n > 0);
	out[n] = '\0';
	assert_memory_equal(out, "warning log: ", 13);
	assert_non_null(strstr(out, " lines lost: nobody read them\ndebug link: read again\n"));
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(lines_reach_the_sink, reset),
		cmocka_unit_test_setup(levels_are_thresholds, reset),
		cmocka_unit_test_setup(control_characters_cannot_forge_a_line, reset),
		cmocka_unit_test_setup(errno_is_kept, reset),
		cmocka_unit_test_setup(a_storm_becomes_a_count, reset),
		cmocka_unit_test_setup(debug_lines_are_all_printed, reset),
		cmocka_unit_test_setup(a_terminal_gets_level_names, reset),
		cmocka_unit_test_setup(the_journal_gets_prefixes, reset),
		cmocka_unit_test_setup(an_inherited_journal_stream_is_not_believed, reset),
		cmocka_unit_test_setup(a_reader_that_is_stuck_holds_nobody_up, reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
