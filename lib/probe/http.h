/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An HTTP/1.1 request, and the status of what comes back (RFC 9112). Pure: any bytes may come. */
#pragma once

#include <stddef.h>

#define HTTP_HEAD_MAX 512 /* of an answer: a status line that is longer is none */

/* `host` as it stands in the header. Bytes written, or -ENOSPC. */
int http_request_build(const char *host, const char *path, char *buf, size_t size);
/* The first n bytes of an answer: its status, 0: more has to come, or -EBADMSG: not HTTP. */
int http_status_parse(const void *data, size_t n);
