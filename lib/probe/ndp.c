/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/ndp.h"

#include <string.h>

#define SOLICIT	      135
#define ADVERT	      136
#define FIXED_SIZE    24
#define AT_FLAGS      4
#define AT_TARGET     8
#define FLAG_SOLICIT  0x40
#define OPTION_SOURCE 1 /* source link-layer address */

size_t ndp_solicit_build(const struct inet_addr *target, const uint8_t *mac,
			 uint8_t buf[NDP_SOLICIT_MAX])
{
	memset(buf, 0, NDP_SOLICIT_MAX);
	buf[0] = SOLICIT;
	memcpy(buf + AT_TARGET, target->bytes, 16);
	if (!mac)
		return FIXED_SIZE;
	buf[FIXED_SIZE] = OPTION_SOURCE;
	buf[FIXED_SIZE + 1] = 1; /* times 8 bytes */
	memcpy(buf + FIXED_SIZE + 2, mac, NDP_MAC_SIZE);
	return NDP_SOLICIT_MAX;
}

struct inet_addr ndp_solicit_group(const struct inet_addr *target)
{
	struct inet_addr group = { { 0xff, 2, [11] = 1, [12] = 0xff } };

	memcpy(group.bytes + 13, target->bytes + 13, 3);
	return group;
}

/* Every option has a length above 0 and ends within the message. */
static bool options_fit(const uint8_t *p, size_t n)
{
	size_t at = 0;

	while (at < n) {
		size_t len;

		if (n - at < 8)
			return false;
		len = (size_t)p[at + 1] * 8;
		if (len == 0 || len > n - at)
			return false;
		at += len;
	}
	return true;
}

bool ndp_advert_parse(const void *packet, size_t n, int hop_limit, struct ndp_advert *ret)
{
	const uint8_t *p = packet;

	if (hop_limit != NDP_HOP_LIMIT || n < FIXED_SIZE || p[0] != ADVERT || p[1] != 0 ||
	    p[AT_TARGET] == 0xff || !options_fit(p + FIXED_SIZE, n - FIXED_SIZE))
		return false;
	memcpy(ret->target.bytes, p + AT_TARGET, 16);
	ret->solicited = p[AT_FLAGS] & FLAG_SOLICIT;
	return true;
}
