/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request to the daemon's socket, one line back. */
#pragma once

struct strbuf;

/* 0 and the answer without its newline, or -errno (-EPROTO: the daemon hung up). */
int ctl_ask(const char *socket_path, const char *request, struct strbuf *answer);
