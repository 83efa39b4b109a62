/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four independent lanes of 8-byte words keep the multipliers busy. A step is a
 * bijection of the lane for a given word and of the word for a given lane, so
 * inputs that differ in one word only never meet in the lanes.
 *
 * The constants are odd, and the first 64 bits after the point of the golden
 * ratio, pi, e and the square root of two.
 */
#include "base/hash.h"

#include <endian.h>
#include <string.h>

#define HASH64_PHI   UINT64_C(0x9e3779b97f4a7c15)
#define HASH64_PI    UINT64_C(0x243f6a8885a308d3)
#define HASH64_E     UINT64_C(0xb7e151628aed2a6b)
#define HASH64_SQRT2 UINT64_C(0x6a09e667f3bcc909)

static uint64_t rotate(uint64_t v, unsigned by)
{
	return v << by | v >> (64 - by);
}

static uint64_t step(uint64_t lane, uint64_t word)
{
	return rotate(lane ^ word * HASH64_E, 29) * HASH64_PHI + HASH64_PI;
}

static uint64_t finish(uint64_t v)
{
	v = (v ^ v >> 32) * HASH64_E;
	v = (v ^ v >> 29) * HASH64_PHI;
	return v ^ v >> 32;
}

static uint64_t load(const uint8_t *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return le64toh(v);
}

static void stride(uint64_t lanes[4], const uint8_t *p)
{
	for (size_t i = 0; i < 4; i++)
		lanes[i] = step(lanes[i], load(p + 8 * i));
}

void hash64_init(struct hash64 *h, uint64_t seed)
{
	*h = (struct hash64){ .lanes = { seed ^ HASH64_PHI, seed + HASH64_PI, seed ^ HASH64_E,
					 seed + HASH64_SQRT2 } };
}

void hash64_add(struct hash64 *h, const void *data, size_t size)
{
	size_t waiting = h->total % HASH64_STRIDE;
	const uint8_t *p = data;

	h->total += size;
	if (waiting + size < HASH64_STRIDE) {
		if (size)
			memcpy(h->pending + waiting, p, size);
		return;
	}
	if (waiting) {
		memcpy(h->pending + waiting, p, HASH64_STRIDE - waiting);
		stride(h->lanes, h->pending);
		p += HASH64_STRIDE - waiting;
		size -= HASH64_STRIDE - waiting;
	}
	for (; size >= HASH64_STRIDE; size -= HASH64_STRIDE, p += HASH64_STRIDE)
		stride(h->lanes, p);
	if (size)
		memcpy(h->pending, p, size);
}

uint64_t hash64_done(const struct hash64 *h)
{
	size_t waiting = h->total % HASH64_STRIDE;
	uint64_t lanes[4], v = h->total;

	memcpy(lanes, h->lanes, sizeof(lanes));
	if (waiting) {
		uint8_t last[HASH64_STRIDE] = { 0 };

		/* zeros at the end are told apart by the total */
		memcpy(last, h->pending, waiting);
		stride(lanes, last);
	}
	for (size_t i = 0; i < 4; i++)
		v = step(v, finish(lanes[i]));
	return finish(v);
}
