/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ask [OPTIONS] udp|tcp|icmp ADDRESS [PORT]: asks and prints who answered
 * (test/tools/answer.c), or "none" when nobody did, or "unreachable" when an
 * error came back. Always exit 0, but for faults of its own.
 *   -s ADDRESS  source address (not necessarily our own)  -p PORT  source port
 *   -q DSCP     0..63                                     -t MS    how long to wait (2000)
 *   -k          one socket, one question a line of stdin, one answer a line of stdout
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip_icmp.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct {
	int type, family, protocol, timeout_ms, dscp;
	struct sockaddr_storage to, source;
	socklen_t to_len, source_len;
	bool keep;
} opt = { .timeout_ms = 2000, .dscp = -1 };

static void die(const char *what)
{
	fprintf(stderr, "ask: %s: %s\n", what, strerror(errno));
	exit(1);
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static socklen_t parse(const char *addr, const char *port, struct sockaddr_storage *ret)
{
	struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
				  .ai_socktype = SOCK_DGRAM },
			*ai;
	socklen_t len;

	if (getaddrinfo(addr, port, &hints, &ai) != 0) {
		fprintf(stderr, "ask: bad address %s %s\n", addr, port);
		exit(2);
	}
	len = ai->ai_addrlen;
	memcpy(ret, ai->ai_addr, len);
	freeaddrinfo(ai);
	return len;
}

static int open_socket(void)
{
	int fd = socket(opt.family, opt.type | SOCK_CLOEXEC, opt.protocol), one = 1, tos;

	if (fd < 0)
		die("socket");
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
	/* so that "host unreachable" is told to datagram and raw sockets too */
	if (opt.type != SOCK_STREAM && opt.family == AF_INET)
		setsockopt(fd, IPPROTO_IP, IP_RECVERR, &one, sizeof(one));
	else if (opt.type != SOCK_STREAM)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &one, sizeof(one));
	if (opt.dscp >= 0) {
		tos = opt.dscp << 2;
		if (opt.family == AF_INET)
			setsockopt(fd, IPPROTO_IP, IP_TOS, &tos, sizeof(tos));
		else
			setsockopt(fd, IPPROTO_IPV6, IPV6_TCLASS, &tos, sizeof(tos));
	}
	if (opt.source_len) {
		if (opt.family == AF_INET)
			setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &one, sizeof(one));
		else
			setsockopt(fd, IPPROTO_IPV6, IPV6_FREEBIND, &one, sizeof(one));
		if (bind(fd, (struct sockaddr *)&opt.source, opt.source_len) < 0)
			die("bind");
	}
	return fd;
}

static const char *word_of_errno(int error)
{
	return error == EAGAIN || error == ETIMEDOUT || error == EINPROGRESS ? "none"
									     : "unreachable";
}

/* Waits for the answer that carries our question's id; puts its first word into `who`. */
static const char *hear(int fd, uint32_t id, char who[64])
{
	long deadline = now_ms() + opt.timeout_ms, left;
	char buf[2048], *text, *end, tag[16];
	ssize_t n;

	snprintf(tag, sizeof(tag), "#%08x", id);
	while ((left = deadline - now_ms()) > 0) {
		struct pollfd p = { .fd = fd, .events = POLLIN };

		if (poll(&p, 1, (int)left) <= 0)
			continue;
		n = recv(fd, buf, sizeof(buf) - 1, MSG_DONTWAIT);
		if (n < 0 && errno == EAGAIN)
			continue;
		if (n < 0)
			return word_of_errno(errno);
		if (n == 0)
			return "closed";
		text = buf;
		if (opt.type == SOCK_RAW) {
			size_t skip = (opt.family == AF_INET ? (size_t)(buf[0] & 15) * 4 : 0) + 8;
			uint8_t want = opt.family == AF_INET ? ICMP_ECHOREPLY : ICMP6_ECHO_REPLY;

			if ((size_t)n < skip || (uint8_t)buf[skip - 8] != want)
				continue;
			text += skip;
		}
		buf[n] = 0;
		end = memchr(text, opt.type == SOCK_STREAM ? '\n' : ' ', (size_t)(buf + n - text));
		if (!end || (opt.type != SOCK_STREAM && !strstr(end, tag)))
			continue;
		snprintf(who, 64, "%.*s", (int)(end - text), text);
		return who;
	}
	return "none";
}

static const char *question(int fd, char who[64])
{
	static uint32_t id;
	uint8_t buf[64] = { 0 };
	size_t n = 0;

	if (!id)
		id = (uint32_t)getpid() << 8 ^ (uint32_t)now_ms() << 4;
	id++;
	if (opt.type == SOCK_RAW) {
		struct icmphdr echo = {
			.type = opt.family == AF_INET ? ICMP_ECHO : ICMP6_ECHO_REQUEST,
			.un.echo = { .id = htons((uint16_t)getpid()), .sequence = htons(1) }
		};

		memcpy(buf, &echo, sizeof(echo));
		n = sizeof(echo);
	}
	n += (size_t)snprintf((char *)buf + n, sizeof(buf) - n, "#%08x\n", id);
	if (opt.type == SOCK_RAW && opt.family == AF_INET) {
		uint32_t sum = 0;
		uint16_t word;
		size_t i;

		for (i = 0; i < n; i += 2) {
			memcpy(&word, buf + i, 2); /* buf is zero behind the text */
			sum += word;
		}
		sum = (sum & 0xffff) + (sum >> 16);
		word = (uint16_t) ~((sum & 0xffff) + (sum >> 16));
		memcpy(buf + 2, &word, 2);
	}
	if (send(fd, buf, n, MSG_NOSIGNAL) < 0)
		return word_of_errno(errno);
	return hear(fd, id, who);
}

/* Connects; a TCP server speaks first. NULL: go on and ask. */
static const char *connect_to(int fd, char who[64])
{
	struct timeval tv = { opt.timeout_ms / 1000, opt.timeout_ms % 1000 * 1000 };

	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof(tv));
	if (connect(fd, (struct sockaddr *)&opt.to, opt.to_len) < 0)
		return word_of_errno(errno);
	return opt.type == SOCK_STREAM ? hear(fd, 0, who) : NULL;
}

static void parse_options(int argc, char **argv)
{
	const char *source = NULL, *sport = "0", *dport = "7";
	int c;

	while ((c = getopt(argc, argv, "s:p:q:t:k")) >= 0) {
		switch (c) {
		case 's':
			source = optarg;
			break;
		case 'p':
			sport = optarg;
			break;
		case 'q':
			opt.dscp = atoi(optarg);
			break;
		case 't':
			opt.timeout_ms = atoi(optarg);
			break;
		case 'k':
			opt.keep = true;
			break;
		default:
			exit(2);
		}
	}
	if (argc - optind < 2) {
		fprintf(stderr, "usage: ask [-s SRC] [-p SPORT] [-q DSCP] [-t MS] [-k] "
				"udp|tcp|icmp ADDRESS [PORT]\n");
		exit(2);
	}
	if (argc - optind > 2)
		dport = argv[optind + 2];
	opt.to_len = parse(argv[optind + 1], dport, &opt.to);
	opt.family = opt.to.ss_family;
	if (strcmp(argv[optind], "icmp") == 0) {
		opt.type = SOCK_RAW;
		opt.protocol = opt.family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
	} else {
		opt.type = strcmp(argv[optind], "tcp") == 0 ? SOCK_STREAM : SOCK_DGRAM;
	}
	if (source || strcmp(sport, "0") != 0)
		opt.source_len = parse(source		       ? source
				       : opt.family == AF_INET ? "0.0.0.0"
							       : "::",
				       sport, &opt.source);
}

int main(int argc, char **argv)
{
	char line[256], who[64];
	const char *answer;
	int fd;

	parse_options(argc, argv);
	fd = open_socket();
	answer = connect_to(fd, who);
	if (!opt.keep) {
		puts(answer ? answer : question(fd, who));
		return 0;
	}
	if (answer) { /* tcp: who took the connection */
		puts(answer);
		fflush(stdout);
	}
	while (fgets(line, sizeof(line), stdin)) {
		puts(question(fd, who));
		fflush(stdout);
	}
	return 0;
}
