/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Doubling growth; the terminating NUL is part of cap but not of len. */
#include "base/strbuf.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/memory.h"

#define STRBUF_FIRST 256

static void reserve(struct strbuf *b, size_t more)
{
	size_t want = memory_sum(memory_sum(b->len, more), 1);
	size_t cap = b->cap ? b->cap : STRBUF_FIRST;

	if (want <= b->cap)
		return;
	while (cap < want)
		cap = memory_mul(cap, 2);
	b->text = memory_realloc(b->text, cap);
	b->cap = cap;
}

void strbuf_addn(struct strbuf *b, const char *text, size_t n)
{
	reserve(b, n);
	if (n)
		memcpy(b->text + b->len, text, n);
	b->len += n;
	b->text[b->len] = '\0';
}

void strbuf_add(struct strbuf *b, const char *text)
{
	strbuf_addn(b, text, strlen(text));
}

void strbuf_addc(struct strbuf *b, char c)
{
	reserve(b, 1);
	b->text[b->len++] = c;
	b->text[b->len] = '\0';
}

void strbuf_vaddf(struct strbuf *b, const char *fmt, va_list ap)
{
	size_t room = b->cap - b->len;
	va_list again;
	int n;

	va_copy(again, ap);
	n = vsnprintf(b->cap ? b->text + b->len : NULL, room, fmt, ap);
	if (n < 0)
		memory_fail(); /* only a bad format or more than INT_MAX bytes */
	if ((size_t)n >= room) {
		reserve(b, (size_t)n);
		vsnprintf(b->text + b->len, b->cap - b->len, fmt, again);
	}
	va_end(again);
	b->len += (size_t)n;
}

void strbuf_addf(struct strbuf *b, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	strbuf_vaddf(b, fmt, ap);
	va_end(ap);
}

const char *strbuf_text(const struct strbuf *b)
{
	return b->text ? b->text : "";
}

void strbuf_reset(struct strbuf *b)
{
	b->len = 0;
	if (b->text)
		b->text[0] = '\0';
}

void strbuf_done(struct strbuf *b)
{
	free(b->text);
	*b = STRBUF_NULL;
}
