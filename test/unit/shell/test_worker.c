/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A policy compiled in a child: its plan is whole here, and its faults are told. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "daemon/loop.h"
#include "daemon/worker.h"
#include "io/policy_load.h"
#include "model/plan.h"

#include <errno.h>
#include <ev.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>

#define PREFIXES 30000

struct ev_loop *loop_ev(struct loop *l)
{
	return ev_default_loop(0);
}

static struct worker *worker;
static char directory[] = "/tmp/omr-test-worker-XXXXXX";
static struct plan_region *region;
static char *told;
static int told_status, calls;

static const char *path_of(const char *name)
{
	static char path[64];

	snprintf(path, sizeof(path), "%s/%s", directory, name);
	return path;
}

static void write_file(const char *name, const char *text)
{
	FILE *f = fopen(path_of(name), "w");

	assert_non_null(f);
	fputs(text, f);
	fclose(f);
}

/* With gaps, so that none merge: large arrays, grown often. */
static void write_list(void)
{
	FILE *f = fopen(path_of("list.txt"), "w");

	assert_non_null(f);
	for (unsigned i = 0; i < PREFIXES; i++)
		fprintf(f, "20.%u.%u.%u/32\n", i / 16384, i / 64 % 256, i % 64 * 4);
	fclose(f);
}

static const char good[] =
	"{ \"version\": 1,\n"
	"  \"links\": { \"a\": { \"device\": \"w1\" }, \"b\": { \"device\": \"w2\" } },\n"
	"  \"groups\": { \"g\": { \"links\": [\"a\", \"b\"] } },\n"
	"  \"rules\": [ { \"lists\": [\"list.txt\"], \"via\": \"g\" },\n"
	"    { \"domains\": [\"example.test\"], \"via\": \"b\", \"note\": \"names\" } ] }\n";

static int setup(void **state)
{
	memcpy(directory + strlen(directory) - 6, "XXXXXX", 6);
	assert_non_null(mkdtemp(directory));
	worker = worker_new(NULL);
	write_list();
	write_file("good.json", good);
	calls = 0;
	return 0;
}

static int teardown(void **state)
{
	worker = worker_free(worker);
	region = plan_region_free(region);
	free(told);
	told = NULL;
	unlink(path_of("list.txt"));
	unlink(path_of("good.json"));
	unlink(path_of("bad.json"));
	rmdir(directory);
	return 0;
}

static void on_compiled(void *data, struct plan_region *r, int status, const char *text)
{
	assert_ptr_equal(data, &calls);
	plan_region_free(region);
	free(told);
	region = r;
	told = memory_strdup(text);
	told_status = status;
	calls++;
	ev_break(ev_default_loop(0), EVBREAK_ALL);
}

static void compile(const char *name)
{
	int before = calls;

	assert_int_equal(worker_compile(worker, path_of(name), false, on_compiled, &calls), 0);
	assert_true(worker_compiling(worker));
	while (calls == before)
		ev_run(ev_default_loop(0), EVRUN_ONCE);
	assert_false(worker_compiling(worker));
}

static void dump_local(struct strbuf *out)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	struct policy *policy;
	struct diag_list faults;
	struct plan *plan;

	diag_init(&faults, a);
	assert_int_equal(policy_load(path_of("good.json"), a, &policy, &faults), 0);
	assert_int_equal(plan_compile(policy, a, &plan, &faults), 0);
	plan_dump(plan, out);
}

static void a_plan_made_by_a_child_is_whole_here(void **state)
{
	_cleanup_(strbuf_done) struct strbuf here = STRBUF_NULL, there = STRBUF_NULL;

	dump_local(&here);
	assert_true(here.len > 2000);
	compile("good.json");
	assert_int_equal(told_status, 0);
	assert_string_equal(told, "");
	plan_dump(plan_region_plan(region), &there);
	assert_string_equal(strbuf_text(&here), strbuf_text(&there));
	/* pages that were given back come again */
	plan_region_relax(region);
	strbuf_reset(&there);
	plan_dump(plan_region_plan(region), &there);
	assert_string_equal(strbuf_text(&here), strbuf_text(&there));
}

static void a_plan_is_read_only_here(void **state)
{
	pid_t pid;
	int status;

	compile("good.json");
	pid = fork();
	if (pid == 0) {
		signal(SIGSEGV, SIG_DFL);
		setrlimit(RLIMIT_CORE, &(struct rlimit){ 0 });
		*(volatile char *)(uintptr_t)plan_region_plan(region) = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void two_plans_live_side_by_side(void **state)
{
	_cleanup_(strbuf_done) struct strbuf first = STRBUF_NULL, again = STRBUF_NULL;
	struct plan_region *old;

	compile("good.json");
	old = TAKE_PTR(region);
	plan_dump(plan_region_plan(old), &first);
	compile("good.json");
	assert_ptr_not_equal(plan_region_plan(old), plan_region_plan(region));
	plan_region_free(old);
	plan_dump(plan_region_plan(region), &again);
	assert_string_equal(strbuf_text(&first), strbuf_text(&again));
}

static void faults_come_with_their_place(void **state)
{
	write_file("bad.json",
		   "{ \"version\": 1,\n  \"links\": { \"a\": { \"devise\": \"w1\" } } }\n");
	compile("bad.json");
	assert_int_equal(told_status, 3);
	assert_null(region);
	assert_non_null(strstr(told, "bad.json:2:"));
	assert_non_null(strstr(told, "devise"));
}

static void a_policy_that_is_not_there_is_the_systems_fault(void **state)
{
	compile("bad.json");
	assert_int_equal(told_status, 1);
	assert_null(region);
	assert_non_null(strstr(told, strerror(ENOENT)));
}

static void one_policy_is_compiled_at_a_time(void **state)
{
	assert_int_equal(worker_compile(worker, path_of("good.json"), false, on_compiled, &calls),
			 0);
	assert_int_equal(worker_compile(worker, path_of("good.json"), false, on_compiled, &calls),
			 -EBUSY);
	while (!calls)
		ev_run(ev_default_loop(0), EVRUN_ONCE);
	assert_int_equal(calls, 1);
	assert_int_equal(told_status, 0);
}

/* The youngest one; older ones may wait to be reaped. */
static pid_t child_of_ours(void)
{
	_cleanup_(cleanup_fclosep) FILE *f = fopen("/proc/thread-self/children", "r");
	int pid = 0;

	while (f && fscanf(f, "%d", &pid) == 1)
		;
	return pid;
}

static void a_child_that_dies_is_told_of(void **state)
{
	pid_t pid;

	assert_int_equal(worker_compile(worker, path_of("good.json"), false, on_compiled, &calls),
			 0);
	pid = child_of_ours();
	if (!pid)
		skip(); /* a kernel without CONFIG_PROC_CHILDREN */
	assert_int_equal(kill(pid, SIGKILL), 0);
	while (!calls)
		ev_run(ev_default_loop(0), EVRUN_ONCE);
	assert_int_equal(told_status, 1);
	assert_string_equal(told, "the worker process died");
	compile("good.json");
	assert_int_equal(told_status, 0);
}

static void an_end_in_the_middle_leaves_no_child(void **state)
{
	pid_t pid;

	assert_int_equal(worker_compile(worker, path_of("good.json"), false, on_compiled, &calls),
			 0);
	pid = child_of_ours();
	worker = worker_free(worker);
	assert_int_equal(calls, 0);
	if (pid)
		assert_int_equal(waitpid(pid, NULL, WNOHANG), pid);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_plan_made_by_a_child_is_whole_here, setup,
						teardown),
		cmocka_unit_test_setup_teardown(a_plan_is_read_only_here, setup, teardown),
		cmocka_unit_test_setup_teardown(two_plans_live_side_by_side, setup, teardown),
		cmocka_unit_test_setup_teardown(faults_come_with_their_place, setup, teardown),
		cmocka_unit_test_setup_teardown(a_policy_that_is_not_there_is_the_systems_fault,
						setup, teardown),
		cmocka_unit_test_setup_teardown(one_policy_is_compiled_at_a_time, setup, teardown),
		cmocka_unit_test_setup_teardown(a_child_that_dies_is_told_of, setup, teardown),
		cmocka_unit_test_setup_teardown(an_end_in_the_middle_leaves_no_child, setup,
						teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
