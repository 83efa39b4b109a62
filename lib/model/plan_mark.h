/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers for links and targets inside the mark mask.
 *
 * With the default mask every number follows from names and ids, never from
 * the order of rules, so that marks remembered by established flows keep their
 * meaning when the policy changes:
 *
 *   link id 1..15             0x539 << 4 | id          0x5397
 *   link id 16..255           0x539 << 8 | id          0x53920
 *   group "default"           0x539
 *   k-th other group          k << 12 | 0x539          0x1539
 *   target n on a link        n << 16 | link's mark    0x25397   (n << 20 for marks above 16 bits)
 *   "block"                   0x5390
 *   a link's probes           255 << 16 | link's mark  0xff5397   (15 << 20 for marks above 16 bits)
 *
 * With any other mask they are dealt out from 1 upwards in a fixed order.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct plan_build;

struct plan_mark {
	struct plan_build *build;
	bool formula; /* the default mask */
	uint32_t next; /* compact: the next value to deal out */
	struct {
		uint32_t mark;
		const char *owner; /* for the message of a collision */
		const char *pointer;
	} * used;
	size_t n_used, cap_used;
	bool exhausted;
};

void plan_mark_init(struct plan_mark *m, struct plan_build *b);
/* Takes `want`, or the next free one when compact and not `given`. Adds a fault on a collision. */
uint32_t plan_mark_take(struct plan_mark *m, uint32_t want, bool given, const char *owner,
			const char *pointer);
/* The mark of target number n on a link with this mark; 0 with a fault when there is no room. */
uint32_t plan_mark_pair(struct plan_mark *m, unsigned n, uint32_t link_mark, const char *owner,
			const char *pointer);

/*
 * For probes of a link with this mark: by the formula when that is free, else
 * any that is: no flow remembers it.
 */
uint32_t plan_mark_probe(struct plan_mark *m, uint32_t link_mark, const char *owner,
			 const char *pointer);

uint32_t plan_mark_of_link(unsigned id);
uint32_t plan_mark_of_group(unsigned k); /* 0: the group "default" */
#define PLAN_MARK_BLOCK 0x5390u
