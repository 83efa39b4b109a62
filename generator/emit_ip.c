/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The same routes and rules as desired_build() makes for a machine whose links
 * are all up, written with device names. A link whose gateway is learnt has no
 * route here, only a remark: its gateway is not in the policy.
 */
#include "generator/emit_ip.h"

#include "base/strbuf.h"
#include "generator/emit_text.h"

#include <linux/rtnetlink.h>

static bool is_learnt(const struct plan *p, size_t link, enum inet_family f)
{
	return p->links[link].gateway[f].kind == POLICY_GATEWAY_AUTO;
}

static void add_remark(struct strbuf *out, const struct plan_link *l, uint32_t table)
{
	strbuf_addf(out, "# table %u, link %s: the gateway on %s is learnt at --apply\n", table,
		    l->name, l->device);
}

/* " via GATEWAY dev DEVICE" */
static void add_leg(struct strbuf *out, const struct plan_link *l, enum inet_family f)
{
	char text[INET_TEXT_MAX];

	if (l->gateway[f].kind == POLICY_GATEWAY_ADDR)
		strbuf_addf(out, " via %s", inet_print_addr(&l->gateway[f].addr, f, text));
	strbuf_addf(out, " dev %s", l->device);
}

static const char *onlink(const struct plan_link *l, enum inet_family f)
{
	/* the gateway need not lie in a prefix of the device */
	return l->gateway[f].kind == POLICY_GATEWAY_ADDR ? " onlink" : "";
}

static void add_single(struct strbuf *out, const struct plan *p, size_t link, enum inet_family f,
		       uint32_t table, size_t metric)
{
	const struct plan_link *l = &p->links[link];

	if (is_learnt(p, link, f)) {
		add_remark(out, l, table);
		return;
	}
	strbuf_add(out, "route replace default");
	add_leg(out, l, f);
	strbuf_addf(out, "%s table %u metric %zu proto %u\n", onlink(l, f), table, metric,
		    POLICY_PROTOCOL);
}

/* Whether a member can be a leg of the multipath route: desired.c says why not all can. */
static bool is_shared(const struct plan *p, size_t link, enum inet_family f)
{
	if (is_learnt(p, link, f))
		return false;
	return f == INET4 || p->links[link].gateway[f].kind != POLICY_GATEWAY_NONE;
}

static void add_balance(struct strbuf *out, const struct plan *p, const struct plan_group_table *g,
			enum inet_family f)
{
	size_t shared = 0, only = 0;

	for (size_t i = 0; i < g->n_members; i++) {
		if (!is_shared(p, g->members[i].link, f))
			continue;
		shared++;
		only = g->members[i].link;
	}
	if (shared == 1)
		add_single(out, p, only, f, g->table, 1);
	if (shared > 1) {
		strbuf_addf(out, "route replace default table %u metric 1 proto %u", g->table,
			    POLICY_PROTOCOL);
		for (size_t i = 0; i < g->n_members; i++) {
			const struct plan_link *l = &p->links[g->members[i].link];

			if (!is_shared(p, g->members[i].link, f))
				continue;
			strbuf_add(out, " nexthop");
			add_leg(out, l, f);
			strbuf_addf(out, " weight %u%s", g->members[i].weight, onlink(l, f));
		}
		strbuf_addc(out, '\n');
	}
	for (size_t i = 0; i < g->n_members; i++)
		if (!is_shared(p, g->members[i].link, f))
			add_single(out, p, g->members[i].link, f, g->table, i + 2);
}

static void add_group(struct strbuf *out, const struct plan *p, const struct plan_group_table *g,
		      enum inet_family f)
{
	strbuf_addf(out, "\n# group %s: %s\n", g->name, policy_group_mode_name(g->mode));
	switch (g->mode) {
	case POLICY_GROUP_FAILOVER:
	case POLICY_GROUP_QUALITY:
		for (size_t i = 0; i < g->n_members; i++)
			add_single(out, p, g->members[i].link, f, g->table, i + 1);
		return;
	case POLICY_GROUP_BALANCE:
		add_balance(out, p, g, f);
		return;
	}
}

static void add_rule(struct strbuf *out, const struct plan_ip_rule *r)
{
	char to[INET_TEXT_MAX];

	strbuf_addf(out, "rule add pref %u%s", r->priority, r->invert ? " not" : "");
	if (r->has_to)
		strbuf_addf(out, " to %s", inet_print_prefix(&r->to, to));
	if (r->fwmark || r->fwmask)
		strbuf_addf(out, r->fwmark ? " fwmark 0x%x/0x%x" : " fwmark %u/0x%x", r->fwmark,
			    r->fwmask);
	switch (r->action) {
	case PLAN_IP_LOOKUP:
		if (r->table == RT_TABLE_MAIN)
			strbuf_add(out, " lookup main");
		else
			strbuf_addf(out, " lookup %u", r->table);
		break;
	case PLAN_IP_UNREACHABLE:
		strbuf_add(out, " unreachable");
		break;
	}
	if (r->suppress_prefixlength >= 0)
		strbuf_addf(out, " suppress_prefixlength %d", r->suppress_prefixlength);
	strbuf_addf(out, " protocol %u\n", POLICY_PROTOCOL);
}

static void add_rules(struct strbuf *out, const struct plan *p, enum inet_family f)
{
	const char *said = NULL;

	for (size_t i = 0; i < p->n_ip_rules; i++) {
		const struct plan_ip_rule *r = &p->ip_rules[i];

		if (!r->families[f])
			continue;
		if (r->comment && r->comment != said) {
			strbuf_add(out, "# ");
			emit_text_plain(out, r->comment, EMIT_COMMENT_MAX);
			strbuf_addc(out, '\n');
		}
		said = r->comment;
		add_rule(out, r);
	}
}

void emit_ip(const struct plan *p, enum inet_family f, const char *policy, struct strbuf *out)
{
	int version = f == INET4 ? 4 : 6;

	emit_text_header(out, f == INET4 ? "IPv4 routes and rules" : "IPv6 routes and rules",
			 policy);
	strbuf_addf(
		out,
		"#\n"
		"# Load with `ip -%d -batch FILE`. `rule add` refuses a rule that is there already: take an\n"
		"# older set away with `omr-nftgen --remove`. For links without carrier to be left out, set\n"
		"# net.ipv%d.conf.DEVICE.ignore_routes_with_linkdown=1. `omr-nftgen --apply` does all of it.\n",
		version, version);
	for (size_t i = 0; i < p->n_links; i++) {
		strbuf_addf(out, "\n# link %s\n", p->links[i].name);
		add_single(out, p, i, f, p->links[i].table, 1);
	}
	for (size_t i = 0; i < p->n_group_tables; i++)
		add_group(out, p, &p->group_tables[i], f);
	strbuf_add(out, "\n# which mark looks where\n");
	add_rules(out, p, f);
}
