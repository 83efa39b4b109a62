/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/carrier_below.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "io/nl_socket.h"
#include "model/plan.h"
#include "netlink/rtnl_encode.h"
#include "netlink/rtnl_lower.h"

#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX   4
#define DEVICES_MAX 256 /* in all: a bridge may have many ports */

struct all {
	struct rtnl_lower *devices;
	size_t n, cap;
};

static int on_device(const struct nlmsghdr *nlh, void *data)
{
	struct all *all = data;

	if (all->n == all->cap) {
		all->cap = all->cap ? all->cap * 2 : 16;
		all->devices =
			memory_realloc(all->devices, memory_mul(all->cap, sizeof(*all->devices)));
	}
	if (rtnl_lower_decode(nlh, &all->devices[all->n]) == 0)
		all->n++;
	return 0;
}

static int look(struct all *all)
{
	uint32_t buf[RTNL_ENCODE_MAX / sizeof(uint32_t)];
	struct nl_socket *s = NULL;
	int r = nl_socket_open(NETLINK_ROUTE, &s);

	if (r < 0)
		return r;
	if (rtnl_encode_dump(RTNL_DUMP_LINKS, 0, buf, sizeof(buf)) > 0)
		r = nl_socket_dump(s, (void *)buf, on_device, all);
	nl_socket_close(s);
	return r;
}

static void add(struct carrier_below *b, const struct rtnl_lower *device, size_t link, bool follows)
{
	struct carrier_below_device *d;

	if (b->n == DEVICES_MAX)
		return;
	if (b->n == b->cap) {
		b->cap = b->cap ? b->cap * 2 : 8;
		b->devices = memory_realloc(b->devices, memory_mul(b->cap, sizeof(*b->devices)));
	}
	d = &b->devices[b->n++];
	*d = (struct carrier_below_device){ .link = link, .follows = follows };
	memcpy(d->request.ifr_name, device->name, sizeof(d->request.ifr_name));
}

/* `follows`: all the way up to the link. */
static void descend(struct carrier_below *b, const struct all *all, const struct rtnl_lower *from,
		    size_t link, bool follows, unsigned depth)
{
	for (size_t i = 0; i < all->n && depth < DEPTH_MAX; i++) {
		const struct rtnl_lower *d = &all->devices[i];
		bool below = d->ifindex == from->link && from->follows;

		if (d == from || (!below && d->master != from->ifindex))
			continue;
		descend(b, all, d, link, follows && below, depth + 1);
		add(b, d, link, follows && below);
	}
}

void carrier_below_look(struct carrier_below *b, const struct plan *plan)
{
	struct all all = { 0 };

	if (look(&all) == 0) {
		b->n = 0;
		for (size_t i = 0; i < all.n; i++)
			for (size_t l = 0; l < plan->n_links; l++)
				if (!strcmp(all.devices[i].name, plan->links[l].device))
					descend(b, &all, &all.devices[i], l, true, 0);
	}
	free(all.devices);
}

void carrier_below_done(struct carrier_below *b)
{
	free(b->devices);
	*b = (struct carrier_below){ 0 };
}
