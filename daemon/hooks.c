/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A queue for each object that events are about. Its first event is at work:
 * the directory's programs run one after the other, each in a session of its
 * own, so that what a program starts can be ended with it.
 */
#include "daemon/hooks.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/hooks_dir.h"
#include "daemon/hooks_event.h"
#include "daemon/loop.h"

#include <errno.h>
#include <ev.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

/* Tests are not to wait as long. */
#ifndef HOOKS_LIMIT_S
#define HOOKS_LIMIT_S 10.0
#endif
#define HOOKS_GRACE_S	  (HOOKS_LIMIT_S / 5) /* from SIGTERM to SIGKILL */
#define HOOKS_WAITING_MAX 32 /* events of one object */
#define HOOKS_RUNNING_MAX 8 /* programs, of all objects */
#define HOOKS_QUEUES_MAX  256

struct queue {
	struct queue *next;
	struct hooks *hooks;
	char *object;
	struct hooks_event *first, *last;
	unsigned n_waiting, n_dropped;

	/* the event at work */
	struct hooks_event *now; /* NULL: none */
	char **programs;
	size_t n_programs, at;
	bool running, late; /* a program runs; it was told to end */
	ev_child child; /* running */
	ev_timer limit; /* running */
};

struct hooks {
	struct ev_loop *ev;
	struct hooks_dir *dir;
	struct queue *queues; /* in the order in which they get their turn */
	unsigned n_queues, n_running;
	ev_timer soon;
	bool full; /* told */
};

static void pump(struct hooks *h);

/* ---- events ---- */

static void take_next(struct queue *q)
{
	struct hooks_event *e = q->first;

	q->first = e->next;
	q->last = q->first ? q->last : NULL;
	q->n_waiting--;
	q->now = e;
	q->at = 0;
	q->n_programs = hooks_dir_read(q->hooks->dir, &q->programs);
	if (q->n_dropped)
		log_warn("hook", "%s: %u events dropped, oldest first: the programs are too slow",
			 q->object, q->n_dropped);
	q->n_dropped = 0;
}

static void done_with_event(struct queue *q)
{
	if (!q->now)
		return;
	q->now = hooks_event_free(q->now);
	hooks_dir_done(q->programs, q->n_programs);
	q->programs = NULL;
	q->n_programs = 0;
}

static void drop_oldest(struct queue *q)
{
	struct hooks_event *e = q->first;

	q->first = e->next;
	q->last = q->first ? q->last : NULL;
	q->n_waiting--;
	q->n_dropped++;
	hooks_event_free(e);
}

static void append(struct queue *q, struct hooks_event *e)
{
	if (q->n_waiting == HOOKS_WAITING_MAX)
		drop_oldest(q);
	if (q->last)
		q->last->next = e;
	else
		q->first = e;
	q->last = e;
	q->n_waiting++;
}

static void queue_free(struct queue *q)
{
	done_with_event(q);
	while (q->first)
		drop_oldest(q);
	free(q->object);
	free(q);
}

/* ---- programs ---- */

/* What it left running in its session's first process group goes with it. */
static void kill_rest(pid_t pid, int signal)
{
	if (kill(-pid, signal) < 0 && errno != ESRCH)
		log_debug("hook", "kill %d: %s", (int)pid, strerror(errno));
}

static void report(const struct queue *q, int status)
{
	const char *program = q->programs[q->at];

	if (q->late)
		log_warn("hook", "%s: took longer than %g s and was ended", program, HOOKS_LIMIT_S);
	else if (WIFSIGNALED(status))
		log_warn("hook", "%s: ended by signal %d", program, WTERMSIG(status));
	else if (WEXITSTATUS(status))
		log_warn("hook", "%s: exit status %d", program, WEXITSTATUS(status));
}

static void to_the_end(struct queue *q)
{
	struct queue **p = &q->hooks->queues;

	while (*p != q)
		p = &(*p)->next;
	*p = q->next;
	q->next = NULL;
	for (p = &q->hooks->queues; *p; p = &(*p)->next)
		;
	*p = q;
}

static void on_end(struct ev_loop *ev, ev_child *w, int revents)
{
	struct queue *q = w->data;

	ev_child_stop(ev, w);
	ev_timer_stop(ev, &q->limit);
	kill_rest(w->pid, SIGKILL);
	report(q, w->rstatus);
	q->running = false;
	q->hooks->n_running--;
	q->at++;
	to_the_end(q);
	pump(q->hooks);
}

static void on_limit(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct queue *q = w->data;

	kill_rest(q->child.pid, q->late ? SIGKILL : SIGTERM);
	q->late = true;
	ev_timer_stop(ev, w);
	ev_timer_set(w, HOOKS_GRACE_S, 0.0);
	ev_timer_start(ev, w);
}

/* Signals as they are by default: the loop blocks and ignores some. */
static void set_attributes(posix_spawnattr_t *a)
{
	sigset_t set;

	sigemptyset(&set);
	posix_spawnattr_setsigmask(a, &set);
	sigfillset(&set);
	posix_spawnattr_setsigdefault(a, &set);
	posix_spawnattr_setflags(a, POSIX_SPAWN_SETSID | POSIX_SPAWN_SETSIGMASK |
					    POSIX_SPAWN_SETSIGDEF);
}

static int spawn(char *program, const struct hooks_event *e, pid_t *ret_pid)
{
	_cleanup_(cleanup_closep) int fd = hooks_event_stdin(e);
	char *const argv[] = { program, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	int r;

	if (fd < 0)
		return fd;
	posix_spawn_file_actions_init(&files);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_adddup2(&files, fd, STDIN_FILENO);
	posix_spawn_file_actions_addchdir_np(&files, "/");
	set_attributes(&attributes);
	r = posix_spawn(ret_pid, program, &files, &attributes, argv, e->environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return -r;
}

static bool start_program(struct queue *q)
{
	struct hooks *h = q->hooks;
	pid_t pid = 0;
	int r = spawn(q->programs[q->at], q->now, &pid);

	if (r < 0) {
		log_warn("hook", "%s: %s", q->programs[q->at], strerror(-r));
		return false;
	}
	log_debug("hook", "%s: %s", q->object, q->programs[q->at]);
	q->running = true;
	q->late = false;
	h->n_running++;
	ev_child_init(&q->child, on_end, pid, 0);
	ev_timer_init(&q->limit, on_limit, HOOKS_LIMIT_S, 0.0);
	q->child.data = q->limit.data = q;
	ev_child_start(h->ev, &q->child);
	ev_now_update(h->ev);
	ev_timer_start(h->ev, &q->limit);
	return true;
}

/* The next program of the event at work, or of the next event. False: nothing is left to do. */
static bool step(struct queue *q)
{
	for (;;) {
		while (q->now && q->at < q->n_programs) {
			if (start_program(q))
				return true;
			q->at++;
		}
		done_with_event(q);
		if (!q->first)
			return false;
		take_next(q);
	}
}

/* Starts what may start, and forgets queues that are empty. */
static void pump(struct hooks *h)
{
	struct queue **p = &h->queues;

	while (*p && h->n_running < HOOKS_RUNNING_MAX) {
		struct queue *q = *p;

		if (q->running || step(q)) {
			p = &q->next;
			continue;
		}
		*p = q->next;
		h->n_queues--;
		queue_free(q);
	}
}

/* ---- for the loop ---- */

static struct queue *find_queue(struct hooks *h, const struct core_line *line)
{
	_cleanup_(cleanup_freep) char *object = hooks_event_object(line);
	struct queue *q, **p;

	for (p = &h->queues; *p; p = &(*p)->next)
		if (!strcmp((*p)->object, object))
			return *p;
	/* a policy has fewer links and groups; reload after reload of other ones might not */
	if (h->n_queues == HOOKS_QUEUES_MAX) {
		if (!h->full)
			log_warn("hook", "too many events wait; new ones are dropped");
		h->full = true;
		return NULL;
	}
	h->full = false;
	q = memory_alloc(sizeof(*q));
	q->hooks = h;
	q->object = TAKE_PTR(object);
	h->n_queues++;
	*p = q;
	return q;
}

void hooks_event(struct hooks *h, const struct core_line *line)
{
	struct queue *q;

	if (!h->dir || !hooks_event_name(line->kind))
		return;
	q = find_queue(h, line);
	if (!q)
		return;
	append(q, hooks_event_new(line));
	/* events come before the kernel has been changed for them: that goes first */
	ev_timer_start(h->ev, &h->soon);
}

static void on_soon(struct ev_loop *ev, ev_timer *w, int revents)
{
	pump(w->data);
}

struct hooks *hooks_new(struct loop *l, const char *path)
{
	struct hooks *h = memory_alloc(sizeof(*h));

	h->ev = loop_ev(l);
	h->dir = path ? hooks_dir_new(path) : NULL;
	ev_timer_init(&h->soon, on_soon, 0.0, 0.0);
	h->soon.data = h;
	return h;
}

static bool is_gone(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) != 0;
}

/* At the program's end: half a second to end by themselves, for all of them together. */
static void end_programs(struct hooks *h)
{
	const struct timespec pause = { .tv_nsec = 10000000 };
	int tries = 50;

	for (struct queue *q = h->queues; q; q = q->next)
		if (q->running)
			kill_rest(q->child.pid, SIGTERM);
	for (struct queue *q = h->queues; q; q = q->next) {
		if (!q->running)
			continue;
		ev_child_stop(h->ev, &q->child);
		ev_timer_stop(h->ev, &q->limit);
		while (tries > 0 && !is_gone(q->child.pid)) {
			nanosleep(&pause, NULL);
			tries--;
		}
		kill_rest(q->child.pid, SIGKILL);
		(void)waitpid(q->child.pid, NULL, 0);
	}
}

struct hooks *hooks_free(struct hooks *h)
{
	if (!h)
		return NULL;
	ev_timer_stop(h->ev, &h->soon);
	end_programs(h);
	while (h->queues) {
		struct queue *q = h->queues;

		h->queues = q->next;
		queue_free(q);
	}
	hooks_dir_free(h->dir);
	free(h);
	return NULL;
}
