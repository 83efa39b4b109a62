/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control.h"

#include "base/cleanup.h"
#include "daemon/control_status.h"
#include "daemon/loop.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

/* For one request and the reading of its answer. */
#define TIMEOUT_S 5.0

/* ---- answers ---- */

static json_t *error_object(const char *text)
{
	json_t *j = json_object();

	json_object_set_new(j, "error", json_string(text));
	return j;
}

static json_t *answer_command(struct control *c, const json_t *request)
{
	const char *command = json_string_value(json_object_get(request, "command"));
	json_t *j;

	if (!json_is_object(request) || !command)
		return error_object("a request is an object with a string \"command\"");
	if (!strcmp(command, "status"))
		return control_status(loop_core(c->loop), loop_config(c->loop)->policy_path,
				      loop_now_ns());
	j = json_pack("{s:s+}", "error", "this version does not know the command ", command);
	return j ? j : error_object("this version does not know the command");
}

static void answer(struct control_client *client, const char *line, size_t len)
{
	json_error_t fault;
	json_t *request = json_loadb(line, len, JSON_REJECT_DUPLICATES, &fault);
	json_t *reply = request ? answer_command(client->control, request)
				: error_object("the request is not JSON");
	char *text = json_dumps(reply, JSON_COMPACT);

	strbuf_add(&client->answer, text ? text : "{\"error\":\"out of memory\"}");
	strbuf_addc(&client->answer, '\n');
	free(text);
	json_decref(reply);
	json_decref(request);
}

/* ---- clients ---- */

static void hang_up(struct control_client *client)
{
	struct ev_loop *ev = loop_ev(client->control->loop);

	ev_io_stop(ev, &client->io);
	ev_timer_stop(ev, &client->timeout);
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

/* The time for one request and its answer begins. */
static void wait_for_request(struct control_client *client)
{
	/* one request a turn of the loop: a line that is here already waits for its turn */
	wait_for(client, has_line(client) ? EV_WRITE : EV_READ);
	ev_timer_again(loop_ev(client->control->loop), &client->timeout);
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
			wait_for(client, EV_WRITE);
			return;
		}
		if (n < 0) {
			hang_up(client);
			return;
		}
		client->sent += (size_t)n;
	}
	strbuf_reset(&client->answer);
	client->sent = 0;
	wait_for_request(client);
}

static void answer_line(struct control_client *client)
{
	char *end = memchr(client->request, '\n', client->len);
	size_t line = (size_t)(end - client->request);

	answer(client, client->request, line);
	client->len -= line + 1;
	memmove(client->request, end + 1, client->len);
	flush(client);
}

static void refuse_long(struct control_client *client)
{
	static const char text[] = "{\"error\":\"the request is too long\"}\n";

	(void)!send(client->fd, text, sizeof(text) - 1, MSG_NOSIGNAL | MSG_DONTWAIT);
	hang_up(client);
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
	client->len += (size_t)n;
	if (has_line(client))
		answer_line(client);
	else if (client->len == sizeof(client->request))
		refuse_long(client);
}

static void on_client(struct ev_loop *ev, ev_io *io, int revents)
{
	struct control_client *client = container_of(io, struct control_client, io);

	if (client->answer.len)
		flush(client);
	else if (has_line(client))
		answer_line(client);
	else
		receive(client);
}

static void on_timeout(struct ev_loop *ev, ev_timer *w, int revents)
{
	hang_up(container_of(w, struct control_client, timeout));
}

static void on_connect(struct ev_loop *ev, ev_io *io, int revents)
{
	struct control *c = container_of(io, struct control, io);
	int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	struct control_client *client = c->clients;

	if (fd < 0)
		return;
	while (client < c->clients + CONTROL_CLIENTS_MAX && client->fd >= 0)
		client++;
	if (client == c->clients + CONTROL_CLIENTS_MAX) {
		close(fd);
		return;
	}
	client->fd = fd;
	client->len = client->sent = 0;
	wait_for_request(client);
}

/* ---- the socket ---- */

/* Takes away a socket whose daemon is gone. */
static int clear_path(const struct sockaddr_un *addr)
{
	_cleanup_(cleanup_closep) int fd = -1;
	struct stat st;

	if (lstat(addr->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno == EAGAIN)
		return -EADDRINUSE;
	if (errno != ECONNREFUSED)
		return -errno;
	return unlink(addr->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int open_socket(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	_cleanup_(cleanup_closep) int fd = -1;
	mode_t mask;
	int r;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path));
	r = clear_path(&addr);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0117);
	r = bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	umask(mask);
	if (r < 0)
		return r;
	if (listen(fd, CONTROL_CLIENTS_MAX) < 0) {
		r = -errno;
		unlink(path);
		return r;
	}
	return TAKE_FD(fd);
}

int control_start(struct control *c, struct loop *l, const char *path)
{
	int fd = open_socket(path);

	if (fd < 0)
		return fd;
	c->loop = l;
	c->path = path;
	c->fd = fd;
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
	for (size_t i = 0; i < CONTROL_CLIENTS_MAX; i++)
		if (c->clients[i].fd >= 0)
			hang_up(&c->clients[i]);
	ev_io_stop(loop_ev(c->loop), &c->io);
	close(c->fd);
	unlink(c->path);
	c->path = NULL;
}
