/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Constructors of plan objects, used by the plan_* compile passes only. */
#pragma once

#include "model/plan.h"

#include <stdbool.h>

struct diag_list;

/* What every compile pass shares. */
struct plan_build {
	const struct policy *policy;
	struct plan *plan;
	struct arena *arena;
	struct diag_list *faults;
	bool invalid; /* an error was added */
	struct plan_chain **rule_chains; /* by policy rule; NULL for disabled ones */
	size_t *rule_targets; /* by policy rule; PLAN_NO_TARGET for main and disabled */
	size_t default_target;
	bool *rule_taken; /* by policy rule: a warning says already that it cannot match */
};

#define PLAN_NO_TARGET ((size_t)-1)

/* A rule under construction: statements are appended, then copied into a chain. */
#define PLAN_DRAFT_MAX 24
struct plan_draft {
	struct plan_stmt stmts[PLAN_DRAFT_MAX];
	size_t n;
};
#define PLAN_DRAFT_NULL ((struct plan_draft){ .n = 0 })

/* A comment fit for every back end: at most 120 bytes, no quotes, no control characters. */
const char *plan_build_comment(struct plan_build *b, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

struct plan_set *plan_build_set(struct plan_build *b, enum plan_table table, const char *name,
				enum plan_key_type type, const char *comment);
struct plan_chain *plan_build_chain(struct plan_build *b, enum plan_table table, const char *name,
				    const char *comment);
/* Makes `c` a base chain. */
void plan_build_hook(struct plan_chain *c, enum plan_hook hook, enum plan_chain_type type,
		     int priority);
void plan_build_rule(struct plan_build *b, struct plan_chain *c, const struct plan_draft *d,
		     const char *comment);

/* Statements */
void plan_build_match(struct plan_draft *d, enum plan_field field, const struct plan_value *values,
		      size_t n);
/* One number; `values` of several numbers via plan_build_match(). */
void plan_build_match_number(struct plan_build *b, struct plan_draft *d, enum plan_field field,
			     uint32_t value);
void plan_build_match_names(struct plan_build *b, struct plan_draft *d, enum plan_field field,
			    const char *const *names, size_t n);
/* `field & plan->mark_mask` == or != value */
void plan_build_match_mark(struct plan_build *b, struct plan_draft *d, enum plan_field field,
			   bool negate, uint32_t value);
void plan_build_match_set(struct plan_draft *d, enum plan_field field, uint32_t mask, bool negate,
			  const struct plan_set *set);
/* As many keys as the map's type has: `first`, then nfproto, then a random slot. */
void plan_build_vmap(struct plan_build *b, struct plan_draft *d, enum plan_field first,
		     const struct plan_set *map);
void plan_build_set_mark(struct plan_build *b, struct plan_draft *d, enum plan_field field,
			 uint32_t value);
void plan_build_update(struct plan_draft *d, const struct plan_set *set, enum plan_field field);
void plan_build_counter(struct plan_draft *d);
void plan_build_masquerade(struct plan_draft *d);
void plan_build_verdict(struct plan_draft *d, enum plan_verdict v, const struct plan_chain *chain);
