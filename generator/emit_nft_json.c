/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same ruleset as emit_nft, in the form libnftables reads and prints with
 * -j. Each command is built, written and freed on its own, elements one by one,
 * so that a million prefixes cost their text and no tree.
 *
 * Not said here, though the text says it: the "dynamic" flag of sets that rules
 * update (libnftables 1.0.6 refuses the word and sets the flag by itself), and
 * map `spread` with the rule that looks into it (see can_be_said()).
 * Comments of tables, chains and sets are written, but 1.0.6 drops them.
 */
#include "generator/emit_nft_json.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "generator/emit_text.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>

/* jansson reports exhausted memory as NULL; ours aborts (docs/style.md). */
static json_t *must(json_t *j)
{
	if (!j)
		abort();
	return j;
}

static int write_text(const char *text, size_t n, void *data)
{
	strbuf_addn(data, text, n);
	return 0;
}

/* Writes and frees. */
static void write_json(struct strbuf *out, json_t *j)
{
	if (json_dump_callback(must(j), write_text, out, JSON_COMPACT | JSON_ENCODE_ANY) < 0)
		abort();
	json_decref(j);
}

static void write_command(struct strbuf *out, const char *verb, const char *kind, json_t *object)
{
	strbuf_add(out, ",\n");
	write_json(out, json_pack("{s:{s:o}}", verb, kind, must(object)));
}

static void set_comment(json_t *object, const char *comment)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;

	if (!comment)
		return;
	emit_text_plain(&text, comment, EMIT_COMMENT_MAX);
	if (json_object_set_new(object, "comment", must(json_string(strbuf_text(&text)))) < 0)
		abort();
}

static json_t *meta(const char *key)
{
	return json_pack("{s:{s:s}}", "meta", "key", key);
}

static json_t *ct(const char *key)
{
	return json_pack("{s:{s:s}}", "ct", "key", key);
}

static json_t *payload(const char *protocol, const char *field)
{
	return json_pack("{s:{s:s,s:s}}", "payload", "protocol", protocol, "field", field);
}

static json_t *fib_type(const char *address)
{
	return json_pack("{s:{s:s,s:[s]}}", "fib", "result", "type", "flags", address);
}

static json_t *plain_field(enum plan_field f)
{
	switch (f) {
	case PLAN_META_MARK:
		return meta("mark");
	case PLAN_CT_MARK:
		return ct("mark");
	case PLAN_NFPROTO:
		return meta("nfproto");
	case PLAN_L4PROTO:
		return meta("l4proto");
	case PLAN_IIFNAME:
		return meta("iifname");
	case PLAN_OIFNAME:
		return meta("oifname");
	case PLAN_SKUID:
		return meta("skuid");
	case PLAN_CGROUPV2:
		break; /* emit_nft_json() refused it */
	case PLAN_HOUR:
		return meta("hour");
	case PLAN_DAY:
		return meta("day");
	case PLAN_ETHER_SADDR:
		return payload("ether", "saddr");
	case PLAN_IP_SADDR:
		return payload("ip", "saddr");
	case PLAN_IP_DADDR:
		return payload("ip", "daddr");
	case PLAN_IP6_SADDR:
		return payload("ip6", "saddr");
	case PLAN_IP6_DADDR:
		return payload("ip6", "daddr");
	case PLAN_IP_DSCP:
		return payload("ip", "dscp");
	case PLAN_IP6_DSCP:
		return payload("ip6", "dscp");
	case PLAN_TCP_SPORT:
		return payload("tcp", "sport");
	case PLAN_TCP_DPORT:
		return payload("tcp", "dport");
	case PLAN_UDP_SPORT:
		return payload("udp", "sport");
	case PLAN_UDP_DPORT:
		return payload("udp", "dport");
	case PLAN_TH_SPORT:
		return payload("th", "sport");
	case PLAN_TH_DPORT:
		return payload("th", "dport");
	case PLAN_ICMP_TYPE:
		return payload("icmp", "type");
	case PLAN_ICMPV6_TYPE:
		return payload("icmpv6", "type");
	case PLAN_CT_STATE:
		return ct("state");
	case PLAN_CT_DIRECTION:
		return ct("direction");
	case PLAN_FIB_DADDR_TYPE:
		return fib_type("daddr");
	case PLAN_FIB_SADDR_TYPE:
		return fib_type("saddr");
	case PLAN_FIB_SADDR_OIF_TYPE:
		return json_pack("{s:{s:s,s:[s,s]}}", "fib", "result", "type", "flags", "saddr",
				 "oif");
	case PLAN_RANDOM_SLOT:
		break; /* can_be_said() */
	}
	return NULL;
}

static json_t *masked_field(enum plan_field f, uint32_t mask)
{
	json_t *field = must(plain_field(f));

	if ((f != PLAN_META_MARK && f != PLAN_CT_MARK) || mask == UINT32_MAX)
		return field;
	return must(json_pack("{s:[o,I]}", "&", field, (json_int_t)mask));
}

static json_t *number_value(enum plan_field f, const struct policy_number_range *r)
{
	/* nft's JSON reader asks /etc/protocols for the words of l4proto, its text reader does not */
	const char *name = f == PLAN_L4PROTO ? NULL : plan_number_name(f, r->lo);

	if (r->lo != r->hi)
		return json_pack("{s:[I,I]}", "range", (json_int_t)r->lo, (json_int_t)r->hi);
	return name ? json_string(name) : json_integer(r->lo);
}

static json_t *range_value(const struct inet_range *r, enum inet_family f)
{
	char lo[INET_TEXT_MAX], hi[INET_TEXT_MAX];
	unsigned len;

	inet_print_addr(&r->lo, f, lo);
	if (inet_range_is_prefix(r, f, &len)) {
		if (len == inet_bits(f))
			return json_string(lo);
		return json_pack("{s:{s:s,s:i}}", "prefix", "addr", lo, "len", (int)len);
	}
	inet_print_addr(&r->hi, f, hi);
	return json_pack("{s:[s,s]}", "range", lo, hi);
}

static json_t *value(enum plan_field f, const struct plan_value *v)
{
	switch (plan_field_kind(f)) {
	case PLAN_VALUE_NUMBER:
		return must(number_value(f, &v->number));
	case PLAN_VALUE_RANGE4:
		return must(range_value(&v->range, INET4));
	case PLAN_VALUE_RANGE6:
		return must(range_value(&v->range, INET6));
	case PLAN_VALUE_NAME:
		return must(json_string(v->name));
	case PLAN_VALUE_MAC:
		return must(json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", v->mac[0], v->mac[1],
					 v->mac[2], v->mac[3], v->mac[4], v->mac[5]));
	}
	abort();
}

static json_t *values(const struct plan_match *m)
{
	json_t *array;

	if (m->set)
		return must(json_sprintf("@%s", m->set->name));
	if (m->n_values == 1)
		return value(m->field, &m->values[0]);
	array = must(json_array());
	for (size_t i = 0; i < m->n_values; i++)
		if (json_array_append_new(array, value(m->field, &m->values[i])) < 0)
			abort();
	return must(json_pack("{s:o}", "set", array));
}

static json_t *ct_state_match(const struct plan_match *m)
{
	static const enum plan_ct_state bits[] = { PLAN_CT_ESTABLISHED, PLAN_CT_RELATED,
						   PLAN_CT_NEW };
	json_t *names = must(json_array());

	for (size_t i = 0; i < ARRAY_SIZE(bits); i++)
		if (m->values[0].number.lo & bits[i])
			if (json_array_append_new(names, json_string(plan_ct_state_name(bits[i]))) <
			    0)
				abort();
	return json_pack("{s:{s:s,s:o,s:o}}", "match", "op", m->negate ? "!" : "in", "left",
			 must(plain_field(m->field)), "right", names);
}

static json_t *match(const struct plan_match *m)
{
	if (m->field == PLAN_CT_STATE)
		return ct_state_match(m);
	return json_pack("{s:{s:s,s:o,s:o}}", "match", "op", m->negate ? "!=" : "==", "left",
			 masked_field(m->field, m->mask), "right", values(m));
}

static json_t *vmap(const struct plan_stmt *s)
{
	const struct plan_key *k = s->vmap.keys;
	json_t *key = masked_field(k[0].field, k[0].mask);

	if (s->vmap.n_keys == 2)
		key = must(
			json_pack("{s:[o,o]}", "concat", key, masked_field(k[1].field, k[1].mask)));
	return json_pack("{s:{s:o,s:o}}", "vmap", "key", key, "data",
			 must(json_sprintf("@%s", s->vmap.map->name)));
}

static json_t *set_mark(enum plan_field f, uint32_t mask, uint32_t mark)
{
	json_t *v;

	if (mask == UINT32_MAX) {
		v = json_integer(mark);
	} else {
		v = json_pack("{s:[o,I]}", "&", must(plain_field(f)), (json_int_t)(uint32_t)~mask);
		if (mark)
			v = json_pack("{s:[o,I]}", "|", must(v), (json_int_t)mark);
	}
	return json_pack("{s:{s:o,s:o}}", "mangle", "key", must(plain_field(f)), "value", must(v));
}

static json_t *verdict(enum plan_verdict v, const struct plan_chain *chain)
{
	switch (v) {
	case PLAN_ACCEPT:
		return json_pack("{s:n}", "accept");
	case PLAN_RETURN:
		return json_pack("{s:n}", "return");
	case PLAN_JUMP:
		return json_pack("{s:{s:s}}", "jump", "target", chain->name);
	case PLAN_GOTO:
		return json_pack("{s:{s:s}}", "goto", "target", chain->name);
	}
	return NULL;
}

static json_t *stmt(const struct plan_stmt *s)
{
	switch (s->kind) {
	case PLAN_STMT_MATCH:
		return match(&s->match);
	case PLAN_STMT_VMAP:
		return vmap(s);
	case PLAN_STMT_SET_MARK:
		return set_mark(s->set_mark.field, s->set_mark.mask, s->set_mark.value);
	case PLAN_STMT_COUNTER:
		return json_pack("{s:n}", "counter");
	case PLAN_STMT_UPDATE:
		return json_pack("{s:{s:s,s:o,s:o}}", "set", "op", "update", "elem",
				 must(plain_field(s->update.field)), "set",
				 must(json_sprintf("@%s", s->update.set->name)));
	case PLAN_STMT_VERDICT:
		return verdict(s->verdict.verdict, s->verdict.chain);
	case PLAN_STMT_MASQUERADE:
		return json_pack("{s:n}", "masquerade");
	}
	return NULL;
}

static void add_rule(struct strbuf *out, const struct plan_chain *c, const struct plan_rule *r)
{
	json_t *exprs = must(json_array()), *rule;

	for (size_t i = 0; i < r->n_stmts; i++)
		if (json_array_append_new(exprs, must(stmt(&r->stmts[i]))) < 0)
			abort();
	rule = must(json_pack("{s:s,s:s,s:s,s:o}", "family", "inet", "table",
			      plan_table_name(c->table), "chain", c->name, "expr", exprs));
	set_comment(rule, r->comment);
	write_command(out, "add", "rule", rule);
}

static void add_chain(struct strbuf *out, const struct plan_chain *c)
{
	json_t *chain = must(json_pack("{s:s,s:s,s:s}", "family", "inet", "table",
				       plan_table_name(c->table), "name", c->name));

	if (c->hook != PLAN_HOOK_NONE) {
		json_t *base = must(json_pack(
			"{s:s,s:s,s:i,s:s}", "type", plan_chain_type_name(c->type), "hook",
			plan_hook_name(c->hook), "prio", c->priority, "policy", "accept"));

		if (json_object_update(chain, base) < 0)
			abort();
		json_decref(base);
	}
	set_comment(chain, c->comment);
	write_command(out, "add", "chain", chain);
}

static json_t *element_key(const struct plan_set *s, const struct plan_element *e)
{
	switch (s->type) {
	case PLAN_TYPE_IPV4_ADDR:
	case PLAN_TYPE_IPV6_ADDR:
		return range_value(&e->range, emit_text_key_family(s->type));
	case PLAN_TYPE_MARK:
		return json_integer(e->mark);
	case PLAN_TYPE_MARK_NFPROTO:
		return json_pack("{s:[I,s]}", "concat", (json_int_t)e->mark,
				 plan_number_name(PLAN_NFPROTO, e->nfproto));
	case PLAN_TYPE_MARK_NFPROTO_SLOT:
		break; /* can_be_said() */
	}
	return NULL;
}

/* Closes the object that `out` ends with again, with one more member: the elements. */
static void add_elements(struct strbuf *out, const struct plan_set *s,
			 const struct plan_element *elements, size_t n)
{
	strbuf_add(out, ",\"elem\":[");
	for (size_t i = 0; i < n; i++) {
		json_t *key = must(element_key(s, &elements[i]));

		if (i > 0)
			strbuf_addc(out, ',');
		write_json(out, s->is_map ? json_pack("[o,{s:{s:s}}]", key, "goto", "target",
						      elements[i].chain->name)
					  : key);
	}
	strbuf_addc(out, ']');
}

static json_t *set_object(const struct plan_set *s)
{
	json_t *set, *type;

	if (s->type == PLAN_TYPE_MARK_NFPROTO)
		type = json_pack("[s,s]", "mark", "nf_proto");
	else
		type = json_string(plan_key_type_name(s->type));
	set = must(json_pack("{s:s,s:s,s:s,s:o}", "family", "inet", "table",
			     plan_table_name(s->table), "name", s->name, "type", must(type)));
	if (s->is_map)
		json_object_set_new(set, "map", must(json_string("verdict")));
	if (s->dynamic) {
		json_object_set_new(set, "size", must(json_integer(PLAN_DYNAMIC_SIZE)));
		json_object_set_new(set, "flags", must(json_pack("[s]", "timeout")));
		json_object_set_new(set, "timeout", must(json_integer(s->timeout_s)));
	} else if (s->interval) {
		json_object_set_new(set, "flags", must(json_pack("[s]", "interval")));
	}
	set_comment(set, s->comment);
	return set;
}

static void add_set(struct strbuf *out, const struct plan_set *s,
		    const struct plan_element *elements, size_t n)
{
	strbuf_addf(out, ",\n{\"add\":{\"%s\":", s->is_map ? "map" : "set");
	write_json(out, set_object(s));
	if (n > 0) {
		/* reopen the object just written, so that no tree of all elements is needed */
		out->text[--out->len] = '\0';
		add_elements(out, s, elements, n);
		strbuf_addc(out, '}');
	}
	strbuf_add(out, "}}");
}

/*
 * libnftables 1.0.6 reads no map by `typeof` from JSON, and a random number has
 * no type by name. The map of balanced groups and the rule that looks into it
 * serve a daemon only (which does not use this form): both are left out, and
 * packets go on to what stands behind that rule, as they do while it is empty.
 */
static bool can_be_said(const struct plan_set *s)
{
	return s->type != PLAN_TYPE_MARK_NFPROTO_SLOT;
}

static bool rule_can_be_said(const struct plan_rule *r)
{
	for (size_t i = 0; i < r->n_stmts; i++)
		if (r->stmts[i].kind == PLAN_STMT_VMAP && !can_be_said(r->stmts[i].vmap.map))
			return false;
	return true;
}

/* Verdicts name chains, rules name sets: so chains without rules first, then sets, then rules. */
static void add_table(struct strbuf *out, const struct plan *p, const struct desired *state,
		      enum plan_table table)
{
	json_t *t = must(json_pack("{s:s,s:s}", "family", "inet", "name", plan_table_name(table)));

	set_comment(t, plan_table_comment(table));
	write_command(out, "add", "table", t);
	for (size_t i = 0; i < p->n_chains; i++)
		if (p->chains[i]->table == table)
			add_chain(out, p->chains[i]);
	for (size_t i = 0; i < p->n_sets; i++) {
		const struct plan_element *elements;
		size_t n;

		if (p->sets[i]->table != table || !can_be_said(p->sets[i]))
			continue;
		elements = desired_elements(p, state, p->sets[i], &n);
		add_set(out, p->sets[i], elements, n);
	}
	for (size_t i = 0; i < p->n_chains; i++) {
		const struct plan_chain *c = p->chains[i];

		for (size_t k = 0; c->table == table && k < c->n_rules; k++)
			if (rule_can_be_said(&c->rules[k]))
				add_rule(out, c, &c->rules[k]);
	}
}

static const struct plan_rule *find_cgroup_rule(const struct plan *p)
{
	for (size_t i = 0; i < p->n_chains; i++) {
		const struct plan_chain *c = p->chains[i];

		for (size_t k = 0; k < c->n_rules; k++) {
			const struct plan_rule *r = &c->rules[k];

			for (size_t m = 0; m < r->n_stmts; m++)
				if (r->stmts[m].kind == PLAN_STMT_MATCH &&
				    r->stmts[m].match.field == PLAN_CGROUPV2)
					return r;
		}
	}
	return NULL;
}

static void add_head(struct strbuf *out, const char *policy)
{
	_cleanup_(strbuf_done) struct strbuf name = STRBUF_NULL;

	emit_text_plain(&name, policy, 200);
	strbuf_add(out, "{\"nftables\":[\n");
	write_json(out,
		   json_pack("{s:{s:i,s:s,s:s}}", "metainfo", "json_schema_version", 1, "generator",
			     "omr-nft " OMR_VERSION, "policy", strbuf_text(&name)));
	for (int t = 0; t < PLAN_TABLE_COUNT; t++) {
		const char *table = plan_table_name((enum plan_table)t);

		write_command(out, "add", "table",
			      json_pack("{s:s,s:s}", "family", "inet", "name", table));
		write_command(out, "delete", "table",
			      json_pack("{s:s,s:s}", "family", "inet", "name", table));
	}
}

int emit_nft_json(const struct plan *p, const char *policy, struct strbuf *out,
		  const struct plan_rule **ret_rule)
{
	_cleanup_(arena_freep) struct arena *a = NULL;
	const struct plan_rule *refused = find_cgroup_rule(p);
	struct desired state;

	if (refused) {
		*ret_rule = refused;
		return -EOPNOTSUPP;
	}
	a = arena_new();
	emit_text_state(p, a, &state);
	add_head(out, policy);
	for (int t = 0; t < PLAN_TABLE_COUNT; t++)
		add_table(out, p, &state, (enum plan_table)t);
	strbuf_add(out, "\n]}\n");
	return 0;
}
