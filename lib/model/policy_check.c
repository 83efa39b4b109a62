/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy_check.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "model/json_doc.h"
#include "model/policy.h"
#include "model/policy_check_measure.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The words that "via" and "on_down" understand besides names. */
static const char word_main[] = "main";
static const char word_block[] = "block";

struct check {
	struct policy *p;
	struct arena *arena;
	struct diag_list *faults;
};

/* At the value of `key` below `at`; key NULL: at the object itself. */
__attribute__((format(printf, 4, 5))) static struct diag *
fault(struct check *c, const struct policy_place *at, const char *key, const char *fmt, ...)
{
	const char *pointer = key ? arena_printf(c->arena, "%s/%s", at->pointer, key) : at->pointer;
	struct diag *d;
	va_list ap;

	va_start(ap, fmt);
	d = json_doc_vfault(c->p->doc, c->faults, DIAG_ERROR, pointer, false, fmt, ap);
	va_end(ap);
	return d;
}

/* At the name of the object. */
__attribute__((format(printf, 3, 4))) static struct diag *
fault_name(struct check *c, const struct policy_place *at, const char *fmt, ...)
{
	struct diag *d;
	va_list ap;

	va_start(ap, fmt);
	d = json_doc_vfault(c->p->doc, c->faults, DIAG_ERROR, at->pointer, true, fmt, ap);
	va_end(ap);
	return d;
}

#define SHOW_MAX 60

static const char *show(struct check *c, const char *text)
{
	return strlen(text) > SHOW_MAX ? arena_printf(c->arena, "%.*s...", SHOW_MAX, text) : text;
}

/* ---- names -------------------------------------------------------------- */

static int find_link(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->n_links; i++)
		if (strcmp(p->links[i].name, name) == 0)
			return (int)i;
	return -1;
}

static int find_group(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->n_groups; i++)
		if (strcmp(p->groups[i].name, name) == 0)
			return (int)i;
	return -1;
}

#define LINKS  1
#define GROUPS 2
#define WORDS  4

static void suggest(struct check *c, struct diag *d, const char *name, unsigned what)
{
	const char *names[POLICY_LINKS_MAX + POLICY_GROUPS_MAX + 2], *near;
	size_t n = 0;

	for (size_t i = 0; (what & LINKS) && i < c->p->n_links; i++)
		names[n++] = c->p->links[i].name;
	for (size_t i = 0; (what & GROUPS) && i < c->p->n_groups; i++)
		names[n++] = c->p->groups[i].name;
	if (what & WORDS) {
		names[n++] = word_main;
		names[n++] = word_block;
	}
	near = diag_nearest(name, names, n);
	if (near)
		diag_hint(c->faults, d, "did you mean \"%s\"?", near);
}

static void check_reserved(struct check *c, const struct policy_place *at, const char *name)
{
	if (strcmp(name, word_main) == 0 || strcmp(name, word_block) == 0)
		fault_name(c, at, "\"%s\" has a meaning of its own in \"via\"", name);
}

static void check_names(struct check *c)
{
	struct policy *p = c->p;

	for (size_t i = 0; i < p->n_links; i++)
		check_reserved(c, &p->links[i].place, p->links[i].name);
	for (size_t i = 0; i < p->n_groups; i++) {
		const struct policy_group *g = &p->groups[i];

		check_reserved(c, &g->place, g->name);
		if (find_link(p, g->name) >= 0)
			diag_hint(c->faults,
				  fault_name(c, &g->place, "\"%s\" is the name of a link", g->name),
				  "links and groups share their names");
	}
}

static int rule_name_cmp(const void *a, const void *b)
{
	const struct policy_rule *x = *(const struct policy_rule *const *)a;
	const struct policy_rule *y = *(const struct policy_rule *const *)b;
	int c = strcmp(x->name, y->name);

	return c ? c : x->index < y->index ? -1 : x->index > y->index;
}

static void check_rule_names(struct check *c)
{
	_cleanup_(cleanup_freep) const struct policy_rule **sorted = NULL;
	size_t n = c->p->n_rules;

	if (n < 2)
		return;
	sorted = calloc(n, sizeof(const struct policy_rule *));
	if (!sorted)
		abort();
	for (size_t i = 0; i < n; i++)
		sorted[i] = &c->p->rules[i];
	qsort(sorted, n, sizeof(const struct policy_rule *), rule_name_cmp);
	for (size_t i = 1; i < n; i++)
		if (sorted[i]->name && strcmp(sorted[i]->name, sorted[i - 1]->name) == 0)
			fault(c, &sorted[i]->place, "name", "rule %zu has the same name",
			      sorted[i - 1]->index + 1);
}

/* ---- numbers ------------------------------------------------------------ */

static void check_devices(struct check *c)
{
	struct policy_link *links = c->p->links;

	for (size_t i = 0; i < c->p->n_links; i++)
		for (size_t j = 0; j < i; j++)
			if (links[i].device && links[j].device &&
			    strcmp(links[i].device, links[j].device) == 0) {
				fault(c, &links[i].place, "device",
				      "\"%s\" is already the device of link \"%s\"",
				      links[i].device, links[j].name);
				break;
			}
}

static void check_ids(struct check *c)
{
	const struct policy_link *owner[256] = { NULL };
	struct policy *p = c->p;
	unsigned next = 1;

	for (size_t i = 0; i < p->n_links; i++) {
		struct policy_link *l = &p->links[i];

		if (!l->id_given)
			continue;
		if (owner[l->id])
			fault(c, &l->place, "id", "id %u is already that of link \"%s\"", l->id,
			      owner[l->id]->name);
		else
			owner[l->id] = l;
	}
	for (size_t i = 0; i < p->n_links; i++) {
		struct policy_link *l = &p->links[i];

		if (l->id_given)
			continue;
		while (owner[next])
			next++; /* ends: there are fewer links than ids */
		l->id = next;
		owner[next] = l;
	}
}

struct number {
	uint32_t value;
	const char *what, *name; /* "link", its name */
};

struct numbers {
	struct number items[POLICY_LINKS_MAX + POLICY_GROUPS_MAX];
	size_t n;
};

/* Notes the value; returns who has it already. */
static const struct number *number_take(struct numbers *t, uint32_t value, const char *what,
					const char *name)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->items[i].value == value)
			return &t->items[i];
	t->items[t->n++] = (struct number){ value, what, name };
	return NULL;
}

static void table_take(struct check *c, struct numbers *t, uint32_t table, bool given,
		       const struct policy_place *at, const char *what, const char *name)
{
	const struct number *other = number_take(t, table, what, name);
	struct diag *d;

	if (!other)
		return;
	d = fault(c, at, given ? "table" : NULL, "routing table %u is already that of %s \"%s\"",
		  table, other->what, other->name);
	if (!given)
		diag_hint(c->faults, d, "set \"table\"");
}

/* The default table of a link is its id, and three ids are tables of the kernel. */
static void link_table(struct check *c, struct numbers *t, struct policy_link *l)
{
	bool given = l->table;

	if (!given)
		l->table = l->id;
	if (!given && l->table >= 253)
		diag_hint(c->faults,
			  fault(c, &l->place, l->id_given ? "id" : NULL,
				"routing table %u is the kernel's own \"%s\"", l->table,
				l->table == 253	  ? "default"
				: l->table == 254 ? "main"
						  : "local"),
			  "set \"table\" too");
	table_take(c, t, l->table, given, &l->place, "link", l->name);
}

/* Then the id is the fault, and the table that follows from it need not be told. */
static bool id_taken_before(const struct policy *p, size_t link)
{
	for (size_t i = 0; i < link; i++)
		if (p->links[i].id == p->links[link].id)
			return true;
	return false;
}

static void check_tables(struct check *c)
{
	struct policy *p = c->p;
	struct numbers t = { .n = 0 };
	uint32_t next = POLICY_GROUP_TABLE;

	for (size_t i = 0; i < p->n_links; i++)
		if (p->links[i].table || !id_taken_before(p, i))
			link_table(c, &t, &p->links[i]);
	for (size_t i = 0; i < p->n_groups; i++) {
		struct policy_group *g = &p->groups[i];
		bool is_default = strcmp(g->name, "default") == 0, given = g->table;

		if (!is_default)
			next++;
		if (!given)
			g->table = is_default ? POLICY_GROUP_TABLE : next;
		table_take(c, &t, g->table, given, &g->place, "group", g->name);
	}
}

static void mark_take(struct check *c, struct numbers *t, uint32_t mark,
		      const struct policy_place *at, const char *what, const char *name)
{
	const struct number *other;

	if (!mark)
		return;
	if (mark & ~c->p->mark_mask) {
		fault(c, at, "mark", "0x%x has bits outside mark_mask 0x%x", mark, c->p->mark_mask);
		return;
	}
	other = number_take(t, mark, what, name);
	if (other)
		fault(c, at, "mark", "0x%x is already the mark of %s \"%s\"", mark, other->what,
		      other->name);
}

static void check_marks(struct check *c)
{
	struct policy *p = c->p;
	struct numbers t = { .n = 0 };

	for (size_t i = 0; i < p->n_links; i++)
		mark_take(c, &t, p->links[i].mark, &p->links[i].place, "link", p->links[i].name);
	for (size_t i = 0; i < p->n_groups; i++)
		mark_take(c, &t, p->groups[i].mark, &p->groups[i].place, "group",
			  p->groups[i].name);
}

/* ---- references --------------------------------------------------------- */

static int find_probe(const struct policy *p, const char *name)
{
	for (size_t i = 0; i < p->n_probes; i++)
		if (p->probes[i].name && strcmp(p->probes[i].name, name) == 0)
			return (int)i;
	return -1;
}

static void check_probes(struct check *c)
{
	struct policy *p = c->p;

	for (size_t i = 0; i < p->n_links; i++) {
		const char *names[POLICY_PROBES_MAX], *near;
		struct policy_link *l = &p->links[i];
		struct diag *d;
		size_t n = 0;

		if (!l->probe_name)
			continue;
		l->probe = find_probe(p, l->probe_name);
		if (l->probe >= 0)
			continue;
		for (size_t j = 0; j < p->n_probes && n < ARRAY_SIZE(names); j++)
			if (p->probes[j].name)
				names[n++] = p->probes[j].name;
		d = fault(c, &l->place, "probe", "no probe named \"%s\"", show(c, l->probe_name));
		near = diag_nearest(l->probe_name, names, n);
		if (near)
			diag_hint(c->faults, d, "did you mean \"%s\"?", near);
	}
}

static void check_members(struct check *c, struct policy_group *g)
{
	for (size_t i = 0; i < g->n_members; i++) {
		struct policy_member *m = &g->members[i];

		m->link = find_link(c->p, m->link_name);
		if (m->link >= 0)
			continue;
		if (find_group(c->p, m->link_name) >= 0)
			fault(c, &m->place, NULL, "\"%s\" is a group, and a group holds links",
			      m->link_name);
		else
			suggest(c,
				fault(c, &m->place, NULL, "no link named \"%s\"",
				      show(c, m->link_name)),
				m->link_name, LINKS);
	}
}

static void check_on_down(struct check *c, struct policy_on_down *o, const struct policy_place *at)
{
	struct diag *d;

	if (o->kind != POLICY_ON_DOWN_GROUP)
		return;
	o->group = find_group(c->p, o->group_name);
	if (o->group >= 0)
		return;
	if (find_link(c->p, o->group_name) >= 0) {
		d = fault(c, at, "on_down", "\"%s\" is a link, and on_down needs a group",
			  o->group_name);
		diag_hint(c->faults, d, "make a group of that link");
		return;
	}
	d = fault(c, at, "on_down", "no group named \"%s\"", show(c, o->group_name));
	suggest(c, d, o->group_name, GROUPS | WORDS);
}

/*
 * Follows on_down from group `start`. Returns true, with the way written to
 * `way`, when it comes back to `start`; a cycle elsewhere is found from there.
 */
static bool on_down_cycle(const struct policy *p, int start, struct strbuf *way)
{
	int g = start;

	strbuf_reset(way);
	for (size_t steps = 0; g >= 0 && steps <= p->n_groups; steps++) {
		strbuf_addf(way, "%s%s", steps ? " -> " : "", p->groups[g].name);
		if (steps && g == start)
			return true;
		g = p->groups[g].on_down.group;
	}
	return false;
}

/* Every cycle is reported once: at its group that comes first in the file. */
static void check_cycles(struct check *c)
{
	_cleanup_(strbuf_done) struct strbuf way = STRBUF_NULL;
	struct policy *p = c->p;

	for (size_t i = 0; i < p->n_groups; i++) {
		bool first = true;
		int g;

		if (!on_down_cycle(p, (int)i, &way))
			continue;
		for (g = p->groups[i].on_down.group; g != (int)i; g = p->groups[g].on_down.group)
			first = first && g > (int)i;
		if (first)
			fault(c, &p->groups[i].place, "on_down", "on_down goes in a circle: %s",
			      strbuf_text(&way));
	}
}

/* ---- rules -------------------------------------------------------------- */

static void resolve_via(struct check *c, struct policy_via *v, const struct policy_place *at,
			const char *key)
{
	if (strcmp(v->name, word_main) == 0) {
		v->kind = POLICY_VIA_MAIN;
		return;
	}
	if (strcmp(v->name, word_block) == 0) {
		v->kind = POLICY_VIA_BLOCK;
		return;
	}
	v->index = find_link(c->p, v->name);
	v->kind = POLICY_VIA_LINK;
	if (v->index >= 0)
		return;
	v->index = find_group(c->p, v->name);
	v->kind = POLICY_VIA_GROUP;
	if (v->index >= 0)
		return;
	suggest(c, fault(c, at, key, "no link or group named \"%s\"", show(c, v->name)), v->name,
		LINKS | GROUPS | WORDS);
}

/* via GROUP, on_down OTHER: the way from OTHER must not lead back to GROUP. */
static void check_rule_cycle(struct check *c, const struct policy_rule *r)
{
	_cleanup_(strbuf_done) struct strbuf way = STRBUF_NULL;
	struct policy *p = c->p;
	int g = r->on_down.group;

	if (r->via.kind != POLICY_VIA_GROUP || r->via.index < 0 || g < 0)
		return;
	if (g == r->via.index) {
		fault(c, &r->place, "on_down", "\"%s\" is what is down then",
		      r->on_down.group_name);
		return;
	}
	strbuf_add(&way, p->groups[r->via.index].name);
	for (size_t steps = 0; g >= 0 && steps <= p->n_groups; steps++) {
		strbuf_addf(&way, " -> %s", p->groups[g].name);
		if (g == r->via.index) {
			fault(c, &r->place, "on_down", "on_down goes in a circle: %s",
			      strbuf_text(&way));
			return;
		}
		g = p->groups[g].on_down.group;
	}
}

static void check_rule(struct check *c, struct policy_rule *r)
{
	bool no_links;

	if (r->via.name)
		resolve_via(c, &r->via, &r->place, "via");
	check_on_down(c, &r->on_down, &r->place);
	if (!r->via.name)
		return;
	no_links = r->via.kind == POLICY_VIA_MAIN || r->via.kind == POLICY_VIA_BLOCK;
	if (no_links && r->on_down.kind != POLICY_ON_DOWN_DEFAULT)
		fault(c, &r->place, "on_down", "means nothing with \"via\": \"%s\"", r->via.name);
	else
		check_rule_cycle(c, r);
}

static void check_default(struct check *c)
{
	struct policy *p = c->p;

	if (!p->has_default)
		return;
	resolve_via(c, &p->default_via, &p->default_place, NULL);
	if (p->default_via.kind == POLICY_VIA_BLOCK)
		diag_hint(c->faults,
			  fault(c, &p->default_place, NULL, "must be a link, a group or \"main\""),
			  "end the rules with {\"via\": \"block\"}");
	/* not to bypass what no rule names is what happens without "default" */
	if (p->default_via.kind == POLICY_VIA_MAIN)
		p->has_default = false;
}

void policy_check(struct policy *p, struct arena *a, struct diag_list *faults)
{
	struct check c = { .p = p, .arena = a, .faults = faults };

	check_names(&c);
	check_devices(&c);
	check_ids(&c);
	check_tables(&c);
	check_marks(&c);
	check_probes(&c);
	for (size_t i = 0; i < p->n_groups; i++) {
		check_members(&c, &p->groups[i]);
		check_on_down(&c, &p->groups[i].on_down, &p->groups[i].place);
	}
	policy_check_measure(p, a, faults);
	check_cycles(&c);
	check_rule_names(&c);
	for (size_t i = 0; i < p->n_rules; i++)
		check_rule(&c, &p->rules[i]);
	check_default(&c);
}
