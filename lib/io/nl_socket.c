/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "io/nl_socket.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "netlink/nl_message.h"

#include <errno.h>
#include <linux/netlink.h>
#include <poll.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>

/* More than the kernel ever puts into one datagram (32 KiB dumps, capped acks). */
#define NL_SOCKET_RECV_SIZE  (128u << 10)
#define NL_SOCKET_DUMP_TRIES 16
/* An answer is queued before sendto() returns; only a dump is made while it is read. */
#define NL_SOCKET_WAIT_MS 10000

struct nl_socket {
	int fd;
	uint32_t seq, port;
	size_t send_size, receive_size;
	struct nl_reply reply;
	struct strbuf dump; /* messages of a dump that is not yet known to be consistent */
	char buf[NL_SOCKET_RECV_SIZE] __attribute__((aligned(8)));
};

static void nl_socket_set_flag(int fd, int option)
{
	int on = 1;

	/* Kernels that lack one answer less precisely, that is all. */
	(void)setsockopt(fd, SOL_NETLINK, option, &on, sizeof(on));
}

int nl_socket_open(int protocol, struct nl_socket **ret)
{
	_cleanup_(nl_socket_closep) struct nl_socket *s = NULL;
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(addr);

	s = calloc(1, sizeof(*s));
	if (!s)
		return -ENOMEM;
	s->seq = 1;
	s->fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);
	if (s->fd < 0)
		return -errno;
	nl_socket_set_flag(s->fd, NETLINK_CAP_ACK);
	nl_socket_set_flag(s->fd, NETLINK_EXT_ACK);
	if (protocol == NETLINK_ROUTE)
		nl_socket_set_flag(s->fd, NETLINK_GET_STRICT_CHK);
	if (bind(s->fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0)
		return -errno;
	if (getsockname(s->fd, (struct sockaddr *)&addr, &len) < 0)
		return -errno;
	s->port = addr.nl_pid;
	*ret = TAKE_PTR(s);
	return 0;
}

struct nl_socket *nl_socket_close(struct nl_socket *s)
{
	if (!s)
		return NULL;
	if (s->fd >= 0)
		close(s->fd);
	strbuf_done(&s->dump);
	free(s);
	return NULL;
}

void nl_socket_closep(struct nl_socket **s)
{
	*s = nl_socket_close(*s);
}

int nl_socket_fd(const struct nl_socket *s)
{
	return s->fd;
}

uint32_t nl_socket_port(const struct nl_socket *s)
{
	return s->port;
}

uint32_t nl_socket_seq(struct nl_socket *s, uint32_t n)
{
	uint32_t first;

	/* 0 marks what nobody asked for (events) */
	if (s->seq > UINT32_MAX - n)
		s->seq = 1;
	first = s->seq;
	s->seq += n;
	return first;
}

const struct nl_reply *nl_socket_reply(const struct nl_socket *s)
{
	return &s->reply;
}

static size_t nl_socket_set_buffer(int fd, int forced, int plain, size_t size)
{
	int want = size > (1u << 30) ? 1 << 30 : (int)size;

	/* The kernel doubles the value for its own overhead, so `want` is what fits. */
	if (setsockopt(fd, SOL_SOCKET, forced, &want, sizeof(want)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, plain, &want, sizeof(want));
	return (size_t)want;
}

void nl_socket_grow_send(struct nl_socket *s, size_t size)
{
	if (size > s->send_size)
		s->send_size = nl_socket_set_buffer(s->fd, SO_SNDBUFFORCE, SO_SNDBUF, size);
}

void nl_socket_grow_receive(struct nl_socket *s, size_t size)
{
	if (size > s->receive_size)
		s->receive_size = nl_socket_set_buffer(s->fd, SO_RCVBUFFORCE, SO_RCVBUF, size);
}

static int nl_socket_send(struct nl_socket *s, const void *buf, size_t len)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	ssize_t n;

	do
		n = sendto(s->fd, buf, len, 0, (const struct sockaddr *)&addr, sizeof(addr));
	while (n < 0 && errno == EINTR);
	if (n < 0) {
		s->reply = (struct nl_reply){ .error = -errno };
		return -errno;
	}
	return 0;
}

/* One datagram into s->buf: its length, 0 when nothing waits, -errno. */
static ssize_t nl_socket_receive(struct nl_socket *s, int timeout_ms)
{
	for (;;) {
		struct sockaddr_nl addr = { 0 };
		struct iovec iov = { .iov_base = s->buf, .iov_len = sizeof(s->buf) };
		struct msghdr msg = {
			.msg_name = &addr,
			.msg_namelen = sizeof(addr),
			.msg_iov = &iov,
			.msg_iovlen = 1,
		};
		ssize_t n = recvmsg(s->fd, &msg, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			struct pollfd p = { .fd = s->fd, .events = POLLIN };
			int r = timeout_ms ? poll(&p, 1, timeout_ms) : 0;

			if (r < 0 && errno == EINTR)
				continue;
			if (r <= 0)
				return r < 0 ? -errno : 0;
			continue;
		}
		if (n < 0)
			return -errno;
		if (msg.msg_flags & MSG_TRUNC)
			return -EMSGSIZE;
		if (addr.nl_pid == 0) /* from the kernel; other processes may write to us too */
			return n;
	}
}

/* Outcome of one datagram. */
struct nl_socket_part {
	bool done; /* the answer is complete */
	bool interrupted; /* NLM_F_DUMP_INTR was seen */
	int error;
};

static int nl_socket_take_part(struct nl_socket *s, size_t n, uint32_t seq, nl_socket_cb cb,
			       void *data, struct nl_socket_part *part)
{
	const struct nlmsghdr *nlh;
	int r;

	nl_message_for_each(nlh, s->buf, n)
	{
		struct nl_reply reply;

		if (nlh->nlmsg_seq != seq || nlh->nlmsg_type == NLMSG_NOOP)
			continue; /* the rest of an answer that was given up */
		if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
			part->interrupted = true;
		if (nl_reply_parse(nlh, &reply) == 0) {
			part->done = true;
			if (reply.error) {
				s->reply = reply;
				part->error = reply.error;
			}
			continue;
		}
		if (nlh->nlmsg_type == NLMSG_DONE) {
			part->done = true;
			continue;
		}
		r = cb ? cb(nlh, data) : 0;
		if (r < 0)
			return r;
	}
	return 0;
}

static int nl_socket_answer(struct nl_socket *s, uint32_t seq, nl_socket_cb cb, void *data,
			    bool *interrupted)
{
	struct nl_socket_part part = { 0 };

	while (!part.done) {
		ssize_t n = nl_socket_receive(s, NL_SOCKET_WAIT_MS);
		int r;

		if (n <= 0) {
			s->reply = (struct nl_reply){ .error = n ? (int)n : -ETIMEDOUT };
			return s->reply.error;
		}
		r = nl_socket_take_part(s, (size_t)n, seq, cb, data, &part);
		if (r < 0)
			return r;
	}
	*interrupted = part.interrupted;
	return part.error;
}

static int nl_socket_keep(const struct nlmsghdr *nlh, void *data)
{
	struct nl_socket *s = data;
	static const char zeros[NLMSG_ALIGNTO];

	strbuf_addn(&s->dump, (const char *)nlh, nlh->nlmsg_len);
	strbuf_addn(&s->dump, zeros, NLMSG_ALIGN(nlh->nlmsg_len) - nlh->nlmsg_len);
	return 0;
}

static int nl_socket_replay(struct nl_socket *s, nl_socket_cb cb, void *data)
{
	/* cb may use this socket again: the dump's memory must not move under it. */
	_cleanup_(strbuf_done) struct strbuf kept = s->dump;
	size_t at = 0;
	int r;

	s->dump = STRBUF_NULL;
	while (cb && at < kept.len) {
		const struct nlmsghdr *nlh = (const void *)(kept.text + at);

		r = cb(nlh, data);
		if (r < 0)
			return r;
		at += NLMSG_ALIGN(nlh->nlmsg_len);
	}
	return 0;
}

int nl_socket_dump(struct nl_socket *s, struct nlmsghdr *req, nl_socket_cb cb, void *data)
{
	for (unsigned i = 0; i < NL_SOCKET_DUMP_TRIES; i++) {
		bool interrupted = false;
		int r;

		req->nlmsg_seq = nl_socket_seq(s, 1);
		req->nlmsg_flags |= NLM_F_REQUEST | NLM_F_DUMP;
		strbuf_reset(&s->dump);
		r = nl_socket_send(s, req, req->nlmsg_len);
		if (r < 0)
			return r;
		r = nl_socket_answer(s, req->nlmsg_seq, nl_socket_keep, s, &interrupted);
		/* nf_tables ends a dump with EINTR when the ruleset changed under it */
		if (r == -EINTR || r == -EAGAIN || r == -ENOBUFS || (r == 0 && interrupted))
			continue;
		if (r < 0)
			return r;
		return nl_socket_replay(s, cb, data);
	}
	s->reply = (struct nl_reply){ .error = -EINTR };
	return -EINTR;
}

int nl_socket_talk(struct nl_socket *s, struct nlmsghdr *req, nl_socket_cb cb, void *data)
{
	bool interrupted;
	int r;

	req->nlmsg_seq = nl_socket_seq(s, 1);
	req->nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	r = nl_socket_send(s, req, req->nlmsg_len);
	if (r < 0)
		return r;
	return nl_socket_answer(s, req->nlmsg_seq, cb, data, &interrupted);
}

int nl_socket_batch(struct nl_socket *s, const void *buf, size_t len, uint32_t ack_seq)
{
	bool acked = false, lost = false;
	int r, error = 0;

	/* sendto() fails beyond sk_sndbuf - 32 */
	nl_socket_grow_send(s, len + 4096);
	r = nl_socket_send(s, buf, len);
	if (r < 0)
		return r;
	/* The batch was processed inside sendto(): all there is to read is queued. */
	for (;;) {
		ssize_t n = nl_socket_receive(s, 0);
		const struct nlmsghdr *nlh;

		if (n == -ENOBUFS) {
			lost = true;
			continue;
		}
		if (n < 0)
			return (int)n;
		if (n == 0)
			break;
		nl_message_for_each(nlh, s->buf, (size_t)n)
		{
			struct nl_reply reply;

			if (nl_reply_parse(nlh, &reply) < 0)
				continue;
			if (reply.error && !error) {
				s->reply = reply;
				error = reply.error;
			} else if (!reply.error && reply.seq == ack_seq) {
				acked = true;
			}
		}
	}
	if (error)
		return error;
	if (lost || !acked) {
		s->reply = (struct nl_reply){ .error = -ENOBUFS };
		return -ENOBUFS;
	}
	return 0;
}

int nl_socket_join(struct nl_socket *s, unsigned group)
{
	if (setsockopt(s->fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	return 0;
}

int nl_socket_read(struct nl_socket *s, nl_socket_cb cb, void *data)
{
	bool lost = false;

	for (;;) {
		ssize_t n = nl_socket_receive(s, 0);
		const struct nlmsghdr *nlh;
		int r;

		if (n == -ENOBUFS) {
			lost = true;
			continue;
		}
		if (n < 0)
			return (int)n;
		if (n == 0)
			return lost ? -ENOBUFS : 0;
		nl_message_for_each(nlh, s->buf, (size_t)n)
		{
			r = cb ? cb(nlh, data) : 0;
			if (r < 0)
				return r;
		}
	}
}
