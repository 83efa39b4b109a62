/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The control socket: a unix stream, one JSON object a line, one answer a line
 * (schemas/control.schema.json). A client that is slow, silent or too
 * long-winded is hung up on; none can hold the loop. Root, our own user and the
 * socket's group only.
 */
#pragma once

#include "base/strbuf.h"

#include <ev.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct core_line;
struct loop;

#define CONTROL_CLIENTS_MAX  16
#define CONTROL_WATCHERS_MAX 12 /* so that somebody can still ask */
#define CONTROL_REQUEST_MAX  4096
/* What a watcher may leave unread. */
#define CONTROL_WATCH_MAX (64u << 10)

enum control_client_state {
	CONTROL_CLIENT_ASKING,
	CONTROL_CLIENT_RELOADING, /* its answer comes when the reload has ended */
	CONTROL_CLIENT_WATCHING,
	CONTROL_CLIENT_LEAVING, /* gets what is left to say */
};

struct control_client {
	struct control *control;
	enum control_client_state state;
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
	gid_t gid;
	uint64_t started_ns;
	ev_io io;
	struct control_client clients[CONTROL_CLIENTS_MAX];
};

/*
 * 0 or -errno. A socket that nobody listens on any more is replaced;
 * -EADDRINUSE: somebody does; -EEXIST: what is there is no socket; -ESRCH: no
 * such group. group NULL: our own.
 */
int control_start(struct control *c, struct loop *l, const char *path, const char *group);
/* Watchers are told that the daemon ends. */
void control_stop(struct control *c);
/* Every line of the core, for those who watch. */
void control_tell(struct control *c, const struct core_line *line);
