/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where each target leaves: the first of its tiers that has a choice. And what the kernel should have then. */
#pragma once

#include "daemon/core_state.h"

/* Brings choices up to date and tells of them. True: one of them changed. Lowers c->decide_at_ns. */
bool core_targets_refresh(struct core *c, uint64_t now_ns);
/* Rebuilds c->wanted from views, states, choices and flows. */
void core_targets_build(struct core *c);

void core_targets_new(struct core *c);
struct core_choice core_targets_choice(const struct core *c, size_t target, enum inet_family f);

/* The elements of the state maps are the same. */
bool core_targets_equal(const struct desired *a, const struct desired *b);
/* A deep copy in an arena of its own; to's old content is freed. */
void core_targets_copy(struct core_desired *to, const struct desired *from);
