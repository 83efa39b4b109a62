/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a plan says of one packet, and what it does not know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/cleanup.h"
#include "model/plan.h"
#include "model/plan_eval.h"
#include "policy_text.h"

#define LINKS                                                                                       \
	"\"version\":1,\"links\":{\"fiber\":{\"device\":\"eth1\"},\"lte\":{\"device\":\"wwan0\"}}," \
	"\"groups\":{\"default\":{\"links\":[\"fiber\",\"lte\"]}},"

struct bench {
	struct policy_text text;
	struct plan *plan;
	struct arena *arena;
};

static void compile(struct bench *b, const char *rules)
{
	char *json = NULL;

	assert_true(asprintf(&json, "{" LINKS "%s}", rules) > 0);
	policy_text_read(&b->text, json);
	assert_string_equal(policy_text_faults(&b->text), "");
	assert_int_equal(plan_compile(b->text.policy, b->text.arena, &b->plan, &b->text.faults), 0);
	b->arena = b->text.arena;
	free(json); /* the policy's texts are in its arena */
}

static void release(struct bench *b)
{
	policy_text_done(&b->text);
}

static struct plan_eval_packet packet_to(const char *addr)
{
	struct plan_eval_packet p = { .daddr_type = 1 /* RTN_UNICAST */ };

	assert_int_equal(inet_parse_addr(addr, strlen(addr), &p.family, &p.daddr), 0);
	return p;
}

static void from(struct plan_eval_packet *p, const char *addr)
{
	enum inet_family f;

	assert_int_equal(inet_parse_addr(addr, strlen(addr), &f, &p->saddr), 0);
	p->given |= PLAN_EVAL_FROM;
}

/* "sip(proto dport)? bank default 203.0.113.0/24", "main", "left alone: an answer" */
static const char *ask_learnt(struct bench *b, const struct plan_eval_packet *p,
			      const struct plan_eval_learnt *learnt)
{
	struct strbuf out = STRBUF_NULL;
	struct plan_eval_answer a;
	char range[INET_RANGE_MAX];
	const char *ret;

	plan_eval_packet(b->plan, p, learnt, b->arena, &a);
	for (size_t i = 0; i < a.n_maybes; i++) {
		strbuf_addf(&out, "%s(", b->plan->policy->rules[a.maybes[i].rule].name);
		for (unsigned k = 0, n = 0; k < PLAN_EVAL_KEYS; k++)
			if (a.maybes[i].needs & (1u << k))
				strbuf_addf(&out, "%s%s", n++ ? " " : "", plan_eval_key_name(k));
		strbuf_add(&out, ")? ");
	}
	switch (a.outcome) {
	case PLAN_EVAL_RULE:
		strbuf_add(&out, b->plan->policy->rules[a.rule].name);
		break;
	case PLAN_EVAL_OTHERWISE:
		strbuf_add(&out, "otherwise");
		break;
	case PLAN_EVAL_NO_RULE:
		strbuf_add(&out, "no rule");
		break;
	case PLAN_EVAL_MARKED:
		strbuf_add(&out, "marked");
		break;
	case PLAN_EVAL_LEFT_ALONE:
		strbuf_addf(&out, "left alone: %s", a.because);
		break;
	}
	if (a.outcome != PLAN_EVAL_LEFT_ALONE)
		strbuf_addf(&out, " -> %s",
			    a.target == PLAN_EVAL_NOTHING ? "main"
							  : b->plan->targets[a.target].name);
	if (a.by_range)
		strbuf_addf(&out, " by %s", inet_print_range(&a.range, p->family, range));
	if (a.by_learnt)
		strbuf_add(&out, " by dns");
	ret = arena_strdup(b->arena, strbuf_text(&out));
	strbuf_done(&out);
	return ret;
}

static const char *ask(struct bench *b, const struct plan_eval_packet *p)
{
	return ask_learnt(b, p, NULL);
}

static const char *ask_to(struct bench *b, const char *addr)
{
	struct plan_eval_packet p = packet_to(addr);

	return ask(b, &p);
}

static void the_destination_alone_decides_where_it_can(void **state)
{
	struct bench b;

	compile(&b, "\"rules\":["
		    "{\"name\":\"hole\",\"to\":[\"203.0.113.7\"],\"via\":\"main\"},"
		    "{\"name\":\"bank\",\"to\":[\"203.0.113.0/24\",\"2001:db8:1::/48\"],"
		    "\"via\":\"default\"},"
		    "{\"name\":\"all\",\"to\":[\"203.0.0.0/8\"],\"via\":\"lte\","
		    "\"on_down\":\"block\"},"
		    "{\"name\":\"no\",\"to\":[\"198.51.100.0/24\"],\"via\":\"block\"}]");
	assert_string_equal(ask_to(&b, "203.0.113.7"), "hole -> main by 203.0.113.7");
	assert_string_equal(ask_to(&b, "203.0.113.8"),
			    "bank -> default by 203.0.113.8-203.0.113.255");
	assert_string_equal(ask_to(&b, "2001:db8:1::9"), "bank -> default by 2001:db8:1::/48");
	assert_string_equal(ask_to(&b, "203.1.1.1"),
			    "all -> lte.block by 203.0.114.0-203.255.255.255");
	assert_string_equal(ask_to(&b, "198.51.100.255"), "no -> block by 198.51.100.0/24");
	assert_string_equal(ask_to(&b, "192.0.2.1"), "no rule -> main");
	assert_string_equal(ask_to(&b, "2001:db8:2::1"), "no rule -> main");
	release(&b);
}

static void what_no_rule_takes_has_the_policys_default(void **state)
{
	struct bench b;

	compile(&b, "\"default\":\"lte\",\"rules\":[{\"name\":\"x\",\"to\":[\"203.0.113.0/24\"],"
		    "\"via\":\"main\"}]");
	assert_string_equal(ask_to(&b, "203.0.113.1"), "x -> main by 203.0.113.0/24");
	assert_string_equal(ask_to(&b, "192.0.2.1"), "otherwise -> lte");
	release(&b);
}

static void a_rule_of_which_too_little_is_said_is_named(void **state)
{
	struct plan_eval_packet p;
	struct bench b;

	compile(&b, "\"rules\":["
		    "{\"name\":\"sip\",\"from\":[\"192.168.1.0/24\"],\"protocols\":[\"udp\"],"
		    "\"dports\":[\"5060-5061\"],\"via\":\"lte\"},"
		    "{\"name\":\"bank\",\"to\":[\"203.0.113.0/24\"],\"via\":\"default\"}]");
	p = packet_to("203.0.113.1");
	assert_string_equal(ask(&b, &p),
			    "sip(from proto dport)? bank -> default by 203.0.113.0/24");
	p.dport = 5060;
	p.given = PLAN_EVAL_DPORT;
	assert_string_equal(ask(&b, &p), "sip(from proto)? bank -> default by 203.0.113.0/24");
	p.proto = 17;
	p.given |= PLAN_EVAL_PROTO;
	assert_string_equal(ask(&b, &p), "sip(from)? bank -> default by 203.0.113.0/24");
	from(&p, "192.168.1.9");
	assert_string_equal(ask(&b, &p), "sip -> lte");
	from(&p, "192.168.2.9");
	assert_string_equal(ask(&b, &p), "bank -> default by 203.0.113.0/24");
	release(&b);
}

static void one_thing_that_does_not_fit_settles_it(void **state)
{
	static const struct {
		unsigned given;
		uint16_t dport;
		uint8_t proto;
	} misfits[] = {
		{ PLAN_EVAL_DPORT, 443, 0 },
		{ PLAN_EVAL_PROTO, 0, 6 },
		{ PLAN_EVAL_PROTO | PLAN_EVAL_DPORT, 5060, 6 },
		{ PLAN_EVAL_PROTO | PLAN_EVAL_DPORT, 443, 17 },
	};
	struct bench b;

	compile(&b, "\"rules\":[{\"name\":\"sip\",\"protocols\":[\"udp\"],"
		    "\"dports\":[\"5060-5061\"],\"via\":\"lte\"}]");
	for (size_t i = 0; i < ARRAY_SIZE(misfits); i++) {
		struct plan_eval_packet p = packet_to("203.0.113.1");

		p.given = misfits[i].given;
		p.dport = misfits[i].dport;
		p.proto = misfits[i].proto;
		assert_string_equal(ask(&b, &p), "no rule -> main");
	}
	release(&b);
}

static void ports_without_a_protocol_are_of_tcp_or_udp(void **state)
{
	struct plan_eval_packet p = packet_to("203.0.113.1");
	struct bench b;

	compile(&b, "\"rules\":[{\"name\":\"web\",\"dports\":[443],\"via\":\"lte\"}]");
	p.dport = 443;
	p.given = PLAN_EVAL_DPORT;
	assert_string_equal(ask(&b, &p), "web(proto)? no rule -> main");
	p.given |= PLAN_EVAL_PROTO;
	p.proto = 17;
	assert_string_equal(ask(&b, &p), "web -> lte");
	p.proto = 132;
	assert_string_equal(ask(&b, &p), "no rule -> main");
	release(&b);
}

static void the_device_it_comes_in_by(void **state)
{
	struct plan_eval_packet p = packet_to("203.0.113.1");
	struct bench b;

	compile(&b, "\"rules\":[{\"name\":\"lan\",\"iifs\":[\"lan1\"],\"via\":\"lte\"}]");
	assert_string_equal(ask(&b, &p), "lan(iif)? no rule -> main");
	p.given = PLAN_EVAL_IIF;
	p.iif = "lan1";
	assert_string_equal(ask(&b, &p), "lan -> lte");
	p.iif = "lan2";
	assert_string_equal(ask(&b, &p), "no rule -> main");
	p.iif = "eth1";
	assert_string_equal(ask(&b, &p), "left alone: comes in by a link");
	p.local = true;
	p.given = 0;
	assert_string_equal(ask(&b, &p), "no rule -> main");
	release(&b);
}

static void users_are_of_the_routers_own_traffic(void **state)
{
	struct plan_eval_packet p = packet_to("203.0.113.1");
	struct bench b;

	compile(&b, "\"rules\":[{\"name\":\"u\",\"users\":[34],\"via\":\"lte\"},"
		    "{\"name\":\"c\",\"cgroups\":[\"system.slice/x\"],\"via\":\"lte\"}]");
	assert_string_equal(ask(&b, &p), "no rule -> main");
	p.local = true;
	assert_string_equal(ask(&b, &p), "u(uid)? c(cgroup)? no rule -> main");
	p.given = PLAN_EVAL_UID | PLAN_EVAL_CGROUP;
	p.uid = 33;
	p.cgroup = "system.slice/xy";
	assert_string_equal(ask(&b, &p), "no rule -> main");
	p.cgroup = "system.slice/x/below";
	assert_string_equal(ask(&b, &p), "c -> lte");
	p.uid = 34;
	assert_string_equal(ask(&b, &p), "u -> lte");
	release(&b);
}

static void mac_dscp_icmp_type(void **state)
{
	static const uint8_t mac[6] = { 0, 0x11, 0x22, 0x33, 0x44, 0x55 };
	struct plan_eval_packet p = packet_to("2001:db8::1");
	struct bench b;

	compile(&b, "\"rules\":[{\"name\":\"tv\",\"macs\":[\"00:11:22:33:44:55\"],\"via\":\"lte\"},"
		    "{\"name\":\"ef\",\"dscp\":[\"ef\"],\"via\":\"lte\"},"
		    "{\"name\":\"ping\",\"icmp_types\":[\"echo-request\"],\"via\":\"lte\"}]");
	assert_string_equal(ask(&b, &p),
			    "tv(mac)? ef(dscp)? ping(proto icmp_type)? no rule -> main");
	p.given = PLAN_EVAL_MAC | PLAN_EVAL_DSCP | PLAN_EVAL_PROTO | PLAN_EVAL_ICMP_TYPE;
	p.proto = 58;
	p.icmp_type = 128;
	assert_string_equal(ask(&b, &p), "ping -> lte");
	p.icmp_type = 8; /* of ICMP, not of ICMPv6 */
	assert_string_equal(ask(&b, &p), "no rule -> main");
	p.dscp = 46;
	assert_string_equal(ask(&b, &p), "ef -> lte");
	memcpy(p.mac, mac, 6);
	assert_string_equal(ask(&b, &p), "tv -> lte");
	release(&b);
}

static void the_time_is_that_of_the_question(void **state)
{
	struct plan_eval_packet p = packet_to("203.0.113.1");
	struct bench b;

	compile(&b, "\"rules\":[{\"name\":\"day\",\"schedule\":{\"days\":[\"mon\"],"
		    "\"from\":\"08:00\",\"to\":\"18:00\",\"utc_offset\":\"Z\"},\"via\":\"lte\"}]");
	p.weekday = 1;
	p.second_of_day = 8 * 3600;
	assert_string_equal(ask(&b, &p), "day -> lte");
	p.second_of_day = 18 * 3600 + 1;
	assert_string_equal(ask(&b, &p), "no rule -> main");
	p.weekday = 2;
	p.second_of_day = 12 * 3600;
	assert_string_equal(ask(&b, &p), "no rule -> main");
	release(&b);
}

static int find_dns(void *data, const struct plan_set *set, const struct inet_addr *addr)
{
	int *answer = data;

	assert_int_equal(set->content, PLAN_CONTENT_DNS);
	return addr->bytes[3] == 1 ? *answer : 0;
}

static void learnt_addresses_are_asked_for(void **state)
{
	int answer = 1;
	struct plan_eval_learnt learnt = { .find = find_dns, .data = &answer };
	struct plan_eval_packet p = packet_to("203.0.113.1");
	struct bench b;

	compile(&b, "\"rules\":[{\"name\":\"r\",\"domains\":[\"example.com\"],\"via\":\"lte\"},"
		    "{\"name\":\"s\",\"to\":[\"203.0.0.0/8\"],\"via\":\"fiber\"}]");
	assert_string_equal(ask_learnt(&b, &p, &learnt), "r -> lte by dns");
	answer = 0;
	assert_string_equal(ask_learnt(&b, &p, &learnt), "s -> fiber by 203.0.0.0/8");
	answer = -1;
	assert_string_equal(ask_learnt(&b, &p, &learnt), "r()? s -> fiber by 203.0.0.0/8");
	release(&b);
}

static void marks_that_are_there_already(void **state)
{
	struct plan_eval_packet p = packet_to("203.0.113.1");
	struct bench b;

	compile(&b, "\"rules\":[{\"name\":\"s\",\"to\":[\"203.0.0.0/8\"],\"via\":\"fiber\"}]");
	p.mark = 0x539;
	assert_string_equal(ask(&b, &p), "marked -> default");
	p.mark = 0x41000539; /* foreign bits beyond the mask */
	assert_string_equal(ask(&b, &p), "marked -> default");
	p.mark = 0x41000000;
	assert_string_equal(ask(&b, &p), "s -> fiber by 203.0.0.0/8");
	p.mark = 0x7;
	assert_string_equal(ask(&b, &p), "left alone: a mark that is no target's");
	release(&b);
}

static void what_is_not_for_us_is_left_alone(void **state)
{
	struct plan_eval_packet p = packet_to("203.0.113.1");
	struct bench b;

	compile(&b, "\"default\":\"lte\",\"rules\":[{\"name\":\"s\",\"to\":[\"203.0.0.0/8\"],"
		    "\"via\":\"fiber\"}]");
	p.daddr_type = 2; /* RTN_LOCAL */
	assert_string_equal(ask(&b, &p), "left alone: to this machine, or to all");
	p = packet_to("fe80::1");
	assert_string_equal(ask(&b, &p), "left alone: neighbours");
	release(&b);
}

static void many_prefixes_are_searched(void **state)
{
	struct strbuf rules = STRBUF_NULL;
	struct bench b;

	strbuf_add(
		&rules,
		"\"rules\":[{\"name\":\"many\",\"via\":\"lte\",\"from\":[\"10.9.9.9\"],\"to\":[");
	for (unsigned i = 0; i < 1000; i++)
		strbuf_addf(&rules, "%s\"10.%u.%u.0/25\"", i ? "," : "", i / 250, i % 250);
	strbuf_add(&rules, "]}]");
	compile(&b, strbuf_text(&rules));
	strbuf_done(&rules);
	for (unsigned i = 0; i < 1000; i++) {
		struct plan_eval_packet p;
		char addr[32], want[64];

		snprintf(addr, sizeof(addr), "10.%u.%u.127", i / 250, i % 250);
		snprintf(want, sizeof(want), "many -> lte by 10.%u.%u.0/25", i / 250, i % 250);
		p = packet_to(addr);
		from(&p, "10.9.9.9");
		assert_string_equal(ask(&b, &p), want);
		snprintf(addr, sizeof(addr), "10.%u.%u.128", i / 250, i % 250);
		p = packet_to(addr);
		from(&p, "10.9.9.9");
		assert_string_equal(ask(&b, &p), "no rule -> main");
	}
	release(&b);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_destination_alone_decides_where_it_can),
		cmocka_unit_test(what_no_rule_takes_has_the_policys_default),
		cmocka_unit_test(a_rule_of_which_too_little_is_said_is_named),
		cmocka_unit_test(one_thing_that_does_not_fit_settles_it),
		cmocka_unit_test(ports_without_a_protocol_are_of_tcp_or_udp),
		cmocka_unit_test(the_device_it_comes_in_by),
		cmocka_unit_test(users_are_of_the_routers_own_traffic),
		cmocka_unit_test(mac_dscp_icmp_type),
		cmocka_unit_test(the_time_is_that_of_the_question),
		cmocka_unit_test(learnt_addresses_are_asked_for),
		cmocka_unit_test(marks_that_are_there_already),
		cmocka_unit_test(what_is_not_for_us_is_left_alone),
		cmocka_unit_test(many_prefixes_are_searched),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
