/* SPDX-License-Identifier: GPL-2.0-or-later */
/* omr-nftctl doctor: looks at the machine itself; the daemon, if one answers, says what it claims. */
#pragma once

#include "daemon/ctl_options.h"

#include <jansson.h>

struct doctor_findings;
struct strbuf;

/* Of `doctor`: something needs attention. */
#define CTL_DOCTOR_FOUND 4

/* An exit status: 0 or CTL_DOCTOR_FOUND. */
int ctl_doctor(const struct ctl_options *o, const char *request, bool colors);
void ctl_doctor_print(const struct doctor_findings *f, bool daemon, bool colors,
		      struct strbuf *out);
