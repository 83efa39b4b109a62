/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * arp and ndp: neighbours, the link's gateway first of all. Neither protocol has
 * room for an identity: an answer counts when it is to us, about the address
 * that was asked for, and within the round.
 */
#include "base/cleanup.h"
#include "base/memory.h"
#include "daemon/prober_socket.h"
#include "probe/arp.h"
#include "probe/ndp.h"

#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <netinet/icmp6.h>
#include <string.h>

#define READS_MAX 64

struct state {
	struct prober_run *run;
	int fd;
	ev_io io;
	bool has_mac;
	uint8_t mac[ARP_MAC_SIZE];
};

static bool has_host(const struct prober_run *run, size_t host)
{
	return run->probe->n_hosts[run->family] > host || (host == 0 && run->has_gateway);
}

/* Somebody who is asked has answered. */
static void take(struct prober_run *run, const struct inet_addr *who)
{
	for (size_t i = 0; i < run->n_questions; i++)
		if (has_host(run, i) && inet_addr_cmp(&run->questions[i].host, who) == 0)
			prober_run_answer(run, i);
}

static int start(struct prober_run *run, int fd, const struct state *as,
		 void (*on_readable)(struct ev_loop *, ev_io *, int))
{
	struct state *s = memory_alloc(sizeof(*s));

	*s = *as;
	s->run = run;
	s->fd = fd;
	ev_io_init(&s->io, on_readable, fd, EV_READ);
	ev_set_priority(&s->io, PROBER_PRIORITY);
	ev_io_start(prober_run_ev(run), &s->io);
	run->state = s;
	return 0;
}

static void neigh_release(struct prober_run *run)
{
	struct state *s = TAKE_PTR(run->state);

	ev_io_stop(prober_run_ev(run), &s->io);
	close(s->fd);
	free(s);
}

/* There is nothing of a question to be dropped. */
static void neigh_settle(struct prober_run *run)
{
}

/* ---- arp ---- */

static void on_arp(struct ev_loop *ev, ev_io *io, int revents)
{
	struct state *s = container_of(io, struct state, io);
	uint8_t packet[64];

	for (unsigned i = 0; i < READS_MAX; i++) {
		struct sockaddr_ll from = { 0 };
		socklen_t len = sizeof(from);
		struct arp_reply reply;
		ssize_t n = recvfrom(s->fd, packet, sizeof(packet), 0, (void *)&from, &len);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		/* PACKET_HOST: it was sent to us, not seen by a device that listens to all */
		if (n > 0 && from.sll_pkttype == PACKET_HOST &&
		    arp_reply_parse(packet, (size_t)n, &reply) &&
		    memcmp(reply.target_mac, s->mac, sizeof(s->mac)) == 0)
			take(s->run, &reply.sender);
	}
}

static int arp_prepare(struct prober_run *run)
{
	/* everything but replies (operation 2) is dropped in the kernel */
	struct sock_filter replies[] = {
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 6),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 2, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	const struct sock_fprog program = { .len = ARRAY_SIZE(replies), .filter = replies };
	const struct sockaddr_ll at = { .sll_family = AF_PACKET,
					.sll_protocol = htons(ETH_P_ARP),
					.sll_ifindex = run->ifindex };
	/* protocol 0: nothing comes before it is bound */
	_cleanup_(cleanup_closep) int fd =
		socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	struct state s = { .has_mac = true };
	int r;

	if (fd < 0)
		return -errno;
	r = prober_socket_mac(run, fd, s.mac);
	if (r < 0)
		return r;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0 ||
	    bind(fd, (const void *)&at, sizeof(at)) < 0)
		return -errno;
	return start(run, TAKE_FD(fd), &s, on_arp);
}

static int arp_ask(struct prober_run *run, size_t host)
{
	struct state *s = run->state;
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
				  .sll_protocol = htons(ETH_P_ARP),
				  .sll_ifindex = run->ifindex,
				  .sll_halen = ARP_MAC_SIZE };
	struct inet_addr source = { 0 };
	uint8_t packet[ARP_SIZE];

	if (!has_host(run, host))
		return -EDESTADDRREQ;
	memset(to.sll_addr, 0xff, ARP_MAC_SIZE);
	(void)prober_run_source(run, &run->questions[host].host, &source);
	arp_request_build(s->mac, &source, &run->questions[host].host, packet);
	if (sendto(s->fd, packet, sizeof(packet), 0, (const void *)&to, sizeof(to)) < 0)
		return -errno;
	return 0;
}

const struct prober_type prober_neigh_arp = {
	.prepare = arp_prepare,
	.release = neigh_release,
	.ask = arp_ask,
	.settle = neigh_settle,
};

/* ---- ndp ---- */

static int hop_limit_of(struct msghdr *msg)
{
	int limit = -1;

	for (struct cmsghdr *c = CMSG_FIRSTHDR(msg); c; c = CMSG_NXTHDR(msg, c))
		if (c->cmsg_level == IPPROTO_IPV6 && c->cmsg_type == IPV6_HOPLIMIT)
			memcpy(&limit, CMSG_DATA(c), sizeof(limit));
	return limit;
}

static void on_ndp(struct ev_loop *ev, ev_io *io, int revents)
{
	struct state *s = container_of(io, struct state, io);
	uint8_t packet[256], control[128];

	for (unsigned i = 0; i < READS_MAX; i++) {
		struct iovec iov = { .iov_base = packet, .iov_len = sizeof(packet) };
		struct msghdr msg = { .msg_iov = &iov,
				      .msg_iovlen = 1,
				      .msg_control = control,
				      .msg_controllen = sizeof(control) };
		ssize_t n = recvmsg(s->fd, &msg, 0);
		struct ndp_advert advert;

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n > 0 && ndp_advert_parse(packet, (size_t)n, hop_limit_of(&msg), &advert) &&
		    advert.solicited)
			take(s->run, &advert.target);
	}
}

static int ndp_prepare(struct prober_run *run)
{
	_cleanup_(cleanup_closep) int fd = prober_socket_open(run, SOCK_RAW, IPPROTO_ICMPV6);
	int hops = NDP_HOP_LIMIT, on = 1, off = 0, r;
	struct icmp6_filter adverts;
	struct state s = { 0 };

	if (fd < 0)
		return fd;
	ICMP6_FILTER_SETBLOCKALL(&adverts);
	ICMP6_FILTER_SETPASS(ND_NEIGHBOR_ADVERT, &adverts);
	if (setsockopt(fd, IPPROTO_ICMPV6, ICMP6_FILTER, &adverts, sizeof(adverts)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, &off, sizeof(off)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &run->ifindex, sizeof(int)) < 0 ||
	    setsockopt(fd, IPPROTO_IPV6, IPV6_RECVHOPLIMIT, &on, sizeof(on)) < 0)
		return -errno;
	r = prober_socket_mac(run, fd, s.mac);
	if (r < 0 && r != -EOPNOTSUPP)
		return r;
	s.has_mac = r == 0;
	return start(run, TAKE_FD(fd), &s, on_ndp);
}

static int ndp_ask(struct prober_run *run, size_t host)
{
	struct state *s = run->state;
	uint8_t packet[NDP_SOLICIT_MAX];
	const struct inet_addr *target = &run->questions[host].host;
	struct inet_addr group = ndp_solicit_group(target);
	union prober_address to;
	socklen_t len = prober_socket_address(run, &group, 0, &to);
	size_t n = ndp_solicit_build(target, s->has_mac ? s->mac : NULL, packet);

	if (!has_host(run, host))
		return -EDESTADDRREQ;
	if (sendto(s->fd, packet, n, 0, &to.any, len) < 0)
		return -errno;
	return 0;
}

const struct prober_type prober_neigh_ndp = {
	.prepare = ndp_prepare,
	.release = neigh_release,
	.ask = ndp_ask,
	.settle = neigh_settle,
};
