/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One request answered at once: all but `watch` and `reload`, which take their time. */
#pragma once

#include "daemon/control_request.h"

#include <stdint.h>

struct loop;
struct strbuf;

/* Appends one line. */
void control_io_answer(struct loop *l, const struct control_request *request, uint64_t started_ns,
		       struct arena *a, struct strbuf *out);
