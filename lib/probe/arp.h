/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ARP for IPv4 over Ethernet (RFC 826). Pure: any bytes may come. */
#pragma once

#include "base/inet.h"

#define ARP_MAC_SIZE 6
#define ARP_SIZE     28

struct arp_reply {
	uint8_t sender_mac[ARP_MAC_SIZE], target_mac[ARP_MAC_SIZE];
	struct inet_addr sender, target;
};

/* Who has `target`? Tell `source` (all zero: a probe as in RFC 5227) at `mac`. */
void arp_request_build(const uint8_t mac[ARP_MAC_SIZE], const struct inet_addr *source,
		       const struct inet_addr *target, uint8_t buf[ARP_SIZE]);
/* A frame's payload. False: no reply. */
bool arp_reply_parse(const void *packet, size_t n, struct arp_reply *ret);
