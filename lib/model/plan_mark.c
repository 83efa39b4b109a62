/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/plan_mark.h"

#include "base/arena.h"
#include "base/diag.h"
#include "model/plan_build.h"
#include "model/policy_read.h"

void plan_mark_init(struct plan_mark *m, struct plan_build *b)
{
	*m = (struct plan_mark){
		.build = b,
		.formula = b->plan->mark_mask == POLICY_MARK_MASK,
		.next = 1,
	};
}

uint32_t plan_mark_of_link(unsigned id)
{
	return id < 16 ? POLICY_MARK_BASE << 4 | id : POLICY_MARK_BASE << 8 | id;
}

uint32_t plan_mark_of_group(unsigned k)
{
	return k << 12 | POLICY_MARK_BASE;
}

/* Spreads the bits of v over the bits of the mask, lowest first. */
static uint32_t deposit(uint32_t v, uint32_t mask)
{
	uint32_t r = 0;

	for (unsigned bit = 0; bit < 32 && v; bit++)
		if (mask & (1u << bit)) {
			if (v & 1)
				r |= 1u << bit;
			v >>= 1;
		}
	return v ? 0 : r;
}

static const char *owner_of(const struct plan_mark *m, uint32_t mark)
{
	for (size_t i = 0; i < m->n_used; i++)
		if (m->used[i].mark == mark)
			return m->used[i].owner;
	return NULL;
}

static uint32_t deal(struct plan_mark *m, const char *pointer)
{
	struct plan_build *b = m->build;
	uint32_t mark;

	do {
		mark = deposit(m->next++, b->plan->mark_mask);
	} while (mark && owner_of(m, mark));
	if (mark || m->exhausted)
		return mark;
	m->exhausted = true;
	b->invalid = true;
	policy_fault(b->policy, b->faults, DIAG_ERROR, pointer,
		     "mark_mask 0x%x has room for %u marks, and this policy needs more",
		     b->plan->mark_mask, (unsigned)m->n_used);
	return 0;
}

uint32_t plan_mark_take(struct plan_mark *m, uint32_t want, bool given, const char *owner,
			const char *pointer)
{
	struct plan_build *b = m->build;
	const char *other;

	if (!given && !m->formula)
		want = deal(m, pointer);
	other = owner_of(m, want);
	if (want && other) {
		b->invalid = true;
		policy_fault(b->policy, b->faults, DIAG_ERROR, pointer,
			     "mark 0x%x of %s is taken by %s", want, owner, other);
	}
	*ARENA_PUSH(b->arena, m->used, m->n_used, m->cap_used) =
		(__typeof__(*m->used)){ want, owner, pointer };
	return want;
}

/* The highest free number below `want` or at it. */
static uint32_t free_below(const struct plan_mark *m, uint32_t want)
{
	while (want && owner_of(m, want))
		want--;
	return want;
}

uint32_t plan_mark_probe(struct plan_mark *m, uint32_t link_mark, const char *owner,
			 const char *pointer)
{
	uint32_t want = link_mark < 1u << 16   ? 0xffu << 16 | link_mark
			: link_mark < 1u << 20 ? 0xfu << 20 | link_mark
					       : POLICY_MARK_MASK;

	if (m->formula && owner_of(m, want))
		want = free_below(m, POLICY_MARK_MASK);
	return plan_mark_take(m, want, false, owner, pointer);
}

uint32_t plan_mark_pair(struct plan_mark *m, unsigned n, uint32_t link_mark, const char *owner,
			const char *pointer)
{
	struct plan_build *b = m->build;
	unsigned shift = link_mark < 1u << 16 ? 16 : 20;

	if (!m->formula)
		return plan_mark_take(m, 0, false, owner, pointer);
	if (link_mark < 1u << 20 && n < 1u << (24 - shift))
		return plan_mark_take(m, n << shift | link_mark, true, owner, pointer);
	b->invalid = true;
	struct diag *d =
		policy_fault(b->policy, b->faults, DIAG_ERROR, pointer,
			     "no mark left for %s beside the link's mark 0x%x", owner, link_mark);
	diag_hint(b->faults, d,
		  "give the link an id below 16, or a mark below 0x10000, or use fewer groups");
	return 0;
}
