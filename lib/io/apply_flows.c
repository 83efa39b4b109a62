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

int apply_flows_delete(struct nl_socket *nft, const struct netstate_flows *flows, size_t n,
		       struct apply_report *r)
{
	_cleanup_(cleanup_freep) char *buf = memory_alloc(memory_mul(n + 1, CT_ENCODE_MAX));
	uint32_t seq = nl_socket_seq(nft, (uint32_t)n);
	struct nlmsghdr *last = NULL;
	size_t len = 0;
	int k;

	for (size_t i = 0; i < n; i++) {
		last = (void *)(buf + len);
		len += (size_t)ct_encode_delete(&flows[i], seq + (uint32_t)i, last, CT_ENCODE_MAX);
	}
	if (!last)
		return 0;
	last->nlmsg_flags |= NLM_F_ACK;
	k = nl_socket_batch(nft, buf, len, last->nlmsg_seq);
	/* -ENOENT: none matched. -ENOBUFS: the answer was lost, the work is done */
	if (k == 0 || k == -ENOENT || k == -ENOBUFS)
		return 0;
	return apply_flows_fail(r, k, nl_socket_reply(nft));
}
