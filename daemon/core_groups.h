/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of its own links each group uses in each family: by the links' states,
 * the group's mode, and what it used before. on_down is core_targets.c's.
 */
#pragma once

#include "daemon/core_state.h"

/* Brings choices up to date. True: one of them changed. Lowers c->decide_at_ns. */
bool core_groups_refresh(struct core *c, uint64_t now_ns);
/* By hand; link -1: automatic again. Tells when it cannot be. */
void core_groups_switch(struct core *c, size_t group, int link);

/* Index of a link among a group's members; n_members: not one. */
size_t core_groups_member(const struct plan_group_table *g, size_t link);
