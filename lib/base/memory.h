/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one place that gives up when memory runs out: it aborts, because the size
 * of every input is bounded at the door and no branch after a failed malloc()
 * would ever be tested. Nothing returned here is NULL.
 */
#pragma once

#include <stddef.h>

void memory_fail(void) __attribute__((noreturn, cold));
void *memory_alloc(size_t size); /* zeroed; free() it */
void *memory_realloc(void *p, size_t size);
char *memory_strdup(const char *s);
/* a * b and a + b; an overflow is a request no memory could serve, so it aborts too. */
size_t memory_mul(size_t a, size_t b);
size_t memory_sum(size_t a, size_t b);
