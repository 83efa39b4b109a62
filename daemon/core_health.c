/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core_health.h"

#include "daemon/core_lines.h"
#include "daemon/core_state.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define MS 1000000ull

static const char *const family_names[INET_FAMILY_COUNT] = { [INET4] = "ipv4", [INET6] = "ipv6" };

const struct core_health *core_health_of(const struct core *c, size_t link, enum inet_family f)
{
	return &c->links[link].health[f];
}

enum link_use core_health_use(const struct core *c, size_t link, enum inet_family f)
{
	const struct core_health *h = core_health_of(c, link, f);

	return h->known ? link_state_use(h->state) : LINK_USE_NO;
}

void core_health_why(const struct core *c, size_t link, enum inet_family f, char *buf, size_t size)
{
	snprintf(buf, size, "%s: %s", c->plan->links[link].name,
		 core_health_of(c, link, f)->reason);
}

void core_health_drain(struct core *c, size_t link, bool on)
{
	c->links[link].drained = on;
}

/* ---- probes ---- */

static bool probe_covers(const struct core *c, size_t link, enum inet_family f)
{
	const struct policy_probe *p;

	if (c->plan->links[link].probe < 0)
		return false;
	p = &c->plan->policy->probes[c->plan->links[link].probe];
	switch (p->type) {
	case POLICY_PROBE_NONE:
		return false;
	case POLICY_PROBE_ICMP:
	case POLICY_PROBE_TCP:
	case POLICY_PROBE_DNS:
	case POLICY_PROBE_HTTP:
		return p->n_hosts[f] > 0;
	case POLICY_PROBE_ARP:
	case POLICY_PROBE_NDP:
		/* without hosts the gateway is asked: point to point there is none */
		if (f != (p->type == POLICY_PROBE_ARP ? INET4 : INET6))
			return false;
		return p->n_hosts[f] > 0 || !c->views[link].family[f].gateway_none;
	case POLICY_PROBE_ROUTE:
		return p->has_prefix[f];
	case POLICY_PROBE_EXEC:
		return true;
	}
	return false;
}

static enum link_probe probe_fact(const struct core_health *h)
{
	if (!h->probed)
		return LINK_PROBE_FINE;
	switch (h->verdict) {
	case PROBE_UNKNOWN:
		return h->proving ? LINK_PROBE_PROBING : LINK_PROBE_UNPROBED;
	case PROBE_PASSING:
		return LINK_PROBE_FINE;
	case PROBE_DEGRADED:
		return LINK_PROBE_DEGRADED;
	case PROBE_FAILING:
		return LINK_PROBE_FAILED;
	}
	return LINK_PROBE_FINE;
}

static bool set_reason(char to[CORE_REASON_MAX], const char *from)
{
	size_t n = strlen(from);

	if (n > CORE_REASON_MAX - 1)
		n = CORE_REASON_MAX - 1;
	if (!memcmp(to, from, n) && !to[n])
		return false;
	memmove(to, from, n);
	to[n] = '\0';
	return true;
}

bool core_health_probe(struct core *c, const struct core_event *e)
{
	struct core_health *h;
	bool changed;

	if (e->probe.link >= c->plan->n_links)
		return false;
	h = &c->links[e->probe.link].health[e->probe.family];
	/* what was under way when the link went says nothing about it when it is back */
	if (!h->known || !h->probed || h->facts.physical != LINK_OK)
		return false;
	changed = h->verdict != e->probe.verdict;
	h->verdict = e->probe.verdict;
	h->stats = e->probe.stats;
	if (set_reason(h->probe_reason, e->probe.reason ? e->probe.reason : "") &&
	    (h->state == LINK_STATE_DEGRADED || h->state == LINK_STATE_PROBE_FAILED) && !changed)
		set_reason(h->reason, h->probe_reason);
	if (h->verdict == PROBE_PASSING || h->verdict == PROBE_DEGRADED)
		h->proving = false;
	return changed || c->links[e->probe.link].measured;
}

/* ---- lines ---- */

static bool is_up(enum link_state s)
{
	return s == LINK_STATE_UP || s == LINK_STATE_UNPROBED;
}

/* In lines and for programs: the reason says the rest. */
static const char *word_of(enum link_state s)
{
	return link_state_is_physical(s) || s == LINK_STATE_PROBE_FAILED ? "down"
									 : link_state_name(s);
}

static const char *why_up(enum link_state from)
{
	switch (from) {
	case LINK_STATE_UP:
	case LINK_STATE_NO_DEVICE:
	case LINK_STATE_ADMIN_DOWN:
	case LINK_STATE_NO_CARRIER:
	case LINK_STATE_NO_ADDRESS:
	case LINK_STATE_NO_GATEWAY:
		return "up";
	case LINK_STATE_UNPROBED:
	case LINK_STATE_PROBE_FAILED:
	case LINK_STATE_PROBING:
		return "its probe passes";
	case LINK_STATE_DRAINED:
		return "no longer drained";
	case LINK_STATE_DAMPED:
		return "stable again";
	case LINK_STATE_HELD_DOWN:
		return "held down long enough";
	case LINK_STATE_DEGRADED:
		return "within its limits again";
	}
	return "up";
}

static uint64_t seconds_until(uint64_t at_ns, uint64_t now_ns)
{
	return at_ns > now_ns ? (at_ns - now_ns + 999 * MS) / (1000 * MS) : 0;
}

static void make_reason(const struct core *c, size_t link, struct core_health *h,
			enum link_state from, uint64_t now_ns)
{
	const struct policy_damping *p = &c->plan->policy->links[link].damping;

	switch (h->state) {
	case LINK_STATE_UP:
		set_reason(h->reason, why_up(from));
		return;
	case LINK_STATE_PROBE_FAILED:
	case LINK_STATE_DEGRADED:
		set_reason(h->reason,
			   *h->probe_reason ? h->probe_reason : link_state_text(h->state));
		return;
	case LINK_STATE_DAMPED:
		snprintf(h->reason, sizeof(h->reason), "flapping: left out for %" PRIu64 " s",
			 seconds_until(damping_reuse_ns(&h->damping, p), now_ns));
		return;
	case LINK_STATE_HELD_DOWN:
		snprintf(h->reason, sizeof(h->reason), "held down for %" PRIu64 " s",
			 seconds_until(h->held_until_ns, now_ns));
		return;
	case LINK_STATE_UNPROBED:
	case LINK_STATE_NO_DEVICE:
	case LINK_STATE_ADMIN_DOWN:
	case LINK_STATE_NO_CARRIER:
	case LINK_STATE_NO_ADDRESS:
	case LINK_STATE_NO_GATEWAY:
	case LINK_STATE_DRAINED:
	case LINK_STATE_PROBING:
		set_reason(h->reason, link_state_text(h->state));
		return;
	}
}

static void fill_line(struct core *c, struct core_line *line, size_t link, enum inet_family f,
		      enum link_state from)
{
	const struct core_health *h = core_health_of(c, link, f);

	line->kind = is_up(h->state) ? CORE_LINE_LINK_UP : CORE_LINE_LINK_DOWN;
	line->link = c->plan->links[link].name;
	line->device = c->plan->links[link].device;
	line->family = f;
	line->from = word_of(from);
	line->to = word_of(h->state);
	line->reason = core_lines_text(c, h->reason);
}

static const char *text_of(enum link_state s)
{
	return is_up(s) ? "up" : word_of(s);
}

/* "drained by hand" need not begin with "drained: ". */
static bool says_all(const struct core_health *h)
{
	return h->state == LINK_STATE_DRAINED || h->state == LINK_STATE_HELD_DOWN ||
	       !strcmp(text_of(h->state), h->reason);
}

static void tell(struct core *c, size_t link, enum inet_family f, enum link_state from)
{
	const struct core_health *h = core_health_of(c, link, f);
	bool all = says_all(h);
	struct core_line *line = core_lines_add(
		c, false, "link", "%s: %s %s%s%s", c->plan->links[link].name, family_names[f],
		all ? "" : text_of(h->state), all ? "" : ": ", h->reason);

	fill_line(c, line, link, f, from);
}

static void tell_storm(struct core *c, size_t link, enum inet_family f, unsigned n)
{
	struct core_health *h = &c->links[link].health[f];
	bool all = says_all(h);
	struct core_line *line =
		core_lines_add(c, false, "link", "%s: %s: %u more changes in %u s, now %s%s%s",
			       c->plan->links[link].name, family_names[f], n,
			       (unsigned)(CORE_LINES_WINDOW_NS / (1000 * MS)),
			       all ? "" : text_of(h->state), all ? "" : ": ", h->reason);

	fill_line(c, line, link, f, h->told);
	if (h->told == h->state)
		line->kind = CORE_LINE_OTHER;
	h->told = h->state;
}

/* ---- states ---- */

/* Each family has a penalty of its own: what takes both counts once for each. */
static void count_loss(const struct core *c, size_t link, struct core_health *h, uint64_t now_ns)
{
	const struct policy_link *l = &c->plan->policy->links[link];

	h->losses++;
	damping_loss(&h->damping, &l->damping, now_ns);
	if (l->hold_down_ms)
		h->held_until_ns = now_ns + l->hold_down_ms * MS;
}

static struct link_facts facts_of(const struct core *c, size_t link, enum inet_family f,
				  uint64_t now_ns)
{
	const struct core_health *h = core_health_of(c, link, f);

	return (struct link_facts){
		.physical = link_view_usable(&c->views[link], f),
		.drained = c->links[link].drained,
		.probe = probe_fact(h),
		.damped = h->damping.suppressed,
		.held = now_ns < h->held_until_ns,
	};
}

/* One event after the other, through the table. */
static void go_through(struct core_health *h, const struct link_facts *to)
{
	enum link_event events[LINK_EVENT_COUNT];
	size_t n = link_state_events(&h->facts, to, events);

	for (size_t i = 0; i < n; i++)
		h->state = link_state_next(h->state, events[i], to);
	h->facts = *to;
}

/* What a loss of the device's makes of the probe: all it said is of the past. */
static void forget_probe(struct core_health *h)
{
	h->proving = true;
	h->verdict = PROBE_UNKNOWN;
	h->stats = (struct probe_stats){ .rtt_ms = -1, .jitter_ms = -1 };
	h->probe_reason[0] = '\0';
}

static uint64_t first_sign(const struct core_health *h, uint64_t now_ns)
{
	if (h->state == LINK_STATE_PROBE_FAILED || h->state == LINK_STATE_DEGRADED)
		return h->stats.bad_since_ns;
	return link_state_is_physical(h->state) ? now_ns : 0;
}

/*
 * From use to none. Not of a link that has just come back and whose first probes
 * were lost: the far side's bridge may forward late. That outage is counted.
 */
static bool is_loss(enum link_state from, enum link_state to)
{
	if (link_state_is_physical(to))
		return link_state_use(from) != LINK_USE_NO;
	return to == LINK_STATE_PROBE_FAILED && link_state_use(from) != LINK_USE_NO &&
	       from != LINK_STATE_PROBING;
}

static void enter_state(struct core *c, size_t link, enum inet_family f, enum link_state from,
			uint64_t now_ns)
{
	struct core_health *h = &c->links[link].health[f];
	enum link_use was = link_state_use(from), use = link_state_use(h->state);

	make_reason(c, link, h, from, now_ns);
	h->since_ns = now_ns;
	if (use == LINK_USE_YES && (!h->known || was != LINK_USE_YES))
		h->yes_since_ns = now_ns;
	if (use != LINK_USE_YES)
		h->sign_ns = first_sign(h, now_ns);
	h->known = true;
	c->generation++;
}

/* Told, if it changed; and what was held back before, if its time has come. */
static bool changed_state(struct core *c, size_t link, enum inet_family f, enum link_state from,
			  uint64_t now_ns)
{
	struct core_health *h = &c->links[link].health[f];
	unsigned held = core_lines_due(&h->limit, now_ns);
	bool changed = !h->known || h->state != from;

	if (!h->known)
		from = h->state;
	if (changed)
		enter_state(c, link, f, from, now_ns);
	if (held) {
		tell_storm(c, link, f, held + changed);
	} else if (changed && core_lines_pass(&h->limit, now_ns)) {
		tell(c, link, f, from);
		h->told = h->state;
	}
	return changed;
}

static bool refresh_one(struct core *c, size_t link, enum inet_family f, uint64_t now_ns)
{
	struct core_health *h = &c->links[link].health[f];
	const struct policy_link *l = &c->plan->policy->links[link];
	enum link_state from = h->state;
	struct link_facts facts;

	damping_update(&h->damping, &l->damping, now_ns);
	h->probed = probe_covers(c, link, f);
	if (link_view_usable(&c->views[link], f) != LINK_OK)
		forget_probe(h);
	else if (!h->probed)
		h->proving = false; /* a reload may give it a probe: it is in use then */
	facts = facts_of(c, link, f, now_ns);
	if (!h->known) {
		h->facts = facts;
		h->state = link_state_of(&facts);
		return changed_state(c, link, f, from, now_ns);
	}
	go_through(h, &facts);
	if (is_loss(from, h->state)) {
		count_loss(c, link, h, now_ns);
		facts = facts_of(c, link, f, now_ns);
		go_through(h, &facts);
	}
	return changed_state(c, link, f, from, now_ns);
}

static void sooner(struct core *c, uint64_t at_ns)
{
	if (at_ns < c->decide_at_ns)
		c->decide_at_ns = at_ns;
}

static void wake_for(struct core *c, size_t link, enum inet_family f)
{
	const struct core_health *h = core_health_of(c, link, f);
	uint64_t reuse_ns = damping_reuse_ns(&h->damping, &c->plan->policy->links[link].damping);

	if (reuse_ns)
		sooner(c, reuse_ns);
	if (h->facts.held)
		sooner(c, h->held_until_ns);
	sooner(c, core_lines_due_ns(&h->limit));
}

bool core_health_refresh(struct core *c, uint64_t now_ns)
{
	bool changed = false;

	for (size_t i = 0; i < c->plan->n_links; i++)
		for (enum inet_family f = INET4; f <= INET6; f++) {
			changed = refresh_one(c, i, f, now_ns) || changed;
			wake_for(c, i, f);
		}
	return changed;
}
