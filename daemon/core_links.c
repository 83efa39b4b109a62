/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core_links.h"

#include "base/arena.h"
#include "daemon/core_apply.h"
#include "daemon/core_lines.h"
#include "daemon/core_state.h"

#include <linux/if.h>
#include <string.h>

/*
 * Drivers answer ETHTOOL_GLINK by themselves; one whose answer contradicts the
 * kernel's carrier would make us flip and look for ever. After that many
 * contradictions in a row its answer is ignored until it changes.
 */
#define CONTRADICTIONS_MAX 3

static struct netstate_link *link_by_index(struct core *c, int ifindex)
{
	for (size_t i = 0; i < c->snapshot.n_links; i++)
		if (c->snapshot.links[i].ifindex == ifindex)
			return &c->snapshot.links[i];
	return NULL;
}

static struct netstate_link *link_by_name(struct core *c, const char *name)
{
	for (size_t i = 0; i < c->snapshot.n_links; i++)
		if (!strcmp(c->snapshot.links[i].name, name))
			return &c->snapshot.links[i];
	return NULL;
}

static bool is_our_device(const struct core *c, const char *name)
{
	for (size_t i = 0; i < c->plan->n_links; i++)
		if (!strcmp(c->plan->links[i].device, name))
			return true;
	return false;
}

static void copy_array(struct arena *a, void *to, const void *from, size_t count, size_t size)
{
	*(void **)to = count ? arena_memdup(a, from, count * size) : NULL;
}

static void check_claims(struct core *c)
{
	for (size_t i = 0; i < c->plan->n_links; i++) {
		struct core_link *l = &c->links[i];
		const struct netstate_link *dev = link_by_name(c, c->plan->links[i].device);
		bool claimed = l->claim == CORE_CARRIER_YES;

		if (l->claim == CORE_CARRIER_UNKNOWN || !dev || !(dev->flags & IFF_UP))
			continue;
		if (dev->carrier == claimed) {
			l->claim = CORE_CARRIER_UNKNOWN;
			l->contradictions = 0;
		} else if (++l->contradictions == CONTRADICTIONS_MAX)
			core_lines_add(c, true, "link",
				       "%s: the driver of %s says %s, the kernel %s: not polled",
				       c->plan->links[i].name, dev->name,
				       claimed ? "carrier" : "no carrier",
				       dev->carrier ? "carrier" : "no carrier");
	}
}

void core_links_store(struct core *c, const struct netstate *observed)
{
	struct arena *a = arena_new();
	struct netstate *s = &c->snapshot;

	*s = *observed;
	copy_array(a, &s->links, observed->links, s->n_links, sizeof(*s->links));
	copy_array(a, &s->addrs, observed->addrs, s->n_addrs, sizeof(*s->addrs));
	copy_array(a, &s->routes, observed->routes, s->n_routes, sizeof(*s->routes));
	copy_array(a, &s->rules, observed->rules, s->n_rules, sizeof(*s->rules));
	s->cap_links = s->n_links;
	s->cap_addrs = s->n_addrs;
	s->cap_routes = s->n_routes;
	s->cap_rules = s->n_rules;
	arena_free(c->snapshot_arena);
	c->snapshot_arena = a;
	c->has_snapshot = true;
	check_claims(c);
}

static void remove_link(struct core *c, struct netstate_link *l)
{
	struct netstate *s = &c->snapshot;
	size_t after = s->n_links - (size_t)(l - s->links) - 1;

	memmove(l, l + 1, after * sizeof(*l));
	s->n_links--;
}

static bool is_blocked_state(uint8_t operstate)
{
	return operstate == IF_OPER_LOWERLAYERDOWN || operstate == IF_OPER_DORMANT;
}

/*
 * The last look knows of that loss and saw the carrier that came after it: to
 * believe the event would be a second loss, and damping counts them. (0: a
 * kernel before 4.16, which does not count.)
 */
static bool is_old_loss(const struct netstate_link *known, const struct netstate_link *link)
{
	return !link->carrier && link->carrier_down_count &&
	       link->carrier_down_count <= known->carrier_down_count;
}

/*
 * An event tells how the device was when it was sent, which may be long ago, so
 * only what it takes away is worked in.
 */
enum core_links_news core_links_event(struct core *c, const struct netstate_link *link,
				      bool deleted)
{
	struct netstate_link *known = link_by_index(c, link->ifindex);
	bool ours = is_our_device(c, link->name) || (known && is_our_device(c, known->name));
	bool worse = false;

	if (!ours)
		return CORE_LINKS_NOTHING;
	if (!known)
		return deleted ? CORE_LINKS_NOTHING : CORE_LINKS_LOOK;
	if (deleted || strcmp(known->name, link->name)) {
		remove_link(c, known);
		return CORE_LINKS_WORSE;
	}
	if (known->carrier && !link->carrier && !is_old_loss(known, link)) {
		known->carrier = false;
		worse = true;
	}
	if ((known->flags & IFF_UP) && !(link->flags & IFF_UP)) {
		known->flags &= ~(uint32_t)IFF_UP;
		worse = true;
	}
	if (!is_blocked_state(known->operstate) && is_blocked_state(link->operstate)) {
		known->operstate = link->operstate;
		worse = true;
	}
	if (worse)
		return CORE_LINKS_WORSE;
	if (known->carrier == link->carrier && known->flags == link->flags &&
	    known->operstate == link->operstate &&
	    known->carrier_down_count == link->carrier_down_count)
		return CORE_LINKS_NOTHING;
	return CORE_LINKS_LOOK;
}

static enum core_links_news poll_link(struct core *c, size_t i, enum core_carrier now)
{
	struct core_link *l = &c->links[i];
	struct netstate_link *dev;
	bool carrier = now == CORE_CARRIER_YES;

	if (now == CORE_CARRIER_UNKNOWN)
		return CORE_LINKS_NOTHING;
	dev = link_by_name(c, c->plan->links[i].device);
	/* A device that is down by administration has no carrier to poll. */
	if (!dev || !(dev->flags & IFF_UP))
		return CORE_LINKS_NOTHING;
	if (l->claim != now)
		l->contradictions = 0;
	if (dev->carrier == carrier || l->contradictions >= CONTRADICTIONS_MAX) {
		/* an open claim waits for the dump that judges it */
		if (l->claim != now)
			l->claim = CORE_CARRIER_UNKNOWN;
		return CORE_LINKS_NOTHING;
	}
	l->claim = now;
	if (carrier)
		return CORE_LINKS_LOOK;
	dev->carrier = false;
	return CORE_LINKS_WORSE;
}

enum core_links_news core_links_poll(struct core *c, const enum core_carrier *carrier, size_t n)
{
	enum core_links_news news = CORE_LINKS_NOTHING;

	for (size_t i = 0; i < n && i < c->plan->n_links; i++) {
		enum core_links_news one = poll_link(c, i, carrier[i]);

		if (one > news)
			news = one;
	}
	return news;
}

bool core_links_view(struct core *c)
{
	struct link_view *old = c->views;
	bool changed = false;

	c->views = c->other_views;
	c->other_views = old;
	memset(c->views, 0, c->plan->n_links * sizeof(*c->views));
	link_view_build(c->plan, &c->snapshot, c->views);
	for (size_t i = 0; i < c->plan->n_links; i++) {
		/* a new device under that name has none of our settings */
		if (c->views[i].ifindex && c->views[i].ifindex != old[i].ifindex)
			core_apply_want_state(c);
		changed = changed || memcmp(&c->views[i], &old[i], sizeof(*old)) != 0;
	}
	if (changed)
		c->generation++;
	return changed;
}
