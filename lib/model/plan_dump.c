/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan as text, one object a line, names instead of pointers: to read, to
 * compare and to keep as a golden. Not a format any program reads.
 */
#include "model/plan.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

static const char *const field_names[PLAN_FIELD_COUNT] = {
	[PLAN_META_MARK] = "meta_mark",
	[PLAN_CT_MARK] = "ct_mark",
	[PLAN_NFPROTO] = "nfproto",
	[PLAN_L4PROTO] = "l4proto",
	[PLAN_IIFNAME] = "iifname",
	[PLAN_OIFNAME] = "oifname",
	[PLAN_SKUID] = "skuid",
	[PLAN_CGROUPV2] = "cgroupv2",
	[PLAN_HOUR] = "hour",
	[PLAN_DAY] = "day",
	[PLAN_ETHER_SADDR] = "ether_saddr",
	[PLAN_IP_SADDR] = "ip_saddr",
	[PLAN_IP_DADDR] = "ip_daddr",
	[PLAN_IP6_SADDR] = "ip6_saddr",
	[PLAN_IP6_DADDR] = "ip6_daddr",
	[PLAN_IP_DSCP] = "ip_dscp",
	[PLAN_IP6_DSCP] = "ip6_dscp",
	[PLAN_TCP_SPORT] = "tcp_sport",
	[PLAN_TCP_DPORT] = "tcp_dport",
	[PLAN_UDP_SPORT] = "udp_sport",
	[PLAN_UDP_DPORT] = "udp_dport",
	[PLAN_TH_SPORT] = "th_sport",
	[PLAN_TH_DPORT] = "th_dport",
	[PLAN_ICMP_TYPE] = "icmp_type",
	[PLAN_ICMPV6_TYPE] = "icmpv6_type",
	[PLAN_CT_STATE] = "ct_state",
	[PLAN_CT_DIRECTION] = "ct_direction",
	[PLAN_FIB_DADDR_TYPE] = "fib_daddr_type",
	[PLAN_FIB_SADDR_TYPE] = "fib_saddr_type",
	[PLAN_FIB_SADDR_OIF_TYPE] = "fib_saddr_oif_type",
	[PLAN_RANDOM_SLOT] = "random_slot",
};

static bool is_mark(enum plan_field f)
{
	return f == PLAN_META_MARK || f == PLAN_CT_MARK;
}

/* ---- links, targets, routing ------------------------------------------- */

static void dump_gateway(struct strbuf *out, const struct policy_gateway *g, enum inet_family f)
{
	char text[INET_TEXT_MAX];

	strbuf_addf(out, " gateway%d ", f == INET4 ? 4 : 6);
	switch (g->kind) {
	case POLICY_GATEWAY_AUTO:
		strbuf_add(out, "auto");
		break;
	case POLICY_GATEWAY_NONE:
		strbuf_add(out, "none");
		break;
	case POLICY_GATEWAY_ADDR:
		strbuf_add(out, inet_print_addr(&g->addr, f, text));
		break;
	}
}

static void dump_link(struct strbuf *out, const struct plan_link *l)
{
	strbuf_addf(out, "link %s device %s id %u mark 0x%08x table %u", l->name, l->device, l->id,
		    l->mark, l->table);
	dump_gateway(out, &l->gateway[INET4], INET4);
	dump_gateway(out, &l->gateway[INET6], INET6);
	if (l->masquerade[INET4])
		strbuf_add(out, " masquerade4");
	if (l->masquerade[INET6])
		strbuf_add(out, " masquerade6");
	if (l->probe >= 0)
		strbuf_addf(out, " probe %d", l->probe);
	if (l->probe_mark)
		strbuf_addf(out, " probe_mark 0x%08x", l->probe_mark);
	strbuf_addc(out, '\n');
}

static void dump_target(struct strbuf *out, const struct plan *p, const struct plan_target *t)
{
	strbuf_addf(out, "target %s mark 0x%08x %s", t->name, t->mark,
		    policy_group_mode_name(t->mode));
	if (t->is_link)
		strbuf_add(out, " link");
	if (t->is_block)
		strbuf_add(out, " block");
	for (size_t i = 0; i < t->n_tables; i++)
		strbuf_addf(out, " table %u", t->tables[i]);
	strbuf_addf(out, " last %s", t->last == PLAN_LAST_BLOCK ? "block" : "main");
	if (t->via)
		strbuf_addf(out, " via %s", t->via->name);
	if (t->routes)
		strbuf_addf(out, " routes %s", t->routes->name);
	for (size_t i = 0; i < t->n_tiers; i++)
		strbuf_addf(out, "%s%s", i > 0 ? "," : " tiers ",
			    t->tier_groups[i] < 0 ? "link"
						  : p->group_tables[t->tier_groups[i]].name);
	strbuf_addc(out, '\n');
	for (size_t i = 0; i < t->n_candidates; i++) {
		const struct plan_candidate *c = &t->candidates[i];

		strbuf_addf(out, "\tcandidate %s tier %u weight %u mark 0x%08x",
			    p->links[c->link].name, c->tier, c->weight, c->mark);
		if (c->to)
			strbuf_addf(out, " to %s", c->to->name);
		if (c->moved)
			strbuf_addf(out, " moved %s", c->moved->name);
		strbuf_addc(out, '\n');
	}
}

static void dump_group_table(struct strbuf *out, const struct plan *p,
			     const struct plan_group_table *g)
{
	strbuf_addf(out, "group_table %u group %s %s", g->table, g->name,
		    policy_group_mode_name(g->mode));
	for (size_t i = 0; i < g->n_members; i++)
		strbuf_addf(out, " %s*%u", p->links[g->members[i].link].name, g->members[i].weight);
	strbuf_addc(out, '\n');
}

static void dump_ip_rule(struct strbuf *out, const struct plan_ip_rule *r)
{
	char to[INET_TEXT_MAX];

	strbuf_addf(out, "ip_rule %u%s%s%s", r->priority, r->families[INET4] ? " ipv4" : "",
		    r->families[INET6] ? " ipv6" : "", r->invert ? " not" : "");
	if (r->fwmark || r->fwmask)
		strbuf_addf(out, " fwmark 0x%x/0x%x", r->fwmark, r->fwmask);
	if (r->has_to)
		strbuf_addf(out, " to %s", inet_print_prefix(&r->to, to));
	switch (r->action) {
	case PLAN_IP_LOOKUP:
		strbuf_addf(out, " lookup %u", r->table);
		break;
	case PLAN_IP_UNREACHABLE:
		strbuf_add(out, " unreachable");
		break;
	}
	if (r->suppress_prefixlength >= 0)
		strbuf_addf(out, " suppress_prefixlength %d", r->suppress_prefixlength);
	if (r->comment)
		strbuf_addf(out, " # %s", r->comment);
	strbuf_addc(out, '\n');
}

/* ---- nft objects ------------------------------------------------------- */

static const char *content_name(enum plan_content c)
{
	switch (c) {
	case PLAN_CONTENT_PLAN:
		return "plan";
	case PLAN_CONTENT_DNS:
		return "dns";
	case PLAN_CONTENT_STATE:
		return "state";
	}
	return "";
}

static void dump_life(struct strbuf *out, enum plan_life life)
{
	strbuf_add(out, life == PLAN_SLOTTED ? " slotted" : " fixed");
}

static void dump_comment(struct strbuf *out, const char *comment)
{
	if (comment)
		strbuf_addf(out, " # %s", comment);
	strbuf_addc(out, '\n');
}

static void dump_element(struct strbuf *out, const struct plan_set *s, const struct plan_element *e)
{
	char text[INET_RANGE_MAX];

	strbuf_add(out, "\telement ");
	switch (s->type) {
	case PLAN_TYPE_IPV4_ADDR:
		strbuf_add(out, inet_print_range(&e->range, INET4, text));
		break;
	case PLAN_TYPE_IPV6_ADDR:
		strbuf_add(out, inet_print_range(&e->range, INET6, text));
		break;
	case PLAN_TYPE_MARK:
		strbuf_addf(out, "0x%08x", e->mark);
		break;
	case PLAN_TYPE_MARK_NFPROTO:
		strbuf_addf(out, "0x%08x . %u", e->mark, e->nfproto);
		break;
	case PLAN_TYPE_MARK_NFPROTO_SLOT:
		strbuf_addf(out, "0x%08x . %u . %u", e->mark, e->nfproto, e->slot);
		break;
	}
	if (s->is_map)
		strbuf_addf(out, " : %s", e->chain ? e->chain->name : "-");
	strbuf_addc(out, '\n');
}

static void dump_set(struct strbuf *out, const struct plan_set *s)
{
	strbuf_addf(out, "%s %s/%s type %s", s->is_map ? "map" : "set", plan_table_name(s->table),
		    s->name, plan_key_type_name(s->type));
	dump_life(out, s->life);
	strbuf_addf(out, " content %s", content_name(s->content));
	if (s->interval)
		strbuf_add(out, " interval");
	if (s->dynamic)
		strbuf_addf(out, " dynamic timeout %us", s->timeout_s);
	strbuf_addf(out, " elements %zu", s->n_elements);
	dump_comment(out, s->comment);
	for (size_t i = 0; i < s->n_elements; i++)
		dump_element(out, s, &s->elements[i]);
}

static void dump_field(struct strbuf *out, enum plan_field f, uint32_t mask)
{
	strbuf_add(out, field_names[f]);
	if (is_mark(f) && mask != UINT32_MAX)
		strbuf_addf(out, "&0x%08x", mask);
}

static void dump_number(struct strbuf *out, enum plan_field f, const struct policy_number_range *r)
{
	const char *name = plan_number_name(f, r->lo);

	if (r->lo != r->hi)
		strbuf_addf(out, "%u-%u", r->lo, r->hi);
	else if (is_mark(f) || f == PLAN_CT_STATE)
		strbuf_addf(out, "0x%x", r->lo);
	else if (name)
		strbuf_add(out, name);
	else
		strbuf_addf(out, "%u", r->lo);
}

static void dump_value(struct strbuf *out, enum plan_field f, const struct plan_value *v)
{
	char text[INET_RANGE_MAX];

	switch (plan_field_kind(f)) {
	case PLAN_VALUE_NUMBER:
		dump_number(out, f, &v->number);
		break;
	case PLAN_VALUE_RANGE4:
		strbuf_add(out, inet_print_range(&v->range, INET4, text));
		break;
	case PLAN_VALUE_RANGE6:
		strbuf_add(out, inet_print_range(&v->range, INET6, text));
		break;
	case PLAN_VALUE_NAME:
		strbuf_add(out, v->name);
		break;
	case PLAN_VALUE_MAC:
		for (size_t i = 0; i < 6; i++)
			strbuf_addf(out, "%s%02x", i > 0 ? ":" : "", v->mac[i]);
		break;
	}
}

static void dump_match(struct strbuf *out, const struct plan_match *m)
{
	strbuf_add(out, "match ");
	dump_field(out, m->field, m->mask);
	strbuf_add(out, m->negate ? " !=" : " ==");
	if (m->set) {
		strbuf_addf(out, " @%s", m->set->name);
		return;
	}
	for (size_t i = 0; i < m->n_values; i++) {
		strbuf_add(out, i > 0 ? "," : " ");
		dump_value(out, m->field, &m->values[i]);
	}
}

static void dump_verdict(struct strbuf *out, enum plan_verdict v, const struct plan_chain *chain)
{
	switch (v) {
	case PLAN_ACCEPT:
		strbuf_add(out, "accept");
		break;
	case PLAN_RETURN:
		strbuf_add(out, "return");
		break;
	case PLAN_JUMP:
		strbuf_addf(out, "jump %s", chain->name);
		break;
	case PLAN_GOTO:
		strbuf_addf(out, "goto %s", chain->name);
		break;
	}
}

static void dump_stmt(struct strbuf *out, const struct plan_stmt *s)
{
	switch (s->kind) {
	case PLAN_STMT_MATCH:
		dump_match(out, &s->match);
		break;
	case PLAN_STMT_VMAP:
		strbuf_add(out, "vmap");
		for (size_t i = 0; i < s->vmap.n_keys; i++) {
			strbuf_add(out, i > 0 ? " . " : " ");
			dump_field(out, s->vmap.keys[i].field, s->vmap.keys[i].mask);
		}
		strbuf_addf(out, " @%s", s->vmap.map->name);
		break;
	case PLAN_STMT_SET_MARK:
		strbuf_addf(out, "set %s 0x%08x/0x%08x", field_names[s->set_mark.field],
			    s->set_mark.value, s->set_mark.mask);
		break;
	case PLAN_STMT_COUNTER:
		strbuf_add(out, "counter");
		break;
	case PLAN_STMT_UPDATE:
		strbuf_addf(out, "update @%s %s", s->update.set->name,
			    field_names[s->update.field]);
		break;
	case PLAN_STMT_VERDICT:
		dump_verdict(out, s->verdict.verdict, s->verdict.chain);
		break;
	case PLAN_STMT_MASQUERADE:
		strbuf_add(out, "masquerade");
		break;
	}
}

static void dump_chain(struct strbuf *out, const struct plan_chain *c)
{
	strbuf_addf(out, "chain %s/%s", plan_table_name(c->table), c->name);
	dump_life(out, c->life);
	if (c->hook != PLAN_HOOK_NONE)
		strbuf_addf(out, " type %s hook %s priority %d", plan_chain_type_name(c->type),
			    plan_hook_name(c->hook), c->priority);
	dump_comment(out, c->comment);
	for (size_t i = 0; i < c->n_rules; i++) {
		const struct plan_rule *r = &c->rules[i];

		strbuf_add(out, "\trule ");
		for (size_t k = 0; k < r->n_stmts; k++) {
			if (k > 0)
				strbuf_add(out, "; ");
			dump_stmt(out, &r->stmts[k]);
		}
		dump_comment(out, r->comment);
	}
}

static void dump_dns(struct strbuf *out, const struct plan_dns *d)
{
	strbuf_addf(out, "dns %s", d->domain);
	for (size_t i = 0; i < d->n_sets; i++)
		strbuf_addf(out, " @%s", d->sets[i]->name);
	strbuf_addc(out, '\n');
}

void plan_dump(const struct plan *p, struct strbuf *out)
{
	strbuf_addf(out, "mark_mask 0x%08x\n", p->mark_mask);
	for (size_t i = 0; i < p->n_links; i++)
		dump_link(out, &p->links[i]);
	for (size_t i = 0; i < p->n_targets; i++)
		dump_target(out, p, &p->targets[i]);
	for (size_t i = 0; i < p->n_group_tables; i++)
		dump_group_table(out, p, &p->group_tables[i]);
	for (size_t i = 0; i < p->n_ip_rules; i++)
		dump_ip_rule(out, &p->ip_rules[i]);
	for (size_t i = 0; i < p->n_sets; i++)
		dump_set(out, p->sets[i]);
	for (size_t i = 0; i < p->n_chains; i++)
		dump_chain(out, p->chains[i]);
	for (size_t i = 0; i < p->n_dns; i++)
		dump_dns(out, &p->dns[i]);
}
