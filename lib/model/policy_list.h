/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * List files: one prefix, address, range or domain a line, "#" begins a
 * comment at the start of a line or after a blank. A million lines are normal.
 * The readers of single entries serve the policy's own arrays too.
 */
#pragma once

#include "base/diag.h"
#include "model/policy.h"

#include <stdbool.h>
#include <stddef.h>

struct arena;

struct policy_list {
	struct policy_range *ranges; /* in file order */
	size_t n_ranges;
	struct policy_domain *domains;
	size_t n_domains;
};

/* Outcomes. */
enum {
	POLICY_LIST_INVALID = 1, /* the faults say why */
};

int policy_list_read(const struct diag_source *source, struct arena *a, struct diag_list *faults,
		     struct policy_list *ret);

/* What is wrong with an entry, with room for its texts. */
struct policy_list_fault {
	char text[256];
	char hint[160]; /* "": none */
};

/* A prefix, address or range. False: *ret_fault is filled. n bytes, no NUL needed. */
bool policy_list_range(const char *text, size_t n, struct policy_range *ret,
		       struct policy_list_fault *ret_fault);
/* A domain; lower case and without the final dot in buf. False: *ret_fault is filled. */
#define POLICY_LIST_DOMAIN_MAX 256
bool policy_list_domain(const char *text, size_t n, char buf[POLICY_LIST_DOMAIN_MAX],
			struct policy_list_fault *ret_fault);
