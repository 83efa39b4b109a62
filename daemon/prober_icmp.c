/* SPDX-License-Identifier: GPL-2.0-or-later */
/* icmp: echo requests by a raw socket of the run's own. */
#include "base/cleanup.h"
#include "base/memory.h"
#include "daemon/prober_socket.h"
#include "probe/icmp.h"

#include <errno.h>
#include <linux/filter.h>
#include <string.h>

#define READS_MAX 64 /* packets, before others get their turn */

struct state {
	struct prober_run *run;
	int fd;
	ev_io io;
	uint16_t id, seq;
	struct icmp_echo *asked; /* by host */
	size_t n_asked;
};

/*
 * A raw socket gets every reply that comes by the device: those of others' pings are dropped in
 * the kernel. IPv4 packets have their IP header, IPv6 ones do not.
 */
static int set_filter(const struct prober_run *run, int fd, uint16_t id)
{
	struct sock_filter four[] = {
		BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),
		BPF_STMT(BPF_LD | BPF_B | BPF_IND, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 0, 3), /* echo reply */
		BPF_STMT(BPF_LD | BPF_H | BPF_IND, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, id, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_filter six[] = {
		BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 129, 0, 3), /* echo reply */
		BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 4),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, id, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0xffff),
		BPF_STMT(BPF_RET | BPF_K, 0),
	};
	struct sock_fprog four_program = { .len = ARRAY_SIZE(four), .filter = four };
	struct sock_fprog six_program = { .len = ARRAY_SIZE(six), .filter = six };

	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER,
		       run->family == INET4 ? &four_program : &six_program,
		       sizeof(four_program)) < 0)
		return -errno;
	return 0;
}

static void take(struct state *s, const uint8_t *packet, size_t n, const union prober_address *from)
{
	struct icmp_echo echo;

	if (!icmp_echo_parse(s->run->family, packet, n, &echo) || echo.id != s->id)
		return;
	for (size_t i = 0; i < s->n_asked && i < s->run->n_questions; i++) {
		const struct icmp_echo *asked = &s->asked[i];

		if (asked->seq == echo.seq &&
		    memcmp(asked->identity, echo.identity, sizeof(echo.identity)) == 0 &&
		    prober_socket_is_from(s->run, from, &s->run->questions[i].host))
			prober_run_answer(s->run, i);
	}
}

static void on_readable(struct ev_loop *ev, ev_io *io, int revents)
{
	struct state *s = container_of(io, struct state, io);
	uint8_t packet[256];

	for (unsigned i = 0; i < READS_MAX; i++) {
		union prober_address from = { 0 };
		socklen_t len = sizeof(from);
		ssize_t n = recvfrom(s->fd, packet, sizeof(packet), 0, &from.any, &len);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n > 0)
			take(s, packet, (size_t)n, &from);
		if (!s->run->n_undecided)
			return; /* most often that was all; else we are called again */
	}
}

static int icmp_prepare(struct prober_run *run)
{
	bool four = run->family == INET4;
	_cleanup_(cleanup_closep) int fd =
		prober_socket_open(run, SOCK_RAW, four ? IPPROTO_ICMP : IPPROTO_ICMPV6);
	struct state *s;
	uint16_t id;
	int r;

	if (fd < 0)
		return fd;
	r = prober_socket_random(&id, sizeof(id));
	if (r < 0)
		return r;
	r = set_filter(run, fd, id);
	if (r < 0)
		return r;
	s = memory_alloc(sizeof(*s));
	s->run = run;
	s->fd = TAKE_FD(fd);
	s->id = id;
	s->n_asked = run->probe->n_hosts[run->family];
	s->asked = memory_alloc(memory_mul(s->n_asked, sizeof(*s->asked)));
	ev_io_init(&s->io, on_readable, s->fd, EV_READ);
	ev_set_priority(&s->io, PROBER_PRIORITY);
	ev_io_start(prober_run_ev(run), &s->io);
	run->state = s;
	return 0;
}

static void icmp_release(struct prober_run *run)
{
	struct state *s = TAKE_PTR(run->state);

	ev_io_stop(prober_run_ev(run), &s->io);
	close(s->fd);
	free(s->asked);
	free(s);
}

static int icmp_ask(struct prober_run *run, size_t host)
{
	struct state *s = run->state;
	struct icmp_echo *echo = &s->asked[host];
	uint8_t packet[ICMP_ECHO_SIZE];
	union prober_address to;
	socklen_t len = prober_socket_address(run, &run->questions[host].host, 0, &to);
	int r;

	echo->id = s->id;
	echo->seq = ++s->seq;
	r = prober_socket_random(echo->identity, sizeof(echo->identity));
	if (r < 0)
		return r;
	icmp_echo_build(run->family, echo, packet);
	if (sendto(s->fd, packet, sizeof(packet), 0, &to.any, len) < 0)
		return -errno;
	return 0;
}

/* What still comes has an identity that nobody waits for. */
static void icmp_settle(struct prober_run *run)
{
	struct state *s = run->state;

	if (s)
		memset(s->asked, 0, s->n_asked * sizeof(*s->asked));
}

const struct prober_type prober_icmp = {
	.prepare = icmp_prepare,
	.release = icmp_release,
	.ask = icmp_ask,
	.settle = icmp_settle,
};
