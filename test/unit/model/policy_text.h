/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a policy from a string, with list files and users from a table. Include after cmocka.h. */
#pragma once

#include "base/arena.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "model/policy.h"
#include "model/policy_read.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

struct policy_text {
	struct arena *arena;
	struct diag_list faults;
	struct diag_source source;
	struct policy *policy; /* NULL: refused */
	int result;
	unsigned lists_read;
};

/* Files of the test: NULL-terminated pairs of name and text. */
static const char *const *policy_text_files;

static int policy_text_list(void *data, const char *path, struct arena *a,
			    const struct diag_source **ret_source)
{
	struct policy_text *t = data;

	for (const char *const *f = policy_text_files; f && *f; f += 2) {
		struct diag_source *s;

		if (strcmp(f[0], path) != 0)
			continue;
		t->lists_read++;
		s = arena_alloc(a, sizeof(*s));
		*s = (struct diag_source){ .name = f[0], .text = f[1], .len = strlen(f[1]) };
		*ret_source = s;
		return 0;
	}
	return -ENOENT;
}

static int policy_text_user(void *data, const char *name, uint32_t *ret_uid)
{
	if (strcmp(name, "backup") != 0)
		return -ENOENT;
	*ret_uid = 34;
	return 0;
}

static void policy_text_read_bytes(struct policy_text *t, const char *text, size_t len)
{
	const struct policy_resolver resolver = {
		.data = t,
		.list = policy_text_list,
		.user = policy_text_user,
	};

	*t = (struct policy_text){ .arena = arena_new() };
	diag_init(&t->faults, t->arena);
	t->source = (struct diag_source){ .name = "policy.json", .text = text, .len = len };
	t->result = policy_read(&t->source, &resolver, t->arena, &t->policy, &t->faults);
	diag_sort(&t->faults);
}

static void policy_text_done(struct policy_text *t)
{
	t->arena = arena_free(t->arena);
}

__attribute__((unused)) static void policy_text_read(struct policy_text *t, const char *text)
{
	policy_text_read_bytes(t, text, strlen(text));
}

/* A policy with links fiber (eth1) and lte (wwan0), a group default and one rule's keys. */
__attribute__((unused)) static void policy_text_rule(struct policy_text *t, const char *keys)
{
	static char text[8192];

	snprintf(
		text, sizeof(text),
		"{\"version\":1,\"links\":{\"fiber\":{\"device\":\"eth1\"},\"lte\":{\"device\":\"wwan0\"}},"
		"\"groups\":{\"default\":{\"links\":[\"fiber\",\"lte\"]}},"
		"\"rules\":[{%s}]}",
		keys);
	policy_text_read(t, text);
}

/* All faults as "POINTER: TEXT" lines. */
__attribute__((unused)) static const char *policy_text_faults(struct policy_text *t)
{
	const char *all = "";

	for (size_t i = 0; i < t->faults.count; i++)
		all = arena_printf(t->arena, "%s%s%s: %s", all, i ? "\n" : "",
				   t->faults.items[i].pointer ? t->faults.items[i].pointer : "",
				   t->faults.items[i].text);
	return all;
}

/* The text that fault i underlines. */
__attribute__((unused)) static const char *policy_text_token(struct policy_text *t, size_t i)
{
	const struct diag *d = &t->faults.items[i];

	assert_true(d->offset + d->length <= d->source->len);
	return arena_strndup(t->arena, d->source->text + d->offset, d->length);
}
