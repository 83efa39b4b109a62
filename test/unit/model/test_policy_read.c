/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "test/unit/model/policy_text.h"

#include <stdlib.h>

#define LINKS "\"version\":1,\"links\":{\"fiber\":{\"device\":\"eth1\"}}"

/* ---- what is accepted --------------------------------------------------- */

static void the_smallest_policy_has_all_defaults(void **state)
{
	struct policy_text t;
	const struct policy_link *l;

	policy_text_read(&t, "{" LINKS "}");
	assert_int_equal(t.result, 0);
	assert_int_equal(t.faults.count, 0);
	assert_int_equal(t.policy->mark_mask, 0xffffff);
	assert_int_equal(t.policy->rule_priority, 1000);
	assert_int_equal(t.policy->dns_timeout_ms, 86400000);
	assert_false(t.policy->has_default);
	assert_int_equal(t.policy->n_rules, 0);
	assert_int_equal(t.policy->n_links, 1);
	l = t.policy->links;
	assert_string_equal(l->name, "fiber");
	assert_string_equal(l->device, "eth1");
	assert_int_equal(l->id, 1);
	assert_int_equal(l->table, 1);
	assert_int_equal(l->mark, 0);
	assert_int_equal(l->probe, -1);
	assert_int_equal(l->gateway[INET4].kind, POLICY_GATEWAY_AUTO);
	assert_int_equal(l->gateway[INET6].kind, POLICY_GATEWAY_AUTO);
	assert_false(l->masquerade[INET4] || l->masquerade[INET6]);
	policy_text_done(&t);
}

static void a_link_says_all_of_its_keys(void **state)
{
	struct policy_text t;
	const struct policy_link *l;

	policy_text_read(&t, "{\"version\":1,\"links\":{\"a\":{\"device\":\"ppp0\",\"id\":9,"
			     "\"mark\":\"0xabc\",\"table\":77,\"gateway4\":\"192.0.2.1\","
			     "\"gateway6\":\"none\",\"masquerade\":\"ipv6\","
			     "\"hold_down\":\"30s\",\"damping\":false,"
			     "\"probe\":{\"type\":\"tcp\",\"hosts6\":[\"2001:db8::1\"],"
			     "\"port\":443}}}}");
	assert_string_equal(policy_text_faults(&t), "");
	l = t.policy->links;
	assert_int_equal(l->id, 9);
	assert_int_equal(l->mark, 0xabc);
	assert_int_equal(l->table, 77);
	assert_int_equal(l->gateway[INET4].kind, POLICY_GATEWAY_ADDR);
	assert_memory_equal(l->gateway[INET4].addr.bytes, ((uint8_t[]){ 192, 0, 2, 1 }), 4);
	assert_int_equal(l->gateway[INET6].kind, POLICY_GATEWAY_NONE);
	assert_false(l->masquerade[INET4]);
	assert_true(l->masquerade[INET6]);
	assert_int_equal(l->hold_down_ms, 30000);
	assert_false(l->damping.on);
	assert_int_equal(l->probe, 0);
	assert_null(t.policy->probes[0].name);
	assert_int_equal(t.policy->probes[0].type, POLICY_PROBE_TCP);
	assert_int_equal(t.policy->probes[0].n_hosts[INET6], 1);
	policy_text_done(&t);
}

static void a_group_says_all_of_its_keys(void **state)
{
	struct policy_text t;
	const struct policy_group *g;

	policy_text_read(&t,
			 "{\"version\":1,\"links\":{\"a\":{\"device\":\"a\"},"
			 "\"b\":{\"device\":\"b\",\"probe\":{\"type\":\"arp\"}}},"
			 "\"groups\":{\"q\":{\"mode\":\"quality\",\"links\":[\"b\",\"a\"],"
			 "\"better_by_percent\":30,\"better_for\":\"1m\",\"on_recover\":\"pull\","
			 "\"sla\":{\"loss_percent\":0.5,\"jitter_ms\":9},\"on_down\":\"w\"},"
			 "\"w\":{\"mode\":\"balance\",\"mark\":4660,\"table\":5,"
			 "\"links\":[{\"link\":\"a\",\"weight\":256},\"b\"]}}}");
	assert_string_equal(policy_text_faults(&t), "");
	g = &t.policy->groups[0];
	assert_int_equal(g->mode, POLICY_GROUP_QUALITY);
	assert_int_equal(g->members[0].link, 1);
	assert_int_equal(g->members[1].link, 0);
	assert_true(g->has_sla);
	assert_true(g->sla_loss_percent > 0.49 && g->sla_loss_percent < 0.51);
	assert_int_equal(g->sla_rtt_ms, 0);
	assert_int_equal(g->sla_jitter_ms, 9);
	assert_int_equal(g->better_by_percent, 30);
	assert_int_equal(g->better_for_ms, 60000);
	assert_int_equal(g->on_recover, POLICY_ON_RECOVER_PULL);
	assert_int_equal(g->on_down.kind, POLICY_ON_DOWN_GROUP);
	assert_int_equal(g->on_down.group, 1);
	assert_int_equal(g->table, 991338);
	g = &t.policy->groups[1];
	assert_int_equal(g->mark, 0x1234);
	assert_int_equal(g->table, 5);
	assert_int_equal(g->members[0].weight, 256);
	assert_int_equal(g->members[1].weight, 1);
	assert_int_equal(g->on_down.kind, POLICY_ON_DOWN_DEFAULT);
	policy_text_done(&t);
}

static void a_rule_keeps_its_destinations(void **state)
{
	struct policy_text t;
	const struct policy_rule *r;

	policy_text_rule(&t, "\"to\":[\"192.0.2.0/24\",\"2001:db8::1\",\"10.0.0.1-10.0.0.9\"],"
			     "\"domains\":[\"Example.COM.\"],\"via\":\"fiber\"");
	assert_string_equal(policy_text_faults(&t), "");
	r = t.policy->rules;
	assert_string_equal(r->name, "1");
	assert_true(r->enabled && r->has_destination);
	assert_int_equal(r->n_to, 3);
	assert_int_equal(r->to[0].range.hi.bytes[3], 255);
	assert_int_equal(r->to[1].family, INET6);
	assert_int_equal(r->to[2].range.lo.bytes[3], 1);
	assert_int_equal(r->n_domains, 1);
	assert_string_equal(r->domains[0].name, "example.com");
	assert_int_equal(r->via.kind, POLICY_VIA_LINK);
	assert_int_equal(r->via.index, 0);
	assert_int_equal(r->on_down.kind, POLICY_ON_DOWN_DEFAULT);
	assert_true(r->families[INET4] && r->families[INET6]);
	assert_false(r->schedule.given);
	policy_text_done(&t);
}

static void a_rule_keeps_its_other_conditions(void **state)
{
	struct policy_text t;
	const struct policy_rule *r;

	policy_text_rule(
		&t, "\"name\":\"x\",\"from\":[\"10.0.0.0/8\"],\"macs\":[\"00-11-22-aa-BB-cc\"],"
		    "\"protocols\":[\"sctp\",6],\"sports\":[0,\"5-9\"],\"dports\":[\"65535\"],"
		    "\"dscp\":[\"af42\",1],\"iifs\":[\"br-lan\"],\"families\":[\"ipv6\"],"
		    "\"users\":[\"backup\",4294967294],\"cgroups\":[\"a.slice/b@1.service\"],"
		    "\"note\":\"n\",\"via\":\"default\",\"on_down\":\"block\"");
	assert_string_equal(policy_text_faults(&t), "");
	r = t.policy->rules;
	assert_string_equal(r->name, "x");
	assert_string_equal(r->note, "n");
	assert_false(r->has_destination);
	assert_int_equal(r->n_from, 1);
	assert_memory_equal(r->macs[0], ((uint8_t[]){ 0, 0x11, 0x22, 0xaa, 0xbb, 0xcc }), 6);
	assert_int_equal(r->protocols[0].lo, 132);
	assert_int_equal(r->protocols[1].hi, 6);
	assert_int_equal(r->sports[0].lo, 0);
	assert_int_equal(r->sports[1].lo, 5);
	assert_int_equal(r->sports[1].hi, 9);
	assert_int_equal(r->dports[0].lo, 65535);
	assert_int_equal(r->dscp[0].lo, 36);
	assert_int_equal(r->dscp[1].lo, 1);
	assert_string_equal(r->iifs[0], "br-lan");
	assert_false(r->families[INET4]);
	assert_true(r->families[INET6]);
	assert_int_equal(r->users[0].uid, 34);
	assert_int_equal(r->users[1].uid, 4294967294u);
	assert_string_equal(r->cgroups[0], "a.slice/b@1.service");
	assert_int_equal(r->via.kind, POLICY_VIA_GROUP);
	assert_int_equal(r->on_down.kind, POLICY_ON_DOWN_BLOCK);
	policy_text_done(&t);
}

static void ports_without_protocols_are_of_tcp_and_udp(void **state)
{
	struct policy_text t;

	policy_text_rule(&t, "\"dports\":[443],\"via\":\"fiber\"");
	assert_string_equal(policy_text_faults(&t), "");
	assert_int_equal(t.policy->rules[0].n_protocols, 2);
	assert_int_equal(t.policy->rules[0].protocols[0].lo, 6);
	assert_int_equal(t.policy->rules[0].protocols[1].lo, 17);
	policy_text_done(&t);
}

static void icmp_types_are_settled_for_each_family(void **state)
{
	static const struct {
		const char *keys, *want; /* "4:8 6:128" */
	} cases[] = {
		{ "\"icmp_types\":[\"echo-request\"]", "4:8 6:128 " },
		{ "\"icmp_types\":[\"echo-request\"],\"families\":[\"ipv6\"]", "6:128 " },
		{ "\"icmp_types\":[\"echo-request\"],\"protocols\":[\"icmp\"]", "4:8 " },
		{ "\"protocols\":[58],\"icmp_types\":[\"echo-request\",1]", "6:128 6:1 " },
		{ "\"icmp_types\":[\"packet-too-big\",\"redirect\"]", "6:2 4:5 " },
		{ "\"icmp_types\":[0],\"protocols\":[\"icmp\"]", "4:0 " },
		{ "\"icmp_types\":[\"time-exceeded\"],\"protocols\":[\"icmpv6\",\"icmp\"]",
		  "4:11 6:3 " },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		char keys[200], got[100] = "";
		struct policy_text t;

		snprintf(keys, sizeof(keys), "%s,\"via\":\"fiber\"", cases[i].keys);
		policy_text_rule(&t, keys);
		assert_string_equal(policy_text_faults(&t), "");
		for (size_t k = 0; k < t.policy->rules[0].n_icmp_types; k++)
			snprintf(got + strlen(got), sizeof(got) - strlen(got), "%d:%u ",
				 t.policy->rules[0].icmp_types[k].family == INET4 ? 4 : 6,
				 t.policy->rules[0].icmp_types[k].type);
		assert_string_equal(got, cases[i].want);
		policy_text_done(&t);
	}
}

static void schedules_have_days_or_times(void **state)
{
	static const struct {
		const char *schedule;
		struct policy_schedule want;
	} cases[] = {
		{ "{\"days\":[\"sat\",\"sun\"]}", { true, 0x41, 0, 86400, 0 } },
		{ "{\"from\":\"22:00\",\"to\":\"06:30\"}", { true, 0x7f, 79200, 23400, 0 } },
		{ "{\"from\":\"00:00\",\"to\":\"24:00\",\"days\":[\"mon\"],\"utc_offset\":\"-03:30\"}",
		  { true, 0x02, 0, 86400, -12600 } },
		{ "{\"from\":\"08:00\",\"to\":\"08:00\",\"utc_offset\":\"Z\"}",
		  { true, 0x7f, 28800, 28800, 0 } },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		const struct policy_schedule *s, *want = &cases[i].want;
		struct policy_text t;
		char keys[200];

		snprintf(keys, sizeof(keys), "\"schedule\":%s,\"via\":\"fiber\"",
			 cases[i].schedule);
		policy_text_rule(&t, keys);
		assert_string_equal(policy_text_faults(&t), "");
		s = &t.policy->rules[0].schedule;
		assert_true(s->given);
		assert_int_equal(s->days, want->days);
		assert_int_equal(s->from_s, want->from_s);
		assert_int_equal(s->to_s, want->to_s);
		assert_int_equal(s->utc_offset_s, want->utc_offset_s);
		policy_text_done(&t);
	}
}

/* ---- lists --------------------------------------------------------------- */

static void lists_add_to_the_destination(void **state)
{
	static const char *const files[] = { "a.txt", "192.0.2.0/24\nx.org\ny.org\nx.org\n",
					     "b.txt", "198.51.100.0/24\nY.org\n10.0.0.1\n", NULL };
	struct policy_text t;
	const struct policy_rule *r;

	policy_text_files = files;
	policy_text_rule(&t, "\"to\":[\"203.0.113.0/24\"],\"domains\":[\"y.org\"],"
			     "\"lists\":[\"a.txt\",\"b.txt\"],\"via\":\"fiber\"},"
			     "{\"lists\":[\"a.txt\"],\"via\":\"lte\"");
	policy_text_files = NULL;
	assert_string_equal(policy_text_faults(&t), "");
	assert_int_equal(t.lists_read, 2); /* a.txt once */
	r = t.policy->rules;
	assert_int_equal(r->n_to, 4);
	assert_int_equal(r->to[0].range.lo.bytes[0], 203);
	assert_int_equal(r->to[3].range.lo.bytes[0], 10);
	assert_int_equal(r->n_domains, 2);
	assert_string_equal(r->domains[0].name, "y.org");
	assert_string_equal(r->domains[1].name, "x.org");
	assert_int_equal(r[1].n_to, 1);
	assert_int_equal(r[1].n_domains, 2);
	assert_string_equal(r[1].domains[0].name, "x.org");
	policy_text_done(&t);
}

static void faults_of_a_list_name_the_list_once(void **state)
{
	static const char *const files[] = { "bad.txt", "10.0.0.0/8\n10.0.0.1/8\n", NULL };
	struct policy_text t;

	policy_text_files = files;
	policy_text_rule(&t, "\"lists\":[\"bad.txt\"],\"via\":\"fiber\"},"
			     "{\"lists\":[\"bad.txt\"],\"via\":\"fiber\"},"
			     "{\"lists\":[\"gone.txt\"],\"via\":\"fiber\"");
	policy_text_files = NULL;
	assert_int_equal(t.result, POLICY_READ_INVALID);
	assert_string_equal(
		policy_text_faults(&t),
		": \"10.0.0.1/8\" has host bits set\n"
		"/rules/2/lists/0: cannot read the list \"gone.txt\": No such file or directory");
	assert_string_equal(t.faults.items[0].source->name, "bad.txt");
	assert_int_equal(t.faults.items[0].offset, 11);
	policy_text_done(&t);
}

static void a_disabled_rule_is_checked_but_asks_for_nothing(void **state)
{
	struct policy_text t;

	policy_text_rule(&t, "\"lists\":[\"gone.txt\"],\"users\":[\"gone\"],\"asns\":[1],"
			     "\"countries\":[\"DE\"],\"services\":[\"s\"],\"via\":\"fiber\","
			     "\"enabled\":false");
	assert_string_equal(policy_text_faults(&t), "");
	assert_false(t.policy->rules[0].enabled);
	policy_text_done(&t);
	policy_text_rule(&t, "\"enabled\":false,\"to\":[\"10.0.0.1/8\"],\"via\":\"fibre\"");
	assert_int_equal(t.faults.count, 2);
	policy_text_done(&t);
}

/* ---- faults -------------------------------------------------------------- */

static void all_faults_come_in_one_run_in_order_of_place(void **state)
{
	struct policy_text t;

	policy_text_rule(
		&t,
		"\"via\":\"fibre\",\"to\":[\"10.0.0.1/8\",7],\"dports\":[70000],\"nmae\":1},"
		"{\"name\":\"1\",\"protocols\":[\"tpc\"]},7,{\"via\":\"lte\",\"note\":\"a\\u0001\"");
	assert_int_equal(t.result, POLICY_READ_INVALID);
	assert_string_equal(policy_text_faults(&t),
			    "/rules/0/via: no link or group named \"fibre\"\n"
			    "/rules/0/to/0: \"10.0.0.1/8\" has host bits set\n"
			    "/rules/0/to/1: must be a string, not a number\n"
			    "/rules/0/dports/0: 70000 is out of range, must be 0 to 65535\n"
			    "/rules/0/nmae: unknown key \"nmae\"\n"
			    "/rules/1: the key \"via\" is missing\n"
			    "/rules/1/name: a rule's name must begin with a letter\n"
			    "/rules/1/protocols/0: no protocol named \"tpc\"\n"
			    "/rules/2: must be an object, not a number\n"
			    "/rules/3/note: a note must not have control characters");
	assert_string_equal(policy_text_token(&t, 0), "\"fibre\"");
	assert_string_equal(policy_text_token(&t, 3), "70000");
	assert_string_equal(policy_text_token(&t, 4), "\"nmae\"");
	assert_string_equal(policy_text_token(&t, 5), "{");
	assert_string_equal(policy_text_token(&t, 8), "7");
	assert_string_equal(t.faults.items[0].hint, "did you mean \"fiber\"?");
	assert_string_equal(t.faults.items[4].hint, "did you mean \"name\"?");
	policy_text_done(&t);
}

static void another_version_is_not_read_on(void **state)
{
	struct policy_text t;

	policy_text_read(&t, "{\"version\":2,\"links\":7,\"new\":{}}");
	assert_string_equal(policy_text_faults(&t),
			    "/version: this program reads version 1 of the language, not 2");
	policy_text_done(&t);
}

static void what_is_read_fits_no_other_syntax(void **state)
{
	/* each text in each place that ends up in nft, ip, dnsmasq or shell text */
	static const char *const texts[] = { "a b",  "a;b",	  "a\\nb",  "a\\\"b",  "a{b",
					     "a}b",  "a$b",	  "a`b",    "a'b",     "a#b",
					     "a,b",  "a\\\\b",	  "a/../b", "-a",      "*",
					     "",     "a\\u007fb", "a|b",    "\\u00e9", "a\\tb",
					     "$(a)", "a&b",	  "a<b",    "a!b" };
	static const char *const places[] = {
		"{\"version\":1,\"links\":{\"@\":{\"device\":\"eth1\"}}}",
		"{\"version\":1,\"links\":{\"a\":{\"device\":\"@\"}}}",
		"{" LINKS ",\"groups\":{\"@\":{\"links\":[\"fiber\"]}}}",
		"{" LINKS ",\"probes\":{\"@\":{\"type\":\"none\"}}}",
		"{" LINKS ",\"rules\":[{\"name\":\"@\",\"via\":\"fiber\"}]}",
		"{" LINKS ",\"rules\":[{\"iifs\":[\"@\"],\"via\":\"fiber\"}]}",
		"{" LINKS ",\"rules\":[{\"domains\":[\"@\"],\"via\":\"fiber\"}]}",
		"{" LINKS ",\"rules\":[{\"cgroups\":[\"@\"],\"via\":\"fiber\"}]}",
		"{" LINKS ",\"rules\":[{\"via\":\"@\"}]}",
		"{" LINKS ",\"default\":\"@\"}",
	};

	for (size_t i = 0; i < ARRAY_SIZE(places); i++)
		for (size_t k = 0; k < ARRAY_SIZE(texts); k++) {
			bool dash = strcmp(texts[k], "-a") == 0 && strstr(places[i], "cgroups");
			struct policy_text t;
			char text[300];

			size_t at = strcspn(places[i], "@");

			snprintf(text, sizeof(text), "%.*s%s%s", (int)at, places[i], texts[k],
				 places[i] + at + 1);
			policy_text_read(&t, text);
			if (!dash && t.result != POLICY_READ_INVALID)
				fail_msg("accepted: %s", text);
			policy_text_done(&t);
		}
}

static void broken_bytes_are_refused_with_a_place(void **state)
{
	static const char text[] = "{" LINKS ",\"note\":\"\0\"}";
	struct policy_text t;

	policy_text_read_bytes(&t, text, sizeof(text) - 1);
	assert_int_equal(t.result, POLICY_READ_INVALID);
	assert_int_equal(t.faults.items[0].offset, strlen(text));
	policy_text_done(&t);
}

static void more_faults_than_are_kept_are_counted(void **state)
{
	enum { N = 5000 };
	_cleanup_(cleanup_freep) char *text = malloc(N * 16 + 200);
	struct policy_text t;
	size_t len;

	assert_non_null(text);
	len = (size_t)sprintf(text, "{" LINKS ",\"rules\":[{\"via\":\"fiber\",\"to\":[");
	for (int i = 0; i < N; i++)
		len += (size_t)sprintf(text + len, "%s\"10.0.%d.%d/8\"", i ? "," : "", i >> 8,
				       1 + (i & 127));
	len += (size_t)sprintf(text + len, "]}]}");
	policy_text_read_bytes(&t, text, len);
	assert_int_equal(t.faults.count, DIAG_MAX);
	assert_int_equal(t.faults.errors, N);
	assert_string_equal(policy_text_token(&t, DIAG_MAX - 1), "\"10.0.3.104/8\"");
	policy_text_done(&t);
}

static void a_fault_found_later_has_its_place_at_once(void **state)
{
	struct policy_text t;
	struct diag *d;

	policy_text_rule(&t, "\"to\":[\"10.0.0.0/8\"],\"via\":\"fiber\"},{\"via\":\"lte\"");
	assert_int_equal(t.result, 0);
	d = policy_fault(t.policy, &t.faults, DIAG_WARNING, "/rules/1/via", "rule %d", 2);
	assert_int_equal(d->level, DIAG_WARNING);
	assert_string_equal(d->text, "rule 2");
	assert_string_equal(policy_text_token(&t, 0), "\"lte\"");
	policy_fault(t.policy, &t.faults, DIAG_ERROR, t.policy->rules[0].place.pointer, "x");
	assert_string_equal(policy_text_token(&t, 1), "{");
	policy_text_done(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_smallest_policy_has_all_defaults),
		cmocka_unit_test(a_link_says_all_of_its_keys),
		cmocka_unit_test(a_group_says_all_of_its_keys),
		cmocka_unit_test(a_rule_keeps_its_destinations),
		cmocka_unit_test(a_rule_keeps_its_other_conditions),
		cmocka_unit_test(ports_without_protocols_are_of_tcp_and_udp),
		cmocka_unit_test(icmp_types_are_settled_for_each_family),
		cmocka_unit_test(schedules_have_days_or_times),
		cmocka_unit_test(lists_add_to_the_destination),
		cmocka_unit_test(faults_of_a_list_name_the_list_once),
		cmocka_unit_test(a_disabled_rule_is_checked_but_asks_for_nothing),
		cmocka_unit_test(all_faults_come_in_one_run_in_order_of_place),
		cmocka_unit_test(another_version_is_not_read_on),
		cmocka_unit_test(what_is_read_fits_no_other_syntax),
		cmocka_unit_test(broken_bytes_are_refused_with_a_place),
		cmocka_unit_test(more_faults_than_are_kept_are_counted),
		cmocka_unit_test(a_fault_found_later_has_its_place_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
