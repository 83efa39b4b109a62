/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/plan_egress.h"

#include "base/arena.h"
#include "base/strbuf.h"
#include "model/plan_build.h"

#include <stdlib.h>

/* NF_IP_PRI_MANGLE and NF_IP_PRI_NAT_SRC, include/uapi/linux/netfilter_ipv4.h */
#define PRIORITY_MANGLE (-150)
#define PRIORITY_SRCNAT 100
/* NFPROTO_*, include/uapi/linux/netfilter.h */
#define NFPROTO_V4     2
#define NFPROTO_V6     10
#define CT_REPLY       1 /* IP_CT_DIR_REPLY, include/uapi/linux/netfilter/nf_conntrack_tuple_common.h */
#define RTN_LOCAL_TYPE 2 /* RTN_LOCAL, include/uapi/linux/rtnetlink.h */

/* A chain that puts `mark` on the packet and its flow. */
static struct plan_chain *mark_chain(struct plan_build *b, const char *name, uint32_t mark,
				     const char *comment)
{
	struct plan_chain *c = plan_build_chain(b, PLAN_TABLE_EGRESS, name, comment);
	struct plan_draft packet = PLAN_DRAFT_NULL, flow = PLAN_DRAFT_NULL;

	plan_build_set_mark(b, &packet, PLAN_META_MARK, mark);
	plan_build_rule(b, c, &packet, NULL);
	plan_build_set_mark(b, &flow, PLAN_CT_MARK, mark);
	plan_build_rule(b, c, &flow, NULL);
	return c;
}

/* A chain that puts `mark` on the packet and leaves its flow as it is. */
static struct plan_chain *packet_chain(struct plan_build *b, const char *name, uint32_t mark,
				       const char *comment)
{
	struct plan_chain *c = plan_build_chain(b, PLAN_TABLE_EGRESS, name, comment);
	struct plan_draft d = PLAN_DRAFT_NULL;

	plan_build_set_mark(b, &d, PLAN_META_MARK, mark);
	plan_build_rule(b, c, &d, NULL);
	return c;
}

/* Chain of a mark that an earlier target has too (a link's own mark). */
static const struct plan_chain *known_to(const struct plan *plan, size_t targets, uint32_t mark)
{
	for (size_t i = 0; i < targets; i++)
		for (size_t c = 0; c < plan->targets[i].n_candidates; c++)
			if (plan->targets[i].candidates[c].mark == mark &&
			    plan->targets[i].candidates[c].to)
				return plan->targets[i].candidates[c].to;
	return NULL;
}

static void build_to_chains(struct plan_build *b)
{
	struct plan *plan = b->plan;

	for (size_t i = 0; i < plan->n_targets; i++) {
		struct plan_target *t = &plan->targets[i];

		for (size_t c = 0; c < t->n_candidates; c++) {
			struct plan_candidate *cand = &t->candidates[c];
			const struct plan_link *l = &plan->links[cand->link];
			bool own = cand->mark == l->mark;
			const char *name;

			cand->to = known_to(plan, i, cand->mark);
			if (cand->to)
				continue;
			/*
			 * A link's own target is named once, to_fiber, to_fiber.block; but not
			 * one that falls to a group: to_fiber.default is the group's own on fiber.
			 */
			name = own || (t->is_link && !c && !t->n_tables)
				       ? t->name
				       : arena_printf(b->arena, "%s.%s", l->name, t->name);
			cand->to = mark_chain(
				b, arena_printf(b->arena, "to_%s", own ? l->name : name),
				cand->mark,
				own ? plan_build_comment(b, "leaves by %s (%s)", l->name, l->device)
				    : plan_build_comment(b, "%s, leaves by %s (%s)", t->name,
							 l->name, l->device));
		}
	}
}

/*
 * While a flow waits for the deletion of its conntrack entry its mark must stay
 * what the deletion looks for. Its packets bear the mark of the link's probes:
 * that link and no other, and one chain a link instead of one a pair.
 */
static void build_moved_chains(struct plan_build *b)
{
	struct plan *plan = b->plan;
	const struct plan_chain **chains =
		arena_calloc(b->arena, plan->n_links + 1, sizeof(*chains));

	for (size_t i = 0; i < plan->n_targets; i++) {
		struct plan_target *t = &plan->targets[i];

		for (size_t c = 0; t->n_candidates > 1 && c < t->n_candidates; c++) {
			size_t link = t->candidates[c].link;
			const struct plan_link *l = &plan->links[link];

			if (!chains[link])
				chains[link] = packet_chain(
					b, arena_printf(b->arena, "moved_to_%s", l->name),
					l->probe_mark,
					plan_build_comment(
						b, "by %s until the flow's old entry is deleted",
						l->name));
			t->candidates[c].moved = chains[link];
		}
	}
}

static void build_routes_chains(struct plan_build *b)
{
	struct plan *plan = b->plan;

	for (size_t i = 0; i < plan->n_targets; i++) {
		struct plan_target *t = &plan->targets[i];

		if (t->is_link || t->is_block)
			continue;
		t->routes = mark_chain(
			b, arena_printf(b->arena, "routes_%s", t->name), t->mark,
			plan_build_comment(b, "%s, no link named: the routes of table %u decide",
					   t->name, t->tables[0]));
	}
	plan->to_main = mark_chain(b, "to_main", 0, "no link of the target works: main routing");
	for (size_t i = 0; i < plan->n_targets; i++)
		if (plan->targets[i].is_block)
			plan->to_block =
				packet_chain(b, "to_block", plan->targets[i].mark,
					     "no link of a strict target works: unreachable");
}

static int element_cmp(const void *pa, const void *pb)
{
	const struct plan_element *a = pa, *b = pb;

	return a->mark < b->mark ? -1 : a->mark > b->mark;
}

/* Sets `targets` (marks that ask for a link) and map `undecided` (what they mean without a daemon). */
static void build_target_sets(struct plan_build *b, struct plan_set **ret_targets,
			      struct plan_set **ret_undecided)
{
	struct plan *plan = b->plan;
	struct plan_element *marks = arena_calloc(b->arena, plan->n_targets, sizeof(*marks));
	struct plan_element *undecided =
		arena_calloc(b->arena, plan->n_targets, sizeof(*undecided));
	size_t n = 0, n_undecided = 0;

	for (size_t i = 0; i < plan->n_targets; i++) {
		const struct plan_target *t = &plan->targets[i];

		marks[n++].mark = t->mark;
		if (t->is_block)
			continue;
		undecided[n_undecided].mark = t->mark;
		undecided[n_undecided++].chain = t->is_link ? t->candidates[0].to : t->routes;
	}
	qsort(marks, n, sizeof(*marks), element_cmp);
	qsort(undecided, n_undecided, sizeof(*undecided), element_cmp);

	*ret_targets = plan_build_set(b, PLAN_TABLE_EGRESS, "targets", PLAN_TYPE_MARK,
				      "marks that ask for a link");
	(*ret_targets)->elements = marks;
	(*ret_targets)->n_elements = n;
	*ret_undecided = plan_build_set(b, PLAN_TABLE_EGRESS, "undecided", PLAN_TYPE_MARK,
					"target -> kept as it is: the routing tables decide");
	(*ret_undecided)->is_map = true;
	(*ret_undecided)->elements = undecided;
	(*ret_undecided)->n_elements = n_undecided;
}

static struct plan_set *state_map(struct plan_build *b, const char *name, enum plan_key_type type,
				  const char *comment)
{
	struct plan_set *s = plan_build_set(b, PLAN_TABLE_EGRESS, name, type, comment);

	s->is_map = true;
	s->content = PLAN_CONTENT_STATE;
	return s;
}

/* New flows of balanced groups: a target's mark becomes one of several links'. */
static void build_spread(struct plan_build *b, const struct plan_set *undecided)
{
	struct plan *plan = b->plan;
	struct plan_draft slot = PLAN_DRAFT_NULL, rest = PLAN_DRAFT_NULL;
	struct plan_chain *c;
	bool balance = false;

	for (size_t i = 0; i < plan->n_group_tables; i++)
		balance |= plan->group_tables[i].mode == POLICY_GROUP_BALANCE;
	if (!balance)
		return;
	plan->spread = state_map(b, "spread", PLAN_TYPE_MARK_NFPROTO_SLOT,
				 "balanced target, random slot -> link; empty without a daemon");
	c = plan_build_chain(b, PLAN_TABLE_EGRESS, "spread_flows",
			     "a new flow of a balanced target: to one of its links, by weight");
	plan_build_vmap(b, &slot, PLAN_META_MARK, plan->spread);
	plan_build_rule(b, c, &slot, NULL);
	plan_build_vmap(b, &rest, PLAN_META_MARK, undecided);
	plan_build_rule(b, c, &rest, "no daemon has named a link");
	plan->spread_flows = c;
}

static const char **device_names(struct plan_build *b)
{
	const char **names = arena_calloc(b->arena, b->plan->n_links, sizeof(*names));

	for (size_t i = 0; i < b->plan->n_links; i++)
		names[i] = b->plan->links[i].device;
	return names;
}

/* `iifname { links } goto chain`, or return when chain is NULL. */
static void rule_from_links(struct plan_build *b, struct plan_chain *c,
			    const struct plan_chain *chain, const char *comment)
{
	struct plan_draft d = PLAN_DRAFT_NULL;

	plan_build_match_names(b, &d, PLAN_IIFNAME, device_names(b), b->plan->n_links);
	plan_build_verdict(&d, chain ? PLAN_GOTO : PLAN_RETURN, chain);
	plan_build_rule(b, c, &d, comment);
}

static void rule_goto(struct plan_build *b, struct plan_chain *c, const struct plan_chain *chain)
{
	struct plan_draft d = PLAN_DRAFT_NULL;

	plan_build_verdict(&d, PLAN_GOTO, chain);
	plan_build_rule(b, c, &d, NULL);
}

/* Connections that come in by a link: their answers leave by it. */
static struct plan_chain *build_from_link(struct plan_build *b)
{
	struct plan_chain *c =
		plan_build_chain(b, PLAN_TABLE_EGRESS, "from_link",
				 "a connection from outside: its answers leave by the same link");

	for (size_t i = 0; i < b->plan->n_links; i++) {
		const struct plan_link *l = &b->plan->links[i];
		struct plan_draft d = PLAN_DRAFT_NULL;

		plan_build_match_names(b, &d, PLAN_IIFNAME, &l->device, 1);
		plan_build_match_number(b, &d, PLAN_CT_STATE, PLAN_CT_NEW);
		plan_build_match_mark(b, &d, PLAN_CT_MARK, false, 0);
		plan_build_set_mark(b, &d, PLAN_CT_MARK, l->mark);
		plan_build_rule(b, c, &d, plan_build_comment(b, "%s", l->name));
	}
	return c;
}

/*
 * Only what somebody outside asked is answered through these chains: whatever
 * else comes from a link never gets here. An answer bears an address of that
 * link, so no other one is of use to it: while the link is down it has main
 * routing, and the flow's mark stays for the time when the link is back.
 */
static void rule_answers(struct plan_build *b, struct plan_chain *c,
			 const struct plan_set *undecided)
{
	struct plan_draft d = PLAN_DRAFT_NULL;

	plan_build_match_number(b, &d, PLAN_CT_DIRECTION, CT_REPLY);
	if (undecided) {
		plan_build_vmap(b, &d, PLAN_CT_MARK, undecided);
		plan_build_rule(b, c, &d, "an answer never changes its link");
		return;
	}
	plan_build_match_mark(b, &d, PLAN_CT_MARK, true, 0);
	plan_build_verdict(&d, PLAN_RETURN, NULL);
	plan_build_rule(b, c, &d, "an answer has its link");
}

static struct plan_chain *build_restore(struct plan_build *b, const struct plan_set *targets,
					const struct plan_set *undecided)
{
	struct plan_chain *c = plan_build_chain(b, PLAN_TABLE_EGRESS, "restore",
						"known flows keep their link while it works");
	struct plan_draft foreign = PLAN_DRAFT_NULL, known = PLAN_DRAFT_NULL;

	plan_build_match_mark(b, &foreign, PLAN_META_MARK, true, 0);
	plan_build_match_set(&foreign, PLAN_META_MARK, b->plan->mark_mask, true, targets);
	plan_build_verdict(&foreign, PLAN_RETURN, NULL);
	plan_build_rule(b, c, &foreign, "a mark that is not ours");

	rule_answers(b, c, undecided);

	plan_build_vmap(b, &known, PLAN_CT_MARK, b->plan->alive);
	plan_build_rule(b, c, &known, NULL);
	return c;
}

/*
 * Chain restore has sent packets of known flows. To ask egress again, by the
 * mark they got there, would move flows that are to stay: where that mark is a
 * target's too (a link that rules name, a balanced group without a daemon).
 */
static void rule_known_flows(struct plan_build *b, struct plan_chain *c,
			     const struct plan_set *marks)
{
	struct plan_draft d = PLAN_DRAFT_NULL;

	plan_build_match_set(&d, PLAN_CT_MARK, b->plan->mark_mask, false, marks);
	plan_build_verdict(&d, PLAN_RETURN, NULL);
	plan_build_rule(b, c, &d, "a known flow has its link");
}

static struct plan_chain *build_select(struct plan_build *b, const struct plan_set *marks,
				       const struct plan_set *undecided)
{
	struct plan_chain *c = plan_build_chain(b, PLAN_TABLE_EGRESS, "select",
						"a target's mark becomes a link's");
	struct plan_draft chosen = PLAN_DRAFT_NULL, rest = PLAN_DRAFT_NULL;

	rule_answers(b, c, NULL);
	rule_known_flows(b, c, marks);

	plan_build_vmap(b, &chosen, PLAN_META_MARK, b->plan->egress);
	plan_build_rule(b, c, &chosen, NULL);
	plan_build_vmap(b, &rest, PLAN_META_MARK, undecided);
	plan_build_rule(b, c, &rest, "no daemon has named a link");
	return c;
}

static struct plan_chain *base_chain(struct plan_build *b, const char *name, enum plan_hook hook,
				     enum plan_chain_type type, int priority, const char *comment)
{
	struct plan_chain *c = plan_build_chain(b, PLAN_TABLE_EGRESS, name, comment);

	plan_build_hook(c, hook, type, priority);
	return c;
}

static void build_hooks(struct plan_build *b, const struct plan_set *targets,
			const struct plan_set *marks, const struct plan_set *undecided)
{
	const struct plan_chain *from_link = build_from_link(b);
	const struct plan_chain *restore = build_restore(b, targets, undecided);
	const struct plan_chain *select = build_select(b, marks, undecided);
	struct plan_chain *c;

	c = base_chain(b, "restore_prerouting", PLAN_HOOK_PREROUTING, PLAN_CHAIN_FILTER,
		       PRIORITY_MANGLE - 11, "before omr_bypass");
	rule_from_links(b, c, from_link, NULL);
	rule_goto(b, c, restore);

	c = base_chain(b, "restore_output", PLAN_HOOK_OUTPUT, PLAN_CHAIN_ROUTE,
		       PRIORITY_MANGLE - 11, "before omr_bypass; the router's own traffic");
	rule_goto(b, c, restore);

	c = base_chain(b, "select_prerouting", PLAN_HOOK_PREROUTING, PLAN_CHAIN_FILTER,
		       PRIORITY_MANGLE - 9, "after omr_bypass");
	rule_from_links(b, c, NULL, NULL);
	rule_goto(b, c, select);

	c = base_chain(b, "select_output", PLAN_HOOK_OUTPUT, PLAN_CHAIN_ROUTE, PRIORITY_MANGLE - 9,
		       "after omr_bypass; the router's own traffic");
	rule_goto(b, c, select);
}

/*
 * Every mark of ours. "Any mark" would not do: the kernel's own packets (MLD reports) carry rubbish
 * in the mark, which shares its bytes with a length in struct sk_buff.
 */
static const struct plan_set *build_marks(struct plan_build *b)
{
	const struct plan *plan = b->plan;
	struct plan_element *marks;
	struct plan_set *s;
	size_t n = 0, unique = 0;

	for (size_t i = 0; i < plan->n_targets; i++)
		n += 1 + plan->targets[i].n_candidates;
	marks = arena_calloc(b->arena, n, sizeof(*marks));
	n = 0;
	for (size_t i = 0; i < plan->n_targets; i++) {
		const struct plan_target *t = &plan->targets[i];

		marks[n++].mark = t->mark;
		for (size_t c = 0; c < t->n_candidates; c++)
			marks[n++].mark = t->candidates[c].mark;
	}
	qsort(marks, n, sizeof(*marks), element_cmp);
	for (size_t i = 0; i < n; i++)
		if (!unique || marks[unique - 1].mark != marks[i].mark)
			marks[unique++] = marks[i];

	s = plan_build_set(b, PLAN_TABLE_EGRESS, "marks", PLAN_TYPE_MARK, "every mark of ours");
	s->elements = marks;
	s->n_elements = unique;
	return s;
}

static void match_leaving(struct plan_build *b, struct plan_draft *d, const struct plan_link *l,
			  const struct plan_set *marks)
{
	plan_build_match_names(b, d, PLAN_OIFNAME, &l->device, 1);
	plan_build_match_set(d, PLAN_META_MARK, b->plan->mark_mask, false, marks);
}

/* One link, one or both families (nfproto 0). */
static void masquerade_rule(struct plan_build *b, struct plan_chain *c, const struct plan_link *l,
			    const struct plan_set *marks, uint32_t nfproto, bool all)
{
	struct plan_draft d = PLAN_DRAFT_NULL;

	match_leaving(b, &d, l, marks);
	if (nfproto)
		plan_build_match_number(b, &d, PLAN_NFPROTO, nfproto);
	if (!all) {
		plan_build_match_number(b, &d, PLAN_FIB_SADDR_TYPE, RTN_LOCAL_TYPE);
		plan_build_match_number(b, &d, PLAN_FIB_SADDR_OIF_TYPE, RTN_LOCAL_TYPE);
		d.stmts[d.n - 1].match.negate = true;
	}
	plan_build_masquerade(&d);
	plan_build_rule(
		b, c, &d,
		all ? plan_build_comment(b, "%s", l->name)
		    : plan_build_comment(
			      b, "%s: the router's own, routed again after it chose its source",
			      l->name));
}

static void build_nat(struct plan_build *b, const struct plan_set *marks)
{
	struct plan_chain *c = base_chain(b, "postrouting", PLAN_HOOK_POSTROUTING, PLAN_CHAIN_NAT,
					  PRIORITY_SRCNAT, NULL);

	for (size_t i = 0; i < b->plan->n_links; i++) {
		const struct plan_link *l = &b->plan->links[i];

		if (l->masquerade[INET4] == l->masquerade[INET6]) {
			masquerade_rule(b, c, l, marks, 0, l->masquerade[INET4]);
			continue;
		}
		masquerade_rule(b, c, l, marks, NFPROTO_V4, l->masquerade[INET4]);
		masquerade_rule(b, c, l, marks, NFPROTO_V6, l->masquerade[INET6]);
	}
}

static void build_sent(struct plan_build *b, const struct plan_set *marks)
{
	struct plan_chain *c = base_chain(b, "sent", PLAN_HOOK_POSTROUTING, PLAN_CHAIN_FILTER,
					  PRIORITY_MANGLE, "what leaves by each link");

	for (size_t i = 0; i < b->plan->n_links; i++) {
		const struct plan_link *l = &b->plan->links[i];
		struct plan_draft d = PLAN_DRAFT_NULL;

		match_leaving(b, &d, l, marks);
		plan_build_counter(&d);
		plan_build_rule(b, c, &d, plan_build_comment(b, "%s", l->name));
	}
}

void plan_egress_build(struct plan_build *b)
{
	struct plan_set *targets, *undecided;
	const struct plan_set *marks;

	build_to_chains(b);
	build_moved_chains(b);
	build_routes_chains(b);
	b->plan->egress = state_map(b, "egress", PLAN_TYPE_MARK_NFPROTO,
				    "target -> the link the daemon chose; empty without a daemon");
	b->plan->alive = state_map(b, "alive", PLAN_TYPE_MARK_NFPROTO,
				   "a flow's mark -> its link, or where it goes instead");
	build_target_sets(b, &targets, &undecided);
	build_spread(b, undecided);
	marks = build_marks(b);
	build_hooks(b, targets, marks, undecided);
	build_nat(b, marks);
	build_sent(b, marks);
}
