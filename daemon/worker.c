/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fork without exec, so that the child has the policy's path, the plan and
 * the region at hand. It tells the parent by messages on a pipe; the parent's
 * death it sees by the end of another.
 */
#include "daemon/worker.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "daemon/loop.h"
#include "daemon/worker_child.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>

/* A killed child is gone in microseconds, unless it is inside a commit of the kernel. */
#define KILL_WAIT_MS 5000

struct job {
	struct worker *worker;
	ev_io io;
	int fd; /* its messages; -1: nothing runs */
	int go_fd; /* to it */
	int pidfd;
	struct strbuf input;
	bool ended; /* its last message came */
};

struct worker {
	struct loop *loop;
	struct job compile, load;
	struct plan_region *region;
	worker_compiled compiled;
	void *compiled_data;
	worker_loaded loaded;
	void *loaded_data;
};

/* ---- a child ---- */

static void close_fd(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void forget(struct job *j)
{
	if (j->fd >= 0)
		ev_io_stop(loop_ev(j->worker->loop), &j->io);
	close_fd(&j->fd);
	close_fd(&j->go_fd);
	close_fd(&j->pidfd);
	strbuf_done(&j->input);
	j->ended = false;
}

static void kill_job(struct job *j)
{
	if (j->fd < 0)
		return;
	/* libev reaps it, so its number may be another's by now: not so the pidfd */
	if (j->pidfd >= 0 && syscall(SYS_pidfd_send_signal, j->pidfd, SIGKILL, NULL, 0) == 0)
		(void)poll(&(struct pollfd){ .fd = j->pidfd, .events = POLLIN }, 1, KILL_WAIT_MS);
	forget(j);
}

/* In the child: 0. In the parent: its number, or -errno. */
static pid_t start(struct job *j, struct worker_child *ret)
{
	int out[2], go[2];
	sigset_t all, before;
	pid_t pid;

	if (pipe2(out, O_CLOEXEC) < 0)
		return -errno;
	if (pipe2(go, O_CLOEXEC) < 0) {
		int r = -errno;

		close(out[0]);
		close(out[1]);
		return r;
	}
	/* no handler of the loop may run in the child */
	sigfillset(&all);
	sigprocmask(SIG_BLOCK, &all, &before);
	pid = fork();
	if (pid == 0) {
		*ret = (struct worker_child){ .out_fd = out[1], .go_fd = go[0] };
		return 0;
	}
	if (pid < 0)
		pid = -errno;
	sigprocmask(SIG_SETMASK, &before, NULL);
	close(out[1]);
	close(go[0]);
	j->fd = out[0];
	j->go_fd = go[1];
	j->pidfd = -1;
	if (pid < 0) {
		close_fd(&j->fd);
		close_fd(&j->go_fd);
		return pid;
	}
	j->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	(void)fcntl(j->fd, F_SETFL, O_NONBLOCK);
	ev_io_set(&j->io, j->fd, EV_READ);
	ev_io_start(loop_ev(j->worker->loop), &j->io);
	return pid;
}

/* ---- its messages ---- */

static void compile_ended(struct worker *w, const struct worker_message *m, const char *text)
{
	struct plan_region *region = TAKE_PTR(w->region);
	worker_compiled done = w->compiled;
	int status = m->status;

	if (status == 0 && plan_region_map(region, m->plan, m->size) < 0)
		status = 1;
	if (status != 0)
		region = plan_region_free(region);
	forget(&w->compile);
	done(w->compiled_data, region, status, text);
}

static void load_told(struct worker *w, const struct worker_message *m, const char *text)
{
	const struct worker_load_report report = {
		.state = m->load,
		.error = m->status,
		.text = text,
		.n_lines = m->size,
	};
	worker_loaded done = w->loaded;

	if (m->load != WORKER_LOAD_PREPARED)
		forget(&w->load);
	done(w->loaded_data, &report);
}

/* One message, if it is here whole. */
static bool take_message(struct job *j)
{
	_cleanup_(cleanup_freep) char *text = NULL;
	struct worker *w = j->worker;
	struct worker_message m;
	size_t whole;

	if (j->fd < 0 || j->input.len < sizeof(m))
		return false;
	memcpy(&m, j->input.text, sizeof(m));
	whole = sizeof(m) + m.text_len;
	if (j->input.len < whole)
		return false;
	text = memory_alloc(m.text_len + 1);
	memcpy(text, j->input.text + sizeof(m), m.text_len);
	memmove(j->input.text, j->input.text + whole, j->input.len - whole);
	j->input.len -= whole;
	if (j == &w->compile)
		compile_ended(w, &m, text);
	else
		load_told(w, &m, text);
	return true;
}

static void job_died(struct job *j)
{
	static const char text[] = "the worker process died";
	struct worker *w = j->worker;
	const struct worker_message m = { .load = WORKER_LOAD_FAILED,
					  .status = j == &w->compile ? 1 : -EIO };

	if (j == &w->compile)
		compile_ended(w, &m, text);
	else
		load_told(w, &m, text);
}

static void on_readable(struct ev_loop *ev, ev_io *io, int revents)
{
	struct job *j = container_of(io, struct job, io);
	char buf[4096];
	ssize_t n = read(j->fd, buf, sizeof(buf));

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		job_died(j);
		return;
	}
	strbuf_addn(&j->input, buf, (size_t)n);
	while (take_message(j))
		;
}

/* ---- the API ---- */

static void job_init(struct job *j, struct worker *w)
{
	j->worker = w;
	j->fd = j->go_fd = j->pidfd = -1;
	ev_init(&j->io, on_readable);
}

struct worker *worker_new(struct loop *l)
{
	struct worker *w = memory_alloc(sizeof(*w));

	w->loop = l;
	job_init(&w->compile, w);
	job_init(&w->load, w);
	return w;
}

struct worker *worker_free(struct worker *w)
{
	if (!w)
		return NULL;
	kill_job(&w->compile);
	kill_job(&w->load);
	plan_region_free(w->region);
	free(w);
	return NULL;
}

int worker_compile(struct worker *w, const char *policy_path, bool colour, worker_compiled done,
		   void *data)
{
	struct worker_child child;
	pid_t pid;
	int r;

	if (worker_compiling(w))
		return -EBUSY;
	r = plan_region_new(&w->region);
	if (r < 0)
		return r;
	w->compiled = done;
	w->compiled_data = data;
	pid = start(&w->compile, &child);
	if (pid == 0)
		worker_child_compile(&child, w->region, policy_path, colour);
	if (pid < 0)
		w->region = plan_region_free(w->region);
	return pid < 0 ? pid : 0;
}

bool worker_compiling(const struct worker *w)
{
	return w->compile.fd >= 0;
}

int worker_load(struct worker *w, const struct plan *plan, worker_loaded done, void *data)
{
	struct worker_child child;
	pid_t pid;

	if (worker_loading(w))
		return -EBUSY;
	w->loaded = done;
	w->loaded_data = data;
	pid = start(&w->load, &child);
	if (pid == 0)
		worker_child_load(&child, plan);
	return pid < 0 ? pid : 0;
}

bool worker_loading(const struct worker *w)
{
	return w->load.fd >= 0;
}

void worker_load_go(struct worker *w)
{
	/* a child that is gone tells so by the other pipe */
	if (w->load.go_fd >= 0)
		(void)!write(w->load.go_fd, "", 1);
}

void worker_load_kill(struct worker *w)
{
	kill_job(&w->load);
}
