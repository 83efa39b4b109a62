/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ctl_status.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "daemon/ctl_table.h"

#include <errno.h>
#include <string.h>

static const char *const families[] = { "ipv4", "ipv6" };

static void cell_number(struct ctl_table *t, size_t column, const json_t *object, const char *key)
{
	if (ctl_text_has(object, key))
		strbuf_addf(ctl_table_cell(t, column), "%.0f", ctl_text_number(object, key));
}

static void cell_duration(struct ctl_table *t, size_t column, const json_t *object, const char *key)
{
	if (ctl_text_has(object, key))
		ctl_text_duration(ctl_table_cell(t, column), ctl_text_number(object, key));
}

static void cell_ms(struct ctl_table *t, size_t column, const json_t *object, const char *key)
{
	if (ctl_text_has(object, key))
		ctl_text_ms(ctl_table_cell(t, column), ctl_text_number(object, key));
}

static void cell_string(struct ctl_table *t, size_t column, const json_t *object, const char *key)
{
	ctl_text_add(ctl_table_cell(t, column), ctl_text_string(object, key));
}

/* ---- links --------------------------------------------------------------- */

enum {
	L_LINK,
	L_DEVICE,
	L_FAMILY,
	L_STATE,
	L_SINCE,
	L_LOSS,
	L_RTT,
	L_JITTER,
	L_BACK,
	L_PENALTY,
	L_REASON,
};

static const char *const link_headings[] = {
	[L_LINK] = "LINK",	  [L_DEVICE] = "DEVICE",  [L_FAMILY] = "FAMILY",
	[L_STATE] = "STATE",	  [L_SINCE] = ">SINCE",	  [L_LOSS] = ">LOSS",
	[L_RTT] = ">RTT",	  [L_JITTER] = ">JITTER", [L_BACK] = ">BACK IN",
	[L_PENALTY] = ">PENALTY", [L_REASON] = "REASON",  NULL,
};

static void link_row(struct ctl_table *t, const json_t *link, const char *family, bool first)
{
	const json_t *f = json_object_get(link, family), *probe = json_object_get(f, "probe");
	const char *state = ctl_text_string(f, "state"), *reason = ctl_text_string(f, "reason");
	struct strbuf *text;

	ctl_table_row(t);
	if (first) {
		cell_string(t, L_LINK, link, "name");
		cell_string(t, L_DEVICE, link, "device");
		if (ctl_text_number(link, "penalty") >= 1)
			cell_number(t, L_PENALTY, link, "penalty");
	}
	strbuf_add(ctl_table_cell(t, L_FAMILY), ctl_text_family(family));
	text = ctl_table_cell(t, L_STATE);
	ctl_text_state(text, state);
	ctl_table_paint(t, L_STATE, ctl_text_use_paint(ctl_text_string(f, "use")));
	cell_duration(t, L_SINCE, f, "for_seconds");
	if (ctl_text_has(probe, "loss_percent"))
		strbuf_addf(ctl_table_cell(t, L_LOSS), "%.0f %%",
			    ctl_text_number(probe, "loss_percent"));
	cell_ms(t, L_RTT, probe, "rtt_ms");
	cell_ms(t, L_JITTER, probe, "jitter_ms");
	cell_duration(t, L_BACK, f, "until_seconds");
	/* "no carrier: no carrier" says nothing more */
	if (strcmp(reason, strbuf_text(text)) != 0)
		ctl_text_add(ctl_table_cell(t, L_REASON), reason);
}

static int links_table(const json_t *links, bool colors, struct strbuf *out)
{
	_cleanup_(ctl_table_freep) struct ctl_table *t = ctl_table_new(link_headings);
	json_t *link;
	size_t i;

	if (!json_is_array(links))
		return -EPROTO;
	json_array_foreach(links, i, link)
	{
		for (size_t f = 0; f < ARRAY_SIZE(families); f++)
			link_row(t, link, families[f], f == 0);
	}
	ctl_table_print(t, colors, out);
	return 0;
}

enum {
	D_LINK,
	D_ID,
	D_MARK,
	D_TABLE,
	D_FAMILY,
	D_GATEWAY,
	D_LOSSES,
	D_DOWNS,
	D_GOOD,
	D_PACKETS,
	D_BYTES,
	D_DRAINED,
};

static const char *const detail_headings[] = {
	[D_LINK] = "LINK",
	[D_ID] = ">ID",
	[D_MARK] = "MARK",
	[D_TABLE] = ">TABLE",
	[D_FAMILY] = "FAMILY",
	[D_GATEWAY] = "GATEWAY",
	[D_LOSSES] = ">LOSSES",
	[D_DOWNS] = ">CARRIER LOSSES",
	[D_GOOD] = ">LAST ANSWER",
	[D_PACKETS] = ">PACKETS",
	[D_BYTES] = ">SENT",
	[D_DRAINED] = "BY HAND",
	NULL,
};
_Static_assert(ARRAY_SIZE(detail_headings) - 1 <= CTL_TABLE_COLUMNS, "columns of a table");

static void detail_row(struct ctl_table *t, const json_t *link, const char *family, bool first)
{
	const json_t *f = json_object_get(link, family), *sent = json_object_get(link, "sent");
	const json_t *probe = json_object_get(f, "probe");

	ctl_table_row(t);
	if (first) {
		cell_string(t, D_LINK, link, "name");
		cell_number(t, D_ID, link, "id");
		strbuf_addf(ctl_table_cell(t, D_MARK), "0x%x",
			    (unsigned)ctl_text_number(link, "mark"));
		cell_number(t, D_TABLE, link, "table");
		cell_number(t, D_DOWNS, link, "carrier_downs");
		cell_number(t, D_PACKETS, sent, "packets");
		if (sent)
			ctl_text_bytes(ctl_table_cell(t, D_BYTES), ctl_text_number(sent, "bytes"));
		if (json_is_true(json_object_get(link, "drained")))
			strbuf_add(ctl_table_cell(t, D_DRAINED), "drained");
	}
	strbuf_add(ctl_table_cell(t, D_FAMILY), ctl_text_family(family));
	cell_string(t, D_GATEWAY, f, "gateway");
	cell_number(t, D_LOSSES, f, "losses");
	if (ctl_text_has(probe, "last_good_seconds")) {
		cell_duration(t, D_GOOD, probe, "last_good_seconds");
		strbuf_add(ctl_table_cell(t, D_GOOD), " ago");
	}
}

int ctl_status_print_links(const json_t *answer, bool detailed, bool colors, struct strbuf *out)
{
	_cleanup_(ctl_table_freep) struct ctl_table *t = ctl_table_new(detail_headings);
	const json_t *links = json_object_get(answer, "links");
	int r = links_table(links, colors, out);
	json_t *link;
	size_t i;

	if (r < 0 || !detailed)
		return r;
	json_array_foreach(links, i, link)
	{
		for (size_t f = 0; f < ARRAY_SIZE(families); f++)
			detail_row(t, link, families[f], f == 0);
	}
	strbuf_addc(out, '\n');
	ctl_table_print(t, colors, out);
	return 0;
}

/* ---- groups -------------------------------------------------------------- */

enum {
	G_GROUP,
	G_MODE,
	G_FAMILY,
	G_LEAVES,
	G_SINCE,
	G_NEXT,
	G_SWITCHES,
	G_REASON,
};

static const char *const group_headings[] = {
	[G_GROUP] = "GROUP",	    [G_MODE] = "MODE",	  [G_FAMILY] = "FAMILY",
	[G_LEAVES] = "LEAVES BY",   [G_SINCE] = ">SINCE", [G_NEXT] = "NEXT",
	[G_SWITCHES] = ">SWITCHES", [G_REASON] = "WHY",	  NULL,
};

const char *ctl_status_leaves_by(const json_t *choice)
{
	const char *kind = ctl_text_string(choice, "leaves_by");

	return strcmp(kind, "link") != 0 ? kind : ctl_text_string(choice, "link");
}

static enum ctl_paint choice_paint(const json_t *choice)
{
	const char *kind = ctl_text_string(choice, "leaves_by");

	if (!strcmp(kind, "link") || !strcmp(kind, "balance"))
		return CTL_GOOD;
	return !strcmp(kind, "block") ? CTL_BAD : CTL_FAIR;
}

static void group_row(struct ctl_table *t, const json_t *group, const char *family, bool first)
{
	const json_t *f = json_object_get(group, family), *next = json_object_get(f, "next");

	ctl_table_row(t);
	if (first) {
		cell_string(t, G_GROUP, group, "name");
		cell_string(t, G_MODE, group, "mode");
	}
	strbuf_add(ctl_table_cell(t, G_FAMILY), ctl_text_family(family));
	ctl_text_add(ctl_table_cell(t, G_LEAVES), ctl_status_leaves_by(f));
	ctl_table_paint(t, G_LEAVES, choice_paint(f));
	cell_duration(t, G_SINCE, f, "for_seconds");
	if (next) {
		struct strbuf *text = ctl_table_cell(t, G_NEXT);

		ctl_text_add(text, ctl_text_string(next, "link"));
		strbuf_add(text, " in ");
		ctl_text_duration(text, ctl_text_number(next, "in_seconds"));
	}
	cell_number(t, G_SWITCHES, f, "switches");
	cell_string(t, G_REASON, f, "reason");
}

static int groups_table(const json_t *groups, bool colors, struct strbuf *out)
{
	_cleanup_(ctl_table_freep) struct ctl_table *t = ctl_table_new(group_headings);
	json_t *group;
	size_t i;

	if (!json_is_array(groups))
		return -EPROTO;
	json_array_foreach(groups, i, group)
	{
		for (size_t f = 0; f < ARRAY_SIZE(families); f++)
			group_row(t, group, families[f], f == 0);
	}
	ctl_table_print(t, colors, out);
	return 0;
}

enum {
	B_GROUP,
	B_LINKS,
	B_FAILBACK,
	B_FAMILY,
	B_CARRIER,
	B_SILENT,
	B_SUSPECT,
	B_RECOVER,
};

/* Worst cases: the time until traffic has left a link that died, or is back on it. */
static const char *const budget_headings[] = {
	[B_GROUP] = "GROUP",
	[B_LINKS] = "LINKS",
	[B_FAILBACK] = "FAILBACK",
	[B_FAMILY] = "FAMILY",
	[B_CARRIER] = ">CABLE PULLED",
	[B_SILENT] = ">SILENT LOSS",
	[B_SUSPECT] = ">UNDER TRAFFIC",
	[B_RECOVER] = ">BACK AFTER",
	NULL,
};

static void bound(struct ctl_table *t, size_t column, const json_t *object, const char *key)
{
	if (ctl_text_has(object, key))
		ctl_text_ms(ctl_table_cell(t, column), ctl_text_number(object, key));
	else
		strbuf_add(ctl_table_cell(t, column), "-");
}

static void add_members(struct strbuf *out, const json_t *group)
{
	bool weights = !strcmp(ctl_text_string(group, "mode"), "balance");
	json_t *m;
	size_t i;

	json_array_foreach(json_object_get(group, "links"), i, m)
	{
		strbuf_add(out, i ? ", " : "");
		ctl_text_add(out, ctl_text_string(m, "link"));
		if (weights)
			strbuf_addf(out, " x%.0f", ctl_text_number(m, "weight"));
	}
}

static void budget_row(struct ctl_table *t, const json_t *group, const char *family, bool first)
{
	const json_t *b = json_object_get(group, "budget"), *f = json_object_get(b, family);

	ctl_table_row(t);
	if (first) {
		cell_string(t, B_GROUP, group, "name");
		add_members(ctl_table_cell(t, B_LINKS), group);
		cell_string(t, B_FAILBACK, group, "failback");
	}
	strbuf_add(ctl_table_cell(t, B_FAMILY), ctl_text_family(family));
	bound(t, B_CARRIER, b, "carrier_ms");
	bound(t, B_SILENT, f, "silent_ms");
	bound(t, B_SUSPECT, f, "suspect_ms");
	bound(t, B_RECOVER, f, "recover_ms");
}

int ctl_status_print_groups(const json_t *answer, bool detailed, bool colors, struct strbuf *out)
{
	_cleanup_(ctl_table_freep) struct ctl_table *t = ctl_table_new(budget_headings);
	const json_t *groups = json_object_get(answer, "groups");
	int r = groups_table(groups, colors, out);
	json_t *group;
	size_t i;

	if (r < 0 || !detailed || !json_array_size(groups))
		return r;
	json_array_foreach(groups, i, group)
	{
		for (size_t f = 0; f < ARRAY_SIZE(families); f++)
			budget_row(t, group, families[f], f == 0);
	}
	strbuf_add(
		out,
		"\nAt worst, until new traffic leaves by another link, or by a better one again:\n");
	ctl_table_print(t, colors, out);
	return 0;
}

/* ---- status -------------------------------------------------------------- */

static void print_head(const json_t *status, bool colors, struct strbuf *out)
{
	bool in_sync = json_is_true(json_object_get(status, "in_sync"));
	bool loading = json_is_true(json_object_get(status, "loading"));
	enum ctl_paint p = in_sync ? CTL_GOOD : CTL_FAIR;

	strbuf_add(out, "omr-nftd ");
	ctl_text_add(out, ctl_text_string(status, "version"));
	strbuf_add(out, ", policy ");
	ctl_text_add(out, ctl_text_string(status, "policy"));
	strbuf_add(out, ", up ");
	ctl_text_duration(out, ctl_text_number(status, "uptime_seconds"));
	strbuf_addf(out, ", %s%s%s", ctl_text_paint(p, colors),
		    in_sync   ? "in sync"
		    : loading ? "loading"
			      : "bringing the kernel to this state",
		    ctl_text_unpaint(p, colors));
	if (ctl_text_number(status, "repairs") > 0)
		strbuf_addf(out, ", %.0f repairs", ctl_text_number(status, "repairs"));
	strbuf_add(out, "\n\n");
}

int ctl_status_print(const json_t *status, bool colors, struct strbuf *out)
{
	int r;

	if (!ctl_text_has(status, "in_sync"))
		return -EPROTO;
	print_head(status, colors, out);
	r = ctl_status_print_links(status, false, colors, out);
	if (r == 0 && json_array_size(json_object_get(status, "groups"))) {
		strbuf_addc(out, '\n');
		r = ctl_status_print_groups(status, false, colors, out);
	}
	return r;
}
