/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plan: what a policy compiles to, before any syntax. Typed, closed and
 * ordered; every back end (nft text, nft JSON, netlink, ip, dnsmasq) is a
 * switch without `default` over the enums here, so a new kind makes the
 * compiler list what is missing. Same policy, same plan, same bytes.
 *
 * Numbers are in host order; addresses are bytes in network order. Everything
 * lives in the arena given to plan_compile(). Pointers inside the plan point
 * into the plan.
 */
#pragma once

#include "base/inet.h"
#include "model/policy.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct diag_list;
struct strbuf;

/* ---- nft objects ------------------------------------------------------- */

enum plan_table {
	PLAN_TABLE_BYPASS, /* inet omr_bypass: what is bypassed, and to which target */
	PLAN_TABLE_EGRESS, /* inet omr_egress: where a target leaves now */
};
#define PLAN_TABLE_COUNT (PLAN_TABLE_EGRESS + 1)

/* What a match, a map key or a set key looks at. */
enum plan_field {
	PLAN_META_MARK, /* u32, masked */
	PLAN_CT_MARK, /* u32, masked */
	PLAN_NFPROTO, /* 2 ipv4, 10 ipv6 (NFPROTO_*) */
	PLAN_L4PROTO, /* IPPROTO_* */
	PLAN_IIFNAME, /* name */
	PLAN_OIFNAME, /* name */
	PLAN_SKUID, /* uid */
	PLAN_CGROUPV2, /* name: path below the root; level = its number of components */
	PLAN_HOUR, /* second of the UTC day, 0..86399 */
	PLAN_DAY, /* 0 Sunday .. 6 Saturday, UTC */
	PLAN_ETHER_SADDR, /* mac */
	PLAN_IP_SADDR, /* range */
	PLAN_IP_DADDR, /* range */
	PLAN_IP6_SADDR, /* range */
	PLAN_IP6_DADDR, /* range */
	PLAN_IP_DSCP, /* 0..63 */
	PLAN_IP6_DSCP, /* 0..63 */
	PLAN_TCP_SPORT,
	PLAN_TCP_DPORT,
	PLAN_UDP_SPORT,
	PLAN_UDP_DPORT,
	PLAN_TH_SPORT, /* after a match on l4proto */
	PLAN_TH_DPORT,
	PLAN_ICMP_TYPE,
	PLAN_ICMPV6_TYPE,
	PLAN_CT_STATE, /* bits: enum plan_ct_state; any of them */
	PLAN_CT_DIRECTION, /* 0 original, 1 reply (IP_CT_DIR_*) */
	PLAN_FIB_DADDR_TYPE, /* RTN_* */
	PLAN_FIB_SADDR_TYPE, /* RTN_* */
	PLAN_FIB_SADDR_OIF_TYPE, /* RTN_*, of the address on the outgoing device */
	PLAN_RANDOM_SLOT, /* a random number below PLAN_SLOTS, new for each packet; keys only */
};
#define PLAN_FIELD_COUNT (PLAN_RANDOM_SLOT + 1)

/* NF_CT_STATE_BIT() of include/uapi/linux/netfilter/nf_conntrack_common.h */
enum plan_ct_state {
	PLAN_CT_ESTABLISHED = 2,
	PLAN_CT_RELATED = 4,
	PLAN_CT_NEW = 8,
};

/* How a field's value is written: which member of struct plan_value counts. */
enum plan_value_kind {
	PLAN_VALUE_NUMBER,
	PLAN_VALUE_RANGE4,
	PLAN_VALUE_RANGE6,
	PLAN_VALUE_NAME,
	PLAN_VALUE_MAC,
};
enum plan_value_kind plan_field_kind(enum plan_field f);

struct plan_value {
	union {
		struct policy_number_range number;
		struct inet_range range;
		const char *name;
		uint8_t mac[6];
	};
};

struct plan_set;
struct plan_chain;

/* `field & mask OP values`: several values are an anonymous set; `set`: a named one. */
struct plan_match {
	enum plan_field field;
	uint32_t mask; /* marks only; 0xffffffff: none */
	bool negate;
	const struct plan_value *values; /* sorted, disjoint */
	size_t n_values;
	const struct plan_set *set; /* instead of values */
};

struct plan_key {
	enum plan_field field;
	uint32_t mask; /* marks only */
};

enum plan_verdict {
	PLAN_ACCEPT,
	PLAN_RETURN,
	PLAN_JUMP,
	PLAN_GOTO,
};

#define PLAN_KEYS_MAX 3

enum plan_stmt_kind {
	PLAN_STMT_MATCH,
	PLAN_STMT_VMAP, /* keys vmap @map */
	PLAN_STMT_SET_MARK, /* field = (field & ~mask) | value; field is META_MARK or CT_MARK */
	PLAN_STMT_COUNTER,
	PLAN_STMT_UPDATE, /* update @set { field }: starts the element's timeout anew */
	PLAN_STMT_VERDICT,
	PLAN_STMT_MASQUERADE,
};

struct plan_stmt {
	enum plan_stmt_kind kind;
	union {
		struct plan_match match;
		struct {
			struct plan_key keys[PLAN_KEYS_MAX];
			size_t n_keys;
			const struct plan_set *map;
		} vmap;
		struct {
			enum plan_field field;
			uint32_t mask, value;
		} set_mark;
		struct {
			const struct plan_set *set;
			enum plan_field field;
		} update;
		struct {
			enum plan_verdict verdict;
			const struct plan_chain *chain; /* jump, goto */
		} verdict;
	};
};

struct plan_rule {
	const struct plan_stmt *stmts;
	size_t n_stmts;
	const char *comment; /* NULL: none. At most 120 bytes, printable, no '"' or '\\' */
};

enum plan_hook {
	PLAN_HOOK_NONE, /* a regular chain */
	PLAN_HOOK_PREROUTING,
	PLAN_HOOK_OUTPUT,
	PLAN_HOOK_POSTROUTING,
};

enum plan_chain_type {
	PLAN_CHAIN_FILTER,
	PLAN_CHAIN_ROUTE, /* local packets are routed again when their mark changes */
	PLAN_CHAIN_NAT,
};

/* Which part of an object's life a name belongs to (see apply.h). */
enum plan_life {
	PLAN_FIXED, /* changed in place */
	PLAN_SLOTTED, /* rebuilt beside the live one as NAME.b (or back), then switched */
};

struct plan_chain {
	enum plan_table table;
	const char *name;
	const char *comment;
	enum plan_life life;
	enum plan_hook hook;
	enum plan_chain_type type;
	int priority; /* of a base chain; policy is always accept */
	struct plan_rule *rules;
	size_t n_rules, cap_rules;
};

/* Key type of a set or map. Order and sizes as nft has them. */
enum plan_key_type {
	PLAN_TYPE_IPV4_ADDR,
	PLAN_TYPE_IPV6_ADDR,
	PLAN_TYPE_MARK,
	PLAN_TYPE_MARK_NFPROTO, /* mark . nf_proto */
	PLAN_TYPE_MARK_NFPROTO_SLOT, /* mark . nf_proto . random slot */
};

/* Who writes the elements. */
enum plan_content {
	PLAN_CONTENT_PLAN, /* the plan's own elements, kept equal */
	PLAN_CONTENT_DNS, /* learnt by others: never touched while the set stays */
	PLAN_CONTENT_STATE, /* link state: struct desired says (egress, alive, spread) */
};

struct plan_element {
	union {
		struct inet_range range; /* address sets */
		struct {
			uint32_t mark;
			uint32_t nfproto; /* MARK_NFPROTO and MARK_NFPROTO_SLOT */
			uint32_t slot; /* MARK_NFPROTO_SLOT only */
		};
	};
	const struct plan_chain *chain; /* maps: goto chain */
};

/* The order of elements with marks: by mark, nfproto, slot. */
int plan_element_cmp(const void *a, const void *b);

struct plan_set {
	enum plan_table table;
	const char *name;
	const char *comment;
	enum plan_life life;
	enum plan_content content;
	enum plan_key_type type;
	bool is_map; /* key : verdict */
	bool interval;
	bool dynamic; /* flags dynamic,timeout; size PLAN_DYNAMIC_SIZE */
	uint32_t timeout_s; /* with dynamic */
	const struct plan_element *elements; /* sorted, disjoint; PLAN_CONTENT_PLAN only */
	size_t n_elements;
};

/* ---- links, targets, routing ------------------------------------------- */

struct plan_link {
	const char *name, *device;
	unsigned id;
	uint32_t mark, table;
	/*
	 * Of the daemon's own probes on this link: an ip rule of its own leads it
	 * to `table` and nowhere else, and both our tables let it pass untouched.
	 * Flows that are being moved here bear it too. 0: neither is ever needed.
	 */
	uint32_t probe_mark;
	struct policy_gateway gateway[INET_FAMILY_COUNT];
	bool masquerade[INET_FAMILY_COUNT];
	int probe; /* index into policy->probes, -1 */
};

/* One link a target may leave by, in order of preference. */
struct plan_candidate {
	size_t link; /* index into plan->links */
	unsigned weight;
	unsigned tier; /* 0: the target's own links; 1..: those of its on_down group, and so on */
	/*
	 * The mark of packets of this target on this link. It names both, so
	 * that a flow's mark alone says which policy decision it follows; its
	 * low bits are the link's own mark.
	 */
	uint32_t mark;
	const struct plan_chain *to; /* chain that sets `mark` on packet and flow */
	/*
	 * Sends the packet by the link and leaves the flow's mark as it is: for flows
	 * that wait for their conntrack entry to be deleted. NULL: none can come here.
	 */
	const struct plan_chain *moved;
};

enum plan_last_resort {
	PLAN_LAST_MAIN, /* main routing */
	PLAN_LAST_BLOCK, /* unreachable */
};

/* One distinct (via, on_down) pair. */
struct plan_target {
	const char *name; /* "fiber", "default", "default.block", "fiber.voice", "block" */
	uint32_t mark; /* "leave by this target" */
	enum policy_group_mode mode;
	/* Whose members each tier's candidates are: index into group_tables; -1: the link itself. */
	int *tier_groups;
	size_t n_tiers;
	bool is_link; /* its single own candidate's mark is `mark` */
	bool is_block; /* via "block": no candidates */
	struct plan_candidate *candidates;
	size_t n_candidates;
	/* Group tables asked in turn when no link is chosen (or the chosen one's is empty). */
	uint32_t *tables;
	size_t n_tables;
	enum plan_last_resort last;
	/* omr_bypass: marks the packet for the target; NULL when no rule uses it */
	const struct plan_chain *via;
	/* omr_egress: target mark kept, the routing tables decide; NULL for is_link */
	const struct plan_chain *routes;
};

/* A group's routing table: the default routes of its usable links. */
struct plan_group_table {
	const char *name; /* group */
	uint32_t table;
	enum policy_group_mode mode;
	struct {
		size_t link;
		unsigned weight;
	} * members;
	size_t n_members;
};

enum plan_ip_action {
	PLAN_IP_LOOKUP,
	PLAN_IP_UNREACHABLE,
};

/* One `ip rule`, installed for each family set in `families`. */
struct plan_ip_rule {
	uint32_t priority;
	bool families[INET_FAMILY_COUNT];
	bool invert;
	uint32_t fwmark, fwmask;
	bool has_to;
	struct inet_prefix to;
	enum plan_ip_action action;
	uint32_t table;
	int suppress_prefixlength; /* -1: none */
	const char *comment; /* for people; the kernel has no room for it */
};

/* One dnsmasq line: answers for `domain` and below go into these sets. */
struct plan_dns {
	const char *domain;
	const struct plan_set **sets; /* in policy order, both families */
	size_t n_sets;
};

struct plan {
	const struct policy *policy;
	uint32_t mark_mask;

	struct plan_set **sets; /* order of definition: before use */
	size_t n_sets, cap_sets;
	struct plan_chain **chains; /* order of definition: jumped-to before jumping */
	size_t n_chains, cap_chains;

	struct plan_link *links;
	size_t n_links;
	struct plan_target *targets;
	size_t n_targets;
	struct plan_group_table *group_tables;
	size_t n_group_tables;
	struct plan_ip_rule *ip_rules; /* sorted by priority */
	size_t n_ip_rules;
	struct plan_dns *dns; /* sorted by domain */
	size_t n_dns;

	/* omr_egress state maps, written by struct desired */
	const struct plan_set *egress, *alive;
	const struct plan_chain *to_main; /* forget the mark: main routing from here on */
	/* the packet only: unreachable. NULL without strict targets */
	const struct plan_chain *to_block;
	/*
	 * Balance: target . family . slot (random, 0..PLAN_SLOTS-1) -> goto a candidate's `to`.
	 * egress leads to chain spread_flows, which looks here. NULL without a balance group.
	 */
	const struct plan_set *spread;
	const struct plan_chain *spread_flows;
};

#define PLAN_SLOTS 100 /* so that a weight reads as a percentage */

/*
 * Addresses a DNS-fed set may hold. The kernel makes room for them at once
 * (nft_rhash_init(): 8 bytes a bucket, 4/3 buckets an element), for each set.
 */
#define PLAN_DYNAMIC_SIZE     16384
#define PLAN_SLOT_B	      ".b" /* suffix of slotted names in the second slot */
#define PLAN_DNSMASQ_LINE_MAX 1024 /* MAXDNAME in dnsmasq's config.h: longer lines end it */

const char *plan_table_name(enum plan_table t); /* "omr_bypass", "omr_egress" */
const char *plan_table_comment(enum plan_table t);
const char *plan_priority_text(const struct plan_chain *c, char buf[32]); /* "mangle - 10" */
const char *plan_hook_name(enum plan_hook h); /* "prerouting" */
const char *plan_chain_type_name(enum plan_chain_type t); /* "filter" */
const char *plan_key_type_name(enum plan_key_type t); /* "mark . nf_proto" */
const char *plan_ct_state_name(enum plan_ct_state bit); /* "established" */
/* The word nft, old or new, reads and prints for a number of this field; NULL: write the number. */
const char *plan_number_name(enum plan_field f, uint32_t number);

/*
 * Never fails on a policy that policy_read accepted, but for limits that only
 * compiling sees (no free mark in the mask, a dnsmasq line too long): then
 * PLAN_COMPILE_INVALID and faults. Adds warnings for rules that never match.
 */
enum {
	PLAN_COMPILE_INVALID = 1,
};
int plan_compile(const struct policy *policy, struct arena *a, struct plan **ret_plan,
		 struct diag_list *faults);

/* Human-readable dump (`--emit plan`): every object, one a line. */
void plan_dump(const struct plan *p, struct strbuf *out);
