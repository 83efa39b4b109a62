/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Elements of the link-state maps (egress, alive, spread) as a batch: the whole of
 * a failover on the nft side. Pure: writes messages into a caller's buffer.
 */
#pragma once

#include "model/plan.h"

#include <stddef.h>
#include <sys/types.h>

/* Changes one map from `from` to `to`, both sorted by plan_element_cmp(). */
struct nft_state_change {
	const struct plan_set *map;
	const struct plan_element *from, *to;
	size_t n_from, n_to;
};

/*
 * One nfnetlink batch (begin .. end) that deletes what is only in `from` or
 * changed and adds what is only in `to` or changed, for all maps at once.
 * Sequence numbers start at seq; the last change, and only that, asks for an ack (*ret_ack_seq).
 * Returns bytes, 0 when nothing differs, -EMSGSIZE when it does not fit.
 */
ssize_t nft_state_encode(const struct nft_state_change *changes, size_t n, unsigned seq, void *buf,
			 size_t size, uint32_t *ret_ack_seq);
