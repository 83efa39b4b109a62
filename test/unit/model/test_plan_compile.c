/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Facts about compiled policies, read off plan_dump()'s lines. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "model/plan.h"
#include "model/policy_read.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#define LINKS                                                                                      \
	"\"version\": 1, \"links\": {"                                                             \
	"\"fiber\": {\"device\": \"eth1\", \"id\": 7},"                                            \
	"\"lte\": {\"device\": \"wwan0\", \"id\": 8}},"
#define GROUP "\"groups\": {\"default\": {\"links\": [\"fiber\", \"lte\"]}},"
#define BASE  "{" LINKS GROUP

struct compiled {
	struct arena *arena;
	struct diag_source source;
	struct diag_list faults;
	struct plan *plan;
	int result;
	struct strbuf dump;
};

static void compile(struct compiled *c, const char *json)
{
	struct policy *policy = NULL;

	memset(c, 0, sizeof(*c));
	c->arena = arena_new();
	c->source = (struct diag_source){ .name = "p.json", .text = json, .len = strlen(json) };
	diag_init(&c->faults, c->arena);
	c->result = policy_read(&c->source, NULL, c->arena, &policy, &c->faults);
	if (c->result) {
		struct strbuf text = STRBUF_NULL;

		diag_print(&c->faults, &text, false);
		fprintf(stderr, "%s", strbuf_text(&text));
		strbuf_done(&text);
	}
	assert_int_equal(c->result, 0);
	c->result = plan_compile(policy, c->arena, &c->plan, &c->faults);
	if (!c->result)
		plan_dump(c->plan, &c->dump);
}

static void release(struct compiled *c)
{
	strbuf_done(&c->dump);
	arena_free(c->arena);
}

static void has(const struct compiled *c, const char *text)
{
	if (!strstr(strbuf_text(&c->dump), text))
		fail_msg("no \"%s\" in:\n%s", text, strbuf_text(&c->dump));
}

static void has_not(const struct compiled *c, const char *text)
{
	if (strstr(strbuf_text(&c->dump), text))
		fail_msg("\"%s\" in:\n%s", text, strbuf_text(&c->dump));
}

/* Each text after the one before. */
static void in_order(const struct compiled *c, const char *const *texts, size_t n)
{
	const char *at = strstr(strbuf_text(&c->dump), "chain omr_bypass/classify");

	assert_non_null(at);
	for (size_t i = 0; i < n; i++) {
		at = strstr(at, texts[i]);
		if (!at)
			fail_msg("\"%s\" is missing or out of order in:\n%s", texts[i],
				 strbuf_text(&c->dump));
	}
}
#define IN_ORDER(c, ...)                                                                           \
	in_order(c, (const char *const[]){ __VA_ARGS__ },                                          \
		 sizeof((const char *const[]){ __VA_ARGS__ }) / sizeof(char *))

static void has_fault(const struct compiled *c, const char *text)
{
	for (size_t i = 0; i < c->faults.count; i++)
		if (strstr(c->faults.items[i].text, text))
			return;
	fail_msg("no fault says \"%s\" (%zu faults, first: %s)", text, c->faults.count,
		 c->faults.count ? c->faults.items[0].text : "none");
}

/* ---- numbers ---- */

static void marks_and_tables_are_the_articles(void **state)
{
	struct compiled c;

	compile(&c,
		"{" LINKS
		"\"groups\": {\"bulk\": {\"links\": [\"lte\"]}, \"default\": {\"links\": [\"fiber\"]},"
		"\"voice\": {\"links\": [\"lte\"]}}, \"rules\": []}");
	has(&c, "link fiber device eth1 id 7 mark 0x00005397 table 7");
	has(&c, "target default mark 0x00000539 failover table 991337");
	has(&c, "target bulk mark 0x00001539 failover table 991338");
	has(&c, "target voice mark 0x00002539 failover table 991339");
	release(&c);
}

static void large_ids_have_longer_marks(void **state)
{
	struct compiled c;

	compile(&c, "{\"version\": 1, \"links\": {\"a\": {\"device\": \"a0\", \"id\": 16},"
		    "\"b\": {\"device\": \"b0\", \"id\": 200}},"
		    "\"groups\": {\"default\": {\"links\": [\"a\", \"b\"]}}, \"rules\": []}");
	has(&c, "link a device a0 id 16 mark 0x00053910 table 16");
	has(&c, "link b device b0 id 200 mark 0x000539c8 table 200");
	has(&c, "candidate a tier 0 weight 1 mark 0x00253910");
	release(&c);
}

static void a_mark_names_target_and_link(void **state)
{
	struct compiled c;

	compile(&c, BASE "\"rules\": []}");
	has(&c, "candidate fiber tier 0 weight 1 mark 0x00025397 to to_fiber.default");
	has(&c, "candidate lte tier 0 weight 1 mark 0x00025398 to to_lte.default");
	has(&c, "ip_rule 1010 ipv4 ipv6 fwmark 0x25397/0xffffff lookup 7");
	has(&c, "ip_rule 1020 ipv4 ipv6 fwmark 0x25397/0xffffff lookup 991337");
	release(&c);
}

static void another_mask_is_filled_compactly(void **state)
{
	struct compiled c;

	compile(&c, BASE "\"mark_mask\": \"0x0000ff00\", \"rules\": []}");
	has(&c, "link fiber device eth1 id 7 mark 0x00000100");
	has(&c, "link lte device wwan0 id 8 mark 0x00000200");
	has(&c, "target default mark 0x00000300");
	has(&c, "fwmark 0x100/0xff00 lookup 7");
	release(&c);
}

static void a_mask_too_small_is_refused(void **state)
{
	struct compiled c;

	compile(&c, BASE "\"mark_mask\": \"0x3\", \"rules\": []}");
	assert_int_equal(c.result, PLAN_COMPILE_INVALID);
	has_fault(&c, "has room for 3 marks");
	release(&c);
}

static void a_given_mark_that_is_taken_is_refused(void **state)
{
	struct compiled c;

	compile(&c,
		"{\"version\": 1, \"links\": {\"a\": {\"device\": \"a0\", \"mark\": \"0x539\"}},"
		"\"groups\": {\"default\": {\"links\": [\"a\"]}}, \"rules\": []}");
	assert_int_equal(c.result, PLAN_COMPILE_INVALID);
	has_fault(&c, "0x539");
	release(&c);
}

static void marks_do_not_depend_on_the_order_of_rules(void **state)
{
	static const char *const orders[] = {
		BASE
		"\"rules\": [{\"to\": [\"192.0.2.1\"], \"via\": \"fiber\", \"on_down\": \"default\"},"
		"{\"to\": [\"192.0.2.2\"], \"via\": \"lte\", \"on_down\": \"default\"}]}",
		BASE
		"\"rules\": [{\"to\": [\"192.0.2.2\"], \"via\": \"lte\", \"on_down\": \"default\"},"
		"{\"to\": [\"192.0.2.1\"], \"via\": \"fiber\", \"on_down\": \"default\"}]}",
	};

	for (size_t i = 0; i < 2; i++) {
		struct compiled c;

		compile(&c, orders[i]);
		has(&c, "target fiber.default mark 0x00035397");
		has(&c, "target lte.default mark 0x00045398");
		release(&c);
	}
}

/* ---- targets ---- */

static void on_down_block_is_a_target_of_its_own(void **state)
{
	struct compiled c;

	compile(&c, BASE "\"rules\": [{\"to\": [\"192.0.2.1\"], \"via\": \"fiber\"},"
			 "{\"to\": [\"192.0.2.2\"], \"via\": \"fiber\", \"on_down\": \"block\"}]}");
	has(&c, "target fiber mark 0x00005397 failover link last main");
	has(&c, "target fiber.block mark 0x00015397 failover link last block");
	has(&c, "fwmark 0x15397/0xffffff lookup 7");
	has(&c, "fwmark 0x15397/0xffffff unreachable");
	has_not(&c, "fwmark 0x5397/0xffffff unreachable");
	release(&c);
}

static void on_down_groups_are_asked_in_turn(void **state)
{
	struct compiled c;

	compile(&c, "{" LINKS "\"groups\": {\"a\": {\"links\": [\"fiber\"], \"on_down\": \"b\"},"
		    "\"b\": {\"links\": [\"lte\"], \"on_down\": \"block\"}}, \"rules\": []}");
	has(&c, "target a mark 0x00001539 failover table 991338 table 991339 last block");
	has(&c, "candidate lte tier 1 weight 1");
	has(&c, "ip_rule 1020 ipv4 ipv6 fwmark 0x1539/0xffffff lookup 991338");
	has(&c, "ip_rule 1021 ipv4 ipv6 fwmark 0x1539/0xffffff lookup 991339");
	has(&c, "ip_rule 1040 ipv4 ipv6 fwmark 0x1539/0xffffff unreachable");
	release(&c);
}

static void tiers_are_groups_asked_in_turn(void **state)
{
	struct compiled c;

	compile(&c, "{" LINKS "\"groups\": {\"a\": {\"links\": [\"fiber\"], \"on_down\": \"b\"},"
		    "\"b\": {\"links\": [\"lte\"]}}, \"rules\": [{\"to\": [\"192.0.2.1\"],"
		    "\"via\": \"fiber\", \"on_down\": \"b\"}]}");
	has(&c, "target fiber mark 0x00005397 failover link last main tiers link\n");
	has(&c, "last main routes routes_a tiers a,b\n");
	has(&c, "target fiber.b mark 0x00045397 failover link table 991339 last main via "
		"via_fiber.b tiers link,b\n");
	release(&c);
}

static void a_probed_link_has_a_mark_that_leads_nowhere_else(void **state)
{
	struct compiled c;

	compile(&c, "{\"version\": 1, \"links\": {"
		    "\"fiber\": {\"device\": \"eth1\", \"id\": 7,"
		    " \"probe\": {\"type\": \"icmp\", \"hosts4\": [\"192.0.2.9\"]}},"
		    "\"far\": {\"device\": \"eth3\", \"id\": 77,"
		    " \"probe\": {\"type\": \"icmp\", \"hosts4\": [\"192.0.2.9\"]}},"
		    "\"quiet\": {\"device\": \"eth2\", \"id\": 9}}, \"rules\": []}");
	has(&c, "id 7 mark 0x00005397 table 7 gateway4 auto gateway6 auto probe 0 "
		"probe_mark 0x00ff5397\n");
	has(&c, "probe_mark 0x00f5394d\n");
	has_not(&c, "0xff5399");
	has(&c, "ip_rule 1045 ipv4 ipv6 fwmark 0xff5397/0xffffff lookup 7");
	has(&c, "ip_rule 1046 ipv4 ipv6 fwmark 0xff5397/0xffffff unreachable");
	/* what the tables know as theirs is counted, masqueraded, moved: probes are not */
	has_not(&c, "element 0x00ff5397");
	release(&c);
}

static void a_probe_mark_gives_way_to_every_other(void **state)
{
	struct compiled c;

	compile(&c, "{\"version\": 1, \"links\": {"
		    "\"fiber\": {\"device\": \"eth1\", \"id\": 7,"
		    " \"probe\": {\"type\": \"icmp\", \"hosts4\": [\"192.0.2.9\"]}},"
		    "\"other\": {\"device\": \"eth2\", \"mark\": \"0xff5397\"},"
		    "\"top\": {\"device\": \"eth3\", \"mark\": \"0xffffff\"}}, \"rules\": []}");
	assert_int_equal(c.result, 0);
	has(&c, "probe_mark 0x00fffffe\n");
	release(&c);
}

static void moved_flows_travel_with_the_mark_of_probes(void **state)
{
	struct compiled c;

	compile(&c, BASE "\"rules\": []}");
	has(&c, "mark 0x00025397 to to_fiber.default moved moved_to_fiber");
	has(&c, "candidate fiber tier 0 weight 1 mark 0x00005397 to to_fiber\n");
	has(&c, "chain omr_egress/moved_to_fiber fixed # by fiber until the flow's old entry is "
		"deleted\n\trule set meta_mark 0x00ff5397/0x00ffffff\n");
	release(&c);
}

static void a_balanced_group_has_a_map_of_slots(void **state)
{
	struct compiled c;

	compile(&c, "{" LINKS "\"groups\": {\"a\": {\"links\": [\"fiber\", \"lte\"],"
		    "\"mode\": \"balance\"}}, \"rules\": []}");
	has(&c, "map omr_egress/spread type mark . nf_proto . slot fixed content state elements 0");
	has(&c, "rule vmap meta_mark&0x00ffffff . nfproto . random_slot @spread\n"
		"\trule vmap meta_mark&0x00ffffff @undecided");
	release(&c);
	compile(&c, BASE "\"rules\": []}");
	has_not(&c, "spread");
	release(&c);
}

static void a_strict_target_can_be_sent_nowhere(void **state)
{
	struct compiled c;

	compile(&c, BASE "\"rules\": [{\"to\": [\"192.0.2.2\"], \"via\": \"fiber\","
			 "\"on_down\": \"block\"}]}");
	has(&c, "chain omr_egress/to_block fixed # no link of a strict target works: unreachable\n"
		"\trule set meta_mark 0x00005390/0x00ffffff\n");
	has(&c, "ip_rule 1040 ipv4 ipv6 fwmark 0x5390/0xffffff unreachable");
	release(&c);
	compile(&c, BASE "\"rules\": []}");
	has_not(&c, "to_block");
	release(&c);
}

static void via_block_is_unreachable(void **state)
{
	struct compiled c;

	compile(&c, BASE "\"rules\": [{\"to\": [\"192.0.2.1\"], \"via\": \"block\"}]}");
	has(&c, "target block mark 0x00005390");
	has(&c, "fwmark 0x5390/0xffffff unreachable");
	release(&c);
}

static void local_networks_limit_the_first_rule(void **state)
{
	struct compiled c;

	compile(&c, BASE "\"local_networks\": [\"192.168.0.0/16\", \"fd00::/8\"], \"rules\": []}");
	has(&c, "ip_rule 1000 ipv4 to 192.168.0.0/16 lookup 254");
	has(&c, "ip_rule 1000 ipv6 to fd00::/8 lookup 254");
	has(&c, "ip_rule 1000 ipv6 to fe80::/10 lookup 254");
	has_not(&c, "ip_rule 1000 ipv4 ipv6");
	/* `not` would invert the destination too */
	has_not(&c, "ip_rule 1000 ipv4 not");
	release(&c);
}

/* ---- classification ---- */

static void destination_rules_that_stand_together_share_a_map(void **state)
{
	struct compiled c;

	compile(&c, BASE
		"\"rules\": [{\"name\": \"a\", \"to\": [\"192.0.2.0/25\"], \"via\": \"fiber\"},"
		"{\"name\": \"b\", \"to\": [\"192.0.2.0/24\"], \"via\": \"lte\"}]}");
	has(&c, "element 192.0.2.0/25 : rule_a");
	has(&c, "element 192.0.2.128/25 : rule_b");
	has_not(&c, "omr_dst_bypass_4_2");
	release(&c);
}

static void a_rule_of_another_shape_keeps_its_place(void **state)
{
	struct compiled c;

	compile(&c, BASE
		"\"rules\": [{\"name\": \"a\", \"to\": [\"192.0.2.0/25\"], \"via\": \"fiber\"},"
		"{\"name\": \"b\", \"from\": [\"10.0.0.0/8\"], \"via\": \"main\"},"
		"{\"name\": \"c\", \"to\": [\"192.0.2.0/24\"], \"via\": \"lte\"}]}");
	IN_ORDER(&c, "vmap ip_daddr @omr_dst_bypass_4", "ip_saddr == 10.0.0.0/8; goto rule_b",
		 "vmap ip_daddr @omr_dst_bypass_4_2");
	has(&c, "element 192.0.2.0/24 : rule_c");
	release(&c);
}

static void learnt_addresses_stand_at_their_rules_place(void **state)
{
	struct compiled c;

	compile(&c, BASE
		"\"rules\": [{\"name\": \"a\", \"to\": [\"192.0.2.0/24\"], \"domains\": [\"a.test\"], \"via\": \"fiber\"},"
		"{\"name\": \"b\", \"to\": [\"192.0.3.0/24\"], \"via\": \"lte\"}]}");
	IN_ORDER(&c, "vmap ip_daddr @omr_dst_bypass_4", "@omr_dns_bypass_a_4",
		 "@omr_dns_bypass_a_6", "vmap ip_daddr @omr_dst_bypass_4_2");
	release(&c);
}

static void a_disabled_rule_leaves_nothing(void **state)
{
	struct compiled c;

	compile(&c,
		BASE "\"rules\": [{\"name\": \"a\", \"to\": [\"192.0.2.0/24\"], \"via\": \"fiber\","
		     "\"on_down\": \"block\", \"enabled\": false}]}");
	has_not(&c, "rule_a");
	has_not(&c, "fiber.block");
	has_not(&c, "192.0.2.0");
	release(&c);
}

static void reverse_mode_sends_the_rest(void **state)
{
	struct compiled c;

	compile(&c, BASE
		"\"default\": \"default\", \"rules\": [{\"name\": \"vpn\", \"to\": [\"192.0.2.0/24\"], \"via\": \"main\"}]}");
	IN_ORDER(&c, "vmap ip_daddr @omr_dst_bypass_4", "goto otherwise");
	has(&c, "chain omr_bypass/otherwise");
	release(&c);
}

static void families_limit_prefixes(void **state)
{
	struct compiled c;

	compile(&c,
		BASE "\"rules\": [{\"name\": \"a\", \"to\": [\"192.0.2.0/24\", \"2001:db8::/32\"],"
		     "\"families\": [\"ipv6\"], \"via\": \"fiber\"}]}");
	has(&c, "element 2001:db8::/32 : rule_a");
	has_not(&c, "192.0.2.0/24");
	release(&c);
}

static void ports_alone_mean_tcp_and_udp(void **state)
{
	struct compiled c;

	compile(&c, BASE "\"rules\": [{\"name\": \"a\", \"dports\": [53], \"via\": \"fiber\"}]}");
	IN_ORDER(&c, "l4proto == tcp,udp; match th_dport == 53; goto rule_a");
	release(&c);
}

static void overlapping_ports_are_joined(void **state)
{
	struct compiled c;

	compile(&c, BASE "\"rules\": [{\"name\": \"a\", \"protocols\": [\"tcp\"],"
			 "\"dports\": [\"80-90\", 70, \"85-100\"], \"via\": \"fiber\"}]}");
	IN_ORDER(&c, "tcp_dport == 70,80-100; goto rule_a");
	release(&c);
}

static void a_long_list_beside_other_keys_is_a_set(void **state)
{
	struct strbuf json = STRBUF_NULL;
	struct compiled c;

	strbuf_add(&json, BASE "\"rules\": [{\"name\": \"a\", \"protocols\": [\"udp\"], \"to\": [");
	for (int i = 0; i < 40; i++)
		strbuf_addf(&json, "%s\"10.%d.0.0/17\"", i ? "," : "", i);
	strbuf_add(&json, "], \"via\": \"fiber\"}]}");
	compile(&c, strbuf_text(&json));
	has(&c, "set omr_bypass/to_a_4 type ipv4_addr slotted content plan interval elements 40");
	IN_ORDER(&c, "ip_daddr == @to_a_4", "goto rule_a");
	release(&c);
	strbuf_done(&json);
}

/* ---- DNS ---- */

static void a_line_has_the_sets_of_the_domain_and_its_parents(void **state)
{
	struct compiled c;

	compile(&c, BASE
		"\"rules\": [{\"name\": \"a\", \"domains\": [\"www.example.test\"], \"via\": \"fiber\"},"
		"{\"name\": \"b\", \"domains\": [\"example.test\"], \"via\": \"lte\"},"
		"{\"name\": \"c\", \"domains\": [\"ample.test\"], \"via\": \"lte\"}]}");
	assert_int_equal(c.plan->n_dns, 3);
	assert_string_equal(c.plan->dns[2].domain, "www.example.test");
	assert_int_equal(c.plan->dns[2].n_sets, 4);
	assert_string_equal(c.plan->dns[2].sets[0]->name, "omr_dns_bypass_a_4");
	assert_string_equal(c.plan->dns[2].sets[3]->name, "omr_dns_bypass_b_6");
	assert_string_equal(c.plan->dns[1].domain, "example.test");
	assert_int_equal(c.plan->dns[1].n_sets, 2);
	assert_int_equal(c.plan->dns[0].n_sets, 2);
	release(&c);
}

static void a_dnsmasq_line_too_long_is_refused(void **state)
{
	struct strbuf json = STRBUF_NULL;
	struct compiled c;

	strbuf_add(&json, BASE "\"rules\": [");
	for (int i = 0; i < 20; i++)
		strbuf_addf(
			&json,
			"%s{\"name\": \"rather-long-name-of-rule-%02d\", \"domains\": [\"a.test\"], \"from\": [\"10.0.0.%d\"], \"via\": \"fiber\"}",
			i ? "," : "", i, i);
	strbuf_add(&json, "]}");
	compile(&c, strbuf_text(&json));
	assert_int_equal(c.result, PLAN_COMPILE_INVALID);
	has_fault(&c, "a.test");
	release(&c);
	strbuf_done(&json);
}

/* ---- warnings ---- */

static void warns(const char *rules, const char *shadowed, const char *by)
{
	struct strbuf json = STRBUF_NULL;
	struct compiled c;

	strbuf_addf(&json, BASE "\"rules\": [%s]}", rules);
	compile(&c, strbuf_text(&json));
	assert_int_equal(c.result, 0);
	if (!shadowed) {
		if (c.faults.count)
			fail_msg("%s: unexpected: %s", rules, c.faults.items[0].text);
	} else {
		assert_int_equal(c.faults.count, 1);
		assert_int_equal(c.faults.items[0].level, DIAG_WARNING);
		has_fault(&c, shadowed);
		has_fault(&c, by);
	}
	release(&c);
	strbuf_done(&json);
}

#define RULE(name, keys) "{\"name\": \"" name "\", " keys ", \"via\": \"fiber\"}"

static void a_rule_that_can_never_match_is_warned_about(void **state)
{
	warns(RULE("a", "\"to\": [\"10.0.0.0/8\"]") "," RULE("b", "\"to\": [\"10.1.0.0/16\"]"),
	      "\"b\"", "\"a\"");
	warns(RULE("a", "\"to\": [\"10.0.0.0/9\", \"10.128.0.0/9\"]") "," RULE(
		      "b", "\"to\": [\"10.0.0.0/8\"]"),
	      "\"b\"", "\"a\"");
	warns(RULE("a", "\"from\": [\"10.0.0.0/8\"]") "," RULE(
		      "b", "\"from\": [\"10.1.0.0/16\"], \"protocols\": [\"tcp\"]"),
	      "\"b\"", "\"a\"");
	warns(RULE("a", "\"domains\": [\"example.test\"]") "," RULE(
		      "b", "\"domains\": [\"www.example.test\"]"),
	      "\"b\"", "\"a\"");
	warns(RULE("a", "\"protocols\": [\"tcp\", \"udp\"]") "," RULE("b", "\"dports\": [53]"),
	      "\"b\"", "\"a\"");
	warns(RULE("a", "\"users\": [5], \"iifs\": [\"eth0\"]"), "\"a\"", "own traffic");
	warns(RULE("a", "\"from\": [\"10.0.0.0/8\"], \"to\": [\"2001:db8::/32\"]"), "\"a\"",
	      "family");
}

static void a_rule_that_can_match_is_not(void **state)
{
	warns(RULE("a", "\"to\": [\"10.1.0.0/16\"]") "," RULE("b", "\"to\": [\"10.0.0.0/8\"]"),
	      NULL, NULL);
	warns(RULE("a", "\"from\": [\"10.0.0.0/8\"], \"protocols\": [\"tcp\"]") "," RULE(
		      "b", "\"from\": [\"10.1.0.0/16\"]"),
	      NULL, NULL);
	warns(RULE("a", "\"dports\": [53]") "," RULE("b", "\"protocols\": [\"tcp\"]"), NULL, NULL);
	warns(RULE("a", "\"domains\": [\"www.example.test\"]") "," RULE(
		      "b", "\"domains\": [\"example.test\"]"),
	      NULL, NULL);
	warns(RULE("a", "\"to\": [\"10.0.0.0/8\"], \"families\": [\"ipv4\"]") "," RULE(
		      "b", "\"to\": [\"10.0.0.0/8\", \"2001:db8::/32\"]"),
	      NULL, NULL);
	warns(RULE("a", "\"schedule\": {\"days\": [\"mon\"]}") "," RULE("b",
									"\"protocols\": [\"tcp\"]"),
	      NULL, NULL);
}

/* ---- the whole ---- */

static void the_same_policy_gives_the_same_bytes(void **state)
{
	static const char json[] = BASE
		"\"rules\": [{\"name\": \"a\", \"to\": [\"192.0.2.0/24\"], \"domains\": [\"b.test\", \"a.test\"], \"via\": \"fiber\"},"
		"{\"name\": \"b\", \"macs\": [\"00:11:22:33:44:55\"], \"via\": \"lte\", \"on_down\": \"block\"}]}";
	struct compiled one, two;

	compile(&one, json);
	compile(&two, json);
	assert_string_equal(strbuf_text(&one.dump), strbuf_text(&two.dump));
	release(&one);
	release(&two);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_and_tables_are_the_articles),
		cmocka_unit_test(large_ids_have_longer_marks),
		cmocka_unit_test(a_mark_names_target_and_link),
		cmocka_unit_test(another_mask_is_filled_compactly),
		cmocka_unit_test(a_mask_too_small_is_refused),
		cmocka_unit_test(a_given_mark_that_is_taken_is_refused),
		cmocka_unit_test(marks_do_not_depend_on_the_order_of_rules),
		cmocka_unit_test(on_down_block_is_a_target_of_its_own),
		cmocka_unit_test(on_down_groups_are_asked_in_turn),
		cmocka_unit_test(tiers_are_groups_asked_in_turn),
		cmocka_unit_test(a_probed_link_has_a_mark_that_leads_nowhere_else),
		cmocka_unit_test(a_probe_mark_gives_way_to_every_other),
		cmocka_unit_test(moved_flows_travel_with_the_mark_of_probes),
		cmocka_unit_test(a_balanced_group_has_a_map_of_slots),
		cmocka_unit_test(a_strict_target_can_be_sent_nowhere),
		cmocka_unit_test(via_block_is_unreachable),
		cmocka_unit_test(local_networks_limit_the_first_rule),
		cmocka_unit_test(destination_rules_that_stand_together_share_a_map),
		cmocka_unit_test(a_rule_of_another_shape_keeps_its_place),
		cmocka_unit_test(learnt_addresses_stand_at_their_rules_place),
		cmocka_unit_test(a_disabled_rule_leaves_nothing),
		cmocka_unit_test(reverse_mode_sends_the_rest),
		cmocka_unit_test(families_limit_prefixes),
		cmocka_unit_test(ports_alone_mean_tcp_and_udp),
		cmocka_unit_test(overlapping_ports_are_joined),
		cmocka_unit_test(a_long_list_beside_other_keys_is_a_set),
		cmocka_unit_test(a_line_has_the_sets_of_the_domain_and_its_parents),
		cmocka_unit_test(a_dnsmasq_line_too_long_is_refused),
		cmocka_unit_test(a_rule_that_can_never_match_is_warned_about),
		cmocka_unit_test(a_rule_that_can_match_is_not),
		cmocka_unit_test(the_same_policy_gives_the_same_bytes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
