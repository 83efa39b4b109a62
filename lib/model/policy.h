/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The policy as written: one plain tree, filled by policy_read, checked by
 * policy_check, read by plan_compile. Everything lives in one arena and is
 * immutable once checked. Cross references are indexes, valid after
 * policy_check found no fault.
 */
#pragma once

#include "base/inet.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct arena;
struct diag_list;
struct diag_source;

#define POLICY_VERSION	  1
#define POLICY_FILE_MAX	  (32u << 20) /* bytes of one policy file */
#define POLICY_LIST_MAX	  (256u << 20) /* bytes of one list file */
#define POLICY_RULES_MAX  4096
#define POLICY_LINKS_MAX  64
#define POLICY_GROUPS_MAX 200
#define POLICY_PROBES_MAX 64 /* named ones */
#define POLICY_HOSTS_MAX  16 /* of one probe and family */

/* The article's numbers (docs/policy.md, "Numbers"). */
#define POLICY_MARK_BASE      0x539u
#define POLICY_MARK_MASK      0x00ffffffu
#define POLICY_GROUP_TABLE    991337u
#define POLICY_RULE_PRIORITY  1000u
#define POLICY_DNS_TIMEOUT_MS 86400000u /* 1 day; above dnsmasq's max-cache-ttl */
/*
 * Our number in rtm_protocol and FRA_PROTOCOL; in nobody's rt_protos; named in
 * share/rt_protos.d/omr-nft.conf
 */
#define POLICY_PROTOCOL 153

/* Where a thing stands in the file, for faults found later. */
struct policy_place {
	const char *pointer; /* JSON pointer: "/rules/2/via" */
};

enum policy_gateway_kind {
	POLICY_GATEWAY_AUTO, /* learnt: any default route on the device, in any table */
	POLICY_GATEWAY_NONE, /* point to point: the route names the device only */
	POLICY_GATEWAY_ADDR,
};

struct policy_gateway {
	enum policy_gateway_kind kind;
	struct inet_addr addr;
};

enum policy_probe_type {
	POLICY_PROBE_NONE, /* carrier alone decides */
	POLICY_PROBE_ICMP,
	POLICY_PROBE_TCP,
	POLICY_PROBE_DNS,
	POLICY_PROBE_HTTP,
	POLICY_PROBE_ARP,
	POLICY_PROBE_NDP,
	POLICY_PROBE_ROUTE,
	POLICY_PROBE_EXEC,
};

/* A limit on a measured value, with hysteresis: bad above `enter`, good again at or below `leave`. */
struct policy_limit {
	bool given;
	double enter, leave; /* leave <= enter; written as one number: leave is half of it */
};

struct policy_probe {
	const char *name; /* NULL when written inside a link */
	struct policy_place place;
	enum policy_probe_type type;
	/* icmp tcp dns http: whom to ask. arp ndp: neighbours; none: the link's gateway */
	struct inet_addr *hosts[INET_FAMILY_COUNT];
	size_t n_hosts[INET_FAMILY_COUNT];
	uint32_t interval_ms, timeout_ms; /* 1000, 800 */
	uint32_t
		interval_failing_ms; /* while a round fails or the link is down; default: interval */
	unsigned fall, rise, quorum; /* 3, 5, 1; route: 1, 1 */

	unsigned window; /* rounds that loss, rtt and jitter are measured over; 20 */
	struct policy_limit loss_percent, rtt_ms, jitter_ms;

	/*
	 * Passive evidence: packets go out by the link and for suspect_after_ms
	 * none came in: then probes every interval_suspect_ms until it is settled.
	 * suspect_after_ms 0: off. Defaults: 500, and 100 but no less than timeout and
	 * no more than interval: rounds never overlap.
	 */
	uint32_t suspect_after_ms, interval_suspect_ms;

	uint16_t port; /* tcp (required), dns 53, http 80 */
	const char *dns_name; /* dns "name": what to ask for; "." */
	const char *http_host, *http_path; /* http: Host (NULL: the address), path "/" */
	struct policy_number_range *http_status; /* good ones; n 0: 200-399 */
	size_t n_http_status;
	const char **command; /* exec: absolute program and its arguments; exit status 0 is good */
	size_t n_command;
	bool has_prefix[INET_FAMILY_COUNT]; /* route: at least one is written */
	struct inet_prefix prefix[INET_FAMILY_COUNT]; /* route: must be in `table`, by the link */
	uint32_t route_table; /* route: 254 (main) */
	int route_protocol; /* route: rtm_protocol it must have; -1: any but ours */
};

/* Flap damping, as RFC 2439: each loss adds 1000; halved every half_life. */
struct policy_damping {
	bool on; /* default true */
	uint32_t half_life_ms; /* 10 s */
	unsigned suppress, reuse; /* 3000, 1000: left out above, taken back below */
	uint32_t maximum_ms; /* 60 s: the longest it is left out after the last loss */
};

struct policy_link {
	const char *name, *device;
	struct policy_place place;
	unsigned id; /* 1..255; default: the lowest free one, in file order */
	bool id_given;
	uint32_t mark; /* 0: by the formula */
	uint32_t table; /* default: id */
	struct policy_gateway gateway[INET_FAMILY_COUNT];
	bool masquerade[INET_FAMILY_COUNT];
	struct policy_damping damping;
	uint32_t hold_down_ms; /* after a loss it is not taken back earlier; 0 */
	const char *probe_name; /* as written; NULL: none or inline */
	int probe; /* index into probes (inline ones are appended), -1: none */
};

enum policy_group_mode {
	POLICY_GROUP_FAILOVER, /* first usable link, in order */
	POLICY_GROUP_BALANCE, /* weighted over the usable ones */
	POLICY_GROUP_QUALITY, /* best by sla */
};

/* When a better link is back. */
enum policy_failback {
	POLICY_FAILBACK_IMMEDIATE,
	POLICY_FAILBACK_DELAYED, /* after failback_delay without a break */
	POLICY_FAILBACK_NEVER, /* only when the present one fails, or by hand */
};

/* Flows on a link that died. */
enum policy_on_fail {
	POLICY_ON_FAIL_MOVE, /* NATed ones start afresh on the new link (their conntrack entries go) */
	POLICY_ON_FAIL_KEEP, /* sent by the new link as they are: nothing is deleted */
};

/* Flows on the second best when the best is chosen again. */
enum policy_on_recover {
	POLICY_ON_RECOVER_NEW_FLOWS, /* finish where they are */
	POLICY_ON_RECOVER_DRAIN, /* are moved after drain_time */
	POLICY_ON_RECOVER_PULL, /* are moved at once */
};

struct policy_member {
	const char *link_name;
	struct policy_place place;
	int link; /* index into links */
	unsigned weight; /* 1..256, default 1 */
};

/* What happens when no link of a target is usable. */
enum policy_on_down_kind {
	POLICY_ON_DOWN_DEFAULT, /* not written: the group's own, else main */
	POLICY_ON_DOWN_MAIN,
	POLICY_ON_DOWN_BLOCK,
	POLICY_ON_DOWN_GROUP,
};

struct policy_on_down {
	enum policy_on_down_kind kind;
	const char *group_name;
	int group;
};

struct policy_group {
	const char *name;
	struct policy_place place;
	enum policy_group_mode mode;
	struct policy_member *members;
	size_t n_members;
	bool has_sla;
	double sla_loss_percent; /* < 0: not given */
	uint32_t sla_rtt_ms, sla_jitter_ms; /* 0: not given */
	unsigned better_by_percent; /* quality: another link must be better by so much, 20 */
	uint32_t better_for_ms; /* and for so long, 10 s, before a link within its sla is left */
	enum policy_failback failback;
	uint32_t failback_delay_ms; /* 30 s */
	enum policy_on_fail on_fail;
	enum policy_on_recover on_recover;
	uint32_t drain_time_ms; /* 5 min */
	struct policy_on_down on_down;
	uint32_t mark; /* 0: by the formula */
	uint32_t table; /* 0: by the formula */
};

enum policy_via_kind {
	POLICY_VIA_LINK,
	POLICY_VIA_GROUP,
	POLICY_VIA_MAIN,
	POLICY_VIA_BLOCK,
};

struct policy_via {
	enum policy_via_kind kind;
	const char *name; /* as written */
	int index; /* into links or groups */
};

/* Inclusive range of a small number: ports, protocols, dscp, uids. */
struct policy_number_range {
	uint32_t lo, hi;
};

/* "icmp_types": which of the two protocols a type belongs to is settled when read. */
struct policy_icmp_type {
	enum inet_family family; /* INET4: icmp, INET6: icmpv6 */
	uint8_t type;
};

struct policy_schedule {
	bool given;
	uint8_t days; /* bit 0 Sunday .. bit 6 Saturday (as `meta day`), 0x7f all */
	/* seconds of the day, local to utc_offset; to <= from: past midnight */
	uint32_t from_s, to_s;
	int32_t utc_offset_s; /* east positive; the kernel compares UTC */
};

/* A destination prefix or range with the text it came from (policy or list file). */
struct policy_range {
	struct inet_range range;
	enum inet_family family;
};

struct policy_domain {
	const char *name; /* lower case, no trailing dot; covers its subdomains */
};

struct policy_user {
	const char *name; /* NULL: numeric */
	uint32_t uid; /* filled by the caller's resolver for a name */
};

struct policy_rule {
	const char *name; /* given, or "N": its 1-based place */
	const char *note;
	struct policy_place place;
	size_t index; /* in the file */
	bool enabled;

	/* One destination (ORed): to, domains, lists; has_destination: one of them is written. */
	bool has_destination;
	struct policy_range *to; /* `to` and the prefixes of `lists`, unsorted, may overlap */
	size_t n_to;
	struct policy_domain *domains; /* `domains` and the names of `lists` */
	size_t n_domains;

	struct policy_range *from; /* n_from 0: any */
	size_t n_from;
	uint8_t (*macs)[6];
	size_t n_macs;
	struct policy_number_range *protocols; /* lo == hi */
	size_t n_protocols;
	struct policy_number_range *sports, *dports;
	size_t n_sports, n_dports;
	struct policy_icmp_type *icmp_types;
	size_t n_icmp_types;
	struct policy_number_range *dscp;
	size_t n_dscp;
	const char **iifs;
	size_t n_iifs;
	bool families[INET_FAMILY_COUNT]; /* both true when not written */
	struct policy_schedule schedule;
	struct policy_user *users;
	size_t n_users;
	const char **cgroups; /* paths below the cgroup2 root, no leading '/' */
	size_t n_cgroups;

	struct policy_via via;
	struct policy_on_down on_down;
};

/* A list file the policy names; the caller reads it (policy_read does no I/O). */
struct policy_list_ref {
	const char *path; /* as written, relative to the policy's directory */
	struct policy_place place;
	size_t rule; /* index into rules */
};

struct policy {
	const struct diag_source *source;
	const struct json_doc *doc; /* keeps the text; resolves pointers to places */

	struct policy_link *links;
	size_t n_links;
	struct policy_group *groups;
	size_t n_groups;
	struct policy_probe *probes;
	size_t n_probes;
	struct policy_rule *rules;
	size_t n_rules;

	bool has_default; /* top-level "default": reverse mode */
	struct policy_via default_via;
	struct policy_place default_place;

	uint32_t mark_mask;
	uint32_t rule_priority;
	struct policy_range *local_networks; /* n 0: every route of main but its default */
	size_t n_local_networks;
	uint32_t dns_timeout_ms;

	struct policy_list_ref *lists;
	size_t n_lists;
};

/* The fixed vocabulary, for readers, printers and the schema test. */
const char *policy_probe_type_name(enum policy_probe_type t);
const char *policy_group_mode_name(enum policy_group_mode m);
const char *policy_failback_name(enum policy_failback f);
const char *policy_on_fail_name(enum policy_on_fail v);
const char *policy_on_recover_name(enum policy_on_recover v);
const char *policy_day_name(unsigned day); /* "sun".."sat" */
/* Number of an IP protocol by name ("tcp"), of a DSCP ("ef"), of an ICMP type; -1: unknown. */
int policy_protocol_number(const char *name);
const char *policy_protocol_name(unsigned number); /* NULL: print the number */
int policy_dscp_number(const char *name);
int policy_icmp_type_number(enum inet_family family, const char *name);
int policy_route_protocol_number(const char *name); /* rtm_protocol of "bird" */
const char *policy_route_protocol_name(unsigned number); /* NULL: print the number */
/* Types that measure loss, rtt and jitter (not: route, exec, none). */
bool policy_probe_measures(enum policy_probe_type t);
/* Families a probe covers: its hosts, prefixes; arp IPv4, ndp IPv6; exec both. */
bool policy_probe_covers(const struct policy_probe *p, enum inet_family family);
/* The known word nearest to a misspelt one, or NULL. */
enum policy_vocabulary {
	POLICY_PROTOCOLS,
	POLICY_DSCPS,
	POLICY_ICMP_TYPES,
	POLICY_ROUTE_PROTOCOLS,
};
const char *policy_word_nearest(enum policy_vocabulary v, const char *word);
