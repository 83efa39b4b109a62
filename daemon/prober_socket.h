/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets that leave by a run's link and nowhere else. */
#pragma once

#include "daemon/prober_run.h"

#include <netinet/in.h>
#include <sys/socket.h>

union prober_address {
	struct sockaddr any;
	struct sockaddr_in in4;
	struct sockaddr_in6 in6;
};

/* Of the run's family, bound to its device, with its mark; does not block. fd or -errno. */
int prober_socket_open(const struct prober_run *run, int type, int protocol);
/* The same, connected or about to be, to a host of the round. */
int prober_socket_connect(const struct prober_run *run, int type, size_t host, uint16_t port);
/* Its length; a link-local address is one of the run's device. */
socklen_t prober_socket_address(const struct prober_run *run, const struct inet_addr *a,
				uint16_t port, union prober_address *ret);
bool prober_socket_is_from(const struct prober_run *run, const union prober_address *from,
			   const struct inet_addr *a);
/* Unguessable bytes. 0 or -errno. */
int prober_socket_random(void *buf, size_t n);
/* The Ethernet address of the run's device. -EOPNOTSUPP: it is no such device. */
int prober_socket_mac(const struct prober_run *run, int fd, uint8_t ret[6]);
