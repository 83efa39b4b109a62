/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The core's state as the JSON that the control socket answers with. Pure. */
#pragma once

#include "base/inet.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct control_counters;
struct core;

struct control_status_facts {
	const char *policy_path;
	uint64_t started_ns, now_ns;
};

/* New references. */
json_t *control_status(const struct core *c, const struct control_status_facts *facts);
/* counters may be NULL */
json_t *control_status_links(const struct core *c, const struct control_counters *counters,
			     uint64_t now_ns);
json_t *control_status_groups(const struct core *c, uint64_t now_ns);
json_t *control_status_targets(const struct core *c, uint64_t now_ns);
/* What the daemon claims of the machine, for `doctor`. */
json_t *control_status_claims(const struct core *c);
/* One link in one family: {"state":...}, also a part of the answer to `why`. */
json_t *control_status_link_family(const struct core *c, size_t link, enum inet_family f,
				   uint64_t now_ns);
