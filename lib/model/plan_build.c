/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/plan_build.h"

#include "base/arena.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* NFTNL_UDATA_COMMENT_MAXLEN is 128 (libnftnl udata.h); the NUL and a margin are left. */
#define COMMENT_MAX 120

const char *plan_build_comment(struct plan_build *b, const char *fmt, ...)
{
	char text[COMMENT_MAX + 1];
	va_list ap;
	size_t n;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);

	n = strlen(text);
	if (n == COMMENT_MAX) {
		/* cut before the character that the limit broke, if it did */
		size_t start = n;

		while (start > 0 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
			start--;
		if (start > 0 && (unsigned char)text[start - 1] >= 0xc0)
			text[start - 1] = '\0';
	}
	for (char *c = text; *c; c++) {
		if (*c == '"' || *c == '\\' || *c == '`')
			*c = '\'';
		else if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
	}
	return arena_strdup(b->arena, text);
}

struct plan_set *plan_build_set(struct plan_build *b, enum plan_table table, const char *name,
				enum plan_key_type type, const char *comment)
{
	struct plan *p = b->plan;
	struct plan_set *s = arena_alloc(b->arena, sizeof(*s));

	s->table = table;
	s->name = name;
	s->type = type;
	s->comment = comment;
	*ARENA_PUSH(b->arena, p->sets, p->n_sets, p->cap_sets) = s;
	return s;
}

struct plan_chain *plan_build_chain(struct plan_build *b, enum plan_table table, const char *name,
				    const char *comment)
{
	struct plan *p = b->plan;
	struct plan_chain *c = arena_alloc(b->arena, sizeof(*c));

	c->table = table;
	c->name = name;
	c->comment = comment;
	*ARENA_PUSH(b->arena, p->chains, p->n_chains, p->cap_chains) = c;
	return c;
}

void plan_build_hook(struct plan_chain *c, enum plan_hook hook, enum plan_chain_type type,
		     int priority)
{
	c->hook = hook;
	c->type = type;
	c->priority = priority;
}

void plan_build_rule(struct plan_build *b, struct plan_chain *c, const struct plan_draft *d,
		     const char *comment)
{
	struct plan_rule *r = ARENA_PUSH(b->arena, c->rules, c->n_rules, c->cap_rules);

	r->stmts = arena_memdup(b->arena, d->stmts, d->n * sizeof(d->stmts[0]));
	r->n_stmts = d->n;
	r->comment = comment;
}

static struct plan_stmt *draft_add(struct plan_draft *d, enum plan_stmt_kind kind)
{
	struct plan_stmt *s = &d->stmts[d->n];

	assert(d->n < PLAN_DRAFT_MAX);
	d->n++;
	*s = (struct plan_stmt){ .kind = kind };
	return s;
}

void plan_build_match(struct plan_draft *d, enum plan_field field, const struct plan_value *values,
		      size_t n)
{
	struct plan_stmt *s = draft_add(d, PLAN_STMT_MATCH);

	s->match = (struct plan_match){
		.field = field, .mask = UINT32_MAX, .values = values, .n_values = n
	};
}

void plan_build_match_number(struct plan_build *b, struct plan_draft *d, enum plan_field field,
			     uint32_t value)
{
	struct plan_value *v = arena_alloc(b->arena, sizeof(*v));

	v->number.lo = v->number.hi = value;
	plan_build_match(d, field, v, 1);
}

void plan_build_match_names(struct plan_build *b, struct plan_draft *d, enum plan_field field,
			    const char *const *names, size_t n)
{
	struct plan_value *v = arena_calloc(b->arena, n, sizeof(*v));

	for (size_t i = 0; i < n; i++)
		v[i].name = names[i];
	plan_build_match(d, field, v, n);
}

void plan_build_match_mark(struct plan_build *b, struct plan_draft *d, enum plan_field field,
			   bool negate, uint32_t value)
{
	struct plan_match *m;

	plan_build_match_number(b, d, field, value);
	m = &d->stmts[d->n - 1].match;
	m->mask = b->plan->mark_mask;
	m->negate = negate;
}

void plan_build_match_set(struct plan_draft *d, enum plan_field field, uint32_t mask, bool negate,
			  const struct plan_set *set)
{
	struct plan_stmt *s = draft_add(d, PLAN_STMT_MATCH);

	s->match =
		(struct plan_match){ .field = field, .mask = mask, .negate = negate, .set = set };
}

static size_t n_keys(enum plan_key_type t)
{
	switch (t) {
	case PLAN_TYPE_IPV4_ADDR:
	case PLAN_TYPE_IPV6_ADDR:
	case PLAN_TYPE_MARK:
		return 1;
	case PLAN_TYPE_MARK_NFPROTO:
		return 2;
	case PLAN_TYPE_MARK_NFPROTO_SLOT:
		return 3;
	}
	return 1;
}

void plan_build_vmap(struct plan_build *b, struct plan_draft *d, enum plan_field first,
		     const struct plan_set *map)
{
	struct plan_stmt *s = draft_add(d, PLAN_STMT_VMAP);
	bool mark = first == PLAN_META_MARK || first == PLAN_CT_MARK;

	s->vmap.keys[0] =
		(struct plan_key){ .field = first, .mask = mark ? b->plan->mark_mask : UINT32_MAX };
	s->vmap.keys[1] = (struct plan_key){ .field = PLAN_NFPROTO, .mask = UINT32_MAX };
	s->vmap.keys[2] = (struct plan_key){ .field = PLAN_RANDOM_SLOT, .mask = UINT32_MAX };
	s->vmap.n_keys = n_keys(map->type);
	s->vmap.map = map;
}

void plan_build_set_mark(struct plan_build *b, struct plan_draft *d, enum plan_field field,
			 uint32_t value)
{
	struct plan_stmt *s = draft_add(d, PLAN_STMT_SET_MARK);

	s->set_mark.field = field;
	s->set_mark.mask = b->plan->mark_mask;
	s->set_mark.value = value;
}

void plan_build_update(struct plan_draft *d, const struct plan_set *set, enum plan_field field)
{
	struct plan_stmt *s = draft_add(d, PLAN_STMT_UPDATE);

	s->update.set = set;
	s->update.field = field;
}

void plan_build_counter(struct plan_draft *d)
{
	draft_add(d, PLAN_STMT_COUNTER);
}

void plan_build_masquerade(struct plan_draft *d)
{
	draft_add(d, PLAN_STMT_MASQUERADE);
}

void plan_build_verdict(struct plan_draft *d, enum plan_verdict v, const struct plan_chain *chain)
{
	struct plan_stmt *s = draft_add(d, PLAN_STMT_VERDICT);

	s->verdict.verdict = v;
	s->verdict.chain = chain;
}
