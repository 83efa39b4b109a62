/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ctl_ask.h"

#include "base/cleanup.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#define ANSWER_MAX (16u << 20)

static int connect_to(const char *path, int seconds)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = seconds };
	struct timeval send_timeout = { .tv_sec = CTL_ASK_SECONDS };
	_cleanup_(cleanup_closep) int fd = -1;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &send_timeout, sizeof(send_timeout));
	if (connect(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

static int send_all(int fd, const char *text, size_t len)
{
	while (len) {
		ssize_t n = send(fd, text, len, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		text += n;
		len -= (size_t)n;
	}
	return 0;
}

int ctl_ask_send(struct ctl_ask *a, const char *socket_path, const char *request, int seconds)
{
	struct strbuf line = STRBUF_NULL;
	int r;

	*a = (struct ctl_ask){ .fd = connect_to(socket_path, seconds) };
	if (a->fd < 0) {
		r = a->fd;
		a->fd = -1;
		return r;
	}
	strbuf_addf(&line, "%s\n", request);
	r = send_all(a->fd, line.text, line.len);
	strbuf_done(&line);
	/* whoever is refused is told why before it is hung up on */
	return r == -EPIPE || r == -ECONNRESET ? 0 : r;
}

int ctl_ask_line(struct ctl_ask *a, const char **ret)
{
	char buf[16384];

	if (a->used) {
		a->buffer.len -= a->used;
		memmove(a->buffer.text, a->buffer.text + a->used, a->buffer.len + 1);
		a->used = 0;
	}
	while (a->buffer.len < ANSWER_MAX) {
		char *end = a->buffer.len ? memchr(a->buffer.text, '\n', a->buffer.len) : NULL;
		ssize_t n;

		if (end) {
			*end = '\0';
			a->used = (size_t)(end + 1 - a->buffer.text);
			*ret = a->buffer.text;
			return 0;
		}
		n = recv(a->fd, buf, sizeof(buf), 0);
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EPROTO;
		strbuf_addn(&a->buffer, buf, (size_t)n);
	}
	return -EMSGSIZE;
}

void ctl_ask_done(struct ctl_ask *a)
{
	cleanup_closep(&a->fd);
	a->fd = -1;
	strbuf_done(&a->buffer);
	a->used = 0;
}
