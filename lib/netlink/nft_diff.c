/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nft_diff.h"

#include "base/arena.h"
#include "netlink/nft_batch.h"
#include "netlink/nft_diff_rules.h"
#include "netlink/nft_judge.h"
#include "netlink/nft_names.h"

#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

struct nft_differ {
	const struct nft_wanted *w;
	const struct plan *plan;
	struct nft_seen *seen;
	struct arena *arena;
	struct nft_diff *out;
	struct nft_judgement j;
};

static struct nft_step *nft_step(struct nft_differ *d, enum nft_phase phase,
				 enum nft_step_kind kind, enum plan_table table, const char *name)
{
	struct nft_diff *o = d->out;
	struct nft_step *s = ARENA_PUSH(d->arena, o->steps, o->n_steps, o->cap_steps);

	s->phase = phase;
	s->kind = kind;
	s->table = table;
	s->name = name;
	s->transaction = (unsigned)o->n_steps; /* keeps the sort stable; settled at the end */
	return s;
}

static void nft_line(struct nft_differ *d, char mark, const char *text)
{
	struct nft_diff *o = d->out;

	ARENA_PUSH(d->arena, o->lines, o->n_lines, o->cap_lines);
	o->lines[o->n_lines - 1].mark = mark;
	o->lines[o->n_lines - 1].text = text;
}

static void nft_set_line(struct nft_differ *d, char mark, const struct plan_set *s, size_t n,
			 const char *of)
{
	const char *kind = s->is_map ? "map" : "set";

	if (of)
		nft_line(d, mark, arena_printf(d->arena, "%s %s: %zu %s", kind, s->name, n, of));
	else
		nft_line(d, mark, arena_printf(d->arena, "%s %s", kind, s->name));
}

static void nft_chain_line(struct nft_differ *d, char mark, const char *name)
{
	nft_line(d, mark, arena_printf(d->arena, "chain %s", name));
}

static const struct plan_element *nft_wanted_elements(const struct nft_wanted *w,
						      const struct plan_set *s, size_t *ret_n)
{
	switch (s->content) {
	case PLAN_CONTENT_PLAN:
		*ret_n = s->n_elements;
		return s->elements;
	case PLAN_CONTENT_STATE:
		if (s == w->plan->egress) {
			*ret_n = w->n_egress;
			return w->egress;
		}
		if (s == w->plan->alive) {
			*ret_n = w->n_alive;
			return w->alive;
		}
		if (s == w->plan->spread) {
			*ret_n = w->n_spread;
			return w->spread;
		}
		break;
	case PLAN_CONTENT_DNS:
		break;
	}
	*ret_n = 0;
	return NULL;
}

/* ---- steps: tables and sets --------------------------------------------- */

static enum nft_phase nft_new_phase(enum plan_table t)
{
	return t == PLAN_TABLE_EGRESS ? NFT_PHASE_EGRESS : NFT_PHASE_BYPASS;
}

/* Where live things of a table are changed. */
static enum nft_phase nft_change_phase(enum plan_table t)
{
	return t == PLAN_TABLE_EGRESS ? NFT_PHASE_EGRESS : NFT_PHASE_SWITCH;
}

static void nft_step_tables(struct nft_differ *d)
{
	for (int i = 0; i < PLAN_TABLE_COUNT; i++) {
		enum plan_table t = (enum plan_table)i;
		const struct nft_seen_table *seen = &d->seen->tables[t];

		if (!seen->exists) {
			/* both at first, in the order in which they are listed and read */
			nft_step(d, NFT_PHASE_TABLES, NFT_STEP_ADD_TABLE, t, plan_table_name(t));
			nft_line(d, '+',
				 arena_printf(d->arena, "table inet %s", plan_table_name(t)));
		} else if (seen->flags & NFT_TABLE_F_DORMANT) {
			nft_step(d, nft_change_phase(t), NFT_STEP_WAKE_TABLE, t,
				 plan_table_name(t));
			nft_line(d, '~',
				 arena_printf(d->arena, "table inet %s: no longer dormant",
					      plan_table_name(t)));
		}
	}
}

static struct nft_step *nft_set_step(struct nft_differ *d, enum nft_phase phase,
				     enum nft_step_kind kind, const struct plan_set *s)
{
	struct nft_step *step = nft_step(d, phase, kind, s->table, nft_names_of_set(d->j.names, s));

	step->set = s;
	return step;
}

static void nft_add_elements(struct nft_differ *d, enum nft_phase phase, const struct plan_set *s,
			     const struct plan_element *e, size_t n)
{
	struct nft_step *step;

	if (n == 0)
		return;
	step = nft_set_step(d, phase, NFT_STEP_ADD_ELEMENTS, s);
	step->elements = e;
	step->n = n;
}

static void nft_step_slotted_set(struct nft_differ *d, const struct nft_set_plan *s)
{
	struct nft_step *step;

	if (s->fate == NFT_FATE_STAYS)
		return;
	nft_set_step(d, NFT_PHASE_BYPASS, NFT_STEP_ADD_SET, s->set);
	step = nft_set_step(d, NFT_PHASE_LOAD, NFT_STEP_LOAD, s->set);
	step->elements = s->set->elements;
	step->n = s->set->n_elements;
	nft_set_line(d, s->live ? '~' : '+', s->set, s->set->n_elements,
		     s->set->n_elements == 1 ? "prefix" : "prefixes");
}

/* The names of dumped and wanted elements alike: sorted by key. */
struct nft_keyed {
	uint8_t key[NFT_KEY_MAX];
	const struct plan_element *wanted;
	const struct nft_element *seen;
};

static int nft_keyed_cmp(const void *a, const void *b)
{
	const struct nft_keyed *x = a, *y = b;

	return memcmp(x->key, y->key, sizeof(x->key));
}

/* Merges what is wanted with what is there; returns how many keys there are. */
static size_t nft_merge(const struct plan_set *s, const struct plan_element *wanted, size_t n,
			const struct nft_seen_set *seen, struct arena *a, struct nft_keyed **ret)
{
	size_t n_seen = seen ? seen->n_elements : 0, total = 0, kept = 0;
	struct nft_keyed *k = arena_calloc(a, n + n_seen + 1, sizeof(*k));

	for (size_t i = 0; i < n; i++) {
		nft_element_key(s, &wanted[i], k[total].key);
		k[total++].wanted = &wanted[i];
	}
	for (size_t i = 0; i < n_seen; i++) {
		memcpy(k[total].key, seen->elements[i].key, NFT_KEY_MAX);
		k[total++].seen = &seen->elements[i];
	}
	*ret = k;
	if (total == 0)
		return 0;
	qsort(k, total, sizeof(*k), nft_keyed_cmp);
	for (size_t i = 1; i < total; i++) {
		if (nft_keyed_cmp(&k[kept], &k[i])) {
			k[++kept] = k[i];
			continue;
		}
		if (k[i].wanted)
			k[kept].wanted = k[i].wanted;
		if (k[i].seen)
			k[kept].seen = k[i].seen;
	}
	return kept + 1;
}

/* Names are the plan's own: one chain of a name, whichever table. */
static bool nft_is_lost_chain(const struct nft_differ *d, const char *name)
{
	for (size_t i = 0; d->j.any_again && i < d->plan->n_chains; i++)
		if (d->j.chains[i].fate == NFT_FATE_AGAIN &&
		    !strcmp(d->plan->chains[i]->name, name))
			return true;
	return false;
}

static bool nft_leads_to_lost(const struct nft_differ *d, const struct nft_element *e)
{
	return e->chain && nft_is_lost_chain(d, e->chain);
}

static bool nft_same_verdict(const struct nft_differ *d, const struct plan_set *s,
			     const struct nft_keyed *k)
{
	if (!s->is_map)
		return true;
	return !nft_leads_to_lost(d, k->seen) && k->seen->is_goto && k->seen->chain &&
	       k->wanted->chain && !strcmp(k->seen->chain, k->wanted->chain->name);
}

static void nft_delete_seen(struct nft_differ *d, enum nft_phase phase, const struct plan_set *s,
			    const struct nft_element *e, size_t n)
{
	struct nft_step *step;

	if (n == 0)
		return;
	step = nft_set_step(d, phase, NFT_STEP_DELETE_ELEMENTS, s);
	step->seen = e;
	step->n = n;
}

/* Elements of a small fixed set: what is new first, what is unwanted at the very end. */
static void nft_step_elements(struct nft_differ *d, const struct nft_set_plan *s,
			      const struct plan_element *wanted, size_t n)
{
	struct nft_keyed *k;
	size_t total = nft_merge(s->set, wanted, n, s->live, d->arena, &k);
	struct plan_element *add = arena_calloc(d->arena, total + 1, sizeof(*add));
	struct nft_element *change = arena_calloc(d->arena, total + 1, sizeof(*change));
	struct nft_element *drop = arena_calloc(d->arena, total + 1, sizeof(*drop));
	size_t n_add = 0, n_change = 0, n_drop = 0, n_gone = 0;
	enum plan_table t = s->set->table;

	for (size_t i = 0; i < total; i++) {
		if (!k[i].wanted && nft_leads_to_lost(d, k[i].seen)) {
			change[n_change++] = *k[i].seen;
			n_gone++;
		} else if (!k[i].wanted) {
			drop[n_drop++] = *k[i].seen;
			n_gone++;
		} else if (!k[i].seen) {
			add[n_add++] = *k[i].wanted;
		} else if (!nft_same_verdict(d, s->set, &k[i])) {
			change[n_change++] = *k[i].seen;
			add[n_add++] = *k[i].wanted;
		}
	}
	nft_delete_seen(d, nft_change_phase(t), s->set, change, n_change);
	nft_add_elements(d, nft_change_phase(t), s->set, add, n_add);
	nft_delete_seen(d, t == PLAN_TABLE_EGRESS ? NFT_PHASE_DROP_EGRESS : NFT_PHASE_DROP_BYPASS,
			s->set, drop, n_drop);
	if (n_add + n_gone)
		nft_set_line(d, '~', s->set, n_add + n_gone,
			     n_add + n_gone == 1 ? "element" : "elements");
}

/*
 * What has been learnt moves to the set that takes the old one's place. An
 * element with the set's own timeout says none; it keeps the time it had.
 */
static void nft_step_learnt(struct nft_differ *d, enum nft_phase phase,
			    const struct nft_set_plan *s)
{
	size_t n = s->live->n_elements;
	struct nft_element *e = arena_memdup(d->arena, s->live->elements, n * sizeof(*e));
	struct nft_step *step;

	for (size_t i = 0; i < n; i++)
		if (!e[i].timeout_ms)
			e[i].timeout_ms = s->live->info.timeout_ms;
	step = nft_set_step(d, phase, NFT_STEP_ADD_LEARNT, s->set);
	step->seen = e;
	step->n = n;
}

static void nft_step_fixed_set(struct nft_differ *d, const struct nft_set_plan *s)
{
	enum nft_phase phase = s->fate == NFT_FATE_NEW ? nft_new_phase(s->set->table)
						       : nft_change_phase(s->set->table);
	size_t n;
	const struct plan_element *wanted = nft_wanted_elements(d->w, s->set, &n);

	if (s->fate == NFT_FATE_STAYS) {
		if (nft_judge_by_element(s->set))
			nft_step_elements(d, s, wanted, n);
		return;
	}
	nft_set_line(d, s->live ? '~' : '+', s->set, n, NULL);
	if (s->fate == NFT_FATE_AGAIN)
		nft_set_step(d, phase, NFT_STEP_DELETE_SET, s->set);
	nft_set_step(d, phase, NFT_STEP_ADD_SET, s->set);
	nft_add_elements(d, phase, s->set, wanted, n);
	if (s->fate == NFT_FATE_AGAIN && s->set->content == PLAN_CONTENT_DNS &&
	    s->live->n_elements && nft_judge_same_type(s->set, s->live))
		nft_step_learnt(d, phase, s);
}

/* ---- steps: chains ------------------------------------------------------ */

static void nft_step_rule(struct nft_differ *d, enum nft_phase phase, const struct plan_chain *c,
			  const struct nft_edit *e)
{
	static const enum nft_step_kind kinds[] = {
		[NFT_EDIT_DELETE] = NFT_STEP_DELETE_RULE,
		[NFT_EDIT_ADD] = NFT_STEP_ADD_RULE,
		[NFT_EDIT_REPLACE] = NFT_STEP_REPLACE_RULE,
	};
	struct nft_step *s =
		nft_step(d, phase, kinds[e->kind], c->table, nft_names_of_chain(d->j.names, c));

	s->rule = e->rule;
	s->place = e->place;
	s->handle = e->handle;
}

/* A rule that names a set or chain which is made again cannot stay. */
static bool nft_names_lost(const struct nft_rule *r, const void *data)
{
	const struct nft_differ *d = data;

	for (size_t i = 0; i < r->n_exprs; i++)
		if (r->exprs[i].kind == NFT_EXPR_VERDICT && r->exprs[i].name &&
		    nft_is_lost_chain(d, r->exprs[i].name))
			return true;

	for (size_t i = 0; i < d->plan->n_sets; i++)
		if (d->j.sets[i].fate == NFT_FATE_AGAIN &&
		    nft_rule_uses_set(r, d->j.sets[i].set->name))
			return true;
	return false;
}

/* Rules that name what is made again wait for it; their chain need not. */
static enum nft_phase nft_rules_phase(struct nft_differ *d, enum nft_phase phase,
				      const struct nft_chain_plan *c)
{
	for (size_t i = 0; d->j.any_again && i < c->chain->n_rules; i++)
		if (nft_names_lost(&c->rules[i], d))
			return nft_change_phase(c->chain->table);
	return phase;
}

static void nft_step_whole_chain(struct nft_differ *d, enum nft_phase phase,
				 const struct nft_chain_plan *c)
{
	const char *name = nft_names_of_chain(d->j.names, c->chain);
	enum nft_phase rules = nft_rules_phase(d, phase, c);

	nft_step(d, phase, NFT_STEP_ADD_CHAIN, c->chain->table, name)->chain = c->chain;
	for (size_t i = 0; i < c->chain->n_rules; i++)
		nft_step_rule(d, rules, c->chain,
			      &(struct nft_edit){ .kind = NFT_EDIT_ADD, .rule = &c->rules[i] });
}

static void nft_step_edits(struct nft_differ *d, const struct nft_chain_plan *c)
{
	size_t n;
	struct nft_edit *edits =
		nft_diff_rules(c->live->rules, c->live->n_rules, c->rules, c->chain->n_rules,
			       d->j.any_again ? nft_names_lost : NULL, d, d->arena, &n);

	for (size_t i = 0; i < n; i++)
		nft_step_rule(d, nft_change_phase(c->chain->table), c->chain, &edits[i]);
	if (n)
		nft_chain_line(d, '~', c->chain->name);
}

static void nft_step_chain(struct nft_differ *d, const struct nft_chain_plan *c)
{
	enum plan_table t = c->chain->table;

	switch (c->fate) {
	case NFT_FATE_STAYS:
		if (c->chain->life == PLAN_FIXED)
			nft_step_edits(d, c);
		return;
	case NFT_FATE_AGAIN:
		nft_chain_line(d, '~', c->chain->name);
		nft_step(d, nft_change_phase(t), NFT_STEP_DELETE_RULE, t, c->chain->name);
		nft_step(d, nft_change_phase(t), NFT_STEP_DELETE_CHAIN, t, c->chain->name);
		nft_step_whole_chain(d, nft_change_phase(t), c);
		return;
	case NFT_FATE_NEW:
		break;
	}
	nft_chain_line(d, c->live ? '~' : '+', c->chain->name);
	if (c->chain->life == PLAN_SLOTTED) {
		/* a set that is made again can be named only once the old one is gone */
		if (d->j.learnt_again && c->live)
			nft_step(d, NFT_PHASE_SWITCH, NFT_STEP_DELETE_RULE, t, c->live->name);
		nft_step_whole_chain(d, d->j.learnt_again ? NFT_PHASE_SWITCH : NFT_PHASE_BUILD, c);
	} else {
		/* hooks take packets at once: not before all they call is there */
		nft_step_whole_chain(d,
				     c->chain->hook == PLAN_HOOK_NONE ? nft_new_phase(t)
								      : nft_change_phase(t),
				     c);
	}
}

/* ---- steps: what goes --------------------------------------------------- */

static void nft_drop_chain(struct nft_differ *d, const struct nft_seen_chain *c)
{
	enum nft_role role = d->j.chain_roles[c - d->seen->chains];
	enum nft_phase phase =
		c->table == PLAN_TABLE_EGRESS ? NFT_PHASE_DROP_EGRESS : NFT_PHASE_DROP_BYPASS;

	if (role == NFT_ROLE_KEPT)
		return;
	if (role == NFT_ROLE_FOREIGN)
		nft_chain_line(d, '-', c->name);
	if (role == NFT_ROLE_STALE) {
		nft_chain_line(d, '-', arena_printf(d->arena, "%s (leftover)", c->name));
		nft_step(d, NFT_PHASE_CLEAN_UNLINK, NFT_STEP_DELETE_RULE, c->table, c->name);
		nft_step(d, NFT_PHASE_CLEAN, NFT_STEP_DELETE_CHAIN, c->table, c->name);
		return;
	}
	/* a live classifier whose rules went with the switch has none left to flush */
	if (!(role == NFT_ROLE_BEFORE && d->j.learnt_again))
		nft_step(d,
			 c->table == PLAN_TABLE_EGRESS ? phase
			 : role == NFT_ROLE_BEFORE     ? NFT_PHASE_UNLINK
						       : NFT_PHASE_SWITCH,
			 NFT_STEP_DELETE_RULE, c->table, c->name);
	nft_step(d, phase, NFT_STEP_DELETE_CHAIN, c->table, c->name);
}

static void nft_drop_set(struct nft_differ *d, const struct nft_seen_set *s)
{
	enum nft_role role = s->anonymous ? NFT_ROLE_KEPT : d->j.set_roles[s - d->seen->sets];
	const char *kind = s->info.is_map ? "map" : "set";
	enum nft_phase phase;

	if (role == NFT_ROLE_KEPT)
		return;
	if (role == NFT_ROLE_FOREIGN)
		nft_line(d, '-', arena_printf(d->arena, "%s %s", kind, s->name));
	if (role == NFT_ROLE_STALE)
		nft_line(d, '-', arena_printf(d->arena, "%s %s (leftover)", kind, s->name));
	phase = role == NFT_ROLE_STALE		? NFT_PHASE_CLEAN_UNLOAD
		: s->table == PLAN_TABLE_EGRESS ? NFT_PHASE_DROP_EGRESS
						: NFT_PHASE_UNLOAD;
	nft_step(d, phase, NFT_STEP_DELETE_SET, s->table, s->name);
}

/* ---- order -------------------------------------------------------------- */

static int nft_step_cmp(const void *a, const void *b)
{
	const struct nft_step *x = a, *y = b;

	if (x->phase != y->phase)
		return x->phase < y->phase ? -1 : 1;
	if (x->kind != y->kind)
		return x->kind < y->kind ? -1 : 1;
	return x->transaction < y->transaction ? -1 : x->transaction > y->transaction;
}

/* A phase is a transaction; only big sets come and go one by one. */
static void nft_number(struct nft_diff *o)
{
	unsigned transaction = 0;

	if (o->n_steps == 0)
		return;
	qsort(o->steps, o->n_steps, sizeof(*o->steps), nft_step_cmp);
	for (size_t i = 0; i < o->n_steps; i++) {
		struct nft_step *s = &o->steps[i];
		bool alone = s->phase == NFT_PHASE_LOAD || s->phase == NFT_PHASE_UNLOAD ||
			     s->phase == NFT_PHASE_CLEAN_UNLOAD;

		if (i > 0 && (alone || s->phase != o->steps[i - 1].phase))
			transaction++;
		s->transaction = transaction;
	}
}

int nft_diff_build(const struct nft_wanted *w, struct nft_seen *seen, struct arena *a,
		   struct nft_diff *ret)
{
	struct nft_differ d = { .w = w, .plan = w->plan, .seen = seen, .arena = a, .out = ret };
	int r;

	*ret = (struct nft_diff){ 0 };
	r = nft_judge(w, seen, a, &d.j, &ret->failed);
	if (r < 0)
		return r;
	nft_step_tables(&d);
	for (size_t i = 0; i < d.plan->n_sets; i++) {
		if (d.j.sets[i].set->life == PLAN_SLOTTED)
			nft_step_slotted_set(&d, &d.j.sets[i]);
		else
			nft_step_fixed_set(&d, &d.j.sets[i]);
	}
	for (size_t i = 0; i < d.plan->n_chains; i++)
		nft_step_chain(&d, &d.j.chains[i]);
	for (size_t i = 0; i < seen->n_chains; i++)
		nft_drop_chain(&d, &seen->chains[i]);
	for (size_t i = 0; i < seen->n_sets; i++)
		nft_drop_set(&d, &seen->sets[i]);
	nft_number(ret);
	return 0;
}

void nft_diff_put(struct nft_batch *b, const struct nft_step *s)
{
	switch (s->kind) {
	case NFT_STEP_ADD_TABLE:
		nft_object_add_table(b, s->table);
		break;
	case NFT_STEP_WAKE_TABLE:
		nft_object_wake_table(b, s->table);
		break;
	case NFT_STEP_DELETE_RULE:
		nft_rule_put_delete(b, s->table, s->name, s->handle);
		break;
	case NFT_STEP_DELETE_ELEMENTS:
		nft_element_delete_reported(b, s->set, s->name, s->seen, s->n);
		break;
	case NFT_STEP_DELETE_SET:
		nft_object_delete_set(b, s->table, s->name);
		break;
	case NFT_STEP_DELETE_CHAIN:
		nft_object_delete_chain(b, s->table, s->name);
		break;
	case NFT_STEP_ADD_CHAIN:
		nft_object_add_chain(b, s->chain, s->name);
		break;
	case NFT_STEP_ADD_SET:
		nft_object_add_set(b, s->set, s->name);
		break;
	case NFT_STEP_ADD_ELEMENTS:
	case NFT_STEP_LOAD:
		nft_element_add(b, s->set, s->name, s->elements, s->n, SIZE_MAX);
		break;
	case NFT_STEP_ADD_LEARNT:
		nft_element_add_learnt(b, s->set, s->name, s->seen, s->n);
		break;
	case NFT_STEP_ADD_RULE:
	case NFT_STEP_REPLACE_RULE:
		nft_rule_put(b, s->table, s->name, s->rule, s->place, s->handle);
		break;
	}
}
