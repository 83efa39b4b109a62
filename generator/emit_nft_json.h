/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plan -> libnftables JSON (libnftables-json(5)), one command a line. Pure. */
#pragma once

struct plan;
struct plan_rule;
struct strbuf;

/*
 * 0, or -EOPNOTSUPP when the plan matches cgroups, which libnftables' JSON
 * cannot say: then *ret_rule is the first such rule (for its comment) and
 * `out` is as it was.
 */
int emit_nft_json(const struct plan *p, const char *policy, struct strbuf *out,
		  const struct plan_rule **ret_rule);
