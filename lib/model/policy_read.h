/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text -> struct policy. Pure: list files and user names are asked for through
 * callbacks that the shell supplies. All faults of all files in one run.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct arena;
struct diag_list;
struct diag_source;
struct policy;

/* What reading needs from outside. Any callback may be NULL (then -ENOSYS). */
struct policy_resolver {
	void *data;
	/*
	 * Text of a list file, as a source that lives as long as the arena.
	 * 0 or -errno (reported at the place that names the file).
	 */
	int (*list)(void *data, const char *path, struct arena *a,
		    const struct diag_source **ret_source);
	int (*user)(void *data, const char *name, uint32_t *ret_uid); /* -ENOENT: no such user */
};

/* Outcomes (positive; see docs/style.md): the faults are in the list. */
enum {
	POLICY_READ_INVALID = 1,
};

/*
 * Reads, checks cross references and fills every default. 0: *ret_policy is
 * valid (there may be warnings). POLICY_READ_INVALID: at least one error.
 */
int policy_read(const struct diag_source *source, const struct policy_resolver *resolver,
		struct arena *a, struct policy **ret_policy, struct diag_list *faults);
/*
 * Adds a fault at a JSON pointer of the policy (for compile-time faults and warnings).
 * The pointer is resolved to a place in the text. Returns as diag_add().
 */
struct diag *policy_fault(const struct policy *p, struct diag_list *faults, int level,
			  const char *pointer, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
