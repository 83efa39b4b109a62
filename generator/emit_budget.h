/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Policy -> a table of its failover budget, for people. Pure. */
#pragma once

struct policy;
struct strbuf;

/* A row a group (the worst of its links) and a row a link; two where IPv4 and IPv6 differ. */
void emit_budget(const struct policy *p, struct strbuf *out);
