/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as a datagram of nf_tables dumps and answers. Nothing is read
 * beyond a message; rules that were understood are written and read back the
 * same.
 */
#include "base/arena.h"
#include "base/strbuf.h"
#include "netlink/nft_batch.h"
#include "netlink/nft_decode.h"
#include "netlink/nft_decode_rule.h"
#include "netlink/nft_rule_put.h"
#include "netlink/nl_message.h"
#include "netlink/nl_reply.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

/* What we would not write (an unknown expression, a set without name) is not written back. */
static bool writable(const struct nft_rule *r)
{
	for (size_t i = 0; i < r->n_exprs; i++)
		if (r->exprs[i].kind == NFT_EXPR_UNKNOWN ||
		    (r->exprs[i].name && !r->exprs[i].name[0]))
			return false;
	/* a comment of ours; nft's user data has one byte for its length */
	return !r->comment || (r->comment[0] && strlen(r->comment) < 128);
}

static void write_back(const struct nft_rule *r, struct arena *a)
{
	struct nft_batch *b = nft_batch_new();
	const struct nlmsghdr *nlh;
	struct nft_rule back;
	uint32_t ack_seq;
	size_t len;
	int left;

	nft_batch_begin(b, 1, 0);
	nft_rule_put(b, PLAN_TABLE_BYPASS, "x", r, NFT_AT_END, 0);
	nlh = nft_batch_end(b, &len, &ack_seq);
	left = (int)len;
	nlh = mnl_nlmsg_next(nlh, &left);
	check(nft_decode_rule_body(nlh, a, &back) == 0);
	check(nft_rule_equal(&back, r));
	nft_batch_free(b);
}

static void read_message(const struct nlmsghdr *nlh, struct nft_seen *s)
{
	struct nft_seen_set *last = s->n_sets ? &s->sets[s->n_sets - 1] : NULL;
	struct nl_reply reply;
	struct nft_rule rule;
	struct strbuf text = STRBUF_NULL;

	if (nl_reply_parse(nlh, &reply) == 0)
		nl_reply_print(&reply, &text);
	strbuf_done(&text);
	if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(struct nfgenmsg))
		return;
	switch (nlh->nlmsg_type & 0xff) {
	case NFT_MSG_NEWTABLE:
		(void)nft_decode_table(nlh, s);
		break;
	case NFT_MSG_NEWCHAIN:
		(void)nft_decode_chain(nlh, s);
		break;
	case NFT_MSG_NEWSET:
		(void)nft_decode_set(nlh, s);
		break;
	case NFT_MSG_NEWSETELEM:
		if (last)
			(void)nft_decode_elements(nlh, s->arena, last);
		break;
	case NFT_MSG_NEWGEN:
		(void)nft_decode_generation(nlh, s);
		break;
	case NFT_MSG_NEWRULE:
		(void)nft_decode_rule(nlh, s);
		if (nft_decode_rule_body(nlh, s->arena, &rule) == 0 && writable(&rule))
			write_back(&rule, s->arena);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct nft_seen s = { .arena = arena_new() };
	/* its own block, so that the sanitizer sees a step beyond the end */
	char *copy = malloc(size + 1);
	const struct nlmsghdr *nlh;

	if (size)
		memcpy(copy, data, size);
	nl_message_for_each(nlh, copy, size) read_message(nlh, &s);
	nft_decode_finish(&s);
	arena_free(s.arena);
	free(copy);
	return 0;
}
