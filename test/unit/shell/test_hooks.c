/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Real programs of a real directory; the loop is a bare libev one, and HOOKS_LIMIT_S is short. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log.h"
#include "base/strbuf.h"
#include "daemon/hooks.h"
#include "daemon/loop.h"

static struct ev_loop *ev;
static char dir[64], out[80];
static struct strbuf logged;

struct ev_loop *loop_ev(struct loop *l)
{
	return ev;
}

static void remember(enum log_level level, const char *token, const char *text)
{
	strbuf_addf(&logged, "%s: %s\n", token, text);
}

static int begin(void **state)
{
	ev = ev_default_loop(EVFLAG_AUTO);
	strcpy(dir, "/tmp/omr-test-hooks-XXXXXX");
	assert_non_null(mkdtemp(dir));
	snprintf(out, sizeof(out), "%s.out", dir);
	log_finish();
	strbuf_reset(&logged);
	log_set_sink(remember);
	return 0;
}

static int end(void **state)
{
	char command[160];

	snprintf(command, sizeof(command), "rm -rf %s %s", dir, out);
	assert_int_equal(system(command), 0);
	strbuf_done(&logged);
	return 0;
}

/* $OUT in the text is the file that output() reads. */
static void put_hook(const char *name, mode_t mode, const char *text)
{
	_cleanup_(cleanup_fclosep) FILE *f = NULL;
	char path[128];

	snprintf(path, sizeof(path), "%s/%s", dir, name);
	f = fopen(path, "we");
	assert_non_null(f);
	fprintf(f, "#!/bin/sh\nOUT=%s\n%s\n", out, text);
	assert_int_equal(fchmod(fileno(f), mode), 0);
}

static const char *output(void)
{
	static char text[65536];
	_cleanup_(cleanup_fclosep) FILE *f = fopen(out, "re");

	text[f ? fread(text, 1, sizeof(text) - 1, f) : 0] = '\0';
	return text;
}

static void stop(struct ev_loop *l, ev_timer *w, int revents)
{
	ev_break(l, EVBREAK_ALL);
}

static void run(double seconds)
{
	ev_timer t;

	ev_timer_init(&t, stop, seconds, 0.0);
	ev_now_update(ev);
	ev_timer_start(ev, &t);
	ev_run(ev, 0);
	ev_timer_stop(ev, &t);
}

/* Until the output contains the text. */
static void wait_for(const char *text)
{
	for (int i = 0; i < 1000 && !strstr(output(), text); i++)
		run(0.02);
	if (!strstr(output(), text))
		fail_msg("waited for \"%s\", got \"%s\"; log: %s", text, output(),
			 strbuf_text(&logged));
}

static void wait_for_log(const char *text)
{
	for (int i = 0; i < 1000 && !strstr(strbuf_text(&logged), text); i++)
		run(0.02);
	if (!strstr(strbuf_text(&logged), text))
		fail_msg("waited for \"%s\", logged \"%s\"", text, strbuf_text(&logged));
}

static struct core_line link_down(const char *link, const char *reason)
{
	return (struct core_line){ .warning = true,
				   .token = "link",
				   .text = "fiber: ipv4 down",
				   .kind = CORE_LINE_LINK_DOWN,
				   .link = link,
				   .device = "eth1",
				   .family = INET4,
				   .from = "up",
				   .to = "down",
				   .reason = reason };
}

static void tell(struct hooks *h, const char *link, const char *reason)
{
	struct core_line line = link_down(link, reason);

	hooks_event(h, &line);
}

static void a_program_gets_the_event_in_its_environment(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);

	setenv("SECRET", "x", 1);
	put_hook(
		"a", 0755,
		"env | grep -v '^OMR_TIME=\\|^PWD=\\|^SHLVL=\\|^_=' | sort >>$OUT; echo end >>$OUT");
	tell(h, "fiber", "no carrier");
	wait_for("end");
	assert_string_equal(
		output(),
		"OMR_DEVICE=eth1\nOMR_EVENT=link-down\nOMR_FAMILY=ipv4\nOMR_FROM=up\n"
		"OMR_LINK=fiber\nOMR_REASON=no carrier\nOMR_TEXT=fiber: ipv4 down\n"
		"OMR_TO=down\n"
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nend\n");
	hooks_free(h);
}

static void and_as_one_line_of_json(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);
	struct core_line line = { .kind = CORE_LINE_GROUP,
				  .group = "default",
				  .family = INET6,
				  .from = "fiber",
				  .to = "lte",
				  .reason = "say \"no\"\n\\",
				  .text = "t",
				  .detect_us = 1234 };

	put_hook("a", 0755,
		 "sed 's/[0-9-]*T[0-9:]*[.][0-9]*Z/NOW/' >>$OUT; echo ${#OMR_TIME} end >>$OUT");
	hooks_event(h, &line);
	wait_for("end");
	assert_string_equal(
		output(),
		"{\"event\":\"group\",\"time\":\"NOW\",\"group\":\"default\",\"family\":\"ipv6\","
		"\"from\":\"fiber\",\"to\":\"lte\",\"reason\":\"say \\\"no\\\"\\u000a\\\\\","
		"\"text\":\"t\",\"warning\":false,\"detect_us\":1234}\n24 end\n");
	hooks_free(h);
}

static void programs_run_in_the_order_of_their_names(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);

	put_hook("20-b", 0755, "echo b >>$OUT");
	put_hook("10-a", 0755, "sleep 0.1; echo a >>$OUT");
	put_hook("30-c", 0755, "echo c >>$OUT");
	tell(h, "fiber", "x");
	wait_for("c");
	assert_string_equal(output(), "a\nb\nc\n");
	hooks_free(h);
}

static void a_program_that_fails_is_told_and_the_next_runs(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);

	put_hook("a", 0755, "exit 3");
	put_hook("b", 0755, "kill -USR1 $$");
	put_hook("c", 0755, "echo c >>$OUT");
	tell(h, "fiber", "x");
	wait_for("c");
	assert_non_null(strstr(strbuf_text(&logged), "/a: exit status 3\n"));
	assert_non_null(strstr(strbuf_text(&logged), "/b: ended by signal 10\n"));
	hooks_free(h);
}

static void events_of_one_link_neither_overlap_nor_overtake(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);

	put_hook("a", 0755, "echo +$OMR_REASON >>$OUT; sleep 0.05; echo -$OMR_REASON >>$OUT");
	for (int i = 0; i < 5; i++) {
		char reason[2] = { (char)('0' + i), 0 };

		tell(h, "fiber", reason);
	}
	wait_for("-4");
	assert_string_equal(output(), "+0\n-0\n+1\n-1\n+2\n-2\n+3\n-3\n+4\n-4\n");
	hooks_free(h);
}

static void a_slow_program_of_one_link_does_not_hold_up_another(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);

	put_hook("a", 0755, "[ $OMR_LINK = lte ] || sleep 0.3; echo $OMR_LINK >>$OUT");
	tell(h, "fiber", "x");
	tell(h, "lte", "x");
	wait_for("fiber");
	assert_string_equal(output(), "lte\nfiber\n");
	hooks_free(h);
}

static void at_most_eight_run_at_once(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);
	char link[8];
	int now = 0, most = 0;

	put_hook("a", 0755, "echo + >>$OUT; sleep 0.1; echo - >>$OUT");
	for (int i = 0; i < 20; i++) {
		snprintf(link, sizeof(link), "l%d", i);
		tell(h, link, "x");
	}
	for (int i = 0; i < 1000; i++) {
		const char *text = output();
		int ended = 0;

		for (const char *p = text; *p; p++)
			ended += *p == '-';
		if (ended == 20)
			break;
		run(0.02);
	}
	for (const char *p = output(); *p; p++) {
		now += *p == '+' ? 1 : *p == '-' ? -1 : 0;
		most = now > most ? now : most;
	}
	assert_int_equal(now, 0);
	assert_in_range(most, 2, 8);
	hooks_free(h);
}

static void a_queue_that_overflows_loses_its_oldest_and_says_how_many(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);
	char reason[8];

	put_hook("a", 0755, "echo $OMR_REASON >>$OUT");
	for (int i = 0; i < 50; i++) {
		snprintf(reason, sizeof(reason), "%d", i);
		tell(h, "fiber", reason);
	}
	wait_for("49");
	assert_true(!strncmp(output(), "18\n19\n", 6));
	assert_non_null(strstr(strbuf_text(&logged), "link fiber: 18 events dropped"));
	hooks_free(h);
}

static bool process_is_gone(const char *pid)
{
	return kill((pid_t)strtol(pid, NULL, 10), 0) < 0 && errno == ESRCH;
}

/* An orphan may stay a zombie for a moment until its new parent takes note. */
static void wait_until_gone(const char *pid)
{
	char path[64], line[256] = "";

	for (int i = 0; i < 500; i++) {
		_cleanup_(cleanup_fclosep) FILE *f = NULL;

		if (process_is_gone(pid))
			return;
		snprintf(path, sizeof(path), "/proc/%d/stat", (int)strtol(pid, NULL, 10));
		f = fopen(path, "re");
		if (f && fgets(line, sizeof(line), f) && strstr(line, ") Z "))
			return;
		run(0.02);
	}
	fail_msg("process %s is still there", pid);
}

static void too_long_a_program_is_ended_with_all_it_started(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);

	put_hook("a", 0755, "sleep 1000 & echo $! >>$OUT; sleep 1000");
	tell(h, "fiber", "x");
	wait_for("\n");
	wait_for_log("/a: took longer than");
	wait_until_gone(output());
	hooks_free(h);
}

static void one_that_ignores_sigterm_is_killed(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);

	put_hook("a", 0755, "trap '' TERM; echo $$ >>$OUT; sleep 1000; sleep 1000; sleep 1000");
	tell(h, "fiber", "x");
	wait_for("\n");
	wait_for_log("/a: took longer than");
	wait_until_gone(output());
	hooks_free(h);
}

static void what_a_program_leaves_running_goes_with_it(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);

	put_hook("a", 0755, "sleep 1000 & echo $! >>$OUT");
	put_hook("b", 0755, "echo end >>$OUT");
	tell(h, "fiber", "x");
	wait_for("end");
	wait_until_gone(output());
	hooks_free(h);
}

static void nothing_is_left_at_the_end(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);

	put_hook("a", 0755, "trap '' TERM; echo $$ >>$OUT; sleep 1000; sleep 1000");
	tell(h, "fiber", "x");
	tell(h, "fiber", "y");
	wait_for("\n");
	hooks_free(h);
	assert_true(process_is_gone(output()));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void signals_are_the_program_s_own(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);
	sigset_t set, before;

	signal(SIGPIPE, SIG_IGN);
	sigemptyset(&set);
	sigaddset(&set, SIGUSR1);
	sigprocmask(SIG_BLOCK, &set, &before);
	put_hook("a", 0755, "kill -PIPE $$; echo ignored >>$OUT");
	put_hook("b", 0755, "kill -USR1 $$; echo blocked >>$OUT");
	put_hook("c", 0755, "echo end >>$OUT");
	tell(h, "fiber", "x");
	wait_for("end");
	assert_string_equal(output(), "end\n");
	sigprocmask(SIG_SETMASK, &before, NULL);
	hooks_free(h);
}

static void a_program_may_come_and_go_between_events(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);
	char path[128];

	tell(h, "fiber", "x");
	run(0.05);
	put_hook("a", 0755, "echo $OMR_REASON >>$OUT");
	tell(h, "fiber", "y");
	wait_for("y");
	snprintf(path, sizeof(path), "%s/a", dir);
	unlink(path);
	tell(h, "fiber", "z");
	run(0.1);
	assert_string_equal(output(), "y\n");
	hooks_free(h);
}

/* One file of the directory that must not run. */
static void expect_refused(struct hooks *h, const char *fault)
{
	put_hook("zz-last", 0755, "echo end >>$OUT");
	tell(h, "fiber", "x");
	tell(h, "fiber", "x");
	wait_for("end\nend\n");
	assert_string_equal(output(), "end\nend\n");
	assert_non_null(strstr(strbuf_text(&logged), fault));
	/* told once */
	assert_null(strstr(strstr(strbuf_text(&logged), fault) + 1, fault));
	hooks_free(h);
}

static void what_others_may_write_is_not_run(void **state)
{
	put_hook("a", 0775, "echo bad >>$OUT");
	expect_refused(hooks_new(NULL, dir), "a: others may write it");
}

static void what_is_not_executable_is_not_run(void **state)
{
	put_hook("a", 0644, "echo bad >>$OUT");
	expect_refused(hooks_new(NULL, dir), "a: not executable");
}

static void what_is_not_a_file_is_not_run(void **state)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/a", dir);
	assert_int_equal(mkdir(path, 0755), 0);
	expect_refused(hooks_new(NULL, dir), "a: not a regular file");
}

static void what_belongs_to_another_user_is_not_run(void **state)
{
	char path[128];

	if (geteuid() != 0)
		skip();
	put_hook("a", 0755, "echo bad >>$OUT");
	snprintf(path, sizeof(path), "%s/a", dir);
	if (chown(path, 65534, 65534) < 0)
		skip(); /* in a user namespace with one user */
	expect_refused(hooks_new(NULL, dir), "a: belongs to another user");
}

static void a_link_of_another_user_is_not_followed(void **state)
{
	char path[128];

	if (geteuid() != 0)
		skip();
	snprintf(path, sizeof(path), "%s/a", dir);
	assert_int_equal(symlink("/bin/true", path), 0);
	if (lchown(path, 65534, 65534) < 0)
		skip();
	expect_refused(hooks_new(NULL, dir), "a: a link of another user");
}

static void a_link_to_such_a_file_is_judged_by_the_file(void **state)
{
	char path[128], target[128];

	put_hook(".target", 0777, "echo bad >>$OUT");
	snprintf(path, sizeof(path), "%s/a", dir);
	snprintf(target, sizeof(target), "%s/.target", dir);
	assert_int_equal(symlink(target, path), 0);
	expect_refused(hooks_new(NULL, dir), "a: others may write it");
}

static void what_editors_leave_behind_is_passed_over(void **state)
{
	put_hook("a~", 0755, "echo bad >>$OUT");
	put_hook("a.dpkg-old", 0755, "echo bad >>$OUT");
	put_hook(".a", 0755, "echo bad >>$OUT");
	put_hook("b", 0755, "echo end >>$OUT");
	{
		struct hooks *h = hooks_new(NULL, dir);

		tell(h, "fiber", "x");
		wait_for("end");
		assert_string_equal(output(), "end\n");
		assert_int_equal(logged.len, 0);
		hooks_free(h);
	}
}

static void a_directory_that_others_may_write_has_no_hooks(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);

	put_hook("a", 0755, "echo bad >>$OUT");
	assert_int_equal(chmod(dir, 0777), 0);
	tell(h, "fiber", "x");
	tell(h, "lte", "x");
	run(0.2);
	assert_string_equal(output(), "");
	assert_non_null(strstr(strbuf_text(&logged), "others may write it"));
	/* mended: it runs, and the next fault is news */
	assert_int_equal(chmod(dir, 0755), 0);
	tell(h, "fiber", "x");
	wait_for("bad");
	hooks_free(h);
}

static void without_a_directory_nothing_happens(void **state)
{
	struct hooks *h = hooks_new(NULL, NULL);

	tell(h, "fiber", "x");
	hooks_free(h);
	assert_int_equal(logged.len, 0);
	h = hooks_new(NULL, "/nonexistent");
	tell(h, "fiber", "x");
	tell(h, "fiber", "y");
	run(0.05);
	tell(h, "fiber", "z");
	run(0.05);
	hooks_free(h);
	assert_string_equal(strbuf_text(&logged),
			    "hook: /nonexistent: No such file or directory\n");
}

/* Lines are told before the kernel is changed; starting a program would delay that. */
static void nothing_starts_before_the_loop_turns_again(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);
	const struct timespec pause = { .tv_nsec = 200000000 };

	put_hook("a", 0755, "echo end >>$OUT");
	tell(h, "fiber", "x");
	nanosleep(&pause, NULL);
	assert_string_equal(output(), "");
	wait_for("end");
	hooks_free(h);
}

static void other_lines_are_no_events(void **state)
{
	struct hooks *h = hooks_new(NULL, dir);
	struct core_line line = link_down("fiber", "x");

	put_hook("a", 0755, "echo bad >>$OUT");
	line.kind = CORE_LINE_OTHER;
	hooks_event(h, &line);
	run(0.1);
	assert_string_equal(output(), "");
	hooks_free(h);
}

/* One event of each kind. */
static void each_event_has_a_name(void **state)
{
	static const enum core_line_kind kinds[] = { CORE_LINE_LINK_UP, CORE_LINE_LINK_DOWN,
						     CORE_LINE_GROUP, CORE_LINE_REPAIR };
	struct hooks *h = hooks_new(NULL, dir);

	put_hook("a", 0755, "echo $OMR_EVENT ${OMR_FAMILY-none} >>$OUT");
	for (size_t i = 0; i < ARRAY_SIZE(kinds); i++) {
		struct core_line line = { .kind = kinds[i], .text = "t", .family = INET6 };
		char want[64];

		snprintf(want, sizeof(want), "%s\n",
			 (const char *[]){ "link-up ipv6", "link-down ipv6", "group ipv6",
					   "repair none" }[i]);
		hooks_event(h, &line);
		wait_for(want);
	}
	hooks_free(h);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	static const struct CMUnitTest tests[] = {
		T(a_program_gets_the_event_in_its_environment),
		T(and_as_one_line_of_json),
		T(programs_run_in_the_order_of_their_names),
		T(a_program_that_fails_is_told_and_the_next_runs),
		T(events_of_one_link_neither_overlap_nor_overtake),
		T(a_slow_program_of_one_link_does_not_hold_up_another),
		T(at_most_eight_run_at_once),
		T(a_queue_that_overflows_loses_its_oldest_and_says_how_many),
		T(too_long_a_program_is_ended_with_all_it_started),
		T(one_that_ignores_sigterm_is_killed),
		T(what_a_program_leaves_running_goes_with_it),
		T(nothing_is_left_at_the_end),
		T(signals_are_the_program_s_own),
		T(a_program_may_come_and_go_between_events),
		T(what_others_may_write_is_not_run),
		T(what_is_not_executable_is_not_run),
		T(what_is_not_a_file_is_not_run),
		T(what_belongs_to_another_user_is_not_run),
		T(a_link_of_another_user_is_not_followed),
		T(a_link_to_such_a_file_is_judged_by_the_file),
		T(what_editors_leave_behind_is_passed_over),
		T(a_directory_that_others_may_write_has_no_hooks),
		T(without_a_directory_nothing_happens),
		T(nothing_starts_before_the_loop_turns_again),
		T(other_lines_are_no_events),
		T(each_event_has_a_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
