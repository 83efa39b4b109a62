/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fixed objects bear the same name in every policy and are changed in place;
 * slotted ones (the classifier and the big sets) are never changed but made
 * again under their other name. Which slot is live follows from what refers to
 * it: base chains to the classifier, the classifier to the sets. What nothing
 * live refers to may be half loaded and is never trusted.
 */
#include "netlink/nft_judge.h"

#include "base/arena.h"
#include "netlink/nft_names.h"

#include <string.h>

struct nft_judge {
	const struct nft_wanted *w;
	const struct plan *plan;
	struct nft_seen *seen;
	struct arena *arena;
	struct nft_judgement *out;
	bool *used; /* as seen->sets: named by a live slotted chain */
	const char *failed;
};

/* ---- sets --------------------------------------------------------------- */

static bool nft_same_text(const char *a, const char *b)
{
	return !strcmp(a ? a : "", b ? b : "");
}

bool nft_judge_same_type(const struct plan_set *s, const struct nft_seen_set *seen)
{
	struct nft_set_info info = nft_object_set_info(s);

	return info.key_type == seen->info.key_type && info.key_len == seen->info.key_len &&
	       info.is_map == seen->info.is_map && !seen->other_data;
}

static bool nft_same_set(const struct plan_set *s, const struct nft_seen_set *seen)
{
	struct nft_set_info info = nft_object_set_info(s);

	return nft_judge_same_type(s, seen) && info.flags == seen->info.flags &&
	       info.size == seen->info.size && info.timeout_ms == seen->info.timeout_ms &&
	       nft_same_text(info.comment, seen->info.comment);
}

/*
 * Whether the kernel's count is that of the plan's elements. An interval is two
 * elements (a start and an end, which the end of the address space has not);
 * the kernel counts half of them, rounded down (nft_rbtree_usize()).
 */
static bool nft_same_count(const struct plan_set *s, uint32_t count)
{
	struct plan_element last;
	size_t n = s->n_elements;

	if (!s->interval || n == 0)
		return count == n;
	last = s->elements[n - 1];
	if (inet_addr_next(&last.range.hi, s->type == PLAN_TYPE_IPV4_ADDR ? INET4 : INET6))
		return count == n || count == 2 * n;
	return count == n - 1 || count == n || count == 2 * n - 1;
}

/* Whether a loaded set, known to be complete, still is what the plan wants. */
static bool nft_same_content(const struct plan_set *s, const struct nft_seen_set *seen)
{
	return nft_same_set(s, seen) && (!seen->has_count || nft_same_count(s, seen->count));
}

bool nft_judge_by_element(const struct plan_set *s)
{
	return s->life == PLAN_FIXED && s->content != PLAN_CONTENT_DNS && !s->interval;
}

void nft_judge_choose_dumps(const struct plan *p, struct nft_seen *seen)
{
	for (size_t i = 0; i < seen->n_sets; i++)
		seen->sets[i].wanted = seen->sets[i].anonymous;
	for (size_t i = 0; i < p->n_sets; i++) {
		const struct plan_set *s = p->sets[i];
		struct nft_seen_set *set;

		if (s->life != PLAN_FIXED)
			continue;
		set = nft_decode_find_set(seen, s->table, s->name);
		if (!set || !nft_judge_same_type(s, set))
			continue;
		set->wanted = nft_judge_by_element(s) ||
			      (s->content == PLAN_CONTENT_DNS && !nft_same_set(s, set));
	}
}

/* ---- which slot is live ------------------------------------------------- */

static bool nft_calls(const struct nft_rule *r, const char *chain)
{
	for (size_t i = 0; i < r->n_exprs; i++)
		if (r->exprs[i].kind == NFT_EXPR_VERDICT && r->exprs[i].name &&
		    !strcmp(r->exprs[i].name, chain))
			return true;
	return false;
}

static bool nft_called_by_base(const struct nft_judge *d, enum plan_table t, const char *chain)
{
	for (size_t i = 0; i < d->seen->n_chains; i++) {
		const struct nft_seen_chain *c = &d->seen->chains[i];

		if (c->table != t || !c->info.base)
			continue;
		for (size_t k = 0; k < c->n_rules; k++)
			if (nft_calls(&c->rules[k], chain))
				return true;
	}
	return false;
}

/*
 * The live one of a slotted chain's two names. Called by no base chain (somebody
 * flushed them): any there is; chains are built whole, in one transaction.
 */
static struct nft_seen_chain *nft_live_chain(const struct nft_judge *d, const struct plan_chain *c)
{
	struct nft_seen_chain *slot[2];

	for (int i = 0; i < 2; i++) {
		const char *name = nft_names_in_slot(d->out->names, c, i);

		slot[i] = nft_decode_find_chain(d->seen, c->table, name);
		if (slot[i] && nft_called_by_base(d, c->table, name))
			return slot[i];
	}
	return slot[0] ? slot[0] : slot[1];
}

/* Marks the sets that rules of live slotted chains name. */
static void nft_mark_used(struct nft_judge *d)
{
	for (size_t i = 0; i < d->plan->n_chains; i++) {
		const struct nft_chain_plan *c = &d->out->chains[i];

		if (c->chain->life != PLAN_SLOTTED || !c->live)
			continue;
		for (size_t k = 0; k < c->live->n_rules; k++)
			for (size_t x = 0; x < c->live->rules[k].n_exprs; x++) {
				const struct nft_expr *e = &c->live->rules[k].exprs[x];
				const struct nft_seen_set *s;

				if (e->kind != NFT_EXPR_LOOKUP && e->kind != NFT_EXPR_DYNSET)
					continue;
				s = nft_decode_find_set(d->seen, c->chain->table, e->name);
				if (s)
					d->used[s - d->seen->sets] = true;
			}
	}
}

static bool nft_is_loaded(const struct nft_judge *d, const char *name)
{
	for (size_t i = 0; i < d->w->n_loaded; i++)
		if (!strcmp(d->w->loaded[i], name))
			return true;
	return false;
}

/* The set that may be trusted to be whole: one just loaded, else the one in use. */
static struct nft_seen_set *nft_live_set(const struct nft_judge *d, const struct plan_set *s)
{
	struct nft_seen_set *live = NULL;

	for (int i = 0; i < 2; i++) {
		struct nft_seen_set *seen = nft_decode_find_set(
			d->seen, s->table, nft_names_in_slot(d->out->names, s, i));

		if (!seen)
			continue;
		if (nft_is_loaded(d, seen->name))
			return seen;
		if (d->used[seen - d->seen->sets])
			live = seen;
	}
	return live;
}

/* A new one goes where the live one is not. */
static void nft_choose_slot(struct nft_judge *d, const void *object, const char *live, bool stays)
{
	bool second = live && !strcmp(live, nft_names_in_slot(d->out->names, object, true));

	nft_names_set_slot(d->out->names, object, stays || !live ? second : !second);
}

/* ---- fates -------------------------------------------------------------- */

static void nft_judge_set(struct nft_judge *d, struct nft_set_plan *s)
{
	const struct plan_set *set = s->set;

	if (set->life == PLAN_SLOTTED) {
		s->live = nft_live_set(d, set);
		s->fate = s->live && nft_same_content(set, s->live) ? NFT_FATE_STAYS : NFT_FATE_NEW;
		nft_choose_slot(d, set, s->live ? s->live->name : NULL, s->fate == NFT_FATE_STAYS);
		return;
	}
	s->live = nft_decode_find_set(d->seen, set->table, set->name);
	s->fate = !s->live		       ? NFT_FATE_NEW
		  : nft_same_set(set, s->live) ? NFT_FATE_STAYS
					       : NFT_FATE_AGAIN;
	if (s->fate == NFT_FATE_AGAIN) {
		d->out->any_again = true;
		d->out->learnt_again |= set->table == PLAN_TABLE_BYPASS;
	}
}

/* What a chain is; a regular one's comment aside. */
static bool nft_same_chain(const struct plan_chain *c, const struct nft_seen_chain *seen)
{
	struct nft_chain_info info = nft_object_chain_info(c);

	if (info.base != seen->info.base || seen->drops)
		return false;
	return !info.base ||
	       (info.hook == seen->info.hook && info.priority == seen->info.priority &&
		nft_same_text(info.type, seen->info.type) &&
		nft_same_text(info.comment, seen->info.comment));
}

static size_t nft_calls_of_rules(const struct nft_seen_chain *c, const char *name)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n_rules; i++)
		n += nft_calls(&c->rules[i], name);
	return n;
}

/* Rules and elements that lead to the chain and can be changed together with it. */
static size_t nft_loose_uses(const struct nft_judge *d, const struct nft_seen_chain *c)
{
	size_t n = 0;

	for (size_t i = 0; i < d->plan->n_chains; i++)
		if (d->out->chains[i].chain->life == PLAN_FIXED && d->out->chains[i].live &&
		    d->out->chains[i].live->table == c->table)
			n += nft_calls_of_rules(d->out->chains[i].live, c->name);
	/* rules nobody needs any more go with the switch; those of omr_egress later */
	for (size_t i = 0; c->table == PLAN_TABLE_BYPASS && i < d->seen->n_chains; i++)
		if (d->seen->chains[i].table == c->table &&
		    d->out->chain_roles[i] == NFT_ROLE_FOREIGN)
			n += nft_calls_of_rules(&d->seen->chains[i], c->name);
	for (size_t i = 0; i < d->seen->n_sets; i++) {
		const struct nft_seen_set *s = &d->seen->sets[i];

		for (size_t k = 0; s->wanted && s->table == c->table && k < s->n_elements; k++)
			n += s->elements[k].chain && !strcmp(s->elements[k].chain, c->name);
	}
	return n;
}

/*
 * A regular chain's comment can only be changed by making the chain again, with
 * all that leads to it. Big maps and the classifier are not torn up for that
 * and counts are not thrown away: there the old comment stays.
 */
static bool nft_may_remake(const struct nft_judge *d, const struct nft_chain_plan *c)
{
	for (size_t i = 0; i < c->live->n_rules; i++)
		if (nft_rule_counter(&c->live->rules[i]))
			return false;
	return c->live->use == c->live->n_rules + nft_loose_uses(d, c->live);
}

static bool nft_same_rules(const struct nft_chain_plan *c)
{
	if (c->live->n_rules != c->chain->n_rules)
		return false;
	for (size_t i = 0; i < c->chain->n_rules; i++)
		if (!nft_rule_equal(&c->live->rules[i], &c->rules[i]))
			return false;
	return true;
}

static int nft_encode_rules(struct nft_judge *d, struct nft_chain_plan *c)
{
	c->rules = arena_calloc(d->arena, c->chain->n_rules + 1, sizeof(*c->rules));
	for (size_t i = 0; i < c->chain->n_rules; i++) {
		int r = nft_expr_encode(&c->chain->rules[i], d->out->names, d->w->resolver,
					d->arena, &c->rules[i], &d->failed);

		if (r < 0)
			return r;
	}
	return 0;
}

static void nft_judge_chain(struct nft_judge *d, struct nft_chain_plan *c)
{
	bool same = c->live && nft_same_chain(c->chain, c->live);

	if (c->chain->life == PLAN_SLOTTED) {
		same = same && nft_same_rules(c) && !d->out->learnt_again &&
		       nft_same_text(c->chain->comment, c->live->info.comment);
		c->fate = same ? NFT_FATE_STAYS : NFT_FATE_NEW;
		nft_choose_slot(d, c->chain, c->live ? c->live->name : NULL, same);
		return;
	}
	if (same && !nft_same_text(c->chain->comment, c->live->info.comment))
		same = !nft_may_remake(d, c);
	c->fate = !c->live ? NFT_FATE_NEW : same ? NFT_FATE_STAYS : NFT_FATE_AGAIN;
	d->out->any_again |= c->fate == NFT_FATE_AGAIN;
}

/* ---- roles -------------------------------------------------------------- */

static void nft_role_of_chain(struct nft_judge *d, const struct nft_chain_plan *c)
{
	for (int i = 0; i < 2 && c->chain->life == PLAN_SLOTTED; i++) {
		struct nft_seen_chain *seen = nft_decode_find_chain(
			d->seen, c->chain->table, nft_names_in_slot(d->out->names, c->chain, i));

		if (seen)
			d->out->chain_roles[seen - d->seen->chains] = NFT_ROLE_STALE;
	}
	if (c->live)
		d->out->chain_roles[c->live - d->seen->chains] =
			c->chain->life == PLAN_SLOTTED && c->fate != NFT_FATE_STAYS
				? NFT_ROLE_BEFORE
				: NFT_ROLE_KEPT;
}

static void nft_role_of_set(struct nft_judge *d, const struct nft_set_plan *s)
{
	for (int i = 0; i < 2 && s->set->life == PLAN_SLOTTED; i++) {
		struct nft_seen_set *seen = nft_decode_find_set(
			d->seen, s->set->table, nft_names_in_slot(d->out->names, s->set, i));

		if (seen)
			d->out->set_roles[seen - d->seen->sets] =
				d->used[seen - d->seen->sets] ? NFT_ROLE_BEFORE : NFT_ROLE_STALE;
	}
	if (s->live && (s->set->life == PLAN_FIXED || s->fate == NFT_FATE_STAYS))
		d->out->set_roles[s->live - d->seen->sets] = NFT_ROLE_KEPT;
}

/* ---- all together ------------------------------------------------------- */

static void nft_judge_sets(struct nft_judge *d)
{
	for (size_t i = 0; i < d->plan->n_sets; i++) {
		d->out->sets[i].set = d->plan->sets[i];
		nft_judge_set(d, &d->out->sets[i]);
		nft_role_of_set(d, &d->out->sets[i]);
	}
}

/* Slotted chains come first: others call them by the name they get. */
static int nft_judge_chains(struct nft_judge *d, enum plan_life life)
{
	for (size_t i = 0; i < d->plan->n_chains; i++) {
		struct nft_chain_plan *c = &d->out->chains[i];
		int r;

		if (c->chain->life != life)
			continue;
		r = nft_encode_rules(d, c);
		if (r < 0)
			return r;
		nft_judge_chain(d, c);
		if (life == PLAN_SLOTTED)
			nft_role_of_chain(d, c);
	}
	return 0;
}

static void nft_find_chains(struct nft_judge *d)
{
	for (size_t i = 0; i < d->plan->n_chains; i++) {
		const struct plan_chain *c = d->plan->chains[i];

		d->out->chains[i].chain = c;
		d->out->chains[i].live =
			c->life == PLAN_SLOTTED ? nft_live_chain(d, c)
						: nft_decode_find_chain(d->seen, c->table, c->name);
		if (c->life == PLAN_FIXED)
			nft_role_of_chain(d, &d->out->chains[i]);
	}
}

int nft_judge(const struct nft_wanted *w, struct nft_seen *seen, struct arena *a,
	      struct nft_judgement *ret, const char **ret_failed)
{
	const struct plan *p = w->plan;
	struct nft_judge d = {
		.w = w,
		.plan = p,
		.seen = seen,
		.arena = a,
		.out = ret,
		.used = arena_calloc(a, seen->n_sets + 1, sizeof(bool)),
	};
	int r;

	*ret = (struct nft_judgement){
		.names = nft_names_new(a, p),
		.chains = arena_calloc(a, p->n_chains + 1, sizeof(*ret->chains)),
		.sets = arena_calloc(a, p->n_sets + 1, sizeof(*ret->sets)),
		.chain_roles = arena_calloc(a, seen->n_chains + 1, sizeof(*ret->chain_roles)),
		.set_roles = arena_calloc(a, seen->n_sets + 1, sizeof(*ret->set_roles)),
	};
	nft_find_chains(&d);
	nft_mark_used(&d);
	nft_judge_sets(&d);
	r = nft_judge_chains(&d, PLAN_SLOTTED);
	if (r == 0)
		r = nft_judge_chains(&d, PLAN_FIXED);
	*ret_failed = d.failed;
	return r;
}
