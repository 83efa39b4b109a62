/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements as bytes: what the kernel gets, in how many pieces, and what it reports. */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/arena.h"
#include "netlink/nft_batch.h"
#include "netlink/nft_decode.h"
#include "netlink/nft_element.h"
#include "netlink/nft_state.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>
#include <string.h>

#define MANY 20000

static struct arena *arena;
static struct nft_batch *batch;
static struct plan_chain to_a = { .name = "to_a" }, to_b = { .name = "to_b" };
static struct plan_set map4 = {
	.name = "m", .type = PLAN_TYPE_IPV4_ADDR, .is_map = true, .interval = true
};
static struct plan_set set6 = { .name = "s", .type = PLAN_TYPE_IPV6_ADDR, .interval = true };
static struct plan_set egress = {
	.table = PLAN_TABLE_EGRESS, .name = "egress", .type = PLAN_TYPE_MARK_NFPROTO, .is_map = true
};

static int setup(void **state)
{
	arena = arena_new();
	batch = nft_batch_new();
	nft_batch_begin(batch, 10, 0);
	return 0;
}

static int teardown(void **state)
{
	arena = arena_free(arena);
	batch = nft_batch_free(batch);
	return 0;
}

/* Reads the elements of all messages of a type back. */
static size_t read_back(const void *bytes, size_t len, uint16_t type, struct nft_seen_set *ret)
{
	const struct nlmsghdr *nlh = bytes;
	int left = (int)len;
	size_t messages = 0;

	*ret = (struct nft_seen_set){ 0 };
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		if (nlh->nlmsg_type != 0xa00 + type)
			continue;
		messages++;
		if (type == NFT_MSG_NEWSETELEM)
			assert_int_equal(nlh->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL),
					 NLM_F_CREATE | NLM_F_EXCL);
		assert_int_equal(nft_decode_elements(nlh, arena, ret), 0);
	}
	assert_int_equal(left, 0);
	return messages;
}

static size_t close_and_read(uint16_t type, struct nft_seen_set *ret)
{
	uint32_t ack_seq;
	size_t len;
	const void *bytes = nft_batch_end(batch, &len, &ack_seq);

	return read_back(bytes, len, type, ret);
}

static struct plan_element range(const char *text, const struct plan_chain *chain)
{
	struct plan_element e = { .chain = chain };
	enum inet_family f;

	assert_int_equal(inet_parse_range(text, strlen(text), &f, &e.range), 0);
	return e;
}

static void an_interval_is_a_start_and_an_end(void **state)
{
	const struct plan_element e[] = { range("203.0.113.0/24", &to_a) };
	/* as nft sends it: key, data { verdict { code goto, chain } }; flags end, key */
	static const uint8_t
		want[] = {
			0x2c, 0,   1,	0x80, /* NFTA_LIST_ELEM */
			0x0c, 0,   1,	0x80, 8,    0,	  1,	0,    203,  0, 113, 0, /* key */
			0x1c, 0,   2,	0x80, 0x18, 0,	  2,	0x80, /* data: verdict */
			8,    0,   1,	0,    0xff, 0xff, 0xff, 0xfc, 9,    0, 2,   0,
			't',  'o', '_', 'a',  0,    0,	  0,	0,    0x18, 0, 1,   0x80,
			8,    0,   3,	0,    0,    0,	  0,	1, /* flags: end */
			0x0c, 0,   1,	0x80, 8,    0,	  1,	0,    203,  0, 114, 0,
		};
	const uint8_t *bytes;
	uint32_t ack_seq;
	size_t len, at;

	assert_int_equal(nft_element_add(batch, &map4, "m.b", e, 1, SIZE_MAX), 1);
	bytes = nft_batch_end(batch, &len, &ack_seq);
	assert_int_equal(ack_seq, 11);
	for (at = 0; at + sizeof(want) <= len && memcmp(bytes + at, want, sizeof(want)); at++)
		;
	assert_true(at + sizeof(want) <= len);
}

static void adjacent_intervals_keep_their_ends(void **state)
{
	const struct plan_element e[] = { range("10.0.0.0/24", &to_a),
					  range("10.0.1.0/24", &to_b) };
	struct nft_seen_set s;

	nft_element_add(batch, &map4, "m", e, 2, SIZE_MAX);
	assert_int_equal(close_and_read(NFT_MSG_NEWSETELEM, &s), 1);
	assert_int_equal(s.n_elements, 4);
	assert_memory_equal(s.elements[1].key, s.elements[2].key, 4);
	assert_true(s.elements[1].end);
	assert_false(s.elements[2].end);
	assert_string_equal(s.elements[2].chain, "to_b");
	assert_true(s.elements[2].is_goto);
}

static void a_slot_is_the_last_of_three_registers(void **state)
{
	static const struct plan_set spread = { .table = PLAN_TABLE_EGRESS,
						.name = "spread",
						.type = PLAN_TYPE_MARK_NFPROTO_SLOT,
						.is_map = true };
	const struct plan_element e[] = {
		{ .mark = 0x539, .nfproto = 2, .slot = 0, .chain = &to_a },
		{ .mark = 0x539, .nfproto = 10, .slot = 99, .chain = &to_b },
	};
	/* as nft sends 0x539 . ipv6 . 99 */
	static const uint8_t want[] = { 0x39, 5, 0, 0, 10, 0, 0, 0, 99, 0, 0, 0 };
	struct nft_seen_set s;

	nft_element_add(batch, &spread, "spread", e, 2, SIZE_MAX);
	close_and_read(NFT_MSG_NEWSETELEM, &s);
	assert_int_equal(s.n_elements, 2);
	assert_int_equal(s.elements[1].key_len, sizeof(want));
	assert_memory_equal(s.elements[1].key, want, sizeof(want));
	assert_string_equal(s.elements[1].chain, "to_b");
}

static void the_end_of_the_address_space_closes_nothing(void **state)
{
	const struct plan_element e[] = { range("ff00::/8", NULL) };
	struct nft_seen_set s;

	nft_element_add(batch, &set6, "s", e, 1, SIZE_MAX);
	close_and_read(NFT_MSG_NEWSETELEM, &s);
	assert_int_equal(s.n_elements, 1);
	assert_int_equal(s.elements[0].key_len, 16);
	assert_false(s.elements[0].end);
	assert_null(s.elements[0].chain);
}

static void a_big_set_goes_in_pieces(void **state)
{
	struct plan_element *e = arena_calloc(arena, MANY, sizeof(*e));
	struct nft_seen_set s;
	size_t messages, done;

	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t be = htonl(i * 512);

		memcpy(e[i].range.lo.bytes, &be, 4);
		e[i].range.hi = e[i].range.lo;
		e[i].chain = &to_a;
	}
	done = nft_element_add(batch, &map4, "m", e, MANY, 200000);
	assert_true(done > 1000 && done < MANY);
	assert_true(nft_batch_size(batch) < 300000);
	done += nft_element_add(batch, &map4, "m", e + done, MANY - done, SIZE_MAX);
	assert_int_equal(done, MANY);
	messages = close_and_read(NFT_MSG_NEWSETELEM, &s);
	assert_true(messages > 20); /* each below 64 KiB */
	assert_int_equal(s.n_elements, 2 * MANY);
	for (uint32_t i = 0; i < MANY; i++) {
		uint32_t start, end;

		memcpy(&start, s.elements[2 * i].key, 4);
		memcpy(&end, s.elements[2 * i + 1].key, 4);
		assert_int_equal(ntohl(start), i * 512);
		assert_int_equal(ntohl(end), i * 512 + 1);
	}
}

static void learnt_elements_keep_their_time(void **state)
{
	const struct nft_element e[] = {
		{ .key = { 1 }, .key_len = 4, .timeout_ms = 60000, .expires_ms = 1234 },
		{ .key = { 2 }, .key_len = 4 },
	};
	struct nft_seen_set s;

	nft_element_add_learnt(batch, &map4, "m", e, 2);
	close_and_read(NFT_MSG_NEWSETELEM, &s);
	assert_int_equal(s.n_elements, 2);
	assert_int_equal(s.elements[0].timeout_ms, 60000);
	assert_int_equal(s.elements[0].expires_ms, 1234);
	assert_int_equal(s.elements[1].timeout_ms, 0);
}

/* ---- the failover's batch ---- */

static const struct plan_element before[] = {
	{ .mark = 0x539, .nfproto = 2, .chain = &to_a },
	{ .mark = 0x539, .nfproto = 10, .chain = &to_a },
	{ .mark = 0x1539, .nfproto = 2, .chain = &to_a },
};
static const struct plan_element after[] = {
	{ .mark = 0x539, .nfproto = 2, .chain = &to_b },
	{ .mark = 0x539, .nfproto = 10, .chain = &to_a },
	{ .mark = 0x2539, .nfproto = 10, .chain = &to_b },
};
static char buf[8192] __attribute__((aligned(8)));

static void only_what_differs_is_swapped(void **state)
{
	const struct nft_state_change change = { &egress, before, after, 3, 3 };
	struct nft_seen_set s;
	uint32_t ack_seq;
	ssize_t n = nft_state_encode(&change, 1, 100, buf, sizeof(buf), &ack_seq);

	assert_true(n > 0);
	assert_int_equal(ack_seq, 102); /* begin, deletions, additions */
	assert_int_equal(read_back(buf, (size_t)n, NFT_MSG_DELSETELEM, &s), 1);
	assert_int_equal(s.n_elements, 2);
	assert_int_equal(read_back(buf, (size_t)n, NFT_MSG_NEWSETELEM, &s), 1);
	assert_int_equal(s.n_elements, 2);
	assert_string_equal(s.elements[0].chain, "to_b");
	/* 0x2539 in the host's order, nfproto 10 in the next register */
	assert_int_equal(s.elements[1].key_len, 8);
	assert_int_equal(s.elements[1].key[4], 10);
	assert_memory_equal(s.elements[1].key, &(uint32_t){ 0x2539 }, 4);
}

static void no_difference_is_no_batch(void **state)
{
	const struct nft_state_change change = { &egress, before, before, 3, 3 };
	uint32_t ack_seq;

	assert_int_equal(nft_state_encode(&change, 1, 1, buf, sizeof(buf), &ack_seq), 0);
}

static void a_small_buffer_is_told(void **state)
{
	const struct nft_state_change change = { &egress, NULL, after, 0, 3 };
	uint32_t ack_seq;

	for (size_t size = 0; size < 200; size += 20)
		assert_int_equal(nft_state_encode(&change, 1, 1, buf, size, &ack_seq), -EMSGSIZE);
}

static void a_cut_dump_is_read_no_further(void **state)
{
	const struct nft_state_change change = { &egress, NULL, after, 0, 3 };
	const struct nlmsghdr *nlh = (const void *)buf;
	uint32_t ack_seq;

	assert_true(nft_state_encode(&change, 1, 1, buf, sizeof(buf), &ack_seq) > 0);
	nlh = (const void *)((const char *)nlh + NLMSG_ALIGN(nlh->nlmsg_len));
	for (uint32_t len = NLMSG_HDRLEN; len < nlh->nlmsg_len; len++) {
		char *copy = malloc(len);
		struct nft_seen_set s = { 0 };

		memcpy(copy, nlh, len);
		((struct nlmsghdr *)(void *)copy)->nlmsg_len = len;
		(void)nft_decode_elements((void *)copy, arena, &s);
		assert_true(s.n_elements < 3 || len + 4 > nlh->nlmsg_len);
		free(copy);
	}
}

int main(void)
{
#define FACT(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
	const struct CMUnitTest tests[] = {
		FACT(an_interval_is_a_start_and_an_end),
		FACT(adjacent_intervals_keep_their_ends),
		FACT(a_slot_is_the_last_of_three_registers),
		FACT(the_end_of_the_address_space_closes_nothing),
		FACT(a_big_set_goes_in_pieces),
		FACT(learnt_elements_keep_their_time),
		FACT(only_what_differs_is_swapped),
		FACT(no_difference_is_no_batch),
		FACT(a_small_buffer_is_told),
		FACT(a_cut_dump_is_read_no_further),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
