/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/plan_digest.h"

#include "base/arena.h"
#include "base/hash.h"
#include "model/plan_build.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static uint64_t digest(const struct plan_set *s)
{
	struct hash64 h;

	hash64_init(&h, s->type);
	for (size_t i = 0; i < s->n_elements; i++) {
		const struct plan_element *e = &s->elements[i];

		hash64_add(&h, &e->range, sizeof(e->range));
		if (e->chain)
			hash64_add(&h, e->chain->name, strlen(e->chain->name) + 1);
	}
	return hash64_done(&h);
}

const char *plan_digest_comment(struct plan_build *b, const struct plan_set *s, const char *fmt,
				...)
{
	char text[80];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return plan_build_comment(b, "%s; %zu %s, %016" PRIx64, text, s->n_elements,
				  s->n_elements == 1 ? "prefix" : "prefixes", digest(s));
}
