/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Echo requests and replies of both families (RFC 792, RFC 4443 4). A request
 * carries an identity nobody can guess; a reply with another one is not ours.
 * Pure: any bytes may come.
 */
#pragma once

#include "base/inet.h"

#define ICMP_IDENTITY_SIZE 16
#define ICMP_ECHO_SIZE	   (8 + ICMP_IDENTITY_SIZE)

struct icmp_echo {
	uint16_t id, seq;
	uint8_t identity[ICMP_IDENTITY_SIZE];
};

/* The ICMPv6 checksum covers addresses that only the kernel knows: it is left to it. */
void icmp_echo_build(enum inet_family f, const struct icmp_echo *e, uint8_t buf[ICMP_ECHO_SIZE]);
/*
 * A packet as a raw socket gets it: IPv4 with its IP header, and not yet
 * checked; IPv6 without one, and checked. False: no echo reply, or it is damaged.
 */
bool icmp_echo_parse(enum inet_family f, const void *packet, size_t n, struct icmp_echo *ret);
