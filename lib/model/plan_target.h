/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compile pass: links, targets, their marks and tables. A target is a distinct
 * (via, on_down) pair.
 */
#pragma once

struct plan_build;

/* Fills plan->links, targets, group_tables and b->rule_targets. */
void plan_target_build(struct plan_build *b);
