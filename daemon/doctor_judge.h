/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What on a machine will fight a bypass router, and what to do about it: facts
 * in, findings out. Pure; doctor_look.c gathers the facts.
 */
#pragma once

#include "model/netstate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

/* What the daemon claims; without a daemon what every policy has by default. */
struct doctor_claims {
	bool known; /* the daemon said it */
	uint32_t mark_mask;
	uint32_t *marks;
	size_t n_marks;
	uint32_t *tables;
	size_t n_tables;
	uint32_t first_priority, last_priority; /* of our ip rules */
	bool domains; /* there are rules with domains */
};

struct doctor_link {
	const char *name, *device;
	bool probed, present;
	int rp_filter; /* in force; -1: not known */
	int ignore_linkdown[INET_FAMILY_COUNT]; /* -1: not known */
};

/* A rule of somebody else's ruleset that writes marks. */
struct doctor_mark_writer {
	const char *table; /* "ip mangle" */
	const char *chain;
	bool conntrack; /* the flow's mark, not the packet's */
	uint32_t bits; /* that it changes */
};

struct doctor_chain {
	const char *table; /* "ip filter" */
	const char *name;
	bool base, drops;
	uint32_t hook; /* NF_INET_*; of base chains */
	int32_t priority;
};

/* Whether something runs or is set; UNKNOWN where nobody could tell. */
enum doctor_answer {
	DOCTOR_UNKNOWN,
	DOCTOR_NO,
	DOCTOR_YES,
};

struct doctor_facts {
	struct doctor_claims claims;
	struct doctor_link *links;
	size_t n_links;
	const struct netstate *net; /* rules and default routes; NULL: not known */
	const char **devices; /* names of all */
	size_t n_devices;
	struct doctor_chain *chains;
	size_t n_chains, cap_chains;
	struct doctor_mark_writer *writers;
	size_t n_writers, cap_writers;
	enum doctor_answer nf_tables, conntrack, ruleset_read;
	uint64_t conntrack_count, conntrack_max;
	int forward[INET_FAMILY_COUNT]; /* 0, 1; -1: not known */
	int src_valid_mark; /* of all */
	enum doctor_answer networkd,
		networkd_keeps_rules; /* runs; ManageForeignRoutingPolicyRules=no */
	enum doctor_answer network_manager;
	enum doctor_answer dnsmasq, dnsmasq_nftset, dnsmasq_loaded;
};

enum doctor_level {
	DOCTOR_NOTE, /* fine, but good to know */
	DOCTOR_WARNING, /* may hurt */
	DOCTOR_PROBLEM, /* hurts */
};

struct doctor_finding {
	enum doctor_level level;
	const char *topic; /* "marks", "rp_filter": for programs */
	const char *text; /* what is so, and why it matters */
	const char *remedy; /* what to do; NULL: nothing to do */
};

struct doctor_findings {
	struct arena *arena;
	struct doctor_finding *list;
	size_t n, cap;
};

/* Problems first. */
void doctor_judge(const struct doctor_facts *f, struct arena *a, struct doctor_findings *ret);
const char *doctor_judge_level(enum doctor_level l); /* "problem" */
