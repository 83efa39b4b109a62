/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Faults of a policy that were found after it was read. */
#include "base/diag.h"
#include "model/json_doc.h"
#include "model/policy.h"
#include "model/policy_read.h"

#include <stdarg.h>

struct diag *policy_fault(const struct policy *p, struct diag_list *faults, int level,
			  const char *pointer, const char *fmt, ...)
{
	struct diag *d;
	va_list ap;

	va_start(ap, fmt);
	d = json_doc_vfault(p->doc, faults, (enum diag_level)level, pointer, false, fmt, ap);
	va_end(ap);
	if (d)
		json_doc_place(p->doc, pointer, &d->offset, &d->length);
	return d;
}
