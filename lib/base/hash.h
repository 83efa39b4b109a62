/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fast 64-bit streaming hash, to recognise that a set of prefixes is the one
 * loaded before. Not cryptographic: it stands against accidents, not against
 * someone who wants two inputs to collide. The result depends on the seed and the
 * bytes alone: not on how they are cut into calls, nor on the machine.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define HASH64_STRIDE 32

struct hash64 {
	uint64_t lanes[HASH64_STRIDE / 8];
	uint64_t total; /* bytes so far */
	uint8_t pending[HASH64_STRIDE]; /* total % HASH64_STRIDE of them are waiting here */
};

void hash64_init(struct hash64 *h, uint64_t seed);
void hash64_add(struct hash64 *h, const void *data, size_t size);
uint64_t hash64_done(const struct hash64 *h); /* leaves h as it is: more may be added */
