/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/hash.h"

static uint64_t hash_of(uint64_t seed, const void *data, size_t size)
{
	struct hash64 h;

	hash64_init(&h, seed);
	hash64_add(&h, data, size);
	return hash64_done(&h);
}

/* Kept: a stored hash must not change its meaning between two versions. */
static void known_answers(void **state)
{
	static const struct {
		uint64_t seed;
		const char *text;
		uint64_t hash;
	} cases[] = {
		{ 0, "", UINT64_C(0xcb568b61cc39f5f) },
		{ 1, "", UINT64_C(0xecd88af759cb48c0) },
		{ 0, "10.0.0.0/8", UINT64_C(0xc1c41f5d0dea98a8) },
		{ 0, "The quick brown fox jumps over the lazy dog", UINT64_C(0x43aa78002bf825c1) },
	};

	for (size_t i = 0; i < ARRAY_SIZE(cases); i++)
		if (hash_of(cases[i].seed, cases[i].text, strlen(cases[i].text)) != cases[i].hash)
			fail_msg("\"%s\": %llx", cases[i].text,
				 (unsigned long long)hash_of(cases[i].seed, cases[i].text,
							     strlen(cases[i].text)));
}

static void cutting_does_not_matter(void **state)
{
	uint8_t data[200];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 37);
	for (size_t size = 0; size <= sizeof(data); size++) {
		uint64_t whole = hash_of(7, data, size);

		for (size_t step = 1; step <= 70; step++) {
			struct hash64 h;

			hash64_init(&h, 7);
			for (size_t at = 0; at < size; at += step) {
				hash64_add(&h, data + at, at + step < size ? step : size - at);
				hash64_add(&h, NULL, 0);
			}
			assert_int_equal(hash64_done(&h), whole);
			assert_int_equal(hash64_done(&h), whole); /* asking changes nothing */
		}
	}
}

static int compare(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return (x > y) - (x < y);
}

static void expect_distinct(uint64_t *hashes, size_t count)
{
	qsort(hashes, count, sizeof(*hashes), compare);
	for (size_t i = 1; i < count; i++)
		assert_int_not_equal(hashes[i - 1], hashes[i]);
}

static void every_number_of_zeros_differs(void **state)
{
	static const uint8_t zeros[1000];
	uint64_t hashes[sizeof(zeros) + 1];

	for (size_t n = 0; n <= sizeof(zeros); n++)
		hashes[n] = hash_of(0, zeros, n);
	expect_distinct(hashes, ARRAY_SIZE(hashes));
}

/* Each input bit, flipped, flips about half of the output's; every output bit is reached. */
static void every_bit_counts(void **state)
{
	enum { SIZE = 100 };
	uint8_t data[SIZE] = { 0 };
	uint64_t hashes[SIZE * 8 + 1], plain, reached = 0;
	unsigned long flips = 0;

	plain = hashes[SIZE * 8] = hash_of(3, data, SIZE);
	for (size_t bit = 0; bit < (size_t)SIZE * 8; bit++) {
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		hashes[bit] = hash_of(3, data, SIZE);
		data[bit / 8] ^= (uint8_t)(1u << bit % 8);
		flips += (unsigned long)__builtin_popcountll(hashes[bit] ^ plain);
		assert_in_range(__builtin_popcountll(hashes[bit] ^ plain), 10, 54);
		reached |= hashes[bit] ^ plain;
	}
	assert_in_range(flips / (SIZE * 8), 30, 34);
	assert_int_equal(reached, UINT64_MAX);
	expect_distinct(hashes, ARRAY_SIZE(hashes));
}

static void order_and_seed_count(void **state)
{
	uint64_t hashes[6];
	char words[64];

	memset(words, 'a', 32);
	memset(words + 32, 'b', 32);
	hashes[0] = hash_of(0, words, 64);
	hashes[1] = hash_of(1, words, 64);
	memset(words, 'b', 32);
	memset(words + 32, 'a', 32);
	hashes[2] = hash_of(0, words, 64);
	memset(words, 'a', 8); /* a word changed between lanes */
	hashes[3] = hash_of(0, words, 64);
	memset(words, 'b', 8);
	memset(words + 8, 'a', 8);
	hashes[4] = hash_of(0, words, 64);
	hashes[5] = hash_of(0, words, 63);
	expect_distinct(hashes, ARRAY_SIZE(hashes));
}

/* A million neighbouring small inputs; by chance two of them meet once in 4e7 such tests. */
static void neighbouring_prefixes_do_not_meet(void **state)
{
	enum { COUNT = 1000000 };
	_cleanup_(cleanup_freep) uint64_t *hashes = malloc(COUNT * sizeof(*hashes));

	assert_non_null(hashes);
	for (uint32_t i = 0; i < COUNT; i++) {
		uint32_t range[2] = { i << 8, i << 8 | 0xff };

		hashes[i] = hash_of(0, range, sizeof(range));
	}
	expect_distinct(hashes, COUNT);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_answers),
		cmocka_unit_test(cutting_does_not_matter),
		cmocka_unit_test(every_number_of_zeros_differs),
		cmocka_unit_test(every_bit_counts),
		cmocka_unit_test(order_and_seed_count),
		cmocka_unit_test(neighbouring_prefixes_do_not_meet),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
