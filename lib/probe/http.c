/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/http.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

int http_request_build(const char *host, const char *path, char *buf, size_t size)
{
	int n = snprintf(buf, size,
			 "GET %s HTTP/1.1\r\nHost: %s\r\nUser-Agent: omr-nft\r\nAccept: */*\r\n"
			 "Connection: close\r\n\r\n",
			 path, host);

	return n < 0 || (size_t)n >= size ? -ENOSPC : n;
}

/* What a status line looks like: '0' is any digit. */
static const char pattern[] = "HTTP/1.0 000";

int http_status_parse(const void *data, size_t n)
{
	const uint8_t *p = data;
	size_t len = sizeof(pattern) - 1;
	int status = 0;

	for (size_t i = 0; i < len && i < n; i++) {
		if (pattern[i] == '0' ? p[i] < '0' || p[i] > '9' : p[i] != (uint8_t)pattern[i])
			return -EBADMSG;
		if (i >= len - 3)
			status = status * 10 + (p[i] - '0');
	}
	if (n > len && p[len] != ' ' && p[len] != '\r' && p[len] != '\n')
		return -EBADMSG;
	/* to the line's end: a status cut off is no status */
	if (n <= len || !memchr(p, '\n', n))
		return n >= HTTP_HEAD_MAX ? -EBADMSG : 0;
	return status >= 100 && status <= 599 ? status : -EBADMSG;
}
