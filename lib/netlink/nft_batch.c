/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nft_batch.h"

#include "base/memory.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

struct nft_batch {
	char *buf;
	size_t len, cap;
	uint32_t first_seq, seq;
	uint32_t id;
	size_t last; /* offset of the last change */
	const char **what; /* by seq - first_seq */
	size_t n_what, cap_what;
};

struct nft_batch *nft_batch_new(void)
{
	return memory_alloc(sizeof(struct nft_batch));
}

struct nft_batch *nft_batch_free(struct nft_batch *b)
{
	if (!b)
		return NULL;
	free(b->buf);
	free(b->what);
	free(b);
	return NULL;
}

void nft_batch_freep(struct nft_batch **b)
{
	*b = nft_batch_free(*b);
}

static struct nlmsghdr *nft_batch_header(struct nft_batch *b, uint16_t type, uint16_t flags,
					 uint8_t family, uint16_t res_id, const char *what)
{
	struct nlmsghdr *nlh;
	struct nfgenmsg *nfg;

	if (b->cap - b->len < NFT_BATCH_ROOM + 64) {
		b->cap = 2 * b->cap + 2 * NFT_BATCH_ROOM;
		b->buf = memory_realloc(b->buf, b->cap);
	}
	if (b->n_what == b->cap_what) {
		b->cap_what = 2 * b->cap_what + 16;
		b->what = memory_realloc(b->what, b->cap_what * sizeof(*b->what));
	}
	b->what[b->n_what++] = what;
	nlh = mnl_nlmsg_put_header(b->buf + b->len);
	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = b->seq++;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(res_id);
	return nlh;
}

void nft_batch_begin(struct nft_batch *b, uint32_t seq, uint32_t genid)
{
	struct nlmsghdr *nlh;

	b->len = 0;
	b->last = 0;
	b->n_what = 0;
	b->id = 0;
	b->first_seq = b->seq = seq;
	nlh = nft_batch_header(b, NFNL_MSG_BATCH_BEGIN, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES,
			       "transaction");
	if (genid)
		mnl_attr_put_u32(nlh, NFNL_BATCH_GENID, htonl(genid));
	b->len += NLMSG_ALIGN(nlh->nlmsg_len);
}

struct nlmsghdr *nft_batch_message(struct nft_batch *b, uint16_t type, uint16_t flags,
				   const char *what)
{
	return nft_batch_header(b, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), flags,
				NFPROTO_INET, 0, what);
}

void nft_batch_commit(struct nft_batch *b, struct nlmsghdr *nlh)
{
	b->last = b->len;
	b->len += NLMSG_ALIGN(nlh->nlmsg_len);
}

uint32_t nft_batch_id(struct nft_batch *b)
{
	return ++b->id;
}

const void *nft_batch_end(struct nft_batch *b, size_t *ret_len, uint32_t *ret_ack_seq)
{
	struct nlmsghdr *nlh = (void *)(b->buf + b->last);

	nlh->nlmsg_flags |= NLM_F_ACK;
	*ret_ack_seq = nlh->nlmsg_seq;
	nlh = nft_batch_header(b, NFNL_MSG_BATCH_END, 0, AF_UNSPEC, NFNL_SUBSYS_NFTABLES,
			       "transaction");
	b->len += NLMSG_ALIGN(nlh->nlmsg_len);
	*ret_len = b->len;
	return b->buf;
}

bool nft_batch_is_empty(const struct nft_batch *b)
{
	return b->last == 0;
}

size_t nft_batch_size(const struct nft_batch *b)
{
	return b->len;
}

uint32_t nft_batch_next_seq(const struct nft_batch *b)
{
	return b->seq;
}

const char *nft_batch_what(const struct nft_batch *b, uint32_t seq)
{
	return seq - b->first_seq < b->n_what ? b->what[seq - b->first_seq] : NULL;
}
