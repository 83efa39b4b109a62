/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lines that a step wants logged. Valid until core_lines_reset(). */
#pragma once

#include "daemon/core_event.h"

struct core;
struct core_limit;

void core_lines_reset(struct core *c);
/* The line, for its other members; valid until the next call. */
struct core_line *core_lines_add(struct core *c, bool warning, const char *token, const char *fmt,
				 ...) __attribute__((format(printf, 4, 5)));
/* A text that lives as long as the lines. */
const char *core_lines_text(struct core *c, const char *text);

/*
 * A subject that changes more than CORE_LINES_BURST times in CORE_LINES_WINDOW
 * is told once a window: how often it changed, and what it came to. When a
 * window passes quietly, each change is a line again.
 */
#define CORE_LINES_BURST     10
#define CORE_LINES_WINDOW_NS (10 * 1000000000ull)
/* False: counted, to be told later. Call core_lines_due() first. */
bool core_lines_pass(struct core_limit *l, uint64_t now_ns);
/* How many are to be told now; 0: none. */
unsigned core_lines_due(struct core_limit *l, uint64_t now_ns);
/* When core_lines_due() will have some; CORE_NEVER. */
uint64_t core_lines_due_ns(const struct core_limit *l);
