/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "generator/emit_text.h"

#include "base/arena.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

/* Bytes of `text` that fit in `max` without cutting a UTF-8 character. */
static size_t fitting(const char *text, size_t max)
{
	size_t n = strnlen(text, max + 1);

	if (n <= max)
		return n;
	n = max;
	while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
		n--;
	return n;
}

void emit_text_plain(struct strbuf *out, const char *text, size_t max)
{
	size_t n = fitting(text, max);

	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)text[i];

		if (c < 0x20 || c == 0x7f)
			strbuf_addc(out, ' ');
		else if (c == '"' || c == '\\' || c == '`')
			strbuf_addc(out, '\'');
		else
			strbuf_addc(out, text[i]);
	}
}

void emit_text_comment(struct strbuf *out, const char *text)
{
	strbuf_addc(out, '"');
	emit_text_plain(out, text, EMIT_COMMENT_MAX);
	strbuf_addc(out, '"');
}

void emit_text_quoted(struct strbuf *out, const char *name)
{
	for (const char *c = name; *c; c++)
		if (*c == '"' || *c == '\\' || (unsigned char)*c < 0x20 || *c == 0x7f)
			abort();
	strbuf_addc(out, '"');
	strbuf_add(out, name);
	strbuf_addc(out, '"');
}

void emit_text_header(struct strbuf *out, const char *what, const char *policy)
{
	strbuf_addf(out, "# omr-nft %s: %s, compiled from ", OMR_VERSION, what);
	emit_text_plain(out, policy, 200);
	strbuf_add(out, ".\n# Change the policy and compile it again rather than this file.\n");
}

static void add_target(struct strbuf *out, const struct plan *p, const struct plan_target *t)
{
	bool balance = t->mode == POLICY_GROUP_BALANCE;
	unsigned tier = 0;

	strbuf_addf(out, "#   0x%08x  %s:", t->mark, t->name);
	for (size_t i = 0; i < t->n_candidates; i++) {
		const struct plan_candidate *c = &t->candidates[i];

		if (i > 0)
			strbuf_add(out, c->tier != tier ? ", else" : ",");
		tier = c->tier;
		strbuf_addf(out, " %s", p->links[c->link].name);
		if (balance && c->tier == 0)
			strbuf_addf(out, " (%u)", c->weight);
		if (c->mark != t->mark && c->mark != p->links[c->link].mark)
			strbuf_addf(out, " as 0x%08x", c->mark);
	}
	if (t->n_candidates > 0)
		strbuf_add(out, ", else");
	strbuf_add(out, t->last == PLAN_LAST_BLOCK ? " unreachable\n" : " main routing\n");
}

void emit_text_marks(struct strbuf *out, const struct plan *p)
{
	strbuf_addf(out,
		    "# Links (bits 0x%08x of packet and connection marks; the rest is others'):\n",
		    p->mark_mask);
	for (size_t i = 0; i < p->n_links; i++) {
		const struct plan_link *l = &p->links[i];

		strbuf_addf(out, "#   0x%08x  %s: device %s, routing table %u", l->mark, l->name,
			    l->device, l->table);
		if (l->probe_mark)
			strbuf_addf(out, "; probes 0x%08x", l->probe_mark);
		strbuf_addc(out, '\n');
	}
	if (p->n_targets > 0)
		strbuf_add(out, "# Targets, and the links they leave by, best first:\n");
	for (size_t i = 0; i < p->n_targets; i++)
		add_target(out, p, &p->targets[i]);
}

/* Columns of the line being written. */
static size_t column(const struct strbuf *b)
{
	size_t start = b->len, columns = 0;

	while (start > 0 && b->text[start - 1] != '\n')
		start--;
	for (size_t i = start; i < b->len; i++)
		columns += b->text[i] == '\t' ? 8 - columns % 8 : 1;
	return columns;
}

void emit_text_item(struct emit_list *l, const char *item)
{
	if (l->n > 0) {
		strbuf_addc(l->out, ',');
		/* room for a blank, the item and the " }" or "," after it */
		if (column(l->out) + strlen(item) + 3 > EMIT_WIDTH) {
			strbuf_addc(l->out, '\n');
			strbuf_add(l->out, l->indent);
		} else {
			strbuf_addc(l->out, ' ');
		}
	}
	strbuf_add(l->out, item);
	l->n++;
}

void emit_text_state(const struct plan *p, struct arena *a, struct desired *ret)
{
	/* no link is looked at: without a daemon nothing in the maps depends on one */
	struct link_view *views = arena_calloc(a, p->n_links + 1, sizeof(*views));

	desired_build(p, &(struct desired_inputs){ .views = views }, DESIRED_KERNEL, a, ret);
}

unsigned emit_text_cgroup_level(const char *path)
{
	unsigned level = 1;

	for (const char *c = path; *c; c++)
		level += *c == '/';
	return level;
}

enum inet_family emit_text_key_family(enum plan_key_type t)
{
	return t == PLAN_TYPE_IPV6_ADDR ? INET6 : INET4;
}
