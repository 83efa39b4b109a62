/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as what a web server says, piece by piece: once there is a status or
 * a fault, more bytes do not change it.
 */
#include "probe/http.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t n = size < HTTP_HEAD_MAX ? size : HTTP_HEAD_MAX;
	int first = 0;

	for (size_t i = 0; i <= n; i++) {
		/* a block of its own: its end is watched */
		uint8_t *copy = malloc(i ? i : 1);
		int status;

		if (!copy)
			return 0;
		if (i)
			memcpy(copy, data, i);
		status = http_status_parse(copy, i);
		free(copy);
		if (status > 0 && (status < 100 || status > 599))
			abort();
		if (first && status != first)
			abort();
		first = status;
	}
	return 0;
}
