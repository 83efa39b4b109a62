/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "probe/dns.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* RFC 1035 2.3.4, 3.2.2, 3.2.4, 4.1.1 */
#define HEADER_SIZE 12
#define LABEL_MAX   63
#define NAME_MAX_   255
#define TYPE_A	    1
#define TYPE_NS	    2
#define CLASS_IN    1
#define FLAG_QR	    0x80 /* byte 2 */
#define OPCODE	    0x78
#define FLAG_RD	    0x01
#define RCODE	    0x0f /* byte 3 */
#define NOERROR	    0
#define NXDOMAIN    3

/* Bytes of the name as it is sent; -EINVAL. */
static int put_name(const char *name, uint8_t *buf)
{
	size_t at = 0;

	if (strcmp(name, ".") == 0)
		name = "";
	while (*name) {
		size_t label = strcspn(name, ".");

		if (label == 0 || label > LABEL_MAX || at + label + 2 > NAME_MAX_)
			return -EINVAL;
		buf[at++] = (uint8_t)label;
		memcpy(buf + at, name, label);
		at += label;
		name += label + (name[label] == '.');
	}
	buf[at++] = 0;
	return (int)at;
}

int dns_query_build(uint16_t id, const char *name, uint8_t buf[DNS_QUERY_MAX])
{
	int n = put_name(name, buf + HEADER_SIZE), at = HEADER_SIZE + n;

	if (n < 0)
		return n;
	memset(buf, 0, HEADER_SIZE);
	buf[0] = (uint8_t)(id >> 8);
	buf[1] = (uint8_t)id;
	buf[2] = FLAG_RD;
	buf[5] = 1; /* one question */
	buf[at] = 0;
	buf[at + 1] = n == 1 ? TYPE_NS : TYPE_A;
	buf[at + 2] = 0;
	buf[at + 3] = CLASS_IN;
	return at + 4;
}

/* Letters of a name may come back in another case. Lengths of labels are no letters. */
static bool same_question(const uint8_t *a, const uint8_t *b, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (tolower(a[i]) != tolower(b[i]))
			return false;
	return true;
}

enum dns_answer dns_answer_judge(const uint8_t *query, size_t n_query, const void *packet, size_t n)
{
	const uint8_t *p = packet;
	unsigned rcode;

	if (n < n_query || n_query <= HEADER_SIZE || p[0] != query[0] || p[1] != query[1] ||
	    !(p[2] & FLAG_QR) || (p[2] & OPCODE) || p[4] || p[5] != 1 ||
	    !same_question(p + HEADER_SIZE, query + HEADER_SIZE, n_query - HEADER_SIZE))
		return DNS_ANSWER_FOREIGN;
	rcode = p[3] & RCODE;
	return rcode == NOERROR || rcode == NXDOMAIN ? DNS_ANSWER_GOOD : DNS_ANSWER_BAD;
}
