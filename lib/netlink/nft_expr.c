/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * nft writes a match as: what the field needs to make sense (its protocol), a
 * load into register 1, a mask when the field is a part of the bytes loaded, a
 * comparison. Protocols stay known for the rest of the rule. Found with
 * `nft --debug=netlink`; test/netns compares the listings.
 */
#include "netlink/nft_expr.h"

#include "base/arena.h"
#include "netlink/nft_names.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <netinet/in.h>
#include <string.h>

#define NFT_EXPR_ARPHRD_ETHER 1 /* ARPHRD_ETHER, a u16 */
#define NFT_EXPR_ETHERTYPE_AT 12 /* offset of the ethertype behind the link header */

enum nft_order {
	NFT_ORDER_HOST,
	NFT_ORDER_BIG,
};

/* How a field gets into a register, and the datatype nft lists it as. */
struct nft_field {
	enum nft_expr_kind kind;
	uint32_t key, op, offset, len;
	uint32_t key_type; /* enum datatypes of nft: part of its dumps' format */
	enum nft_order order;
	enum inet_family family; /* meaningful with needs_family */
	bool needs_family, needs_ether;
	uint8_t l4proto; /* 0: none needed */
	uint8_t mask[2], shift; /* DSCP: bits of the bytes loaded */
};

#define NFT_PAYLOAD(base, at, size, type)                                                          \
	.kind = NFT_EXPR_PAYLOAD, .key = (base), .offset = (at), .len = (size),                    \
	.key_type = (type), .order = NFT_ORDER_BIG
#define NFT_ADDR4(at)                                                                              \
	{                                                                                          \
		NFT_PAYLOAD(NFT_PAYLOAD_NETWORK_HEADER, at, 4, 7), .needs_family = true,           \
								   .family = INET4                 \
	}
#define NFT_ADDR6(at)                                                                              \
	{                                                                                          \
		NFT_PAYLOAD(NFT_PAYLOAD_NETWORK_HEADER, at, 16, 8), .needs_family = true,          \
								    .family = INET6                \
	}
#define NFT_PORT(at, proto)                                                                        \
	{                                                                                          \
		NFT_PAYLOAD(NFT_PAYLOAD_TRANSPORT_HEADER, at, 2, 13), .l4proto = (proto),          \
	}
#define NFT_FIB_TYPE(flags)                                                                        \
	{                                                                                          \
		.kind = NFT_EXPR_FIB, .key = NFT_FIB_RESULT_ADDRTYPE, .op = (flags), .len = 4,     \
		.key_type = 38                                                                     \
	}

static const struct nft_field nft_fields[PLAN_FIELD_COUNT] = {
	[PLAN_META_MARK] = { NFT_EXPR_META, NFT_META_MARK, .len = 4, .key_type = 19 },
	[PLAN_CT_MARK] = { NFT_EXPR_CT, NFT_CT_MARK, .len = 4, .key_type = 19 },
	[PLAN_NFPROTO] = { NFT_EXPR_META, NFT_META_NFPROTO, .len = 1, .key_type = 2 },
	[PLAN_L4PROTO] = { NFT_EXPR_META, NFT_META_L4PROTO, .len = 1, .key_type = 12 },
	[PLAN_IIFNAME] = { NFT_EXPR_META, NFT_META_IIFNAME, .len = 16, .key_type = 41 },
	[PLAN_OIFNAME] = { NFT_EXPR_META, NFT_META_OIFNAME, .len = 16, .key_type = 41 },
	[PLAN_SKUID] = { NFT_EXPR_META, NFT_META_SKUID, .len = 4, .key_type = 24 },
	[PLAN_CGROUPV2] = { NFT_EXPR_SOCKET, NFT_SOCKET_CGROUPV2, .len = 8, .key_type = 48 },
	[PLAN_HOUR] = { NFT_EXPR_META, NFT_META_TIME_HOUR, .len = 4, .key_type = 44 },
	[PLAN_DAY] = { NFT_EXPR_META, NFT_META_TIME_DAY, .len = 1, .key_type = 45 },
	[PLAN_ETHER_SADDR] = { NFT_PAYLOAD(NFT_PAYLOAD_LL_HEADER, 6, 6, 9), .needs_ether = true },
	[PLAN_IP_SADDR] = NFT_ADDR4(12),
	[PLAN_IP_DADDR] = NFT_ADDR4(16),
	[PLAN_IP6_SADDR] = NFT_ADDR6(8),
	[PLAN_IP6_DADDR] = NFT_ADDR6(24),
	[PLAN_IP_DSCP] = { NFT_PAYLOAD(NFT_PAYLOAD_NETWORK_HEADER, 1, 1, 36), .needs_family = true,
			   .family = INET4, .mask = { 0xfc }, .shift = 2 },
	[PLAN_IP6_DSCP] = { NFT_PAYLOAD(NFT_PAYLOAD_NETWORK_HEADER, 0, 2, 36), .needs_family = true,
			    .family = INET6, .mask = { 0x0f, 0xc0 }, .shift = 6 },
	[PLAN_TCP_SPORT] = NFT_PORT(0, IPPROTO_TCP),
	[PLAN_TCP_DPORT] = NFT_PORT(2, IPPROTO_TCP),
	[PLAN_UDP_SPORT] = NFT_PORT(0, IPPROTO_UDP),
	[PLAN_UDP_DPORT] = NFT_PORT(2, IPPROTO_UDP),
	[PLAN_TH_SPORT] = NFT_PORT(0, 0),
	[PLAN_TH_DPORT] = NFT_PORT(2, 0),
	[PLAN_ICMP_TYPE] = { NFT_PAYLOAD(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 14),
			     .needs_family = true, .family = INET4, .l4proto = IPPROTO_ICMP },
	[PLAN_ICMPV6_TYPE] = { NFT_PAYLOAD(NFT_PAYLOAD_TRANSPORT_HEADER, 0, 1, 29),
			       .needs_family = true, .family = INET6, .l4proto = IPPROTO_ICMPV6 },
	[PLAN_CT_STATE] = { NFT_EXPR_CT, NFT_CT_STATE, .len = 4, .key_type = 26 },
	[PLAN_CT_DIRECTION] = { NFT_EXPR_CT, NFT_CT_DIRECTION, .len = 1, .key_type = 27 },
	[PLAN_FIB_DADDR_TYPE] = NFT_FIB_TYPE(NFTA_FIB_F_DADDR),
	[PLAN_FIB_SADDR_TYPE] = NFT_FIB_TYPE(NFTA_FIB_F_SADDR),
	[PLAN_FIB_SADDR_OIF_TYPE] = NFT_FIB_TYPE(NFTA_FIB_F_SADDR | NFTA_FIB_F_OIF),
	[PLAN_RANDOM_SLOT] = { NFT_EXPR_NUMGEN, NFT_NG_RANDOM, .op = PLAN_SLOTS, .len = 4,
			       .key_type = 4 },
};

struct nft_encoder {
	const struct nft_names *names;
	const struct nft_resolver *resolver;
	struct arena *arena;
	struct nft_rule *rule;
	const char *what;
	/* protocols the rule has asked for so far */
	bool ether, has_family, has_l4proto;
	enum inet_family family;
	uint8_t l4proto;
};

static struct nft_expr *nft_expr_add(struct nft_encoder *e, enum nft_expr_kind kind, uint32_t reg)
{
	struct nft_rule *r = e->rule;
	struct nft_expr *x = ARENA_PUSH(e->arena, r->exprs, r->n_exprs, r->cap_exprs);

	x->kind = kind;
	x->reg = reg;
	return x;
}

static void nft_expr_add_cmp(struct nft_encoder *e, uint32_t op, const void *data, uint32_t len)
{
	struct nft_expr *x = nft_expr_add(e, NFT_EXPR_CMP, NFT_REG_1);

	x->op = op;
	x->len = len;
	memcpy(x->a, data, len);
}

static void nft_expr_add_load(struct nft_encoder *e, const struct nft_field *f, uint32_t reg)
{
	struct nft_expr *x = nft_expr_add(e, f->kind, reg);

	x->key = f->key;
	x->op = f->op;
	x->offset = f->offset;
	if (f->kind == NFT_EXPR_PAYLOAD)
		x->len = f->len;
}

static void nft_expr_add_mask(struct nft_encoder *e, uint32_t reg, const void *mask,
			      const void * xor, uint32_t len)
{
	struct nft_expr *x = nft_expr_add(e, NFT_EXPR_BITWISE, reg);

	x->len = len;
	memcpy(x->a, mask, len);
	if (xor)
		memcpy(x->b, xor, len);
}

static void nft_expr_add_hton(struct nft_encoder *e)
{
	struct nft_expr *x = nft_expr_add(e, NFT_EXPR_BYTEORDER, NFT_REG_1);

	x->op = NFT_BYTEORDER_HTON;
	x->len = 4;
}

/* ---- protocols ---------------------------------------------------------- */

static void nft_expr_need_ether(struct nft_encoder *e)
{
	static const struct nft_field iiftype = { .kind = NFT_EXPR_META, .key = NFT_META_IIFTYPE };
	uint16_t type = NFT_EXPR_ARPHRD_ETHER;

	if (e->ether)
		return;
	nft_expr_add_load(e, &iiftype, NFT_REG_1);
	nft_expr_add_cmp(e, NFT_CMP_EQ, &type, sizeof(type));
	e->ether = true;
}

static void nft_expr_need_family(struct nft_encoder *e, enum inet_family f)
{
	static const struct nft_field ethertype = { NFT_PAYLOAD(NFT_PAYLOAD_LL_HEADER,
								NFT_EXPR_ETHERTYPE_AT, 2, 0) };
	uint16_t type = htons(f == INET4 ? 0x0800 : 0x86dd);
	uint8_t nfproto = f == INET4 ? NFPROTO_IPV4 : NFPROTO_IPV6;

	if (e->has_family && e->family == f)
		return;
	/* behind a known link header the next protocol is read from it */
	nft_expr_add_load(e, e->ether ? &ethertype : &nft_fields[PLAN_NFPROTO], NFT_REG_1);
	if (e->ether)
		nft_expr_add_cmp(e, NFT_CMP_EQ, &type, sizeof(type));
	else
		nft_expr_add_cmp(e, NFT_CMP_EQ, &nfproto, sizeof(nfproto));
	e->has_family = true;
	e->family = f;
}

static void nft_expr_need_l4proto(struct nft_encoder *e, uint8_t proto)
{
	if (e->has_l4proto && e->l4proto == proto)
		return;
	nft_expr_add_load(e, &nft_fields[PLAN_L4PROTO], NFT_REG_1);
	nft_expr_add_cmp(e, NFT_CMP_EQ, &proto, sizeof(proto));
	e->has_l4proto = true;
	e->l4proto = proto;
}

static void nft_expr_need(struct nft_encoder *e, const struct nft_field *f)
{
	if (f->needs_ether)
		nft_expr_need_ether(e);
	/* ICMP names its family itself once it is asked for */
	if (f->needs_family && !(f->l4proto && e->has_l4proto && e->l4proto == f->l4proto))
		nft_expr_need_family(e, f->family);
	if (f->l4proto)
		nft_expr_need_l4proto(e, f->l4proto);
}

/* A comparison for one protocol makes it known to what follows. */
static void nft_expr_learn(struct nft_encoder *e, const struct plan_match *m)
{
	uint32_t v;

	if (m->negate || m->set || m->n_values != 1)
		return;
	v = m->values[0].number.lo;
	if (m->field == PLAN_NFPROTO && (v == NFPROTO_IPV4 || v == NFPROTO_IPV6)) {
		e->has_family = true;
		e->family = v == NFPROTO_IPV4 ? INET4 : INET6;
	}
	if (m->field == PLAN_L4PROTO && v == m->values[0].number.hi) {
		e->has_l4proto = true;
		e->l4proto = (uint8_t)v;
	}
}

/* ---- values ------------------------------------------------------------- */

static void nft_expr_number(const struct nft_field *f, uint32_t v, bool big, uint8_t *ret)
{
	uint32_t be32 = htonl(v << f->shift);

	if (f->len == 1) {
		ret[0] = (uint8_t)(v << f->shift);
	} else if (f->len == 2) {
		memcpy(ret, (const uint8_t *)&be32 + 2, 2);
	} else if (big) {
		memcpy(ret, &be32, 4);
	} else {
		memcpy(ret, &v, 4);
	}
}

/* Both ends of a value; `big`: numbers of the host's order the other way round. */
static int nft_expr_value(struct nft_encoder *e, enum plan_field field, const struct plan_value *v,
			  bool big, uint8_t *ret_lo, uint8_t *ret_hi)
{
	const struct nft_field *f = &nft_fields[field];
	uint64_t id;
	int r;

	memset(ret_lo, 0, NFT_KEY_MAX);
	memset(ret_hi, 0, NFT_KEY_MAX);
	switch (plan_field_kind(field)) {
	case PLAN_VALUE_NUMBER:
		nft_expr_number(f, v->number.lo, big || f->order == NFT_ORDER_BIG, ret_lo);
		nft_expr_number(f, v->number.hi, big || f->order == NFT_ORDER_BIG, ret_hi);
		return 0;
	case PLAN_VALUE_RANGE4:
	case PLAN_VALUE_RANGE6:
		memcpy(ret_lo, v->range.lo.bytes, f->len);
		memcpy(ret_hi, v->range.hi.bytes, f->len);
		return 0;
	case PLAN_VALUE_NAME:
		if (field == PLAN_CGROUPV2) {
			r = e->resolver->cgroup(v->name, &id, e->resolver->data);
			if (r < 0) {
				e->what = v->name;
				return r;
			}
			memcpy(ret_lo, &id, sizeof(id));
		} else {
			strncpy((char *)ret_lo, v->name, NFT_KEY_MAX - 1);
		}
		break;
	case PLAN_VALUE_MAC:
		memcpy(ret_lo, v->mac, sizeof(v->mac));
		break;
	}
	memcpy(ret_hi, ret_lo, NFT_KEY_MAX);
	return 0;
}

/* The bytes after `key`, as one number of the network's order; false: there are none. */
static bool nft_expr_successor(uint8_t *key, uint32_t len)
{
	for (uint32_t i = len; i-- > 0;)
		if (++key[i])
			return true;
	return false;
}

static bool nft_expr_is_zero(const uint8_t *key, uint32_t len)
{
	for (uint32_t i = 0; i < len; i++)
		if (key[i])
			return false;
	return true;
}

static void nft_expr_push(struct nft_encoder *e, struct nft_anon *s, const uint8_t *key, bool end)
{
	struct nft_anon_element *x =
		ARENA_PUSH(e->arena, s->elements, s->n_elements, s->cap_elements);

	memcpy(x->key, key, NFT_KEY_MAX);
	x->end = end;
}

static bool nft_expr_has_ranges(const struct plan_match *m)
{
	for (size_t i = 0; i < m->n_values; i++)
		switch (plan_field_kind(m->field)) {
		case PLAN_VALUE_NUMBER:
			if (m->values[i].number.lo != m->values[i].number.hi)
				return true;
			break;
		case PLAN_VALUE_RANGE4:
		case PLAN_VALUE_RANGE6:
			if (inet_addr_cmp(&m->values[i].range.lo, &m->values[i].range.hi))
				return true;
			break;
		case PLAN_VALUE_NAME:
		case PLAN_VALUE_MAC:
			return false;
		}
	return false;
}

static int nft_expr_anon(struct nft_encoder *e, const struct plan_match *m, bool ranges,
			 struct nft_anon **ret)
{
	const struct nft_field *f = &nft_fields[m->field];
	struct nft_anon *s = arena_alloc(e->arena, sizeof(*s));
	uint8_t lo[NFT_KEY_MAX], hi[NFT_KEY_MAX];
	static const uint8_t zero[NFT_KEY_MAX];

	s->key_type = f->key_type;
	s->key_len = f->len;
	s->interval = ranges;
	/* of one byte either order is the same, and nft says the network's */
	s->host_order = f->order == NFT_ORDER_HOST && !(ranges && f->len == 1);
	for (size_t i = 0; i < m->n_values; i++) {
		int r = nft_expr_value(e, m->field, &m->values[i], ranges, lo, hi);

		if (r < 0)
			return r;
		/* nft opens each interval set by saying that it begins outside */
		if (ranges && i == 0 && !nft_expr_is_zero(lo, f->len))
			nft_expr_push(e, s, zero, true);
		nft_expr_push(e, s, lo, false);
		if (ranges && nft_expr_successor(hi, f->len))
			nft_expr_push(e, s, hi, true);
	}
	nft_rule_sort_anon(s);
	*ret = s;
	return 0;
}

/* ---- matches ------------------------------------------------------------ */

static void nft_expr_add_range(struct nft_encoder *e, bool negate, const uint8_t *lo,
			       const uint8_t *hi, uint32_t len)
{
	struct nft_expr *x;

	if (!negate) {
		nft_expr_add_cmp(e, NFT_CMP_GTE, lo, len);
		nft_expr_add_cmp(e, NFT_CMP_LTE, hi, len);
		return;
	}
	x = nft_expr_add(e, NFT_EXPR_RANGE, NFT_REG_1);
	x->op = NFT_RANGE_NEQ;
	x->len = len;
	memcpy(x->a, lo, len);
	memcpy(x->b, hi, len);
}

/* One address, prefix or range: of a prefix of whole bytes only those are loaded. */
static void nft_expr_add_address(struct nft_encoder *e, const struct plan_match *m)
{
	struct nft_field f = nft_fields[m->field];
	const struct inet_range *range = &m->values[0].range;
	uint32_t op = m->negate ? NFT_CMP_NEQ : NFT_CMP_EQ;
	struct inet_addr mask;
	unsigned len;

	if (!inet_range_is_prefix(range, f.family, &len)) {
		nft_expr_add_load(e, &f, NFT_REG_1);
		nft_expr_add_range(e, m->negate, range->lo.bytes, range->hi.bytes, f.len);
		return;
	}
	if (len && len % 8 == 0) {
		f.len = len / 8;
		nft_expr_add_load(e, &f, NFT_REG_1);
	} else {
		memset(mask.bytes, 0xff, sizeof(mask.bytes));
		inet_addr_mask(&mask, f.family, len);
		nft_expr_add_load(e, &f, NFT_REG_1);
		nft_expr_add_mask(e, NFT_REG_1, mask.bytes, NULL, f.len);
	}
	nft_expr_add_cmp(e, op, range->lo.bytes, f.len);
}

/* ct state has one bit set; several may be asked for at once. */
static void nft_expr_add_state(struct nft_encoder *e, const struct plan_match *m)
{
	uint32_t bits = 0, none = 0;

	for (size_t i = 0; i < m->n_values; i++)
		bits |= m->values[i].number.lo;
	nft_expr_add_load(e, &nft_fields[m->field], NFT_REG_1);
	nft_expr_add_mask(e, NFT_REG_1, &bits, NULL, sizeof(bits));
	nft_expr_add_cmp(e, m->negate ? NFT_CMP_EQ : NFT_CMP_NEQ, &none, sizeof(none));
}

static bool nft_expr_is_mark(enum plan_field f)
{
	return f == PLAN_META_MARK || f == PLAN_CT_MARK;
}

/* Loads a match's or key's field with what nft cuts off it. */
static void nft_expr_add_field(struct nft_encoder *e, enum plan_field field, uint32_t mask,
			       uint32_t reg)
{
	const struct nft_field *f = &nft_fields[field];

	nft_expr_add_load(e, f, reg);
	if (f->shift)
		nft_expr_add_mask(e, reg, f->mask, NULL, f->len);
	else if (nft_expr_is_mark(field) && mask != UINT32_MAX)
		nft_expr_add_mask(e, reg, &mask, NULL, sizeof(mask));
}

static unsigned nft_expr_cgroup_level(const char *path)
{
	unsigned level = 1;

	for (; *path; path++)
		level += *path == '/';
	return level;
}

static void nft_expr_add_lookup(struct nft_encoder *e, const char *name,
				const struct nft_anon *anon, bool negate, bool map)
{
	struct nft_expr *x = nft_expr_add(e, NFT_EXPR_LOOKUP, NFT_REG_1);

	x->name = name;
	x->anon = anon;
	x->op = negate ? NFT_LOOKUP_F_INV : 0;
	x->map = map;
}

static int nft_expr_add_values(struct nft_encoder *e, const struct plan_match *m)
{
	const struct nft_field *f = &nft_fields[m->field];
	bool ranges = nft_expr_has_ranges(m);
	/* ranges are compared byte by byte: the host's order must give way */
	bool swap = ranges && f->order == NFT_ORDER_HOST && f->len == 4;
	uint8_t lo[NFT_KEY_MAX], hi[NFT_KEY_MAX];
	struct nft_anon *anon;
	int r;

	nft_expr_add_field(e, m->field, m->mask, NFT_REG_1);
	if (m->field == PLAN_CGROUPV2)
		e->rule->exprs[e->rule->n_exprs - 1].op = nft_expr_cgroup_level(m->values[0].name);
	if (swap)
		nft_expr_add_hton(e);
	if (m->n_values > 1) {
		r = nft_expr_anon(e, m, ranges, &anon);
		if (r < 0)
			return r;
		nft_expr_add_lookup(e, NULL, anon, m->negate, false);
		return 0;
	}
	r = nft_expr_value(e, m->field, &m->values[0], swap, lo, hi);
	if (r < 0)
		return r;
	if (ranges)
		nft_expr_add_range(e, m->negate, lo, hi, f->len);
	else
		nft_expr_add_cmp(e, m->negate ? NFT_CMP_NEQ : NFT_CMP_EQ, lo, f->len);
	return 0;
}

static int nft_expr_add_match(struct nft_encoder *e, const struct plan_match *m)
{
	const struct nft_field *f = &nft_fields[m->field];
	enum plan_value_kind kind = plan_field_kind(m->field);
	int r = 0;

	nft_expr_need(e, f);
	if (m->set) {
		nft_expr_add_field(e, m->field, m->mask, NFT_REG_1);
		nft_expr_add_lookup(e, nft_names_of_set(e->names, m->set), NULL, m->negate, false);
	} else if (m->field == PLAN_CT_STATE) {
		nft_expr_add_state(e, m);
	} else if (m->n_values == 1 && (kind == PLAN_VALUE_RANGE4 || kind == PLAN_VALUE_RANGE6)) {
		nft_expr_add_address(e, m);
	} else {
		r = nft_expr_add_values(e, m);
	}
	nft_expr_learn(e, m);
	return r;
}

/* ---- statements --------------------------------------------------------- */

/* Keys lie one after the other, each from the next 4-byte register on. */
static void nft_expr_add_vmap(struct nft_encoder *e, const struct plan_stmt *s)
{
	uint32_t reg = NFT_REG_1;

	for (size_t i = 0; i < s->vmap.n_keys; i++)
		nft_expr_need(e, &nft_fields[s->vmap.keys[i].field]);
	for (size_t i = 0; i < s->vmap.n_keys; i++) {
		nft_expr_add_field(e, s->vmap.keys[i].field, s->vmap.keys[i].mask, reg);
		reg = NFT_REG32_01 + (uint32_t)i;
	}
	nft_expr_add_lookup(e, nft_names_of_set(e->names, s->vmap.map), NULL, false, true);
}

static void nft_expr_add_set_mark(struct nft_encoder *e, enum plan_field field, uint32_t mask,
				  uint32_t value)
{
	const struct nft_field *f = &nft_fields[field];
	uint32_t keep = ~mask & ~value;
	struct nft_expr *x;

	if (mask == UINT32_MAX) {
		x = nft_expr_add(e, NFT_EXPR_IMMEDIATE, NFT_REG_1);
		x->len = sizeof(value);
		memcpy(x->a, &value, sizeof(value));
	} else {
		nft_expr_add_load(e, f, NFT_REG_1);
		nft_expr_add_mask(e, NFT_REG_1, &keep, &value, sizeof(keep));
	}
	x = nft_expr_add(e, f->kind == NFT_EXPR_CT ? NFT_EXPR_CT_WRITE : NFT_EXPR_META_WRITE,
			 NFT_REG_1);
	x->key = f->key;
}

static void nft_expr_add_update(struct nft_encoder *e, const struct plan_stmt *s)
{
	struct nft_expr *x;

	nft_expr_need(e, &nft_fields[s->update.field]);
	nft_expr_add_load(e, &nft_fields[s->update.field], NFT_REG_1);
	x = nft_expr_add(e, NFT_EXPR_DYNSET, NFT_REG_1);
	x->op = NFT_DYNSET_OP_UPDATE;
	x->name = nft_names_of_set(e->names, s->update.set);
}

static void nft_expr_add_verdict(struct nft_encoder *e, const struct plan_stmt *s)
{
	struct nft_expr *x = nft_expr_add(e, NFT_EXPR_VERDICT, NFT_REG_VERDICT);

	switch (s->verdict.verdict) {
	case PLAN_ACCEPT:
		x->key = NF_ACCEPT;
		return;
	case PLAN_RETURN:
		x->key = (uint32_t)NFT_RETURN;
		return;
	case PLAN_JUMP:
		x->key = (uint32_t)NFT_JUMP;
		break;
	case PLAN_GOTO:
		x->key = (uint32_t)NFT_GOTO;
		break;
	}
	x->name = nft_names_of_chain(e->names, s->verdict.chain);
}

static int nft_expr_add_stmt(struct nft_encoder *e, const struct plan_stmt *s)
{
	switch (s->kind) {
	case PLAN_STMT_MATCH:
		return nft_expr_add_match(e, &s->match);
	case PLAN_STMT_VMAP:
		nft_expr_add_vmap(e, s);
		break;
	case PLAN_STMT_SET_MARK:
		nft_expr_add_set_mark(e, s->set_mark.field, s->set_mark.mask, s->set_mark.value);
		break;
	case PLAN_STMT_COUNTER:
		nft_expr_add(e, NFT_EXPR_COUNTER, 0);
		break;
	case PLAN_STMT_UPDATE:
		nft_expr_add_update(e, s);
		break;
	case PLAN_STMT_VERDICT:
		nft_expr_add_verdict(e, s);
		break;
	case PLAN_STMT_MASQUERADE:
		nft_expr_add(e, NFT_EXPR_MASQUERADE, 0);
		break;
	}
	return 0;
}

int nft_expr_encode(const struct plan_rule *r, const struct nft_names *names,
		    const struct nft_resolver *resolver, struct arena *a, struct nft_rule *ret,
		    const char **ret_what)
{
	struct nft_rule rule = { .comment = r->comment };
	struct nft_encoder e = { .names = names, .resolver = resolver, .arena = a, .rule = &rule };

	for (size_t i = 0; i < r->n_stmts; i++) {
		int k = nft_expr_add_stmt(&e, &r->stmts[i]);

		if (k < 0) {
			*ret_what = e.what;
			return k;
		}
	}
	*ret = rule;
	return 0;
}
