/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compile pass: table omr_bypass. Rules that look at the destination only are
 * merged into one interval map as long as they stand together; every other rule
 * is one or more statements at its own place. So one lookup answers for all
 * prefixes, and the first match in file order still wins, exactly.
 */
#pragma once

struct plan_build;

/* After plan_target_build(). Adds warnings for rules whose prefixes are all taken by earlier ones. */
void plan_classify_build(struct plan_build *b);
