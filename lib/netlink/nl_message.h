/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages of a datagram, one after the other. (mnl_nlmsg_ok() takes
 * lengths beyond 2 GiB for negative and lets them pass.) Pure.
 */
#pragma once

#include <stddef.h>

struct nlmsghdr;

/* NULL: no whole message there. `buf` is aligned to 4. */
const struct nlmsghdr *nl_message_first(const void *buf, size_t len);
const struct nlmsghdr *nl_message_next(const void *buf, size_t len, const struct nlmsghdr *nlh);

#define nl_message_for_each(nlh, buf, len)                                                         \
	for ((nlh) = nl_message_first((buf), (len)); (nlh);                                        \
	     (nlh) = nl_message_next((buf), (len), (nlh)))
