/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: a unix stream, one JSON object a line, one answer a line.
 * A client that is slow, silent or too long-winded is hung up on; none can hold
 * the loop. Root and the socket's group only (0660).
 */
#pragma once

#include "base/strbuf.h"

#include <ev.h>
#include <stddef.h>

struct loop;

#define CONTROL_CLIENTS_MAX 16
#define CONTROL_REQUEST_MAX 4096

struct control_client {
	struct control *control;
	int fd; /* -1: a free place */
	ev_io io;
	ev_timer timeout;
	char request[CONTROL_REQUEST_MAX];
	size_t len;
	struct strbuf answer;
	size_t sent;
};

struct control {
	struct loop *loop;
	const char *path; /* NULL: closed */
	int fd;
	ev_io io;
	struct control_client clients[CONTROL_CLIENTS_MAX];
};

/*
 * 0 or -errno. A socket that nobody listens on any more is replaced;
 * -EADDRINUSE: somebody does; -EEXIST: what is there is no socket.
 */
int control_start(struct control *c, struct loop *l, const char *path);
void control_stop(struct control *c);
