/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core_groups.h"

#include "daemon/core_health.h"
#include "daemon/core_lines.h"
#include "daemon/core_quality.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define MS 1000000ull

/* One decision: what is known and what comes out of it. */
struct decision {
	struct core *c;
	size_t group;
	enum inet_family family;
	uint64_t now_ns;
	const struct plan_group_table *table;
	const struct policy_group *policy;
	struct core_group_choice *choice;
	int present; /* member that is used now, -1 none or several */
};

size_t core_groups_member(const struct plan_group_table *g, size_t link)
{
	size_t i = 0;

	while (i < g->n_members && g->members[i].link != link)
		i++;
	return i;
}

static int present_member(const struct plan_group_table *g, size_t link)
{
	size_t member = core_groups_member(g, link);

	return member < g->n_members ? (int)member : -1;
}

static enum link_use use_of(const struct decision *d, int member)
{
	if (member < 0)
		return LINK_USE_NO;
	return core_health_use(d->c, d->table->members[member].link, d->family);
}

static const char *name_of(const struct decision *d, int member)
{
	return d->c->plan->links[d->table->members[member].link].name;
}

static int first_of(const struct decision *d, enum link_use use)
{
	for (size_t i = 0; i < d->table->n_members; i++)
		if (use_of(d, (int)i) == use)
			return (int)i;
	return -1;
}

/* ---- who ---- */

static void set_reason(struct decision *d, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
static void set_reason(struct decision *d, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(d->choice->reason, sizeof(d->choice->reason), fmt, ap);
	va_end(ap);
}

/* Why the present one, if there is one, is left: what is wrong with it. */
static bool reason_of_present(struct decision *d)
{
	if (d->present < 0 || use_of(d, d->present) == LINK_USE_YES)
		return false;
	core_health_why(d->c, d->table->members[d->present].link, d->family, d->choice->reason,
			sizeof(d->choice->reason));
	return true;
}

static void reason_of(struct decision *d, int member)
{
	if (reason_of_present(d))
		return;
	if (use_of(d, member) == LINK_USE_SPARE)
		set_reason(d, "no link is better");
	else if (d->choice->decided)
		set_reason(d, "%s is up again", name_of(d, member));
	else
		set_reason(d, "first of its links that is up");
}

static void choose(struct decision *d, int member)
{
	size_t link = d->table->members[member].link;
	struct core_group_choice *ch = d->choice;

	if (ch->kind == CORE_CHOICE_LINK && ch->link == link)
		return;
	ch->kind = CORE_CHOICE_LINK;
	ch->link = link;
	ch->changed = true;
	for (size_t i = 0; i < d->table->n_members; i++)
		ch->members[i].better_since_ns = 0;
}

static void choose_nothing(struct decision *d)
{
	if (d->choice->kind == CORE_CHOICE_UNKNOWN && d->choice->decided)
		return;
	if (!reason_of_present(d))
		set_reason(d, "no link is up");
	d->choice->kind = CORE_CHOICE_UNKNOWN;
	d->choice->changed = true;
}

/* ---- failover ---- */

static void wait_for(struct decision *d, int member, uint64_t at_ns)
{
	d->choice->next_link = (int)d->table->members[member].link;
	d->choice->next_ns = at_ns;
	if (at_ns < d->c->decide_at_ns)
		d->c->decide_at_ns = at_ns;
}

/* The first link before the present one that has been up for the delay on end. */
static int delayed(struct decision *d)
{
	int best = -1, next = -1;
	uint64_t next_ns = 0;

	for (int i = 0; i < d->present && best < 0; i++) {
		const struct core_health *h =
			core_health_of(d->c, d->table->members[i].link, d->family);
		uint64_t due_ns = h->yes_since_ns + d->policy->failback_delay_ms * MS;

		if (use_of(d, i) != LINK_USE_YES)
			continue;
		if (d->now_ns >= due_ns) {
			best = i;
		} else if (next < 0 || due_ns < next_ns) {
			next = i;
			next_ns = due_ns;
		}
	}
	if (next >= 0)
		wait_for(d, next, next_ns);
	return best;
}

static int failback(struct decision *d)
{
	int first = first_of(d, LINK_USE_YES);

	switch (d->policy->failback) {
	case POLICY_FAILBACK_IMMEDIATE:
		return first;
	case POLICY_FAILBACK_DELAYED:
		return delayed(d);
	case POLICY_FAILBACK_NEVER:
		return -1;
	}
	return -1;
}

static void decide_failover(struct decision *d)
{
	int member;

	if (use_of(d, d->present) == LINK_USE_YES) {
		member = failback(d);
		if (member < 0 || member == d->present)
			return;
		if (d->choice->released)
			set_reason(d, "no longer by hand");
		else
			set_reason(d, "%s is up again", name_of(d, member));
	} else {
		member = first_of(d, LINK_USE_YES);
		reason_of(d, member);
	}
	choose(d, member);
}

/* ---- quality ---- */

static void decide_quality(struct decision *d)
{
	struct core_quality_pick pick;
	int member;

	if (use_of(d, d->present) != LINK_USE_YES) {
		member = core_quality_first(d->c, d->group, d->family, d->now_ns);
		if (!reason_of_present(d))
			set_reason(d, "best of its links");
		choose(d, member);
		return;
	}
	core_quality_compare(d->c, d->group, d->family, (size_t)d->present, d->now_ns, &pick);
	if (pick.next >= 0)
		wait_for(d, pick.next, pick.next_ns);
	if (pick.member < 0)
		return;
	if (pick.at_once)
		set_reason(d, "%s: outside the group's sla", name_of(d, d->present));
	else
		set_reason(d, "%s: better by %u %% for %u s", name_of(d, pick.member),
			   d->policy->better_by_percent, d->policy->better_for_ms / 1000);
	choose(d, pick.member);
}

/* ---- balance ---- */

static unsigned count_yes(const struct decision *d)
{
	unsigned n = 0;

	for (size_t i = 0; i < d->table->n_members; i++)
		n += use_of(d, (int)i) == LINK_USE_YES;
	return n;
}

static void decide_balance(struct decision *d)
{
	struct core_group_choice *ch = d->choice;
	bool was = ch->kind == CORE_CHOICE_BALANCE;

	if (count_yes(d) == 1) {
		int member = first_of(d, LINK_USE_YES);

		if (was)
			set_reason(d, "the others are down");
		else
			reason_of(d, member);
		choose(d, member);
		return;
	}
	for (size_t i = 0; i < d->table->n_members; i++) {
		bool takes_part = use_of(d, (int)i) == LINK_USE_YES;

		ch->changed = ch->changed || !was || ch->takes_part[i] != takes_part;
		ch->takes_part[i] = takes_part;
	}
	if (!was)
		set_reason(d, "several links are up");
	ch->kind = CORE_CHOICE_BALANCE;
}

/* ---- one group ---- */

/* A choice by hand holds as long as that link is good for anything. */
static bool decide_by_hand(struct decision *d)
{
	int hand = d->choice->hand;
	size_t member;

	if (hand < 0)
		return false;
	member = core_groups_member(d->table, (size_t)hand);
	if (member == d->table->n_members || use_of(d, (int)member) == LINK_USE_NO) {
		d->choice->hand = -1;
		return false;
	}
	if (d->present != (int)member)
		set_reason(d, "switched by hand");
	choose(d, (int)member);
	return true;
}

/* Nobody is up: the present one if it is any good, else the first that is. */
static void decide_spare(struct decision *d)
{
	int member = d->present;

	if (use_of(d, member) != LINK_USE_SPARE)
		member = first_of(d, LINK_USE_SPARE);
	if (member < 0) {
		choose_nothing(d);
		return;
	}
	if (member != d->present)
		reason_of(d, member);
	choose(d, member);
}

static void decide(struct core *c, size_t group, enum inet_family f, uint64_t now_ns)
{
	struct core_group_choice *ch = &c->groups[group].family[f];
	struct decision d = { .c = c,
			      .group = group,
			      .family = f,
			      .now_ns = now_ns,
			      .table = &c->plan->group_tables[group],
			      .policy = &c->plan->policy->groups[group],
			      .choice = ch,
			      .present = -1 };

	ch->changed = false;
	ch->next_link = -1;
	ch->next_ns = 0;
	if (ch->kind == CORE_CHOICE_LINK)
		d.present = present_member(d.table, ch->link);
	if (!decide_by_hand(&d)) {
		if (first_of(&d, LINK_USE_YES) < 0)
			decide_spare(&d);
		else
			switch (d.table->mode) {
			case POLICY_GROUP_FAILOVER:
				decide_failover(&d);
				break;
			case POLICY_GROUP_BALANCE:
				decide_balance(&d);
				break;
			case POLICY_GROUP_QUALITY:
				decide_quality(&d);
				break;
			}
	}
	ch->decided = true;
	ch->released = false;
}

bool core_groups_refresh(struct core *c, uint64_t now_ns)
{
	bool changed = false;

	for (size_t i = 0; i < c->plan->n_group_tables; i++)
		for (enum inet_family f = INET4; f <= INET6; f++) {
			decide(c, i, f, now_ns);
			changed = changed || c->groups[i].family[f].changed;
		}
	return changed;
}

void core_groups_switch(struct core *c, size_t group, int link)
{
	const struct plan_group_table *g = &c->plan->group_tables[group];
	bool possible = link < 0;

	for (enum inet_family f = INET4; f <= INET6; f++) {
		bool usable = link >= 0 && core_health_use(c, (size_t)link, f) != LINK_USE_NO;

		possible = possible || usable;
		c->groups[group].family[f].released = c->groups[group].family[f].hand >= 0;
		c->groups[group].family[f].hand = usable ? link : -1;
	}
	if (!possible)
		core_lines_add(c, true, "group", "%s: cannot be switched to %s: %s / %s", g->name,
			       c->plan->links[link].name,
			       core_health_of(c, (size_t)link, INET4)->reason,
			       core_health_of(c, (size_t)link, INET6)->reason);
}
