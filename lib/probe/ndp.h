/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Neighbour solicitation and advertisement (RFC 4861 4.3, 4.4). Pure: any bytes may come. */
#pragma once

#include "base/inet.h"

#define NDP_MAC_SIZE	6
#define NDP_SOLICIT_MAX (24 + 8)
#define NDP_HOP_LIMIT	255 /* lower: it came from elsewhere */

struct ndp_advert {
	struct inet_addr target;
	bool solicited;
};

/* `mac` NULL: the device has none. The checksum is left to the kernel. Bytes written. */
size_t ndp_solicit_build(const struct inet_addr *target, const uint8_t *mac,
			 uint8_t buf[NDP_SOLICIT_MAX]);
/* Where a solicitation for it goes: ff02::1:ffXX:XXXX (RFC 4291 2.7.1). */
struct inet_addr ndp_solicit_group(const struct inet_addr *target);
/* An ICMPv6 message and the hop limit it came with. False: no valid advertisement (RFC 4861 7.1.2). */
bool ndp_advert_parse(const void *packet, size_t n, int hop_limit, struct ndp_advert *ret);
