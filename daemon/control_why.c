/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control_why.h"

#include "daemon/control_json.h"
#include "daemon/control_status.h"

static const char *outcome_name(enum plan_eval_outcome o)
{
	switch (o) {
	case PLAN_EVAL_RULE:
		return "rule";
	case PLAN_EVAL_OTHERWISE:
		return "otherwise";
	case PLAN_EVAL_NO_RULE:
		return "no-rule";
	case PLAN_EVAL_MARKED:
		return "marked";
	case PLAN_EVAL_LEFT_ALONE:
		return "left-alone";
	}
	return "no-rule";
}

static const char *target_name(const struct plan *p, size_t target)
{
	return target == PLAN_EVAL_NOTHING ? "main" : p->targets[target].name;
}

bool control_why_mark(const struct core *c, const struct plan_eval_packet *packet,
		      const struct plan_eval_answer *answer, uint32_t *ret)
{
	const struct plan *p = core_plan(c);
	const struct plan_target *t;
	struct core_choice choice;
	uint32_t foreign = packet->mark & ~p->mark_mask;

	*ret = packet->mark;
	if (answer->target == PLAN_EVAL_NOTHING)
		return true;
	t = &p->targets[answer->target];
	*ret = foreign | t->mark;
	core_target_choice(c, answer->target, packet->family, &choice);
	switch (choice.kind) {
	case CORE_CHOICE_UNKNOWN:
	case CORE_CHOICE_BLOCK:
		return true;
	case CORE_CHOICE_MAIN:
		*ret = foreign;
		return true;
	case CORE_CHOICE_BALANCE:
		return false;
	case CORE_CHOICE_LINK:
		for (size_t i = 0; i < t->n_candidates; i++)
			if (t->candidates[i].link == choice.link) {
				*ret = foreign | t->candidates[i].mark;
				break;
			}
		return true;
	}
	return true;
}

static json_t *needs_array(unsigned needs)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < PLAN_EVAL_KEYS; i++)
		if (needs & (1u << i))
			json_array_append_new(list, json_string(plan_eval_key_name(i)));
	return list;
}

static json_t *maybe_array(const struct plan *p, const struct plan_eval_answer *a)
{
	json_t *list = json_array();

	for (size_t i = 0; i < a->n_maybes; i++) {
		const struct plan_eval_maybe *m = &a->maybes[i];
		json_t *j = json_object();

		control_json_set_text(j, "rule", p->policy->rules[m->rule].name);
		control_json_set(j, "number", json_integer((json_int_t)m->rule + 1));
		control_json_set_text(j, "target", target_name(p, m->target));
		control_json_set(j, "needs", needs_array(m->needs));
		json_array_append_new(list, j);
	}
	return list;
}

/* The links the target may use, in order, each with its state in this family. */
static json_t *candidates_array(const struct core *c, const struct plan_target *t,
				enum inet_family f, uint64_t now_ns)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->n_candidates; i++) {
		const struct plan_candidate *k = &t->candidates[i];
		json_t *j = control_status_link_family(c, k->link, f, now_ns);

		control_json_set_text(j, "link", core_plan(c)->links[k->link].name);
		control_json_set(j, "tier", json_integer(k->tier));
		json_array_append_new(list, j);
	}
	return list;
}

static json_t *route_object(const struct control_route *r, enum inet_family f)
{
	char text[INET_TEXT_MAX];
	json_t *j = json_object();

	control_json_set(j, "unreachable", json_boolean(r->unreachable));
	if (r->unreachable)
		return j;
	control_json_set_text(j, "device", r->device);
	if (r->has_gateway)
		control_json_set_text(j, "gateway", inet_print_addr(&r->gateway, f, text));
	control_json_set(j, "table", json_integer(r->table));
	return j;
}

static void set_decision(json_t *j, const struct core *c, const struct plan_eval_answer *a,
			 enum inet_family f, uint64_t now_ns)
{
	const struct plan *p = core_plan(c);
	const struct plan_target *t = &p->targets[a->target];
	struct core_choice choice;
	json_t *decision;

	control_json_set(j, "mark", json_integer(t->mark));
	if (t->is_block) {
		control_json_set_text(j, "leaves_by", "block");
		return;
	}
	core_target_choice(c, a->target, f, &choice);
	decision = control_json_choice(c, &choice, now_ns);
	json_object_update(j, decision);
	json_decref(decision);
	control_json_set(j, "candidates", candidates_array(c, t, f, now_ns));
}

json_t *control_why(const struct core *c, const struct plan_eval_packet *packet,
		    const struct plan_eval_answer *a, const struct control_route *route,
		    uint64_t now_ns)
{
	const struct plan *p = core_plan(c);
	char text[INET_RANGE_MAX];
	json_t *j = json_object();

	control_json_set_text(j, "address", inet_print_addr(&packet->daddr, packet->family, text));
	control_json_set_text(j, "family", control_json_family(packet->family));
	control_json_set_text(j, "outcome", outcome_name(a->outcome));
	if (a->outcome == PLAN_EVAL_RULE) {
		control_json_set_text(j, "rule", p->policy->rules[a->rule].name);
		control_json_set(j, "number", json_integer((json_int_t)a->rule + 1));
		control_json_set_text(j, "note", p->policy->rules[a->rule].note);
	}
	if (a->by_range)
		control_json_set_text(j, "matched",
				      inet_print_range(&a->range, packet->family, text));
	if (a->by_learnt)
		control_json_set(j, "learnt", json_true());
	control_json_set_text(j, "because", a->because);
	control_json_set_text(j, "target", target_name(p, a->target));
	if (a->target != PLAN_EVAL_NOTHING)
		set_decision(j, c, a, packet->family, now_ns);
	else
		control_json_set_text(j, "leaves_by", "main");
	control_json_set(j, "maybe", maybe_array(p, a));
	if (route->known)
		control_json_set(j, "route", route_object(route, packet->family));
	return j;
}
