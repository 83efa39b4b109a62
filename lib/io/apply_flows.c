/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "io/apply_flows.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "io/apply.h"
#include "io/nl_socket.h"
#include "netlink/ct_encode.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>

static int apply_flows_fail(struct apply_report *r, int error, const struct nl_reply *reply)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;
	struct nl_reply plain = { .error = error };

	strbuf_add(&b, "conntrack: deleting flows of a link: ");
	nl_reply_print(reply->error == error ? reply : &plain, &b);
	r->error = arena_strdup(r->arena, strbuf_text(&b));
	return error;
}

/* The one before it with the same marks and the other family; `at` itself: none. */
static size_t apply_flows_twin(const struct netstate_flows *flows, size_t at)
{
	for (size_t i = 0; i < at; i++)
		if (flows[i].family != flows[at].family && flows[i].mark == flows[at].mark &&
		    flows[i].mask == flows[at].mask)
			return i;
	return at;
}

/* Each pair of families with the same marks is one message, one walk. Returns bytes. */
static size_t apply_flows_encode(const struct netstate_flows *flows, size_t n, uint32_t seq,
				 char *buf, uint32_t *ret_last_seq)
{
	bool *done = memory_alloc(n);
	struct nlmsghdr *last = NULL;
	size_t len = 0;

	for (size_t i = n; i-- > 0;) {
		size_t twin = apply_flows_twin(flows, i);

		if (done[i])
			continue;
		done[twin] = true;
		last = (void *)(buf + len);
		len += (size_t)ct_encode_delete(&flows[i], twin != i, seq++, last, CT_ENCODE_MAX);
	}
	last->nlmsg_flags |= NLM_F_ACK;
	*ret_last_seq = last->nlmsg_seq;
	free(done);
	return len;
}

int apply_flows_delete(struct nl_socket *nft, const struct netstate_flows *flows, size_t n,
		       struct apply_report *r)
{
	_cleanup_(cleanup_freep) char *buf = memory_alloc(memory_mul(n + 1, CT_ENCODE_MAX));
	uint32_t seq = nl_socket_seq(nft, (uint32_t)n), last_seq;
	size_t len;
	int k;

	if (n == 0)
		return 0;
	len = apply_flows_encode(flows, n, seq, buf, &last_seq);
	k = nl_socket_batch(nft, buf, len, last_seq);
	/* -ENOENT: none matched. -ENOBUFS: the answer was lost, the work is done */
	if (k == 0 || k == -ENOENT || k == -ENOBUFS)
		return 0;
	return apply_flows_fail(r, k, nl_socket_reply(nft));
}
