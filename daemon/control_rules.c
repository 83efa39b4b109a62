/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control_rules.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "daemon/control_counters.h"
#include "daemon/control_json.h"
#include "model/plan_eval.h"

/* ---- what a rule asks for ------------------------------------------------ */

static void key(struct strbuf *out, const char *name)
{
	strbuf_addf(out, "%s%s ", out->len ? ", " : "", name);
}

static void more(struct strbuf *out, size_t n)
{
	if (n > 1)
		strbuf_addf(out, " (+%zu)", n - 1);
}

static void ranges(struct strbuf *out, const char *name, const struct policy_range *r, size_t n)
{
	char text[INET_RANGE_MAX];

	if (!n)
		return;
	key(out, name);
	strbuf_add(out, inet_print_range(&r->range, r->family, text));
	more(out, n);
}

static void number_text(struct strbuf *out, const struct policy_number_range *r)
{
	if (r->lo == r->hi)
		strbuf_addf(out, "%u", r->lo);
	else
		strbuf_addf(out, "%u-%u", r->lo, r->hi);
}

static void numbers(struct strbuf *out, const char *name, const struct policy_number_range *r,
		    size_t n)
{
	if (!n)
		return;
	key(out, name);
	number_text(out, r);
	more(out, n);
}

static void protocols(struct strbuf *out, const struct policy_rule *r)
{
	if (!r->n_protocols)
		return;
	key(out, "protocols");
	for (size_t i = 0; i < r->n_protocols && i < 3; i++) {
		const char *name = policy_protocol_name(r->protocols[i].lo);

		strbuf_add(out, i ? " " : "");
		if (name)
			strbuf_add(out, name);
		else
			strbuf_addf(out, "%u", r->protocols[i].lo);
	}
	if (r->n_protocols > 3)
		strbuf_addf(out, " (+%zu)", r->n_protocols - 3);
}

static void texts(struct strbuf *out, const char *name, const char *first, size_t n)
{
	if (!n)
		return;
	key(out, name);
	strbuf_add(out, first);
	more(out, n);
}

static void machine(struct strbuf *out, const struct policy_rule *r)
{
	if (r->n_macs) {
		const uint8_t *m = r->macs[0];

		key(out, "macs");
		strbuf_addf(out, "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1], m[2], m[3], m[4],
			    m[5]);
		more(out, r->n_macs);
	}
	texts(out, "iifs", r->n_iifs ? r->iifs[0] : NULL, r->n_iifs);
	if (r->n_users && r->users[0].name)
		texts(out, "users", r->users[0].name, r->n_users);
	else if (r->n_users)
		numbers(out, "users",
			&(struct policy_number_range){ r->users[0].uid, r->users[0].uid },
			r->n_users);
	texts(out, "cgroups", r->n_cgroups ? r->cgroups[0] : NULL, r->n_cgroups);
}

void control_rules_match_text(const struct policy_rule *r, struct strbuf *out)
{
	ranges(out, "to", r->to, r->n_to);
	texts(out, "domains", r->n_domains ? r->domains[0].name : NULL, r->n_domains);
	ranges(out, "from", r->from, r->n_from);
	machine(out, r);
	protocols(out, r);
	numbers(out, "sports", r->sports, r->n_sports);
	numbers(out, "dports", r->dports, r->n_dports);
	if (r->n_icmp_types) {
		key(out, "icmp_types");
		strbuf_addf(out, "%u", r->icmp_types[0].type);
		more(out, r->n_icmp_types);
	}
	numbers(out, "dscp", r->dscp, r->n_dscp);
	if (!r->families[INET4] || !r->families[INET6])
		texts(out, "families", control_json_family(r->families[INET4] ? INET4 : INET6), 1);
	if (r->schedule.given) {
		key(out, "schedule");
		strbuf_addf(out, "%02u:%02u-%02u:%02u", r->schedule.from_s / 3600,
			    r->schedule.from_s / 60 % 60, r->schedule.to_s / 3600,
			    r->schedule.to_s / 60 % 60);
	}
	if (!out->len)
		strbuf_add(out, "everything");
}

/* ---- the answer ---------------------------------------------------------- */

static const char *via_name(const struct policy_via *v)
{
	switch (v->kind) {
	case POLICY_VIA_LINK:
	case POLICY_VIA_GROUP:
		return v->name;
	case POLICY_VIA_MAIN:
		return "main";
	case POLICY_VIA_BLOCK:
		return "block";
	}
	return v->name;
}

static void set_counter(json_t *j, const struct control_counter *n)
{
	control_json_set(j, "packets", json_integer((json_int_t)n->packets));
	control_json_set(j, "bytes", json_integer((json_int_t)n->bytes));
}

static void set_target(json_t *j, const struct plan *p, size_t rule, size_t *cursor)
{
	size_t t = plan_eval_chain_target(p, plan_eval_rule_chain(p, rule, cursor));

	control_json_set_text(j, "target", t == PLAN_EVAL_NOTHING ? "main" : p->targets[t].name);
}

static json_t *rule_object(const struct plan *p, size_t i, const struct control_counters *counters,
			   size_t *cursor)
{
	_cleanup_(strbuf_done) struct strbuf match = STRBUF_NULL;
	const struct policy_rule *r = &p->policy->rules[i];
	json_t *j = json_object();

	control_rules_match_text(r, &match);
	control_json_set_text(j, "name", r->name);
	control_json_set(j, "number", json_integer((json_int_t)i + 1));
	control_json_set(j, "enabled", json_boolean(r->enabled));
	control_json_set_text(j, "note", r->note);
	control_json_set_text(j, "match", strbuf_text(&match));
	control_json_set_text(j, "via", via_name(&r->via));
	if (!r->enabled)
		return j;
	set_target(j, p, i, cursor);
	if (counters->known)
		set_counter(j, &counters->rules[i]);
	return j;
}

json_t *control_rules(const struct plan *p, const struct control_counters *counters)
{
	json_t *j = json_object(), *list = json_array();
	size_t cursor = 0;

	for (size_t i = 0; i < p->policy->n_rules; i++)
		json_array_append_new(list, rule_object(p, i, counters, &cursor));
	control_json_set(j, "counted", json_boolean(counters->known));
	control_json_set(j, "rules", list);
	if (p->policy->has_default) {
		json_t *otherwise = json_object();

		control_json_set_text(otherwise, "via", via_name(&p->policy->default_via));
		set_target(otherwise, p, PLAN_EVAL_NOTHING, &cursor);
		if (counters->known)
			set_counter(otherwise, &counters->otherwise);
		control_json_set(j, "otherwise", otherwise);
	}
	return j;
}
