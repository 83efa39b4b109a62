/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/plan_target.h"

#include "base/arena.h"
#include "base/diag.h"
#include "model/plan_build.h"
#include "model/plan_mark.h"

#include <stdlib.h>
#include <string.h>

/* A (via, on_down) pair before it has numbers. on_down is never DEFAULT here. */
struct variant {
	bool is_link;
	size_t index; /* link or group */
	enum policy_on_down_kind on_down;
	size_t on_down_group;
};

struct pass {
	struct plan_build *b;
	struct plan_mark marks;
	struct variant *variants;
	size_t n_variants, cap_variants;
	size_t cap_targets;
};

static enum policy_on_down_kind group_on_down(const struct policy_group *g)
{
	return g->on_down.kind == POLICY_ON_DOWN_DEFAULT ? POLICY_ON_DOWN_MAIN : g->on_down.kind;
}

static struct variant variant_of(const struct policy *p, const struct policy_via *via,
				 const struct policy_on_down *on_down)
{
	struct variant v = { .is_link = via->kind == POLICY_VIA_LINK,
			     .index = (size_t)via->index,
			     .on_down = on_down->kind };

	if (on_down->kind == POLICY_ON_DOWN_GROUP)
		v.on_down_group = (size_t)on_down->group;
	if (on_down->kind != POLICY_ON_DOWN_DEFAULT)
		return v;
	v.on_down = POLICY_ON_DOWN_MAIN;
	if (!v.is_link) {
		const struct policy_group *g = &p->groups[v.index];

		v.on_down = group_on_down(g);
		if (v.on_down == POLICY_ON_DOWN_GROUP)
			v.on_down_group = (size_t)g->on_down.group;
	}
	return v;
}

static int variant_cmp(const void *pa, const void *pb)
{
	const struct variant *a = pa, *b = pb;

	if (a->is_link != b->is_link)
		return a->is_link ? -1 : 1;
	if (a->index != b->index)
		return a->index < b->index ? -1 : 1;
	if (a->on_down != b->on_down)
		return a->on_down < b->on_down ? -1 : 1;
	if (a->on_down_group != b->on_down_group)
		return a->on_down_group < b->on_down_group ? -1 : 1;
	return 0;
}

/* What a link or group means when a rule says no more than its name. */
static struct variant plain_variant(const struct policy *p, bool is_link, size_t index)
{
	struct policy_via via = { .kind = is_link ? POLICY_VIA_LINK : POLICY_VIA_GROUP,
				  .index = (int)index };

	return variant_of(p, &via, &(struct policy_on_down){ .kind = POLICY_ON_DOWN_DEFAULT });
}

/* ---- links ---- */

static void build_links(struct pass *s)
{
	struct plan_build *b = s->b;
	const struct policy *p = b->policy;
	struct plan *plan = b->plan;

	plan->n_links = p->n_links;
	plan->links = arena_calloc(b->arena, p->n_links, sizeof(*plan->links));
	for (size_t i = 0; i < p->n_links; i++) {
		const struct policy_link *from = &p->links[i];
		struct plan_link *to = &plan->links[i];

		*to = (struct plan_link){ .name = from->name,
					  .device = from->device,
					  .id = from->id,
					  .table = from->table,
					  .probe = from->probe };
		memcpy(to->gateway, from->gateway, sizeof(to->gateway));
		memcpy(to->masquerade, from->masquerade, sizeof(to->masquerade));
	}
}

/* ---- marks: given ones first, then the rest in a fixed order ---- */

static const char *owner_name(struct plan_build *b, const char *kind, const char *name)
{
	return arena_printf(b->arena, "%s \"%s\"", kind, name);
}

/* Number of a group in the formulas: 0 for "default", else its place among the others, from 1. */
static unsigned group_k(const struct policy *p, size_t index)
{
	unsigned k = 0;

	if (!strcmp(p->groups[index].name, "default"))
		return 0;
	for (size_t i = 0; i <= index; i++)
		if (strcmp(p->groups[i].name, "default"))
			k++;
	return k;
}

static void take_marks(struct pass *s, uint32_t *group_marks)
{
	struct plan_build *b = s->b;
	const struct policy *p = b->policy;

	for (int given = 1; given >= 0; given--) {
		for (size_t i = 0; i < p->n_links; i++) {
			const struct policy_link *l = &p->links[i];

			if ((l->mark != 0) != given)
				continue;
			b->plan->links[i].mark = plan_mark_take(
				&s->marks, given ? l->mark : plan_mark_of_link(l->id), given,
				owner_name(b, "link", l->name), l->place.pointer);
		}
		for (size_t i = 0; i < p->n_groups; i++) {
			const struct policy_group *g = &p->groups[i];

			if ((g->mark != 0) != given)
				continue;
			group_marks[i] = plan_mark_take(
				&s->marks, given ? g->mark : plan_mark_of_group(group_k(p, i)),
				given, owner_name(b, "group", g->name), g->place.pointer);
		}
	}
}

static uint32_t group_table(const struct policy *p, size_t index)
{
	if (p->groups[index].table)
		return p->groups[index].table;
	return POLICY_GROUP_TABLE + group_k(p, index);
}

static void build_group_tables(struct pass *s)
{
	struct plan_build *b = s->b;
	const struct policy *p = b->policy;
	struct plan *plan = b->plan;

	plan->n_group_tables = p->n_groups;
	plan->group_tables = arena_calloc(b->arena, p->n_groups, sizeof(*plan->group_tables));
	for (size_t i = 0; i < p->n_groups; i++) {
		const struct policy_group *g = &p->groups[i];
		struct plan_group_table *t = &plan->group_tables[i];

		t->name = g->name;
		t->table = group_table(p, i);
		t->mode = g->mode;
		t->n_members = g->n_members;
		t->members = arena_calloc(b->arena, g->n_members, sizeof(*t->members));
		for (size_t m = 0; m < g->n_members; m++) {
			t->members[m].link = (size_t)g->members[m].link;
			t->members[m].weight = g->members[m].weight;
		}
	}
}

/* ---- targets ---- */

static bool has_candidate(const struct plan_target *t, size_t link)
{
	for (size_t i = 0; i < t->n_candidates; i++)
		if (t->candidates[i].link == link)
			return true;
	return false;
}

static void add_candidate(struct plan_build *b, struct plan_target *t, size_t *cap, size_t link,
			  unsigned weight, unsigned tier)
{
	if (has_candidate(t, link))
		return;
	*ARENA_PUSH(b->arena, t->candidates, t->n_candidates, *cap) =
		(struct plan_candidate){ .link = link, .weight = weight, .tier = tier };
}

/* Follows v and its chain of on_down groups: candidates, tables, last resort. */
static void fill_candidates(struct plan_build *b, struct plan_target *t, struct variant v)
{
	const struct policy *p = b->policy;
	size_t cap = 0, cap_tables = 0, cap_tiers = 0;

	if (v.is_link)
		add_candidate(b, t, &cap, v.index, 1, 0);
	for (unsigned tier = 0; tier <= p->n_groups; tier++) {
		*ARENA_PUSH(b->arena, t->tier_groups, t->n_tiers, cap_tiers) =
			v.is_link ? -1 : (int)v.index;
		if (!v.is_link) {
			const struct policy_group *g = &p->groups[v.index];

			for (size_t i = 0; i < g->n_members; i++)
				add_candidate(b, t, &cap, (size_t)g->members[i].link,
					      g->members[i].weight, tier);
			*ARENA_PUSH(b->arena, t->tables, t->n_tables, cap_tables) =
				group_table(p, v.index);
		}
		if (v.on_down != POLICY_ON_DOWN_GROUP)
			break;
		v = plain_variant(p, false, v.on_down_group);
	}
	t->last = v.on_down == POLICY_ON_DOWN_BLOCK ? PLAN_LAST_BLOCK : PLAN_LAST_MAIN;
}

static const char *variant_name(struct plan_build *b, const struct variant *v, bool plain)
{
	const struct policy *p = b->policy;
	const char *base = v->is_link ? p->links[v->index].name : p->groups[v->index].name;
	const char *suffix = NULL;

	if (plain)
		return base;
	switch (v->on_down) {
	case POLICY_ON_DOWN_DEFAULT:
	case POLICY_ON_DOWN_MAIN:
		suffix = "main";
		break;
	case POLICY_ON_DOWN_BLOCK:
		suffix = "block";
		break;
	case POLICY_ON_DOWN_GROUP:
		suffix = p->groups[v->on_down_group].name;
		break;
	}
	return arena_printf(b->arena, "%s.%s", base, suffix);
}

static const char *variant_pointer(const struct policy *p, const struct variant *v)
{
	return v->is_link ? p->links[v->index].place.pointer : p->groups[v->index].place.pointer;
}

/* Marks of a target on each of its links. n is the target's number in the formula. */
static void take_pair_marks(struct pass *s, struct plan_target *t, unsigned n, const char *pointer)
{
	struct plan_build *b = s->b;

	for (size_t i = 0; i < t->n_candidates; i++) {
		struct plan_candidate *c = &t->candidates[i];
		const struct plan_link *l = &b->plan->links[c->link];

		if (t->is_link && i == 0) {
			c->mark = t->mark;
			continue;
		}
		c->mark = plan_mark_pair(
			&s->marks, n, l->mark,
			arena_printf(b->arena, "\"%s\" on link \"%s\"", t->name, l->name), pointer);
	}
}

static struct plan_target *add_target(struct pass *s, const struct variant *v, bool plain)
{
	struct plan_build *b = s->b;
	struct plan *plan = b->plan;
	struct plan_target *t =
		ARENA_PUSH(b->arena, plan->targets, plan->n_targets, s->cap_targets);

	t->name = variant_name(b, v, plain);
	t->is_link = v->is_link;
	t->mode = v->is_link ? POLICY_GROUP_FAILOVER : b->policy->groups[v->index].mode;
	fill_candidates(b, t, *v);
	return t;
}

/* The plain targets: every link, every group. variants[i] belongs to targets[i]. */
static void build_plain_targets(struct pass *s, const uint32_t *group_marks)
{
	struct plan_build *b = s->b;
	const struct policy *p = b->policy;

	for (size_t i = 0; i < p->n_links + p->n_groups; i++) {
		bool is_link = i < p->n_links;
		size_t index = is_link ? i : i - p->n_links;
		struct variant v = plain_variant(p, is_link, index);
		struct plan_target *t = add_target(s, &v, true);

		t->mark = is_link ? b->plan->links[index].mark : group_marks[index];
		*ARENA_PUSH(b->arena, s->variants, s->n_variants, s->cap_variants) = v;
		take_pair_marks(s, t, 2 + (unsigned)index, variant_pointer(p, &v));
	}
}

static bool known_variant(const struct pass *s, const struct variant *v)
{
	for (size_t i = 0; i < s->n_variants; i++)
		if (!variant_cmp(&s->variants[i], v))
			return true;
	return false;
}

/* (via, on_down) pairs that rules use beyond the plain ones, in an order of their own. */
static struct variant *used_variants(struct pass *s, size_t *ret_n)
{
	struct plan_build *b = s->b;
	const struct policy *p = b->policy;
	struct variant *list = arena_calloc(b->arena, p->n_rules + 1, sizeof(*list));
	size_t n = 0, unique = 0;

	for (size_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rules[i];

		if (!r->enabled ||
		    (r->via.kind != POLICY_VIA_LINK && r->via.kind != POLICY_VIA_GROUP))
			continue;
		list[n] = variant_of(p, &r->via, &r->on_down);
		if (!known_variant(s, &list[n]))
			n++;
	}
	qsort(list, n, sizeof(*list), variant_cmp);
	for (size_t i = 0; i < n; i++)
		if (!unique || variant_cmp(&list[unique - 1], &list[i]))
			list[unique++] = list[i];
	*ret_n = unique;
	return list;
}

static void build_other_targets(struct pass *s)
{
	struct plan_build *b = s->b;
	const struct policy *p = b->policy;
	size_t n;
	struct variant *list = used_variants(s, &n);
	unsigned number = 2 + (unsigned)p->n_groups, k = 1 + (unsigned)p->n_groups;

	for (size_t i = 0; i < n; i++) {
		const struct variant *v = &list[i];
		struct plan_target *t = add_target(s, v, false);
		const char *pointer = variant_pointer(p, v);
		bool strict_link = v->is_link && v->on_down == POLICY_ON_DOWN_BLOCK;
		unsigned own = strict_link ? 1 : number++;

		if (v->is_link)
			t->mark = plan_mark_pair(&s->marks, own, b->plan->links[v->index].mark,
						 owner_name(b, "target", t->name), pointer);
		else
			t->mark = plan_mark_take(&s->marks, plan_mark_of_group(k++), false,
						 owner_name(b, "target", t->name), pointer);
		take_pair_marks(s, t, own, pointer);
		*ARENA_PUSH(b->arena, s->variants, s->n_variants, s->cap_variants) = *v;
	}
}

static size_t target_of_variant(const struct pass *s, const struct variant *v)
{
	for (size_t i = 0; i < s->n_variants; i++)
		if (!variant_cmp(&s->variants[i], v))
			return i;
	return PLAN_NO_TARGET;
}

static size_t add_block_target(struct pass *s, const char *pointer)
{
	struct plan_build *b = s->b;
	struct plan *plan = b->plan;
	struct plan_target *t =
		ARENA_PUSH(b->arena, plan->targets, plan->n_targets, s->cap_targets);

	t->name = "block";
	t->is_block = true;
	t->last = PLAN_LAST_BLOCK;
	t->mark = plan_mark_take(&s->marks, PLAN_MARK_BLOCK, false, "\"block\"", pointer);
	return plan->n_targets - 1;
}

/* Where a strict target without a usable link sends its packets. */
static bool needs_block(const struct plan *plan)
{
	for (size_t i = 0; i < plan->n_targets; i++)
		if (plan->targets[i].last == PLAN_LAST_BLOCK)
			return true;
	return false;
}

static void assign_rule_targets(struct pass *s)
{
	struct plan_build *b = s->b;
	const struct policy *p = b->policy;
	size_t block = PLAN_NO_TARGET;

	b->rule_targets = arena_calloc(b->arena, p->n_rules + 1, sizeof(*b->rule_targets));
	b->default_target = PLAN_NO_TARGET;
	for (size_t i = 0; i <= p->n_rules; i++) {
		bool last = i == p->n_rules;
		const struct policy_rule *r = last ? NULL : &p->rules[i];
		const struct policy_via *via = last ? &p->default_via : &r->via;
		static const struct policy_on_down plain = { .kind = POLICY_ON_DOWN_DEFAULT };
		size_t *ret = last ? &b->default_target : &b->rule_targets[i];
		struct variant v;

		*ret = PLAN_NO_TARGET;
		if (last ? !p->has_default : !r->enabled)
			continue;
		switch (via->kind) {
		case POLICY_VIA_MAIN:
			break;
		case POLICY_VIA_BLOCK:
			if (block == PLAN_NO_TARGET)
				block = add_block_target(s, last ? p->default_place.pointer
								 : r->place.pointer);
			*ret = block;
			break;
		case POLICY_VIA_LINK:
		case POLICY_VIA_GROUP:
			v = variant_of(p, via, last ? &plain : &r->on_down);
			*ret = target_of_variant(s, &v);
			break;
		}
	}
	if (block == PLAN_NO_TARGET && needs_block(b->plan))
		add_block_target(s, "");
}

/* ---- probes ---- */

/* The link has a probe that sends, or flows of others can be moved to it. */
static bool needs_probe_mark(const struct plan_build *b, size_t link)
{
	int probe = b->plan->links[link].probe;

	if (probe >= 0 && b->policy->probes[probe].type != POLICY_PROBE_NONE)
		return true;
	for (size_t i = 0; i < b->plan->n_targets; i++)
		if (b->plan->targets[i].n_candidates > 1 &&
		    has_candidate(&b->plan->targets[i], link))
			return true;
	return false;
}

static void take_probe_marks(struct pass *s)
{
	struct plan_build *b = s->b;

	for (size_t i = 0; i < b->plan->n_links; i++) {
		struct plan_link *l = &b->plan->links[i];

		if (needs_probe_mark(b, i))
			l->probe_mark = plan_mark_probe(
				&s->marks, l->mark,
				arena_printf(b->arena, "probes of link \"%s\"", l->name),
				b->policy->links[i].place.pointer);
	}
}

void plan_target_build(struct plan_build *b)
{
	struct pass s = { .b = b };
	uint32_t *group_marks = arena_calloc(b->arena, b->policy->n_groups + 1, sizeof(uint32_t));

	plan_mark_init(&s.marks, b);
	build_links(&s);
	take_marks(&s, group_marks);
	build_group_tables(&s);
	build_plain_targets(&s, group_marks);
	build_other_targets(&s);
	assign_rule_targets(&s);
	take_probe_marks(&s);
}
