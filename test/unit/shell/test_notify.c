/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The service manager's end of the socket is here; the loop is a bare libev one. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <ev.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "daemon/loop.h"
#include "daemon/notify.h"

static struct ev_loop *ev;
static int manager;
static char name[64];

struct ev_loop *loop_ev(struct loop *l)
{
	return ev;
}

uint64_t loop_now_ns(void)
{
	return 1234567000;
}

/* '@': an abstract name, else a path */
static void listen_at(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	size_t len = strlen(path);

	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	assert_true(manager >= 0);
	memcpy(a.sun_path, path, len);
	if (path[0] == '@')
		a.sun_path[0] = '\0';
	assert_int_equal(bind(manager, (struct sockaddr *)&a,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
			 0);
	setenv("NOTIFY_SOCKET", path, 1);
}

static int begin(void **state)
{
	ev = ev_loop_new(EVFLAG_AUTO);
	snprintf(name, sizeof(name), "@omr-test-notify-%d", (int)getpid());
	listen_at(name);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return 0;
}

static int end(void **state)
{
	close(manager);
	ev_loop_destroy(ev);
	return 0;
}

/* "" when nothing came */
static const char *received(void)
{
	static char text[256];
	ssize_t n = recv(manager, text, sizeof(text) - 1, 0);

	text[n < 0 ? 0 : n] = '\0';
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

static void states_are_told_once(void **state)
{
	struct notify *n = notify_new(NULL);

	assert_string_equal(received(), "");
	notify_ready(n);
	assert_string_equal(received(), "READY=1\n");
	notify_ready(n);
	assert_string_equal(received(), "");
	notify_reloading(n);
	assert_string_equal(received(), "RELOADING=1\nMONOTONIC_USEC=1234567\n");
	notify_ready(n);
	assert_string_equal(received(), "READY=1\n");
	notify_stopping(n);
	assert_string_equal(received(), "STOPPING=1\n");
	notify_ready(n);
	assert_string_equal(received(), "");
	notify_free(n);
}

static void a_status_is_told_when_it_changes(void **state)
{
	struct notify *n = notify_new(NULL);

	notify_status(n, "1 of 2 links up");
	assert_string_equal(received(), "STATUS=1 of 2 links up\n");
	notify_status(n, "1 of 2 links up");
	assert_string_equal(received(), "");
	notify_status(n, "2 of 2 links up");
	assert_string_equal(received(), "STATUS=2 of 2 links up\n");
	notify_free(n);
}

static void a_status_cannot_forge_a_state(void **state)
{
	struct notify *n = notify_new(NULL);

	notify_status(n, "x\nSTOPPING=1");
	assert_string_equal(received(), "STATUS=x STOPPING=1\n");
	notify_free(n);
}

static void a_socket_with_a_path_serves_as_well(void **state)
{
	char dir[] = "/tmp/omr-test-notify-XXXXXX", path[sizeof(dir) + 8];
	struct notify *n;

	assert_non_null(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/s", dir);
	close(manager);
	listen_at(path);
	n = notify_new(NULL);
	notify_ready(n);
	assert_string_equal(received(), "READY=1\n");
	notify_free(n);
	unlink(path);
	rmdir(dir);
}

static void without_a_manager_nothing_happens(void **state)
{
	static const char *const odd[] = { "", "relative", "/", "vsock:2:1234" };
	struct notify *n;

	for (size_t i = 0; i <= ARRAY_SIZE(odd); i++) {
		unsetenv("NOTIFY_SOCKET");
		if (i < ARRAY_SIZE(odd))
			setenv("NOTIFY_SOCKET", odd[i], 1);
		setenv("WATCHDOG_USEC", "20000", 1);
		n = notify_new(NULL);
		notify_ready(n);
		notify_status(n, "x");
		run(0.05);
		notify_free(n);
		assert_string_equal(received(), "");
	}
}

static void children_do_not_inherit_the_socket(void **state)
{
	struct notify *n;

	setenv("WATCHDOG_USEC", "1000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	n = notify_new(NULL);
	assert_null(getenv("NOTIFY_SOCKET"));
	assert_null(getenv("WATCHDOG_USEC"));
	assert_null(getenv("WATCHDOG_PID"));
	notify_free(n);
}

/* Pings within half a second, with a watchdog of 100 ms. */
static unsigned pings(const char *pid)
{
	struct notify *n;
	unsigned count = 0;

	setenv("NOTIFY_SOCKET", name, 1);
	setenv("WATCHDOG_USEC", "100000", 1);
	if (pid)
		setenv("WATCHDOG_PID", pid, 1);
	n = notify_new(NULL);
	run(0.5);
	while (!strcmp(received(), "WATCHDOG=1\n"))
		count++;
	notify_free(n);
	return count;
}

static void the_watchdog_is_pinged_twice_in_its_time(void **state)
{
	char pid[16];

	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	assert_in_range(pings(NULL), 3, 11);
	assert_in_range(pings(pid), 3, 11);
}

static void another_process_s_watchdog_is_not_ours(void **state)
{
	assert_int_equal(pings("1"), 0);
	assert_int_equal(pings("nonsense"), 0);
}

static void a_loop_that_is_stuck_does_not_ping(void **state)
{
	const struct timespec stuck = { .tv_nsec = 300000000 };
	struct notify *n;

	setenv("WATCHDOG_USEC", "100000", 1);
	n = notify_new(NULL);
	nanosleep(&stuck, NULL);
	assert_string_equal(received(), "");
	notify_free(n);
}

/* A manager that does not read: nothing blocks, and READY comes when it reads again. */
static void a_full_socket_delays_but_loses_nothing(void **state)
{
	struct notify *n = notify_new(NULL);
	bool ready = false;
	char text[32];

	for (int i = 0; i < 100000; i++) {
		snprintf(text, sizeof(text), "status %d", i);
		notify_status(n, text);
	}
	notify_ready(n);
	while (*received())
		;
	for (int i = 0; i < 100 && !ready; i++) {
		run(0.1);
		ready = !strcmp(received(), "READY=1\nSTATUS=status 99999\n");
	}
	assert_true(ready);
	notify_free(n);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, begin, end)
	static const struct CMUnitTest tests[] = {
		T(states_are_told_once),
		T(a_status_is_told_when_it_changes),
		T(a_status_cannot_forge_a_state),
		T(a_socket_with_a_path_serves_as_well),
		T(without_a_manager_nothing_happens),
		T(children_do_not_inherit_the_socket),
		T(the_watchdog_is_pinged_twice_in_its_time),
		T(another_process_s_watchdog_is_not_ours),
		T(a_loop_that_is_stuck_does_not_ping),
		T(a_full_socket_delays_but_loses_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
