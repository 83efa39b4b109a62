/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/icmp.h"

#include <netinet/in.h>
#include <string.h>

/* RFC 792, RFC 4443 4.1 and 4.2 */
#define ECHO4	     8
#define ECHO4_REPLY  0
#define ECHO6	     128
#define ECHO6_REPLY  129
#define HEADER_SIZE  8
#define IP4_SIZE_MIN 20

static uint16_t get16(const uint8_t *p)
{
	return (uint16_t)(p[0] << 8 | p[1]);
}

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)(v >> 8);
	p[1] = (uint8_t)v;
}

/* RFC 1071. Over a message with its own checksum in it: 0. */
static uint16_t checksum(const uint8_t *p, size_t n)
{
	uint32_t sum = 0;

	for (size_t i = 0; i + 1 < n; i += 2)
		sum += get16(p + i);
	if (n & 1)
		sum += (uint32_t)p[n - 1] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

void icmp_echo_build(enum inet_family f, const struct icmp_echo *e, uint8_t buf[ICMP_ECHO_SIZE])
{
	memset(buf, 0, HEADER_SIZE);
	buf[0] = f == INET4 ? ECHO4 : ECHO6;
	put16(buf + 4, e->id);
	put16(buf + 6, e->seq);
	memcpy(buf + HEADER_SIZE, e->identity, ICMP_IDENTITY_SIZE);
	if (f == INET4)
		put16(buf + 2, checksum(buf, ICMP_ECHO_SIZE));
}

/* Where the ICMP message of an IPv4 packet is; NULL: there is none. */
static const uint8_t *skip_ip(const uint8_t *p, size_t *n)
{
	size_t header, total;

	if (*n < IP4_SIZE_MIN || p[0] >> 4 != 4)
		return NULL;
	header = (size_t)(p[0] & 15) * 4;
	total = get16(p + 2);
	/* of a fragment nothing is known */
	if (header < IP4_SIZE_MIN || total < header || total > *n || p[9] != IPPROTO_ICMP ||
	    (get16(p + 6) & 0x3fff))
		return NULL;
	*n = total - header;
	return p + header;
}

bool icmp_echo_parse(enum inet_family f, const void *packet, size_t n, struct icmp_echo *ret)
{
	const uint8_t *p = packet;

	if (f == INET4)
		p = skip_ip(p, &n);
	if (!p || n < ICMP_ECHO_SIZE || p[0] != (f == INET4 ? ECHO4_REPLY : ECHO6_REPLY) || p[1])
		return false;
	if (f == INET4 && checksum(p, n))
		return false;
	ret->id = get16(p + 4);
	ret->seq = get16(p + 6);
	memcpy(ret->identity, p + HEADER_SIZE, ICMP_IDENTITY_SIZE);
	return true;
}
