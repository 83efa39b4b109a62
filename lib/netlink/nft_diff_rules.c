/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nft_diff_rules.h"

#include "base/arena.h"
#include "base/memory.h"

#include <stdint.h>
#include <stdlib.h>

/* Beyond this many comparisons only the common start of the chains is kept. */
#define NFT_DIFF_RULES_TABLE_MAX (4u << 20)

struct nft_matching {
	const struct nft_rule *seen, *wanted;
	size_t n_seen, n_wanted;
	size_t *partner; /* by wanted rule: index into seen + 1; 0: new */
	bool *stays; /* by seen rule */
};

static void nft_match_pair(struct nft_matching *m, size_t seen, size_t wanted)
{
	m->partner[wanted] = seen + 1;
	m->stays[seen] = true;
}

/* Longest common subsequence of seen[first..] and wanted[first..]. */
static void nft_match_rest(struct nft_matching *m, size_t first, nft_edit_veto veto,
			   const void *data)
{
	size_t n = m->n_seen - first, k = m->n_wanted - first, width = k + 1;
	uint32_t *best;
	bool *same;

	if (n == 0 || k == 0 || n > NFT_DIFF_RULES_TABLE_MAX / k)
		return;
	best = memory_alloc(memory_mul(memory_mul(n + 1, width), sizeof(*best)));
	same = memory_alloc(memory_mul(n, k));
	for (size_t i = n; i-- > 0;)
		for (size_t j = k; j-- > 0;) {
			const struct nft_rule *s = &m->seen[first + i];
			uint32_t down = best[(i + 1) * width + j], right = best[i * width + j + 1];

			same[i * k + j] = nft_rule_same_work(s, &m->wanted[first + j]) &&
					  !(veto && veto(s, data));
			best[i * width + j] = same[i * k + j] ? best[(i + 1) * width + j + 1] + 1
					      : down > right  ? down
							      : right;
		}
	for (size_t i = 0, j = 0; i < n && j < k;) {
		if (same[i * k + j])
			nft_match_pair(m, first + i++, first + j++);
		else if (best[(i + 1) * width + j] >= best[i * width + j + 1])
			i++;
		else
			j++;
	}
	free(best);
	free(same);
}

static void nft_match_all(struct nft_matching *m, nft_edit_veto veto, const void *data)
{
	size_t first = 0;

	while (first < m->n_seen && first < m->n_wanted &&
	       nft_rule_equal(&m->seen[first], &m->wanted[first]) &&
	       !(veto && veto(&m->seen[first], data))) {
		nft_match_pair(m, first, first);
		first++;
	}
	nft_match_rest(m, first, veto, data);
}

/* A copy of the wanted rule that goes on counting where the seen one is. */
static const struct nft_rule *nft_with_counts(const struct nft_rule *wanted,
					      const struct nft_rule *seen, struct arena *a)
{
	struct nft_rule *r = arena_memdup(a, wanted, sizeof(*wanted));
	struct nft_expr *from = nft_rule_counter(seen), *to;

	r->exprs = arena_memdup(a, wanted->exprs, wanted->n_exprs * sizeof(*wanted->exprs));
	to = nft_rule_counter(r);
	if (from && to) {
		to->packets = from->packets;
		to->bytes = from->bytes;
	}
	return r;
}

/*
 * New rules between two that stay: behind the first, last one first; at the
 * chain's end they are appended in order.
 */
static size_t nft_add_gap(const struct nft_matching *m, size_t from, size_t to,
			  struct nft_edit *ret)
{
	size_t n = to - from;
	bool at_end = to == m->n_wanted;

	for (size_t i = 0; i < n; i++) {
		struct nft_edit *e = &ret[i];

		e->kind = NFT_EDIT_ADD;
		e->rule = &m->wanted[at_end ? from + i : to - 1 - i];
		if (at_end) {
			e->place = NFT_AT_END;
		} else if (from == 0) {
			e->place = NFT_AT_START;
		} else {
			e->place = NFT_BEHIND;
			e->handle = m->seen[m->partner[from - 1] - 1].handle;
		}
	}
	return n;
}

static size_t nft_add_all(const struct nft_matching *m, struct nft_edit *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n_wanted;) {
		size_t end = i;

		while (end < m->n_wanted && !m->partner[end])
			end++;
		n += nft_add_gap(m, i, end, ret + n);
		i = end + 1;
	}
	return n;
}

struct nft_edit *nft_diff_rules(const struct nft_rule *seen, size_t n_seen,
				const struct nft_rule *wanted, size_t n_wanted, nft_edit_veto veto,
				const void *data, struct arena *a, size_t *ret_n)
{
	struct nft_edit *edits = arena_calloc(a, n_seen + 2 * n_wanted + 1, sizeof(*edits));
	struct nft_matching m = {
		.seen = seen,
		.wanted = wanted,
		.n_seen = n_seen,
		.n_wanted = n_wanted,
		.partner = arena_calloc(a, n_wanted + 1, sizeof(size_t)),
		.stays = arena_calloc(a, n_seen + 1, sizeof(bool)),
	};
	size_t n = 0;

	nft_match_all(&m, veto, data);
	for (size_t i = 0; i < n_seen; i++)
		if (!m.stays[i])
			edits[n++] = (struct nft_edit){ .kind = NFT_EDIT_DELETE,
							.handle = seen[i].handle };
	n += nft_add_all(&m, edits + n);
	for (size_t i = 0; i < n_wanted; i++) {
		const struct nft_rule *old = m.partner[i] ? &seen[m.partner[i] - 1] : NULL;

		if (!old || nft_rule_equal(old, &wanted[i]))
			continue;
		edits[n++] = (struct nft_edit){ .kind = NFT_EDIT_REPLACE,
						.rule = nft_with_counts(&wanted[i], old, a),
						.place = NFT_REPLACE,
						.handle = old->handle };
	}
	*ret_n = n;
	return edits;
}
