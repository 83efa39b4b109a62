/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Loads of our tables, which the shell makes beside the loop: when one is
 * wanted, and how far it is. See worker.h.
 */
#pragma once

#include "daemon/core_event.h"

struct core;

void core_load_want(struct core *c, uint64_t at_ns);
/* 0, or -EPROTO when no such load is under way. */
int core_load_event(struct core *c, enum core_event_type type, uint64_t now_ns);
/* CORE_DO_APPLY_NET was answered. */
void core_load_net(struct core *c, bool ok, uint64_t now_ns);

/* When each of them is to be done; CORE_NEVER. */
uint64_t core_load_begin_ns(const struct core *c);
uint64_t core_load_net_ns(const struct core *c);
uint64_t core_load_go_ns(const struct core *c);
/* It is done. */
void core_load_begun(struct core *c);
void core_load_gone(struct core *c, uint64_t now_ns);
