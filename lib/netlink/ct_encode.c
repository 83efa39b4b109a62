/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/ct_encode.h"

#include "netlink/nl_attr.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <string.h>
#include <sys/socket.h>

#define CT_ENCODE_STATUS_MASK (CTA_FILTER + 1) /* CTA_STATUS_MASK, Linux 5.15 */

ssize_t ct_encode_delete(const struct netstate_flows *f, bool both, uint32_t seq, void *buf,
			 size_t size)
{
	struct nl_attr_writer w = { .buf = buf, .size = size };
	struct nlmsghdr head = {
		.nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE,
		.nlmsg_flags = NLM_F_REQUEST,
		.nlmsg_seq = seq,
	};
	/* version 0 would mean: whatever family (ctnetlink_del_conntrack()) */
	struct nfgenmsg nfg = {
		.nfgen_family = both		     ? AF_UNSPEC
				: f->family == INET4 ? AF_INET
						     : AF_INET6,
		.version = 1,
	};
	uint32_t len;

	nl_attr_put_raw(&w, &head, sizeof(head));
	nl_attr_put_raw(&w, &nfg, sizeof(nfg));
	nl_attr_put_u32(&w, CTA_MARK, htonl(f->mark));
	nl_attr_put_u32(&w, CTA_MARK_MASK, htonl(f->mask));
	nl_attr_put_u32(&w, CTA_STATUS, htonl(IPS_SRC_NAT));
	nl_attr_put_u32(&w, CT_ENCODE_STATUS_MASK, htonl(IPS_SRC_NAT));
	if (w.full)
		return 0;
	len = (uint32_t)w.len;
	memcpy(w.buf + offsetof(struct nlmsghdr, nlmsg_len), &len, sizeof(len));
	return (ssize_t)w.len;
}
