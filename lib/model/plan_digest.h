/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set's comment ends in its size and a digest of its content:
 *
 *   "static destinations; 200000 prefixes, 1a2b3c4d5e6f7788"
 *
 * So an apply knows whether a big set is what it should be without dumping it
 * (a dump of a million elements takes the kernel a minute).
 */
#pragma once

struct plan_build;
struct plan_set;

const char *plan_digest_comment(struct plan_build *b, const struct plan_set *s, const char *fmt,
				...) __attribute__((format(printf, 3, 4)));
