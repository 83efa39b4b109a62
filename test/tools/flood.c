/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * flood DEVICE NEXTMAC SOURCE RATE SECONDS PREFIX...: UDP packets out of DEVICE
 * as fast as asked (RATE a second, 0: as fast as possible), each a flow of its
 * own: random destinations in the PREFIXes (all of one length class: any),
 * random ports. Prints "sent N in SECONDS s". SOURCE: an IPv4 and an IPv6
 * address, separated by a comma; PREFIX picks the family.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH	     64
#define PREFIXES_MAX 4096
#define PAYLOAD	     8

struct prefix {
	bool v6;
	uint8_t addr[16];
	unsigned length;
};

static struct prefix prefixes[PREFIXES_MAX];
static unsigned n_prefixes;
static uint8_t mac[6], next_mac[6], source[2][16];
static uint64_t random_state;

static void die(const char *what)
{
	fprintf(stderr, "flood: %s: %s\n", what, strerror(errno));
	exit(1);
}

static uint64_t random64(void) /* xorshift64* */
{
	random_state ^= random_state >> 12;
	random_state ^= random_state << 25;
	random_state ^= random_state >> 27;
	return random_state * 0x2545f4914f6cdd1du;
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

static void prefix_add(char *text)
{
	struct prefix *p = &prefixes[n_prefixes];
	char *slash = strchr(text, '/');

	if (n_prefixes == PREFIXES_MAX || !slash)
		die(text);
	*slash = 0;
	p->v6 = strchr(text, ':');
	p->length = (unsigned)atoi(slash + 1);
	if (inet_pton(p->v6 ? AF_INET6 : AF_INET, text, p->addr) != 1)
		die(text);
	n_prefixes++;
}

static int open_device(const char *device)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET };
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0), one = 1;
	struct ifreq ifr = { 0 };

	if (fd < 0)
		die("socket");
	snprintf(ifr.ifr_name, sizeof(ifr.ifr_name), "%s", device);
	if (ioctl(fd, SIOCGIFINDEX, &ifr) < 0)
		die(device);
	to.sll_ifindex = ifr.ifr_ifindex;
	if (ioctl(fd, SIOCGIFHWADDR, &ifr) < 0)
		die(device);
	memcpy(mac, ifr.ifr_hwaddr.sa_data, 6);
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &one, sizeof(one));
	if (bind(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		die("bind");
	return fd;
}

static uint32_t sum16(const uint8_t *p, size_t n, uint32_t sum)
{
	size_t i;

	for (i = 0; i < n; i += 2)
		sum += (uint32_t)p[i] << 8 | p[i + 1];
	return sum;
}

static void put_sum(uint8_t *at, uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	sum = sum == 0xffff ? sum : ~sum & 0xffff;
	at[0] = (uint8_t)(sum >> 8);
	at[1] = (uint8_t)sum;
}

static size_t build(uint8_t *f)
{
	const struct prefix *p = &prefixes[random64() % n_prefixes];
	size_t alen = p->v6 ? 16 : 4, i;
	uint8_t *ip = f + 14, *src = ip + (p->v6 ? 8 : 12), *dst = src + alen, *udp = dst + alen;
	uint64_t r = random64();
	uint8_t keep;

	memcpy(f, next_mac, 6);
	memcpy(f + 6, mac, 6);
	f[12] = p->v6 ? 0x86 : 0x08;
	f[13] = p->v6 ? 0xdd : 0x00;
	memset(ip, 0, 40);
	memcpy(src, source[p->v6], alen);
	memcpy(dst, p->addr, alen);
	for (i = p->length / 8; i < alen; i++, r = r >> 8 | r << 56) {
		keep = i == p->length / 8 ? (uint8_t)(0xff00u >> p->length % 8) : 0;
		dst[i] = (uint8_t)((dst[i] & keep) | ((uint8_t)r & ~keep));
	}
	r = random64();
	memcpy(udp, &r, 4);
	udp[0] |= 0x40; /* no well-known ports */
	udp[2] |= 0x40;
	udp[4] = 0;
	udp[5] = 8 + PAYLOAD;
	udp[6] = udp[7] = 0;
	memset(udp + 8, 0, PAYLOAD);
	if (p->v6) {
		ip[0] = 0x60;
		ip[5] = 8 + PAYLOAD;
		ip[6] = IPPROTO_UDP;
		ip[7] = 64;
		put_sum(udp + 6, sum16(src, 32 + 8, IPPROTO_UDP + 8 + PAYLOAD));
		return 14 + 40 + 8 + PAYLOAD;
	}
	ip[0] = 0x45;
	ip[3] = 20 + 8 + PAYLOAD;
	ip[8] = 64;
	ip[9] = IPPROTO_UDP;
	put_sum(ip + 10, sum16(ip, 20, 0));
	put_sum(udp + 6, sum16(src, 8 + 8, IPPROTO_UDP + 8 + PAYLOAD));
	return 14 + 20 + 8 + PAYLOAD;
}

static unsigned long run(int fd, double rate, double seconds)
{
	static uint8_t frames[BATCH][128];
	uint64_t start = now_ns(), end = start + (uint64_t)(seconds * 1e9), now;
	struct mmsghdr msgs[BATCH];
	struct iovec iov[BATCH];
	unsigned long sent = 0;
	int i, n;

	while ((now = now_ns()) < end) {
		if (rate > 0 && (double)sent > (double)(now - start) / 1e9 * rate) {
			usleep(50);
			continue;
		}
		memset(msgs, 0, sizeof(msgs));
		for (i = 0; i < BATCH; i++) {
			iov[i] = (struct iovec){ .iov_base = frames[i],
						 .iov_len = build(frames[i]) };
			msgs[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
		}
		n = sendmmsg(fd, msgs, BATCH, 0);
		if (n < 0 && errno != ENOBUFS && errno != EAGAIN)
			die("send");
		if (n > 0)
			sent += (unsigned long)n;
	}
	printf("sent %lu in %.2f s\n", sent, (double)(now_ns() - start) / 1e9);
	return sent;
}

int main(int argc, char **argv)
{
	char *comma;
	int fd, i;

	if (argc < 7 || !(comma = strchr(argv[3], ','))) {
		fprintf(stderr,
			"usage: flood DEVICE NEXTMAC SOURCE4,SOURCE6 RATE SECONDS PREFIX...\n");
		return 2;
	}
	*comma = 0;
	if (sscanf(argv[2], "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &next_mac[0], &next_mac[1],
		   &next_mac[2], &next_mac[3], &next_mac[4], &next_mac[5]) != 6 ||
	    inet_pton(AF_INET, argv[3], source[0]) != 1 ||
	    inet_pton(AF_INET6, comma + 1, source[1]) != 1)
		die("bad address");
	for (i = 6; i < argc; i++)
		prefix_add(argv[i]);
	random_state = now_ns() | 1; /* other flows in each run */
	fd = open_device(argv[1]);
	run(fd, atof(argv[4]), atof(argv[5]));
	return 0;
}
