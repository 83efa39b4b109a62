/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * answer [-f FILE] NAME: the far end of a link. Says NAME to whoever asks: to
 * each UDP datagram, each piece of a TCP stream (and at its start) and each ICMP
 * echo request of both families that asks who we are (ask.c), followed by what
 * was sent; other echo requests are echoed as they are, as any host does.
 * Listens on port 7; the namespace's nat chain (lib.sh) redirects every address
 * and port there. FILE, read at each question, makes a bad line of it:
 *   DELAY_MS JITTER_MS LOSS_PERCENT
 * each UDP and ICMP answer comes after DELAY and a random part of JITTER, or
 * not at all.
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
#include <time.h>
#include <unistd.h>

#define PORT	    7
#define CLIENTS_MAX 512
#define LATE_MAX    2048

enum { FD_UDP, FD_ICMP4, FD_ICMP6, FD_LISTEN, FD_CLIENTS };

static struct pollfd fds[FD_CLIENTS + CLIENTS_MAX];
static const char *name, *quality_path;

/* Answers that wait for their time. */
static struct late {
	uint64_t due_ns;
	int fd;
	struct sockaddr_in6 to;
	socklen_t to_len;
	size_t n, n_control;
	uint8_t control[256], data[2300];
} late[LATE_MAX];
static size_t n_late;

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

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* When the answer is to leave; 0: never. */
static uint64_t when(void)
{
	double delay = 0, jitter = 0, loss = 0;
	FILE *f = quality_path ? fopen(quality_path, "re") : NULL;

	if (!f)
		return now_ns();
	if (fscanf(f, "%lf %lf %lf", &delay, &jitter, &loss) < 1)
		delay = 0;
	fclose(f);
	if (drand48() * 100 < loss)
		return 0;
	return now_ns() + (uint64_t)((delay + drand48() * jitter) * 1e6);
}

static void send_later(int fd, const struct msghdr *msg, uint64_t due_ns)
{
	struct late *l = &late[n_late];

	if (n_late == LATE_MAX || msg->msg_controllen > sizeof(l->control))
		return;
	*l = (struct late){ .due_ns = due_ns,
			    .fd = fd,
			    .to_len = msg->msg_namelen,
			    .n_control = msg->msg_controllen };
	memcpy(&l->to, msg->msg_name, msg->msg_namelen);
	memcpy(l->control, msg->msg_control, msg->msg_controllen);
	for (size_t i = 0; i < msg->msg_iovlen; i++) {
		memcpy(l->data + l->n, msg->msg_iov[i].iov_base, msg->msg_iov[i].iov_len);
		l->n += msg->msg_iov[i].iov_len;
	}
	n_late++;
}

/* What is due leaves; how long the next one has to wait, < 0: for ever. */
static int64_t send_due(void)
{
	uint64_t now = now_ns(), next = UINT64_MAX;

	for (size_t i = n_late; i-- > 0;) {
		struct late *l = &late[i];
		struct iovec iov = { .iov_base = l->data, .iov_len = l->n };
		struct msghdr msg = { .msg_name = &l->to,
				      .msg_namelen = l->to_len,
				      .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = l->control,
				      .msg_controllen = l->n_control };

		if (l->due_ns > now) {
			next = l->due_ns < next ? l->due_ns : next;
			continue;
		}
		sendmsg(l->fd, &msg, MSG_DONTWAIT);
		*l = late[--n_late];
	}
	return next == UINT64_MAX ? -1 : (int64_t)(next - now);
}

/* "#01234567\n": who are you? */
static int asks_for_name(const uint8_t *data, size_t n)
{
	return n >= 10 && data[0] == '#' && data[9] == '\n';
}

/* In: an echo request of n bytes. Out: the reply, NAME before its data where it was asked for. */
static size_t echo_reply(int family, uint8_t *icmp, size_t n, size_t room)
{
	size_t len = strlen(name) + 1;
	uint16_t sum;

	if (n < 8 || n + len > room ||
	    icmp[0] != (family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST))
		return 0;
	if (asks_for_name(icmp + 8, n - 8)) {
		memmove(icmp + 8 + len, icmp + 8, n - 8);
		memcpy(icmp + 8, name, len - 1);
		icmp[8 + len - 1] = ' ';
	} else {
		len = 0;
	}
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
	uint64_t due;
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
	due = when();
	if (due && due <= now_ns())
		sendmsg(fd, &msg, MSG_DONTWAIT);
	else if (due)
		send_later(fd, &msg, due);
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
	struct timespec ts;
	int64_t wait;

	if (argc == 4 && strcmp(argv[1], "-f") == 0) {
		quality_path = argv[2];
		argv += 2;
		argc -= 2;
	}
	if (argc != 2 || strlen(argv[1]) > 60) {
		fprintf(stderr, "usage: answer [-f FILE] NAME\n");
		return 2;
	}
	name = argv[1];
	srand48(getpid());
	fds[FD_UDP] = (struct pollfd){ .fd = inet_socket(SOCK_DGRAM), .events = POLLIN };
	fds[FD_ICMP4] =
		(struct pollfd){ .fd = raw_socket(AF_INET, IPPROTO_ICMP), .events = POLLIN };
	fds[FD_ICMP6] =
		(struct pollfd){ .fd = raw_socket(AF_INET6, IPPROTO_ICMPV6), .events = POLLIN };
	fds[FD_LISTEN] = (struct pollfd){ .fd = inet_socket(SOCK_STREAM), .events = POLLIN };
	if (listen(fds[FD_LISTEN].fd, 128) < 0)
		die("listen");
	for (;;) {
		wait = send_due();
		ts = (struct timespec){ wait / 1000000000, wait % 1000000000 };
		if (ppoll(fds, n_fds, wait < 0 ? NULL : &ts, NULL) < 0 && errno != EINTR)
			die("ppoll");
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
