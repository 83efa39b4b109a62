/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only the whole policy can tell: names that lead nowhere, numbers that
 * collide, on_down chains that end where they began. Resolves the names into
 * indexes and fills the defaults that depend on other objects (ids, tables).
 */
#pragma once

struct arena;
struct diag_list;
struct policy;

/* Faults get their places by json_doc_locate(). */
void policy_check(struct policy *p, struct arena *a, struct diag_list *faults);
