/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nft_rule.h"

#include <stdlib.h>
#include <string.h>

static bool nft_rule_text_equal(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static int nft_rule_anon_cmp(const void *pa, const void *pb)
{
	const struct nft_anon_element *a = pa, *b = pb;
	int r = memcmp(a->key, b->key, sizeof(a->key));

	return r ? r : (int)b->end - (int)a->end;
}

void nft_rule_sort_anon(struct nft_anon *s)
{
	if (s->n_elements)
		qsort(s->elements, s->n_elements, sizeof(*s->elements), nft_rule_anon_cmp);
}

bool nft_rule_anon_equal(const struct nft_anon *a, const struct nft_anon *b)
{
	if (a->key_type != b->key_type || a->key_len != b->key_len || a->interval != b->interval ||
	    a->n_elements != b->n_elements)
		return false;
	for (size_t i = 0; i < a->n_elements; i++)
		if (nft_rule_anon_cmp(&a->elements[i], &b->elements[i]))
			return false;
	return true;
}

bool nft_rule_expr_equal(const struct nft_expr *a, const struct nft_expr *b)
{
	if (a->kind == NFT_EXPR_UNKNOWN || a->kind != b->kind || a->reg != b->reg ||
	    a->key != b->key || a->op != b->op || a->offset != b->offset || a->len != b->len ||
	    a->map != b->map || memcmp(a->a, b->a, sizeof(a->a)) ||
	    memcmp(a->b, b->b, sizeof(a->b)))
		return false;
	if (!a->anon != !b->anon)
		return false;
	if (a->anon)
		return nft_rule_anon_equal(a->anon, b->anon);
	return nft_rule_text_equal(a->name, b->name);
}

bool nft_rule_same_work(const struct nft_rule *a, const struct nft_rule *b)
{
	if (a->n_exprs != b->n_exprs)
		return false;
	for (size_t i = 0; i < a->n_exprs; i++)
		if (!nft_rule_expr_equal(&a->exprs[i], &b->exprs[i]))
			return false;
	return true;
}

bool nft_rule_equal(const struct nft_rule *a, const struct nft_rule *b)
{
	return nft_rule_text_equal(a->comment, b->comment) && nft_rule_same_work(a, b);
}

bool nft_rule_uses_set(const struct nft_rule *r, const char *set)
{
	for (size_t i = 0; i < r->n_exprs; i++) {
		const struct nft_expr *e = &r->exprs[i];

		if ((e->kind == NFT_EXPR_LOOKUP || e->kind == NFT_EXPR_DYNSET) && !e->anon &&
		    nft_rule_text_equal(e->name, set))
			return true;
	}
	return false;
}

struct nft_expr *nft_rule_counter(const struct nft_rule *r)
{
	for (size_t i = 0; i < r->n_exprs; i++)
		if (r->exprs[i].kind == NFT_EXPR_COUNTER)
			return &r->exprs[i];
	return NULL;
}
