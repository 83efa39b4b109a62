/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the worker's children do. None of these returns. */
#pragma once

#include "daemon/worker.h"

struct worker_child {
	int out_fd; /* messages to the parent */
	int go_fd; /* a byte: switch; its end: the parent is gone */
};

/* From child to parent, text_len bytes of text behind it. Both are one program: no layout to agree on. */
struct worker_message {
	enum worker_load_state load; /* of a load */
	int status; /* of a compile: exit status; of a load: -errno */
	const struct plan *plan; /* of a compile */
	size_t size; /* of a compile: bytes in use; of a load: number of changes */
	size_t text_len;
};

void worker_child_compile(const struct worker_child *c, struct plan_region *region,
			  const char *policy_path, bool colour) __attribute__((noreturn));
void worker_child_load(const struct worker_child *c, const struct plan *plan)
	__attribute__((noreturn));
