/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/link_view.h"

#include "model/policy.h"

#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <string.h>

const char *link_view_reason_text(enum link_reason r)
{
	static const char *const texts[LINK_REASON_COUNT] = {
		[LINK_OK] = "up",
		[LINK_NO_DEVICE] = "no such device",
		[LINK_ADMIN_DOWN] = "administratively down",
		[LINK_NO_CARRIER] = "no carrier",
		[LINK_NO_ADDRESS] = "no address",
		[LINK_NO_GATEWAY] = "no gateway",
	};

	return texts[r];
}

static const struct netstate_link *find_device(const struct netstate *s, const char *device)
{
	for (size_t i = 0; i < s->n_links; i++)
		if (strncmp(s->links[i].name, device, sizeof(s->links[i].name)) == 0)
			return &s->links[i];
	return NULL;
}

/*
 * Carrier alone is not enough (RFC 2863): a port waiting for 802.1X is DORMANT,
 * a VLAN over a dead NIC LOWERLAYERDOWN. DOWN and UNKNOWN say nothing: the
 * kernel's linkwatch sets them up to a second after the carrier, and drivers
 * without it never do.
 */
static bool has_carrier(const struct netstate_link *l)
{
	if (!l->carrier)
		return false;
	switch (l->operstate) {
	case IF_OPER_NOTPRESENT:
	case IF_OPER_LOWERLAYERDOWN:
	case IF_OPER_TESTING:
	case IF_OPER_DORMANT:
		return false;
	default:
		return true;
	}
}

static bool has_address(const struct netstate *s, int ifindex, enum inet_family f)
{
	for (size_t i = 0; i < s->n_addrs; i++)
		if (s->addrs[i].ifindex == ifindex && s->addrs[i].family == f)
			return true;
	return false;
}

static const struct netstate_nexthop *nexthop_on(const struct netstate_route *r, int ifindex)
{
	for (size_t i = 0; i < r->n_nexthops; i++)
		if (r->nexthops[i].ifindex == ifindex)
			return &r->nexthops[i];
	return NULL;
}

static bool route_is_better(const struct netstate_route *a, const struct netstate_route *b)
{
	if ((a->table == RT_TABLE_MAIN) != (b->table == RT_TABLE_MAIN))
		return a->table == RT_TABLE_MAIN;
	if (a->metric != b->metric)
		return a->metric < b->metric;
	return a->table < b->table;
}

/* DHCP, RA and PPP clients leave their default route somewhere: that is the gateway. */
static void learn_gateway(const struct netstate *s, enum inet_family f, struct link_view *v)
{
	const struct netstate_route *best = NULL;
	const struct netstate_nexthop *best_nh = NULL;

	for (size_t i = 0; i < s->n_routes; i++) {
		const struct netstate_route *r = &s->routes[i];
		const struct netstate_nexthop *nh;

		if (r->family != f || r->protocol == POLICY_PROTOCOL)
			continue;
		nh = nexthop_on(r, v->ifindex);
		if (nh && (!best || route_is_better(r, best))) {
			best = r;
			best_nh = nh;
		}
	}
	if (!best)
		return;
	v->family[f].has_gateway = true;
	v->family[f].gateway_none = !best_nh->has_gateway;
	v->family[f].gateway = best_nh->gateway;
	v->family[f].onlink = best_nh->onlink;
}

static void build_family(const struct plan_link *l, const struct netstate *s, enum inet_family f,
			 struct link_view *v)
{
	const struct policy_gateway *gw = &l->gateway[f];

	v->family[f].has_addr = has_address(s, v->ifindex, f);
	switch (gw->kind) {
	case POLICY_GATEWAY_AUTO:
		learn_gateway(s, f, v);
		break;
	case POLICY_GATEWAY_NONE:
		v->family[f].has_gateway = true;
		v->family[f].gateway_none = true;
		break;
	case POLICY_GATEWAY_ADDR:
		/* onlink: the gateway need not lie in a prefix of the device */
		v->family[f].has_gateway = true;
		v->family[f].onlink = true;
		v->family[f].gateway = gw->addr;
		break;
	}
}

void link_view_build(const struct plan *p, const struct netstate *observed, struct link_view *ret)
{
	for (size_t i = 0; i < p->n_links; i++) {
		const struct netstate_link *dev = find_device(observed, p->links[i].device);
		struct link_view *v = &ret[i];

		memset(v, 0, sizeof(*v));
		if (!dev)
			continue;
		v->ifindex = dev->ifindex;
		v->admin_up = dev->flags & IFF_UP;
		v->carrier = has_carrier(dev);
		build_family(&p->links[i], observed, INET4, v);
		build_family(&p->links[i], observed, INET6, v);
	}
}

/* The first fault, carrier not asked when `carrier` is false. */
static enum link_reason first_reason(const struct link_view *v, enum inet_family f, bool carrier)
{
	if (!v->ifindex)
		return LINK_NO_DEVICE;
	if (!v->admin_up)
		return LINK_ADMIN_DOWN;
	if (carrier && !v->carrier)
		return LINK_NO_CARRIER;
	if (!v->family[f].has_addr)
		return LINK_NO_ADDRESS;
	if (!v->family[f].has_gateway)
		return LINK_NO_GATEWAY;
	return LINK_OK;
}

enum link_reason link_view_usable(const struct link_view *v, enum inet_family f)
{
	return first_reason(v, f, true);
}

bool link_view_routable(const struct link_view *v, enum inet_family f)
{
	return first_reason(v, f, false) == LINK_OK;
}
