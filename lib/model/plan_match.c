/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/plan_match.h"

#include "base/arena.h"
#include "model/plan_build.h"
#include "model/plan_digest.h"
#include "model/prefix_map.h"
#include "model/schedule.h"

#include <string.h>

/* IPPROTO_TCP, IPPROTO_UDP, IPPROTO_ICMP, IPPROTO_ICMPV6: RFC 5237's registry */
enum {
	PROTO_ICMP = 1,
	PROTO_TCP = 6,
	PROTO_UDP = 17,
	PROTO_ICMPV6 = 58,
};

#define NFPROTO_V4 2 /* NFPROTO_IPV4, include/uapi/linux/netfilter.h */
#define NFPROTO_V6 10

/* Longer lists of prefixes become named sets: a rule stays one readable line. */
#define INLINE_MAX 16

/* What all statements of a rule share. */
struct pass {
	struct plan_build *b;
	const struct policy_rule *r;
	struct plan_chain *chain; /* that the statements go into */
	struct schedule_window windows[SCHEDULE_WINDOWS_MAX];
	size_t n_windows;
	const struct plan_set *const *dns;
	bool static_destinations;
};

/* One family's part; family -1: the rule does not depend on it. */
struct family_part {
	int family;
	struct plan_value *from, *to;
	size_t n_from, n_to;
	const struct plan_set *from_set, *to_set;
};

bool plan_match_destination_only(const struct policy_rule *r)
{
	return r->has_destination && !r->n_from && !r->n_macs && !r->n_protocols && !r->n_sports &&
	       !r->n_dports && !r->n_icmp_types && !r->n_dscp && !r->n_iifs && !r->schedule.given &&
	       !r->n_users && !r->n_cgroups;
}

struct plan_value *plan_match_ranges(struct plan_build *b, const struct policy_range *ranges,
				     size_t n, enum inet_family f, size_t *ret_n)
{
	struct arena *scratch = arena_new();
	struct prefix_map_item *items = arena_calloc(scratch, n + 1, sizeof(*items));
	size_t n_items = 0, n_flat;

	for (size_t i = 0; i < n; i++)
		if (ranges[i].family == f)
			items[n_items++].range = ranges[i].range;

	struct prefix_map_item *flat = prefix_map_flatten(items, n_items, f, scratch, &n_flat);
	struct plan_value *values = arena_calloc(b->arena, n_flat + 1, sizeof(*values));

	for (size_t i = 0; i < n_flat; i++)
		values[i].range = flat[i].range;
	*ret_n = n_flat;
	arena_free(scratch);
	return values;
}

/* A named interval set of these ranges. */
static const struct plan_set *range_set(struct plan_build *b, const struct policy_rule *r,
					const char *what, enum inet_family f,
					const struct plan_value *values, size_t n)
{
	struct plan_element *elements = arena_calloc(b->arena, n, sizeof(*elements));
	struct plan_set *s;

	for (size_t i = 0; i < n; i++)
		elements[i].range = values[i].range;
	s = plan_build_set(b, PLAN_TABLE_BYPASS,
			   arena_printf(b->arena, "%s_%s_%d", what, r->name, f == INET4 ? 4 : 6),
			   f == INET4 ? PLAN_TYPE_IPV4_ADDR : PLAN_TYPE_IPV6_ADDR, NULL);
	s->interval = true;
	s->life = PLAN_SLOTTED;
	s->elements = elements;
	s->n_elements = n;
	s->comment = plan_digest_comment(b, s, "rule %s: %s", r->name,
					 strcmp(what, "to") ? "sources" : "destinations");
	return s;
}

/* ---- parts of a statement ---- */

static void match_numbers(struct plan_build *b, struct plan_draft *d, enum plan_field field,
			  const struct policy_number_range *ranges, size_t n)
{
	struct plan_value *v = arena_calloc(b->arena, n, sizeof(*v));
	size_t used = 0;

	for (size_t i = 0; i < n; i++)
		v[i].number = ranges[i];
	/* sorted and disjoint, as a set needs them */
	for (size_t i = 1; i < n; i++)
		for (size_t k = i; k > 0 && v[k].number.lo < v[k - 1].number.lo; k--) {
			struct plan_value swap = v[k];

			v[k] = v[k - 1];
			v[k - 1] = swap;
		}
	for (size_t i = 0; i < n; i++) {
		struct policy_number_range *last = used ? &v[used - 1].number : NULL;

		if (last && v[i].number.lo <= last->hi) {
			if (v[i].number.hi > last->hi)
				last->hi = v[i].number.hi;
			continue;
		}
		v[used++] = v[i];
	}
	plan_build_match(d, field, v, used);
}

static void match_window(struct plan_build *b, struct plan_draft *d,
			 const struct schedule_window *w)
{
	struct policy_number_range days[7];
	size_t n = 0;

	if (w->lo != 0 || w->hi != SCHEDULE_DAY_S - 1)
		match_numbers(b, d, PLAN_HOUR, &(struct policy_number_range){ w->lo, w->hi }, 1);
	for (unsigned day = 0; day < 7; day++)
		if (w->days & (1u << day))
			days[n++] = (struct policy_number_range){ day, day };
	if (n < 7)
		match_numbers(b, d, PLAN_DAY, days, n);
}

static void match_macs(struct plan_build *b, struct plan_draft *d, const struct policy_rule *r)
{
	struct plan_value *v = arena_calloc(b->arena, r->n_macs, sizeof(*v));

	for (size_t i = 0; i < r->n_macs; i++)
		memcpy(v[i].mac, r->macs[i], sizeof(v[i].mac));
	plan_build_match(d, PLAN_ETHER_SADDR, v, r->n_macs);
}

static bool single_protocol(const struct policy_rule *r, unsigned number)
{
	return r->n_protocols == 1 && r->protocols[0].lo == number;
}

static void match_protocols(struct plan_build *b, struct plan_draft *d, const struct policy_rule *r)
{
	static const struct policy_number_range tcp_udp[] = { { PROTO_TCP, PROTO_TCP },
							      { PROTO_UDP, PROTO_UDP } };
	bool ports = r->n_sports || r->n_dports;
	bool tcp = single_protocol(r, PROTO_TCP), udp = single_protocol(r, PROTO_UDP);

	if (r->n_icmp_types)
		return; /* the type's own match implies the protocol */
	if (!ports) {
		if (r->n_protocols)
			match_numbers(b, d, PLAN_L4PROTO, r->protocols, r->n_protocols);
		return;
	}
	if (!r->n_protocols)
		match_numbers(b, d, PLAN_L4PROTO, tcp_udp, 2);
	else if (!tcp && !udp)
		match_numbers(b, d, PLAN_L4PROTO, r->protocols, r->n_protocols);
	if (r->n_sports)
		match_numbers(b, d,
			      tcp   ? PLAN_TCP_SPORT
			      : udp ? PLAN_UDP_SPORT
				    : PLAN_TH_SPORT,
			      r->sports, r->n_sports);
	if (r->n_dports)
		match_numbers(b, d,
			      tcp   ? PLAN_TCP_DPORT
			      : udp ? PLAN_UDP_DPORT
				    : PLAN_TH_DPORT,
			      r->dports, r->n_dports);
}

static void match_icmp_types(struct plan_build *b, struct plan_draft *d,
			     const struct policy_rule *r, enum inet_family f)
{
	struct policy_number_range types[256];
	size_t n = 0;

	for (size_t i = 0; i < r->n_icmp_types && n < 256; i++)
		if (r->icmp_types[i].family == f)
			types[n++] = (struct policy_number_range){ r->icmp_types[i].type,
								   r->icmp_types[i].type };
	if (n)
		match_numbers(b, d, f == INET4 ? PLAN_ICMP_TYPE : PLAN_ICMPV6_TYPE, types, n);
}

static void match_addresses(struct plan_draft *d, enum plan_field field,
			    const struct plan_value *values, size_t n, const struct plan_set *set)
{
	if (set)
		plan_build_match_set(d, field, UINT32_MAX, false, set);
	else if (n)
		plan_build_match(d, field, values, n);
}

/* Everything but the destination; cheap matches first. */
static void match_common(struct pass *s, struct plan_draft *d, const struct family_part *part,
			 const char *cgroup, const struct schedule_window *w)
{
	struct plan_build *b = s->b;
	const struct policy_rule *r = s->r;
	bool six = part->family == INET6;

	if (r->n_iifs)
		plan_build_match_names(b, d, PLAN_IIFNAME, r->iifs, r->n_iifs);
	if (w)
		match_window(b, d, w);
	if (r->n_users) {
		struct policy_number_range *uids =
			arena_calloc(b->arena, r->n_users, sizeof(*uids));

		for (size_t i = 0; i < r->n_users; i++)
			uids[i].lo = uids[i].hi = r->users[i].uid;
		match_numbers(b, d, PLAN_SKUID, uids, r->n_users);
	}
	if (cgroup)
		plan_build_match_names(b, d, PLAN_CGROUPV2, &cgroup, 1);
	if (r->n_macs)
		match_macs(b, d, r);
	if (part->family >= 0 && !part->n_from && !r->n_dscp && !r->n_icmp_types && !part->n_to &&
	    !(s->dns && s->dns[part->family]))
		plan_build_match_number(b, d, PLAN_NFPROTO, six ? NFPROTO_V6 : NFPROTO_V4);
	if (part->family >= 0)
		match_addresses(d, six ? PLAN_IP6_SADDR : PLAN_IP_SADDR, part->from, part->n_from,
				part->from_set);
	if (r->n_dscp)
		match_numbers(b, d, six ? PLAN_IP6_DSCP : PLAN_IP_DSCP, r->dscp, r->n_dscp);
	match_protocols(b, d, r);
	if (r->n_icmp_types)
		match_icmp_types(b, d, r, (enum inet_family)part->family);
}

static void add_goto(struct pass *s, struct plan_draft *d)
{
	plan_build_verdict(d, PLAN_GOTO, s->b->rule_chains[s->r->index]);
	plan_build_rule(s->b, s->chain, d, NULL);
}

/* One window, one cgroup, one family: a statement for the prefixes, one for the learnt addresses. */
static void build_statements(struct pass *s, const struct family_part *part, const char *cgroup,
			     const struct schedule_window *w)
{
	const struct policy_rule *r = s->r;
	enum plan_field daddr = part->family == INET6 ? PLAN_IP6_DADDR : PLAN_IP_DADDR;
	const struct plan_set *dns = part->family >= 0 && s->dns ? s->dns[part->family] : NULL;
	struct plan_draft d = PLAN_DRAFT_NULL;

	if (!r->has_destination || (s->static_destinations && part->n_to)) {
		match_common(s, &d, part, cgroup, w);
		if (part->n_to)
			match_addresses(&d, daddr, part->to, part->n_to, part->to_set);
		add_goto(s, &d);
	}
	if (dns) {
		d = PLAN_DRAFT_NULL;
		match_common(s, &d, part, cgroup, w);
		plan_build_match_set(&d, daddr, UINT32_MAX, false, dns);
		plan_build_update(&d, dns, daddr);
		add_goto(s, &d);
	}
}

static void build_family(struct pass *s, const struct family_part *part)
{
	const struct policy_rule *r = s->r;
	size_t n_cgroups = r->n_cgroups ? r->n_cgroups : 1;
	size_t n_windows = s->n_windows ? s->n_windows : 1;

	for (size_t c = 0; c < n_cgroups; c++)
		for (size_t w = 0; w < n_windows; w++)
			build_statements(s, part, r->n_cgroups ? r->cgroups[c] : NULL,
					 s->n_windows ? &s->windows[w] : NULL);
}

static bool has_icmp_type(const struct policy_rule *r, enum inet_family f)
{
	for (size_t i = 0; i < r->n_icmp_types; i++)
		if (r->icmp_types[i].family == f)
			return true;
	return !r->n_icmp_types;
}

/* Fills the part of one family; false when the rule cannot match in it. */
static bool fill_part(struct pass *s, enum inet_family f, struct family_part *ret)
{
	struct plan_build *b = s->b;
	const struct policy_rule *r = s->r;

	*ret = (struct family_part){ .family = (int)f };
	if (!r->families[f] || !has_icmp_type(r, f))
		return false;
	if (r->n_from) {
		ret->from = plan_match_ranges(b, r->from, r->n_from, f, &ret->n_from);
		if (!ret->n_from)
			return false;
		if (ret->n_from > INLINE_MAX)
			ret->from_set = range_set(b, r, "from", f, ret->from, ret->n_from);
	}
	if (s->static_destinations && r->n_to) {
		ret->to = plan_match_ranges(b, r->to, r->n_to, f, &ret->n_to);
		if (ret->n_to > INLINE_MAX)
			ret->to_set = range_set(b, r, "to", f, ret->to, ret->n_to);
	}
	return !r->has_destination || ret->n_to || (s->dns && s->dns[f]);
}

static bool depends_on_family(const struct policy_rule *r)
{
	return r->n_from || r->has_destination || r->n_dscp || r->n_icmp_types ||
	       !r->families[INET4] || !r->families[INET6];
}

void plan_match_build(struct plan_build *b, struct plan_chain *c, const struct policy_rule *r,
		      const struct plan_set *const dns[INET_FAMILY_COUNT], bool static_destinations)
{
	struct pass s = {
		.b = b, .r = r, .chain = c, .dns = dns, .static_destinations = static_destinations
	};
	struct family_part part;

	if (r->schedule.given)
		s.n_windows = schedule_windows(&r->schedule, s.windows);
	/* all of the week: nothing to compare */
	if (s.n_windows == 1 && s.windows[0].days == 0x7f && s.windows[0].lo == 0 &&
	    s.windows[0].hi == SCHEDULE_DAY_S - 1)
		s.n_windows = 0;
	if (!depends_on_family(r)) {
		part = (struct family_part){ .family = -1 };
		build_family(&s, &part);
		return;
	}
	for (int f = 0; f < INET_FAMILY_COUNT; f++)
		if (fill_part(&s, (enum inet_family)f, &part))
			build_family(&s, &part);
}
