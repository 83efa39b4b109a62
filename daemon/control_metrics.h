/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Metrics as text. OpenMetrics 1.0 and Prometheus' own format differ in one
 * thing: the family of a counter NAME_total is called NAME in the first and
 * NAME_total in the second. Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct control_counters;
struct control_process;
struct core;
struct strbuf;

/* strict: to the letter of OpenMetrics, families of counters without _total, units of all. */
void control_metrics(const struct core *c, const struct control_counters *counters,
		     const struct control_process *process, bool strict, uint64_t now_ns,
		     struct strbuf *out);
