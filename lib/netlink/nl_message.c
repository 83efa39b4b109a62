/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nl_message.h"

#include <linux/netlink.h>

static const struct nlmsghdr *nl_message_at(const void *buf, size_t len, size_t at)
{
	const struct nlmsghdr *nlh = (const void *)((const char *)buf + at);

	if (len < at || len - at < sizeof(*nlh))
		return NULL;
	return nlh->nlmsg_len >= sizeof(*nlh) && nlh->nlmsg_len <= len - at ? nlh : NULL;
}

const struct nlmsghdr *nl_message_first(const void *buf, size_t len)
{
	return nl_message_at(buf, len, 0);
}

const struct nlmsghdr *nl_message_next(const void *buf, size_t len, const struct nlmsghdr *nlh)
{
	size_t at = (size_t)((const char *)nlh - (const char *)buf);

	return nl_message_at(buf, len, at + NLMSG_ALIGN((size_t)nlh->nlmsg_len));
}
