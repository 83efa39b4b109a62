/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/plan_dns.h"

#include "base/arena.h"
#include "base/diag.h"
#include "model/plan_build.h"
#include "model/policy_read.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	const char *domain;
	size_t rule;
};

static int entry_cmp(const void *pa, const void *pb)
{
	const struct entry *a = pa, *b = pb;
	int c = strcmp(a->domain, b->domain);

	if (c)
		return c;
	return a->rule < b->rule ? -1 : a->rule > b->rule;
}

static int rule_cmp(const void *pa, const void *pb)
{
	const size_t *a = pa, *b = pb;

	return *a < *b ? -1 : *a > *b;
}

/* First entry of `domain` in the sorted list, or n. */
static size_t find(const struct entry *list, size_t n, const char *domain)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (strcmp(list[mid].domain, domain) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < n && !strcmp(list[lo].domain, domain) ? lo : n;
}

/* Rules that have `domain` or a parent of it, in policy order, each once. */
static size_t rules_of(const struct entry *list, size_t n, const char *domain, size_t *ret)
{
	size_t found = 0, unique = 0;

	for (const char *d = domain; d; d = strchr(d, '.'), d = d ? d + 1 : NULL)
		for (size_t i = find(list, n, d); i < n && !strcmp(list[i].domain, d); i++)
			ret[found++] = list[i].rule;
	qsort(ret, found, sizeof(*ret), rule_cmp);
	for (size_t i = 0; i < found; i++)
		if (!unique || ret[unique - 1] != ret[i])
			ret[unique++] = ret[i];
	return unique;
}

static void check_length(struct plan_build *b, const struct plan_dns *line, size_t rule)
{
	size_t length = strlen("nftset=//") + strlen(line->domain);

	for (size_t i = 0; i < line->n_sets; i++)
		length += strlen("4#inet##,") + strlen(plan_table_name(PLAN_TABLE_BYPASS)) +
			  strlen(line->sets[i]->name);
	if (length <= PLAN_DNSMASQ_LINE_MAX)
		return;
	b->invalid = true;
	struct diag *d = policy_fault(
		b->policy, b->faults, DIAG_ERROR, b->policy->rules[rule].place.pointer,
		"%zu sets for the domain \"%s\" make a line that ends dnsmasq (%zu bytes, at most %u)",
		line->n_sets, line->domain, length, PLAN_DNSMASQ_LINE_MAX);
	diag_hint(b->faults, d,
		  "fewer rules for this domain and its parents, or shorter rule names");
}

static void add_line(struct plan_build *b, const struct plan_set *(*sets)[2], const char *domain,
		     const size_t *rules, size_t n)
{
	struct plan_dns *line = &b->plan->dns[b->plan->n_dns++];

	line->domain = domain;
	line->sets = arena_calloc(b->arena, 2 * n, sizeof(struct plan_set *));
	for (size_t i = 0; i < n; i++)
		for (int f = 0; f < INET_FAMILY_COUNT; f++)
			if (sets[rules[i]][f])
				line->sets[line->n_sets++] = sets[rules[i]][f];
	check_length(b, line, rules[0]);
}

void plan_dns_build(struct plan_build *b, const struct plan_set *(*sets)[2])
{
	const struct policy *p = b->policy;
	struct arena *scratch = arena_new();
	size_t n = 0;

	for (size_t i = 0; i < p->n_rules; i++)
		if (sets[i][INET4] || sets[i][INET6])
			n += p->rules[i].n_domains;

	struct entry *list = arena_calloc(scratch, n + 1, sizeof(*list));
	/* a name has at most 127 labels, and each may stand in every rule */
	size_t *rules = arena_calloc(scratch, n + 1, sizeof(*rules));

	n = 0;
	for (size_t i = 0; i < p->n_rules; i++)
		if (sets[i][INET4] || sets[i][INET6])
			for (size_t k = 0; k < p->rules[i].n_domains; k++)
				list[n++] = (struct entry){ p->rules[i].domains[k].name, i };
	qsort(list, n, sizeof(*list), entry_cmp);
	b->plan->dns = arena_calloc(b->arena, n + 1, sizeof(*b->plan->dns));
	for (size_t i = 0; i < n; i++)
		if (!i || strcmp(list[i - 1].domain, list[i].domain))
			add_line(b, sets, list[i].domain, rules,
				 rules_of(list, n, list[i].domain, rules));
	arena_free(scratch);
}
