/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the core believes the kernel has, and what is to be done about it. All
 * rates and delays are here, but for those of loads.
 */
#pragma once

#include "daemon/core_event.h"

struct core;

/* Wishes; when they come true is settled in core_apply_next(). */
void core_apply_start(struct core *c, uint64_t now_ns);
void core_apply_want_look(struct core *c);
void core_apply_want_check(struct core *c);
void core_apply_want_state(struct core *c);
void core_apply_want_stop(struct core *c, uint64_t now_ns);
/* The tables are as the plan has them; what the state maps hold is unknown. */
void core_apply_loaded(struct core *c, bool repaired, uint64_t now_ns);
/* What the kernel has is unknown: look, then make it right. */
void core_apply_unknown(struct core *c, uint64_t now_ns);

/* c->wanted or c->snapshot changed. */
void core_apply_compare(struct core *c);

/* Answers to what core_apply_next() asked for. 0, or -EPROTO when it did not. */
int core_apply_answer(struct core *c, const struct core_event *e, uint64_t now_ns);

/* What to do now, and when to be woken for what comes after. */
void core_apply_next(struct core *c, uint64_t now_ns, struct core_actions *ret);

uint64_t core_apply_doubled(uint64_t delay_ns);
