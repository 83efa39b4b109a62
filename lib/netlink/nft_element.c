/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nft_element.h"

#include "netlink/nft_batch.h"

#include <arpa/inet.h>
#include <endian.h>
#include <libmnl/libmnl.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>

/* Most bytes of one list of elements: nla_len has 16 bits. */
#define NFT_ELEMENT_LIST_MAX (60u << 10)

/* An attribute put straight into the buffer: there may be a million of them. */
static char *nft_element_attr(char *at, uint16_t type, const void *data, uint16_t len)
{
	struct nlattr attr = { .nla_len = (uint16_t)(sizeof(attr) + len), .nla_type = type };
	size_t pad = NLA_ALIGN(len) - len;

	memcpy(at, &attr, sizeof(attr));
	at += sizeof(attr);
	if (len)
		memcpy(at, data, len);
	at += len;
	memset(at, 0, pad);
	return at + pad;
}

static void nft_element_close(char *nest, uint16_t type, const char *end)
{
	struct nlattr attr = { .nla_len = (uint16_t)(end - nest),
			       .nla_type = (uint16_t)(type | NLA_F_NESTED) };

	memcpy(nest, &attr, sizeof(attr));
}

static char *nft_element_put_key(char *at, const void *key, uint16_t len)
{
	char *nest = at;

	at = nft_element_attr(at + NLA_HDRLEN, NFTA_DATA_VALUE, key, len);
	nft_element_close(nest, NFTA_SET_ELEM_KEY, at);
	return at;
}

static char *nft_element_goto(char *at, const char *chain)
{
	uint32_t code = htonl((uint32_t)NFT_GOTO);
	char *data = at, *verdict = at + NLA_HDRLEN;

	at = nft_element_attr(verdict + NLA_HDRLEN, NFTA_VERDICT_CODE, &code, sizeof(code));
	at = nft_element_attr(at, NFTA_VERDICT_CHAIN, chain, (uint16_t)(strlen(chain) + 1));
	nft_element_close(verdict, NFTA_DATA_VERDICT, at);
	nft_element_close(data, NFTA_SET_ELEM_DATA, at);
	return at;
}

struct nft_element_ends {
	uint8_t lo[NFT_KEY_MAX], after[NFT_KEY_MAX]; /* first address; first one behind */
	uint16_t len;
	bool open; /* nothing behind: the end of the address space */
};

static struct nft_element_ends nft_element_ends(const struct plan_set *s,
						const struct plan_element *e)
{
	struct nft_element_ends k = { .open = true };
	struct inet_addr hi;

	switch (s->type) {
	case PLAN_TYPE_IPV4_ADDR:
	case PLAN_TYPE_IPV6_ADDR:
		k.len = s->type == PLAN_TYPE_IPV4_ADDR ? 4 : 16;
		hi = e->range.hi;
		k.open = !inet_addr_next(&hi, s->type == PLAN_TYPE_IPV4_ADDR ? INET4 : INET6);
		memcpy(k.lo, e->range.lo.bytes, k.len);
		memcpy(k.after, hi.bytes, k.len);
		break;
	case PLAN_TYPE_MARK:
		k.len = 4;
		memcpy(k.lo, &e->mark, 4);
		break;
	case PLAN_TYPE_MARK_NFPROTO:
		/* each part of a concatenation begins at a register of 4 bytes */
		k.len = 8;
		memcpy(k.lo, &e->mark, 4);
		k.lo[4] = (uint8_t)e->nfproto;
		break;
	case PLAN_TYPE_MARK_NFPROTO_SLOT:
		k.len = 12;
		memcpy(k.lo, &e->mark, 4);
		k.lo[4] = (uint8_t)e->nfproto;
		memcpy(k.lo + 8, &e->slot, 4);
		break;
	}
	return k;
}

/* An interval is two elements: where it starts and, as an end, what lies behind. */
static char *nft_element_put(char *at, const struct plan_set *s, const struct plan_element *e)
{
	/* tells nft that an interval has no end element on purpose */
	static const uint8_t open_tag[] = {
		NFTNL_UDATA_SET_ELEM_FLAGS, 4, NFTNL_SET_ELEM_F_INTERVAL_OPEN, 0, 0, 0
	};
	struct nft_element_ends k = nft_element_ends(s, e);
	uint32_t flags = htonl(NFT_SET_ELEM_INTERVAL_END);
	char *nest = at;

	at = nft_element_put_key(at + NLA_HDRLEN, k.lo, k.len);
	if (s->is_map && e->chain)
		at = nft_element_goto(at, e->chain->name);
	if (s->interval && k.open)
		at = nft_element_attr(at, NFTA_SET_ELEM_USERDATA, open_tag, sizeof(open_tag));
	nft_element_close(nest, NFTA_LIST_ELEM, at);
	if (!s->interval || k.open)
		return at;
	nest = at;
	at = nft_element_attr(at + NLA_HDRLEN, NFTA_SET_ELEM_FLAGS, &flags, sizeof(flags));
	at = nft_element_put_key(at, k.after, k.len);
	nft_element_close(nest, NFTA_LIST_ELEM, at);
	return at;
}

/* One message whose list of elements is being written. */
struct nft_element_list {
	struct nlmsghdr *nlh;
	struct nlattr *nest;
	char *start;
};

static struct nft_element_list nft_element_open(struct nft_batch *b, uint16_t type, uint16_t flags,
						const struct plan_set *s, const char *name)
{
	struct nft_element_list l = { .nlh = nft_batch_message(b, type, flags, name) };

	mnl_attr_put_strz(l.nlh, NFTA_SET_ELEM_LIST_TABLE, plan_table_name(s->table));
	mnl_attr_put_strz(l.nlh, NFTA_SET_ELEM_LIST_SET, name);
	l.nest = mnl_attr_nest_start(l.nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	l.start = mnl_nlmsg_get_payload_tail(l.nlh);
	return l;
}

static void nft_element_finish(struct nft_batch *b, struct nft_element_list *l, const char *end)
{
	l->nlh->nlmsg_len += (uint32_t)(end - l->start);
	mnl_attr_nest_end(l->nlh, l->nest);
	nft_batch_commit(b, l->nlh);
}

static size_t nft_element_one_list(struct nft_batch *b, uint16_t type, uint16_t flags,
				   const struct plan_set *s, const char *name,
				   const struct plan_element *e, size_t n)
{
	struct nft_element_list l = nft_element_open(b, type, flags, s, name);
	size_t taken = 0;
	char *at = l.start;

	while (taken < n && (size_t)(at - l.start) < NFT_ELEMENT_LIST_MAX)
		at = nft_element_put(at, s, &e[taken++]);
	nft_element_finish(b, &l, at);
	return taken;
}

size_t nft_element_add(struct nft_batch *b, const struct plan_set *s, const char *name,
		       const struct plan_element *e, size_t n, size_t max_bytes)
{
	size_t done = 0, start = nft_batch_size(b);

	while (done < n && nft_batch_size(b) - start < max_bytes)
		done += nft_element_one_list(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, s,
					     name, e + done, n - done);
	return done;
}

void nft_element_delete(struct nft_batch *b, const struct plan_set *s, const char *name,
			const struct plan_element *e, size_t n)
{
	for (size_t done = 0; done < n;)
		done += nft_element_one_list(b, NFT_MSG_DELSETELEM, 0, s, name, e + done, n - done);
}

uint32_t nft_element_key(const struct plan_set *s, const struct plan_element *e,
			 uint8_t ret_key[NFT_KEY_MAX])
{
	struct nft_element_ends k = nft_element_ends(s, e);

	memcpy(ret_key, k.lo, NFT_KEY_MAX);
	return k.len;
}

/* ---- elements the kernel reported ---- */

static char *nft_element_put_reported(char *at, const struct nft_element *e, bool times)
{
	uint32_t flags = htonl(NFT_SET_ELEM_INTERVAL_END);
	uint64_t timeout = htobe64(e->timeout_ms), left = htobe64(e->expires_ms);
	char *nest = at;

	at += NLA_HDRLEN;
	if (e->end)
		at = nft_element_attr(at, NFTA_SET_ELEM_FLAGS, &flags, sizeof(flags));
	at = nft_element_put_key(at, e->key, (uint16_t)e->key_len);
	if (times && e->timeout_ms)
		at = nft_element_attr(at, NFTA_SET_ELEM_TIMEOUT, &timeout, sizeof(timeout));
	if (times && e->expires_ms)
		at = nft_element_attr(at, NFTA_SET_ELEM_EXPIRATION, &left, sizeof(left));
	nft_element_close(nest, NFTA_LIST_ELEM, at);
	return at;
}

static void nft_element_reported_lists(struct nft_batch *b, uint16_t type, uint16_t flags,
				       const struct plan_set *s, const char *name,
				       const struct nft_element *e, size_t n)
{
	bool add = type == NFT_MSG_NEWSETELEM;

	for (size_t done = 0; done < n;) {
		struct nft_element_list l = nft_element_open(b, type, flags, s, name);
		char *at = l.start;

		while (done < n && (size_t)(at - l.start) < NFT_ELEMENT_LIST_MAX)
			at = nft_element_put_reported(at, &e[done++], add);
		nft_element_finish(b, &l, at);
	}
}

void nft_element_add_learnt(struct nft_batch *b, const struct plan_set *s, const char *name,
			    const struct nft_element *e, size_t n)
{
	nft_element_reported_lists(b, NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, s, name, e, n);
}

void nft_element_delete_reported(struct nft_batch *b, const struct plan_set *s, const char *name,
				 const struct nft_element *e, size_t n)
{
	nft_element_reported_lists(b, NFT_MSG_DELSETELEM, 0, s, name, e, n);
}
