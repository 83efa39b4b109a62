/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tables of a plan do with the first packet of a flow: an interpreter
 * of omr_bypass for `omr-nftctl why`. Pure. What the question does not say is
 * not guessed: a rule that depends on it is named with the keys it needs, and
 * the answer is what happens when that rule does not match.
 */
#pragma once

#include "model/plan.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* What a question may say beside the destination. */
enum plan_eval_key {
	PLAN_EVAL_FROM = 1 << 0,
	PLAN_EVAL_PROTO = 1 << 1,
	PLAN_EVAL_SPORT = 1 << 2,
	PLAN_EVAL_DPORT = 1 << 3,
	PLAN_EVAL_IIF = 1 << 4, /* not said: any device but the links' */
	PLAN_EVAL_MAC = 1 << 5,
	PLAN_EVAL_DSCP = 1 << 6,
	PLAN_EVAL_ICMP_TYPE = 1 << 7,
	PLAN_EVAL_UID = 1 << 8,
	PLAN_EVAL_CGROUP = 1 << 9,
};
#define PLAN_EVAL_KEYS 10

/* The key as it is written on the command line and in a request: "from", "icmp_type". */
const char *plan_eval_key_name(unsigned number); /* 0..PLAN_EVAL_KEYS-1 */

struct plan_eval_packet {
	enum inet_family family;
	struct inet_addr daddr;
	unsigned given; /* bits of enum plan_eval_key */
	struct inet_addr saddr;
	uint8_t proto;
	uint16_t sport, dport;
	const char *iif;
	uint8_t mac[6];
	uint8_t dscp, icmp_type;
	uint32_t uid;
	const char *cgroup; /* path below the cgroup2 root, no leading '/' */
	bool local; /* of this machine itself */
	uint32_t mark; /* 0: none */
	uint32_t daddr_type; /* RTN_* of the destination */
	uint32_t second_of_day, weekday; /* UTC; 0 Sunday */
};

/* Is the address in a set that is filled at run time? 1, 0, or below 0 when nobody can tell. */
struct plan_eval_learnt {
	int (*find)(void *data, const struct plan_set *set, const struct inet_addr *addr);
	void *data;
};

#define PLAN_EVAL_NOTHING ((size_t)-1)

enum plan_eval_outcome {
	PLAN_EVAL_RULE, /* `rule` matches */
	PLAN_EVAL_OTHERWISE, /* no rule does: the policy's "default" */
	PLAN_EVAL_NO_RULE, /* no rule does: main routing */
	PLAN_EVAL_MARKED, /* it bears a target's mark already */
	PLAN_EVAL_LEFT_ALONE, /* not classified at all: `because` */
};

/* A rule before the one that matches, of which the question says too little. */
struct plan_eval_maybe {
	size_t rule; /* index into policy->rules */
	size_t target; /* PLAN_EVAL_NOTHING: main routing */
	unsigned needs; /* bits of enum plan_eval_key; 0: what the kernel has learnt is not known */
};

struct plan_eval_answer {
	enum plan_eval_outcome outcome;
	size_t rule; /* PLAN_EVAL_RULE */
	size_t target; /* index into plan->targets; PLAN_EVAL_NOTHING: main routing */
	const char *because;
	/* how the destination was found, if the rule asks for it */
	bool by_range, by_learnt;
	struct inet_range range;
	struct plan_eval_maybe *maybes; /* in the order of the rules */
	size_t n_maybes, cap_maybes;
};

void plan_eval_packet(const struct plan *p, const struct plan_eval_packet *packet,
		      const struct plan_eval_learnt *learnt, struct arena *a,
		      struct plan_eval_answer *ret);

/*
 * The chain of a policy rule ("rule_NAME"), or of what none matches with rule PLAN_EVAL_NOTHING.
 * The search begins at *cursor, at first 0, and leaves it there: rules asked for in their order
 * are found at once.
 */
const struct plan_chain *plan_eval_rule_chain(const struct plan *p, size_t rule, size_t *cursor);
/* Where that chain leads; PLAN_EVAL_NOTHING: main routing, or no such chain. */
size_t plan_eval_chain_target(const struct plan *p, const struct plan_chain *c);
