/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/plan_classify.h"

#include "base/arena.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "model/plan_build.h"
#include "model/plan_digest.h"
#include "model/plan_dns.h"
#include "model/plan_match.h"
#include "model/policy_read.h"
#include "model/prefix_map.h"

#include <string.h>

#define PRIORITY_MANGLE (-150) /* NF_IP_PRI_MANGLE */
/* RTN_*, include/uapi/linux/rtnetlink.h */
#define RTN_LOCAL_TYPE	   2
#define RTN_BROADCAST_TYPE 3
#define RTN_MULTICAST_TYPE 5
#define CT_REPLY	   1 /* IP_CT_DIR_REPLY */

typedef const struct plan_set *family_sets[INET_FAMILY_COUNT];

/* Destination-only rules that stand together, not yet written out. */
struct block {
	size_t first, end; /* policy rules [first, end), the disabled ones skipped */
	size_t n_ranges;
};

struct pass {
	struct plan_build *b;
	struct plan_chain *classify;
	family_sets *dns; /* by policy rule */
	struct block block;
	unsigned n_blocks;
	bool *taken; /* by policy rule: the warning about it is already given */
};

/* ---- targets and rule chains ---- */

static const char *target_text(struct plan_build *b, const struct plan_target *t)
{
	struct strbuf text = STRBUF_NULL;
	const char *ret;

	for (size_t i = 0; i < t->n_candidates; i++)
		strbuf_addf(&text, "%s%s", i ? ", then " : "",
			    b->plan->links[t->candidates[i].link].name);
	strbuf_add(&text, t->is_block		       ? "unreachable"
			  : t->last == PLAN_LAST_BLOCK ? ", else unreachable"
						       : ", else main routing");
	ret = plan_build_comment(b, "%s", strbuf_text(&text));
	strbuf_done(&text);
	return ret;
}

static const struct plan_chain *via_chain(struct plan_build *b, size_t target)
{
	struct plan_target *t;
	struct plan_chain *c;
	struct plan_draft d = PLAN_DRAFT_NULL;

	if (target == PLAN_NO_TARGET)
		return NULL;
	t = &b->plan->targets[target];
	if (t->via)
		return t->via;
	c = plan_build_chain(b, PLAN_TABLE_BYPASS, arena_printf(b->arena, "via_%s", t->name),
			     target_text(b, t));
	plan_build_set_mark(b, &d, PLAN_META_MARK, t->mark);
	plan_build_rule(b, c, &d, NULL);
	t->via = c;
	return c;
}

/*
 * counter, then on to the target; main routing: no mark, nothing more to ask. The comment is the
 * last rule's: that one is replaced when the policy changes, and the counter stays. (The kernel
 * cannot change the comment of a chain that a map leads to.)
 */
static struct plan_chain *counted_chain(struct plan_build *b, const char *name, const char *comment,
					size_t target)
{
	const struct plan_chain *via = via_chain(b, target);
	struct plan_chain *c = plan_build_chain(b, PLAN_TABLE_BYPASS, name, NULL);
	struct plan_draft count = PLAN_DRAFT_NULL, go = PLAN_DRAFT_NULL;

	plan_build_counter(&count);
	plan_build_rule(b, c, &count, NULL);
	plan_build_verdict(&go, via ? PLAN_GOTO : PLAN_ACCEPT, via);
	plan_build_rule(b, c, &go, comment);
	return c;
}

/* Not the rule's number: a rule put before it would change every chain after. */
static const char *rule_comment(struct plan_build *b, size_t i)
{
	const char *note = b->policy->rules[i].note;

	if (b->rule_targets[i] == PLAN_NO_TARGET)
		return plan_build_comment(b, "main routing%s%s", note ? ": " : "",
					  note ? note : "");
	return note ? plan_build_comment(b, "%s", note) : NULL;
}

static void build_rule_chains(struct plan_build *b)
{
	const struct policy *p = b->policy;

	b->rule_chains = arena_calloc(b->arena, p->n_rules + 1, sizeof(*b->rule_chains));
	for (size_t i = 0; i < p->n_rules; i++)
		if (p->rules[i].enabled)
			b->rule_chains[i] = counted_chain(
				b, arena_printf(b->arena, "rule_%s", p->rules[i].name),
				rule_comment(b, i), b->rule_targets[i]);
}

static void build_dns_sets(struct pass *s)
{
	struct plan_build *b = s->b;

	for (size_t i = 0; i < b->policy->n_rules; i++) {
		const struct policy_rule *r = &b->policy->rules[i];

		if (!r->enabled || !r->n_domains)
			continue;
		for (int f = 0; f < INET_FAMILY_COUNT; f++) {
			struct plan_set *set;

			if (!r->families[f])
				continue;
			set = plan_build_set(
				b, PLAN_TABLE_BYPASS,
				arena_printf(b->arena, "omr_dns_bypass_%s_%d", r->name,
					     f == INET4 ? 4 : 6),
				f == INET4 ? PLAN_TYPE_IPV4_ADDR : PLAN_TYPE_IPV6_ADDR,
				plan_build_comment(b, "rule %s: learnt from DNS answers", r->name));
			set->content = PLAN_CONTENT_DNS;
			set->dynamic = true;
			set->timeout_s = b->policy->dns_timeout_ms / 1000;
			s->dns[i][f] = set;
		}
	}
}

/* ---- blocks of destination-only rules ---- */

static struct prefix_map_item *block_items(struct pass *s, enum inet_family f, struct arena *a,
					   size_t *ret_n)
{
	struct prefix_map_item *items = arena_calloc(a, s->block.n_ranges + 1, sizeof(*items));
	size_t n = 0;

	for (size_t i = s->block.first; i < s->block.end; i++) {
		const struct policy_rule *r = &s->b->policy->rules[i];

		if (!r->enabled || !r->families[f])
			continue;
		for (size_t k = 0; k < r->n_to; k++)
			if (r->to[k].family == f)
				items[n++] = (struct prefix_map_item){ .range = r->to[k].range,
								       .rank = (uint32_t)i,
								       .value = (uint32_t)i };
	}
	*ret_n = n;
	return items;
}

static void build_block_map(struct pass *s, enum inet_family f, const struct prefix_map_item *map,
			    size_t n)
{
	struct plan_build *b = s->b;
	struct plan_element *elements = arena_calloc(b->arena, n, sizeof(*elements));
	const char *name = arena_printf(b->arena, "omr_dst_bypass_%d", f == INET4 ? 4 : 6);
	struct plan_draft d = PLAN_DRAFT_NULL;
	struct plan_set *set;

	if (s->n_blocks > 1)
		name = arena_printf(b->arena, "%s_%u", name, s->n_blocks);
	for (size_t i = 0; i < n; i++) {
		elements[i].range = map[i].range;
		elements[i].chain = b->rule_chains[map[i].value];
	}
	set = plan_build_set(b, PLAN_TABLE_BYPASS, name,
			     f == INET4 ? PLAN_TYPE_IPV4_ADDR : PLAN_TYPE_IPV6_ADDR, NULL);
	set->is_map = true;
	set->interval = true;
	set->life = PLAN_SLOTTED;
	set->elements = elements;
	set->n_elements = n;
	set->comment = plan_digest_comment(b, set, "static destinations, first match wins");

	plan_build_vmap(b, &d, f == INET4 ? PLAN_IP_DADDR : PLAN_IP6_DADDR, set);
	plan_build_rule(b, s->classify, &d, NULL);
}

/* A rule none of whose prefixes is left to it: every one is taken by rules before it. */
static void warn_taken(struct pass *s, const bool *alive, struct prefix_map_item *const maps[2],
		       const size_t n[2])
{
	struct plan_build *b = s->b;

	for (size_t i = s->block.first; i < s->block.end; i++) {
		const struct policy_rule *r = &b->policy->rules[i];
		const struct prefix_map_item *winner = NULL;

		if (!r->enabled || !r->n_to || r->n_domains || alive[i - s->block.first])
			continue;
		for (size_t k = 0; k < r->n_to && !winner; k++)
			if (r->families[r->to[k].family])
				winner = prefix_map_find(maps[r->to[k].family], n[r->to[k].family],
							 &r->to[k].range.lo);
		if (!winner)
			continue;
		s->taken[i] = true;
		policy_fault(b->policy, b->faults, DIAG_WARNING, r->place.pointer,
			     "rule \"%s\" can never match: rule \"%s\" before it has %s", r->name,
			     b->policy->rules[winner->value].name,
			     r->n_to == 1 ? "its prefix" : "these prefixes, or rules like it do");
	}
}

static void close_block(struct pass *s)
{
	struct arena *scratch = arena_new();
	bool *alive = arena_calloc(scratch, s->block.end - s->block.first + 1, sizeof(*alive));
	struct prefix_map_item *maps[INET_FAMILY_COUNT] = { NULL };
	size_t n[INET_FAMILY_COUNT] = { 0 };

	if (s->block.n_ranges) {
		s->n_blocks++;
		for (int f = 0; f < INET_FAMILY_COUNT; f++) {
			size_t n_items;
			struct prefix_map_item *items =
				block_items(s, (enum inet_family)f, scratch, &n_items);

			maps[f] = prefix_map_flatten(items, n_items, (enum inet_family)f, scratch,
						     &n[f]);
			for (size_t i = 0; i < n[f]; i++)
				alive[maps[f][i].value - s->block.first] = true;
			if (n[f])
				build_block_map(s, (enum inet_family)f, maps[f], n[f]);
		}
		warn_taken(s, alive, maps, n);
	}
	s->block = (struct block){ 0 };
	arena_free(scratch);
}

static void add_to_block(struct pass *s, size_t rule)
{
	if (!s->block.n_ranges)
		s->block.first = rule;
	s->block.end = rule + 1;
	s->block.n_ranges += s->b->policy->rules[rule].n_to;
}

static void build_classify(struct pass *s)
{
	const struct policy *p = s->b->policy;

	for (size_t i = 0; i < p->n_rules; i++) {
		const struct policy_rule *r = &p->rules[i];
		bool plain = plan_match_destination_only(r);

		if (!r->enabled)
			continue;
		if (plain && r->n_to)
			add_to_block(s, i);
		if (plain && !r->n_domains)
			continue;
		close_block(s);
		plan_match_build(s->b, s->classify, r, s->dns[i], !plain);
	}
	close_block(s);
}

/* ---- hooks ---- */

static void rule_return(struct plan_build *b, struct plan_chain *c, struct plan_draft *d,
			const char *comment)
{
	plan_build_verdict(d, PLAN_RETURN, NULL);
	plan_build_rule(b, c, d, comment);
}

static void rule_skip_links(struct plan_build *b, struct plan_chain *c)
{
	const char **names = arena_calloc(b->arena, b->plan->n_links, sizeof(*names));
	struct plan_draft d = PLAN_DRAFT_NULL;

	for (size_t i = 0; i < b->plan->n_links; i++)
		names[i] = b->plan->links[i].device;
	plan_build_match_names(b, &d, PLAN_IIFNAME, names, b->plan->n_links);
	rule_return(b, c, &d, "comes in by a link");
}

static void rule_skip_destinations(struct plan_build *b, struct plan_chain *c)
{
	static const uint32_t types[] = { RTN_LOCAL_TYPE, RTN_BROADCAST_TYPE, RTN_MULTICAST_TYPE };
	struct plan_value *v = arena_calloc(b->arena, 3, sizeof(*v));
	struct plan_value *linklocal = arena_alloc(b->arena, sizeof(*linklocal));
	struct plan_draft d = PLAN_DRAFT_NULL;

	for (int i = 0; i < 3; i++)
		v[i].number.lo = v[i].number.hi = types[i];
	plan_build_match(&d, PLAN_FIB_DADDR_TYPE, v, 3);
	rule_return(b, c, &d, "to this machine, or to all");

	d = PLAN_DRAFT_NULL;
	linklocal->range = inet_prefix_range(
		&(struct inet_prefix){ .addr = { { 0xfe, 0x80 } }, .family = INET6, .len = 10 });
	plan_build_match(&d, PLAN_IP6_DADDR, linklocal, 1);
	rule_return(b, c, &d, "neighbours");
}

static void build_hook(struct pass *s, const char *name, enum plan_hook hook,
		       enum plan_chain_type type, const char *comment)
{
	struct plan_build *b = s->b;
	struct plan_chain *c = plan_build_chain(b, PLAN_TABLE_BYPASS, name, comment);
	struct plan_draft d = PLAN_DRAFT_NULL;

	plan_build_hook(c, hook, type, PRIORITY_MANGLE - 10);
	plan_build_match_mark(b, &d, PLAN_META_MARK, true, 0);
	rule_return(b, c, &d, "marked before: a known flow, or somebody else's choice");
	if (hook == PLAN_HOOK_PREROUTING)
		rule_skip_links(b, c);

	d = PLAN_DRAFT_NULL;
	plan_build_match_number(b, &d, PLAN_CT_DIRECTION, CT_REPLY);
	rule_return(b, c, &d, "an answer");

	d = PLAN_DRAFT_NULL;
	plan_build_match_number(b, &d, PLAN_CT_STATE, PLAN_CT_ESTABLISHED | PLAN_CT_RELATED);
	plan_build_match_mark(b, &d, PLAN_CT_MARK, false, 0);
	rule_return(b, c, &d, "a flow that main routing has");

	rule_skip_destinations(b, c);

	d = PLAN_DRAFT_NULL;
	plan_build_verdict(&d, PLAN_GOTO, s->classify);
	plan_build_rule(b, c, &d, NULL);
}

void plan_classify_build(struct plan_build *b)
{
	struct pass s = { .b = b };
	size_t n = b->policy->n_rules + 1;

	s.dns = arena_calloc(b->arena, n, sizeof(*s.dns));
	s.taken = arena_calloc(b->arena, n, sizeof(*s.taken));
	build_rule_chains(b);
	build_dns_sets(&s);

	s.classify = arena_alloc(b->arena, sizeof(*s.classify));
	*s.classify = (struct plan_chain){ .table = PLAN_TABLE_BYPASS,
					   .name = "classify",
					   .comment = "the policy's rules, in file order",
					   .life = PLAN_SLOTTED };
	build_classify(&s);
	if (b->default_target != PLAN_NO_TARGET) {
		const struct plan_chain *c = counted_chain(
			b, "otherwise", "what no rule has matched", b->default_target);
		struct plan_draft d = PLAN_DRAFT_NULL;

		plan_build_verdict(&d, PLAN_GOTO, c);
		plan_build_rule(b, s.classify, &d, NULL);
	}
	*ARENA_PUSH(b->arena, b->plan->chains, b->plan->n_chains, b->plan->cap_chains) = s.classify;
	build_hook(&s, "prerouting", PLAN_HOOK_PREROUTING, PLAN_CHAIN_FILTER, NULL);
	build_hook(&s, "output", PLAN_HOOK_OUTPUT, PLAN_CHAIN_ROUTE, "the router's own traffic");
	plan_dns_build(b, s.dns);
	b->rule_taken = s.taken;
}
