/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core_targets.h"

#include "base/arena.h"
#include "daemon/core_flows.h"
#include "daemon/core_health.h"
#include "daemon/core_lines.h"

#include <stdio.h>
#include <string.h>

static const char *const family_names[INET_FAMILY_COUNT] = { [INET4] = "ipv4", [INET6] = "ipv6" };

/* ---- desired states as values ---- */

static bool elements_equal(const struct plan_element *a, size_t n_a, const struct plan_element *b,
			   size_t n_b)
{
	if (n_a != n_b)
		return false;
	for (size_t i = 0; i < n_a; i++)
		if (a[i].mark != b[i].mark || a[i].nfproto != b[i].nfproto ||
		    a[i].slot != b[i].slot || a[i].chain != b[i].chain)
			return false;
	return true;
}

bool core_targets_equal(const struct desired *a, const struct desired *b)
{
	return elements_equal(a->egress, a->n_egress, b->egress, b->n_egress) &&
	       elements_equal(a->alive, a->n_alive, b->alive, b->n_alive) &&
	       elements_equal(a->spread, a->n_spread, b->spread, b->n_spread);
}

void core_targets_copy(struct core_desired *to, const struct desired *from)
{
	struct arena *a = arena_new();
	struct desired d = *from;

	d.egress = arena_memdup(a, from->egress, d.n_egress * sizeof(*d.egress));
	d.alive = arena_memdup(a, from->alive, d.n_alive * sizeof(*d.alive));
	d.spread = arena_memdup(a, from->spread, d.n_spread * sizeof(*d.spread));
	d.net = (struct netstate){ .n_routes = from->net.n_routes, .n_rules = from->net.n_rules };
	d.net.routes = arena_memdup(a, from->net.routes, d.net.n_routes * sizeof(*d.net.routes));
	d.net.rules = arena_memdup(a, from->net.rules, d.net.n_rules * sizeof(*d.net.rules));
	arena_free(to->arena);
	to->arena = a;
	to->state = d;
}

/* ---- tables by target ---- */

static size_t target_named(const struct plan *p, const char *name, bool is_link)
{
	size_t i = 0;

	while (i < p->n_targets && (p->targets[i].is_link != is_link || p->targets[i].is_block ||
				    strcmp(p->targets[i].name, name)))
		i++;
	return i;
}

static void new_target(struct core *c, size_t i)
{
	const struct plan_target *t = &c->plan->targets[i];
	struct core_target *s = &c->targets[i];
	size_t n = t->n_candidates;

	s->flows = arena_calloc(c->arena, n, sizeof(*s->flows));
	s->desired_flows = arena_calloc(c->arena, n, sizeof(*s->desired_flows));
	c->desired_flows[i] = (const enum desired_flows(*)[INET_FAMILY_COUNT])s->desired_flows;
	s->plain = i;
	if (t->n_tiers && t->tier_groups[0] >= 0) {
		const char *group = c->plan->group_tables[t->tier_groups[0]].name;

		s->plain = target_named(c->plan, group, false);
		if (s->plain == i) {
			s->plain_group = true;
			c->groups[t->tier_groups[0]].target = i;
		}
	}
	for (enum inet_family f = INET4; f <= INET6; f++) {
		s->family[f].takes_part = arena_calloc(c->arena, n, sizeof(bool));
		c->desired_choices[i][f].takes_part = s->family[f].takes_part;
	}
}

void core_targets_new(struct core *c)
{
	size_t n = c->plan->n_targets;

	c->targets = arena_calloc(c->arena, n, sizeof(*c->targets));
	c->desired_links = arena_calloc(c->arena, c->plan->n_links, sizeof(*c->desired_links));
	c->desired_choices = arena_calloc(c->arena, n, sizeof(*c->desired_choices));
	c->desired_flows = arena_calloc(c->arena, n, sizeof(*c->desired_flows));
	for (size_t i = 0; i < n; i++)
		new_target(c, i);
}

/* ---- choosing ---- */

static size_t candidate_of(const struct plan_target *t, size_t link)
{
	size_t k = 0;

	while (k < t->n_candidates && t->candidates[k].link != link)
		k++;
	return k;
}

static void take_spread(const struct core *c, const struct plan_target *t,
			const struct core_group_choice *g, size_t group, bool *takes_part)
{
	const struct plan_group_table *table = &c->plan->group_tables[group];

	for (size_t m = 0; m < table->n_members; m++) {
		size_t k = candidate_of(t, table->members[m].link);

		if (k < t->n_candidates)
			takes_part[k] = g->takes_part[m];
	}
}

/* False: that tier has nothing. */
static bool choose_tier(const struct core *c, const struct plan_target *t, size_t tier,
			enum inet_family f, struct core_target_choice *ret)
{
	const struct core_group_choice *g;
	int group = t->tier_groups[tier];

	ret->tier = tier;
	if (group < 0) {
		ret->kind = CORE_CHOICE_LINK;
		ret->candidate = 0;
		return core_health_use(c, t->candidates[0].link, f) != LINK_USE_NO;
	}
	g = &c->groups[group].family[f];
	ret->kind = g->kind;
	switch (g->kind) {
	case CORE_CHOICE_LINK:
		ret->candidate = candidate_of(t, g->link);
		return ret->candidate < t->n_candidates;
	case CORE_CHOICE_BALANCE:
		take_spread(c, t, g, (size_t)group, ret->takes_part);
		return true;
	case CORE_CHOICE_UNKNOWN:
	case CORE_CHOICE_MAIN:
	case CORE_CHOICE_BLOCK:
		return false;
	}
	return false;
}

static void choose_target(const struct core *c, const struct plan_target *t, enum inet_family f,
			  struct core_target_choice *ret)
{
	memset(ret->takes_part, 0, t->n_candidates * sizeof(bool));
	for (size_t tier = 0; tier < t->n_tiers; tier++)
		if (choose_tier(c, t, tier, f, ret))
			return;
	ret->tier = t->n_tiers;
	ret->kind = t->last == PLAN_LAST_BLOCK ? CORE_CHOICE_BLOCK : CORE_CHOICE_MAIN;
}

/* A tier's choice, or the state of the link it stands for, changed in this step. */
static bool has_changed(const struct core *c, const struct plan_target *t, size_t tier,
			enum inet_family f, uint64_t now_ns)
{
	int group = t->tier_groups[tier];

	return group < 0 ? core_health_of(c, t->candidates[0].link, f)->since_ns == now_ns
			 : c->groups[group].family[f].changed;
}

/* Why: what the first tier that changed its mind says. */
static void make_reason(const struct core *c, const struct plan_target *t, enum inet_family f,
			uint64_t now_ns, struct core_target_choice *ch)
{
	for (size_t tier = 0; tier < t->n_tiers; tier++) {
		int group = t->tier_groups[tier];

		if (tier != ch->tier && !has_changed(c, t, tier, f, now_ns))
			continue;
		if (group < 0)
			core_health_why(c, t->candidates[0].link, f, ch->reason,
					sizeof(ch->reason));
		else
			snprintf(ch->reason, sizeof(ch->reason), "%s",
				 c->groups[group].family[f].reason);
		return;
	}
	snprintf(ch->reason, sizeof(ch->reason), "no link is up");
}

/* ---- lines ---- */

static const char *choice_text(const struct core *c, const struct plan_target *t,
			       const struct core_target_choice *ch)
{
	switch (ch->kind) {
	case CORE_CHOICE_UNKNOWN:
		return NULL;
	case CORE_CHOICE_LINK:
		return c->plan->links[t->candidates[ch->candidate].link].name;
	case CORE_CHOICE_BALANCE:
		return "balance";
	case CORE_CHOICE_MAIN:
		return "main";
	case CORE_CHOICE_BLOCK:
		return "block";
	}
	return NULL;
}

/*
 * From the first sign of what is wrong with the links that were left, in
 * microseconds: at least one, for what was acted upon as it came.
 */
static uint64_t detect_us(const struct core *c, const struct plan_target *t,
			  const struct core_target_choice *old, const bool *took_part,
			  enum inet_family f, uint64_t now_ns)
{
	uint64_t sign_ns = 0;

	for (size_t k = 0; k < t->n_candidates; k++) {
		const struct core_health *h = core_health_of(c, t->candidates[k].link, f);
		bool used = old->kind == CORE_CHOICE_LINK      ? old->candidate == k
			    : old->kind == CORE_CHOICE_BALANCE ? took_part[k]
							       : false;

		if (used && h->since_ns == now_ns && link_state_use(h->state) != LINK_USE_YES &&
		    h->sign_ns && (!sign_ns || h->sign_ns < sign_ns))
			sign_ns = h->sign_ns;
	}
	if (!sign_ns || sign_ns > now_ns)
		return 0;
	return now_ns - sign_ns < 1000 ? 1 : (now_ns - sign_ns) / 1000;
}

/* A link's own target does what the link does: that line is there already. */
static bool is_told(const struct core *c, size_t i)
{
	const struct plan_target *t = &c->plan->targets[i];

	return !t->is_block && !(t->is_link && t->n_candidates == 1) && t->n_candidates;
}

/* A variant of a group is told only where it does not do what the group does. */
static bool differs_from_plain(const struct core *c, size_t i, enum inet_family f)
{
	const struct core_target *s = &c->targets[i];
	const struct plan *p = c->plan;
	const char *mine, *plain;

	if (s->plain == i || s->plain >= p->n_targets)
		return true;
	mine = choice_text(c, &p->targets[i], &s->family[f]);
	plain = choice_text(c, &p->targets[s->plain], &c->targets[s->plain].family[f]);
	return !mine || !plain || strcmp(mine, plain);
}

static void tell(struct core *c, size_t i, enum inet_family f, uint64_t since_sign_us)
{
	struct core_target *s = &c->targets[i];
	struct core_target_choice *ch = &s->family[f];
	const struct plan_target *t = &c->plan->targets[i];
	const char *to = choice_text(c, t, ch), *token = s->plain_group ? "group" : "target";
	struct core_line *line;

	if (ch->told)
		line = core_lines_add(c, false, token, "%s: %s %s -> %s (%s)", t->name,
				      family_names[f], ch->told, to, ch->reason);
	else
		line = core_lines_add(c, false, token, "%s: %s %s", t->name, family_names[f], to);
	line->kind = s->plain_group ? CORE_LINE_GROUP : CORE_LINE_OTHER;
	line->group = t->name;
	line->link = ch->kind == CORE_CHOICE_LINK ? to : NULL;
	line->family = f;
	line->from = ch->told;
	line->to = to;
	line->reason = core_lines_text(c, ch->reason);
	line->detect_us = since_sign_us;
	ch->told = to;
}

static void tell_storm(struct core *c, size_t i, enum inet_family f, unsigned n)
{
	struct core_target *s = &c->targets[i];
	struct core_target_choice *ch = &s->family[f];
	const struct plan_target *t = &c->plan->targets[i];
	const char *to = choice_text(c, t, ch);
	struct core_line *line =
		core_lines_add(c, false, s->plain_group ? "group" : "target",
			       "%s: %s: %u more changes in %u s, now %s", t->name, family_names[f],
			       n, (unsigned)(CORE_LINES_WINDOW_NS / 1000000000u), to);

	if (s->plain_group && strcmp(ch->told, to))
		line->kind = CORE_LINE_GROUP;
	line->group = t->name;
	line->link = ch->kind == CORE_CHOICE_LINK ? to : NULL;
	line->family = f;
	line->from = ch->told;
	line->to = to;
	line->reason = core_lines_text(c, ch->reason);
	ch->told = to;
}

/* ---- all of it ---- */

static bool same_choice(const struct core_target_choice *a, const struct core_target_choice *b)
{
	return a->kind == b->kind && (a->kind != CORE_CHOICE_LINK || a->candidate == b->candidate);
}

/* False: it is not worth a line, as the plain target's says it. */
static bool is_worth_a_line(struct core *c, size_t i, enum inet_family f)
{
	struct core_target_choice *ch = &c->targets[i].family[f];
	bool apart, was_apart = ch->apart;

	if (!is_told(c, i))
		return false;
	apart = differs_from_plain(c, i, f);
	ch->apart = apart;
	if (!apart && !was_apart)
		ch->told = choice_text(c, &c->plan->targets[i], ch);
	return apart || was_apart;
}

static void tell_change(struct core *c, size_t i, enum inet_family f, bool changed,
			uint64_t since_sign_us, uint64_t now_ns)
{
	struct core_target_choice *ch = &c->targets[i].family[f];
	unsigned held = core_lines_due(&ch->limit, now_ns);

	changed = changed && is_worth_a_line(c, i, f);
	if (held)
		tell_storm(c, i, f, held + changed);
	else if (changed && core_lines_pass(&ch->limit, now_ns))
		tell(c, i, f, since_sign_us);
	if (core_lines_due_ns(&ch->limit) < c->decide_at_ns)
		c->decide_at_ns = core_lines_due_ns(&ch->limit);
}

static bool refresh_one(struct core *c, size_t i, enum inet_family f, uint64_t now_ns)
{
	const struct plan_target *t = &c->plan->targets[i];
	struct core_target_choice *ch = &c->targets[i].family[f], old = *ch;
	bool took_part[POLICY_LINKS_MAX], changed;

	memcpy(took_part, ch->takes_part, t->n_candidates * sizeof(bool));
	choose_target(c, t, f, ch);
	changed = !same_choice(&old, ch);
	if (changed) {
		make_reason(c, t, f, now_ns, ch);
		ch->since_ns = now_ns;
		ch->switches += old.kind != CORE_CHOICE_UNKNOWN;
		core_flows_left(c, i, f, &old, now_ns);
		c->generation++;
	}
	tell_change(c, i, f, changed, changed ? detect_us(c, t, &old, took_part, f, now_ns) : 0,
		    now_ns);
	return changed || memcmp(took_part, ch->takes_part, t->n_candidates * sizeof(bool)) != 0;
}

bool core_targets_refresh(struct core *c, uint64_t now_ns)
{
	bool changed = false;

	for (size_t i = 0; i < c->plan->n_targets; i++) {
		if (c->plan->targets[i].is_block)
			continue;
		for (enum inet_family f = INET4; f <= INET6; f++)
			changed = refresh_one(c, i, f, now_ns) || changed;
	}
	return changed;
}

static void fill_inputs(struct core *c)
{
	for (size_t i = 0; i < c->plan->n_links; i++)
		for (enum inet_family f = INET4; f <= INET6; f++) {
			const struct core_health *h = core_health_of(c, i, f);

			c->desired_links[i][f] = (struct desired_link){
				.routed = !link_state_is_physical(h->state),
				.offered = link_state_use(h->state) != LINK_USE_NO,
				.keeps = link_state_keeps_flows(h->state),
			};
		}
	for (size_t i = 0; i < c->plan->n_targets; i++)
		for (enum inet_family f = INET4; f <= INET6; f++) {
			const struct core_target_choice *ch = &c->targets[i].family[f];
			struct desired_choice *d = &c->desired_choices[i][f];

			d->kind = ch->kind == CORE_CHOICE_LINK	    ? DESIRED_CHOICE_LINK
				  : ch->kind == CORE_CHOICE_BALANCE ? DESIRED_CHOICE_SPREAD
								    : DESIRED_CHOICE_LAST;
			d->candidate = d->kind == DESIRED_CHOICE_LINK ? ch->candidate : 0;
		}
}

void core_targets_build(struct core *c)
{
	struct desired_inputs in = {
		.views = c->views,
		.links = (const struct desired_link(*)[INET_FAMILY_COUNT])c->desired_links,
		.choices = (const struct desired_choice(*)[INET_FAMILY_COUNT])c->desired_choices,
		.flows = (const enum desired_flows(*const *)[INET_FAMILY_COUNT])c->desired_flows,
	};

	fill_inputs(c);
	arena_free(c->wanted.arena);
	c->wanted.arena = arena_new();
	desired_build(c->plan, &in, DESIRED_DAEMON, c->wanted.arena, &c->wanted.state);
}

struct core_choice core_targets_choice(const struct core *c, size_t target, enum inet_family f)
{
	const struct plan_target *t = &c->plan->targets[target];
	const struct core_target_choice *ch = &c->targets[target].family[f];
	struct core_choice ret = {
		.kind = ch->kind, .since_ns = ch->since_ns, .reason = ch->reason, .next_link = -1
	};

	if (t->is_block)
		return (struct core_choice){ .kind = CORE_CHOICE_BLOCK,
					     .reason = "the policy says so",
					     .next_link = -1 };
	if (ch->kind == CORE_CHOICE_LINK)
		ret.link = t->candidates[ch->candidate].link;
	if (ch->tier < t->n_tiers && t->tier_groups[ch->tier] >= 0)
		ret.by_hand = c->groups[t->tier_groups[ch->tier]].family[f].hand >= 0;
	if (t->n_tiers && t->tier_groups[0] >= 0) {
		const struct core_group_choice *g = &c->groups[t->tier_groups[0]].family[f];

		ret.next_link = g->next_link;
		ret.next_ns = g->next_ns;
	}
	return ret;
}
