/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * pulse [-r RATE] [-t SECONDS] [-g MS] ADDRESS...: to each address one UDP
 * flow of RATE datagrams a second (1000), all from one loop; tells which link
 * answered (test/tools/answer.c) and how long nobody did. On stdout, a line at once for
 *   answer ADDRESS SECONDS NAME               the first answer
 *   moved ADDRESS SECONDS OLD NEW SILENCE_MS LOST   another link answers
 *   silence ADDRESS SECONDS NAME SILENCE_MS LOST    the same one, after more than -g ms (20)
 * and at the end
 *   total ADDRESS SENT ANSWERED LAST_NAME
 * SECONDS since the start; silence: from the last answer before to the first
 * after. Ends after -t seconds, or at SIGTERM or SIGINT.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define FLOWS_MAX	16
#define MAGIC		0x70756c73u
#define LAST_ANSWERS_NS 200000000u /* how long to listen after the last question */

struct question {
	uint32_t magic, seq;
};

struct flow {
	const char *address;
	int fd;
	struct sockaddr_storage to;
	socklen_t to_len;
	uint32_t sent, answered, last_seq;
	uint64_t last_ns;
	char who[64];
};

static struct flow flows[FLOWS_MAX];
static size_t n_flows;
static uint64_t start_ns, gap_ns = 20000000;
static volatile sig_atomic_t stop;

static void on_signal(int sig)
{
	stop = 1;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void flow_open(struct flow *f, const char *address)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST, .ai_socktype = SOCK_DGRAM }, *ai;

	if (getaddrinfo(address, "7000", &hints, &ai) != 0) {
		fprintf(stderr, "pulse: bad address %s\n", address);
		exit(2);
	}
	f->address = address;
	memcpy(&f->to, ai->ai_addr, ai->ai_addrlen);
	f->to_len = ai->ai_addrlen;
	f->fd = socket(ai->ai_family, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	freeaddrinfo(ai);
	if (f->fd < 0) {
		perror("pulse: socket");
		exit(1);
	}
}

/* Not connected, so that no "unreachable" of the outage ends up as an error of the next send. */
static void flow_send(struct flow *f)
{
	struct question q = { .magic = MAGIC, .seq = ++f->sent };

	(void)!sendto(f->fd, &q, sizeof(q), MSG_DONTWAIT, (struct sockaddr *)&f->to, f->to_len);
}

static void flow_heard(struct flow *f, const char *who, uint32_t seq, uint64_t now)
{
	uint64_t silent = now - f->last_ns;
	double at = (double)(now - start_ns) / 1e9;
	uint32_t lost = seq > f->last_seq ? seq - f->last_seq - 1 : 0;

	if (!f->answered)
		printf("answer %s %.3f %s\n", f->address, at, who);
	else if (strcmp(f->who, who) != 0)
		printf("moved %s %.3f %s %s %.1f %u\n", f->address, at, f->who, who,
		       (double)silent / 1e6, lost);
	else if (silent > gap_ns)
		printf("silence %s %.3f %s %.1f %u\n", f->address, at, who, (double)silent / 1e6,
		       lost);
	snprintf(f->who, sizeof(f->who), "%.60s", who);
	f->answered++;
	f->last_ns = now;
	if (seq > f->last_seq)
		f->last_seq = seq;
}

static void flow_receive(struct flow *f, uint64_t now)
{
	char buf[256], *space;
	struct question q;
	ssize_t n;

	while ((n = recv(f->fd, buf, sizeof(buf), MSG_DONTWAIT)) >= 0) {
		space = memchr(buf, ' ', (size_t)n);
		if (!space || buf + n - space - 1 < (ssize_t)sizeof(q))
			continue;
		memcpy(&q, space + 1, sizeof(q));
		*space = 0;
		if (q.magic == MAGIC && q.seq + 1 > f->last_seq) /* what is late says nothing new */
			flow_heard(f, buf, q.seq, now);
	}
}

static void run(unsigned rate, double seconds)
{
	uint64_t period = 1000000000u / rate, next = start_ns, now, end = 0;
	struct timespec ts;
	size_t i;

	for (;;) {
		now = now_ns();
		for (i = 0; i < n_flows; i++)
			flow_receive(&flows[i], now);
		if (!end && (stop || (seconds > 0 && now - start_ns >= (uint64_t)(seconds * 1e9))))
			end = now;
		if (end && now - end > LAST_ANSWERS_NS)
			return;
		if (now >= next && !end) {
			for (i = 0; i < n_flows; i++)
				flow_send(&flows[i]);
			next += period;
			continue;
		}
		/* answers come within a fraction of a period: look twice in each */
		ts.tv_sec = 0;
		ts.tv_nsec = (long)((next > now ? next - now : period) / 2 + 1000);
		nanosleep(&ts, NULL);
	}
}

int main(int argc, char **argv)
{
	unsigned rate = 1000;
	double seconds = 0;
	size_t i;
	int c;

	while ((c = getopt(argc, argv, "r:t:g:")) >= 0) {
		if (c == 'r')
			rate = (unsigned)atoi(optarg);
		else if (c == 't')
			seconds = atof(optarg);
		else if (c == 'g')
			gap_ns = (uint64_t)(atof(optarg) * 1e6);
		else
			return 2;
	}
	for (; optind < argc && n_flows < FLOWS_MAX; optind++)
		flow_open(&flows[n_flows++], argv[optind]);
	if (!n_flows || !rate || rate > 100000) {
		fprintf(stderr, "usage: pulse [-r RATE] [-t SECONDS] [-g MS] ADDRESS...\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGTERM, on_signal);
	signal(SIGINT, on_signal);
	prctl(PR_SET_TIMERSLACK, 1000);
	start_ns = now_ns();
	run(rate, seconds);
	for (i = 0; i < n_flows; i++)
		printf("total %s %u %u %s\n", flows[i].address, flows[i].sent, flows[i].answered,
		       flows[i].answered ? flows[i].who : "none");
	return 0;
}
