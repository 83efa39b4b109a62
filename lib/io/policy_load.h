/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A policy from disk: reads the file and the lists it names, looks users up in
 * the system, and hands all of it to policy_read().
 */
#pragma once

struct arena;
struct diag_list;
struct policy;

/*
 * 0; POLICY_READ_INVALID: the faults say why; -errno: the policy file itself
 * cannot be read. Symbolic links are followed; only regular files are read, and
 * standard input as "-". Lists with a relative path are looked for in the
 * policy's directory, of standard input in the current one. The policy is made in
 * `a`, the texts it was read from live as long as the faults (in their arena).
 */
int policy_load(const char *path, struct arena *a, struct policy **ret_policy,
		struct diag_list *faults);
