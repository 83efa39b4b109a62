/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "daemon/control_event.h"
#include "daemon/control_io_answer.h"
#include "daemon/control_io_socket.h"
#include "daemon/control_json.h"
#include "daemon/loop.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* For one request and the reading of its answer. */
#define TIMEOUT_S 5.0

#define TIME_MAX 40

/* RFC 3339, UTC, milliseconds. */
static const char *now_text(char buf[TIME_MAX])
{
	struct timespec t;
	struct tm utc;
	char date[24];

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &utc);
	strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(buf, TIME_MAX, "%s.%03ldZ", date, t.tv_nsec / 1000000);
	return buf;
}

static void hang_up(struct control_client *client)
{
	struct loop *l = client->control->loop;

	if (client->state == CONTROL_CLIENT_RELOADING)
		loop_reload_forget(l, client);
	ev_io_stop(loop_ev(l), &client->io);
	ev_timer_stop(loop_ev(l), &client->timeout);
	close(client->fd);
	client->fd = -1;
	strbuf_done(&client->answer);
}

static void wait_for(struct control_client *client, int events)
{
	struct ev_loop *ev = loop_ev(client->control->loop);

	ev_io_stop(ev, &client->io);
	ev_io_set(&client->io, client->fd, events);
	ev_io_start(ev, &client->io);
}

static bool has_line(const struct control_client *client)
{
	return memchr(client->request, '\n', client->len);
}

/* ---- sending ------------------------------------------------------------- */

/* All is sent: what comes next. */
static void go_on(struct control_client *client)
{
	struct ev_loop *ev = loop_ev(client->control->loop);

	strbuf_reset(&client->answer);
	client->sent = 0;
	switch (client->state) {
	case CONTROL_CLIENT_ASKING:
		/* one request a turn of the loop: a line that is here already waits for its turn */
		wait_for(client, has_line(client) ? EV_WRITE : EV_READ);
		ev_timer_again(ev, &client->timeout);
		break;
	case CONTROL_CLIENT_RELOADING:
	case CONTROL_CLIENT_WATCHING:
		/* to see that it goes away */
		wait_for(client, EV_READ);
		ev_timer_stop(ev, &client->timeout);
		break;
	case CONTROL_CLIENT_LEAVING:
		hang_up(client);
		break;
	}
}

/* What cannot be sent now waits until the client reads. */
static void flush(struct control_client *client)
{
	while (client->sent < client->answer.len) {
		ssize_t n = send(client->fd, client->answer.text + client->sent,
				 client->answer.len - client->sent, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			wait_for(client, client->state == CONTROL_CLIENT_WATCHING
						 ? EV_READ | EV_WRITE
						 : EV_WRITE);
			return;
		}
		if (n < 0) {
			hang_up(client);
			return;
		}
		client->sent += (size_t)n;
	}
	go_on(client);
}

/* One last line; a client that does not take it in time misses it. */
static void say_goodbye(struct control_client *client, const char *reason)
{
	char time[TIME_MAX];

	client->state = CONTROL_CLIENT_LEAVING;
	control_event_end(now_text(time), reason, &client->answer);
	ev_timer_again(loop_ev(client->control->loop), &client->timeout);
	flush(client);
}

/* What it has not begun to read is dropped, so that the last line fits. */
static void cut_off(struct control_client *client)
{
	const char *rest = client->answer.text + client->sent;
	const char *end = strchr(rest, '\n');
	bool inside = client->sent && client->answer.text[client->sent - 1] != '\n';

	client->answer.len = client->sent;
	if (inside && end)
		client->answer.len += (size_t)(end + 1 - rest);
	client->answer.text[client->answer.len] = '\0';
	say_goodbye(client, "too slow: events were left unread");
}

/* ---- watching ------------------------------------------------------------ */

/* A watcher that is always a little behind keeps no lines that it has read. */
static void forget_read(struct control_client *client)
{
	const char *end = client->sent ? memrchr(client->answer.text, '\n', client->sent) : NULL;
	size_t n = end ? (size_t)(end + 1 - client->answer.text) : 0;

	if (!n)
		return;
	client->answer.len -= n;
	client->sent -= n;
	memmove(client->answer.text, client->answer.text + n, client->answer.len + 1);
}

static unsigned count_watchers(const struct control *c)
{
	unsigned n = 0;

	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		n += c->clients[i].fd >= 0 && c->clients[i].state == CONTROL_CLIENT_WATCHING;
	return n;
}

static void begin_watch(struct control_client *client)
{
	struct loop *l = client->control->loop;
	char time[TIME_MAX];

	client->state = CONTROL_CLIENT_WATCHING;
	control_event_present(loop_core(l), now_text(time), loop_now_ns(), &client->answer);
}

void control_tell(struct control *c, const struct core_line *line)
{
	struct strbuf text = STRBUF_NULL;
	char time[TIME_MAX];

	if (!c->path || !count_watchers(c))
		return;
	control_event_line(line, now_text(time), &text);
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_client *client = &c->clients[i];

		if (client->fd < 0 || client->state != CONTROL_CLIENT_WATCHING)
			continue;
		/* the first lines may be more; then it has room for as much again */
		if (client->answer.len - client->sent > CONTROL_WATCH_MAX) {
			cut_off(client);
			continue;
		}
		forget_read(client);
		strbuf_addn(&client->answer, text.text, text.len);
		flush(client);
	}
	strbuf_done(&text);
}

/* ---- reloading ----------------------------------------------------------- */

static void on_reloaded(void *data, int status, const char *text)
{
	struct control_client *client = data;
	json_t *j = json_object();

	if (status == 0) {
		control_json_set(j, "ok", json_true());
	} else {
		control_json_set_text(
			j, "error",
			status == 3 ? "the policy is refused; the one before stays in force"
				    : "the reload failed");
		control_json_set(j, "status", json_integer(status));
	}
	control_json_set_text(j, status ? "faults" : "warnings", text && *text ? text : NULL);
	control_json_line(j, &client->answer);
	json_decref(j);
	client->state = CONTROL_CLIENT_ASKING;
	ev_timer_again(loop_ev(client->control->loop), &client->timeout);
	flush(client);
}

/* ---- asking -------------------------------------------------------------- */

/* False: `answer` holds nothing yet, or all is done already. */
static bool answer(struct control_client *client, const char *line, size_t len)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	struct control *c = client->control;
	struct control_request request;
	struct control_fault fault;
	json_t *j;

	if (control_request_read(line, len, a, &request, &fault) == 0) {
		if (request.command == CONTROL_RELOAD) {
			client->state = CONTROL_CLIENT_RELOADING;
			go_on(client);
			loop_reload(c->loop, on_reloaded, client);
			return false;
		}
		if (request.command != CONTROL_WATCH) {
			control_io_answer(c->loop, &request, c->started_ns, a, &client->answer);
			return true;
		}
		if (count_watchers(c) < CONTROL_WATCHERS_MAX) {
			begin_watch(client);
			return true;
		}
		fault = (struct control_fault){ .error = "too many watch already" };
	}
	j = control_json_fault(&fault);
	control_json_line(j, &client->answer);
	json_decref(j);
	return true;
}

static void answer_line(struct control_client *client)
{
	char line[CONTROL_REQUEST_MAX];
	char *end = memchr(client->request, '\n', client->len);
	size_t len = (size_t)(end - client->request);

	memcpy(line, client->request, len);
	client->len -= len + 1;
	memmove(client->request, end + 1, client->len);
	if (answer(client, line, len))
		flush(client);
}

static void refuse(int fd, const char *text)
{
	struct strbuf line = STRBUF_NULL;
	json_t *j = control_json_error(text);

	control_json_line(j, &line);
	(void)!send(fd, line.text, line.len, MSG_NOSIGNAL | MSG_DONTWAIT);
	strbuf_done(&line);
	json_decref(j);
}

static void receive(struct control_client *client)
{
	ssize_t n = recv(client->fd, client->request + client->len,
			 sizeof(client->request) - client->len, MSG_DONTWAIT);

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		hang_up(client);
		return;
	}
	if (client->state == CONTROL_CLIENT_WATCHING)
		return; /* it has nothing more to say */
	client->len += (size_t)n;
	if (client->len == sizeof(client->request) && !has_line(client)) {
		refuse(client->fd, "the request is too long");
		hang_up(client);
	} else if (client->state == CONTROL_CLIENT_RELOADING) {
		if (client->len == sizeof(client->request))
			ev_io_stop(loop_ev(client->control->loop), &client->io);
	} else if (has_line(client)) {
		answer_line(client);
	}
}

static void on_client(struct ev_loop *ev, ev_io *io, int revents)
{
	struct control_client *client = container_of(io, struct control_client, io);

	if (client->state == CONTROL_CLIENT_WATCHING && revents & EV_READ) {
		receive(client);
		if (client->fd < 0)
			return;
	}
	if (client->answer.len)
		flush(client);
	else if (client->state == CONTROL_CLIENT_ASKING && has_line(client))
		answer_line(client);
	else if (client->state != CONTROL_CLIENT_WATCHING)
		receive(client);
}

static void on_timeout(struct ev_loop *ev, ev_timer *w, int revents)
{
	hang_up(container_of(w, struct control_client, timeout));
}

/* ---- the socket ---------------------------------------------------------- */

static void admit(struct control *c, int fd)
{
	struct control_client *client = c->clients;

	while (client < c->clients + CONTROL_CLIENTS_MAX && client->fd >= 0)
		client++;
	if (client == c->clients + CONTROL_CLIENTS_MAX) {
		refuse(fd, "too many clients");
		close(fd);
		return;
	}
	client->fd = fd;
	client->len = client->sent = 0;
	client->state = CONTROL_CLIENT_ASKING;
	go_on(client);
}

static void on_connect(struct ev_loop *ev, ev_io *io, int revents)
{
	struct control *c = container_of(io, struct control, io);
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	uid_t uid;

	if (fd < 0)
		return;
	if (control_io_socket_allowed(fd, c->gid, &uid)) {
		admit(c, fd);
		return;
	}
	refuse(fd, "only root and members of the socket's group may ask");
	close(fd);
}

int control_start(struct control *c, struct loop *l, const char *path, const char *group)
{
	gid_t gid = 0;
	int fd = control_io_socket_open(path, group, CONTROL_CLIENTS_MAX, &gid);

	if (fd == -ESRCH)
		log_err("control", "there is no group \"%s\"", group);
	if (fd < 0)
		return fd;
	c->loop = l;
	c->path = path;
	c->fd = fd;
	c->gid = gid;
	c->started_ns = loop_now_ns();
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_client *client = &c->clients[i];

		*client = (struct control_client){ .control = c, .fd = -1 };
		ev_init(&client->io, on_client);
		ev_init(&client->timeout, on_timeout);
		client->timeout.repeat = TIMEOUT_S;
	}
	ev_io_init(&c->io, on_connect, fd, EV_READ);
	ev_set_priority(&c->io, EV_MINPRI);
	ev_io_start(loop_ev(l), &c->io);
	return 0;
}

void control_stop(struct control *c)
{
	if (!c->path)
		return;
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_client *client = &c->clients[i];

		if (client->fd >= 0 && client->state == CONTROL_CLIENT_WATCHING)
			say_goodbye(client, "the daemon ends");
		if (client->fd >= 0)
			hang_up(client);
	}
	ev_io_stop(loop_ev(c->loop), &c->io);
	close(c->fd);
	unlink(c->path);
	c->path = NULL;
}
