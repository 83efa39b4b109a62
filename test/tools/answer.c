/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * answer NAME: the far end of a link. Says NAME to whoever asks: to each UDP
 * datagram, each piece of a TCP stream (and at its start) and each ICMP echo
 * request of both families, followed by what was sent. Listens on port 7;
 * the namespace's nat chain (lib.sh) redirects every address and port there.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PORT	    7
#define CLIENTS_MAX 512

enum { FD_UDP, FD_ICMP4, FD_ICMP6, FD_LISTEN, FD_CLIENTS };

static struct pollfd fds[FD_CLIENTS + CLIENTS_MAX];
static const char *name;

static void die(const char *what)
{
	perror(what);
	exit(1);
}

static int inet_socket(int type)
{
	struct sockaddr_in6 any = { .sin6_family = AF_INET6, .sin6_port = htons(PORT) };
	int fd = socket(AF_INET6, type | SOCK_CLOEXEC, 0), one = 1, zero = 0;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &zero, sizeof(zero));
	setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		die("bind");
	return fd;
}

static int raw_socket(int family, int protocol)
{
	int fd = socket(family, SOCK_RAW | SOCK_CLOEXEC, protocol), one = 1;

	if (fd < 0)
		die("raw socket");
	if (family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &one, sizeof(one));
	else
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &one, sizeof(one));
	return fd;
}

/* Answers leave from the address that was asked, by any device. */
static void forget_device(struct msghdr *msg)
{
	struct in6_pktinfo info6;
	struct in_pktinfo info4;
	struct cmsghdr *c;

	for (c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c)) {
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_PKTINFO) {
			memcpy(&info6, CMSG_DATA(c), sizeof(info6));
			info6.ipi6_ifindex = 0;
			memcpy(CMSG_DATA(c), &info6, sizeof(info6));
		} else if (c->cmsg_level == IPPROTO_IP && c->cmsg_type == IP_PKTINFO) {
			memcpy(&info4, CMSG_DATA(c), sizeof(info4));
			info4.ipi_ifindex = 0;
			info4.ipi_spec_dst = info4.ipi_addr;
			memcpy(CMSG_DATA(c), &info4, sizeof(info4));
		}
	}
}

static uint16_t checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	if (n & 1)
		sum += (uint32_t)p[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

/* In: an echo request of n bytes. Out: the reply, NAME before its data. */
static size_t echo_reply(int family, uint8_t *icmp, size_t n, size_t room)
{
	size_t len = strlen(name) + 1;
	uint16_t sum;

	if (n < 8 || n + len > room ||
	    icmp[0] != (family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST))
		return 0;
	memmove(icmp + 8 + len, icmp + 8, n - 8);
	memcpy(icmp + 8, name, len - 1);
	icmp[8 + len - 1] = ' ';
	icmp[0] = family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;
	memset(icmp + 2, 0, 2);
	if (family == AF_INET) { /* the kernel sums ICMPv6 itself */
		sum = checksum(icmp, n + len);
		memcpy(icmp + 2, &sum, 2);
	}
	return n + len;
}

static void answer_datagram(int fd, int family)
{
	uint8_t buf[4096], control[256], *data = buf;
	struct sockaddr_in6 from;
	struct iovec iov[2] = { { .iov_base = buf, .iov_len = 2048 } };
	struct msghdr msg = { .msg_name = &from,
			      .msg_namelen = sizeof(from),
			      .msg_iov = iov,
			      .msg_iovlen = 1,
			      .msg_control = control,
			      .msg_controllen = sizeof(control) };
	ssize_t n = recvmsg(fd, &msg, MSG_DONTWAIT);
	char head[80];
	size_t header;

	if (n < 0)
		return;
	forget_device(&msg);
	if (family == AF_UNSPEC) { /* UDP */
		iov[1] = (struct iovec){ .iov_base = buf, .iov_len = (size_t)n };
		iov[0] = (struct iovec){ .iov_base = head,
					 .iov_len = (size_t)snprintf(head, sizeof(head), "%s ",
								     name) };
		msg.msg_iovlen = 2;
	} else {
		header = family == AF_INET ? (size_t)(buf[0] & 15) * 4 : 0;
		if ((size_t)n < header)
			return;
		data = buf + header;
		n = (ssize_t)echo_reply(family, data, (size_t)n - header, sizeof(buf) - header);
		if (n == 0)
			return;
		iov[0] = (struct iovec){ .iov_base = data, .iov_len = (size_t)n };
	}
	sendmsg(fd, &msg, MSG_DONTWAIT);
}

static void say(int fd)
{
	char line[80];
	int n = snprintf(line, sizeof(line), "%s\n", name);

	(void)!send(fd, line, (size_t)n, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static void welcome(int listener, nfds_t *n_fds)
{
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0)
		return;
	if (*n_fds == FD_CLIENTS + CLIENTS_MAX) {
		close(fd);
		return;
	}
	fds[(*n_fds)++] = (struct pollfd){ .fd = fd, .events = POLLIN };
	say(fd);
}

static void serve_stream(nfds_t i, nfds_t *n_fds)
{
	char buf[65536];
	ssize_t n = recv(fds[i].fd, buf, sizeof(buf), MSG_DONTWAIT);

	if (n > 0) {
		say(fds[i].fd);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close(fds[i].fd);
		fds[i] = fds[--*n_fds];
	}
}

int main(int argc, char **argv)
{
	nfds_t n_fds = FD_CLIENTS, i;

	if (argc != 2 || strlen(argv[1]) > 60) {
		fprintf(stderr, "usage: answer NAME\n");
		return 2;
	}
	name = argv[1];
	fds[FD_UDP] = (struct pollfd){ .fd = inet_socket(SOCK_DGRAM), .events = POLLIN };
	fds[FD_ICMP4] =
		(struct pollfd){ .fd = raw_socket(AF_INET, IPPROTO_ICMP), .events = POLLIN };
	fds[FD_ICMP6] =
		(struct pollfd){ .fd = raw_socket(AF_INET6, IPPROTO_ICMPV6), .events = POLLIN };
	fds[FD_LISTEN] = (struct pollfd){ .fd = inet_socket(SOCK_STREAM), .events = POLLIN };
	if (listen(fds[FD_LISTEN].fd, 128) < 0)
		die("listen");
	for (;;) {
		if (poll(fds, n_fds, -1) < 0 && errno != EINTR)
			die("poll");
		if (fds[FD_UDP].revents)
			answer_datagram(fds[FD_UDP].fd, AF_UNSPEC);
		if (fds[FD_ICMP4].revents)
			answer_datagram(fds[FD_ICMP4].fd, AF_INET);
		if (fds[FD_ICMP6].revents)
			answer_datagram(fds[FD_ICMP6].fd, AF_INET6);
		for (i = n_fds; i-- > FD_CLIENTS;)
			if (fds[i].revents)
				serve_stream(i, &n_fds);
		if (fds[FD_LISTEN].revents)
			welcome(fds[FD_LISTEN].fd, &n_fds);
	}
}
