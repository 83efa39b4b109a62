/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the core believes the kernel has, and what is to be done about it. All
 * rates and delays are here.
 */
#pragma once

#include "daemon/core_event.h"

struct core;

/* Wishes; when they come true is settled in core_apply_next(). */
void core_apply_start(struct core *c, uint64_t now_ns);
void core_apply_want_look(struct core *c);
void core_apply_want_check(struct core *c);
void core_apply_want_stop(struct core *c);

/* c->wanted or c->snapshot changed. */
void core_apply_compare(struct core *c);

/* Answers to what core_apply_next() asked for. 0, or -EPROTO when it did not. */
int core_apply_observed(struct core *c, bool ok, uint64_t now_ns);
int core_apply_applied(struct core *c, const struct desired *made, uint64_t now_ns);
int core_apply_failed(struct core *c, uint64_t now_ns);
int core_apply_busy(struct core *c, uint64_t now_ns);

/* What to do now, and when to be woken for what comes after. */
void core_apply_next(struct core *c, uint64_t now_ns, struct core_actions *ret);
