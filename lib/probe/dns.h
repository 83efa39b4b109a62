/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One DNS question by UDP, and whether a datagram answers it (RFC 1035 4.1). Pure: any bytes may come. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#define DNS_QUERY_MAX (12 + 255 + 4) /* header, name, type and class */

/*
 * `name` without or with its last dot; "." is asked for its name servers, others
 * for an IPv4 address. Bytes written, or -EINVAL: no domain.
 */
int dns_query_build(uint16_t id, const char *name, uint8_t buf[DNS_QUERY_MAX]);

enum dns_answer {
	DNS_ANSWER_FOREIGN, /* not to this question: as if it had not come */
	DNS_ANSWER_GOOD, /* the name exists, or it does not */
	DNS_ANSWER_BAD, /* refused, server failure and the like */
};
enum dns_answer dns_answer_judge(const uint8_t *query, size_t n_query, const void *packet,
				 size_t n);
