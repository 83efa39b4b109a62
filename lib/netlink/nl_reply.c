/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * NLMSG_ERROR carries, after the errno, the header of the request (only the
 * header with NETLINK_CAP_ACK, else the whole request) and with NETLINK_EXT_ACK
 * attributes behind it (linux/netlink.h, Documentation/userspace-api/netlink).
 */
#include "netlink/nl_reply.h"

#include "base/strbuf.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netlink.h>
#include <string.h>

static void nl_reply_copy_text(struct nl_reply *r, const char *text, size_t n)
{
	size_t i;

	for (i = 0; i < n && i < sizeof(r->text) - 1 && text[i]; i++)
		r->text[i] = text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '?';
	r->text[i] = '\0';
}

/* Attributes from byte `at` of the message to its end. */
static void nl_reply_parse_attrs(const struct nlmsghdr *nlh, size_t at, struct nl_reply *r)
{
	const char *base = (const char *)nlh;
	size_t end = nlh->nlmsg_len;

	while (at + sizeof(struct nlattr) <= end) {
		struct nlattr attr;
		size_t len;

		memcpy(&attr, base + at, sizeof(attr));
		if (attr.nla_len < sizeof(attr) || attr.nla_len > end - at)
			return;
		len = attr.nla_len - sizeof(attr);
		switch (attr.nla_type & NLA_TYPE_MASK) {
		case NLMSGERR_ATTR_MSG:
			nl_reply_copy_text(r, base + at + sizeof(attr), len);
			break;
		case NLMSGERR_ATTR_OFFS:
			if (len == sizeof(r->offset)) {
				memcpy(&r->offset, base + at + sizeof(attr), len);
				r->has_offset = true;
			}
			break;
		}
		at += NLMSG_ALIGN(attr.nla_len);
	}
}

int nl_reply_parse(const struct nlmsghdr *nlh, struct nl_reply *ret)
{
	const char *base = (const char *)nlh;
	struct nl_reply r = { 0 };
	struct nlmsgerr err;
	size_t at;

	if (nlh->nlmsg_type == NLMSG_DONE) {
		if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(r.error))
			return -ENOENT;
		memcpy(&r.error, base + NLMSG_HDRLEN, sizeof(r.error));
		r.seq = nlh->nlmsg_seq;
		at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(r.error));
	} else if (nlh->nlmsg_type == NLMSG_ERROR) {
		if (nlh->nlmsg_len < NLMSG_HDRLEN + sizeof(err))
			return -EBADMSG;
		memcpy(&err, base + NLMSG_HDRLEN, sizeof(err));
		r.error = err.error;
		r.seq = err.msg.nlmsg_seq;
		at = NLMSG_HDRLEN + sizeof(err);
		if (!(nlh->nlmsg_flags & NLM_F_CAPPED)) {
			if (err.msg.nlmsg_len < NLMSG_HDRLEN)
				return -EBADMSG;
			at += NLMSG_ALIGN(err.msg.nlmsg_len - NLMSG_HDRLEN);
		}
	} else {
		return -ENOENT;
	}
	if (nlh->nlmsg_flags & NLM_F_ACK_TLVS)
		nl_reply_parse_attrs(nlh, at, &r);
	*ret = r;
	return 0;
}

void nl_reply_print(const struct nl_reply *r, struct strbuf *out)
{
	strbuf_add(out, strerror(r->error < 0 ? -r->error : r->error));
	if (r->text[0])
		strbuf_addf(out, ": %s", r->text);
	if (r->error == -EPERM || r->error == -EACCES)
		strbuf_add(out, " (needs CAP_NET_ADMIN)");
}
