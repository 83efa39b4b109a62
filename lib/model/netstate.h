/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Kernel state as values: what rtnetlink reports about links and addresses, and
 * the ip rules and routes that are ours. Used for the observed state (decoded
 * from dumps) and the desired one alike, so that both can be compared.
 */
#pragma once

#include "base/inet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;

#define NETSTATE_NAME_MAX     16 /* IFNAMSIZ */
#define NETSTATE_NEXTHOPS_MAX 64

/* A network device that a link of the policy names. */
struct netstate_link {
	char name[NETSTATE_NAME_MAX];
	int ifindex;
	uint32_t flags; /* IFF_* */
	bool carrier; /* IFLA_CARRIER, else IFF_LOWER_UP */
	uint8_t operstate; /* IF_OPER_* (RFC 2863) */
	uint32_t carrier_down_count; /* IFLA_CARRIER_DOWN_COUNT: flaps nobody told us of */
};

/* A usable (not tentative, not dadfailed) address of global scope. */
struct netstate_addr {
	int ifindex;
	enum inet_family family;
	struct inet_addr addr;
	uint8_t prefix_len;
	uint32_t flags; /* IFA_F_* */
};

struct netstate_nexthop {
	int ifindex;
	bool has_gateway;
	struct inet_addr gateway;
	unsigned weight; /* 1.. */
	bool onlink;
	bool linkdown, dead; /* reported only, never part of identity */
};

/* A unicast default route. Ours have protocol == POLICY_PROTOCOL. */
struct netstate_route {
	enum inet_family family;
	uint32_t table, metric;
	uint8_t protocol;
	size_t n_nexthops;
	struct netstate_nexthop nexthops[NETSTATE_NEXTHOPS_MAX];
};

struct netstate_rule {
	enum inet_family family;
	uint32_t priority;
	uint8_t protocol;
	bool invert;
	uint32_t fwmark, fwmask;
	bool has_to;
	struct inet_prefix to;
	uint8_t action; /* FR_ACT_* */
	uint32_t table;
	int suppress_prefixlength; /* -1: none */
	bool foreign_keys; /* has selectors we never write: cannot be ours */
};

struct netstate {
	struct netstate_link *links;
	size_t n_links, cap_links;
	struct netstate_addr *addrs;
	size_t n_addrs, cap_addrs;
	struct netstate_route *routes; /* default routes of every table and protocol */
	size_t n_routes, cap_routes;
	struct netstate_rule *rules;
	size_t n_rules, cap_rules;
};

/* Conntrack entries of one family whose mark & mask is `mark`. */
struct netstate_flows {
	enum inet_family family;
	uint32_t mark, mask;
};

/* Total orders: identity first, so that sorted lists can be merged. */
int netstate_route_key_cmp(const void *a, const void *b); /* family, table, metric */
int netstate_rule_cmp(const void *a, const void *b); /* everything but foreign_keys */
bool netstate_route_equal(const struct netstate_route *a, const struct netstate_route *b);

/* As `ip rule` and `ip route` print them, in one line, cut to
 * `size` bytes. `names` (may be NULL) knows the devices' names. */
const char *netstate_rule_text(const struct netstate_rule *r, char *buf, size_t size);
const char *netstate_route_text(const struct netstate_route *r, char *buf, size_t size,
				const struct netstate *names);

/* One step of bringing the kernel from observed to desired, rtnetlink part. */
enum netstate_op {
	NETSTATE_ADD,
	NETSTATE_REPLACE, /* routes only: same key, other content */
	NETSTATE_DELETE,
};

struct netstate_change {
	enum netstate_op op;
	bool is_rule;
	union {
		struct netstate_rule rule;
		struct netstate_route route;
	};
};

/*
 * Make before break: `pre` holds additions and replacements, `post` deletions.
 * Only objects with POLICY_PROTOCOL are ever deleted or replaced.
 */
struct netstate_diff {
	struct netstate_change *pre, *post;
	size_t n_pre, n_post, cap_pre, cap_post;
};

/* "ip -6 route default via ..." or "ip rule 1010: from all ...": what the change is about. */
const char *netstate_change_text(const struct netstate_change *c, char *buf, size_t size,
				 const struct netstate *names);

/*
 * `pre`: routes, then the rules that lead to them. `post`: rules, the last one
 * first (the exception for connected networks goes last), then routes.
 */
void netstate_diff_build(const struct netstate *observed, const struct netstate *desired,
			 struct arena *a, struct netstate_diff *ret);
