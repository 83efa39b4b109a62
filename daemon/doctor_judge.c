/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/doctor_judge.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "model/policy.h"

#include <inttypes.h>
#include <string.h>

/* Hooks of the inet family, include/uapi/linux/netfilter.h */
enum {
	HOOK_PREROUTING = 0,
	HOOK_FORWARD = 2,
};

#define TABLE_LOCAL  255 /* RT_TABLE_LOCAL */
#define FR_ACT_TABLE 1 /* FR_ACT_TO_TBL */

/* Parts of the mark that other programs take for themselves, and where that is written. */
static const struct owner {
	const char *name,
		*device; /* device: name it begins with; it is there when the program is */
	const char *chain; /* or a chain whose name begins so */
	uint32_t value, mask;
	const char *remedy;
} owners[] = {
	/* tailscale: util/linuxfw: TailscaleBypassMark, TailscaleSubnetRouteMark */
	{ "Tailscale", "tailscale", "ts-", 0x80000, 0xff0000,
	  "leave its bits out: \"mark_mask\": \"0x0000ffff\" in the policy" },
	{ "Tailscale", "tailscale", "ts-", 0x40000, 0xff0000,
	  "leave its bits out: \"mark_mask\": \"0x0000ffff\" in the policy" },
	/* kubernetes: kube-proxy --iptables-masquerade-bit 14, kubelet's drop bit 15 */
	{ "Kubernetes", "kube-", "KUBE-", 0x4000, 0x4000,
	  "leave its bits out: \"mark_mask\": \"0x00ff0000\" in the policy" },
	{ "Kubernetes", "kube-", "KUBE-", 0x8000, 0x8000,
	  "leave its bits out: \"mark_mask\": \"0x00ff0000\" in the policy" },
	/* cilium: pkg/datapath/linux/linux_defaults/mark.go: MagicMarkHostMask */
	{ "Cilium", "cilium_", "CILIUM_", 0x0200, 0x0f00,
	  "leave its bits out: \"mark_mask\": \"0x00ff0000\" in the policy" },
	{ "Cilium", "cilium_", "CILIUM_", 0x0c00, 0x0f00,
	  "leave its bits out: \"mark_mask\": \"0x00ff0000\" in the policy" },
	/* mwan3: /etc/config/mwan3 mmx_mask */
	{ "mwan3", NULL, "mwan3_", 0x0000, 0x3f00, "stop mwan3: it is a second bypass router" },
};

static const char *const level_names[] = {
	[DOCTOR_NOTE] = "note",
	[DOCTOR_WARNING] = "warning",
	[DOCTOR_PROBLEM] = "problem",
};

struct pass {
	const struct doctor_facts *facts;
	struct doctor_findings *findings;
};

const char *doctor_judge_level(enum doctor_level l)
{
	return level_names[l];
}

#define TEXT(s, ...) arena_printf((s)->findings->arena, __VA_ARGS__)

static void add(struct pass *s, enum doctor_level level, const char *topic, const char *text,
		const char *remedy)
{
	struct doctor_findings *f = s->findings;

	*ARENA_PUSH(f->arena, f->list, f->n, f->cap) = (struct doctor_finding){
		.level = level, .topic = topic, .text = text, .remedy = remedy
	};
}

static bool begins(const char *text, const char *prefix)
{
	return prefix && !strncmp(text, prefix, strlen(prefix));
}

/* ---- marks --------------------------------------------------------------- */

static bool is_here(const struct doctor_facts *f, const struct owner *o)
{
	for (size_t i = 0; i < f->n_devices; i++)
		if (begins(f->devices[i], o->device))
			return true;
	for (size_t i = 0; i < f->n_chains; i++)
		if (begins(f->chains[i].name, o->chain))
			return true;
	return false;
}

/* A mark of ours that looks like theirs: any of their bits, or exactly their value. */
static uint32_t mistaken(const struct doctor_claims *c, uint32_t value, uint32_t mask)
{
	for (size_t i = 0; i < c->n_marks; i++)
		if (value ? (c->marks[i] & mask) == value : (c->marks[i] & mask) != 0)
			return c->marks[i];
	return 0;
}

static void judge_owners(struct pass *s)
{
	const struct doctor_claims *c = &s->facts->claims;
	const char *told = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(owners); i++) {
		const struct owner *o = &owners[i];
		uint32_t mark = mistaken(c, o->value, o->mask);

		if (!is_here(s->facts, o) || told == o->name)
			continue;
		if (mark) {
			add(s, DOCTOR_PROBLEM, "marks",
			    TEXT(s,
				 "%s is here, and takes our mark 0x%x for its own (it looks at 0x%x)",
				 o->name, mark, o->mask),
			    o->remedy);
			told = o->name;
		} else if (o->mask & c->mark_mask && o->value) {
			add(s, DOCTOR_WARNING, "marks",
			    TEXT(s,
				 "%s is here and marks packets 0x%x/0x%x, inside our mask 0x%08x: "
				 "what it has marked is not bypassed",
				 o->name, o->value, o->mask, c->mark_mask),
			    o->remedy);
			told = o->name;
		}
	}
}

static void judge_writers(struct pass *s)
{
	const struct doctor_claims *c = &s->facts->claims;

	for (size_t i = 0; i < s->facts->n_writers; i++) {
		const struct doctor_mark_writer *w = &s->facts->writers[i];
		uint32_t bits = w->bits & c->mark_mask;
		bool again = false;

		for (size_t k = 0; k < i; k++)
			again |= !strcmp(s->facts->writers[k].table, w->table) &&
				 !strcmp(s->facts->writers[k].chain, w->chain) &&
				 s->facts->writers[k].conntrack == w->conntrack;
		if (!bits || again)
			continue;
		add(s, DOCTOR_WARNING, "marks",
		    TEXT(s, "chain %s of table %s writes bits 0x%x of the %s mark; ours are 0x%08x",
			 w->chain, w->table, bits, w->conntrack ? "connection" : "packet",
			 c->mark_mask),
		    "let that rule write with a mask, or give us other bits by \"mark_mask\" in the "
		    "policy");
	}
}

/* ---- ip rules ------------------------------------------------------------ */

static bool is_ours(const struct netstate_rule *r)
{
	return r->protocol == POLICY_PROTOCOL && !r->foreign_keys;
}

static bool in_tables(const struct doctor_claims *c, uint32_t table)
{
	for (size_t i = 0; i < c->n_tables; i++)
		if (c->tables[i] == table)
			return true;
	return false;
}

/* wg-quick(8): the number of the table is the mark of its own packets, 51820 when free. */
static bool is_wg_quick(const struct netstate_rule *r)
{
	return r->invert && r->fwmark == r->table && r->fwmask == UINT32_MAX && r->fwmark;
}

static const char *rule_owner(const struct netstate_rule *r)
{
	if (is_wg_quick(r))
		return " (wg-quick)";
	if (r->table == 220 && r->priority == 220) /* charon.routing_table */
		return " (strongSwan)";
	if (r->table == 52 && r->priority / 100 == 52) /* tailscale: RouteTable */
		return " (Tailscale)";
	return "";
}

static void judge_rule(struct pass *s, const struct netstate_rule *r)
{
	const struct doctor_claims *c = &s->facts->claims;
	bool before = r->priority < c->first_priority;
	bool among = !before && r->priority <= c->last_priority;
	bool catches_all = !r->foreign_keys && !r->has_to && (!r->fwmask || r->invert);
	uint32_t mark = r->fwmask && !r->invert ? mistaken(c, r->fwmark & r->fwmask, r->fwmask) : 0;
	char line[160];
	const char *text;

	netstate_rule_text(r, line, sizeof(line));
	text = TEXT(s, "ip %srule %s", r->family == INET6 ? "-6 " : "", line);
	if (r->table == TABLE_LOCAL || is_ours(r))
		return;
	if (r->action == FR_ACT_TABLE && in_tables(c, r->table) && r->table != 254)
		add(s, DOCTOR_WARNING, "tables",
		    TEXT(s, "%s%s leads to table %u, which is ours", text, rule_owner(r), r->table),
		    "give that rule another table, or ours another number (\"table\" of the link or "
		    "group)");
	if (among)
		add(s, DOCTOR_WARNING, "rules",
		    TEXT(s, "%s%s stands between our rules (%u to %u)", text, rule_owner(r),
			 c->first_priority, c->last_priority),
		    "set \"rule_priority\" in the policy to a range that is free");
	else if (before && mark)
		add(s, DOCTOR_PROBLEM, "rules",
		    TEXT(s, "%s%s comes before ours and takes our mark 0x%x for its own", text,
			 rule_owner(r), mark),
		    "set \"rule_priority\" below it, or other bits by \"mark_mask\"");
	else if (before && catches_all && r->suppress_prefixlength < 0)
		add(s, DOCTOR_WARNING, "rules",
		    TEXT(s,
			 "%s%s comes before ours and is asked about every packet: where its table "
			 "has a route, nothing is bypassed",
			 text, rule_owner(r)),
		    TEXT(s,
			 "set \"rule_priority\" in the policy below %u, or that rule behind ours",
			 r->priority));
}

static void judge_rules(struct pass *s)
{
	const struct netstate *net = s->facts->net;

	for (size_t i = 0; net && i < net->n_rules; i++)
		judge_rule(s, &net->rules[i]);
	for (size_t i = 0; net && i < net->n_routes; i++) {
		const struct netstate_route *r = &net->routes[i];

		if (r->protocol == POLICY_PROTOCOL || !in_tables(&s->facts->claims, r->table))
			continue;
		add(s, DOCTOR_WARNING, "tables",
		    TEXT(s,
			 "table %u is ours, and has an %s default route of somebody else (protocol %u)",
			 r->table, r->family == INET4 ? "IPv4" : "IPv6", r->protocol),
		    "give that route another table, or ours another number (\"table\" of the link or "
		    "group)");
	}
}

/* ---- sysctls ------------------------------------------------------------- */

static void judge_link(struct pass *s, const struct doctor_link *l)
{
	if (l->rp_filter == 1)
		add(s, l->probed ? DOCTOR_PROBLEM : DOCTOR_WARNING, "rp_filter",
		    TEXT(s,
			 "%s (link %s) filters strictly by the reverse path: answers that come in "
			 "by it are dropped while main routing points elsewhere%s",
			 l->device, l->name, l->probed ? ", those to its probe too" : ""),
		    TEXT(s,
			 "sysctl -w net.ipv4.conf.%s.rp_filter=2, and the same in /etc/sysctl.d "
			 "(2 is loose)",
			 l->device));
	for (enum inet_family f = INET4; f <= INET6; f++)
		if (s->facts->claims.known && l->present && l->ignore_linkdown[f] == 0)
			add(s, DOCTOR_WARNING, "linkdown",
			    TEXT(s,
				 "%s (link %s) uses IPv%d routes without carrier "
				 "(ignore_routes_with_linkdown is 0): without the daemon the kernel "
				 "would not leave it",
				 l->device, l->name, f == INET4 ? 4 : 6),
			    "find out who sets it back; the daemon sets it at each audit");
}

static void judge_sysctls(struct pass *s)
{
	const struct doctor_facts *f = s->facts;

	for (size_t i = 0; i < f->n_links; i++)
		judge_link(s, &f->links[i]);
	if (f->src_valid_mark == 1)
		add(s, DOCTOR_NOTE, "src_valid_mark",
		    "src_valid_mark is 1: the reverse path filter looks at marks; with a loose or no "
		    "filter that does no harm",
		    NULL);
	if (f->forward[INET4] == 0)
		add(s, DOCTOR_WARNING, "forwarding",
		    "IPv4 forwarding is off: only this machine's own traffic is bypassed",
		    "sysctl -w net.ipv4.ip_forward=1, and the same in /etc/sysctl.d");
	if (f->forward[INET6] == 0)
		add(s, DOCTOR_WARNING, "forwarding",
		    "IPv6 forwarding is off: only this machine's own traffic is bypassed",
		    "sysctl -w net.ipv6.conf.all.forwarding=1, and the same in /etc/sysctl.d (links "
		    "that learn their gateway by RA need accept_ra=2 then)");
}

/* ---- netfilter ----------------------------------------------------------- */

static void judge_conntrack(struct pass *s)
{
	const struct doctor_facts *f = s->facts;
	uint64_t percent;

	if (f->conntrack == DOCTOR_NO)
		add(s, DOCTOR_PROBLEM, "kernel",
		    "connection tracking is not there: flows cannot keep their link",
		    "modprobe nf_conntrack, or a kernel with CONFIG_NF_CONNTRACK");
	if (!f->conntrack_max)
		return;
	percent = f->conntrack_count * 100 / f->conntrack_max;
	if (percent < 75)
		return;
	add(s, percent < 90 ? DOCTOR_WARNING : DOCTOR_PROBLEM, "conntrack",
	    TEXT(s,
		 "the connection tracking table is %" PRIu64 " %% full (%" PRIu64 " of %" PRIu64
		 "): beyond its end new flows are dropped",
		 percent, f->conntrack_count, f->conntrack_max),
	    TEXT(s, "sysctl -w net.netfilter.nf_conntrack_max=%" PRIu64, f->conntrack_max * 4));
}

static void judge_ruleset(struct pass *s)
{
	const struct doctor_facts *f = s->facts;

	if (f->nf_tables == DOCTOR_NO)
		add(s, DOCTOR_PROBLEM, "kernel", "nf_tables is not there",
		    "modprobe nf_tables, or a kernel with CONFIG_NF_TABLES and "
		    "CONFIG_NF_TABLES_INET");
	if (f->nf_tables != DOCTOR_NO && f->ruleset_read == DOCTOR_NO)
		add(s, DOCTOR_NOTE, "privilege",
		    "other people's rules could not be read: marks they write are not checked",
		    "run it as root");
	for (size_t i = 0; i < f->n_chains; i++) {
		const struct doctor_chain *c = &f->chains[i];

		if (c->base && c->drops && c->hook == HOOK_FORWARD)
			add(s, DOCTOR_WARNING, "forwarding",
			    TEXT(s,
				 "chain %s of table %s drops what it does not know: forwarded "
				 "traffic needs its consent for each link",
				 c->name, c->table),
			    "allow forwarding from the LAN to the links' devices there (Docker: chain "
			    "DOCKER-USER)");
	}
}

/* ---- other programs ------------------------------------------------------ */

static void judge_managers(struct pass *s)
{
	const struct doctor_facts *f = s->facts;

	if (f->networkd == DOCTOR_YES && f->networkd_keeps_rules == DOCTOR_NO)
		add(s, DOCTOR_WARNING, "networkd",
		    "systemd-networkd runs and removes ip rules of others whenever it starts; the "
		    "daemon puts ours back, a moment later",
		    "in /etc/systemd/networkd.conf.d/10-omr-nft.conf: [Network] "
		    "ManageForeignRoutingPolicyRules=no and ManageForeignRoutes=no");
	if (f->network_manager == DOCTOR_YES)
		add(s, DOCTOR_NOTE, "networkmanager",
		    "NetworkManager runs: it removes routes of a device when it configures it anew; "
		    "the daemon puts ours back",
		    NULL);
}

static void judge_dnsmasq(struct pass *s)
{
	const struct doctor_facts *f = s->facts;

	if (!f->claims.domains)
		return;
	if (f->dnsmasq == DOCTOR_NO)
		add(s, DOCTOR_WARNING, "dnsmasq",
		    "rules name domains, and no dnsmasq runs here: nobody learns their addresses",
		    "install dnsmasq 2.87 or later and let the LAN ask it");
	else if (f->dnsmasq_nftset == DOCTOR_NO)
		add(s, DOCTOR_PROBLEM, "dnsmasq",
		    "rules name domains, and this dnsmasq is built without nftset",
		    "install one with it (dnsmasq --version lists \"nftset\")");
	else if (f->dnsmasq_loaded == DOCTOR_NO)
		add(s, DOCTOR_WARNING, "dnsmasq",
		    "rules name domains, and dnsmasq's configuration does not name our sets",
		    "omr-nftgen --emit dnsmasq POLICY >/etc/dnsmasq.d/omr-nft.conf, and restart "
		    "dnsmasq");
}

/* Stable: what is of one level stays in its order. */
static void sort(struct doctor_findings *f)
{
	for (size_t i = 1; i < f->n; i++)
		for (size_t k = i; k > 0 && f->list[k - 1].level < f->list[k].level; k--) {
			struct doctor_finding swap = f->list[k];

			f->list[k] = f->list[k - 1];
			f->list[k - 1] = swap;
		}
}

void doctor_judge(const struct doctor_facts *f, struct arena *a, struct doctor_findings *ret)
{
	struct pass s = { .facts = f, .findings = ret };

	*ret = (struct doctor_findings){ .arena = a };
	judge_ruleset(&s);
	judge_conntrack(&s);
	judge_owners(&s);
	judge_writers(&s);
	judge_rules(&s);
	judge_sysctls(&s);
	judge_managers(&s);
	judge_dnsmasq(&s);
	sort(ret);
}
