/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts of a machine, and what is said about them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "daemon/doctor_judge.h"

#include <string.h>

static uint32_t marks[] = { 0x539, 0x5391, 0x5392, 0x15391 };
static uint32_t tables[] = { 1, 2, 991337 };
static struct doctor_link links[] = {
	{ "fiber", "eth1", true, true, 0, { 1, 1 } },
	{ "lte", "wwan0", false, true, 0, { 1, 1 } },
};

/* A machine on which all is well. */
static struct doctor_facts healthy(void)
{
	return (struct doctor_facts){
		.claims = { .known = true,
			    .mark_mask = 0xffffff,
			    .marks = marks,
			    .n_marks = ARRAY_SIZE(marks),
			    .tables = tables,
			    .n_tables = ARRAY_SIZE(tables),
			    .first_priority = 1000,
			    .last_priority = 1046,
			    .domains = true },
		.links = links,
		.n_links = ARRAY_SIZE(links),
		.nf_tables = DOCTOR_YES,
		.conntrack = DOCTOR_YES,
		.ruleset_read = DOCTOR_YES,
		.conntrack_count = 10,
		.conntrack_max = 1000,
		.forward = { 1, 1 },
		.networkd = DOCTOR_NO,
		.networkd_keeps_rules = DOCTOR_NO,
		.network_manager = DOCTOR_NO,
		.dnsmasq = DOCTOR_YES,
		.dnsmasq_nftset = DOCTOR_YES,
		.dnsmasq_loaded = DOCTOR_YES,
	};
}

/* Every finding as "LEVEL TOPIC: TEXT", a line each. */
static void says(const struct doctor_facts *f, const char *want)
{
	struct arena *a = arena_new();
	struct strbuf out = STRBUF_NULL;
	struct doctor_findings found;

	doctor_judge(f, a, &found);
	for (size_t i = 0; i < found.n; i++)
		strbuf_addf(&out, "%s%s %s: %s", i ? "\n" : "",
			    doctor_judge_level(found.list[i].level), found.list[i].topic,
			    found.list[i].text);
	assert_string_equal(strbuf_text(&out), want);
	for (size_t i = 0; i < found.n; i++)
		assert_true(found.list[i].remedy || found.list[i].level == DOCTOR_NOTE);
	strbuf_done(&out);
	arena_free(a);
}

static void nothing_is_said_of_a_healthy_machine(void **state)
{
	struct doctor_facts f = healthy();

	says(&f, "");
}

static void programs_that_take_our_marks_are_problems(void **state)
{
	static const char *tailscale[] = { "lo", "tailscale0" }, *kube[] = { "kube-ipvs0" };
	static uint32_t with_tailscale[] = { 0x539, 0x85391 };
	static struct doctor_chain mwan3 = { .table = "ip mangle", .name = "mwan3_hook" };
	struct doctor_facts f = healthy();

	f.devices = tailscale;
	f.n_devices = 2;
	says(&f,
	     "warning marks: Tailscale is here and marks packets 0x80000/0xff0000, inside our mask "
	     "0x00ffffff: what it has marked is not bypassed");
	f.claims.marks = with_tailscale;
	f.claims.n_marks = 2;
	says(&f,
	     "problem marks: Tailscale is here, and takes our mark 0x85391 for its own (it looks at "
	     "0xff0000)");
	f = healthy();
	f.devices = kube;
	f.n_devices = 1;
	says(&f,
	     "problem marks: Kubernetes is here, and takes our mark 0x5391 for its own (it looks at "
	     "0x4000)");
	f.claims.mark_mask = 0xff0000;
	f.claims.marks = (uint32_t[]){ 0x10000, 0x20000 };
	f.claims.n_marks = 2;
	says(&f, "");
	f = healthy();
	f.chains = &mwan3;
	f.n_chains = 1;
	says(&f, "problem marks: mwan3 is here, and takes our mark 0x539 for its own (it looks at "
		 "0x3f00)");
}

static void writers_of_our_bits_are_told_once_a_chain(void **state)
{
	static struct doctor_mark_writer writers[] = {
		{ "ip mangle", "PREROUTING", false, 0xffffffff },
		{ "ip mangle", "PREROUTING", false, 0xffffffff },
		{ "inet fw", "marks", true, 0x00000100 },
		{ "inet fw", "polite", false, 0xff000000 },
	};
	struct doctor_facts f = healthy();

	f.writers = writers;
	f.n_writers = ARRAY_SIZE(writers);
	says(&f,
	     "warning marks: chain PREROUTING of table ip mangle writes bits 0xffffff of the packet "
	     "mark; ours are 0x00ffffff\n"
	     "warning marks: chain marks of table inet fw writes bits 0x100 of the connection mark; "
	     "ours are 0x00ffffff");
}

static void rules_before_and_between_ours(void **state)
{
	struct netstate_rule rule = {
		.priority = 500, .action = 1, .table = 200, .suppress_prefixlength = -1
	};
	struct netstate net = { .rules = &rule, .n_rules = 1 };
	struct doctor_facts f = healthy();

	f.net = &net;
	says(&f,
	     "warning rules: ip rule 500: from all lookup 200 proto 0 comes before ours and is asked about "
	     "every packet: where its table has a route, nothing is bypassed");
	rule.suppress_prefixlength = 0;
	says(&f, "");
	rule.suppress_prefixlength = -1;
	rule.priority = 1020;
	says(&f,
	     "warning rules: ip rule 1020: from all lookup 200 proto 0 stands between our rules (1000 to "
	     "1046)");
	rule.priority = 32000;
	says(&f, "");
	rule.table = 2;
	says(&f,
	     "warning tables: ip rule 32000: from all lookup 2 proto 0 leads to table 2, which is ours");
	rule = (struct netstate_rule){ .priority = 100,
				       .action = 1,
				       .table = 77,
				       .fwmark = 0x391,
				       .fwmask = 0xfff,
				       .suppress_prefixlength = -1 };
	says(&f,
	     "problem rules: ip rule 100: from all fwmark 0x391/0xfff lookup 77 proto 0 comes before ours "
	     "and takes our mark 0x5391 for its own");
	rule = (struct netstate_rule){ .priority = 900,
				       .action = 1,
				       .table = 51820,
				       .fwmark = 51820,
				       .fwmask = UINT32_MAX,
				       .invert = true,
				       .suppress_prefixlength = -1 };
	says(&f,
	     "warning rules: ip rule 900: not from all fwmark 0xca6c lookup 51820 proto 0 (wg-quick) comes "
	     "before ours and is asked about every packet: where its table has a route, nothing is "
	     "bypassed");
	rule.priority = 32765; /* where wg-quick puts it when it comes after us */
	says(&f, "");
}

static void our_own_rules_are_no_finding(void **state)
{
	struct netstate_rule rule = { .priority = 1010,
				      .action = 1,
				      .table = 2,
				      .protocol = 153,
				      .suppress_prefixlength = -1 };
	struct netstate_route route = { .table = 2, .protocol = 153 };
	struct netstate net = { .rules = &rule, .n_rules = 1, .routes = &route, .n_routes = 1 };
	struct doctor_facts f = healthy();

	f.net = &net;
	says(&f, "");
	route.protocol = 16; /* RTPROT_DHCP */
	says(&f, "warning tables: table 2 is ours, and has an IPv4 default route of somebody else "
		 "(protocol 16)");
	route.table = 254;
	says(&f, "");
}

static void sysctls(void **state)
{
	struct doctor_link strict[] = { { "fiber", "eth1", true, true, 1, { 1, 1 } },
					{ "lte", "wwan0", false, true, 1, { 0, 1 } } };
	struct doctor_facts f = healthy();

	f.links = strict;
	says(&f,
	     "problem rp_filter: eth1 (link fiber) filters strictly by the reverse path: answers that "
	     "come in by it are dropped while main routing points elsewhere, those to its probe too\n"
	     "warning rp_filter: wwan0 (link lte) filters strictly by the reverse path: answers that "
	     "come in by it are dropped while main routing points elsewhere\n"
	     "warning linkdown: wwan0 (link lte) uses IPv4 routes without carrier "
	     "(ignore_routes_with_linkdown is 0): without the daemon the kernel would not leave it");
	f = healthy();
	f.forward[INET4] = 0;
	f.src_valid_mark = 1;
	says(&f,
	     "warning forwarding: IPv4 forwarding is off: only this machine's own traffic is bypassed\n"
	     "note src_valid_mark: src_valid_mark is 1: the reverse path filter looks at marks; with "
	     "a loose or no filter that does no harm");
}

static void a_full_table_of_connections(void **state)
{
	struct doctor_facts f = healthy();

	f.conntrack_count = 749;
	says(&f, "");
	f.conntrack_count = 750;
	says(&f,
	     "warning conntrack: the connection tracking table is 75 % full (750 of 1000): beyond its "
	     "end new flows are dropped");
	f.conntrack_count = 900;
	says(&f,
	     "problem conntrack: the connection tracking table is 90 % full (900 of 1000): beyond its "
	     "end new flows are dropped");
	f = healthy();
	f.conntrack = DOCTOR_NO;
	f.nf_tables = DOCTOR_NO;
	says(&f, "problem kernel: nf_tables is not there\n"
		 "problem kernel: connection tracking is not there: flows cannot keep their link");
}

static void managers_and_firewalls(void **state)
{
	static struct doctor_chain forward = {
		.table = "ip filter", .name = "FORWARD", .base = true, .drops = true, .hook = 2
	};
	struct doctor_facts f = healthy();

	f.networkd = DOCTOR_YES;
	says(&f,
	     "warning networkd: systemd-networkd runs and removes ip rules of others whenever it "
	     "starts; the daemon puts ours back, a moment later");
	f.networkd_keeps_rules = DOCTOR_YES;
	says(&f, "");
	f.chains = &forward;
	f.n_chains = 1;
	says(&f,
	     "warning forwarding: chain FORWARD of table ip filter drops what it does not know: "
	     "forwarded traffic needs its consent for each link");
	f = healthy();
	f.ruleset_read = DOCTOR_NO;
	says(&f,
	     "note privilege: other people's rules could not be read: marks they write are not checked");
}

static void dnsmasq_matters_when_rules_name_domains(void **state)
{
	struct doctor_facts f = healthy();

	f.dnsmasq_loaded = DOCTOR_NO;
	says(&f,
	     "warning dnsmasq: rules name domains, and dnsmasq's configuration does not name our sets");
	f.dnsmasq_nftset = DOCTOR_NO;
	says(&f, "problem dnsmasq: rules name domains, and this dnsmasq is built without nftset");
	f.dnsmasq = DOCTOR_NO;
	says(&f,
	     "warning dnsmasq: rules name domains, and no dnsmasq runs here: nobody learns their "
	     "addresses");
	f.claims.domains = false;
	says(&f, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(nothing_is_said_of_a_healthy_machine),
		cmocka_unit_test(programs_that_take_our_marks_are_problems),
		cmocka_unit_test(writers_of_our_bits_are_told_once_a_chain),
		cmocka_unit_test(rules_before_and_between_ours),
		cmocka_unit_test(our_own_rules_are_no_finding),
		cmocka_unit_test(sysctls),
		cmocka_unit_test(a_full_table_of_connections),
		cmocka_unit_test(managers_and_firewalls),
		cmocka_unit_test(dnsmasq_matters_when_rules_name_domains),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
