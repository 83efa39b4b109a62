/* SPDX-License-Identifier: GPL-2.0-or-later */
/* No message: printing is not for this layer, and SIGABRT leaves a core that says more. */
#include "base/memory.h"

#include <stdlib.h>
#include <string.h>

void memory_fail(void)
{
	abort();
}

void *memory_alloc(size_t size)
{
	void *p = calloc(1, size ? size : 1);

	if (!p)
		memory_fail();
	return p;
}

void *memory_realloc(void *p, size_t size)
{
	p = realloc(p, size ? size : 1);
	if (!p)
		memory_fail();
	return p;
}

char *memory_strdup(const char *s)
{
	char *copy = strdup(s);

	if (!copy)
		memory_fail();
	return copy;
}

size_t memory_mul(size_t a, size_t b)
{
	size_t product;

	if (__builtin_mul_overflow(a, b, &product))
		memory_fail();
	return product;
}

size_t memory_sum(size_t a, size_t b)
{
	size_t sum;

	if (__builtin_add_overflow(a, b, &sum))
		memory_fail();
	return sum;
}
