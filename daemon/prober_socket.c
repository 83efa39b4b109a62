/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/prober_socket.h"

#include "base/cleanup.h"

#include <errno.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/random.h>

int prober_socket_open(const struct prober_run *run, int type, int protocol)
{
	_cleanup_(cleanup_closep) int fd =
		socket(inet_af(run->family), type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, run->device,
		       (socklen_t)strlen(run->device) + 1) < 0)
		return -errno;
	if (setsockopt(fd, SOL_SOCKET, SO_MARK, &run->mark, sizeof(run->mark)) < 0)
		return -errno;
	return TAKE_FD(fd);
}

socklen_t prober_socket_address(const struct prober_run *run, const struct inet_addr *a,
				uint16_t port, union prober_address *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (run->family == INET4) {
		ret->in4.sin_family = AF_INET;
		ret->in4.sin_port = htons(port);
		memcpy(&ret->in4.sin_addr, a->bytes, 4);
		return sizeof(ret->in4);
	}
	ret->in6.sin6_family = AF_INET6;
	ret->in6.sin6_port = htons(port);
	memcpy(&ret->in6.sin6_addr, a->bytes, 16);
	if (inet_addr_is_linklocal6(a) || a->bytes[0] == 0xff)
		ret->in6.sin6_scope_id = (uint32_t)run->ifindex;
	return sizeof(ret->in6);
}

bool prober_socket_is_from(const struct prober_run *run, const union prober_address *from,
			   const struct inet_addr *a)
{
	if (run->family == INET4)
		return from->any.sa_family == AF_INET &&
		       memcmp(&from->in4.sin_addr, a->bytes, 4) == 0;
	return from->any.sa_family == AF_INET6 && memcmp(&from->in6.sin6_addr, a->bytes, 16) == 0;
}

int prober_socket_connect(const struct prober_run *run, int type, size_t host, uint16_t port)
{
	_cleanup_(cleanup_closep) int fd = prober_socket_open(run, type, 0);
	const struct linger at_once = { .l_onoff = 1 };
	union prober_address to;
	socklen_t len = prober_socket_address(run, &run->questions[host].host, port, &to);

	if (fd < 0)
		return fd;
	/* closed by a RST, so that no TIME_WAIT is left of each round */
	if (type == SOCK_STREAM)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
	if (connect(fd, &to.any, len) < 0 && errno != EINPROGRESS)
		return -errno;
	return TAKE_FD(fd);
}

int prober_socket_random(void *buf, size_t n)
{
	ssize_t r = getrandom(buf, n, GRND_NONBLOCK);

	if (r < 0)
		return -errno;
	return (size_t)r == n ? 0 : -EAGAIN;
}

int prober_socket_mac(const struct prober_run *run, int fd, uint8_t ret[6])
{
	struct ifreq ifr = { 0 };

	strncpy(ifr.ifr_name, run->device, sizeof(ifr.ifr_name) - 1);
	if (ioctl(fd, SIOCGIFHWADDR, &ifr) < 0)
		return -errno;
	if (ifr.ifr_hwaddr.sa_family != ARPHRD_ETHER)
		return -EOPNOTSUPP;
	memcpy(ret, ifr.ifr_hwaddr.sa_data, 6);
	return 0;
}
