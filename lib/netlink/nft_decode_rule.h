/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One NFT_MSG_NEWRULE as a struct nft_rule. Pure. */
#pragma once

#include "netlink/nft_rule.h"

struct arena;
struct nlmsghdr;

/* Anything we never write becomes NFT_EXPR_UNKNOWN. -EBADMSG: not a rule. */
int nft_decode_rule_body(const struct nlmsghdr *nlh, struct arena *a, struct nft_rule *ret);

/* One text of nft's user data (type, length, value); NULL: not there. */
const char *nft_decode_rule_udata(const void *data, size_t len, uint8_t type, struct arena *a);
