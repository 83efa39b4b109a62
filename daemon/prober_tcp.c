/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * tcp and http: a connection to each host and round. tcp: connected is an
 * answer, and so is a refusal: the host has spoken. http: one with a good status.
 * The kernel checks that a SYN-ACK or RST belongs to our SYN; one that comes after
 * the round finds no socket any more.
 */
#include "base/cleanup.h"
#include "base/memory.h"
#include "daemon/prober_socket.h"
#include "probe/http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct attempt {
	struct prober_run *run;
	size_t host;
	int fd; /* -1: none */
	bool asked; /* http: the request is out */
	ev_io io;
	size_t n;
	uint8_t head[HTTP_HEAD_MAX];
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

/* ---- http ---- */

static bool is_good(const struct policy_probe *p, int status)
{
	if (!p->n_http_status)
		return status >= 200 && status <= 399;
	for (size_t i = 0; i < p->n_http_status; i++)
		if ((uint32_t)status >= p->http_status[i].lo &&
		    (uint32_t)status <= p->http_status[i].hi)
			return true;
	return false;
}

/* RFC 9110 7.2: the host, in brackets when it is IPv6, and a port that is not 80. */
static void host_header(const struct attempt *a, char *buf, size_t size)
{
	const struct policy_probe *p = a->run->probe;
	char text[INET_TEXT_MAX], port[8] = "";

	if (p->http_host) {
		snprintf(buf, size, "%s", p->http_host);
		return;
	}
	if (p->port != 80)
		snprintf(port, sizeof(port), ":%u", p->port);
	inet_print_addr(&a->run->questions[a->host].host, a->run->family, text);
	snprintf(buf, size, a->run->family == INET6 ? "[%s]%s" : "%s%s", text, port);
}

/* A request fits into the socket's empty buffer. */
static void send_request(struct attempt *a)
{
	char request[8192], host[1024];
	int n;

	host_header(a, host, sizeof(host));
	n = http_request_build(host, a->run->probe->http_path, request, sizeof(request));
	if (n < 0 || send(a->fd, request, (size_t)n, MSG_NOSIGNAL) != n) {
		finish(a, false);
		return;
	}
	a->asked = true;
	ev_io_stop(prober_run_ev(a->run), &a->io);
	ev_io_set(&a->io, a->fd, EV_READ);
	ev_io_start(prober_run_ev(a->run), &a->io);
}

static void read_status(struct attempt *a)
{
	ssize_t n = recv(a->fd, a->head + a->n, sizeof(a->head) - a->n, 0);
	int status;

	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		finish(a, false);
		return;
	}
	a->n += (size_t)n;
	status = http_status_parse(a->head, a->n);
	if (status)
		finish(a, status > 0 && is_good(a->run->probe, status));
}

/* ---- both ---- */

static void on_event(struct ev_loop *ev, ev_io *io, int revents)
{
	struct attempt *a = container_of(io, struct attempt, io);
	bool http = a->run->probe->type == POLICY_PROBE_HTTP;
	socklen_t len = sizeof(int);
	int error = 0;

	if (a->asked) {
		read_status(a);
		return;
	}
	if (getsockopt(a->fd, SOL_SOCKET, SO_ERROR, &error, &len) < 0)
		error = errno;
	if (http && !error)
		send_request(a);
	else
		finish(a, !error || (!http && error == ECONNREFUSED));
}

static int tcp_prepare(struct prober_run *run)
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

static int tcp_ask(struct prober_run *run, size_t host)
{
	struct attempt *a = attempt_of(run, host);
	int fd = prober_socket_connect(run, SOCK_STREAM, host, run->probe->port);

	if (fd < 0)
		return fd;
	a->fd = fd;
	a->n = 0;
	a->asked = false;
	ev_io_init(&a->io, on_event, fd, EV_WRITE);
	ev_set_priority(&a->io, PROBER_PRIORITY);
	ev_io_start(prober_run_ev(run), &a->io);
	return 0;
}

static void tcp_settle(struct prober_run *run)
{
	for (size_t i = 0; run->state && i < run->n_questions; i++)
		drop(attempt_of(run, i));
}

static void tcp_release(struct prober_run *run)
{
	tcp_settle(run);
	free(TAKE_PTR(run->state));
}

const struct prober_type prober_tcp = {
	.prepare = tcp_prepare,
	.release = tcp_release,
	.ask = tcp_ask,
	.settle = tcp_settle,
};
