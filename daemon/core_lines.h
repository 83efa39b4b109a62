/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines that a step wants logged. Valid until core_lines_reset(). */
#pragma once

#include <stdbool.h>

struct core;

void core_lines_reset(struct core *c);
void core_lines_add(struct core *c, bool warning, const char *token, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
