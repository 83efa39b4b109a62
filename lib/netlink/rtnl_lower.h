/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a device stands on, for polls of the carrier. Pure. */
#pragma once

#include "model/netstate.h"

struct nlmsghdr;

struct rtnl_lower {
	int ifindex;
	char name[NETSTATE_NAME_MAX];
	int link; /* IFLA_LINK in this namespace, 0: none. A tunnel may have one without needing it */
	int master; /* the bridge, bond... it is a port of, 0: none */
	bool follows; /* has no carrier when `link` has none: macvlan, VLAN and their kind */
};

/* Of an RTM_NEWLINK. -EBADMSG: no such message; -ENODEV: it names no device. */
int rtnl_lower_decode(const struct nlmsghdr *nlh, struct rtnl_lower *ret);
