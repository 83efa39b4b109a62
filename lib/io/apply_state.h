/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The link-state maps of the kernel, compared element by element and made right. Non-logging. */
#pragma once

struct apply_report;
struct desired;
struct nl_socket;
struct plan;

/*
 * One transaction, or none when nothing differs; a line for each map changed.
 * -ENOENT: a map is missing (the tables are not as the plan has them).
 */
int apply_state_maps(struct nl_socket *nft, const struct plan *p, const struct desired *to,
		     struct apply_report *r);
