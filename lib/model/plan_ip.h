/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compile pass: the ip rules that route the marks.
 *
 *   +0    not fwmark 0: what main routing knows better than by a default route
 *   +10   a mark that names a link: that link's table
 *   +20.. a target's marks: its group's table, then those of its on_down groups
 *   +40   targets that must not fall back: unreachable
 *
 * So with no daemon at all a flow whose link lost its carrier falls from the
 * link's table to the group's, and the kernel alone fails over.
 */
#pragma once

struct plan_build;

/* After plan_target_build(). Fills plan->ip_rules. */
void plan_ip_build(struct plan_build *b);
