/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables, chains and sets as messages of a batch. Pure. Everything is created
 * exclusively: what exists already is an error, never silently merged.
 */
#pragma once

#include "model/plan.h"

#include <stddef.h>
#include <stdint.h>

struct nft_batch;

/* A set's attributes as nft writes them: what a plan asks for, or the kernel reports. */
struct nft_set_info {
	uint32_t flags; /* NFT_SET_* */
	uint32_t key_type, key_len; /* of nft's datatypes */
	bool is_map;
	uint32_t size; /* 0: unlimited */
	uint64_t timeout_ms;
	const char *comment;
};
struct nft_set_info nft_object_set_info(const struct plan_set *s);

/* What a chain is beside its rules. */
struct nft_chain_info {
	bool base;
	uint32_t hook; /* NF_INET_* */
	int32_t priority;
	const char *type; /* "filter" */
	const char *comment;
};
struct nft_chain_info nft_object_chain_info(const struct plan_chain *c);

/* `what` of these: the text for errors. `name`: the slot's name. */
void nft_object_add_table(struct nft_batch *b, enum plan_table t);
void nft_object_wake_table(struct nft_batch *b, enum plan_table t); /* not dormant */
void nft_object_delete_table(struct nft_batch *b, enum plan_table t);
void nft_object_add_chain(struct nft_batch *b, const struct plan_chain *c, const char *name);
void nft_object_delete_chain(struct nft_batch *b, enum plan_table t, const char *name);
void nft_object_add_set(struct nft_batch *b, const struct plan_set *s, const char *name);
void nft_object_delete_set(struct nft_batch *b, enum plan_table t, const char *name);
