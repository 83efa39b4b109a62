/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * dns: a question by UDP to each host, from a port of its own. The socket is
 * connected, so the kernel takes datagrams from the host and its port alone.
 */
#include "base/cleanup.h"
#include "base/memory.h"
#include "daemon/prober_socket.h"
#include "probe/dns.h"

#include <errno.h>

#define READS_MAX 16

struct attempt {
	struct prober_run *run;
	size_t host;
	int fd; /* -1: none */
	ev_io io;
	size_t n_query;
	uint8_t query[DNS_QUERY_MAX];
};

static struct attempt *attempt_of(struct prober_run *run, size_t host)
{
	return (struct attempt *)run->state + host;
}

static void drop(struct attempt *a)
{
	if (a->fd < 0)
		return;
	ev_io_stop(prober_run_ev(a->run), &a->io);
	close(a->fd);
	a->fd = -1;
}

static void finish(struct attempt *a, bool good)
{
	drop(a);
	if (good)
		prober_run_answer(a->run, a->host);
	else
		prober_run_no_answer(a->run, a->host);
}

static void on_readable(struct ev_loop *ev, ev_io *io, int revents)
{
	struct attempt *a = container_of(io, struct attempt, io);
	uint8_t answer[DNS_QUERY_MAX]; /* more of it is not looked at */

	for (unsigned i = 0; i < READS_MAX; i++) {
		ssize_t n = recv(a->fd, answer, sizeof(answer), 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) { /* an ICMP error to our question */
			finish(a, false);
			return;
		}
		switch (dns_answer_judge(a->query, a->n_query, answer, (size_t)n)) {
		case DNS_ANSWER_FOREIGN:
			break;
		case DNS_ANSWER_GOOD:
			finish(a, true);
			return;
		case DNS_ANSWER_BAD:
			finish(a, false);
			return;
		}
	}
}

static int dns_prepare(struct prober_run *run)
{
	size_t n = run->probe->n_hosts[run->family];
	struct attempt *attempts = memory_alloc(memory_mul(n + 1, sizeof(*attempts)));

	for (size_t i = 0; i < n; i++) {
		attempts[i].run = run;
		attempts[i].host = i;
		attempts[i].fd = -1;
	}
	run->state = attempts;
	return 0;
}

static int dns_ask(struct prober_run *run, size_t host)
{
	struct attempt *a = attempt_of(run, host);
	_cleanup_(cleanup_closep) int fd = -1;
	uint16_t id;
	int r = prober_socket_random(&id, sizeof(id));

	if (r < 0)
		return r;
	r = dns_query_build(id, run->probe->dns_name, a->query);
	if (r < 0)
		return r;
	a->n_query = (size_t)r;
	fd = prober_socket_connect(run, SOCK_DGRAM, host, run->probe->port);
	if (fd < 0)
		return fd;
	if (send(fd, a->query, a->n_query, MSG_NOSIGNAL) < 0)
		return -errno;
	a->fd = TAKE_FD(fd);
	ev_io_init(&a->io, on_readable, a->fd, EV_READ);
	ev_set_priority(&a->io, PROBER_PRIORITY);
	ev_io_start(prober_run_ev(run), &a->io);
	return 0;
}

static void dns_settle(struct prober_run *run)
{
	for (size_t i = 0; run->state && i < run->n_questions; i++)
		drop(attempt_of(run, i));
}

static void dns_release(struct prober_run *run)
{
	dns_settle(run);
	free(TAKE_PTR(run->state));
}

const struct prober_type prober_dns = {
	.prepare = dns_prepare,
	.release = dns_release,
	.ask = dns_ask,
	.settle = dns_settle,
};
