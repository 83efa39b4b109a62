/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which name each object of a plan bears in the kernel. Slotted objects live
 * under their name or under name + ".b": the one that is loaded beside the
 * live one takes the slot that is free.
 */
#pragma once

#include "model/plan.h"

#include <stdbool.h>

struct arena;
struct nft_names;

struct nft_names *nft_names_new(struct arena *a, const struct plan *p); /* all in the first slot */

/* `object`: a set or chain of the plan; slots of fixed ones stay as they are. */
void nft_names_set_slot(struct nft_names *n, const void *object, bool second);
bool nft_names_slot(const struct nft_names *n, const void *object);

const char *nft_names_of_set(const struct nft_names *n, const struct plan_set *s);
const char *nft_names_of_chain(const struct nft_names *n, const struct plan_chain *c);
/* The name in one slot, whichever is chosen. */
const char *nft_names_in_slot(const struct nft_names *n, const void *object, bool second);
