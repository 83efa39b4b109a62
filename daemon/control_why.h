/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where a packet would go, and why: rule, target, link, reason. Pure. */
#pragma once

#include "daemon/core.h"
#include "model/plan_eval.h"

#include <jansson.h>

/* What the kernel's routing says of the packet with the mark it would bear. */
struct control_route {
	bool known;
	bool unreachable;
	char device[16]; /* IFNAMSIZ */
	bool has_gateway;
	struct inet_addr gateway;
	uint32_t table;
};

/* The mark to ask the kernel's routing with; false: it depends on the flow (balance). */
bool control_why_mark(const struct core *c, const struct plan_eval_packet *packet,
		      const struct plan_eval_answer *answer, uint32_t *ret);

json_t *control_why(const struct core *c, const struct plan_eval_packet *packet,
		    const struct plan_eval_answer *answer, const struct control_route *route,
		    uint64_t now_ns);
