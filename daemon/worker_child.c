/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/worker_child.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "io/apply.h"
#include "io/policy_load.h"
#include "model/plan.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

enum {
	STATUS_OK = 0,
	STATUS_SYSTEM = 1,
	STATUS_POLICY = 3,
};

/* Of a load's changes so many are told; a first load has hundreds. */
#define LINES_MAX 20
/* A policy of a million faults is refused with the first of them. */
#define TEXT_MAX ((size_t)256 << 10)
/* Compiling may wait; a load holds locks of the kernel that a failover needs. */
#define COMPILE_NICE 10

/* ---- becoming a worker ---- */

static void close_between(int lo, int hi)
{
	if (lo < hi)
		(void)syscall(SYS_close_range, lo, hi - 1, 0);
}

/* All but standard streams and these three (-1: none). */
static void close_others(int a, int b, int c)
{
	int keep[3] = { a, b, c };
	int next = STDERR_FILENO + 1;

	for (int i = 0; i < 3; i++)
		for (int k = i + 1; k < 3; k++)
			if (keep[k] < keep[i]) {
				int t = keep[i];

				keep[i] = keep[k];
				keep[k] = t;
			}
	for (int i = 0; i < 3; i++) {
		if (keep[i] < next)
			continue;
		close_between(next, keep[i]);
		next = keep[i] + 1;
	}
	(void)syscall(SYS_close_range, next, ~0u, 0);
}

static void become(const struct worker_child *c, int other_fd, bool ends_with_parent)
{
	sigset_t none;

	for (int s = 1; s < NSIG; s++)
		(void)signal(s, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	if (ends_with_parent) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	} else {
		/* whoever ends us all lets this one tidy up first */
		signal(SIGTERM, SIG_IGN);
		signal(SIGINT, SIG_IGN);
		signal(SIGHUP, SIG_IGN);
	}
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	close_others(c->out_fd, c->go_fd, other_fd);
}

/* ---- messages ---- */

static bool write_all(int fd, const void *data, size_t len)
{
	const char *at = data;

	while (len > 0) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return false;
		at += n;
		len -= (size_t)n;
	}
	return true;
}

static void tell(const struct worker_child *c, struct worker_message *m, const char *text)
{
	m->text_len = strnlen(text, TEXT_MAX);
	if (write_all(c->out_fd, m, sizeof(*m)))
		(void)write_all(c->out_fd, text, m->text_len);
}

/* ---- compiling ---- */

static int compile(struct plan_region *region, const char *path, struct diag_list *faults,
		   struct worker_message *m)
{
	struct policy *policy = NULL;
	struct plan *plan = NULL;
	struct arena *a;
	int r = plan_region_open(region, &a);

	if (r < 0)
		return r;
	r = policy_load(path, a, &policy, faults);
	if (r == 0)
		r = plan_compile(policy, a, &plan, faults);
	if (r != 0)
		return r;
	/* these are of the heap; the parent has no need of them */
	policy->doc = NULL;
	policy->source = NULL;
	m->plan = plan;
	m->size = arena_extent(a);
	return 0;
}

void worker_child_compile(const struct worker_child *c, struct plan_region *region,
			  const char *policy_path, bool colour)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;
	struct worker_message m = { 0 };
	struct diag_list faults;
	int r;

	become(c, plan_region_fd(region), true);
	(void)setpriority(PRIO_PROCESS, 0, COMPILE_NICE);
	diag_init(&faults, arena_new());
	r = compile(region, policy_path, &faults, &m);
	diag_print(&faults, &text, colour);
	if (r < 0)
		strbuf_addf(&text, "%s: %s\n", policy_path, strerror(-r));
	m.status = r < 0 ? STATUS_SYSTEM : r > 0 ? STATUS_POLICY : STATUS_OK;
	tell(c, &m, strbuf_text(&text));
	_exit(0);
}

/* ---- loading ---- */

static int barrier(void *data)
{
	const struct worker_child *c = data;
	struct worker_message m = { .load = WORKER_LOAD_PREPARED };
	ssize_t n;
	char go;

	tell(c, &m, "");
	do
		n = read(c->go_fd, &go, 1);
	while (n < 0 && errno == EINTR);
	return n == 1 ? 0 : -ECANCELED;
}

static void add_lines(struct strbuf *out, const struct apply_report *r)
{
	for (size_t i = 0; i < r->n_lines && i < LINES_MAX; i++)
		strbuf_addf(out, "%s%c %s", i ? "\n" : "", r->lines[i].mark, r->lines[i].text);
	if (r->n_lines > LINES_MAX)
		strbuf_addf(out, "\nand %zu more", r->n_lines - LINES_MAX);
}

void worker_child_load(const struct worker_child *c, const struct plan *plan)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;
	struct worker_message m = { .load = WORKER_LOAD_DONE };
	struct apply_report report;
	struct worker_child child = *c;
	struct apply *ap = NULL;
	int r;

	become(c, -1, false);
	apply_report_init(&report);
	r = apply_open(&ap);
	if (r == 0)
		r = apply_tables(ap, plan, 0, barrier, &child, &report);
	m.status = r;
	m.size = report.n_lines;
	if (r < 0) {
		m.load = report.busy ? WORKER_LOAD_BUSY : WORKER_LOAD_FAILED;
		strbuf_add(&text, report.error ? report.error : strerror(-r));
	} else {
		add_lines(&text, &report);
	}
	tell(c, &m, strbuf_text(&text));
	_exit(0);
}
