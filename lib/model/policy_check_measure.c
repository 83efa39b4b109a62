/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy_check_measure.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "model/json_doc.h"
#include "model/policy.h"

#include <stdarg.h>

struct check {
	const struct policy *p;
	struct arena *arena;
	struct diag_list *faults;
};

/* At the value of `key` below `at`. */
__attribute__((format(printf, 5, 6))) static struct diag *
fault(const struct check *c, enum diag_level level, const struct policy_place *at, const char *key,
      const char *fmt, ...)
{
	struct diag *d;
	va_list ap;

	va_start(ap, fmt);
	d = json_doc_vfault(c->p->doc, c->faults, level,
			    arena_printf(c->arena, "%s/%s", at->pointer, key), false, fmt, ap);
	va_end(ap);
	return d;
}

static const struct policy_probe *probe_of(const struct check *c, int link)
{
	int probe = link < 0 ? -1 : c->p->links[link].probe;

	return probe < 0 ? NULL : &c->p->probes[probe];
}

/* arp and ndp ask the link's gateway when nobody else is named. */
static void check_gateways(const struct check *c)
{
	static const struct {
		enum policy_probe_type type;
		enum inet_family family;
		const char *gateway, *hosts;
	} asks[] = {
		{ POLICY_PROBE_ARP, INET4, "gateway4", "hosts4" },
		{ POLICY_PROBE_NDP, INET6, "gateway6", "hosts6" },
	};

	for (size_t i = 0; i < c->p->n_links; i++) {
		const struct policy_link *l = &c->p->links[i];
		const struct policy_probe *probe = probe_of(c, (int)i);

		for (size_t k = 0; probe && k < ARRAY_SIZE(asks); k++) {
			struct diag *d;

			if (probe->type != asks[k].type || probe->n_hosts[asks[k].family] ||
			    l->gateway[asks[k].family].kind != POLICY_GATEWAY_NONE)
				continue;
			d = fault(c, DIAG_ERROR, &l->place, "probe",
				  "type \"%s\" asks the gateway, and \"%s\" is \"none\"",
				  policy_probe_type_name(probe->type), asks[k].gateway);
			diag_hint(c->faults, d, "name a neighbour in the probe's \"%s\"",
				  asks[k].hosts);
		}
	}
}

/* The best of several can be found only when something is measured. */
static void check_measured(const struct check *c, const struct policy_group *g)
{
	struct diag *d;

	if (!g->n_members)
		return;
	for (size_t i = 0; i < g->n_members; i++) {
		int link = g->members[i].link;
		const struct policy_probe *probe = probe_of(c, link);

		/* a name that leads nowhere is a fault of its own */
		if (link < 0 || (!probe && c->p->links[link].probe_name))
			return;
		if (probe && policy_probe_measures(probe->type))
			return;
	}
	d = fault(c, DIAG_ERROR, &g->place, "mode",
		  "no link of this group has a probe that measures");
	diag_hint(c->faults, d, "\"icmp\", \"tcp\", \"dns\", \"http\", \"arp\" and \"ndp\" do");
}

/* Not a fault: that link has losses instead, and is left for them. */
static void check_reachable(const struct check *c, const struct policy_group *g, const char *key,
			    uint32_t sla_ms)
{
	for (size_t i = 0; sla_ms && i < g->n_members; i++) {
		const struct policy_probe *probe = probe_of(c, g->members[i].link);
		struct diag *d;

		if (!probe || !policy_probe_measures(probe->type) || !probe->timeout_ms ||
		    sla_ms < probe->timeout_ms)
			continue;
		d = fault(c, DIAG_WARNING, &g->place, key,
			  "never exceeded by \"%s\": its probe takes an answer after %u ms as lost",
			  c->p->links[g->members[i].link].name, probe->timeout_ms);
		diag_hint(c->faults, d, "write a longer \"timeout\" and \"interval\" there");
		return;
	}
}

void policy_check_measure(const struct policy *p, struct arena *a, struct diag_list *faults)
{
	const struct check c = { .p = p, .arena = a, .faults = faults };

	check_gateways(&c);
	for (size_t i = 0; i < p->n_groups; i++) {
		const struct policy_group *g = &p->groups[i];

		if (g->mode != POLICY_GROUP_QUALITY)
			continue;
		check_measured(&c, g);
		check_reachable(&c, g, "sla/rtt_ms", g->sla_rtt_ms);
		check_reachable(&c, g, "sla/jitter_ms", g->sla_jitter_ms);
	}
}
