/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Links and groups against their probes: is there anybody to ask, and anything to compare? */
#pragma once

struct arena;
struct diag_list;
struct policy;

/* After names are resolved; what leads nowhere is -1 and was told already. */
void policy_check_measure(const struct policy *p, struct arena *a, struct diag_list *faults);
