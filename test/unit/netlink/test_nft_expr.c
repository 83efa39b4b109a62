/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Statements become the instructions that nft 1.0.6 sends for the same text
 * (`nft --debug=netlink`), here in a short form: L base+offset/len, M meta key,
 * C ct key, F fib, S socket, & mask, H byte order, ==, !=, >=, <= values, ? set,
 * -> verdict map, = write, := immediate.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/strbuf.h"
#include "netlink/nft_batch.h"
#include "netlink/nft_decode_rule.h"
#include "netlink/nft_expr.h"
#include "netlink/nft_names.h"
#include "netlink/nft_rule_put.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

static struct arena *arena;
static struct plan plan;
static struct plan_set set4 = { .name = "set4", .type = PLAN_TYPE_IPV4_ADDR };
static struct plan_set big = { .name = "big", .life = PLAN_SLOTTED };
static struct plan_chain target = { .name = "rule_x" };
static struct plan_chain slotted = { .name = "classify", .life = PLAN_SLOTTED };
static struct nft_names *names;

static int setup(void **state)
{
	static struct plan_set *sets[] = { &set4, &big };
	static struct plan_chain *chains[] = { &target, &slotted };

	arena = arena_new();
	plan = (struct plan){ .sets = sets, .n_sets = 2, .chains = chains, .n_chains = 2 };
	names = nft_names_new(arena, &plan);
	return 0;
}

static int teardown(void **state)
{
	arena = arena_free(arena);
	return 0;
}

static int cgroup(const char *path, uint64_t *ret_id, void *data)
{
	if (strcmp(path, "a.slice/b.service"))
		return -ENOENT;
	*ret_id = 0x0102;
	return 0;
}

static const struct nft_resolver resolver = { .cgroup = cgroup };

static void hex(struct strbuf *b, const uint8_t *bytes, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		strbuf_addf(b, "%02x", bytes[i]);
}

static void print_anon(struct strbuf *b, const struct nft_anon *s)
{
	strbuf_addf(b, "{%u%s", s->key_type, s->interval ? "i" : "");
	for (size_t i = 0; i < s->n_elements; i++) {
		strbuf_addc(b, ' ');
		hex(b, s->elements[i].key, s->key_len);
		if (s->elements[i].end)
			strbuf_addc(b, '|');
	}
	strbuf_addc(b, '}');
}

static void print(struct strbuf *b, const struct nft_expr *e)
{
	static const char *const compare[] = { [NFT_CMP_EQ] = "==",
					       [NFT_CMP_NEQ] = "!=",
					       [NFT_CMP_GTE] = ">=",
					       [NFT_CMP_LTE] = "<=" };

	if (e->reg == NFT_REG32_01)
		strbuf_add(b, "r9 ");
	if (e->reg == NFT_REG32_02)
		strbuf_add(b, "r10 ");
	switch (e->kind) {
	case NFT_EXPR_UNKNOWN:
		strbuf_add(b, "??");
		break;
	case NFT_EXPR_META:
	case NFT_EXPR_META_WRITE:
		strbuf_addf(b, "M%u%s", e->key, e->kind == NFT_EXPR_META_WRITE ? "=" : "");
		break;
	case NFT_EXPR_CT:
	case NFT_EXPR_CT_WRITE:
		strbuf_addf(b, "C%u%s", e->key, e->kind == NFT_EXPR_CT_WRITE ? "=" : "");
		break;
	case NFT_EXPR_SOCKET:
		strbuf_addf(b, "S%u/%u", e->key, e->op);
		break;
	case NFT_EXPR_FIB:
		strbuf_addf(b, "F%u/%u", e->key, e->op);
		break;
	case NFT_EXPR_PAYLOAD:
		strbuf_addf(b, "L%u+%u/%u", e->key, e->offset, e->len);
		break;
	case NFT_EXPR_NUMGEN:
		strbuf_addf(b, "N%u/%u+%u", e->key, e->op, e->offset);
		break;
	case NFT_EXPR_BITWISE:
		strbuf_add(b, "&");
		hex(b, e->a, e->len);
		strbuf_add(b, "^");
		hex(b, e->b, e->len);
		break;
	case NFT_EXPR_BYTEORDER:
		strbuf_addf(b, "H%u", e->len);
		break;
	case NFT_EXPR_CMP:
		strbuf_add(b, compare[e->op]);
		hex(b, e->a, e->len);
		break;
	case NFT_EXPR_RANGE:
		strbuf_add(b, "!=");
		hex(b, e->a, e->len);
		strbuf_add(b, "-");
		hex(b, e->b, e->len);
		break;
	case NFT_EXPR_LOOKUP:
		strbuf_addf(b, "%s%s", e->op ? "!" : "", e->map ? "->" : "?");
		if (e->anon)
			print_anon(b, e->anon);
		else
			strbuf_add(b, e->name);
		break;
	case NFT_EXPR_DYNSET:
		strbuf_addf(b, "update %s", e->name);
		break;
	case NFT_EXPR_IMMEDIATE:
		strbuf_add(b, ":=");
		hex(b, e->a, e->len);
		break;
	case NFT_EXPR_VERDICT:
		strbuf_addf(b, "verdict %d%s%s", (int)e->key, e->name ? " " : "",
			    e->name ? e->name : "");
		break;
	case NFT_EXPR_COUNTER:
		strbuf_add(b, "counter");
		break;
	case NFT_EXPR_MASQUERADE:
		strbuf_add(b, "masquerade");
		break;
	}
}

/* The kernel reports a rule in the form in which it was sent. */
static void check_round_trip(const struct nft_rule *rule)
{
	struct nft_batch *b = nft_batch_new();
	const struct nlmsghdr *nlh;
	struct nft_rule back;
	size_t len, anonymous = 0;
	uint32_t seq;
	int left;

	nft_batch_begin(b, 1, 0);
	nft_rule_put(b, PLAN_TABLE_BYPASS, "classify", rule, NFT_AT_END, 0);
	nlh = nft_batch_end(b, &len, &seq);
	left = (int)len;
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		anonymous += nlh->nlmsg_type == 0xa00 + NFT_MSG_NEWSET;
		if (nlh->nlmsg_type != 0xa00 + NFT_MSG_NEWRULE)
			continue;
		assert_int_equal(nft_decode_rule_body(nlh, arena, &back), 0);
		assert_int_equal(back.n_exprs, rule->n_exprs);
		for (size_t i = 0; i < back.n_exprs; i++) {
			/* as nft_decode_finish() would find it */
			if (rule->exprs[i].anon) {
				assert_string_equal(back.exprs[i].name, "__set%d");
				back.exprs[i].anon = rule->exprs[i].anon;
				anonymous--;
			}
		}
		assert_true(nft_rule_equal(&back, rule));
	}
	assert_int_equal(left, 0);
	assert_int_equal(anonymous, 0);
	nft_batch_free(b);
}

static void check(const char *want, const struct plan_stmt *stmts, size_t n)
{
	const struct plan_rule rule = { .stmts = stmts, .n_stmts = n, .comment = "why" };
	struct strbuf b = STRBUF_NULL;
	struct nft_rule got;
	const char *what;

	assert_int_equal(nft_expr_encode(&rule, names, &resolver, arena, &got, &what), 0);
	for (size_t i = 0; i < got.n_exprs; i++) {
		if (i)
			strbuf_add(&b, "; ");
		print(&b, &got.exprs[i]);
	}
	assert_string_equal(strbuf_text(&b), want);
	strbuf_done(&b);
	check_round_trip(&got);
}

#define STMTS(...)                                                                                 \
	(const struct plan_stmt[]){ __VA_ARGS__ },                                                 \
		sizeof((const struct plan_stmt[]){ __VA_ARGS__ }) / sizeof(struct plan_stmt)
#define VALUES(...)                                                                                \
	.values = (const struct plan_value[]){ __VA_ARGS__ },                                      \
	.n_values = sizeof((const struct plan_value[]){ __VA_ARGS__ }) / sizeof(struct plan_value)
#define MATCH(f, ...)                                                                              \
	{                                                                                          \
		.kind = PLAN_STMT_MATCH, .match = {.field = (f), .mask = UINT32_MAX, __VA_ARGS__ } \
	}
#define N(v)                                                                                       \
	{                                                                                          \
		.number = { v, v }                                                                 \
	}
#define R(a, b)                                                                                    \
	{                                                                                          \
		.number = { a, b }                                                                 \
	}
#define NAME(n)                                                                                    \
	{                                                                                          \
		.name = n                                                                          \
	}
#define GO                                                                                         \
	{                                                                                          \
		.kind = PLAN_STMT_VERDICT, .verdict = {.verdict = PLAN_GOTO, .chain = &target }    \
	}

static struct plan_value address(const char *text)
{
	struct plan_value v;
	enum inet_family f;

	assert_int_equal(inet_parse_range(text, strlen(text), &f, &v.range), 0);
	return v;
}
#define A(text) address(text)

static void addresses_load_what_is_compared(void **state)
{
	check("M15; ==02; L1+12/4; ==0a000001", STMTS(MATCH(PLAN_IP_SADDR, VALUES(A("10.0.0.1")))));
	check("M15; ==02; L1+12/3; ==c0a801",
	      STMTS(MATCH(PLAN_IP_SADDR, VALUES(A("192.168.1.0/24")))));
	check("M15; ==02; L1+12/4; &ffff8000^00000000; ==0a010000",
	      STMTS(MATCH(PLAN_IP_SADDR, VALUES(A("10.1.0.0/17")))));
	check("M15; ==02; L1+16/4; >=0a000005; <=0a000009",
	      STMTS(MATCH(PLAN_IP_DADDR, VALUES(A("10.0.0.5-10.0.0.9")))));
	check("M15; ==02; L1+16/4; !=0a000001-0a000008",
	      STMTS(MATCH(PLAN_IP_DADDR, .negate = true, VALUES(A("10.0.0.1-10.0.0.8")))));
	check("M15; ==02; L1+12/4; &00000000^00000000; ==00000000",
	      STMTS(MATCH(PLAN_IP_SADDR, VALUES(A("0.0.0.0/0")))));
	check("M15; ==0a; L1+24/4; ==20010db8",
	      STMTS(MATCH(PLAN_IP6_DADDR, VALUES(A("2001:db8::/32")))));
	check("M15; ==0a; L1+24/16; &ffc00000000000000000000000000000^00000000000000000000000000000000; "
	      "==fe800000000000000000000000000000",
	      STMTS(MATCH(PLAN_IP6_DADDR, VALUES(A("fe80::/10")))));
}

static void values_in_braces_are_a_set(void **state)
{
	check("M15; ==02; L1+12/4; ?{7i 00000000| 0a000000 0b000000| ac100001 ac100002|}",
	      STMTS(MATCH(PLAN_IP_SADDR, VALUES(A("10.0.0.0/8"), A("172.16.0.1")))));
	/* the end of the address space closes no interval */
	check("M15; ==02; L1+12/4; ?{7i 00000000 01000000| ffffff00}",
	      STMTS(MATCH(PLAN_IP_SADDR, VALUES(A("0.0.0.0/8"), A("255.255.255.0/24")))));
	check("M16; ==06; L2+2/2; ?{13i 0000| 0050 0051| 01bb 01bc| 03e8 07d1|}",
	      STMTS(MATCH(PLAN_TCP_DPORT, VALUES(N(80), N(443), R(1000, 2000)))));
	check("M16; ==11; L2+0/2; !?{13 0035 0050}",
	      STMTS(MATCH(PLAN_UDP_SPORT, .negate = true, VALUES(N(53), N(80)))));
	check("M6; ?{41 6c616e30000000000000000000000000 6c616e31000000000000000000000000}",
	      STMTS(MATCH(PLAN_IIFNAME, VALUES(NAME("lan0"), NAME("lan1")))));
	check("F3/2; ?{38 02000000 03000000}",
	      STMTS(MATCH(PLAN_FIB_DADDR_TYPE, VALUES(N(2), N(3)))));
}

static void numbers_of_the_host_turn_round_for_ranges(void **state)
{
	check("M10; ==e8030000", STMTS(MATCH(PLAN_SKUID, VALUES(N(1000)))));
	check("M10; H4; >=000003e8; <=000003ed", STMTS(MATCH(PLAN_SKUID, VALUES(R(1000, 1005)))));
	check("M10; ?{24 e8030000 ea030000}", STMTS(MATCH(PLAN_SKUID, VALUES(N(1000), N(1002)))));
	check("M10; H4; ?{24i 00000000| 000003e8 000003e9| 000003ed 000003f2|}",
	      STMTS(MATCH(PLAN_SKUID, VALUES(N(1000), R(1005, 1009)))));
	check("M32; H4; >=00000e10; <=00001c20", STMTS(MATCH(PLAN_HOUR, VALUES(R(3600, 7200)))));
	/* one byte has no order */
	check("M31; >=01; <=03", STMTS(MATCH(PLAN_DAY, VALUES(R(1, 3)))));
}

static void marks_are_masked(void **state)
{
	check("M3; &ffffff00^00000000; ==39050000",
	      STMTS({ .kind = PLAN_STMT_MATCH,
		      .match = { .field = PLAN_META_MARK, .mask = 0xffffff, VALUES(N(0x539)) } }));
	check("C3; !=00000000", STMTS(MATCH(PLAN_CT_MARK, .negate = true, VALUES(N(0)))));
	check("M3; &000000ff^39050000; M3=",
	      STMTS({ .kind = PLAN_STMT_SET_MARK,
		      .set_mark = { PLAN_META_MARK, 0x00ffffff, 0x539 } }));
	check("C3; &000000ff^00000000; C3=",
	      STMTS({ .kind = PLAN_STMT_SET_MARK, .set_mark = { PLAN_CT_MARK, 0x00ffffff, 0 } }));
	check(":=10000000; M3=", STMTS({ .kind = PLAN_STMT_SET_MARK,
					 .set_mark = { PLAN_META_MARK, UINT32_MAX, 0x10 } }));
	check("M3; &ffffff00^00000000; r9 M15; ->egress",
	      STMTS({ .kind = PLAN_STMT_VMAP,
		      .vmap = { .keys = { { PLAN_META_MARK, 0xffffff }, { PLAN_NFPROTO, 0 } },
				.n_keys = 2,
				.map = &(struct plan_set){ .name = "egress" } } }));
}

/* nft --debug=netlink: numgen reg 10 = random mod 100 */
static void a_random_slot_is_the_third_key(void **state)
{
	check("M3; &ffffff00^00000000; r9 M15; r10 N1/100+0; ->spread",
	      STMTS({ .kind = PLAN_STMT_VMAP,
		      .vmap = { .keys = { { PLAN_META_MARK, 0xffffff },
					  { PLAN_NFPROTO, 0 },
					  { PLAN_RANDOM_SLOT, 0 } },
				.n_keys = 3,
				.map = &(struct plan_set){ .name = "spread" } } }));
}

static void conntrack_states_are_bits(void **state)
{
	check("C0; &06000000^00000000; !=00000000",
	      STMTS(MATCH(PLAN_CT_STATE, VALUES(N(PLAN_CT_ESTABLISHED | PLAN_CT_RELATED)))));
	check("C0; &08000000^00000000; ==00000000",
	      STMTS(MATCH(PLAN_CT_STATE, .negate = true, VALUES(N(PLAN_CT_NEW)))));
	check("C1; ==01", STMTS(MATCH(PLAN_CT_DIRECTION, VALUES(N(1)))));
}

static void a_protocol_is_asked_for_once(void **state)
{
	check("M15; ==02; L1+12/4; ==0a000001; L1+16/4; ?set4; verdict -4 rule_x",
	      STMTS(MATCH(PLAN_IP_SADDR, VALUES(A("10.0.0.1"))), MATCH(PLAN_IP_DADDR, .set = &set4),
		    GO));
	check("M15; ==02; L1+12/4; ==0a000001; M16; ==01; L2+0/1; ==08",
	      STMTS(MATCH(PLAN_IP_SADDR, VALUES(A("10.0.0.1"))),
		    MATCH(PLAN_ICMP_TYPE, VALUES(N(8)))));
	check("M16; ==3a; L2+0/1; ==80",
	      STMTS(MATCH(PLAN_L4PROTO, VALUES(N(58))), MATCH(PLAN_ICMPV6_TYPE, VALUES(N(128)))));
	check("M16; ?{12 06 11}; L2+2/2; ==0035",
	      STMTS(MATCH(PLAN_L4PROTO, VALUES(N(6), N(17))), MATCH(PLAN_TH_DPORT, VALUES(N(53)))));
	check("M16; ==06; L2+0/2; ==0001; L2+2/2; ==0050",
	      STMTS(MATCH(PLAN_TCP_SPORT, VALUES(N(1))), MATCH(PLAN_TCP_DPORT, VALUES(N(80)))));
	check("M15; ==02; L1+12/4; ==0a000001", STMTS(MATCH(PLAN_NFPROTO, VALUES(N(2))),
						      MATCH(PLAN_IP_SADDR, VALUES(A("10.0.0.1")))));
}

static void behind_a_link_header_the_ethertype_tells(void **state)
{
	static const struct plan_value mac = { .mac = { 0, 0x11, 0x22, 0x33, 0x44, 0x55 } };

	check("M8; ==0100; L0+6/6; ==001122334455; L0+12/2; ==86dd; L1+8/16; "
	      "==00000000000000000000000000000001",
	      STMTS(MATCH(PLAN_ETHER_SADDR, .values = &mac, .n_values = 1),
		    MATCH(PLAN_IP6_SADDR, VALUES(A("::1")))));
	check("M15; ==02; L1+12/4; ==0a000001; M8; ==0100; L0+6/6; ==001122334455",
	      STMTS(MATCH(PLAN_IP_SADDR, VALUES(A("10.0.0.1"))),
		    MATCH(PLAN_ETHER_SADDR, .values = &mac, .n_values = 1)));
}

static void parts_of_bytes_are_cut_out(void **state)
{
	check("M15; ==02; L1+1/1; &fc^00; ==b8", STMTS(MATCH(PLAN_IP_DSCP, VALUES(N(46)))));
	check("M15; ==0a; L1+0/2; &0fc0^0000; >=0280; <=0500",
	      STMTS(MATCH(PLAN_IP6_DSCP, VALUES(R(10, 20)))));
}

static void other_statements(void **state)
{
	check("counter", STMTS({ .kind = PLAN_STMT_COUNTER }));
	check("masquerade", STMTS({ .kind = PLAN_STMT_MASQUERADE }));
	check("verdict 1",
	      STMTS({ .kind = PLAN_STMT_VERDICT, .verdict = { .verdict = PLAN_ACCEPT } }));
	check("verdict -5",
	      STMTS({ .kind = PLAN_STMT_VERDICT, .verdict = { .verdict = PLAN_RETURN } }));
	check("M15; ==02; L1+16/4; update set4",
	      STMTS({ .kind = PLAN_STMT_UPDATE, .update = { &set4, PLAN_IP_DADDR } }));
	check("F3/17; !=02000000",
	      STMTS(MATCH(PLAN_FIB_SADDR_OIF_TYPE, .negate = true, VALUES(N(2)))));
}

static void a_cgroup_is_its_id_at_its_level(void **state)
{
	const struct plan_stmt gone[] = { MATCH(PLAN_CGROUPV2, VALUES(NAME("gone"))) };
	const struct plan_rule rule = { .stmts = gone, .n_stmts = 1 };
	struct nft_rule got;
	const char *what = NULL;

	check("S3/2; ==0201000000000000",
	      STMTS(MATCH(PLAN_CGROUPV2, VALUES(NAME("a.slice/b.service")))));
	assert_int_equal(nft_expr_encode(&rule, names, &resolver, arena, &got, &what), -ENOENT);
	assert_string_equal(what, "gone");
}

static void names_follow_the_slots(void **state)
{
	const struct plan_stmt jump = { .kind = PLAN_STMT_VERDICT,
					.verdict = { PLAN_JUMP, &slotted } };

	check("verdict -3 classify", &jump, 1);
	nft_names_set_slot(names, &slotted, true);
	nft_names_set_slot(names, &big, true);
	nft_names_set_slot(names, &target, true); /* fixed: has one name only */
	check("verdict -3 classify.b", &jump, 1);
	check("M15; ==02; L1+16/4; ?big.b; verdict -4 rule_x",
	      STMTS(MATCH(PLAN_IP_DADDR, .set = &big), GO));
}

int main(void)
{
#define FACT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		FACT(addresses_load_what_is_compared),
		FACT(values_in_braces_are_a_set),
		FACT(numbers_of_the_host_turn_round_for_ranges),
		FACT(marks_are_masked),
		FACT(a_random_slot_is_the_third_key),
		FACT(conntrack_states_are_bits),
		FACT(a_protocol_is_asked_for_once),
		FACT(behind_a_link_header_the_ethertype_tells),
		FACT(parts_of_bytes_are_cut_out),
		FACT(other_statements),
		FACT(a_cgroup_is_its_id_at_its_level),
		FACT(names_follow_the_slots),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
