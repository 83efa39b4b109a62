/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A plan built by hand, small but with every kind of set, and rules to which a
 * test adds the statements it wants to see written.
 */
#pragma once

#include "base/arena.h"
#include "base/inet.h"
#include "model/plan.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

struct sample {
	struct arena *arena;
	struct plan plan;
	struct plan_set map4, set6, dns4, dns6, marks, egress, alive;
	struct plan_chain rule_a, base, nat, to_fiber;
	struct plan_rule rules[16];
};

static inline struct inet_range sample_range(const char *text)
{
	enum inet_family f;
	struct inet_range r;

	assert_int_equal(inet_parse_range(text, strlen(text), &f, &r), 0);
	return r;
}

static inline struct inet_addr sample_addr(const char *text)
{
	return sample_range(text).lo;
}

static inline struct plan_element *sample_elements(struct sample *s, const char *const *texts,
						   size_t n, const struct plan_chain *chain)
{
	struct plan_element *e = arena_calloc(s->arena, n, sizeof(*e));

	for (size_t i = 0; i < n; i++) {
		e[i].range = sample_range(texts[i]);
		e[i].chain = chain;
	}
	return e;
}

static inline void sample_sets(struct sample *s)
{
	static const char *const four[] = { "10.0.0.0/8", "198.51.100.7",
					    "203.0.113.1-203.0.113.9" };
	static const char *const six[] = { "2001:db8::/32", "2001:db9::1" };
	struct plan_element *m = arena_calloc(s->arena, 2, sizeof(*m));

	s->map4 = (struct plan_set){ .table = PLAN_TABLE_BYPASS,
				     .name = "omr_dst_bypass_4",
				     .type = PLAN_TYPE_IPV4_ADDR,
				     .comment = "static destinations",
				     .is_map = true,
				     .interval = true,
				     .life = PLAN_SLOTTED,
				     .n_elements = 3,
				     .elements = sample_elements(s, four, 3, &s->rule_a) };
	s->set6 = (struct plan_set){ .table = PLAN_TABLE_BYPASS,
				     .name = "to_a_6",
				     .type = PLAN_TYPE_IPV6_ADDR,
				     .interval = true,
				     .life = PLAN_SLOTTED,
				     .n_elements = 2,
				     .elements = sample_elements(s, six, 2, NULL) };
	s->dns4 = (struct plan_set){ .table = PLAN_TABLE_BYPASS,
				     .name = "omr_dns_bypass_a_4",
				     .type = PLAN_TYPE_IPV4_ADDR,
				     .dynamic = true,
				     .timeout_s = 90061,
				     .content = PLAN_CONTENT_DNS };
	s->dns6 = s->dns4;
	s->dns6.name = "omr_dns_bypass_a_6";
	s->dns6.type = PLAN_TYPE_IPV6_ADDR;
	m[0].mark = 0x539;
	m[1].mark = 0x5397;
	s->marks = (struct plan_set){ .table = PLAN_TABLE_EGRESS,
				      .name = "targets",
				      .type = PLAN_TYPE_MARK,
				      .elements = m,
				      .n_elements = 2 };
	s->egress = (struct plan_set){ .table = PLAN_TABLE_EGRESS,
				       .name = "egress",
				       .type = PLAN_TYPE_MARK_NFPROTO,
				       .is_map = true,
				       .content = PLAN_CONTENT_STATE };
	s->alive = s->egress;
	s->alive.name = "alive";
}

static inline void sample_routing(struct sample *s)
{
	struct plan *p = &s->plan;

	p->links = arena_calloc(s->arena, 2, sizeof(*p->links));
	p->links[0] = (struct plan_link){
		.name = "fiber",
		.device = "eth1",
		.id = 7,
		.mark = 0x5397,
		.table = 7,
		.probe = -1,
		.gateway = { { POLICY_GATEWAY_ADDR, sample_addr("192.0.2.1") },
			     { POLICY_GATEWAY_ADDR, sample_addr("fe80::1") } }
	};
	p->links[1] = (struct plan_link){ .name = "lte",
					  .device = "wwan0",
					  .id = 8,
					  .mark = 0x5398,
					  .table = 8,
					  .probe = -1,
					  .gateway = { { .kind = POLICY_GATEWAY_NONE },
						       { .kind = POLICY_GATEWAY_AUTO } } };
	p->n_links = 2;

	p->targets = arena_calloc(s->arena, 1, sizeof(*p->targets));
	p->targets[0] = (struct plan_target){ .name = "fiber",
					      .mark = 0x5397,
					      .is_link = true,
					      .candidates = arena_calloc(
						      s->arena, 1, sizeof(struct plan_candidate)),
					      .n_candidates = 1,
					      .last = PLAN_LAST_MAIN };
	p->targets[0].candidates[0] = (struct plan_candidate){
		.link = 0, .weight = 1, .mark = 0x5397, .to = &s->to_fiber
	};
	p->n_targets = 1;

	p->group_tables = arena_calloc(s->arena, 1, sizeof(*p->group_tables));
	p->group_tables[0] = (struct plan_group_table){
		.name = "default",
		.table = 991337,
		.mode = POLICY_GROUP_FAILOVER,
		.n_members = 2,
		.members = arena_calloc(s->arena, 2, sizeof(*p->group_tables->members))
	};
	p->group_tables[0].members[0].link = 0;
	p->group_tables[0].members[0].weight = 7;
	p->group_tables[0].members[1].link = 1;
	p->group_tables[0].members[1].weight = 3;
	p->n_group_tables = 1;

	p->ip_rules = arena_calloc(s->arena, 3, sizeof(*p->ip_rules));
	p->ip_rules[0] = (struct plan_ip_rule){ .priority = 1000,
						.families = { true, true },
						.invert = true,
						.fwmask = 0xffffff,
						.table = 254,
						.suppress_prefixlength = 1,
						.comment = "local first" };
	p->ip_rules[1] = (struct plan_ip_rule){ .priority = 1010,
						.families = { true, true },
						.fwmark = 0x5397,
						.fwmask = 0xffffff,
						.table = 7,
						.suppress_prefixlength = -1 };
	p->ip_rules[2] = (struct plan_ip_rule){ .priority = 1040,
						.families = { false, true },
						.fwmark = 0x5397,
						.fwmask = 0xffffff,
						.action = PLAN_IP_UNREACHABLE,
						.suppress_prefixlength = -1 };
	p->n_ip_rules = 3;
}

static inline void sample_build(struct sample *s)
{
	memset(s, 0, sizeof(*s));
	s->arena = arena_new();
	s->plan.mark_mask = 0xffffff;
	sample_sets(s);
	s->rule_a = (struct plan_chain){ .table = PLAN_TABLE_BYPASS,
					 .name = "rule_a",
					 .comment = "policy rule a",
					 .rules = s->rules };
	s->base = (struct plan_chain){ .table = PLAN_TABLE_BYPASS,
				       .name = "prerouting",
				       .hook = PLAN_HOOK_PREROUTING,
				       .type = PLAN_CHAIN_FILTER,
				       .priority = -160 };
	s->nat = (struct plan_chain){ .table = PLAN_TABLE_EGRESS,
				      .name = "postrouting",
				      .hook = PLAN_HOOK_POSTROUTING,
				      .type = PLAN_CHAIN_NAT,
				      .priority = 100 };
	s->to_fiber = (struct plan_chain){ .table = PLAN_TABLE_EGRESS, .name = "to_fiber" };
	s->plan.sets = arena_calloc(s->arena, 7, sizeof(*s->plan.sets));
	memcpy(s->plan.sets,
	       ((struct plan_set *[]){ &s->map4, &s->set6, &s->dns4, &s->dns6, &s->marks,
				       &s->egress, &s->alive }),
	       7 * sizeof(*s->plan.sets));
	s->plan.n_sets = 7;
	s->plan.chains = arena_calloc(s->arena, 4, sizeof(*s->plan.chains));
	memcpy(s->plan.chains,
	       ((struct plan_chain *[]){ &s->rule_a, &s->base, &s->to_fiber, &s->nat }),
	       4 * sizeof(*s->plan.chains));
	s->plan.n_chains = 4;
	s->plan.egress = &s->egress;
	s->plan.alive = &s->alive;
	sample_routing(s);
}

/* One more rule of chain rule_a, of one statement. */
static inline struct plan_stmt *sample_rule(struct sample *s, enum plan_stmt_kind kind)
{
	struct plan_stmt *stmt = arena_alloc(s->arena, sizeof(*stmt));
	struct plan_rule *r = &s->rules[s->rule_a.n_rules++];

	stmt->kind = kind;
	r->stmts = stmt;
	r->n_stmts = 1;
	return stmt;
}

static inline struct plan_match *sample_match(struct sample *s, enum plan_field f,
					      const struct plan_value *values, size_t n)
{
	struct plan_match *m = &sample_rule(s, PLAN_STMT_MATCH)->match;

	m->field = f;
	m->mask = UINT32_MAX;
	m->values = values;
	m->n_values = n;
	return m;
}

static inline void sample_done(struct sample *s)
{
	s->arena = arena_free(s->arena);
}
