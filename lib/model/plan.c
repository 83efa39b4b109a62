/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/plan.h"

#include "base/cleanup.h"

#include <stdio.h>
#include <string.h>

#define NAMES_MAX 256

enum plan_value_kind plan_field_kind(enum plan_field f)
{
	switch (f) {
	case PLAN_META_MARK:
	case PLAN_CT_MARK:
	case PLAN_NFPROTO:
	case PLAN_L4PROTO:
	case PLAN_SKUID:
	case PLAN_HOUR:
	case PLAN_DAY:
	case PLAN_IP_DSCP:
	case PLAN_IP6_DSCP:
	case PLAN_TCP_SPORT:
	case PLAN_TCP_DPORT:
	case PLAN_UDP_SPORT:
	case PLAN_UDP_DPORT:
	case PLAN_TH_SPORT:
	case PLAN_TH_DPORT:
	case PLAN_ICMP_TYPE:
	case PLAN_ICMPV6_TYPE:
	case PLAN_CT_STATE:
	case PLAN_CT_DIRECTION:
	case PLAN_FIB_DADDR_TYPE:
	case PLAN_FIB_SADDR_TYPE:
	case PLAN_FIB_SADDR_OIF_TYPE:
	case PLAN_RANDOM_SLOT:
		return PLAN_VALUE_NUMBER;
	case PLAN_IIFNAME:
	case PLAN_OIFNAME:
	case PLAN_CGROUPV2:
		return PLAN_VALUE_NAME;
	case PLAN_ETHER_SADDR:
		return PLAN_VALUE_MAC;
	case PLAN_IP_SADDR:
	case PLAN_IP_DADDR:
		return PLAN_VALUE_RANGE4;
	case PLAN_IP6_SADDR:
	case PLAN_IP6_DADDR:
		return PLAN_VALUE_RANGE6;
	}
	return PLAN_VALUE_NUMBER;
}

/*
 * Words for numbers. Only those that nft 0.9.8 and later read without
 * /etc/protocols or /etc/services, under the meaning they always had.
 */
static const char *const nfproto_names[NAMES_MAX] = {
	[2] = "ipv4",
	[10] = "ipv6",
};

static const char *const l4proto_names[NAMES_MAX] = {
	[1] = "icmp", [2] = "igmp", [6] = "tcp",     [17] = "udp",   [33] = "dccp",
	[50] = "esp", [51] = "ah",  [58] = "icmpv6", [132] = "sctp",
};

static const char *const dscp_names[NAMES_MAX] = {
	[0] = "cs0",   [8] = "cs1",   [10] = "af11", [12] = "af12", [14] = "af13", [16] = "cs2",
	[18] = "af21", [20] = "af22", [22] = "af23", [24] = "cs3",  [26] = "af31", [28] = "af32",
	[30] = "af33", [32] = "cs4",  [34] = "af41", [36] = "af42", [38] = "af43", [40] = "cs5",
	[46] = "ef",   [48] = "cs6",  [56] = "cs7",
};

static const char *const icmp_names[NAMES_MAX] = {
	[0] = "echo-reply",	      [3] = "destination-unreachable",
	[4] = "source-quench",	      [5] = "redirect",
	[8] = "echo-request",	      [9] = "router-advertisement",
	[10] = "router-solicitation", [11] = "time-exceeded",
	[12] = "parameter-problem",   [13] = "timestamp-request",
	[14] = "timestamp-reply",     [15] = "info-request",
	[16] = "info-reply",	      [17] = "address-mask-request",
	[18] = "address-mask-reply",
};

static const char *const icmpv6_names[NAMES_MAX] = {
	[1] = "destination-unreachable", [2] = "packet-too-big",
	[3] = "time-exceeded",		 [4] = "parameter-problem",
	[128] = "echo-request",		 [129] = "echo-reply",
	[130] = "mld-listener-query",	 [131] = "mld-listener-report",
	[133] = "nd-router-solicit",	 [134] = "nd-router-advert",
	[135] = "nd-neighbor-solicit",	 [136] = "nd-neighbor-advert",
	[137] = "nd-redirect",		 [138] = "router-renumbering",
	[141] = "ind-neighbor-solicit",	 [142] = "ind-neighbor-advert",
	[143] = "mld2-listener-report",
};

static const char *const direction_names[NAMES_MAX] = {
	[0] = "original",
	[1] = "reply",
};

/* RTN_* of include/uapi/linux/rtnetlink.h */
static const char *const fib_type_names[NAMES_MAX] = {
	[1] = "unicast",   [2] = "local",     [3] = "broadcast",   [4] = "anycast",
	[5] = "multicast", [6] = "blackhole", [7] = "unreachable", [8] = "prohibit",
};

/* Conntrack states are bits and have no single word: see plan_ct_state_name(). */
static const char *const *const number_names[PLAN_FIELD_COUNT] = {
	[PLAN_NFPROTO] = nfproto_names,
	[PLAN_L4PROTO] = l4proto_names,
	[PLAN_IP_DSCP] = dscp_names,
	[PLAN_IP6_DSCP] = dscp_names,
	[PLAN_ICMP_TYPE] = icmp_names,
	[PLAN_ICMPV6_TYPE] = icmpv6_names,
	[PLAN_CT_DIRECTION] = direction_names,
	[PLAN_FIB_DADDR_TYPE] = fib_type_names,
	[PLAN_FIB_SADDR_TYPE] = fib_type_names,
	[PLAN_FIB_SADDR_OIF_TYPE] = fib_type_names,
};

const char *plan_number_name(enum plan_field f, uint32_t number)
{
	const char *const *names = number_names[f];

	return names && number < NAMES_MAX ? names[number] : NULL;
}

const char *plan_ct_state_name(enum plan_ct_state bit)
{
	switch (bit) {
	case PLAN_CT_ESTABLISHED:
		return "established";
	case PLAN_CT_RELATED:
		return "related";
	case PLAN_CT_NEW:
		return "new";
	}
	return "";
}

int plan_element_cmp(const void *a, const void *b)
{
	const struct plan_element *x = a, *y = b;

	if (x->mark != y->mark)
		return x->mark < y->mark ? -1 : 1;
	if (x->nfproto != y->nfproto)
		return x->nfproto < y->nfproto ? -1 : 1;
	return (x->slot > y->slot) - (x->slot < y->slot);
}

const char *plan_table_name(enum plan_table t)
{
	switch (t) {
	case PLAN_TABLE_BYPASS:
		return "omr_bypass";
	case PLAN_TABLE_EGRESS:
		return "omr_egress";
	}
	return "";
}

const char *plan_table_comment(enum plan_table t)
{
	switch (t) {
	case PLAN_TABLE_BYPASS:
		return "omr-nft: what is bypassed, and to which target (the policy)";
	case PLAN_TABLE_EGRESS:
		return "omr-nft: by which link a target leaves now (links, connection marks, NAT)";
	}
	return "";
}

const char *plan_hook_name(enum plan_hook h)
{
	switch (h) {
	case PLAN_HOOK_NONE:
		return "none";
	case PLAN_HOOK_PREROUTING:
		return "prerouting";
	case PLAN_HOOK_OUTPUT:
		return "output";
	case PLAN_HOOK_POSTROUTING:
		return "postrouting";
	}
	return "";
}

const char *plan_chain_type_name(enum plan_chain_type t)
{
	switch (t) {
	case PLAN_CHAIN_FILTER:
		return "filter";
	case PLAN_CHAIN_ROUTE:
		return "route";
	case PLAN_CHAIN_NAT:
		return "nat";
	}
	return "";
}

const char *plan_key_type_name(enum plan_key_type t)
{
	switch (t) {
	case PLAN_TYPE_IPV4_ADDR:
		return "ipv4_addr";
	case PLAN_TYPE_IPV6_ADDR:
		return "ipv6_addr";
	case PLAN_TYPE_MARK:
		return "mark";
	case PLAN_TYPE_MARK_NFPROTO:
		return "mark . nf_proto";
	case PLAN_TYPE_MARK_NFPROTO_SLOT:
		return "mark . nf_proto . slot";
	}
	return "";
}

/*
 * Named priorities of nft(8) for the inet family that hold in every hook we
 * use; srcnat exists in postrouting only. nft prints distances up to 10 that
 * way; a little more reads better than -161 and is accepted just as well.
 */
#define PRIORITY_REACH 20

const char *plan_priority_text(const struct plan_chain *c, char buf[32])
{
	static const struct {
		const char *name;
		int priority;
		bool postrouting_only;
	} named[] = {
		{ "raw", -300, false },	   { "mangle", -150, false }, { "filter", 0, false },
		{ "security", 50, false }, { "srcnat", 100, true },
	};

	for (size_t i = 0; i < ARRAY_SIZE(named); i++) {
		int distance = c->priority - named[i].priority;

		if (named[i].postrouting_only && c->hook != PLAN_HOOK_POSTROUTING)
			continue;
		if (distance == 0)
			snprintf(buf, 32, "%s", named[i].name);
		else if (distance >= -PRIORITY_REACH && distance <= PRIORITY_REACH)
			snprintf(buf, 32, "%s %c %d", named[i].name, distance < 0 ? '-' : '+',
				 distance < 0 ? -distance : distance);
		else
			continue;
		return buf;
	}
	snprintf(buf, 32, "%d", c->priority);
	return buf;
}
