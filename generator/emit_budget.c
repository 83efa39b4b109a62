/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "generator/emit_budget.h"

#include "base/cleanup.h"
#include "base/strbuf.h"
#include "model/budget.h"

#include <stdio.h>
#include <string.h>

#define CELL_MAX 40

enum column {
	COLUMN_NAME,
	COLUMN_FAMILY,
	COLUMN_CARRIER,
	COLUMN_SILENT,
	COLUMN_SUSPECT,
	COLUMN_RECOVER,
};
#define COLUMN_COUNT (COLUMN_RECOVER + 1)

struct row {
	char cells[COLUMN_COUNT][CELL_MAX];
};

/* Which of two families a row is about; a mask of 1 << INET4 and 1 << INET6. */
#define BOTH (1u << INET4 | 1u << INET6)

static void put_ms(char cell[CELL_MAX], uint32_t ms, const char *never)
{
	if (ms == UINT32_MAX)
		snprintf(cell, CELL_MAX, "%s", never);
	else if (ms < 1000)
		snprintf(cell, CELL_MAX, "%u ms", ms);
	else if (ms < 600000)
		snprintf(cell, CELL_MAX, "%.4g s", ms / 1000.0);
	else
		snprintf(cell, CELL_MAX, "%.4g min", ms / 60000.0);
}

static void put_row(struct row *row, const char *name, unsigned families, const struct budget *b)
{
	const int f = families & 1u << INET4 ? INET4 : INET6;

	snprintf(row->cells[COLUMN_NAME], CELL_MAX, "%s", name);
	snprintf(row->cells[COLUMN_FAMILY], CELL_MAX, "%s",
		 families == BOTH ? ""
		 : f == INET4	  ? "IPv4"
				  : "IPv6");
	put_ms(row->cells[COLUMN_CARRIER], b->carrier_ms, "never");
	put_ms(row->cells[COLUMN_SILENT], b->silent_ms[f], "never seen");
	put_ms(row->cells[COLUMN_SUSPECT],
	       b->suspect_ms[f] == UINT32_MAX ? b->silent_ms[f] : b->suspect_ms[f], "never seen");
	put_ms(row->cells[COLUMN_RECOVER], b->recover_ms[f], "not by itself");
}

struct table {
	struct row *rows;
	size_t n;
};

static void table_add(struct table *t, const char *name, const struct budget *b)
{
	if (b->silent_ms[INET4] == b->silent_ms[INET6] &&
	    b->suspect_ms[INET4] == b->suspect_ms[INET6] &&
	    b->recover_ms[INET4] == b->recover_ms[INET6]) {
		put_row(&t->rows[t->n++], name, BOTH, b);
		return;
	}
	put_row(&t->rows[t->n++], name, 1u << INET4, b);
	put_row(&t->rows[t->n++], "", 1u << INET6, b);
}

static void add_all(struct table *t, const struct policy *p)
{
	char name[CELL_MAX];
	struct budget b;

	for (size_t i = 0; i < p->n_groups; i++) {
		budget_of_group(p, &p->groups[i], &b);
		snprintf(name, sizeof(name), "group %s", p->groups[i].name);
		table_add(t, name, &b);
	}
	for (size_t i = 0; i < p->n_links; i++) {
		budget_of_link(p, &p->links[i], &b);
		snprintf(name, sizeof(name), "link %s", p->links[i].name);
		table_add(t, name, &b);
	}
}

static void print_rows(const struct table *t, struct strbuf *out)
{
	int width[COLUMN_COUNT] = { 0 };

	for (size_t i = 0; i < t->n; i++)
		for (int c = 0; c < COLUMN_COUNT; c++) {
			int w = (int)strlen(t->rows[i].cells[c]);

			if (w > width[c])
				width[c] = w;
		}
	for (size_t i = 0; i < t->n; i++) {
		size_t begin = out->len;

		strbuf_addc(out, ' ');
		for (int c = 0; c < COLUMN_COUNT; c++)
			if (width[c])
				strbuf_addf(out, " %-*s%s", width[c], t->rows[i].cells[c],
					    c + 1 < COLUMN_COUNT ? " " : "");
		while (out->len > begin && out->text[out->len - 1] == ' ')
			out->text[--out->len] = '\0';
		strbuf_addc(out, '\n');
	}
}

/* "lte (IPv6)" of what no probe watches. */
static void add_unwatched(const struct policy *p, struct strbuf *out)
{
	for (size_t i = 0; i < p->n_links; i++) {
		struct budget b;
		bool v4, v6;

		budget_of_link(p, &p->links[i], &b);
		v4 = b.silent_ms[INET4] == UINT32_MAX;
		v6 = b.silent_ms[INET6] == UINT32_MAX;
		if (v4 || v6)
			strbuf_addf(out, "%s%s%s", out->len ? ", " : "", p->links[i].name,
				    v4 && v6 ? ""
				    : v4     ? " (IPv4)"
					     : " (IPv6)");
	}
}

static bool has_route_probe(const struct policy *p)
{
	for (size_t i = 0; i < p->n_links; i++)
		if (p->links[i].probe >= 0 &&
		    p->probes[p->links[i].probe].type == POLICY_PROBE_ROUTE)
			return true;
	return false;
}

void emit_budget(const struct policy *p, struct strbuf *out)
{
	static const struct row head = { { "", "", "carrier lost", "silent failure", "with traffic",
					   "used again" } };
	_cleanup_(strbuf_done) struct strbuf unwatched = STRBUF_NULL;
	struct row rows[1 + 2 * (POLICY_GROUPS_MAX + POLICY_LINKS_MAX)];
	struct table t = { .rows = rows };

	rows[t.n++] = head;
	add_all(&t, p);
	strbuf_add(out, "with the daemon, at worst:\n");
	print_rows(&t, out);
	add_unwatched(p, &unwatched);
	if (unwatched.len)
		strbuf_addf(out,
			    "  no probe: %s; a failure that leaves carrier, address and gateway "
			    "is never seen there\n",
			    strbuf_text(&unwatched));
	if (has_route_probe(p))
		strbuf_add(out, "  probes of type \"route\": from the moment the route goes\n");
}
