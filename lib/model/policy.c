/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy.h"

#include "base/cleanup.h"
#include "base/diag.h"

#include <stdlib.h>
#include <string.h>

struct word {
	const char *name;
	uint8_t number;
};

/* Assigned Internet Protocol Numbers (IANA), those a router meets. */
static const struct word protocols[] = {
	{ "icmp", 1 },	  { "igmp", 2 },   { "ipencap", 4 },   { "tcp", 6 },	  { "udp", 17 },
	{ "dccp", 33 },	  { "ipv6", 41 },  { "gre", 47 },      { "esp", 50 },	  { "ah", 51 },
	{ "icmpv6", 58 }, { "ospf", 89 },  { "pim", 103 },     { "ipcomp", 108 }, { "vrrp", 112 },
	{ "l2tp", 115 },  { "sctp", 132 }, { "udplite", 136 },
};

/* RFC 2474, 2597, 3246, 5865 (va), 8622 (le). */
static const struct word dscps[] = {
	{ "cs0", 0 },	{ "cs1", 8 },	{ "cs2", 16 },	{ "cs3", 24 },	{ "cs4", 32 },
	{ "cs5", 40 },	{ "cs6", 48 },	{ "cs7", 56 },	{ "af11", 10 }, { "af12", 12 },
	{ "af13", 14 }, { "af21", 18 }, { "af22", 20 }, { "af23", 22 }, { "af31", 26 },
	{ "af32", 28 }, { "af33", 30 }, { "af41", 34 }, { "af42", 36 }, { "af43", 38 },
	{ "ef", 46 },	{ "va", 44 },	{ "le", 1 },
};

/* ICMP types as nft names them. */
static const struct word icmp4_types[] = {
	{ "echo-reply", 0 },	       { "destination-unreachable", 3 },
	{ "source-quench", 4 },	       { "redirect", 5 },
	{ "echo-request", 8 },	       { "router-advertisement", 9 },
	{ "router-solicitation", 10 }, { "time-exceeded", 11 },
	{ "parameter-problem", 12 },   { "timestamp-request", 13 },
	{ "timestamp-reply", 14 },     { "info-request", 15 },
	{ "info-reply", 16 },	       { "address-mask-request", 17 },
	{ "address-mask-reply", 18 },
};

static const struct word icmp6_types[] = {
	{ "destination-unreachable", 1 }, { "packet-too-big", 2 },
	{ "time-exceeded", 3 },		  { "parameter-problem", 4 },
	{ "echo-request", 128 },	  { "echo-reply", 129 },
	{ "mld-listener-query", 130 },	  { "mld-listener-report", 131 },
	{ "mld-listener-done", 132 },	  { "nd-router-solicit", 133 },
	{ "nd-router-advert", 134 },	  { "nd-neighbor-solicit", 135 },
	{ "nd-neighbor-advert", 136 },	  { "nd-redirect", 137 },
	{ "router-renumbering", 138 },	  { "ind-neighbor-solicit", 141 },
	{ "ind-neighbor-advert", 142 },	  { "mld2-listener-report", 143 },
};

/* rtm_protocol as iproute2 names it (include/uapi/linux/rtnetlink.h, RTPROT_*). */
static const struct word route_protocols[] = {
	{ "redirect", 1 }, { "kernel", 2 },	 { "boot", 3 },	  { "static", 4 },  { "gated", 8 },
	{ "ra", 9 },	   { "mrt", 10 },	 { "zebra", 11 }, { "bird", 12 },   { "dhcp", 16 },
	{ "mrouted", 17 }, { "keepalived", 18 }, { "babel", 42 }, { "openr", 99 },  { "bgp", 186 },
	{ "isis", 187 },   { "ospf", 188 },	 { "rip", 189 },  { "eigrp", 192 },
};

#define WORDS_MAX 64

static int word_number(const struct word *words, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(words[i].name, name) == 0)
			return words[i].number;
	return -1;
}

const char *policy_probe_type_name(enum policy_probe_type t)
{
	switch (t) {
	case POLICY_PROBE_NONE:
		return "none";
	case POLICY_PROBE_ICMP:
		return "icmp";
	case POLICY_PROBE_TCP:
		return "tcp";
	case POLICY_PROBE_DNS:
		return "dns";
	case POLICY_PROBE_HTTP:
		return "http";
	case POLICY_PROBE_ARP:
		return "arp";
	case POLICY_PROBE_NDP:
		return "ndp";
	case POLICY_PROBE_ROUTE:
		return "route";
	case POLICY_PROBE_EXEC:
		return "exec";
	}
	abort();
}

const char *policy_group_mode_name(enum policy_group_mode m)
{
	switch (m) {
	case POLICY_GROUP_FAILOVER:
		return "failover";
	case POLICY_GROUP_BALANCE:
		return "balance";
	case POLICY_GROUP_QUALITY:
		return "quality";
	}
	abort();
}

const char *policy_failback_name(enum policy_failback f)
{
	switch (f) {
	case POLICY_FAILBACK_IMMEDIATE:
		return "immediate";
	case POLICY_FAILBACK_DELAYED:
		return "delayed";
	case POLICY_FAILBACK_NEVER:
		return "never";
	}
	abort();
}

const char *policy_on_fail_name(enum policy_on_fail v)
{
	switch (v) {
	case POLICY_ON_FAIL_MOVE:
		return "move";
	case POLICY_ON_FAIL_KEEP:
		return "keep";
	}
	abort();
}

const char *policy_on_recover_name(enum policy_on_recover v)
{
	switch (v) {
	case POLICY_ON_RECOVER_NEW_FLOWS:
		return "new-flows";
	case POLICY_ON_RECOVER_DRAIN:
		return "drain";
	case POLICY_ON_RECOVER_PULL:
		return "pull";
	}
	abort();
}

const char *policy_day_name(unsigned day)
{
	static const char *const names[] = { "sun", "mon", "tue", "wed", "thu", "fri", "sat" };

	return day < ARRAY_SIZE(names) ? names[day] : NULL;
}

int policy_protocol_number(const char *name)
{
	return word_number(protocols, ARRAY_SIZE(protocols), name);
}

const char *policy_protocol_name(unsigned number)
{
	for (size_t i = 0; i < ARRAY_SIZE(protocols); i++)
		if (protocols[i].number == number)
			return protocols[i].name;
	return NULL;
}

int policy_dscp_number(const char *name)
{
	return word_number(dscps, ARRAY_SIZE(dscps), name);
}

int policy_icmp_type_number(enum inet_family family, const char *name)
{
	if (family == INET4)
		return word_number(icmp4_types, ARRAY_SIZE(icmp4_types), name);
	return word_number(icmp6_types, ARRAY_SIZE(icmp6_types), name);
}

int policy_route_protocol_number(const char *name)
{
	return word_number(route_protocols, ARRAY_SIZE(route_protocols), name);
}

const char *policy_route_protocol_name(unsigned number)
{
	for (size_t i = 0; i < ARRAY_SIZE(route_protocols); i++)
		if (route_protocols[i].number == number)
			return route_protocols[i].name;
	return NULL;
}

bool policy_probe_measures(enum policy_probe_type t)
{
	switch (t) {
	case POLICY_PROBE_ICMP:
	case POLICY_PROBE_TCP:
	case POLICY_PROBE_DNS:
	case POLICY_PROBE_HTTP:
	case POLICY_PROBE_ARP:
	case POLICY_PROBE_NDP:
		return true;
	case POLICY_PROBE_NONE:
	case POLICY_PROBE_ROUTE:
	case POLICY_PROBE_EXEC:
		return false;
	}
	abort();
}

bool policy_probe_covers(const struct policy_probe *p, enum inet_family family)
{
	switch (p->type) {
	case POLICY_PROBE_ICMP:
	case POLICY_PROBE_TCP:
	case POLICY_PROBE_DNS:
	case POLICY_PROBE_HTTP:
		return p->n_hosts[family] > 0;
	case POLICY_PROBE_ARP:
		return family == INET4;
	case POLICY_PROBE_NDP:
		return family == INET6;
	case POLICY_PROBE_ROUTE:
		return p->has_prefix[family];
	case POLICY_PROBE_EXEC:
		return true;
	case POLICY_PROBE_NONE:
		return false;
	}
	abort();
}

static size_t words_add(const struct word *words, size_t n, const char *names[WORDS_MAX], size_t at)
{
	for (size_t i = 0; i < n && at < WORDS_MAX; i++)
		names[at++] = words[i].name;
	return at;
}

const char *policy_word_nearest(enum policy_vocabulary v, const char *word)
{
	const char *names[WORDS_MAX];
	size_t n = 0;

	switch (v) {
	case POLICY_PROTOCOLS:
		n = words_add(protocols, ARRAY_SIZE(protocols), names, n);
		break;
	case POLICY_DSCPS:
		n = words_add(dscps, ARRAY_SIZE(dscps), names, n);
		break;
	case POLICY_ICMP_TYPES:
		n = words_add(icmp4_types, ARRAY_SIZE(icmp4_types), names, n);
		n = words_add(icmp6_types, ARRAY_SIZE(icmp6_types), names, n);
		break;
	case POLICY_ROUTE_PROTOCOLS:
		n = words_add(route_protocols, ARRAY_SIZE(route_protocols), names, n);
		break;
	}
	return diag_nearest(word, names, n);
}
