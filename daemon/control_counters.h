/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Numbers for answers that the core has not: read by the shell when somebody asks. */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct control_counter {
	uint64_t packets, bytes;
};

struct control_counters {
	bool known; /* the kernel answered */
	struct control_counter *rules; /* by policy rule */
	struct control_counter otherwise; /* what no rule has matched */
	struct control_counter *sent; /* by link: what left by it for us */
};

struct control_process {
	uint64_t started_ns; /* by the core's clock */
	double start_time_seconds; /* since 1970 */
	double cpu_seconds;
	uint64_t resident_bytes, virtual_bytes;
	unsigned open_fds, max_fds;
};
