/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Growable text, always NUL-terminated. Allocation failure aborts. */
#pragma once

#include <stdarg.h>
#include <stddef.h>

struct strbuf {
	char *text; /* never NULL after the first append; use strbuf_text() */
	size_t len, cap;
};

#define STRBUF_NULL ((struct strbuf){ 0 })

void strbuf_add(struct strbuf *b, const char *text);
void strbuf_addn(struct strbuf *b, const char *text, size_t n);
void strbuf_addc(struct strbuf *b, char c);
void strbuf_addf(struct strbuf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void strbuf_vaddf(struct strbuf *b, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));
const char *strbuf_text(const struct strbuf *b); /* "" when empty */
void strbuf_reset(struct strbuf *b); /* len 0, memory kept */
void strbuf_done(struct strbuf *b); /* frees; usable as a cleanup function */
