/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ctnetlink requests. Pure: messages go into the caller's 4-byte aligned
 * buffer; the sender completes NLM_F_ACK.
 */
#pragma once

#include "model/netstate.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define CT_ENCODE_MAX 64 /* bytes of one message */

/*
 * Deletes all entries of the family whose mark & mask is `mark` and whose source
 * is translated: those could only go on by the link whose address they bear.
 * The status filter is understood since Linux 5.15; older kernels pass over it
 * and delete untranslated entries as well, which costs those flows little: their
 * next packet makes a new entry (docs/decisions/013).
 * `both`: those of the other family too, in the same walk of the table.
 * Returns bytes, 0 when there is no room.
 */
ssize_t ct_encode_delete(const struct netstate_flows *f, bool both, uint32_t seq, void *buf,
			 size_t size);
