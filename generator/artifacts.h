/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every artifact of a plan, as text or as files of a directory. */
#pragma once

#include "generator/options.h"

struct plan;
struct strbuf;

/*
 * One artifact. 0, or -EOPNOTSUPP with the reason in `fault` when the format
 * cannot say what the policy asks for.
 */
int artifacts_text(const struct plan *p, enum options_format format, const char *policy,
		   struct strbuf *out, struct strbuf *fault);

/*
 * All of them into `dir` (made if it does not exist): written beside the old
 * ones, then renamed, so that a reader sees old or new files, never halves; on
 * failure none is changed, and `fault` says what failed. A format that cannot
 * say what the policy asks for is left out (an old file of it removed), with a
 * line in `warnings`.
 */
int artifacts_write(const struct plan *p, const char *dir, const char *policy,
		    struct strbuf *warnings, struct strbuf *fault);
