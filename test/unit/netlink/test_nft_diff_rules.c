/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any chain becomes any other, and a rule that is in both stays where it is. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "base/cleanup.h"
#include "netlink/nft_diff_rules.h"

#include <string.h>

static struct arena *arena;

static int setup(void **state)
{
	arena = arena_new();
	return 0;
}

static int teardown(void **state)
{
	arena = arena_free(arena);
	return 0;
}

/* One rule a letter: a counter and a verdict to chain "x"; handles from 1 on. */
static struct nft_rule *chain(const char *letters)
{
	size_t n = strlen(letters);
	struct nft_rule *r = arena_calloc(arena, n + 1, sizeof(*r));

	for (size_t i = 0; i < n; i++) {
		struct nft_expr *e = arena_calloc(arena, 2, sizeof(*e));

		e[0].kind = NFT_EXPR_COUNTER;
		e[0].packets = 100 + i;
		e[1].kind = NFT_EXPR_VERDICT;
		e[1].name = arena_strndup(arena, &letters[i], 1);
		r[i] = (struct nft_rule){ .exprs = e, .n_exprs = 2, .handle = i + 1 };
	}
	return r;
}

struct live {
	char letter;
	uint64_t handle;
};

static size_t find(const struct live *l, size_t n, uint64_t handle)
{
	for (size_t i = 0; i < n; i++)
		if (l[i].handle == handle)
			return i;
	fail_msg("no rule with handle %u", (unsigned)handle);
	return 0;
}

/* What the kernel makes of the edits. */
static size_t play(struct live *l, size_t n, const struct nft_edit *edits, size_t n_edits)
{
	for (size_t i = 0; i < n_edits; i++) {
		const struct nft_edit *e = &edits[i];
		size_t at = n;

		if (e->kind == NFT_EDIT_DELETE) {
			at = find(l, n, e->handle);
			memmove(&l[at], &l[at + 1], (--n - at) * sizeof(*l));
			continue;
		}
		if (e->kind == NFT_EDIT_REPLACE) {
			l[find(l, n, e->handle)].handle = 1000 + i;
			continue;
		}
		if (e->place == NFT_AT_START)
			at = 0;
		else if (e->place == NFT_BEHIND)
			at = find(l, n, e->handle) + 1;
		memmove(&l[at + 1], &l[at], (n++ - at) * sizeof(*l));
		l[at] = (struct live){ e->rule->exprs[1].name[0], 1000 + i };
	}
	return n;
}

/* Plays from -> to; returns how many rules stayed. */
static size_t become(const char *from, const char *to)
{
	struct live l[64];
	struct nft_edit *edits;
	size_t n = strlen(from), n_edits, stayed = 0;

	for (size_t i = 0; i < n; i++)
		l[i] = (struct live){ from[i], i + 1 };
	edits = nft_diff_rules(chain(from), n, chain(to), strlen(to), NULL, NULL, arena, &n_edits);
	n = play(l, n, edits, n_edits);
	assert_int_equal(n, strlen(to));
	for (size_t i = 0; i < n; i++) {
		assert_int_equal(l[i].letter, to[i]);
		stayed += l[i].handle < 1000;
	}
	return stayed;
}

static void chains_become_each_other(void **state)
{
	static const struct {
		const char *from, *to;
		size_t stay;
	} cases[] = {
		{ "", "", 0 },	      { "", "abc", 0 },	     { "abc", "", 0 },
		{ "abc", "abc", 3 },  { "abc", "abxc", 3 },  { "abc", "xabc", 3 },
		{ "abc", "abcx", 3 }, { "abc", "xyabc", 3 }, { "abc", "axyzbc", 3 },
		{ "abc", "ac", 2 },   { "abc", "xyz", 0 },   { "abc", "cab", 2 },
		{ "aaa", "aa", 2 },   { "aba", "bab", 2 },   { "abcdef", "axcyef", 4 },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		assert_int_equal(become(cases[i].from, cases[i].to), cases[i].stay);
}

static void all_short_chains_become_each_other(void **state)
{
	char from[6], to[6];

	for (unsigned i = 0; i < 3 * 3 * 3 * 3; i++)
		for (unsigned k = 0; k < 3 * 3 * 3 * 3; k++) {
			for (unsigned d = 0, x = i, y = k; d < 4; d++, x /= 3, y /= 3) {
				from[d] = (char)('a' + x % 3);
				to[d] = (char)('a' + y % 3);
			}
			from[4] = to[4 - i % 2] = '\0';
			become(from, to);
		}
}

static void another_comment_carries_the_count_over(void **state)
{
	struct nft_rule *seen = chain("ab"), *wanted = chain("ab");
	struct nft_edit *edits;
	size_t n;

	wanted[1].comment = "new";
	wanted[1].exprs[0].packets = 0;
	edits = nft_diff_rules(seen, 2, wanted, 2, NULL, NULL, arena, &n);
	assert_int_equal(n, 1);
	assert_int_equal(edits[0].kind, NFT_EDIT_REPLACE);
	assert_int_equal(edits[0].handle, 2);
	assert_int_equal(edits[0].rule->exprs[0].packets, 101);
	assert_int_equal(wanted[1].exprs[0].packets, 0);
}

static bool never_b(const struct nft_rule *r, const void *data)
{
	return r->exprs[1].name[0] == 'b';
}

static void a_veto_makes_a_rule_again(void **state)
{
	struct nft_edit *edits;
	size_t n;

	edits = nft_diff_rules(chain("abc"), 3, chain("abc"), 3, never_b, NULL, arena, &n);
	assert_int_equal(n, 2);
	assert_int_equal(edits[0].kind, NFT_EDIT_DELETE);
	assert_int_equal(edits[0].handle, 2);
	assert_int_equal(edits[1].kind, NFT_EDIT_ADD);
	assert_int_equal(edits[1].handle, 1);
}

int main(void)
{
#define FACT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		FACT(chains_become_each_other),
		FACT(all_short_chains_become_each_other),
		FACT(another_comment_carries_the_count_over),
		FACT(a_veto_makes_a_rule_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
