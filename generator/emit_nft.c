/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Writes what `nft list ruleset` would show, with a header for people and a
 * prologue that replaces our two tables and nothing else. Only syntax that
 * nft 0.9.8 knows (comments of tables, chains and sets came with 0.9.7), but
 * for `socket cgroupv2` (0.9.9) where the policy asks for it and the map of
 * balanced groups, whose key has no type by name (`typeof ... : verdict`).
 */
#include "generator/emit_nft.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "generator/emit_text.h"

#include <stdlib.h>

static const char *const field_texts[PLAN_FIELD_COUNT] = {
	[PLAN_META_MARK] = "meta mark",
	[PLAN_CT_MARK] = "ct mark",
	[PLAN_NFPROTO] = "meta nfproto",
	[PLAN_L4PROTO] = "meta l4proto",
	[PLAN_IIFNAME] = "iifname",
	[PLAN_OIFNAME] = "oifname",
	[PLAN_SKUID] = "meta skuid",
	[PLAN_CGROUPV2] = "socket cgroupv2 level", /* and the level */
	[PLAN_HOUR] = "meta hour",
	[PLAN_DAY] = "meta day",
	[PLAN_ETHER_SADDR] = "ether saddr",
	[PLAN_IP_SADDR] = "ip saddr",
	[PLAN_IP_DADDR] = "ip daddr",
	[PLAN_IP6_SADDR] = "ip6 saddr",
	[PLAN_IP6_DADDR] = "ip6 daddr",
	[PLAN_IP_DSCP] = "ip dscp",
	[PLAN_IP6_DSCP] = "ip6 dscp",
	[PLAN_TCP_SPORT] = "tcp sport",
	[PLAN_TCP_DPORT] = "tcp dport",
	[PLAN_UDP_SPORT] = "udp sport",
	[PLAN_UDP_DPORT] = "udp dport",
	[PLAN_TH_SPORT] = "th sport",
	[PLAN_TH_DPORT] = "th dport",
	[PLAN_ICMP_TYPE] = "icmp type",
	[PLAN_ICMPV6_TYPE] = "icmpv6 type",
	[PLAN_CT_STATE] = "ct state",
	[PLAN_CT_DIRECTION] = "ct direction",
	[PLAN_FIB_DADDR_TYPE] = "fib daddr type",
	[PLAN_FIB_SADDR_TYPE] = "fib saddr type",
	[PLAN_FIB_SADDR_OIF_TYPE] = "fib saddr . oif type",
	[PLAN_RANDOM_SLOT] = "numgen random mod 100", /* PLAN_SLOTS */
};

static bool is_mark(enum plan_field f)
{
	return f == PLAN_META_MARK || f == PLAN_CT_MARK;
}

static void add_number(struct strbuf *out, enum plan_field f, const struct policy_number_range *r)
{
	const char *name = plan_number_name(f, r->lo);

	/*
	 * Hours and days stay numbers: nft shifts "08:00" by the reader's time
	 * zone, a number means the second of the UTC day everywhere.
	 */
	if (r->lo != r->hi)
		strbuf_addf(out, "%u-%u", r->lo, r->hi);
	else if (name)
		strbuf_add(out, name);
	else if (is_mark(f))
		strbuf_addf(out, "0x%08x", r->lo);
	else
		strbuf_addf(out, "%u", r->lo);
}

static void add_value(struct strbuf *out, enum plan_field f, const struct plan_value *v)
{
	char text[INET_RANGE_MAX];

	switch (plan_field_kind(f)) {
	case PLAN_VALUE_NUMBER:
		add_number(out, f, &v->number);
		break;
	case PLAN_VALUE_RANGE4:
		strbuf_add(out, inet_print_range(&v->range, INET4, text));
		break;
	case PLAN_VALUE_RANGE6:
		strbuf_add(out, inet_print_range(&v->range, INET6, text));
		break;
	case PLAN_VALUE_NAME:
		emit_text_quoted(out, v->name);
		break;
	case PLAN_VALUE_MAC:
		strbuf_addf(out, "%02x:%02x:%02x:%02x:%02x:%02x", v->mac[0], v->mac[1], v->mac[2],
			    v->mac[3], v->mac[4], v->mac[5]);
		break;
	}
}

static void add_values(struct strbuf *out, const struct plan_match *m)
{
	_cleanup_(strbuf_done) struct strbuf item = STRBUF_NULL;
	struct emit_list list = EMIT_LIST(out, "\t\t\t");

	if (m->n_values == 1) {
		add_value(out, m->field, &m->values[0]);
		return;
	}
	strbuf_add(out, "{ ");
	for (size_t i = 0; i < m->n_values; i++) {
		strbuf_reset(&item);
		add_value(&item, m->field, &m->values[i]);
		emit_text_item(&list, strbuf_text(&item));
	}
	strbuf_add(out, " }");
}

static void add_ct_state(struct strbuf *out, const struct plan_match *m)
{
	static const enum plan_ct_state bits[] = { PLAN_CT_ESTABLISHED, PLAN_CT_RELATED,
						   PLAN_CT_NEW };
	const char *before = m->negate ? "! " : "";

	strbuf_add(out, "ct state ");
	for (size_t i = 0; i < ARRAY_SIZE(bits); i++) {
		if (!(m->values[0].number.lo & bits[i]))
			continue;
		strbuf_addf(out, "%s%s", before, plan_ct_state_name(bits[i]));
		before = ",";
	}
}

static void add_field(struct strbuf *out, enum plan_field f, uint32_t mask)
{
	strbuf_add(out, field_texts[f]);
	if (is_mark(f) && mask != UINT32_MAX)
		strbuf_addf(out, " & 0x%08x", mask);
}

static void add_match(struct strbuf *out, const struct plan_match *m)
{
	if (m->field == PLAN_CT_STATE) {
		add_ct_state(out, m);
		return;
	}
	add_field(out, m->field, m->mask);
	if (m->field == PLAN_CGROUPV2)
		strbuf_addf(out, " %u", emit_text_cgroup_level(m->values[0].name));
	if (m->negate)
		strbuf_add(out, " !=");
	else if (is_mark(m->field) && m->mask != UINT32_MAX)
		strbuf_add(out, " ==");
	strbuf_addc(out, ' ');
	if (m->set)
		strbuf_addf(out, "@%s", m->set->name);
	else
		add_values(out, m);
}

static void add_set_mark(struct strbuf *out, enum plan_field f, uint32_t mask, uint32_t value)
{
	const char *field = field_texts[f];

	strbuf_addf(out, "%s set ", field);
	if (mask == UINT32_MAX) {
		strbuf_addf(out, "0x%08x", value);
		return;
	}
	strbuf_addf(out, "%s & 0x%08x", field, ~mask);
	if (value)
		strbuf_addf(out, " | 0x%08x", value);
}

static void add_verdict(struct strbuf *out, enum plan_verdict v, const struct plan_chain *chain)
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

static void add_stmt(struct strbuf *out, const struct plan_stmt *s)
{
	switch (s->kind) {
	case PLAN_STMT_MATCH:
		add_match(out, &s->match);
		break;
	case PLAN_STMT_VMAP:
		for (size_t i = 0; i < s->vmap.n_keys; i++) {
			if (i > 0)
				strbuf_add(out, " . ");
			add_field(out, s->vmap.keys[i].field, s->vmap.keys[i].mask);
		}
		strbuf_addf(out, " vmap @%s", s->vmap.map->name);
		break;
	case PLAN_STMT_SET_MARK:
		add_set_mark(out, s->set_mark.field, s->set_mark.mask, s->set_mark.value);
		break;
	case PLAN_STMT_COUNTER:
		strbuf_add(out, "counter");
		break;
	case PLAN_STMT_UPDATE:
		strbuf_addf(out, "update @%s { %s }", s->update.set->name,
			    field_texts[s->update.field]);
		break;
	case PLAN_STMT_VERDICT:
		add_verdict(out, s->verdict.verdict, s->verdict.chain);
		break;
	case PLAN_STMT_MASQUERADE:
		strbuf_add(out, "masquerade");
		break;
	}
}

static void add_rule(struct strbuf *out, const struct plan_rule *r)
{
	for (size_t i = 0; i < r->n_stmts; i++) {
		strbuf_add(out, i == 0 ? "\t\t" : " ");
		add_stmt(out, &r->stmts[i]);
	}
	if (r->comment) {
		strbuf_add(out, " comment ");
		emit_text_comment(out, r->comment);
	}
	strbuf_addc(out, '\n');
}

static void add_comment_line(struct strbuf *out, const char *tabs, const char *comment)
{
	if (!comment)
		return;
	strbuf_addf(out, "%scomment ", tabs);
	emit_text_comment(out, comment);
	strbuf_addc(out, '\n');
}

static void add_chain(struct strbuf *out, const struct plan_chain *c)
{
	char priority[32];

	strbuf_addf(out, "\n\tchain %s {\n", c->name);
	add_comment_line(out, "\t\t", c->comment);
	if (c->hook != PLAN_HOOK_NONE)
		strbuf_addf(out, "\t\ttype %s hook %s priority %s; policy accept;\n",
			    plan_chain_type_name(c->type), plan_hook_name(c->hook),
			    plan_priority_text(c, priority));
	for (size_t i = 0; i < c->n_rules; i++)
		add_rule(out, &c->rules[i]);
	strbuf_add(out, "\t}\n");
}

/* 90061 -> "1d1h1m1s" */
static void add_timeout(struct strbuf *out, uint32_t seconds)
{
	static const struct {
		uint32_t seconds;
		char letter;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		if (seconds / units[i].seconds)
			strbuf_addf(out, "%u%c", seconds / units[i].seconds, units[i].letter);
		seconds %= units[i].seconds;
	}
}

static void add_key(struct strbuf *out, const struct plan_set *s, const struct plan_element *e)
{
	char text[INET_RANGE_MAX];
	const char *proto;

	switch (s->type) {
	case PLAN_TYPE_IPV4_ADDR:
	case PLAN_TYPE_IPV6_ADDR:
		strbuf_add(out, inet_print_range(&e->range, emit_text_key_family(s->type), text));
		break;
	case PLAN_TYPE_MARK:
		strbuf_addf(out, "0x%08x", e->mark);
		break;
	case PLAN_TYPE_MARK_NFPROTO:
		proto = plan_number_name(PLAN_NFPROTO, e->nfproto);
		if (!proto)
			abort();
		strbuf_addf(out, "0x%08x . %s", e->mark, proto);
		break;
	case PLAN_TYPE_MARK_NFPROTO_SLOT:
		proto = plan_number_name(PLAN_NFPROTO, e->nfproto);
		if (!proto)
			abort();
		strbuf_addf(out, "0x%08x . %s . %u", e->mark, proto, e->slot);
		break;
	}
}

static void add_elements(struct strbuf *out, const struct plan_set *s,
			 const struct plan_element *elements, size_t n)
{
	_cleanup_(strbuf_done) struct strbuf item = STRBUF_NULL;
	struct emit_list list = EMIT_LIST(out, "\t\t\t     ");

	if (n == 0)
		return;
	strbuf_add(out, "\t\telements = { ");
	for (size_t i = 0; i < n; i++) {
		strbuf_reset(&item);
		add_key(&item, s, &elements[i]);
		if (s->is_map)
			strbuf_addf(&item, " : goto %s", elements[i].chain->name);
		emit_text_item(&list, strbuf_text(&item));
	}
	strbuf_add(out, " }\n");
}

/* A random number has no datatype to name: the expressions themselves stand there. */
static void add_type(struct strbuf *out, const struct plan_set *s)
{
	static const enum plan_field slots[] = { PLAN_META_MARK, PLAN_NFPROTO, PLAN_RANDOM_SLOT };

	if (s->type == PLAN_TYPE_MARK_NFPROTO_SLOT) {
		strbuf_add(out, "\t\ttypeof");
		for (size_t i = 0; i < ARRAY_SIZE(slots); i++)
			strbuf_addf(out, "%s %s", i > 0 ? " ." : "", field_texts[slots[i]]);
	} else {
		strbuf_addf(out, "\t\ttype %s", plan_key_type_name(s->type));
	}
	strbuf_add(out, s->is_map ? " : verdict\n" : "\n");
}

/* Order of the lines as nft lists them. */
static void add_set(struct strbuf *out, const struct plan_set *s,
		    const struct plan_element *elements, size_t n)
{
	strbuf_addf(out, "\n\t%s %s {\n", s->is_map ? "map" : "set", s->name);
	add_type(out, s);
	if (s->dynamic) {
		strbuf_addf(out, "\t\tsize %u\n\t\tflags dynamic,timeout\n\t\ttimeout ",
			    PLAN_DYNAMIC_SIZE);
		add_timeout(out, s->timeout_s);
		strbuf_addc(out, '\n');
	} else if (s->interval) {
		strbuf_add(out, "\t\tflags interval\n");
	}
	add_comment_line(out, "\t\t", s->comment);
	add_elements(out, s, elements, n);
	strbuf_add(out, "\t}\n");
}

static void add_table(struct strbuf *out, const struct plan *p, const struct desired *state,
		      enum plan_table table)
{
	strbuf_addf(out, "\ntable inet %s {\n", plan_table_name(table));
	add_comment_line(out, "\t", plan_table_comment(table));
	for (size_t i = 0; i < p->n_sets; i++) {
		const struct plan_element *elements;
		size_t n;

		if (p->sets[i]->table != table)
			continue;
		elements = desired_elements(p, state, p->sets[i], &n);
		add_set(out, p->sets[i], elements, n);
	}
	for (size_t i = 0; i < p->n_chains; i++)
		if (p->chains[i]->table == table)
			add_chain(out, p->chains[i]);
	strbuf_add(out, "}\n");
}

static void add_prologue(struct strbuf *out)
{
	strbuf_add(out,
		   "\n# Replace these two tables, whether they exist or not, and nothing else.\n");
	for (int t = 0; t < PLAN_TABLE_COUNT; t++) {
		const char *name = plan_table_name((enum plan_table)t);

		strbuf_addf(out, "add table inet %s\ndelete table inet %s\n", name, name);
	}
}

void emit_nft(const struct plan *p, const char *policy, struct strbuf *out)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	struct desired state;

	emit_text_state(p, a, &state);
	emit_text_header(out, "nft ruleset", policy);
	strbuf_add(
		out,
		"#\n"
		"# inet omr_bypass answers: is this packet bypassed, and to which target?\n"
		"# inet omr_egress answers: by which link does that target leave now?\n"
		"# The packet mark carries the answer from one to the other and on to the ip rules.\n"
		"#\n");
	emit_text_marks(out, p);
	strbuf_add(
		out,
		"#\n"
		"# Load with `nft -f FILE`, the ip rules and routes with `ip -batch` (--emit ip). On a\n"
		"# router under traffic use `omr-nftgen --apply POLICY`: it does both, and without a gap.\n");
	add_prologue(out);
	for (int t = 0; t < PLAN_TABLE_COUNT; t++)
		add_table(out, p, &state, (enum plan_table)t);
}
