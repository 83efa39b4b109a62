/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * exec: exit status 0 within the timeout is the answer. The program gets no
 * privilege, no descriptor and no environment of ours, and a session of its own
 * that ends with it.
 */
#include "base/cleanup.h"
#include "base/memory.h"
#include "daemon/prober_run.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#define NOBODY	      65534 /* the kernel's overflow uid and, everywhere, that of nobody */
#define ENVIRONMENT_N 5
/* What a shell says of programs that cannot be begun (POSIX 2.8.2); 125: before that. */
#define EXIT_SETUP 125
#define EXIT_EXEC  126

/* Lives until the program has ended, which may be later than its round. */
struct program {
	struct prober_run *run; /* NULL: nobody waits for it any more */
	ev_child child;
};

/* ---- in the child ---- */

static void child_signals(void)
{
	const struct sigaction standard = { .sa_handler = SIG_DFL };
	sigset_t none;

	for (int i = 1; i < NSIG; i++)
		(void)sigaction(i, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool child_files(void)
{
	int fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	return fd >= 0 && dup3(fd, 0, 0) == 0 && dup3(fd, 1, 0) == 1 && dup3(fd, 2, 0) == 2 &&
	       syscall(SYS_close_range, 3, ~0u, 0) == 0 && chdir("/") == 0;
}

/* Root becomes nobody, and loses everything by it; others lose what execve() would hand on. */
static bool child_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return false;
	(void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
	if (geteuid() != 0)
		return true;
	return setgroups(0, NULL) == 0 && setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
	       setresuid(NOBODY, NOBODY, NOBODY) == 0;
}

static void __attribute__((noreturn)) child(char *const argv[], char *const environment[])
{
	setsid();
	child_signals();
	if (!child_files() || !child_privileges())
		_exit(EXIT_SETUP);
	execve(argv[0], argv, environment);
	_exit(EXIT_EXEC);
}

/* ---- in the daemon ---- */

static void on_end(struct ev_loop *ev, ev_child *w, int revents)
{
	struct program *p = w->data;
	struct prober_run *run = p->run;
	bool good = WIFEXITED(w->rstatus) && WEXITSTATUS(w->rstatus) == 0;

	ev_child_stop(ev, w);
	(void)kill(-w->pid, SIGKILL); /* what it has left behind */
	if (run) {
		run->state = NULL;
		if (WIFEXITED(w->rstatus) && WEXITSTATUS(w->rstatus) == EXIT_SETUP)
			prober_run_fault(run, "the program cannot be begun without privileges",
					 EPERM);
		if (good)
			prober_run_answer(run, 0);
		else
			prober_run_no_answer(run, 0);
	}
	free(p);
}

static char *pair(const char *key, const char *value)
{
	size_t size = strlen(key) + strlen(value) + 2;
	char *text = memory_alloc(size);

	snprintf(text, size, "%s=%s", key, value);
	return text;
}

static void make_environment(const struct prober_run *run, char *ret[ENVIRONMENT_N + 1])
{
	char gateway[INET_TEXT_MAX] = "", source[INET_TEXT_MAX] = "";
	const struct inet_addr *near = run->has_gateway ? &run->gateway : NULL;
	struct inet_addr address;

	if (run->has_gateway)
		inet_print_addr(&run->gateway, run->family, gateway);
	if (prober_run_source(run, near, &address))
		inet_print_addr(&address, run->family, source);
	ret[0] = pair("OMR_LINK", run->link_name);
	ret[1] = pair("OMR_DEVICE", run->device);
	ret[2] = pair("OMR_FAMILY", run->family == INET4 ? "ipv4" : "ipv6");
	ret[3] = pair("OMR_GATEWAY", gateway);
	ret[4] = pair("OMR_SOURCE", source);
	ret[5] = NULL;
}

static char **make_arguments(const struct policy_probe *probe)
{
	char **argv = memory_alloc(memory_mul(probe->n_command + 1, sizeof(*argv)));

	for (size_t i = 0; i < probe->n_command; i++)
		argv[i] = (char *)(uintptr_t)probe->command[i];
	return argv;
}

static int exec_ask(struct prober_run *run, size_t host)
{
	_cleanup_(cleanup_freep) char **argv = make_arguments(run->probe);
	char *environment[ENVIRONMENT_N + 1];
	struct program *p;
	pid_t pid;
	int error;

	make_environment(run, environment);
	pid = fork();
	error = errno;
	if (pid == 0)
		child(argv, environment);
	for (size_t i = 0; i < ENVIRONMENT_N; i++)
		free(environment[i]);
	if (pid < 0)
		return -error;
	p = memory_alloc(sizeof(*p));
	p->run = run;
	ev_child_init(&p->child, on_end, pid, 0);
	p->child.data = p;
	ev_child_start(prober_run_ev(run), &p->child);
	run->state = p;
	return 0;
}

/* setsid() may not have been reached yet, so the program itself is killed too. */
static void exec_settle(struct prober_run *run)
{
	struct program *p = TAKE_PTR(run->state);

	if (!p)
		return;
	p->run = NULL;
	(void)kill(-p->child.pid, SIGKILL);
	(void)kill(p->child.pid, SIGKILL);
}

static int exec_prepare(struct prober_run *run)
{
	return 0;
}

const struct prober_type prober_exec = {
	.prepare = exec_prepare,
	.release = exec_settle,
	.ask = exec_ask,
	.settle = exec_settle,
};
