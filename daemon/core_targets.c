/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core_targets.h"

#include "base/arena.h"
#include "daemon/core_lines.h"

#include <linux/netfilter.h>
#include <string.h>

static const struct {
	const char *name;
	uint32_t nfproto;
} families[INET_FAMILY_COUNT] = {
	[INET4] = { "ipv4", NFPROTO_IPV4 },
	[INET6] = { "ipv6", NFPROTO_IPV6 },
};

static bool elements_equal(const struct plan_element *a, size_t n_a, const struct plan_element *b,
			   size_t n_b)
{
	if (n_a != n_b)
		return false;
	for (size_t i = 0; i < n_a; i++)
		if (a[i].mark != b[i].mark || a[i].nfproto != b[i].nfproto ||
		    a[i].chain != b[i].chain)
			return false;
	return true;
}

bool core_targets_equal(const struct desired *a, const struct desired *b)
{
	return elements_equal(a->egress, a->n_egress, b->egress, b->n_egress) &&
	       elements_equal(a->alive, a->n_alive, b->alive, b->n_alive);
}

void core_targets_copy(struct core_desired *to, const struct desired *from)
{
	struct arena *a = arena_new();
	struct desired d = *from;

	d.egress = arena_memdup(a, from->egress, d.n_egress * sizeof(*d.egress));
	d.alive = arena_memdup(a, from->alive, d.n_alive * sizeof(*d.alive));
	d.net = (struct netstate){ .n_routes = from->net.n_routes, .n_rules = from->net.n_rules };
	d.net.routes = arena_memdup(a, from->net.routes, d.net.n_routes * sizeof(*d.net.routes));
	d.net.rules = arena_memdup(a, from->net.rules, d.net.n_rules * sizeof(*d.net.rules));
	arena_free(to->arena);
	to->arena = a;
	to->state = d;
}

static const struct plan_chain *egress_of(const struct desired *d, uint32_t mark, uint32_t nfproto)
{
	for (size_t i = 0; i < d->n_egress; i++)
		if (d->egress[i].mark == mark && d->egress[i].nfproto == nfproto)
			return d->egress[i].chain;
	return NULL;
}

/* Without an entry in egress the target's routing tables decide: they spread, or have nothing. */
static struct core_choice choice_of_tables(const struct core *c, const struct plan_target *t,
					   enum inet_family f)
{
	for (size_t i = 0; i < t->n_candidates; i++)
		if (c->links[t->candidates[i].link].reason[f] == LINK_OK)
			return (struct core_choice){ .kind = CORE_CHOICE_BALANCE };
	return (struct core_choice){ .kind = CORE_CHOICE_BLOCK };
}

static struct core_choice choice_of(const struct core *c, const struct plan_target *t,
				    enum inet_family f)
{
	const struct plan_chain *chain = egress_of(&c->wanted.state, t->mark, families[f].nfproto);

	if (!chain)
		return choice_of_tables(c, t, f);
	for (size_t i = 0; i < t->n_candidates; i++)
		if (t->candidates[i].to == chain)
			return (struct core_choice){ .kind = CORE_CHOICE_LINK,
						     .link = t->candidates[i].link };
	return (struct core_choice){ .kind = CORE_CHOICE_MAIN };
}

static const char *choice_text(const struct core *c, struct core_choice choice)
{
	switch (choice.kind) {
	case CORE_CHOICE_UNKNOWN:
		return "?";
	case CORE_CHOICE_LINK:
		return c->plan->links[choice.link].name;
	case CORE_CHOICE_BALANCE:
		return "balance";
	case CORE_CHOICE_MAIN:
		return "main";
	case CORE_CHOICE_BLOCK:
		return "block";
	}
	return "?";
}

/* Why a target moved: what is wrong with where it was, else what is good where it is now. */
static const char *move_reason(const struct core *c, struct core_choice from, struct core_choice to,
			       enum inet_family f)
{
	if (from.kind == CORE_CHOICE_LINK && c->links[from.link].reason[f] != LINK_OK)
		return link_view_reason_text(c->links[from.link].reason[f]);
	switch (to.kind) {
	case CORE_CHOICE_LINK:
		return from.kind == CORE_CHOICE_BALANCE ? "the others are down" : "it is up again";
	case CORE_CHOICE_BALANCE:
		return "several links are up";
	case CORE_CHOICE_UNKNOWN:
	case CORE_CHOICE_MAIN:
	case CORE_CHOICE_BLOCK:
		break;
	}
	return "no link is up";
}

static bool choice_equal(struct core_choice a, struct core_choice b)
{
	return a.kind == b.kind && (a.kind != CORE_CHOICE_LINK || a.link == b.link);
}

static void refresh_target(struct core *c, size_t i, enum inet_family f, uint64_t now_ns)
{
	const struct plan_target *t = &c->plan->targets[i];
	struct core_target *s = &c->targets[i];
	struct core_choice old = s->choice[f], now = choice_of(c, t, f);

	if (choice_equal(old, now))
		return;
	s->choice[f] = now;
	s->since_ns[f] = now_ns;
	/* A link's own target does what the link does: that line is there already. */
	if (t->is_link && t->n_candidates == 1)
		return;
	if (old.kind == CORE_CHOICE_UNKNOWN)
		core_lines_add(c, false, "target", "%s: %s %s", t->name, families[f].name,
			       choice_text(c, now));
	else
		core_lines_add(c, false, "target", "%s: %s %s -> %s (%s)", t->name,
			       families[f].name, choice_text(c, old), choice_text(c, now),
			       move_reason(c, old, now, f));
}

void core_targets_refresh(struct core *c, uint64_t now_ns)
{
	arena_free(c->wanted.arena);
	c->wanted.arena = arena_new();
	desired_build(c->plan, c->views, DESIRED_DAEMON, c->wanted.arena, &c->wanted.state);
	for (size_t i = 0; i < c->plan->n_targets; i++) {
		if (c->plan->targets[i].is_block)
			continue;
		for (enum inet_family f = INET4; f <= INET6; f++)
			refresh_target(c, i, f, now_ns);
	}
}
