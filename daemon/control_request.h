/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One line from a client of the control socket: JSON in, a request or a fault
 * out. Pure. What it does not know it refuses; nothing is ignored.
 * schemas/control.schema.json describes the same.
 */
#pragma once

#include "model/plan_eval.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

enum control_command {
	CONTROL_STATUS,
	CONTROL_LINKS,
	CONTROL_GROUPS,
	CONTROL_RULES,
	CONTROL_WHY,
	CONTROL_DRAIN,
	CONTROL_UNDRAIN,
	CONTROL_SWITCH,
	CONTROL_RELOAD,
	CONTROL_WATCH,
	CONTROL_METRICS,
	CONTROL_DOCTOR,
};
#define CONTROL_COMMAND_COUNT (CONTROL_DOCTOR + 1)

const char *control_request_command_name(enum control_command c);

struct control_request {
	enum control_command command;
	const char *link; /* DRAIN, UNDRAIN, SWITCH; NULL: SWITCH to automatic */
	const char *group; /* SWITCH */
	bool strict; /* METRICS */
	struct plan_eval_packet packet; /* WHY; time and daddr_type are the asker's to fill */
};

struct control_fault {
	const char *error, *hint; /* hint: NULL or what to write instead */
};

enum {
	CONTROL_REQUEST_INVALID = 1,
};

/* 0, or CONTROL_REQUEST_INVALID and a fault. Texts live in the arena. */
int control_request_read(const char *line, size_t len, struct arena *a, struct control_request *ret,
			 struct control_fault *ret_fault);
