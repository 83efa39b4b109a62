/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One nfnetlink transaction as bytes: begin, changes, end. Grows as needed;
 * remembers what each message is about, so that an error names the object.
 * Pure: the socket is the caller's (io/nl_socket.h, nl_socket_batch()).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;
struct nft_batch;

struct nft_batch *nft_batch_new(void);
struct nft_batch *nft_batch_free(struct nft_batch *b); /* NULL is fine; returns NULL */
void nft_batch_freep(struct nft_batch **b);

/*
 * Starts over with the first sequence number. genid != 0: the kernel refuses
 * the whole with ERESTART when the ruleset is no longer of that generation.
 */
void nft_batch_begin(struct nft_batch *b, uint32_t seq, uint32_t genid);

/*
 * The next change: NFT_MSG_*, family inet. At least NFT_BATCH_ROOM bytes may be
 * written behind the header with mnl_attr_put*; nft_batch_commit() takes it in.
 * `what` names the object for errors and must live as long as the batch.
 */
#define NFT_BATCH_ROOM (96u << 10)
struct nlmsghdr *nft_batch_message(struct nft_batch *b, uint16_t type, uint16_t flags,
				   const char *what);
void nft_batch_commit(struct nft_batch *b, struct nlmsghdr *nlh);

/* Numbers of the transaction's anonymous sets and chains. */
uint32_t nft_batch_id(struct nft_batch *b);

/* Closes it: the last change asks for an ack. Bytes; *ret_ack_seq of that change. */
const void *nft_batch_end(struct nft_batch *b, size_t *ret_len, uint32_t *ret_ack_seq);

bool nft_batch_is_empty(const struct nft_batch *b); /* no change in it */
size_t nft_batch_size(const struct nft_batch *b);
uint32_t nft_batch_next_seq(const struct nft_batch *b);
const char *nft_batch_what(const struct nft_batch *b, uint32_t seq); /* NULL: not of this batch */
