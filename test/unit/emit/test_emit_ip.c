/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "generator/emit_dnsmasq.h"
#include "generator/emit_ip.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "plan_sample.h"

static int setup(void **state)
{
	static struct sample s;

	sample_build(&s);
	*state = &s;
	return 0;
}

static int teardown(void **state)
{
	sample_done(*state);
	return 0;
}

/* The commands alone, without remarks and blank lines. */
static void expect_commands(struct sample *s, enum inet_family f, const char *want)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL, commands = STRBUF_NULL;

	emit_ip(&s->plan, f, "policy.json", &out);
	for (const char *line = strbuf_text(&out), *end; *line; line = end + 1) {
		end = strchr(line, '\n');
		assert_non_null(end);
		if (*line != '#' && *line != '\n')
			strbuf_addn(&commands, line, (size_t)(end - line) + 1);
	}
	assert_string_equal(strbuf_text(&commands), want);
}

static void routes_come_before_the_rules_that_lead_to_them(void **state)
{
	expect_commands(
		*state, INET4,
		"route replace default via 192.0.2.1 dev eth1 onlink table 7 metric 1 proto 153\n"
		"route replace default dev wwan0 table 8 metric 1 proto 153\n"
		"route replace default via 192.0.2.1 dev eth1 onlink table 991337 metric 1 proto 153\n"
		"route replace default dev wwan0 table 991337 metric 2 proto 153\n"
		"rule add pref 1000 not fwmark 0/0xffffff lookup main suppress_prefixlength 1 protocol 153\n"
		"rule add pref 1010 fwmark 0x5397/0xffffff lookup 7 protocol 153\n");
}

static void a_learnt_gateway_is_a_remark(void **state)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;
	struct sample *s = *state;

	expect_commands(
		s, INET6,
		"route replace default via fe80::1 dev eth1 onlink table 7 metric 1 proto 153\n"
		"route replace default via fe80::1 dev eth1 onlink table 991337 metric 1 proto 153\n"
		"rule add pref 1000 not fwmark 0/0xffffff lookup main suppress_prefixlength 1 protocol 153\n"
		"rule add pref 1010 fwmark 0x5397/0xffffff lookup 7 protocol 153\n"
		"rule add pref 1040 fwmark 0x5397/0xffffff unreachable protocol 153\n");
	emit_ip(&s->plan, INET6, "policy.json", &out);
	assert_non_null(
		strstr(strbuf_text(&out),
		       "\n# table 8, link lte: the gateway on wwan0 is learnt at --apply\n"));
}

static void a_balanced_group_is_one_route_with_weights(void **state)
{
	struct sample *s = *state;

	s->plan.n_ip_rules = 0;
	s->plan.group_tables[0].mode = POLICY_GROUP_BALANCE;
	expect_commands(
		s, INET4,
		"route replace default via 192.0.2.1 dev eth1 onlink table 7 metric 1 proto 153\n"
		"route replace default dev wwan0 table 8 metric 1 proto 153\n"
		"route replace default table 991337 metric 1 proto 153 nexthop via 192.0.2.1 dev eth1 "
		"weight 7 onlink nexthop dev wwan0 weight 3\n");
}

static void an_ipv6_leg_without_a_gateway_stands_behind(void **state)
{
	struct sample *s = *state;

	s->plan.n_ip_rules = 0;
	s->plan.group_tables[0].mode = POLICY_GROUP_BALANCE;
	s->plan.links[1].gateway[INET6].kind = POLICY_GATEWAY_NONE;
	expect_commands(
		s, INET6,
		"route replace default via fe80::1 dev eth1 onlink table 7 metric 1 proto 153\n"
		"route replace default dev wwan0 table 8 metric 1 proto 153\n"
		"route replace default via fe80::1 dev eth1 onlink table 991337 metric 1 proto 153\n"
		"route replace default dev wwan0 table 991337 metric 3 proto 153\n");
}

static void a_rule_for_one_network_names_it(void **state)
{
	struct sample *s = *state;
	struct plan_ip_rule *r = &s->plan.ip_rules[0];

	s->plan.n_links = s->plan.n_group_tables = 0;
	s->plan.n_ip_rules = 1;
	r->invert = false;
	r->fwmask = 0;
	r->has_to = true;
	r->to = (struct inet_prefix){ .addr = sample_addr("192.168.0.0"),
				      .family = INET4,
				      .len = 16 };
	expect_commands(s, INET4,
			"rule add pref 1000 to 192.168.0.0/16 lookup main suppress_prefixlength 1 "
			"protocol 153\n");
}

static void a_domain_feeds_its_sets_on_one_line(void **state)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;
	struct sample *s = *state;
	const struct plan_set *sets[] = { &s->dns4, &s->dns6 };
	struct plan_dns dns[] = { { "example.com", sets, 2 }, { "example.org", sets, 1 } };

	s->plan.dns = dns;
	s->plan.n_dns = 2;
	emit_dnsmasq(&s->plan, "policy\n.json", &out);
	assert_non_null(strstr(strbuf_text(&out),
			       "\nnftset=/example.com/4#inet#omr_bypass#omr_dns_bypass_a_4,"
			       "6#inet#omr_bypass#omr_dns_bypass_a_6\n"
			       "nftset=/example.org/4#inet#omr_bypass#omr_dns_bypass_a_4\n"));
	/* a name with a newline stays in the remark */
	assert_non_null(strstr(strbuf_text(&out), "compiled from policy .json.\n"));
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(routes_come_before_the_rules_that_lead_to_them),
		T(a_learnt_gateway_is_a_remark),
		T(a_balanced_group_is_one_route_with_weights),
		T(an_ipv6_leg_without_a_gateway_stands_behind),
		T(a_rule_for_one_network_names_it),
		T(a_domain_feeds_its_sets_on_one_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
