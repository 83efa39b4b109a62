/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables for people: aligned columns, two blanks between them; columns in which
 * nothing stands are left out.
 */
#pragma once

#include "daemon/ctl_text.h"

#include <stddef.h>

#define CTL_TABLE_COLUMNS 12

struct strbuf;
struct ctl_table;

/* Headings, NULL at the end; one that begins with '>' is of a column of numbers. */
struct ctl_table *ctl_table_new(const char *const *headings);
struct ctl_table *ctl_table_free(struct ctl_table *t);
void ctl_table_freep(struct ctl_table **t);

void ctl_table_row(struct ctl_table *t);
/* The text of a cell of the last row: append to it. */
struct strbuf *ctl_table_cell(struct ctl_table *t, size_t column);
void ctl_table_paint(struct ctl_table *t, size_t column, enum ctl_paint p);
/* Nothing without rows. */
void ctl_table_print(const struct ctl_table *t, bool colors, struct strbuf *out);
