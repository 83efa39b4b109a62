/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Any bytes as a datagram that may answer one of two questions; and as a name to ask for. */
#include "probe/dns.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void judge(const char *name, const uint8_t *p, size_t n)
{
	uint8_t query[DNS_QUERY_MAX];
	int len = dns_query_build(0x1234, name, query);

	if (len < 0)
		abort();
	if (dns_answer_judge(query, (size_t)len, p, n) == DNS_ANSWER_FOREIGN)
		return;
	/* it has our number and is an answer */
	if (n < (size_t)len || p[0] != 0x12 || p[1] != 0x34 || !(p[2] & 0x80))
		abort();
}

static void ask(const uint8_t *p, size_t n)
{
	uint8_t query[DNS_QUERY_MAX];
	char *name = malloc(n + 1);
	int len;

	if (!name)
		return;
	memcpy(name, p, n);
	name[n] = '\0';
	len = dns_query_build(1, name, query);
	if (len > DNS_QUERY_MAX || len == 0)
		abort();
	free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a block of its own: its end is watched */
	uint8_t *copy = malloc(size ? size : 1);

	if (!copy)
		return 0;
	if (size)
		memcpy(copy, data, size);
	judge(".", copy, size);
	judge("example.com", copy, size);
	ask(copy, size);
	free(copy);
	return 0;
}
