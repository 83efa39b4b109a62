/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ctl_ask.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

/* A daemon that loads a million prefixes answers afterwards. */
#define ANSWER_TIMEOUT_S 30
#define ANSWER_MAX	 (16u << 20)

static int connect_to(const char *path)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	struct timeval timeout = { .tv_sec = ANSWER_TIMEOUT_S };
	_cleanup_(cleanup_closep) int fd = -1;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path));
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -errno;
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout));
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

static int read_line(int fd, struct strbuf *answer)
{
	char buf[16384];

	while (answer->len < ANSWER_MAX) {
		ssize_t n = recv(fd, buf, sizeof(buf), 0);
		const char *end;

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return -EPROTO;
		end = memchr(buf, '\n', (size_t)n);
		strbuf_addn(answer, buf, end ? (size_t)(end - buf) : (size_t)n);
		if (end)
			return 0;
	}
	return -EMSGSIZE;
}

int ctl_ask(const char *socket_path, const char *request, struct strbuf *answer)
{
	_cleanup_(cleanup_closep) int fd = connect_to(socket_path);
	int r;

	if (fd < 0)
		return fd;
	r = send_all(fd, request, strlen(request));
	if (r < 0)
		return r;
	return read_line(fd, answer);
}
