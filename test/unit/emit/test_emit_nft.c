/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "generator/emit_nft.h"

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

#define NUMBER(n)                                                                                  \
	{                                                                                          \
		.number = { n, n }                                                                 \
	}
#define NUMBERS(a, b)                                                                              \
	{                                                                                          \
		.number = { a, b }                                                                 \
	}

/* Writes the plan and wants `line` (with its indentation) in it, as a whole line. */
static void expect_line(struct sample *s, const char *line)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL, want = STRBUF_NULL;

	emit_nft(&s->plan, "policy.json", &out);
	strbuf_addf(&want, "\n%s\n", line);
	if (!strstr(strbuf_text(&out), strbuf_text(&want)))
		fail_msg("no line '%s' in:\n%s", line, strbuf_text(&out));
}

static void expect_no(struct sample *s, const char *text)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;

	emit_nft(&s->plan, "policy.json", &out);
	if (strstr(strbuf_text(&out), text))
		fail_msg("'%s' in:\n%s", text, strbuf_text(&out));
}

static void every_field_is_written_as_nft_reads_it(void **state)
{
	static const struct {
		enum plan_field field;
		struct plan_value values[3];
		size_t n;
		const char *line;
	} cases[] = {
		{ PLAN_META_MARK, { NUMBER(0x539) }, 1, "meta mark 0x00000539" },
		{ PLAN_CT_MARK, { NUMBER(1), NUMBER(2) }, 2, "ct mark { 0x00000001, 0x00000002 }" },
		{ PLAN_NFPROTO, { NUMBER(10) }, 1, "meta nfproto ipv6" },
		{ PLAN_L4PROTO,
		  { NUMBER(6), NUMBER(17), NUMBER(47) },
		  3,
		  "meta l4proto { tcp, udp, 47 }" },
		{ PLAN_IIFNAME, { { .name = "eth0.10" } }, 1, "iifname \"eth0.10\"" },
		{ PLAN_OIFNAME,
		  { { .name = "a" }, { .name = "b" } },
		  2,
		  "oifname { \"a\", \"b\" }" },
		{ PLAN_SKUID,
		  { NUMBER(0), NUMBERS(1000, 1999) },
		  2,
		  "meta skuid { 0, 1000-1999 }" },
		{ PLAN_CGROUPV2,
		  { { .name = "system.slice/a.service" } },
		  1,
		  "socket cgroupv2 level 2 \"system.slice/a.service\"" },
		{ PLAN_HOUR, { NUMBERS(28800, 64799) }, 1, "meta hour 28800-64799" },
		{ PLAN_DAY, { NUMBER(0), NUMBER(6) }, 2, "meta day { 0, 6 }" },
		{ PLAN_ETHER_SADDR,
		  { { .mac = { 0, 0x11, 0x22, 0x33, 0x44, 0xff } } },
		  1,
		  "ether saddr 00:11:22:33:44:ff" },
		{ PLAN_IP_DSCP, { NUMBER(46), NUMBER(47) }, 2, "ip dscp { ef, 47 }" },
		{ PLAN_IP6_DSCP, { NUMBERS(0, 7) }, 1, "ip6 dscp 0-7" },
		{ PLAN_TCP_SPORT, { NUMBER(80) }, 1, "tcp sport 80" },
		{ PLAN_TCP_DPORT, { NUMBERS(0, 65535) }, 1, "tcp dport 0-65535" },
		{ PLAN_UDP_SPORT, { NUMBER(53) }, 1, "udp sport 53" },
		{ PLAN_UDP_DPORT, { NUMBER(53) }, 1, "udp dport 53" },
		{ PLAN_TH_SPORT, { NUMBER(53) }, 1, "th sport 53" },
		{ PLAN_TH_DPORT, { NUMBER(53) }, 1, "th dport 53" },
		{ PLAN_ICMP_TYPE, { NUMBER(8), NUMBER(77) }, 2, "icmp type { echo-request, 77 }" },
		{ PLAN_ICMPV6_TYPE, { NUMBER(135) }, 1, "icmpv6 type nd-neighbor-solicit" },
		{ PLAN_CT_STATE,
		  { NUMBER(PLAN_CT_ESTABLISHED | PLAN_CT_RELATED) },
		  1,
		  "ct state established,related" },
		{ PLAN_CT_DIRECTION, { NUMBER(1) }, 1, "ct direction reply" },
		{ PLAN_FIB_DADDR_TYPE,
		  { NUMBER(2), NUMBER(3), NUMBER(5) },
		  3,
		  "fib daddr type { local, broadcast, multicast }" },
		{ PLAN_FIB_SADDR_TYPE, { NUMBER(2) }, 1, "fib saddr type local" },
		{ PLAN_FIB_SADDR_OIF_TYPE, { NUMBER(2) }, 1, "fib saddr . oif type local" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++) {
		_cleanup_(strbuf_done) struct strbuf line = STRBUF_NULL;
		struct sample *s = *state;

		s->rule_a.n_rules = 0;
		sample_match(s, cases[i].field, cases[i].values, cases[i].n);
		strbuf_addf(&line, "\t\t%s", cases[i].line);
		expect_line(s, strbuf_text(&line));
	}
}

static void addresses_are_prefixes_or_ranges(void **state)
{
	struct sample *s = *state;
	struct plan_value four[2] = { { .range = sample_range("10.0.0.0/8") },
				      { .range = sample_range("192.0.2.1-192.0.2.2") } };
	struct plan_value six = { .range = sample_range("::/0") };

	sample_match(s, PLAN_IP_SADDR, four, 2);
	sample_match(s, PLAN_IP6_DADDR, &six, 1)->negate = true;
	expect_line(s, "\t\tip saddr { 10.0.0.0/8, 192.0.2.1-192.0.2.2 }");
	expect_line(s, "\t\tip6 daddr != ::/0");
}

static void masked_marks_are_compared_with_an_operator(void **state)
{
	static const struct plan_value mark = NUMBER(0x539);
	struct sample *s = *state;
	struct plan_match *m;

	sample_match(s, PLAN_META_MARK, &mark, 1)->mask = 0xffffff;
	m = sample_match(s, PLAN_CT_MARK, NULL, 0);
	m->mask = 0xffffff;
	m->negate = true;
	m->set = &s->marks;
	expect_line(s, "\t\tmeta mark & 0x00ffffff == 0x00000539");
	expect_line(s, "\t\tct mark & 0x00ffffff != @targets");
}

static void foreign_mark_bits_are_kept(void **state)
{
	struct sample *s = *state;
	struct plan_stmt *set = sample_rule(s, PLAN_STMT_SET_MARK);

	set->set_mark.field = PLAN_META_MARK;
	set->set_mark.mask = 0xffffff;
	set->set_mark.value = 0x539;
	expect_line(s, "\t\tmeta mark set meta mark & 0xff000000 | 0x00000539");
	set->set_mark.field = PLAN_CT_MARK;
	set->set_mark.value = 0;
	expect_line(s, "\t\tct mark set ct mark & 0xff000000");
	set->set_mark.mask = UINT32_MAX;
	set->set_mark.value = 0x539;
	expect_line(s, "\t\tct mark set 0x00000539");
}

static void statements_follow_each_other_with_the_comment_last(void **state)
{
	struct sample *s = *state;
	static const struct plan_value tcp = NUMBER(6);
	struct plan_stmt stmts[4] = {
		{ .kind = PLAN_STMT_MATCH,
		  .match = { .field = PLAN_L4PROTO, .values = &tcp, .n_values = 1 } },
		{ .kind = PLAN_STMT_UPDATE, .update = { .set = &s->dns4, .field = PLAN_IP_DADDR } },
		{ .kind = PLAN_STMT_COUNTER },
		{ .kind = PLAN_STMT_VERDICT,
		  .verdict = { .verdict = PLAN_GOTO, .chain = &s->to_fiber } },
	};

	s->rules[0] = (struct plan_rule){ .stmts = stmts, .n_stmts = 4, .comment = "why" };
	s->rule_a.n_rules = 1;
	expect_line(s, "\t\tmeta l4proto tcp update @omr_dns_bypass_a_4 { ip daddr } counter "
		       "goto to_fiber comment \"why\"");
}

static void map_lookups_name_their_keys(void **state)
{
	struct sample *s = *state;
	struct plan_stmt *one = sample_rule(s, PLAN_STMT_VMAP);
	struct plan_stmt *two = sample_rule(s, PLAN_STMT_VMAP);

	one->vmap.keys[0] = (struct plan_key){ PLAN_IP_DADDR, UINT32_MAX };
	one->vmap.n_keys = 1;
	one->vmap.map = &s->map4;
	two->vmap.keys[0] = (struct plan_key){ PLAN_META_MARK, 0xffffff };
	two->vmap.keys[1] = (struct plan_key){ PLAN_NFPROTO, UINT32_MAX };
	two->vmap.n_keys = 2;
	two->vmap.map = &s->egress;
	expect_line(s, "\t\tip daddr vmap @omr_dst_bypass_4");
	expect_line(s, "\t\tmeta mark & 0x00ffffff . meta nfproto vmap @egress");
}

static void a_random_slot_is_said_as_an_expression(void **state)
{
	struct sample *s = *state;
	struct plan_stmt *three = sample_rule(s, PLAN_STMT_VMAP);

	s->egress.type = PLAN_TYPE_MARK_NFPROTO_SLOT;
	three->vmap.keys[0] = (struct plan_key){ PLAN_META_MARK, 0xffffff };
	three->vmap.keys[1] = (struct plan_key){ PLAN_NFPROTO, UINT32_MAX };
	three->vmap.keys[2] = (struct plan_key){ PLAN_RANDOM_SLOT, UINT32_MAX };
	three->vmap.n_keys = 3;
	three->vmap.map = &s->egress;
	expect_line(s, "\t\ttypeof meta mark . meta nfproto . numgen random mod 100 : verdict");
	expect_line(s, "\t\tmeta mark & 0x00ffffff . meta nfproto . numgen random mod 100 vmap "
		       "@egress");
}

static void no_comment_can_leave_its_quotes(void **state)
{
	struct sample *s = *state;

	sample_rule(s, PLAN_STMT_COUNTER);
	s->rules[0].comment = "a\"; flush ruleset; \\ `id`\n# b";
	expect_line(s, "\t\tcounter comment \"a'; flush ruleset; ' 'id' # b\"");
	s->rules[0].comment = "x";
	s->rule_a.comment = "\"\n}\nflush ruleset";
	expect_no(s, "\nflush");
	expect_no(s, "\n}\nflush");
}

static void a_long_comment_is_cut_between_characters(void **state)
{
	struct sample *s = *state;
	char text[200], want[200];

	sample_rule(s, PLAN_STMT_COUNTER);
	memset(text, 'x', 119);
	strcpy(text + 119, "\xc3\xa9"
			   "end"); /* 'é' would end at byte 121 */
	s->rules[0].comment = text;
	snprintf(want, sizeof(want), "\t\tcounter comment \"%.119s\"", text);
	expect_line(s, want);
}

static void sets_carry_their_properties(void **state)
{
	struct sample *s = *state;

	expect_line(s,
		    "\tmap omr_dst_bypass_4 {\n\t\ttype ipv4_addr : verdict\n\t\tflags interval\n"
		    "\t\tcomment \"static destinations\"\n"
		    "\t\telements = { 10.0.0.0/8 : goto rule_a, 198.51.100.7 : goto rule_a,\n"
		    "\t\t\t     203.0.113.1-203.0.113.9 : goto rule_a }\n\t}");
	expect_line(s, "\tset to_a_6 {\n\t\ttype ipv6_addr\n\t\tflags interval\n"
		       "\t\telements = { 2001:db8::/32, 2001:db9::1 }\n\t}");
	expect_line(s, "\tset omr_dns_bypass_a_4 {\n\t\ttype ipv4_addr\n\t\tsize 16384\n"
		       "\t\tflags dynamic,timeout\n\t\ttimeout 1d1h1m1s\n\t}");
	expect_line(
		s,
		"\tset targets {\n\t\ttype mark\n\t\telements = { 0x00000539, 0x00005397 }\n\t}");
}

static void without_a_daemon_egress_is_empty_and_links_keep_their_flows(void **state)
{
	struct sample *s = *state;

	expect_line(s, "\tmap egress {\n\t\ttype mark . nf_proto : verdict\n\t}");
	expect_line(s, "\tmap alive {\n\t\ttype mark . nf_proto : verdict\n"
		       "\t\telements = { 0x00005397 . ipv4 : goto to_fiber, "
		       "0x00005397 . ipv6 : goto to_fiber }\n\t}");
}

static void base_chains_name_hook_and_priority(void **state)
{
	struct sample *s = *state;

	expect_line(s, "\t\ttype filter hook prerouting priority mangle - 10; policy accept;");
	expect_line(s, "\t\ttype nat hook postrouting priority srcnat; policy accept;");
}

static void both_tables_are_replaced_and_nothing_else(void **state)
{
	expect_line(*state, "add table inet omr_bypass\ndelete table inet omr_bypass\n"
			    "add table inet omr_egress\ndelete table inet omr_egress");
	expect_no(*state, "flush");
	expect_no(*state, "destroy");
}

static void no_line_of_elements_is_wider_than_the_limit(void **state)
{
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;
	struct sample *s = *state;
	struct plan_element *e = arena_calloc(s->arena, 1000, sizeof(*e));
	size_t columns = 0, lines = 0;

	for (size_t i = 0; i < 1000; i++) {
		e[i].range = sample_range("203.0.113.255");
		e[i].range.lo.bytes[1] = e[i].range.hi.bytes[1] = (uint8_t)(i / 250);
		e[i].range.lo.bytes[2] = e[i].range.hi.bytes[2] = (uint8_t)(i % 250);
		e[i].chain = &s->rule_a;
	}
	s->map4.elements = e;
	s->map4.n_elements = 1000;
	emit_nft(&s->plan, "p", &out);
	for (size_t i = 0; i < out.len; i++) {
		if (out.text[i] != '\n') {
			/* tabs stand at the start of lines only */
			columns += out.text[i] == '\t' ? 8 : 1;
			continue;
		}
		assert_true(columns <= 100);
		columns = 0;
		lines++;
	}
	assert_true(lines > 300 && lines < 700);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		T(every_field_is_written_as_nft_reads_it),
		T(addresses_are_prefixes_or_ranges),
		T(masked_marks_are_compared_with_an_operator),
		T(foreign_mark_bits_are_kept),
		T(statements_follow_each_other_with_the_comment_last),
		T(map_lookups_name_their_keys),
		T(a_random_slot_is_said_as_an_expression),
		T(no_comment_can_leave_its_quotes),
		T(a_long_comment_is_cut_between_characters),
		T(sets_carry_their_properties),
		T(without_a_daemon_egress_is_empty_and_links_keep_their_flows),
		T(base_chains_name_hook_and_priority),
		T(both_tables_are_replaced_and_nothing_else),
		T(no_line_of_elements_is_wider_than_the_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
