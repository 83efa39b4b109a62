/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel should have for the links as they are, and which link each target got. */
#pragma once

#include "daemon/core_state.h"

/* Rebuilds c->wanted from c->views and tells which targets moved, and why. */
void core_targets_refresh(struct core *c, uint64_t now_ns);

/* The elements of egress and alive are the same. */
bool core_targets_equal(const struct desired *a, const struct desired *b);
/* A deep copy in an arena of its own; to's old content is freed. */
void core_targets_copy(struct core_desired *to, const struct desired *from);
