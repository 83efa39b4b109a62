/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/plan_eval.h"

#include "base/arena.h"

#include <string.h>

/* IPPROTO_*: RFC 5237's registry */
enum {
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ICMPV6 = 58,
};
/* NFPROTO_*, include/uapi/linux/netfilter.h */
#define NFPROTO_V4 2
#define NFPROTO_V6 10

#define RULE_PREFIX "rule_"
#define OTHERWISE   "otherwise"

/* Ordered: of several matches that all must hold, the lowest counts. */
enum truth {
	NO,
	UNKNOWN,
	YES,
};

struct pass {
	const struct plan *plan;
	const struct plan_eval_packet *packet;
	const struct plan_eval_learnt *learnt;
	struct arena *arena;
	struct plan_eval_answer *answer;
	size_t rule_cursor; /* rules are met in their order */
	/* of the statement being looked at */
	unsigned needs;
	bool by_range, by_learnt;
	struct inet_range range;
};

static const char *const key_names[PLAN_EVAL_KEYS] = {
	"from", "proto", "sport", "dport", "iif", "mac", "dscp", "icmp_type", "uid", "cgroup",
};

const char *plan_eval_key_name(unsigned number)
{
	return number < PLAN_EVAL_KEYS ? key_names[number] : NULL;
}

/* ---- values -------------------------------------------------------------- */

static enum truth truth_of(bool b)
{
	return b ? YES : NO;
}

static bool number_in(const struct plan_match *m, uint32_t n)
{
	for (size_t i = 0; i < m->n_values; i++)
		if (n >= m->values[i].number.lo && n <= m->values[i].number.hi)
			return true;
	return false;
}

static bool name_in(const struct plan_match *m, const char *name)
{
	for (size_t i = 0; i < m->n_values; i++)
		if (!strcmp(m->values[i].name, name))
			return true;
	return false;
}

static const struct inet_range *value_of(const struct plan_match *m, const struct inet_addr *addr)
{
	for (size_t i = 0; i < m->n_values; i++) {
		const struct inet_range *r = &m->values[i].range;

		if (inet_addr_cmp(&r->lo, addr) <= 0 && inet_addr_cmp(addr, &r->hi) <= 0)
			return r;
	}
	return NULL;
}

/* Sorted and disjoint, perhaps a million of them. */
static const struct plan_element *element_of(const struct plan_set *s, const struct inet_addr *addr)
{
	size_t lo = 0, hi = s->n_elements;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct plan_element *e = &s->elements[mid];

		if (inet_addr_cmp(addr, &e->range.lo) < 0)
			hi = mid;
		else if (inet_addr_cmp(addr, &e->range.hi) > 0)
			lo = mid + 1;
		else
			return e;
	}
	return NULL;
}

static bool mark_in(const struct plan_match *m, uint32_t mark)
{
	mark &= m->mask;
	if (!m->set)
		return number_in(m, mark);
	for (size_t i = 0; i < m->set->n_elements; i++)
		if (m->set->elements[i].mark == mark)
			return true;
	return false;
}

/* ---- one match ----------------------------------------------------------- */

static bool given(const struct pass *s, unsigned key)
{
	return s->packet->given & key;
}

/* YES or NO when the question says the key, else the key is needed. */
static enum truth if_given(struct pass *s, unsigned key, bool holds)
{
	if (given(s, key))
		return truth_of(holds);
	s->needs |= key;
	return UNKNOWN;
}

static enum truth match_daddr(struct pass *s, const struct plan_match *m)
{
	const struct inet_addr *addr = &s->packet->daddr;
	const struct inet_range *value;
	int r;

	if (m->set && m->set->content == PLAN_CONTENT_DNS) {
		r = s->learnt ? s->learnt->find(s->learnt->data, m->set, addr) : -1;
		s->by_learnt = r > 0;
		return r < 0 ? UNKNOWN : truth_of(r > 0);
	}
	if (m->set) {
		const struct plan_element *e = element_of(m->set, addr);

		value = e ? &e->range : NULL;
	} else {
		value = value_of(m, addr);
	}
	if (!value)
		return NO;
	s->by_range = true;
	s->range = *value;
	return YES;
}

static enum truth match_saddr(struct pass *s, const struct plan_match *m)
{
	const struct inet_addr *addr = &s->packet->saddr;
	bool in = m->set ? element_of(m->set, addr) != NULL : value_of(m, addr) != NULL;

	return if_given(s, PLAN_EVAL_FROM, in);
}

static enum truth match_iif(struct pass *s, const struct plan_match *m)
{
	if (s->packet->local)
		return NO; /* a packet of our own came in nowhere */
	if (given(s, PLAN_EVAL_IIF))
		return truth_of(name_in(m, s->packet->iif));
	for (size_t i = 0; i < m->n_values; i++) {
		bool link = false;

		for (size_t k = 0; k < s->plan->n_links; k++)
			link |= !strcmp(s->plan->links[k].device, m->values[i].name);
		if (!link)
			return if_given(s, PLAN_EVAL_IIF, false);
	}
	return NO;
}

static bool mac_in(const struct plan_match *m, const uint8_t mac[6])
{
	for (size_t i = 0; i < m->n_values; i++)
		if (!memcmp(m->values[i].mac, mac, 6))
			return true;
	return false;
}

static bool cgroup_in(const struct plan_match *m, const char *path)
{
	for (size_t i = 0; i < m->n_values; i++) {
		size_t len = strlen(m->values[i].name);

		if (!strncmp(m->values[i].name, path, len) &&
		    (path[len] == '/' || path[len] == '\0'))
			return true;
	}
	return false;
}

/* A field of a protocol's header; proto 0: whatever the protocol, a match before this one says it. */
static enum truth match_header(struct pass *s, const struct plan_match *m, uint8_t proto,
			       unsigned key, uint32_t value)
{
	enum truth protocol = YES, field;

	if (given(s, key) && !number_in(m, value))
		return NO;
	if (proto)
		protocol = if_given(s, PLAN_EVAL_PROTO, s->packet->proto == proto);
	if (protocol == NO)
		return NO;
	field = if_given(s, key, true);
	return field < protocol ? field : protocol;
}

static enum truth match_field(struct pass *s, const struct plan_match *m)
{
	const struct plan_eval_packet *p = s->packet;
	enum inet_family f = p->family;

	switch (m->field) {
	case PLAN_META_MARK:
		return truth_of(mark_in(m, p->mark));
	case PLAN_CT_MARK:
		return truth_of(mark_in(m, 0));
	case PLAN_NFPROTO:
		return truth_of(number_in(m, f == INET4 ? NFPROTO_V4 : NFPROTO_V6));
	case PLAN_L4PROTO:
		return if_given(s, PLAN_EVAL_PROTO, number_in(m, p->proto));
	case PLAN_IIFNAME:
		return match_iif(s, m);
	case PLAN_SKUID:
		return p->local ? if_given(s, PLAN_EVAL_UID, number_in(m, p->uid)) : NO;
	case PLAN_CGROUPV2:
		if (!p->local)
			return NO;
		return if_given(s, PLAN_EVAL_CGROUP,
				given(s, PLAN_EVAL_CGROUP) && cgroup_in(m, p->cgroup));
	case PLAN_HOUR:
		return truth_of(number_in(m, p->second_of_day));
	case PLAN_DAY:
		return truth_of(number_in(m, p->weekday));
	case PLAN_ETHER_SADDR:
		return p->local ? NO : if_given(s, PLAN_EVAL_MAC, mac_in(m, p->mac));
	case PLAN_IP_SADDR:
		return f == INET4 ? match_saddr(s, m) : NO;
	case PLAN_IP6_SADDR:
		return f == INET6 ? match_saddr(s, m) : NO;
	case PLAN_IP_DADDR:
		return f == INET4 ? match_daddr(s, m) : NO;
	case PLAN_IP6_DADDR:
		return f == INET6 ? match_daddr(s, m) : NO;
	case PLAN_IP_DSCP:
		return f == INET4 ? if_given(s, PLAN_EVAL_DSCP, number_in(m, p->dscp)) : NO;
	case PLAN_IP6_DSCP:
		return f == INET6 ? if_given(s, PLAN_EVAL_DSCP, number_in(m, p->dscp)) : NO;
	case PLAN_TCP_SPORT:
		return match_header(s, m, PROTO_TCP, PLAN_EVAL_SPORT, p->sport);
	case PLAN_TCP_DPORT:
		return match_header(s, m, PROTO_TCP, PLAN_EVAL_DPORT, p->dport);
	case PLAN_UDP_SPORT:
		return match_header(s, m, PROTO_UDP, PLAN_EVAL_SPORT, p->sport);
	case PLAN_UDP_DPORT:
		return match_header(s, m, PROTO_UDP, PLAN_EVAL_DPORT, p->dport);
	case PLAN_TH_SPORT:
		return match_header(s, m, 0, PLAN_EVAL_SPORT, p->sport);
	case PLAN_TH_DPORT:
		return match_header(s, m, 0, PLAN_EVAL_DPORT, p->dport);
	case PLAN_ICMP_TYPE:
		return f == INET4
			       ? match_header(s, m, PROTO_ICMP, PLAN_EVAL_ICMP_TYPE, p->icmp_type)
			       : NO;
	case PLAN_ICMPV6_TYPE:
		return f == INET6
			       ? match_header(s, m, PROTO_ICMPV6, PLAN_EVAL_ICMP_TYPE, p->icmp_type)
			       : NO;
	case PLAN_CT_STATE: /* the first of its flow */
		for (size_t i = 0; i < m->n_values; i++)
			if (m->values[i].number.lo & PLAN_CT_NEW)
				return YES;
		return NO;
	case PLAN_CT_DIRECTION:
		return truth_of(number_in(m, 0));
	case PLAN_FIB_DADDR_TYPE:
		return truth_of(number_in(m, p->daddr_type));
	case PLAN_OIFNAME: /* not known before routing; omr_bypass does not ask */
	case PLAN_FIB_SADDR_TYPE:
	case PLAN_FIB_SADDR_OIF_TYPE:
	case PLAN_RANDOM_SLOT: /* omr_egress only */
		return UNKNOWN;
	}
	return UNKNOWN;
}

static enum truth match(struct pass *s, const struct plan_match *m)
{
	enum truth t = match_field(s, m);

	if (m->negate && t != UNKNOWN)
		t = t == YES ? NO : YES;
	return t;
}

/* ---- chains -------------------------------------------------------------- */

static bool is_rule_chain(const struct plan_chain *c, const char *name)
{
	if (c->table != PLAN_TABLE_BYPASS)
		return false;
	if (!name)
		return !strcmp(c->name, OTHERWISE);
	return !strncmp(c->name, RULE_PREFIX, strlen(RULE_PREFIX)) &&
	       !strcmp(c->name + strlen(RULE_PREFIX), name);
}

const struct plan_chain *plan_eval_rule_chain(const struct plan *p, size_t rule, size_t *cursor)
{
	const char *name = rule == PLAN_EVAL_NOTHING ? NULL : p->policy->rules[rule].name;

	for (size_t i = 0; i < p->n_chains; i++) {
		size_t at = (*cursor + i) % p->n_chains;

		if (is_rule_chain(p->chains[at], name)) {
			*cursor = at;
			return p->chains[at];
		}
	}
	return NULL;
}

size_t plan_eval_chain_target(const struct plan *p, const struct plan_chain *c)
{
	const struct plan_chain *via = NULL;

	for (size_t i = 0; c && i < c->n_rules; i++)
		for (size_t k = 0; k < c->rules[i].n_stmts; k++)
			if (c->rules[i].stmts[k].kind == PLAN_STMT_VERDICT)
				via = c->rules[i].stmts[k].verdict.chain;
	for (size_t i = 0; via && i < p->n_targets; i++)
		if (p->targets[i].via == via)
			return i;
	return PLAN_EVAL_NOTHING;
}

static size_t rule_of_chain(struct pass *s, const struct plan_chain *c)
{
	const struct policy *p = s->plan->policy;

	for (size_t i = 0; i < p->n_rules; i++) {
		size_t at = (s->rule_cursor + i) % p->n_rules;

		if (is_rule_chain(c, p->rules[at].name)) {
			s->rule_cursor = at;
			return at;
		}
	}
	return PLAN_EVAL_NOTHING;
}

static void add_maybe(struct pass *s, size_t rule, const struct plan_chain *c)
{
	struct plan_eval_answer *a = s->answer;

	/* several statements of one rule stand together */
	if (a->n_maybes && a->maybes[a->n_maybes - 1].rule == rule) {
		a->maybes[a->n_maybes - 1].needs |= s->needs;
		return;
	}
	*ARENA_PUSH(s->arena, a->maybes, a->n_maybes, a->cap_maybes) = (struct plan_eval_maybe){
		.rule = rule, .target = plan_eval_chain_target(s->plan, c), .needs = s->needs
	};
}

/* What became of one rule of a chain. */
struct step {
	enum truth truth;
	bool decides; /* it has a verdict */
	enum plan_verdict verdict;
	const struct plan_chain *chain;
};

static void step_statement(struct pass *s, const struct plan_stmt *stmt, struct step *step)
{
	enum plan_field daddr = s->packet->family == INET4 ? PLAN_IP_DADDR : PLAN_IP6_DADDR;
	const struct plan_element *e;
	enum truth t;

	switch (stmt->kind) {
	case PLAN_STMT_MATCH:
		t = match(s, &stmt->match);
		if (t < step->truth)
			step->truth = t;
		break;
	case PLAN_STMT_VMAP:
		e = stmt->vmap.keys[0].field == daddr
			    ? element_of(stmt->vmap.map, &s->packet->daddr)
			    : NULL;
		if (!e) {
			step->truth = NO;
			break;
		}
		s->by_range = true;
		s->range = e->range;
		step->decides = true;
		step->verdict = PLAN_GOTO;
		step->chain = e->chain;
		break;
	case PLAN_STMT_VERDICT:
		step->decides = true;
		step->verdict = stmt->verdict.verdict;
		step->chain = stmt->verdict.chain;
		break;
	case PLAN_STMT_SET_MARK:
	case PLAN_STMT_COUNTER:
	case PLAN_STMT_UPDATE:
	case PLAN_STMT_MASQUERADE:
		break;
	}
}

static struct step step_rule(struct pass *s, const struct plan_rule *r)
{
	struct step step = { .truth = YES };

	s->needs = 0;
	s->by_range = s->by_learnt = false;
	for (size_t i = 0; i < r->n_stmts && step.truth != NO; i++)
		step_statement(s, &r->stmts[i], &step);
	return step;
}

static void settle(struct pass *s, enum plan_eval_outcome outcome, size_t rule,
		   const struct plan_chain *c)
{
	struct plan_eval_answer *a = s->answer;

	a->outcome = outcome;
	a->rule = rule;
	a->target = plan_eval_chain_target(s->plan, c);
	a->by_range = s->by_range;
	a->by_learnt = s->by_learnt;
	a->range = s->range;
}

/* True: decided. */
static bool walk(struct pass *s, const struct plan_chain *c)
{
	for (size_t i = 0; i < c->n_rules; i++) {
		struct step step = step_rule(s, &c->rules[i]);
		size_t rule;

		if (step.truth == NO || !step.decides)
			continue;
		if (!step.chain) {
			if (step.truth == UNKNOWN)
				continue;
			s->answer->outcome = PLAN_EVAL_LEFT_ALONE;
			s->answer->because = c->rules[i].comment;
			return true;
		}
		rule = rule_of_chain(s, step.chain);
		if (step.truth == UNKNOWN) {
			if (rule != PLAN_EVAL_NOTHING)
				add_maybe(s, rule, step.chain);
			continue;
		}
		if (rule != PLAN_EVAL_NOTHING || !strcmp(step.chain->name, OTHERWISE)) {
			settle(s, rule != PLAN_EVAL_NOTHING ? PLAN_EVAL_RULE : PLAN_EVAL_OTHERWISE,
			       rule, step.chain);
			return true;
		}
		if (walk(s, step.chain))
			return true;
		if (step.verdict == PLAN_GOTO)
			return false;
	}
	return false;
}

/* A mark that is there already is a target's, or somebody else's business. */
static bool marked(struct pass *s)
{
	uint32_t mark = s->packet->mark & s->plan->mark_mask;

	if (!mark)
		return false;
	s->answer->outcome = PLAN_EVAL_LEFT_ALONE;
	s->answer->because = "a mark that is no target's";
	for (size_t i = 0; i < s->plan->n_targets; i++)
		if (s->plan->targets[i].mark == mark) {
			s->answer->outcome = PLAN_EVAL_MARKED;
			s->answer->target = i;
		}
	return true;
}

void plan_eval_packet(const struct plan *p, const struct plan_eval_packet *packet,
		      const struct plan_eval_learnt *learnt, struct arena *a,
		      struct plan_eval_answer *ret)
{
	struct pass s = {
		.plan = p, .packet = packet, .learnt = learnt, .arena = a, .answer = ret
	};
	enum plan_hook hook = packet->local ? PLAN_HOOK_OUTPUT : PLAN_HOOK_PREROUTING;

	*ret = (struct plan_eval_answer){ .outcome = PLAN_EVAL_NO_RULE,
					  .rule = PLAN_EVAL_NOTHING,
					  .target = PLAN_EVAL_NOTHING };
	if (marked(&s))
		return;
	for (size_t i = 0; i < p->n_chains; i++)
		if (p->chains[i]->table == PLAN_TABLE_BYPASS && p->chains[i]->hook == hook &&
		    walk(&s, p->chains[i]))
			return;
}
