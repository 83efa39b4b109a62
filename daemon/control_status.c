/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control_status.h"

#include "daemon/control_counters.h"
#include "daemon/control_json.h"
#include "daemon/core.h"
#include "model/budget.h"

/* ---- links --------------------------------------------------------------- */

static void set_measured(json_t *j, const char *key, double ms)
{
	if (ms >= 0)
		control_json_set_real(j, key, ms);
}

static json_t *probe_object(const struct core_link_info *info, uint64_t now_ns)
{
	const struct probe_stats *s = &info->stats;
	json_t *j = json_object();

	control_json_set_text(j, "verdict", control_json_verdict(info->verdict));
	control_json_set(j, "rounds", json_integer(s->rounds));
	if (s->rounds)
		control_json_set_real(j, "loss_percent", s->loss_percent);
	set_measured(j, "rtt_ms", s->rtt_ms);
	set_measured(j, "jitter_ms", s->jitter_ms);
	control_json_set(j, "good_in_row", json_integer(s->good_in_row));
	control_json_set(j, "bad_in_row", json_integer(s->bad_in_row));
	if (s->last_good_ns)
		control_json_set_since(j, "last_good_seconds", s->last_good_ns, now_ns);
	return j;
}

json_t *control_status_link_family(const struct core *c, size_t link, enum inet_family f,
				   uint64_t now_ns)
{
	char text[INET_TEXT_MAX];
	struct core_link_info info;
	json_t *j = json_object();

	core_link_info(c, link, f, now_ns, &info);
	control_json_set_text(j, "state", link_state_name(info.state));
	control_json_set_text(j, "use", control_json_use(link_state_use(info.state)));
	control_json_set_text(j, "reason", info.reason && *info.reason ? info.reason : NULL);
	control_json_set_since(j, "for_seconds", info.since_ns, now_ns);
	control_json_set_until(j, "until_seconds", info.until_ns, now_ns);
	control_json_set(j, "losses", json_integer(core_link_losses(c, link, f)));
	if (info.has_gateway)
		control_json_set_text(j, "gateway", inet_print_addr(&info.gateway, f, text));
	if (info.probed)
		control_json_set(j, "probe", probe_object(&info, now_ns));
	return j;
}

static json_t *counter_object(const struct control_counter *n)
{
	json_t *j = json_object();

	control_json_set(j, "packets", json_integer((json_int_t)n->packets));
	control_json_set(j, "bytes", json_integer((json_int_t)n->bytes));
	return j;
}

static json_t *link_object(const struct core *c, size_t i, const struct control_counters *counters,
			   uint64_t now_ns)
{
	const struct plan_link *l = &core_plan(c)->links[i];
	struct core_link_info info;
	json_t *j = json_object();

	control_json_set_text(j, "name", l->name);
	control_json_set_text(j, "device", l->device);
	control_json_set(j, "id", json_integer(l->id));
	control_json_set(j, "mark", json_integer(l->mark));
	if (l->probe_mark)
		control_json_set(j, "probe_mark", json_integer(l->probe_mark));
	control_json_set(j, "table", json_integer(l->table));
	control_json_set(j, "ifindex", json_integer(core_link_ifindex(c, i)));
	control_json_set(j, "carrier_downs", json_integer(core_link_carrier_downs(c, i)));
	control_json_set(j, "drained", json_boolean(core_link_drained(c, i)));
	core_link_info(c, i, INET4, now_ns, &info);
	control_json_set(j, "penalty", json_integer((json_int_t)(info.penalty + 0.5)));
	if (counters && counters->known)
		control_json_set(j, "sent", counter_object(&counters->sent[i]));
	for (enum inet_family f = INET4; f <= INET6; f++)
		control_json_set(j, control_json_family(f),
				 control_status_link_family(c, i, f, now_ns));
	return j;
}

json_t *control_status_links(const struct core *c, const struct control_counters *counters,
			     uint64_t now_ns)
{
	json_t *list = json_array();

	for (size_t i = 0; i < core_plan(c)->n_links; i++)
		json_array_append_new(list, link_object(c, i, counters, now_ns));
	return list;
}

/* ---- groups and targets -------------------------------------------------- */

static void set_bound(json_t *j, const char *key, uint32_t ms)
{
	if (ms != UINT32_MAX)
		control_json_set(j, key, json_integer(ms));
}

/* What would be seen by nothing is left out. */
static json_t *budget_object(const struct plan *p, size_t group)
{
	struct budget b;
	json_t *j = json_object();

	budget_of_group(p->policy, &p->policy->groups[group], &b);
	control_json_set(j, "carrier_ms", json_integer(b.carrier_ms));
	for (enum inet_family f = INET4; f <= INET6; f++) {
		json_t *family = json_object();

		set_bound(family, "silent_ms", b.silent_ms[f]);
		set_bound(family, "suspect_ms", b.suspect_ms[f]);
		set_bound(family, "recover_ms", b.recover_ms[f]);
		control_json_set(j, control_json_family(f), family);
	}
	return j;
}

static json_t *members_array(const struct plan *p, const struct plan_group_table *g)
{
	json_t *list = json_array();

	for (size_t i = 0; i < g->n_members; i++) {
		json_t *m = json_object();

		control_json_set_text(m, "link", p->links[g->members[i].link].name);
		control_json_set(m, "weight", json_integer(g->members[i].weight));
		json_array_append_new(list, m);
	}
	return list;
}

static json_t *group_object(const struct core *c, size_t i, uint64_t now_ns)
{
	const struct plan *p = core_plan(c);
	const struct plan_group_table *g = &p->group_tables[i];
	const struct policy_group *policy = &p->policy->groups[i];
	json_t *j = json_object();

	control_json_set_text(j, "name", g->name);
	control_json_set_text(j, "mode", policy_group_mode_name(g->mode));
	if (g->mode == POLICY_GROUP_FAILOVER)
		control_json_set_text(j, "failback", policy_failback_name(policy->failback));
	control_json_set_text(j, "on_fail", policy_on_fail_name(policy->on_fail));
	control_json_set_text(j, "on_recover", policy_on_recover_name(policy->on_recover));
	control_json_set(j, "table", json_integer(g->table));
	control_json_set(j, "links", members_array(p, g));
	control_json_set(j, "budget", budget_object(p, i));
	for (enum inet_family f = INET4; f <= INET6; f++) {
		struct core_choice choice;
		json_t *family;

		core_group_choice(c, i, f, &choice);
		family = control_json_choice(c, &choice, now_ns);
		control_json_set(family, "switches", json_integer(core_group_switches(c, i, f)));
		control_json_set(j, control_json_family(f), family);
	}
	return j;
}

json_t *control_status_groups(const struct core *c, uint64_t now_ns)
{
	json_t *list = json_array();

	for (size_t i = 0; i < core_plan(c)->n_group_tables; i++)
		json_array_append_new(list, group_object(c, i, now_ns));
	return list;
}

static json_t *target_object(const struct core *c, size_t i, uint64_t now_ns)
{
	const struct plan_target *t = &core_plan(c)->targets[i];
	json_t *j = json_object();

	control_json_set_text(j, "name", t->name);
	control_json_set(j, "mark", json_integer(t->mark));
	for (enum inet_family f = INET4; f <= INET6; f++) {
		struct core_choice choice;

		core_target_choice(c, i, f, &choice);
		control_json_set(j, control_json_family(f),
				 control_json_choice(c, &choice, now_ns));
	}
	return j;
}

json_t *control_status_targets(const struct core *c, uint64_t now_ns)
{
	const struct plan *p = core_plan(c);
	json_t *list = json_array();

	for (size_t i = 0; i < p->n_targets; i++)
		if (!p->targets[i].is_block)
			json_array_append_new(list, target_object(c, i, now_ns));
	return list;
}

/* ---- whole answers ------------------------------------------------------- */

json_t *control_status(const struct core *c, const struct control_status_facts *facts)
{
	json_t *j = json_object();

	control_json_set_text(j, "version", OMR_VERSION);
	control_json_set_text(j, "policy", facts->policy_path);
	control_json_set_since(j, "uptime_seconds", facts->started_ns, facts->now_ns);
	control_json_set(j, "in_sync", json_boolean(core_in_sync(c)));
	control_json_set(j, "loading", json_boolean(core_loading(c)));
	control_json_set(j, "repairs", json_integer(core_repairs(c)));
	control_json_set(j, "links", control_status_links(c, NULL, facts->now_ns));
	control_json_set(j, "groups", control_status_groups(c, facts->now_ns));
	control_json_set(j, "targets", control_status_targets(c, facts->now_ns));
	return j;
}

json_t *control_status_claims(const struct core *c)
{
	const struct plan *p = core_plan(c);
	json_t *j = json_object(), *links = json_array(), *tables = json_array();
	json_t *priorities = json_array(), *marks = json_array();

	for (size_t i = 0; i < p->n_links; i++) {
		const struct plan_link *l = &p->links[i];
		json_t *link = json_object();

		control_json_set_text(link, "name", l->name);
		control_json_set_text(link, "device", l->device);
		control_json_set(link, "probed", json_boolean(l->probe >= 0));
		json_array_append_new(links, link);
		json_array_append_new(tables, json_integer(l->table));
	}
	for (size_t i = 0; i < p->n_group_tables; i++)
		json_array_append_new(tables, json_integer(p->group_tables[i].table));
	for (size_t i = 0; i < p->n_ip_rules; i++)
		if (!i || p->ip_rules[i].priority != p->ip_rules[i - 1].priority)
			json_array_append_new(priorities, json_integer(p->ip_rules[i].priority));
	for (size_t i = 0; i < p->n_targets; i++) {
		const struct plan_target *t = &p->targets[i];

		json_array_append_new(marks, json_integer(t->mark));
		for (size_t k = 0; k < t->n_candidates; k++)
			json_array_append_new(marks, json_integer(t->candidates[k].mark));
	}
	for (size_t i = 0; i < p->n_links; i++)
		if (p->links[i].probe_mark)
			json_array_append_new(marks, json_integer(p->links[i].probe_mark));
	control_json_set(j, "mark_mask", json_integer(p->mark_mask));
	control_json_set(j, "marks", marks);
	control_json_set(j, "links", links);
	control_json_set(j, "tables", tables);
	control_json_set(j, "priorities", priorities);
	control_json_set(j, "domains", json_boolean(p->n_dns > 0));
	return j;
}
