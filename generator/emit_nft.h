/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plan -> nft(8) script, made to be read. Pure. */
#pragma once

struct plan;
struct strbuf;

/* `policy`: what to call the policy in the header. */
void emit_nft(const struct plan *p, const char *policy, struct strbuf *out);
