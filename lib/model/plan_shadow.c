/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/plan_shadow.h"

#include "base/arena.h"
#include "base/diag.h"
#include "model/plan_build.h"
#include "model/plan_match.h"
#include "model/policy_read.h"
#include "model/schedule.h"

#include <string.h>

/* A rule's prefixes, flattened once and compared with many others. */
struct ranges {
	struct plan_value *items;
	size_t n;
};

struct view {
	const struct policy_rule *r;
	struct ranges from[INET_FAMILY_COUNT], to[INET_FAMILY_COUNT];
	bool possible[INET_FAMILY_COUNT]; /* it can match in this family at all */
};

/* ---- containment, one key at a time: all that b matches, a matches ---- */

static bool ranges_cover(const struct ranges *a, const struct ranges *b)
{
	size_t i = 0;

	for (size_t k = 0; k < b->n; k++) {
		while (i < a->n && inet_addr_cmp(&a->items[i].range.hi, &b->items[k].range.lo) < 0)
			i++;
		if (i == a->n || !inet_range_contains(&a->items[i].range, &b->items[k].range))
			return false;
	}
	return true;
}

/* Every number of b lies in one range of a (ranges that only touch are not joined). */
static bool numbers_cover(const struct policy_number_range *a, size_t na,
			  const struct policy_number_range *b, size_t nb)
{
	if (!na)
		return true;
	if (!nb)
		return false;
	for (size_t k = 0; k < nb; k++) {
		bool found = false;

		for (size_t i = 0; i < na && !found; i++)
			found = a[i].lo <= b[k].lo && b[k].hi <= a[i].hi;
		if (!found)
			return false;
	}
	return true;
}

static bool names_cover(const char *const *a, size_t na, const char *const *b, size_t nb)
{
	if (!na)
		return true;
	for (size_t k = 0; k < nb; k++) {
		bool found = false;

		for (size_t i = 0; i < na && !found; i++)
			found = !strcmp(a[i], b[k]);
		if (!found)
			return false;
	}
	return nb > 0;
}

static bool macs_cover(const struct policy_rule *a, const struct policy_rule *b)
{
	if (!a->n_macs)
		return true;
	for (size_t k = 0; k < b->n_macs; k++) {
		bool found = false;

		for (size_t i = 0; i < a->n_macs && !found; i++)
			found = !memcmp(a->macs[i], b->macs[k], sizeof(a->macs[0]));
		if (!found)
			return false;
	}
	return b->n_macs > 0;
}

static bool users_cover(const struct policy_rule *a, const struct policy_rule *b)
{
	if (!a->n_users)
		return true;
	for (size_t k = 0; k < b->n_users; k++) {
		bool found = false;

		for (size_t i = 0; i < a->n_users && !found; i++)
			found = a->users[i].uid == b->users[k].uid;
		if (!found)
			return false;
	}
	return b->n_users > 0;
}

static bool icmp_cover(const struct policy_rule *a, const struct policy_rule *b)
{
	if (!a->n_icmp_types)
		return true;
	for (size_t k = 0; k < b->n_icmp_types; k++) {
		bool found = false;

		for (size_t i = 0; i < a->n_icmp_types && !found; i++)
			found = a->icmp_types[i].family == b->icmp_types[k].family &&
				a->icmp_types[i].type == b->icmp_types[k].type;
		if (!found)
			return false;
	}
	return b->n_icmp_types > 0;
}

static bool schedule_same(const struct policy_schedule *a, const struct policy_schedule *b)
{
	struct schedule_window wa[SCHEDULE_WINDOWS_MAX], wb[SCHEDULE_WINDOWS_MAX];
	size_t na, nb;

	if (!a->given)
		return true;
	if (!b->given)
		return false;
	na = schedule_windows(a, wa);
	nb = schedule_windows(b, wb);
	if (na != nb)
		return false;
	for (size_t i = 0; i < na; i++)
		if (wa[i].days != wb[i].days || wa[i].lo != wb[i].lo || wa[i].hi != wb[i].hi)
			return false;
	return true;
}

static bool domain_under(const char *domain, const char *parent)
{
	size_t n = strlen(domain), m = strlen(parent);

	return n >= m && !strcmp(domain + n - m, parent) && (n == m || domain[n - m - 1] == '.');
}

static bool domains_cover(const struct policy_rule *a, const struct policy_rule *b)
{
	for (size_t k = 0; k < b->n_domains; k++) {
		bool found = false;

		for (size_t i = 0; i < a->n_domains && !found; i++)
			found = domain_under(b->domains[k].name, a->domains[i].name);
		if (!found)
			return false;
	}
	return true;
}

/* Ports without protocols mean tcp and udp. */
static bool protocols_cover(const struct policy_rule *a, const struct policy_rule *b)
{
	static const struct policy_number_range tcp_udp[] = { { 6, 6 }, { 17, 17 } };
	bool a_ports = a->n_sports || a->n_dports, b_ports = b->n_sports || b->n_dports;
	const struct policy_number_range *pa = a->protocols, *pb = b->protocols;
	size_t na = a->n_protocols, nb = b->n_protocols;

	if (!na && a_ports)
		pa = tcp_udp, na = 2;
	if (!nb && b_ports)
		pb = tcp_udp, nb = 2;
	return numbers_cover(pa, na, pb, nb);
}

static bool family_covers(const struct view *a, const struct view *b, enum inet_family f)
{
	if (!b->possible[f])
		return true;
	if (!a->possible[f])
		return false;
	if (a->r->n_from && (!b->r->n_from || !ranges_cover(&a->from[f], &b->from[f])))
		return false;
	if (a->r->has_destination &&
	    (!b->r->has_destination || !ranges_cover(&a->to[f], &b->to[f])))
		return false;
	return true;
}

static bool covers(const struct view *va, const struct view *vb)
{
	const struct policy_rule *a = va->r, *b = vb->r;

	return protocols_cover(a, b) &&
	       numbers_cover(a->sports, a->n_sports, b->sports, b->n_sports) &&
	       numbers_cover(a->dports, a->n_dports, b->dports, b->n_dports) &&
	       numbers_cover(a->dscp, a->n_dscp, b->dscp, b->n_dscp) && icmp_cover(a, b) &&
	       macs_cover(a, b) && users_cover(a, b) &&
	       names_cover(a->iifs, a->n_iifs, b->iifs, b->n_iifs) &&
	       names_cover(a->cgroups, a->n_cgroups, b->cgroups, b->n_cgroups) &&
	       schedule_same(&a->schedule, &b->schedule) &&
	       (!a->has_destination || domains_cover(a, b)) && family_covers(va, vb, INET4) &&
	       family_covers(va, vb, INET6);
}

/* ---- the pass ---- */

static bool icmp_possible(const struct policy_rule *r, enum inet_family f)
{
	for (size_t i = 0; i < r->n_icmp_types; i++)
		if (r->icmp_types[i].family == f)
			return true;
	return !r->n_icmp_types;
}

static void fill_view(struct plan_build *b, const struct policy_rule *r, struct view *v)
{
	v->r = r;
	for (int f = 0; f < INET_FAMILY_COUNT; f++) {
		enum inet_family family = (enum inet_family)f;

		v->from[f].items = plan_match_ranges(b, r->from, r->n_from, family, &v->from[f].n);
		v->to[f].items = plan_match_ranges(b, r->to, r->n_to, family, &v->to[f].n);
		v->possible[f] = r->families[f] && (!r->n_from || v->from[f].n) &&
				 (!r->has_destination || v->to[f].n || r->n_domains) &&
				 icmp_possible(r, family);
	}
}

/* Why no packet at all can match, or NULL. */
static const char *contradiction(const struct view *v)
{
	const struct policy_rule *r = v->r;

	if ((r->n_users || r->n_cgroups) && (r->n_iifs || r->n_macs))
		return "users and cgroups are of the router's own traffic, iifs and macs of forwarded traffic";
	if (!v->possible[INET4] && !v->possible[INET6])
		return "its keys leave no address family";
	return NULL;
}

void plan_shadow_warn(struct plan_build *b)
{
	const struct policy *p = b->policy;
	struct plan_build scratch = *b;
	struct view *views;
	size_t n = 0;

	scratch.arena = arena_new();
	views = arena_calloc(scratch.arena, p->n_rules + 1, sizeof(*views));
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rules[i];
		struct view *v = &views[n];
		const char *why;
		size_t k = 0;

		if (!r->enabled)
			continue;
		fill_view(&scratch, r, v);
		why = contradiction(v);
		if (why) {
			policy_fault(p, b->faults, DIAG_WARNING, r->place.pointer,
				     "rule \"%s\" can never match: %s", r->name, why);
			continue;
		}
		n++;
		if (b->rule_taken[i])
			continue;
		while (k < n - 1 && !covers(&views[k], v))
			k++;
		if (k < n - 1)
			policy_fault(
				p, b->faults, DIAG_WARNING, r->place.pointer,
				"rule \"%s\" can never match: rule \"%s\" before it matches all that it matches",
				r->name, views[k].r->name);
	}
	arena_free(scratch.arena);
}
