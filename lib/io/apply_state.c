/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "io/apply_state.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "io/apply.h"
#include "io/apply_seen.h"
#include "io/nl_socket.h"
#include "model/desired.h"
#include "netlink/nft_batch.h"
#include "netlink/nft_state_diff.h"

#include <errno.h>

/* Others may change the ruleset while we look; dnsmasq does at each answer. */
#define APPLY_STATE_TRIES 10

static int apply_state_fail(struct apply_report *r, int error, const char *what,
			    const struct nl_reply *reply)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;
	struct nl_reply plain = { .error = error };

	strbuf_addf(&b, "nft: %s: ", what);
	nl_reply_print(reply && reply->error == error ? reply : &plain, &b);
	r->error = arena_strdup(r->arena, strbuf_text(&b));
	return error;
}

static const struct plan_element *apply_state_wanted(const struct plan *p, const struct desired *d,
						     const struct plan_set *s, size_t *ret_n)
{
	if (s == p->egress) {
		*ret_n = d->n_egress;
		return d->egress;
	}
	if (s == p->alive) {
		*ret_n = d->n_alive;
		return d->alive;
	}
	*ret_n = s == p->spread ? d->n_spread : 0;
	return s == p->spread ? d->spread : NULL;
}

static void apply_state_line(struct apply_report *r, const struct plan_set *s,
			     const struct nft_state_diff *d)
{
	(void)ARENA_PUSH(r->arena, r->lines, r->n_lines, r->cap_lines);
	r->lines[r->n_lines - 1].mark = '~';
	r->lines[r->n_lines - 1].text = arena_printf(r->arena, "map %s: %zu put in, %zu taken out",
						     s->name, d->n_add, d->n_drop);
}

static int apply_state_put(struct nft_batch *b, const struct plan *p, const struct desired *to,
			   struct nft_seen *seen, struct apply_report *r)
{
	for (size_t i = 0; i < p->n_sets; i++) {
		const struct plan_set *s = p->sets[i];
		const struct nft_seen_set *has;
		const struct plan_element *wanted;
		struct nft_state_diff d;
		size_t n;

		if (s->content != PLAN_CONTENT_STATE)
			continue;
		has = nft_decode_find_set(seen, s->table, s->name);
		if (!has)
			return apply_state_fail(r, -ENOENT,
						arena_printf(r->arena, "map %s", s->name), NULL);
		wanted = apply_state_wanted(p, to, s, &n);
		nft_state_diff_build(s, wanted, n, has, seen->arena, &d);
		if (d.n_drop)
			nft_element_delete_reported(b, s, s->name, d.drop, d.n_drop);
		if (d.n_add)
			nft_element_add(b, s, s->name, d.add, d.n_add, SIZE_MAX);
		if (d.n_drop + d.n_add)
			apply_state_line(r, s, &d);
	}
	return 0;
}

static int apply_state_send(struct nl_socket *nft, struct nft_batch *b, struct apply_report *r)
{
	const char *what;
	const void *bytes;
	uint32_t ack_seq;
	size_t len;
	int k;

	if (nft_batch_is_empty(b))
		return 0;
	bytes = nft_batch_end(b, &len, &ack_seq);
	nl_socket_seq(nft, nft_batch_next_seq(b) - ack_seq);
	k = nl_socket_batch(nft, bytes, len, ack_seq);
	if (k == 0)
		return 0;
	what = nft_batch_what(b, nl_socket_reply(nft)->seq);
	return apply_state_fail(r, k, what ? what : "link state", nl_socket_reply(nft));
}

static int apply_state_try(struct nl_socket *nft, const struct plan *p, const struct desired *to,
			   struct apply_report *r)
{
	_cleanup_(nft_batch_freep) struct nft_batch *b = nft_batch_new();
	_cleanup_(arena_freep) struct arena *a = arena_new();
	struct nft_seen seen;
	int k = apply_seen_state(nft, p, a, &seen);

	if (k < 0)
		return apply_state_fail(r, k, "reading the link state", nl_socket_reply(nft));
	nft_batch_begin(b, nl_socket_seq(nft, 1), seen.generation);
	k = apply_state_put(b, p, to, &seen, r);
	return k < 0 ? k : apply_state_send(nft, b, r);
}

int apply_state_maps(struct nl_socket *nft, const struct plan *p, const struct desired *to,
		     struct apply_report *r)
{
	size_t n_lines = r->n_lines;

	for (int i = 0;; i++) {
		int k;

		r->n_lines = n_lines;
		k = apply_state_try(nft, p, to, r);
		if (k == 0) {
			r->error = NULL;
			return 0;
		}
		if (i + 1 == APPLY_STATE_TRIES || (k != -ERESTART && k != -EAGAIN && k != -EINTR))
			return k;
	}
}
