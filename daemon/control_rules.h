/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The policy's rules and how often each was used. Pure. */
#pragma once

#include <jansson.h>

struct control_counters;
struct plan;
struct policy_rule;
struct strbuf;

json_t *control_rules(const struct plan *p, const struct control_counters *counters);
/* What a rule asks for, shortened: "to 203.0.113.0/24 (+2), protocols udp". */
void control_rules_match_text(const struct policy_rule *r, struct strbuf *out);
