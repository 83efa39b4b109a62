/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of live flows: they stay on their link as long as it lives.
 * Flows of a dead one are sent where new flows go (MOVING), until the kernel has
 * been asked to forget those that are translated, so that they start afresh;
 * then the rest are remembered there (MOVED).
 */
#pragma once

#include "daemon/core_state.h"

/* The target's choice has just changed from `old`. */
void core_flows_left(struct core *c, size_t target, enum inet_family f,
		     const struct core_target_choice *old, uint64_t now_ns);
/* Brings flows up to date. True: some changed. Lowers c->decide_at_ns. */
bool core_flows_refresh(struct core *c, uint64_t now_ns);

/* Some wait for a CORE_DO_DELETE_FLOWS, once the kernel has them moving. */
bool core_flows_waiting(const struct core *c);
void core_flows_ask(struct core *c, struct core_actions *ret);
/* It was answered. */
void core_flows_deleted(struct core *c);
