/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Level-triggered: read, compare, change; when somebody else changed the
 * ruleset meanwhile, all over again. What an attempt has loaded by then is kept.
 */
#include "io/apply_nft.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "io/apply.h"
#include "io/apply_seen.h"
#include "io/cgroup.h"
#include "io/nl_socket.h"
#include "model/desired.h"
#include "netlink/nft_batch.h"
#include "netlink/nft_diff.h"
#include "netlink/nft_element.h"
#include "netlink/nft_keep.h"
#include "netlink/nft_state.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <string.h>
#include <time.h>

#define APPLY_NFT_TRIES 10

/*
 * Loading in pieces: while one is committed no failover can be, so it should
 * take about 15 ms. But the kernel also walks all that is loaded already, at
 * each commit (90 ns an element), and all verdicts the live chains reach: so a
 * piece is never so small that this walk would be most of its cost, or a
 * million elements would take half a minute.
 */
#define APPLY_NFT_PIECE_FIRST 4000
#define APPLY_NFT_PIECE_MIN   1000
#define APPLY_NFT_PIECE_MAX   20000
#define APPLY_NFT_PIECE_US    15000
#define APPLY_NFT_ELEMENTS_MS 350 /* how many elements the kernel takes in a millisecond */
#define APPLY_NFT_PAUSE_NS    200000
/* While nothing of ours is there no failover can be held up, and few pieces mean few walks. */
#define APPLY_NFT_PIECE_FRESH 50000

/* Room for a failover: begin, end and at most two lists of each map; an element with its chain. */
#define APPLY_NFT_STATE_FIXED	 4096
#define APPLY_NFT_STATE_ELEMENT	 384
#define APPLY_NFT_STATE_MESSAGES 4096

struct apply_nft {
	struct nl_socket *nft;
	struct nft_batch *batch;
	struct apply_report *report;
	struct arena *arena;
	const char **loaded; /* names of sets loaded by this run */
	size_t n_loaded, cap_loaded;
	bool fresh; /* none of our tables was there */
	const struct apply_nft_how *how;
	bool passed; /* the barrier */
	int stopped; /* by the barrier: its -errno */
	uint32_t generation; /* of the ruleset as we know it, our own changes counted */
};

static unsigned long apply_nft_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (unsigned long)t.tv_sec * 1000000ul + (unsigned long)t.tv_nsec / 1000;
}

static int apply_nft_fail(struct apply_report *r, int error, const char *what,
			  const struct nl_reply *reply)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;
	struct nl_reply plain = { .error = error };

	strbuf_addf(&b, "nft: %s: ", what);
	nl_reply_print(reply && reply->error == error ? reply : &plain, &b);
	r->error = arena_strdup(r->arena, strbuf_text(&b));
	return error;
}

static void apply_nft_begin(struct apply_nft *n, uint32_t generation)
{
	nft_batch_begin(n->batch, nl_socket_seq(n->nft, 1), generation);
}

static int apply_nft_send(struct apply_nft *n)
{
	uint32_t ack_seq, next;
	unsigned long start, took;
	const char *what;
	const void *bytes;
	size_t len;
	int r;

	if (nft_batch_is_empty(n->batch))
		return 0;
	bytes = nft_batch_end(n->batch, &len, &ack_seq);
	next = nft_batch_next_seq(n->batch);
	nl_socket_seq(n->nft, next - ack_seq);
	start = apply_nft_now_us();
	r = nl_socket_batch(n->nft, bytes, len, ack_seq);
	took = apply_nft_now_us() - start;
	if (took > n->report->longest_commit_us)
		n->report->longest_commit_us = took;
	if (r == 0) {
		n->generation++;
		return 0;
	}
	what = nft_batch_what(n->batch, nl_socket_reply(n->nft)->seq);
	return apply_nft_fail(n->report, r, what ? what : "transaction", nl_socket_reply(n->nft));
}

/* ---- loading big sets --------------------------------------------------- */

static size_t apply_nft_next_piece(size_t piece, unsigned long took_us)
{
	unsigned long own_us = piece * 1000 / APPLY_NFT_ELEMENTS_MS;
	unsigned long walk_us = took_us > own_us ? took_us - own_us : 0;
	unsigned long left_us = walk_us < APPLY_NFT_PIECE_US ? APPLY_NFT_PIECE_US - walk_us : 0;
	size_t next =
		(left_us > walk_us / 2 ? left_us : walk_us / 2) * APPLY_NFT_ELEMENTS_MS / 1000;

	/* one slow commit among others is somebody else's doing */
	next = (piece + next) / 2;
	return next < APPLY_NFT_PIECE_MIN   ? APPLY_NFT_PIECE_MIN
	       : next > APPLY_NFT_PIECE_MAX ? APPLY_NFT_PIECE_MAX
					    : next;
}

static int apply_nft_load(struct apply_nft *n, const struct nft_step *s)
{
	const struct timespec pause = { .tv_nsec = APPLY_NFT_PAUSE_NS };
	size_t piece = n->fresh ? APPLY_NFT_PIECE_FRESH : APPLY_NFT_PIECE_FIRST;

	for (size_t done = 0; done < s->n;) {
		size_t take = s->n - done < piece ? s->n - done : piece;
		unsigned long start;
		int r;

		apply_nft_begin(n, 0);
		nft_element_add(n->batch, s->set, s->name, s->elements + done, take, SIZE_MAX);
		start = apply_nft_now_us();
		r = apply_nft_send(n);
		if (r < 0)
			return r;
		done += take;
		if (n->fresh)
			continue;
		piece = apply_nft_next_piece(piece, apply_nft_now_us() - start);
		if (done < s->n)
			nanosleep(&pause, NULL);
	}
	*ARENA_PUSH(n->arena, n->loaded, n->n_loaded, n->cap_loaded) = s->name;
	return 0;
}

/* ---- a whole plan ------------------------------------------------------- */

/*
 * Live chains are changed only in the ruleset the difference was made for; all
 * other steps fail safely by themselves when somebody else was faster.
 */
static uint32_t apply_nft_generation(const struct apply_nft *n, const struct nft_step *s)
{
	return s->phase == NFT_PHASE_SWITCH || s->phase == NFT_PHASE_EGRESS ? n->generation : 0;
}

static int apply_nft_pass(struct apply_nft *n)
{
	if (n->how->barrier && !n->passed)
		n->stopped = n->how->barrier(n->how->data);
	n->passed = true;
	return n->stopped;
}

/* Up to and without phase `end`. */
static int apply_nft_run(struct apply_nft *n, const struct nft_diff *d, enum nft_phase end)
{
	for (size_t i = 0; i < d->n_steps && d->steps[i].phase < end;) {
		unsigned transaction = d->steps[i].transaction;
		int r = d->steps[i].phase >= NFT_PHASE_EGRESS ? apply_nft_pass(n) : 0;

		if (r < 0)
			return r;
		if (d->steps[i].kind == NFT_STEP_LOAD) {
			r = apply_nft_load(n, &d->steps[i++]);
		} else {
			apply_nft_begin(n, apply_nft_generation(n, &d->steps[i]));
			for (; i < d->n_steps && d->steps[i].transaction == transaction; i++)
				nft_diff_put(n->batch, &d->steps[i]);
			r = apply_nft_send(n);
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int apply_nft_resolve(const char *path, uint64_t *ret_id, void *data)
{
	(void)data;
	return cgroup_id(path, ret_id);
}

static void apply_nft_lines(struct apply_report *r, const struct nft_diff *d)
{
	for (size_t i = 0; i < d->n_lines; i++) {
		(void)ARENA_PUSH(r->arena, r->lines, r->n_lines, r->cap_lines);
		r->lines[r->n_lines - 1].mark = d->lines[i].mark;
		r->lines[r->n_lines - 1].text = arena_strdup(r->arena, d->lines[i].text);
	}
}

/* Whether another attempt may do better: the ruleset is not the one we left. */
static bool apply_nft_moved(struct apply_nft *n, int error)
{
	uint32_t now;

	if (error == -ERESTART || error == -EAGAIN || error == -EINTR || error == -ENOBUFS)
		return true;
	return apply_seen_generation(n->nft, &now) == 0 && now != n->generation;
}

/* The state that stands now, in the caller's arena. */
static void apply_nft_made(const struct nft_wanted *w, struct arena *a, struct desired *d)
{
	d->egress = arena_memdup(a, w->egress, w->n_egress * sizeof(*w->egress));
	d->n_egress = w->n_egress;
	d->alive = arena_memdup(a, w->alive, w->n_alive * sizeof(*w->alive));
	d->n_alive = w->n_alive;
	d->spread = arena_memdup(a, w->spread, w->n_spread * sizeof(*w->spread));
	d->n_spread = w->n_spread;
}

static int apply_nft_attempt(struct apply_nft *n, const struct plan *p, struct desired *d,
			     bool first)
{
	const struct nft_resolver resolver = { .cgroup = apply_nft_resolve };
	struct nft_wanted w = {
		.plan = p,
		.egress = d->egress,
		.alive = d->alive,
		.spread = d->spread,
		.n_egress = d->n_egress,
		.n_alive = d->n_alive,
		.n_spread = d->n_spread,
		.resolver = &resolver,
		.loaded = n->loaded,
		.n_loaded = n->n_loaded,
	};
	struct nft_seen seen;
	struct nft_diff diff;
	int r = apply_seen_read(n->nft, p, n->arena, &seen);

	if (r < 0)
		return apply_nft_fail(n->report, r, "reading the ruleset", nl_socket_reply(n->nft));
	n->generation = seen.generation;
	if (first)
		n->fresh = !seen.tables[PLAN_TABLE_BYPASS].exists &&
			   !seen.tables[PLAN_TABLE_EGRESS].exists;
	if (n->how->keep_state)
		nft_keep_state(&w, &seen, n->arena);
	r = nft_diff_build(&w, &seen, n->arena, &diff);
	if (r < 0)
		return apply_nft_fail(n->report, r,
				      arena_printf(n->arena, "cgroup \"%s\"", diff.failed), NULL);
	if (first)
		apply_nft_lines(n->report, &diff);
	if (!n->how->dry_run)
		r = apply_nft_run(n, &diff, NFT_PHASE_END);
	if (r == 0 && !n->how->dry_run)
		r = apply_nft_pass(n);
	if (r == 0)
		apply_nft_made(&w, n->arena, d);
	return r;
}

/* What was loaded and is not to be used: no failure of this is worth a word. */
static void apply_nft_undo(struct apply_nft *n, const struct plan *p, const struct desired *d)
{
	const struct nft_resolver resolver = { .cgroup = apply_nft_resolve };
	struct nft_wanted w = {
		.plan = p,
		.egress = d->egress,
		.alive = d->alive,
		.spread = d->spread,
		.n_egress = d->n_egress,
		.n_alive = d->n_alive,
		.n_spread = d->n_spread,
		.resolver = &resolver,
	};
	const char *error = n->report->error;
	struct nft_seen seen;
	struct nft_diff diff;

	if (apply_seen_read(n->nft, p, n->arena, &seen) == 0 &&
	    nft_diff_build(&w, &seen, n->arena, &diff) == 0)
		(void)apply_nft_run(n, &diff, NFT_PHASE_TABLES);
	n->report->error = error;
}

int apply_nft_plan(struct nl_socket *nft, const struct plan *p, struct desired *d,
		   const struct apply_nft_how *how, struct arena *a, struct apply_report *r)
{
	_cleanup_(nft_batch_freep) struct nft_batch *batch = nft_batch_new();
	struct apply_nft n = { .nft = nft, .batch = batch, .report = r, .arena = a, .how = how };

	for (int i = 0;; i++) {
		int k = apply_nft_attempt(&n, p, d, i == 0);

		if (k == 0) {
			r->error = NULL;
			return 0;
		}
		if (n.stopped) {
			apply_nft_undo(&n, p, d);
			return k;
		}
		if (i + 1 == APPLY_NFT_TRIES || !n.generation || !apply_nft_moved(&n, k))
			return k;
	}
}

/* ---- a failover --------------------------------------------------------- */

int apply_nft_state(struct nl_socket *nft, const struct plan *p, const struct desired *from,
		    const struct desired *to, struct apply_report *r)
{
	const struct nft_state_change changes[] = {
		{ p->egress, from->egress, to->egress, from->n_egress, to->n_egress },
		{ p->alive, from->alive, to->alive, from->n_alive, to->n_alive },
		{ p->spread, from->spread, to->spread, from->n_spread, to->n_spread },
	};
	size_t n = p->spread ? ARRAY_SIZE(changes)
			     : ARRAY_SIZE(changes) - 1; /* without a balance group */
	size_t elements = from->n_egress + to->n_egress + from->n_alive + to->n_alive +
			  from->n_spread + to->n_spread;
	size_t size = APPLY_NFT_STATE_FIXED + elements * APPLY_NFT_STATE_ELEMENT;
	_cleanup_(cleanup_freep) void *buf = memory_alloc(size);
	uint32_t seq = nl_socket_seq(nft, APPLY_NFT_STATE_MESSAGES), ack_seq;
	ssize_t len = nft_state_encode(changes, n, seq, buf, size, &ack_seq);
	unsigned long start = apply_nft_now_us(), took;
	int k;

	if (len <= 0)
		return len < 0 ? apply_nft_fail(r, (int)len, "link state", NULL) : 0;
	k = nl_socket_batch(nft, buf, (size_t)len, ack_seq);
	took = apply_nft_now_us() - start;
	if (took > r->longest_commit_us)
		r->longest_commit_us = took;
	return k < 0 ? apply_nft_fail(r, k, "maps egress, alive and spread", nl_socket_reply(nft))
		     : 0;
}

/* ---- taking all away ---------------------------------------------------- */

static int apply_nft_delete_tables(struct apply_nft *n, const struct nft_seen *seen, bool dry_run)
{
	struct nft_diff lines = { 0 };

	apply_nft_begin(n, 0);
	for (int t = 0; t < PLAN_TABLE_COUNT; t++) {
		enum plan_table table = (enum plan_table)t;

		if (!seen->tables[t].exists)
			continue;
		nft_object_delete_table(n->batch, table);
		(void)ARENA_PUSH(n->arena, lines.lines, lines.n_lines, lines.cap_lines);
		lines.lines[lines.n_lines - 1].mark = '-';
		lines.lines[lines.n_lines - 1].text =
			arena_printf(n->arena, "table inet %s", plan_table_name(table));
	}
	apply_nft_lines(n->report, &lines);
	return dry_run ? 0 : apply_nft_send(n);
}

int apply_nft_remove(struct nl_socket *nft, bool dry_run, struct arena *a, struct apply_report *r)
{
	_cleanup_(nft_batch_freep) struct nft_batch *batch = nft_batch_new();
	struct apply_nft n = { .nft = nft, .batch = batch, .report = r, .arena = a };
	size_t n_lines = r->n_lines;

	for (int i = 0;; i++) {
		struct nft_seen seen;
		int k = apply_seen_read(nft, NULL, a, &seen);

		if (k < 0)
			return apply_nft_fail(r, k, "reading the ruleset", nl_socket_reply(nft));
		n.generation = seen.generation;
		r->n_lines = n_lines;
		k = apply_nft_delete_tables(&n, &seen, dry_run);
		if (k == 0) {
			r->error = NULL;
			return 0;
		}
		if (i + 1 == APPLY_NFT_TRIES || !apply_nft_moved(&n, k))
			return k;
	}
}
