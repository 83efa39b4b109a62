/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/arp.h"

#include <string.h>

/* hardware 1 (Ethernet), protocol 0x0800 (IPv4), lengths 6 and 4, operation */
#define FIXED(operation)                                                                           \
	{                                                                                          \
		0, 1, 8, 0, 6, 4, 0, operation                                                     \
	}
#define REQUEST 1
#define REPLY	2

enum {
	AT_SENDER_MAC = 8,
	AT_SENDER = 14,
	AT_TARGET_MAC = 18,
	AT_TARGET = 24,
};

void arp_request_build(const uint8_t mac[ARP_MAC_SIZE], const struct inet_addr *source,
		       const struct inet_addr *target, uint8_t buf[ARP_SIZE])
{
	static const uint8_t fixed[] = FIXED(REQUEST);

	memset(buf, 0, ARP_SIZE);
	memcpy(buf, fixed, sizeof(fixed));
	memcpy(buf + AT_SENDER_MAC, mac, ARP_MAC_SIZE);
	memcpy(buf + AT_SENDER, source->bytes, 4);
	memcpy(buf + AT_TARGET, target->bytes, 4);
}

bool arp_reply_parse(const void *packet, size_t n, struct arp_reply *ret)
{
	static const uint8_t fixed[] = FIXED(REPLY);
	const uint8_t *p = packet;

	if (n < ARP_SIZE || memcmp(p, fixed, sizeof(fixed)) != 0)
		return false;
	memset(ret, 0, sizeof(*ret));
	memcpy(ret->sender_mac, p + AT_SENDER_MAC, ARP_MAC_SIZE);
	memcpy(ret->sender.bytes, p + AT_SENDER, 4);
	memcpy(ret->target_mac, p + AT_TARGET_MAC, ARP_MAC_SIZE);
	memcpy(ret->target.bytes, p + AT_TARGET, 4);
	return true;
}
