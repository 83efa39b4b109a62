/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A conversation with the daemon: one request, one line back, or many. */
#pragma once

#include "base/strbuf.h"

#include <stdbool.h>

struct ctl_ask {
	int fd; /* -1: none */
	struct strbuf buffer;
	size_t used; /* of buffer: lines handed out */
};

/* How long to wait for an answer. */
enum {
	CTL_ASK_FOREVER = 0,
	CTL_ASK_SECONDS = 30, /* a daemon that loads a million prefixes answers afterwards */
	CTL_ASK_RELOAD_SECONDS = 900,
};

/* Connects and sends the request, a line without its newline. 0 or -errno. */
int ctl_ask_send(struct ctl_ask *a, const char *socket_path, const char *request, int seconds);
/*
 * The next line, without its newline, good until the next call. 0 or -errno; -EPROTO: the daemon
 * hung up; -EINTR: a signal came.
 */
int ctl_ask_line(struct ctl_ask *a, const char **ret);
void ctl_ask_done(struct ctl_ask *a);
