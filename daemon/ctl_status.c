/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ctl_status.h"

#include "base/strbuf.h"

#include <errno.h>
#include <string.h>

#define COLUMNS	 4
#define CELL_MAX 96

struct table {
	char (*cells)[COLUMNS][CELL_MAX];
	size_t n_rows;
	size_t n_columns;
};

static void print_table(const struct table *t, struct strbuf *out)
{
	size_t width[COLUMNS] = { 0 };

	for (size_t r = 0; r < t->n_rows; r++)
		for (size_t i = 0; i < t->n_columns; i++)
			if (strlen(t->cells[r][i]) > width[i])
				width[i] = strlen(t->cells[r][i]);
	for (size_t r = 0; r < t->n_rows; r++) {
		for (size_t i = 0; i + 1 < t->n_columns; i++)
			strbuf_addf(out, "%-*s  ", (int)width[i], t->cells[r][i]);
		strbuf_addf(out, "%s\n", t->cells[r][t->n_columns - 1]);
	}
}

/* A string of the daemon, or "?"; control characters are not passed on to a terminal. */
static void cell_text(char cell[CELL_MAX], const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	snprintf(cell, CELL_MAX, "%s", s ? s : "?");
	for (char *p = cell; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
}

static void cell_state(char cell[CELL_MAX], const json_t *family)
{
	const char *state = json_string_value(json_object_get(family, "state"));

	if (state && !strcmp(state, "up"))
		snprintf(cell, CELL_MAX, "up");
	else
		cell_text(cell, family, "reason");
}

static void cell_choice(char cell[CELL_MAX], const json_t *family)
{
	if (json_object_get(family, "link"))
		cell_text(cell, family, "link");
	else
		cell_text(cell, family, "leaves_by");
}

static void print_links(const json_t *links, struct strbuf *out)
{
	struct table t = { .n_columns = 4 };
	size_t i;
	json_t *l;

	t.cells = calloc(json_array_size(links) + 1, sizeof(*t.cells));
	if (!t.cells)
		abort();
	snprintf(t.cells[0][0], CELL_MAX, "LINK");
	snprintf(t.cells[0][1], CELL_MAX, "DEVICE");
	snprintf(t.cells[0][2], CELL_MAX, "IPV4");
	snprintf(t.cells[0][3], CELL_MAX, "IPV6");
	t.n_rows = 1;
	json_array_foreach(links, i, l)
	{
		cell_text(t.cells[t.n_rows][0], l, "name");
		cell_text(t.cells[t.n_rows][1], l, "device");
		cell_state(t.cells[t.n_rows][2], json_object_get(l, "ipv4"));
		cell_state(t.cells[t.n_rows][3], json_object_get(l, "ipv6"));
		t.n_rows++;
	}
	print_table(&t, out);
	free(t.cells);
}

static void print_targets(const json_t *targets, struct strbuf *out)
{
	struct table t = { .n_columns = 3 };
	size_t i;
	json_t *l;

	t.cells = calloc(json_array_size(targets) + 1, sizeof(*t.cells));
	if (!t.cells)
		abort();
	snprintf(t.cells[0][0], CELL_MAX, "TARGET");
	snprintf(t.cells[0][1], CELL_MAX, "IPV4");
	snprintf(t.cells[0][2], CELL_MAX, "IPV6");
	t.n_rows = 1;
	json_array_foreach(targets, i, l)
	{
		cell_text(t.cells[t.n_rows][0], l, "name");
		cell_choice(t.cells[t.n_rows][1], json_object_get(l, "ipv4"));
		cell_choice(t.cells[t.n_rows][2], json_object_get(l, "ipv6"));
		t.n_rows++;
	}
	print_table(&t, out);
	free(t.cells);
}

int ctl_status_print(const json_t *status, struct strbuf *out)
{
	const json_t *links = json_object_get(status, "links");
	const json_t *targets = json_object_get(status, "targets");

	if (!json_is_array(links) || !json_is_array(targets))
		return -EPROTO;
	print_links(links, out);
	if (json_array_size(targets)) {
		strbuf_add(out, "\n");
		print_targets(targets, out);
	}
	if (json_is_false(json_object_get(status, "in_sync")))
		strbuf_add(out, "\nThe kernel is being brought to this state.\n");
	return 0;
}
