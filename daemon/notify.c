/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the manager should know and what it has been told are kept apart: a
 * datagram for which its socket has no room now is tried again soon, and the
 * loop never waits. The watchdog's ping comes from a timer of the loop: a loop
 * that is stuck does not ping.
 */
#include "daemon/notify.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "daemon/loop.h"

#include <errno.h>
#include <ev.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define NOTIFY_RETRY_S 0.1

enum notify_state {
	NOTIFY_STARTING,
	NOTIFY_READY,
	NOTIFY_RELOADING,
	NOTIFY_STOPPING,
};

struct notify {
	struct ev_loop *ev;
	int fd; /* -1: nobody asked to be told */
	struct sockaddr_un address;
	socklen_t address_len;
	enum notify_state state, told_state;
	uint64_t reloading_ns;
	char *status, *told_status; /* NULL: none */
	bool complained;
	ev_timer retry, watchdog;
};

static bool notify_address(struct notify *n, const char *path)
{
	size_t len = strlen(path);

	/* the leading NUL of an abstract name counts, a path's last one does not have to */
	if ((path[0] != '/' && path[0] != '@') || len < 2 || len >= sizeof(n->address.sun_path))
		return false;
	n->address.sun_family = AF_UNIX;
	memcpy(n->address.sun_path, path, len);
	if (path[0] == '@')
		n->address.sun_path[0] = '\0';
	n->address_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return true;
}

static int notify_send(struct notify *n, const char *text)
{
	ssize_t r = sendto(n->fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
			   (const struct sockaddr *)&n->address, n->address_len);

	return r < 0 ? -errno : 0;
}

static void add_state(const struct notify *n, struct strbuf *b)
{
	switch (n->state) {
	case NOTIFY_STARTING:
		break;
	case NOTIFY_READY:
		strbuf_add(b, "READY=1\n");
		break;
	case NOTIFY_RELOADING:
		strbuf_addf(b, "RELOADING=1\nMONOTONIC_USEC=%" PRIu64 "\n", n->reloading_ns / 1000);
		break;
	case NOTIFY_STOPPING:
		strbuf_add(b, "STOPPING=1\n");
		break;
	}
}

static bool same(const char *a, const char *b)
{
	return a && b ? !strcmp(a, b) : a == b;
}

/* Tells what has not been told yet. */
static void notify_flush(struct notify *n)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;
	int r;

	if (n->fd < 0)
		return;
	if (n->state != n->told_state)
		add_state(n, &text);
	if (!same(n->status, n->told_status))
		strbuf_addf(&text, "STATUS=%s\n", n->status);
	if (!text.len)
		return;
	r = notify_send(n, strbuf_text(&text));
	if (r < 0) {
		if (!n->complained)
			log_debug("notify", "%s; trying again", strerror(-r));
		n->complained = true;
		ev_timer_again(n->ev, &n->retry);
		return;
	}
	ev_timer_stop(n->ev, &n->retry);
	n->complained = false;
	n->told_state = n->state;
	free(n->told_status);
	n->told_status = n->status ? memory_strdup(n->status) : NULL;
}

static void on_retry(struct ev_loop *ev, ev_timer *w, int revents)
{
	ev_timer_stop(ev, w);
	notify_flush(w->data);
}

static void on_watchdog(struct ev_loop *ev, ev_timer *w, int revents)
{
	/* when it is refused, the next one comes before the time is over */
	(void)notify_send(w->data, "WATCHDOG=1\n");
}

/* sd_watchdog_enabled(3): WATCHDOG_PID, if there, must be us. 0: no watchdog. */
static uint64_t watchdog_us(void)
{
	const char *text = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
	uint64_t us, who;

	if (!text || parse_u64(text, UINT64_MAX, &us) < 0)
		return 0;
	if (pid && (parse_u64(pid, UINT64_MAX, &who) < 0 || who != (uint64_t)getpid()))
		return 0;
	return us;
}

static void start_watchdog(struct notify *n, uint64_t us)
{
	double seconds = (double)us / 1e6 / 2;

	n->watchdog.data = n;
	ev_timer_init(&n->watchdog, on_watchdog, 0.0, seconds);
	if (us && n->fd >= 0)
		ev_timer_start(n->ev, &n->watchdog);
}

struct notify *notify_new(struct loop *l)
{
	struct notify *n = memory_alloc(sizeof(*n));
	const char *path = getenv("NOTIFY_SOCKET");

	n->ev = loop_ev(l);
	n->fd = -1;
	if (path && notify_address(n, path))
		n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (path && n->fd < 0)
		log_warn("notify", "the service manager's socket %s cannot be used", path);
	n->retry.data = n;
	ev_timer_init(&n->retry, on_retry, 0.0, NOTIFY_RETRY_S);
	start_watchdog(n, watchdog_us());
	/* what we start is not to speak for us */
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return n;
}

struct notify *notify_free(struct notify *n)
{
	if (!n)
		return NULL;
	ev_timer_stop(n->ev, &n->retry);
	ev_timer_stop(n->ev, &n->watchdog);
	cleanup_closep(&n->fd);
	free(n->status);
	free(n->told_status);
	free(n);
	return NULL;
}

/* Once stopping, there is no way back. */
static void set_state(struct notify *n, enum notify_state state)
{
	if (n->state == NOTIFY_STOPPING)
		return;
	n->state = state;
	notify_flush(n);
}

void notify_ready(struct notify *n)
{
	set_state(n, NOTIFY_READY);
}

void notify_reloading(struct notify *n)
{
	n->reloading_ns = loop_now_ns();
	set_state(n, NOTIFY_RELOADING);
}

void notify_stopping(struct notify *n)
{
	set_state(n, NOTIFY_STOPPING);
}

void notify_status(struct notify *n, const char *text)
{
	char *clean;

	if (same(n->status, text))
		return;
	clean = memory_strdup(text);
	/* a line break would begin another assignment */
	for (char *p = clean; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	free(n->status);
	n->status = clean;
	notify_flush(n);
}
