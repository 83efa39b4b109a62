/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Any bytes as what a raw or packet socket gets: echo replies of both families,
 * ARP replies, neighbour advertisements. First byte: which, and for the last the
 * hop limit. Nothing is read beyond the end, and what is taken for an answer has
 * what makes it one.
 */
#include "probe/arp.h"
#include "probe/icmp.h"
#include "probe/ndp.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool holds)
{
	if (!holds)
		abort();
}

static void read_echo(enum inet_family f, const uint8_t *p, size_t n)
{
	struct icmp_echo echo;
	size_t at;

	if (!icmp_echo_parse(f, p, n, &echo))
		return;
	at = f == INET4 ? (size_t)(p[0] & 15) * 4 : 0;
	check(n >= at + ICMP_ECHO_SIZE && p[at] == (f == INET4 ? 0 : 129));
	check(memcmp(p + at + 8, echo.identity, sizeof(echo.identity)) == 0);
	check((p[at + 4] << 8 | p[at + 5]) == echo.id && (p[at + 6] << 8 | p[at + 7]) == echo.seq);
}

static void read_arp(const uint8_t *p, size_t n)
{
	struct arp_reply reply;

	if (!arp_reply_parse(p, n, &reply))
		return;
	check(n >= ARP_SIZE && p[7] == 2 && memcmp(p + 14, reply.sender.bytes, 4) == 0);
}

static void read_ndp(const uint8_t *p, size_t n)
{
	struct ndp_advert advert;

	check(!ndp_advert_parse(p, n, 64, &advert));
	if (!ndp_advert_parse(p, n, NDP_HOP_LIMIT, &advert))
		return;
	check(n >= 24 && p[0] == 136 && memcmp(p + 8, advert.target.bytes, 16) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint8_t *copy;

	if (size == 0)
		return 0;
	/* a block of its own: its end is watched */
	copy = malloc(size > 1 ? size - 1 : 1);
	if (!copy)
		return 0;
	memcpy(copy, data + 1, size - 1);
	switch (data[0] & 3) {
	case 0:
		read_echo(INET4, copy, size - 1);
		break;
	case 1:
		read_echo(INET6, copy, size - 1);
		break;
	case 2:
		read_arp(copy, size - 1);
		break;
	case 3:
		read_ndp(copy, size - 1);
		break;
	}
	free(copy);
	return 0;
}
