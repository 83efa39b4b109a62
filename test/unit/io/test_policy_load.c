/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "io/policy_load.h"
#include "model/policy.h"
#include "model/policy_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/test_policy_load.XXXXXX";

static int enter(void **state)
{
	return mkdtemp(directory) && chdir(directory) == 0 && mkdir("etc", 0700) == 0 ? 0 : -1;
}

static int leave(void **state)
{
	static const char *const files[] = { "etc/p.json",    "etc/l.txt", "etc/big.txt",
					     "etc/link.json", "etc/fifo",  "big.json",
					     "p.json" };

	for (size_t i = 0; i < ARRAY_SIZE(files); i++)
		unlink(files[i]);
	return rmdir("etc") == 0 && chdir("/") == 0 && rmdir(directory) == 0 ? 0 : -1;
}

static void write_file(const char *path, const char *text)
{
	_cleanup_(cleanup_fclosep) FILE *f = fopen(path, "we");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
}

static void write_policy(const char *path, const char *rule)
{
	char text[500];

	snprintf(text, sizeof(text),
		 "{\"version\":1,\"links\":{\"a\":{\"device\":\"eth1\"}},"
		 "\"rules\":[{%s,\"via\":\"a\"}]}",
		 rule);
	write_file(path, text);
}

struct fixture {
	struct arena *arena;
	struct diag_list faults;
	struct policy *policy;
	int result;
};

static void load(struct fixture *f, const char *path)
{
	*f = (struct fixture){ .arena = arena_new() };
	diag_init(&f->faults, f->arena);
	f->result = policy_load(path, f->arena, &f->policy, &f->faults);
}

static void done(struct fixture *f)
{
	f->arena = arena_free(f->arena);
}

static void lists_stand_beside_the_policy(void **state)
{
	struct fixture f;

	write_policy("etc/p.json", "\"lists\":[\"l.txt\"]");
	write_file("etc/l.txt", "10.0.0.0/8\n");
	load(&f, "etc/p.json");
	assert_int_equal(f.result, 0);
	assert_int_equal(f.policy->rules[0].n_to, 1);
	done(&f);
	assert_int_equal(symlink("etc/p.json", "p.json"), 0);
	load(&f, "p.json"); /* beside the name it was called by */
	assert_int_equal(f.result, POLICY_READ_INVALID);
	done(&f);
	assert_int_equal(symlink("p.json", "etc/link.json"), 0);
	load(&f, "etc/link.json");
	assert_int_equal(f.result, 0);
	done(&f);
}

static void a_bad_list_is_named_as_it_was_opened(void **state)
{
	struct fixture f;

	write_policy("etc/p.json", "\"lists\":[\"l.txt\"]");
	write_file("etc/l.txt", "\n10.0.0.1/8\n");
	load(&f, "etc/p.json");
	assert_int_equal(f.result, POLICY_READ_INVALID);
	assert_string_equal(f.faults.items[0].source->name, "etc/l.txt");
	assert_int_equal(f.faults.items[0].offset, 1);
	done(&f);
}

static void what_is_no_file_is_refused_at_once(void **state)
{
	struct fixture f;

	assert_int_equal(mkfifo("etc/fifo", 0600), 0);
	load(&f, "etc/fifo");
	assert_int_equal(f.result, -ENOTSUP);
	done(&f);
	load(&f, "etc");
	assert_int_equal(f.result, -EISDIR);
	done(&f);
	load(&f, "etc/none.json");
	assert_int_equal(f.result, -ENOENT);
	done(&f);
	write_policy("etc/p.json", "\"lists\":[\"fifo\",\".\",\"none.txt\",\"/dev/zero\"]");
	load(&f, "etc/p.json");
	assert_int_equal(f.result, POLICY_READ_INVALID);
	assert_int_equal(f.faults.count, 4);
	assert_string_equal(f.faults.items[0].text,
			    "cannot read the list \"fifo\": it is not a regular file");
	done(&f);
}

static void files_beyond_the_limits_are_not_read(void **state)
{
	struct fixture f;

	write_file("big.json", "{}");
	assert_int_equal(truncate("big.json", (off_t)POLICY_FILE_MAX + 1), 0);
	load(&f, "big.json");
	assert_int_equal(f.result, POLICY_READ_INVALID);
	assert_string_equal(f.faults.items[0].text, "the file is larger than 32 MiB");
	done(&f);
	write_file("etc/big.txt", "");
	assert_int_equal(truncate("etc/big.txt", (off_t)POLICY_LIST_MAX + 1), 0);
	write_policy("etc/p.json", "\"lists\":[\"big.txt\"]");
	load(&f, "etc/p.json");
	assert_int_equal(f.result, POLICY_READ_INVALID);
	assert_string_equal(f.faults.items[0].text,
			    "cannot read the list \"big.txt\": it is larger than 256 MiB");
	done(&f);
}

static void users_are_looked_up(void **state)
{
	struct fixture f;

	write_policy("etc/p.json", "\"users\":[\"root\",7]");
	load(&f, "etc/p.json");
	assert_int_equal(f.result, 0);
	assert_int_equal(f.policy->rules[0].users[0].uid, 0);
	done(&f);
	write_policy("etc/p.json", "\"users\":[\"no-such-user-here\"]");
	load(&f, "etc/p.json");
	assert_int_equal(f.result, POLICY_READ_INVALID);
	assert_string_equal(f.faults.items[0].text, "no user named \"no-such-user-here\"");
	done(&f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lists_stand_beside_the_policy),
		cmocka_unit_test(a_bad_list_is_named_as_it_was_opened),
		cmocka_unit_test(what_is_no_file_is_refused_at_once),
		cmocka_unit_test(files_beyond_the_limits_are_not_read),
		cmocka_unit_test(users_are_looked_up),
	};

	return cmocka_run_group_tests(tests, enter, leave);
}
