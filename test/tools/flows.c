/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flows: sends one packet of each of many flows and tells where each came out.
 *
 *	flows -f NAME:NETNS:DEVICE:NEXTMAC ... -c NAME:NETNS:DEVICE ...
 *
 * -f: a place to send from (frames go to NEXTMAC); -c: a place to catch at.
 * NETNS is a file (/run/netns/x). Lines of stdin, one flow each:
 *
 *	FROM PROTO SRC SPORT DST DPORT DSCP ICMPTYPE SRCMAC
 *
 * PROTO is a number, SRCMAC "-" for the device's own; ports count for TCP and
 * UDP, SPORT is the identifier of an echo. Each packet ends with a number, by
 * which it is known again behind NAT. A line of stdout for each of stdin, in
 * order: the catcher's NAME, "unreachable" when an ICMP error about it came
 * back to a sender, "none".
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PLACES_MAX  16
#define WINDOW	    128 /* packets on their way at once: veth queues hold 1000 */
#define PATIENCE_MS 300 /* without any news; then what is missing is sent again */
#define TRIES	    3
#define MAGIC	    0x4f4d5246u

struct place {
	char name[32];
	int fd, ifindex;
	bool sender;
	uint8_t mac[6], next[6];
};

struct flow {
	uint8_t frame[128];
	size_t len;
	int from, at; /* places; at -1: nowhere yet, -2: unreachable */
	int tries;
};

static struct place places[PLACES_MAX];
static int n_places;
static struct flow *flows;
static size_t n_flows, outstanding;
static bool news; /* one of them was seen */

static void die(const char *what, const char *on)
{
	fprintf(stderr, "flows: %s %s: %s\n", what, on, strerror(errno));
	exit(1);
}

/* ---- places ------------------------------------------------------------- */

static int socket_in(const char *netns)
{
	int own = open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC), ns, fd, size = 8 << 20, one = 1;

	ns = open(netns, O_RDONLY | O_CLOEXEC);
	if (own < 0 || ns < 0 || setns(ns, CLONE_NEWNET) < 0)
		die("enter", netns);
	fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		die("packet socket in", netns);
	setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	setsockopt(fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &one, sizeof(one));
	if (setns(own, CLONE_NEWNET) < 0)
		die("leave", netns);
	close(own);
	close(ns);
	return fd;
}

static void place_add(const char *spec, bool sender)
{
	char name[32], netns[128], device[IFNAMSIZ], next[32] = "";
	struct place *p = &places[n_places];
	struct sockaddr_ll bind_to = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL) };
	struct ifreq ifr = { 0 };

	if (n_places == PLACES_MAX || sscanf(spec, "%31[^:]:%127[^:]:%15[^:]:%31s", name, netns,
					     device, next) != (sender ? 4 : 3)) {
		fprintf(stderr, "flows: bad place %s\n", spec);
		exit(2);
	}
	memcpy(p->name, name, sizeof(name));
	p->sender = sender;
	p->fd = socket_in(netns);
	memcpy(ifr.ifr_name, device, sizeof(device));
	if (ioctl(p->fd, SIOCGIFINDEX, &ifr) < 0)
		die("no device", spec);
	bind_to.sll_ifindex = p->ifindex = ifr.ifr_ifindex;
	if (ioctl(p->fd, SIOCGIFHWADDR, &ifr) < 0)
		die("no address of", spec);
	memcpy(p->mac, ifr.ifr_hwaddr.sa_data, 6);
	if (sender && sscanf(next, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &p->next[0], &p->next[1],
			     &p->next[2], &p->next[3], &p->next[4], &p->next[5]) != 6)
		die("bad address in", spec);
	if (bind(p->fd, (struct sockaddr *)&bind_to, sizeof(bind_to)) < 0)
		die("bind", spec);
	n_places++;
}

/* ---- packets ------------------------------------------------------------ */

static uint32_t sum16(const uint8_t *p, size_t n, uint32_t sum)
{
	size_t i;

	for (i = 0; i + 1 < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	return n & 1 ? sum + ((uint32_t)p[n - 1] << 8) : sum;
}

static void put_sum(uint8_t *at, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = ~sum & 0xffff;
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)sum;
}

static void put16(uint8_t *at, unsigned v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
}

struct spec {
	char from[32], src[64], dst[64], mac[32];
	unsigned proto, sport, dport, dscp, icmp_type;
};

/* Transport header and 8 bytes of trailer at `at`; returns the length. */
static size_t build_transport(uint8_t *at, const struct spec *s, uint32_t id, size_t *sum_at)
{
	size_t n = 0;

	*sum_at = 0;
	if (s->proto == IPPROTO_TCP) {
		n = 20;
		put16(at, s->sport);
		put16(at + 2, s->dport);
		put16(at + 6, id & 0xffff); /* sequence number */
		at[12] = 5 << 4;
		at[13] = 2; /* SYN */
		put16(at + 14, 65535);
		*sum_at = 16;
	} else if (s->proto == IPPROTO_UDP) {
		n = 8;
		put16(at, s->sport);
		put16(at + 2, s->dport);
		put16(at + 4, 16);
		*sum_at = 6;
	} else if (s->proto == IPPROTO_ICMP || s->proto == IPPROTO_ICMPV6) {
		n = 8;
		at[0] = (uint8_t)s->icmp_type;
		put16(at + 4, s->sport);
		put16(at + 6, 1);
		*sum_at = 2;
	} else {
		n = 16;
		put16(at, s->sport); /* where SCTP, UDP-Lite and DCCP have them */
		put16(at + 2, s->dport);
	}
	put16(at + n, MAGIC >> 16);
	put16(at + n + 2, MAGIC & 0xffff);
	put16(at + n + 4, id >> 16);
	put16(at + n + 6, id & 0xffff);
	return n + 8;
}

static void flow_build(struct flow *f, const struct spec *s, uint32_t id)
{
	struct place *p = &places[f->from];
	bool v6 = strchr(s->dst, ':');
	uint8_t *ip = f->frame + 14, *l4 = ip + (v6 ? 40 : 20);
	uint8_t *addresses = ip + (v6 ? 8 : 12);
	size_t alen = v6 ? 16 : 4, len, sum_at;

	memset(f->frame, 0, sizeof(f->frame));
	memcpy(f->frame, p->next, 6);
	memcpy(f->frame + 6, p->mac, 6);
	if (strcmp(s->mac, "-") != 0 &&
	    sscanf(s->mac, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", f->frame + 6, f->frame + 7,
		   f->frame + 8, f->frame + 9, f->frame + 10, f->frame + 11) != 6)
		die("bad hardware address", s->mac);
	put16(f->frame + 12, v6 ? ETH_P_IPV6 : ETH_P_IP);
	if (inet_pton(v6 ? AF_INET6 : AF_INET, s->src, addresses) != 1 ||
	    inet_pton(v6 ? AF_INET6 : AF_INET, s->dst, addresses + alen) != 1)
		die("bad address", s->dst);
	len = build_transport(l4, s, id, &sum_at);
	if (v6) {
		put16(ip, 6u << 12 | s->dscp << 6);
		put16(ip + 4, (unsigned)len);
		ip[6] = (uint8_t)s->proto;
		ip[7] = 64;
	} else {
		ip[0] = 0x45;
		ip[1] = (uint8_t)(s->dscp << 2);
		put16(ip + 2, (unsigned)len + 20);
		ip[8] = 64;
		ip[9] = (uint8_t)s->proto;
		put_sum(ip + 10, sum16(ip, 20, 0));
	}
	if (sum_at) /* the pseudo header is part of the sum, but for ICMP of IPv4 */
		put_sum(l4 + sum_at,
			sum16(l4, len,
			      s->proto == IPPROTO_ICMP
				      ? 0
				      : sum16(addresses, 2 * alen, (uint32_t)len + s->proto)));
	f->len = 14 + (v6 ? 40 : 20) + len;
}

/* ---- sending and catching ------------------------------------------------ */

static void flow_send(struct flow *f)
{
	struct pollfd p = { .fd = places[f->from].fd, .events = POLLOUT };

	f->tries++;
	while (send(places[f->from].fd, f->frame, f->len, MSG_DONTWAIT) < 0) {
		if (errno != EAGAIN && errno != ENOBUFS)
			die("send from", places[f->from].name);
		poll(&p, 1, 10);
	}
}

/* An ICMP error ends with what it complains about, so with its trailer too. */
static bool is_icmp_error(const uint8_t *ip, size_t n)
{
	if (ip[0] >> 4 == 4)
		return n > 28 && ip[9] == IPPROTO_ICMP && ip[20] == 3;
	return n > 48 && ip[6] == IPPROTO_ICMPV6 && ip[40] == 1;
}

static void caught(int place, const uint8_t *frame, size_t n)
{
	const uint8_t *ip = frame + 14, *tail;
	size_t len;
	uint32_t magic, id;
	bool error;

	if (n < 14 + 20 + 8)
		return;
	if (frame[12] == 0x08 && frame[13] == 0x00)
		len = (size_t)ip[2] << 8 | ip[3];
	else if (frame[12] == 0x86 && frame[13] == 0xdd)
		len = 40 + ((size_t)ip[4] << 8 | ip[5]);
	else
		return;
	if (len < 28 || len > n - 14)
		return;
	tail = ip + len - 8;
	memcpy(&magic, tail, 4);
	memcpy(&id, tail + 4, 4);
	id = ntohl(id);
	if (ntohl(magic) != MAGIC || id >= n_flows)
		return;
	error = is_icmp_error(ip, len);
	if (places[place].sender != error) /* errors count at home, packets abroad */
		return;
	if (flows[id].at == -1) {
		outstanding--;
		news = true;
	} else if (flows[id].at != (error ? -2 : place) && flows[id].tries == 1)
		fprintf(stderr, "flows: flow %u came out twice\n", id);
	flows[id].at = error ? -2 : place;
}

static void collect(int wait_ms)
{
	struct pollfd p[PLACES_MAX];
	uint8_t buf[2048];
	ssize_t n;
	int i;

	for (i = 0; i < n_places; i++)
		p[i] = (struct pollfd){ .fd = places[i].fd, .events = POLLIN };
	if (poll(p, (nfds_t)n_places, wait_ms) <= 0)
		return;
	for (i = 0; i < n_places; i++)
		while (p[i].revents && (n = recv(places[i].fd, buf, sizeof(buf), MSG_DONTWAIT)) > 0)
			caught(i, buf, (size_t)n);
}

static long now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Until at most `left` flows are on their way, or none has been seen for a while. */
static void wait_for(size_t left, long patience_ms)
{
	long since = now_ms();

	while (outstanding > left && now_ms() - since < patience_ms) {
		news = false;
		collect((int)patience_ms);
		if (news)
			since = now_ms();
	}
}

static void run(void)
{
	size_t i, given_up;
	int round;

	for (round = 0; round < TRIES; round++) {
		outstanding = given_up = 0;
		for (i = 0; i < n_flows; i++) {
			if (flows[i].at != -1)
				continue;
			outstanding++;
			flow_send(&flows[i]);
			if (outstanding < given_up + WINDOW)
				continue;
			wait_for(given_up + WINDOW / 2, PATIENCE_MS / 10);
			if (outstanding >= given_up + WINDOW / 2)
				given_up = outstanding;
		}
		wait_for(0, PATIENCE_MS);
	}
}

static void read_flows(void)
{
	size_t room = 0;
	char line[512];
	struct spec s;
	int i;

	while (fgets(line, sizeof(line), stdin)) {
		if (n_flows == room) {
			room = room ? room * 2 : 1024;
			flows = realloc(flows, room * sizeof(*flows));
			if (!flows)
				die("memory for", "flows");
		}
		if (sscanf(line, "%31s %u %63s %u %63s %u %u %u %31s", s.from, &s.proto, s.src,
			   &s.sport, s.dst, &s.dport, &s.dscp, &s.icmp_type, s.mac) != 9) {
			fprintf(stderr, "flows: bad line %s", line);
			exit(2);
		}
		for (i = 0; i < n_places; i++)
			if (places[i].sender && strcmp(places[i].name, s.from) == 0)
				break;
		if (i == n_places) {
			fprintf(stderr, "flows: no sender %s\n", s.from);
			exit(2);
		}
		flows[n_flows] = (struct flow){ .from = i, .at = -1 };
		flow_build(&flows[n_flows], &s, (uint32_t)n_flows);
		n_flows++;
	}
}

int main(int argc, char **argv)
{
	size_t i;
	int c;

	while ((c = getopt(argc, argv, "f:c:")) >= 0) {
		if (c != 'f' && c != 'c')
			return 2;
		place_add(optarg, c == 'f');
	}
	read_flows();
	run();
	for (i = 0; i < n_flows; i++)
		puts(flows[i].at >= 0	 ? places[flows[i].at].name
		     : flows[i].at == -2 ? "unreachable"
					 : "none");
	return 0;
}
