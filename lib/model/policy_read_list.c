/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy_read_list.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "model/json_doc.h"
#include "model/policy_list.h"
#include "model/policy_read.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct file {
	const char *path;
	int result; /* 0, -errno or POLICY_LIST_INVALID */
	struct policy_list list;
};

struct files {
	struct file *items;
	size_t n, cap;
};

static int read_file(struct policy_reader *r, const char *path, struct policy_list *ret)
{
	const struct diag_source *source;
	int e;

	if (!r->resolver || !r->resolver->list)
		return -ENOSYS;
	e = r->resolver->list(r->resolver->data, path, r->arena, &source);
	if (e < 0)
		return e;
	return policy_list_read(source, r->arena, r->faults, ret);
}

/* Files that several rules name are read, and complained about, once. */
static const struct file *get_file(struct policy_reader *r, struct files *files, const char *path)
{
	struct file *f;

	for (size_t i = 0; i < files->n; i++)
		if (strcmp(files->items[i].path, path) == 0)
			return &files->items[i];
	f = ARENA_PUSH(r->arena, files->items, files->n, files->cap);
	f->path = path;
	f->result = read_file(r, path, &f->list);
	return f;
}

/* A list alone is used as it is; with others it is copied behind them. */
static void *join(struct arena *a, const void *first, size_t n_first, const void *second,
		  size_t n_second, size_t size)
{
	char *all = arena_calloc(a, n_first + n_second, size);

	memcpy(all, first, n_first * size);
	memcpy(all + n_first * size, second, n_second * size);
	return all;
}

static void add_list(struct policy_reader *r, struct policy_rule *rule,
		     const struct policy_list *list)
{
	if (!rule->n_to)
		rule->to = list->ranges;
	else if (list->n_ranges)
		rule->to = join(r->arena, rule->to, rule->n_to, list->ranges, list->n_ranges,
				sizeof(*rule->to));
	rule->n_to += list->n_ranges;
	if (!rule->n_domains)
		rule->domains = list->domains;
	else if (list->n_domains)
		rule->domains = join(r->arena, rule->domains, rule->n_domains, list->domains,
				     list->n_domains, sizeof(*rule->domains));
	rule->n_domains += list->n_domains;
}

struct ranked {
	const char *name;
	size_t at;
};

static int ranked_cmp(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : x->at < y->at ? -1 : x->at > y->at;
}

/* Public lists repeat themselves and each other: the first mention stays, in its place. */
static void unique_domains(struct policy_reader *r, struct policy_rule *rule)
{
	_cleanup_(cleanup_freep) struct ranked *sorted = NULL;
	struct policy_domain *unique;
	size_t n = rule->n_domains, kept = 0;

	if (n < 2)
		return;
	sorted = calloc(n, sizeof(*sorted));
	if (!sorted)
		abort();
	for (size_t i = 0; i < n; i++)
		sorted[i] = (struct ranked){ rule->domains[i].name, i };
	qsort(sorted, n, sizeof(*sorted), ranked_cmp);
	unique = arena_calloc(r->arena, n, sizeof(*unique));
	for (size_t i = 0; i < n; i++)
		if (i == 0 || strcmp(sorted[i].name, sorted[i - 1].name) != 0)
			unique[sorted[i].at].name = sorted[i].name;
	for (size_t i = 0; i < n; i++)
		if (unique[i].name)
			unique[kept++] = unique[i];
	rule->domains = unique;
	rule->n_domains = kept;
}

static void fault_file(struct policy_reader *r, const struct policy_list_ref *ref, int e)
{
	const char *why = e == -EFBIG	  ? "it is larger than 256 MiB"
			  : e == -ENOTSUP ? "it is not a regular file"
					  : strerror(-e);

	json_doc_fault(r->doc, r->faults, DIAG_ERROR, ref->place.pointer, false,
		       "cannot read the list \"%s\": %s", policy_value_show(r, ref->path), why);
}

void policy_read_list_files(struct policy_reader *r)
{
	struct policy *p = r->policy;
	struct files files = { 0 };

	for (size_t i = 0; i < p->n_lists; i++) {
		const struct policy_list_ref *ref = &p->lists[i];
		struct policy_rule *rule = &p->rules[ref->rule];
		const struct file *f;

		if (!rule->enabled)
			continue;
		f = get_file(r, &files, ref->path);
		if (f->result < 0)
			fault_file(r, ref, f->result);
		else if (f->result == 0)
			add_list(r, rule, &f->list);
		if (i + 1 == p->n_lists || p->lists[i + 1].rule != ref->rule)
			unique_domains(r, rule);
	}
}
