/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compile pass: warnings for rules that can never match, because their own keys
 * exclude each other or because one earlier rule matches all they match.
 */
#pragma once

struct plan_build;

void plan_shadow_warn(struct plan_build *b);
