/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel says about a request: NLMSG_ERROR with its extended ack.
 * Pure: reads bytes, checks every length.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nlmsghdr;
struct strbuf;

#define NL_REPLY_TEXT_MAX 160

struct nl_reply {
	uint32_t seq; /* of the request it answers */
	int error; /* 0: acknowledged; else -errno */
	bool has_offset; /* NLMSGERR_ATTR_OFFS: byte in the request message */
	uint32_t offset;
	char text[NL_REPLY_TEXT_MAX]; /* NLMSGERR_ATTR_MSG, "" when none; printable */
};

/*
 * 0: *ret filled from an NLMSG_ERROR (or an NLMSG_DONE that carries an errno);
 * -ENOENT: the message is neither; -EBADMSG: too short.
 */
int nl_reply_parse(const struct nlmsghdr *nlh, struct nl_reply *ret);

/* "Operation not permitted (needs CAP_NET_ADMIN)", "File exists: <kernel's text>". */
void nl_reply_print(const struct nl_reply *r, struct strbuf *out);
