/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compile pass: table omr_egress. A packet's mark on its way through it:
 *
 *   restore (mangle - 11)  the flow's remembered mark, translated by `alive`
 *   omr_bypass (mangle - 10) classifies what has no mark yet
 *   select (mangle - 9)    a target's mark becomes the mark of target and link, by `egress`
 */
#pragma once

struct plan_build;

/* After plan_target_build(). Fills the candidates' `to`, the targets' `routes`, plan->egress, alive, to_main. */
void plan_egress_build(struct plan_build *b);
