/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ctl_why.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "daemon/ctl_status.h"
#include "daemon/ctl_table.h"

#include <errno.h>
#include <string.h>

/* ---- why ----------------------------------------------------------------- */

static void add_rule(const json_t *a, struct strbuf *out)
{
	const char *outcome = ctl_text_string(a, "outcome");

	if (!strcmp(outcome, "rule")) {
		strbuf_add(out, "rule ");
		ctl_text_add(out, ctl_text_string(a, "rule"));
		strbuf_addf(out, " (#%.0f", ctl_text_number(a, "number"));
		if (ctl_text_has(a, "matched")) {
			strbuf_add(out, ", to ");
			ctl_text_add(out, ctl_text_string(a, "matched"));
		}
		strbuf_add(out, json_is_true(json_object_get(a, "learnt"))
					? ", address learnt from DNS)"
					: ")");
	} else if (!strcmp(outcome, "otherwise")) {
		strbuf_add(out, "no rule: the policy's default");
	} else if (!strcmp(outcome, "marked")) {
		strbuf_add(out, "marked already");
	} else if (!strcmp(outcome, "left-alone")) {
		strbuf_add(out, "left alone (");
		ctl_text_add(out, ctl_text_string(a, "because"));
		strbuf_addc(out, ')');
	} else {
		strbuf_add(out, "no rule");
	}
}

static void add_since(const json_t *object, struct strbuf *out)
{
	if (!ctl_text_has(object, "for_seconds"))
		return;
	strbuf_add(out, ", for ");
	ctl_text_duration(out, ctl_text_number(object, "for_seconds"));
}

static void add_choice(const json_t *a, bool colors, struct strbuf *out)
{
	const char *kind = ctl_text_string(a, "leaves_by");
	const char *reason = ctl_text_string(a, "reason");
	enum ctl_paint p = CTL_FAIR;

	if (!strcmp(kind, "link") || !strcmp(kind, "balance"))
		p = CTL_GOOD;
	if (!strcmp(kind, "block"))
		p = CTL_BAD;
	strbuf_add(out, " -> ");
	strbuf_add(out, ctl_text_paint(p, colors));
	if (!strcmp(kind, "link")) {
		strbuf_add(out, "link ");
		ctl_text_add(out, ctl_text_string(a, "link"));
	} else if (!strcmp(kind, "balance")) {
		strbuf_add(out, "spread over its links");
	} else if (!strcmp(kind, "main")) {
		strbuf_add(out, "main routing");
	} else if (!strcmp(kind, "block")) {
		strbuf_add(out, "unreachable");
	} else {
		strbuf_add(out, "not decided yet");
	}
	strbuf_add(out, ctl_text_unpaint(p, colors));
	if (*reason) {
		strbuf_add(out, " (");
		ctl_text_add(out, reason);
		add_since(a, out);
		strbuf_addc(out, ')');
	}
}

/* "icmp_type" -> "--icmp-type" */
static void add_option(const char *key, struct strbuf *out)
{
	strbuf_add(out, "--");
	for (; *key; key++)
		strbuf_addc(out, *key == '_' ? '-' : *key);
}

static void add_maybe(const json_t *maybe, bool colors, struct strbuf *out)
{
	const json_t *needs = json_object_get(maybe, "needs");
	json_t *key;
	size_t i;

	strbuf_addf(out, "  %srule ", ctl_text_paint(CTL_FAIR, colors));
	ctl_text_add(out, ctl_text_string(maybe, "rule"));
	strbuf_addf(out, " (#%.0f)%s may take it to ", ctl_text_number(maybe, "number"),
		    ctl_text_unpaint(CTL_FAIR, colors));
	ctl_text_add(out, ctl_text_string(maybe, "target"));
	strbuf_add(out, json_array_size(needs) ? ": it needs " : ": what it learnt is not known");
	json_array_foreach(needs, i, key)
	{
		strbuf_add(out, !i ? "" : i + 1 == json_array_size(needs) ? " and " : ", ");
		add_option(json_string_value(key), out);
	}
	strbuf_addc(out, '\n');
}

static void add_candidate(const json_t *candidate, bool colors, struct strbuf *out)
{
	const char *reason = ctl_text_string(candidate, "reason");
	enum ctl_paint p = ctl_text_use_paint(ctl_text_string(candidate, "use"));
	struct strbuf state = STRBUF_NULL;

	ctl_text_state(&state, ctl_text_string(candidate, "state"));
	strbuf_add(out, "  link ");
	ctl_text_add(out, ctl_text_string(candidate, "link"));
	strbuf_addf(out, ": %s%s%s", ctl_text_paint(p, colors), strbuf_text(&state),
		    ctl_text_unpaint(p, colors));
	if (*reason && strcmp(reason, strbuf_text(&state)) != 0) {
		strbuf_add(out, ", ");
		ctl_text_add(out, reason);
	}
	add_since(candidate, out);
	strbuf_addc(out, '\n');
	strbuf_done(&state);
}

static void add_route(const json_t *a, struct strbuf *out)
{
	const json_t *route = json_object_get(a, "route");

	if (!route)
		return;
	if (json_is_true(json_object_get(route, "unreachable"))) {
		strbuf_add(out, "  the kernel: unreachable\n");
		return;
	}
	strbuf_add(out, "  the kernel: ");
	if (ctl_text_has(route, "gateway")) {
		strbuf_add(out, "via ");
		ctl_text_add(out, ctl_text_string(route, "gateway"));
		strbuf_addc(out, ' ');
	}
	strbuf_add(out, "dev ");
	ctl_text_add(out, ctl_text_string(route, "device"));
	strbuf_addf(out, ", table %.0f\n", ctl_text_number(route, "table"));
}

int ctl_why_print(const json_t *a, bool colors, struct strbuf *out)
{
	const char *target = ctl_text_string(a, "target");
	json_t *item;
	size_t i;

	if (!ctl_text_has(a, "outcome") || !ctl_text_has(a, "target"))
		return -EPROTO;
	ctl_text_add(out, ctl_text_string(a, "address"));
	strbuf_add(out, " -> ");
	add_rule(a, out);
	/* "main" and "block" are where it leads already */
	if (strcmp(target, "main") != 0 && strcmp(target, "block") != 0) {
		strbuf_add(out, " -> target ");
		ctl_text_add(out, target);
	}
	add_choice(a, colors, out);
	strbuf_addc(out, '\n');
	json_array_foreach(json_object_get(a, "maybe"), i, item) add_maybe(item, colors, out);
	json_array_foreach(json_object_get(a, "candidates"), i, item)
		add_candidate(item, colors, out);
	add_route(a, out);
	return 0;
}

/* ---- rules --------------------------------------------------------------- */

enum {
	R_NUMBER,
	R_RULE,
	R_PACKETS,
	R_BYTES,
	R_TARGET,
	R_MATCH,
	R_NOTE,
};

static const char *const rule_headings[] = {
	[R_NUMBER] = ">#",	  [R_RULE] = "RULE",
	[R_PACKETS] = ">PACKETS", [R_BYTES] = ">BYTES",
	[R_TARGET] = "TARGET",	  [R_MATCH] = "MATCHES",
	[R_NOTE] = "NOTE",	  NULL,
};

static void rule_row(struct ctl_table *t, const json_t *rule)
{
	if (ctl_text_has(rule, "number"))
		strbuf_addf(ctl_table_cell(t, R_NUMBER), "%.0f", ctl_text_number(rule, "number"));
	ctl_text_add(ctl_table_cell(t, R_RULE), ctl_text_string(rule, "name"));
	if (ctl_text_has(rule, "packets")) {
		strbuf_addf(ctl_table_cell(t, R_PACKETS), "%.0f", ctl_text_number(rule, "packets"));
		ctl_text_bytes(ctl_table_cell(t, R_BYTES), ctl_text_number(rule, "bytes"));
	}
	ctl_text_add(ctl_table_cell(t, R_TARGET), ctl_text_has(rule, "target")
							  ? ctl_text_string(rule, "target")
							  : ctl_text_string(rule, "via"));
	ctl_text_add(ctl_table_cell(t, R_MATCH), ctl_text_string(rule, "match"));
	ctl_text_add(ctl_table_cell(t, R_NOTE), ctl_text_string(rule, "note"));
	if (json_is_false(json_object_get(rule, "enabled"))) {
		strbuf_add(ctl_table_cell(t, R_PACKETS), "off");
		ctl_table_paint(t, R_RULE, CTL_FAINT);
	}
}

int ctl_why_print_rules(const json_t *answer, bool colors, struct strbuf *out)
{
	_cleanup_(ctl_table_freep) struct ctl_table *t = ctl_table_new(rule_headings);
	const json_t *rules = json_object_get(answer, "rules");
	const json_t *otherwise = json_object_get(answer, "otherwise");
	json_t *rule;
	size_t i;

	if (!json_is_array(rules))
		return -EPROTO;
	json_array_foreach(rules, i, rule)
	{
		ctl_table_row(t);
		rule_row(t, rule);
	}
	if (otherwise) {
		ctl_table_row(t);
		rule_row(t, otherwise);
		strbuf_add(ctl_table_cell(t, R_RULE), "(default)");
		strbuf_add(ctl_table_cell(t, R_MATCH), "what no rule has matched");
	}
	ctl_table_print(t, colors, out);
	if (!json_array_size(rules) && !otherwise)
		strbuf_add(out, "The policy has no rules.\n");
	if (json_is_false(json_object_get(answer, "counted")))
		strbuf_add(out, "\nThe counters could not be read: the tables are not there.\n");
	return 0;
}
