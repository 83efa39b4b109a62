/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a policy: a valid policy or at least one error, every fault with
 * a place inside its file, and a valid policy compiles to the same plan each
 * time. What follows a line "%%%" is the text of every list file.
 */
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "model/budget.h"
#include "model/plan.h"
#include "model/policy.h"
#include "model/policy_read.h"

#include <errno.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DEMAND(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

struct input {
	struct diag_source policy, list;
};

static int read_list(void *data, const char *path, struct arena *a,
		     const struct diag_source **ret_source)
{
	const struct input *in = data;

	if (!in->list.text)
		return -ENOENT;
	*ret_source = &in->list;
	return 0;
}

static int find_user(void *data, const char *name, uint32_t *ret_uid)
{
	if (strcmp(name, "root") != 0)
		return -ENOENT;
	*ret_uid = 0;
	return 0;
}

static void check_faults(struct diag_list *faults, const struct input *in)
{
	struct strbuf out = STRBUF_NULL;

	for (size_t i = 0; i < faults->count; i++) {
		const struct diag *d = &faults->items[i];

		DEMAND(d->text && *d->text);
		DEMAND(d->source == &in->policy || d->source == &in->list);
		if (d->offset == DIAG_NO_OFFSET) {
			DEMAND(d->source == &in->list && !d->pointer);
			continue;
		}
		DEMAND(d->offset < d->source->len || d->source->len == 0);
		DEMAND(d->length >= 1);
		DEMAND(d->source->len == 0 || d->length <= d->source->len - d->offset);
	}
	diag_print(faults, &out, false);
	for (const unsigned char *p = (const unsigned char *)strbuf_text(&out); *p; p++)
		DEMAND(*p >= 0x20 || *p == '\n' || *p == '\t');
	strbuf_done(&out);
}

/* Rounds never overlap, limits have a way out, and whom to ask is known. */
static void check_probe(const struct policy_probe *p)
{
	const struct policy_limit *const limits[] = { &p->loss_percent, &p->rtt_ms, &p->jitter_ms };
	bool covers = false;

	for (enum inet_family f = INET4; f <= INET6; f++) {
		DEMAND(!p->n_hosts[f] || p->quorum <= p->n_hosts[f]);
		covers = covers || policy_probe_covers(p, f);
	}
	DEMAND(covers == (p->type != POLICY_PROBE_NONE));
	if (p->type == POLICY_PROBE_NONE)
		return;
	DEMAND(p->fall && p->rise && p->quorum && p->window);
	DEMAND(p->timeout_ms && p->timeout_ms <= p->interval_ms &&
	       p->timeout_ms <= p->interval_failing_ms && p->timeout_ms <= p->interval_suspect_ms);
	DEMAND(p->interval_suspect_ms <= p->interval_ms);
	for (size_t i = 0; i < ARRAY_SIZE(limits); i++)
		DEMAND(!limits[i]->given ||
		       (limits[i]->leave >= 0 && limits[i]->leave <= limits[i]->enter));
	DEMAND((p->type == POLICY_PROBE_EXEC) == (p->n_command > 0));
	DEMAND(p->type != POLICY_PROBE_EXEC || p->command[0][0] == '/');
	DEMAND(p->type != POLICY_PROBE_TCP || p->port);
	for (const char *c = p->http_host; c && *c; c++)
		DEMAND(*c > ' ' && *c < 0x7f);
	for (const char *c = p->http_path; *c; c++)
		DEMAND(*c > ' ' && *c < 0x7f);
}

static void check_budget(const struct budget *b)
{
	for (enum inet_family f = INET4; f <= INET6; f++) {
		DEMAND(b->suspect_ms[f] == UINT32_MAX || b->suspect_ms[f] <= b->silent_ms[f]);
		DEMAND(b->silent_ms[f] >= BUDGET_SWITCH_MS && b->recover_ms[f] >= BUDGET_SWITCH_MS);
	}
}

static void check_policy(const struct policy *p)
{
	struct budget b;

	DEMAND(p->n_links >= 1 && p->n_links <= POLICY_LINKS_MAX);
	DEMAND(p->mark_mask && p->rule_priority);
	for (size_t i = 0; i < p->n_links; i++) {
		DEMAND(p->links[i].device && p->links[i].table);
		DEMAND(p->links[i].id >= 1 && p->links[i].id <= 255);
		DEMAND(p->links[i].probe < (int)p->n_probes);
		DEMAND(!p->links[i].damping.on ||
		       (p->links[i].damping.reuse && p->links[i].damping.half_life_ms &&
			p->links[i].damping.reuse < p->links[i].damping.suppress));
		budget_of_link(p, &p->links[i], &b);
		check_budget(&b);
	}
	for (size_t i = 0; i < p->n_probes; i++)
		check_probe(&p->probes[i]);
	for (size_t i = 0; i < p->n_groups; i++) {
		DEMAND(p->groups[i].n_members && p->groups[i].table);
		for (size_t k = 0; k < p->groups[i].n_members; k++)
			DEMAND((size_t)p->groups[i].members[k].link < p->n_links);
		budget_of_group(p, &p->groups[i], &b);
		check_budget(&b);
	}
	for (size_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rules[i];

		DEMAND(r->name && r->place.pointer);
		DEMAND(r->via.kind != POLICY_VIA_LINK || (size_t)r->via.index < p->n_links);
		DEMAND(r->via.kind != POLICY_VIA_GROUP || (size_t)r->via.index < p->n_groups);
		DEMAND(r->on_down.kind != POLICY_ON_DOWN_GROUP ||
		       (size_t)r->on_down.group < p->n_groups);
		DEMAND(!r->enabled || !r->has_destination || r->n_to || r->n_domains);
	}
}

/* The plan's dump, or an empty text when it does not fit (marks, long lines). */
static void compile(const struct policy *p, const struct input *in, struct strbuf *out)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	struct diag_list faults;
	struct plan *plan;
	int r;

	diag_init(&faults, a);
	r = plan_compile(p, a, &plan, &faults);
	DEMAND(r == 0 || (r == PLAN_COMPILE_INVALID && faults.errors));
	DEMAND(r != 0 || !faults.errors);
	check_faults(&faults, in);
	if (r == 0)
		plan_dump(plan, out);
}

static void check_plan(const struct policy *p, const struct input *in)
{
	struct strbuf first = STRBUF_NULL, second = STRBUF_NULL;

	compile(p, in, &first);
	compile(p, in, &second);
	DEMAND(strcmp(strbuf_text(&first), strbuf_text(&second)) == 0);
	strbuf_done(&first);
	strbuf_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char separator[] = "\n%%%\n";
	_cleanup_(arena_freep) struct arena *a = arena_new();
	const char *text = (const char *)data, *split;
	struct input in = {
		.policy = { .name = "policy.json", .text = text, .len = size },
		.list = { .name = "list.txt" },
	};
	const struct policy_resolver resolver = {
		.data = &in,
		.list = read_list,
		.user = find_user,
	};
	struct diag_list faults;
	struct policy *p = NULL;
	int r;

	split = size ? memmem(text, size, separator, sizeof(separator) - 1) : NULL;
	if (split) {
		in.policy.len = (size_t)(split - text) + 1;
		in.list.text = split + sizeof(separator) - 1;
		in.list.len = size - (size_t)(in.list.text - text);
	}
	diag_init(&faults, a);
	r = policy_read(&in.policy, &resolver, a, &p, &faults);
	DEMAND(r == 0 || r == POLICY_READ_INVALID);
	DEMAND((r == 0) == (faults.errors == 0));
	check_faults(&faults, &in);
	if (r == 0) {
		check_policy(p);
		check_plan(p, &in);
	}
	return 0;
}
