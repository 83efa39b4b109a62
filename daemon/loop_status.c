/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/loop_status.h"

#include "base/strbuf.h"
#include "daemon/core.h"

#include <string.h>

/* Groups that fit into a line a person still reads. */
#define GROUPS_MAX 8

static bool is_up(const struct core *c, size_t link, uint64_t now_ns)
{
	for (enum inet_family f = INET4; f <= INET6; f++) {
		struct core_link_info info;

		core_link_info(c, link, f, now_ns, &info);
		if (link_state_use(info.state) == LINK_USE_YES)
			return true;
	}
	return false;
}

static const char *choice_name(const struct core *c, size_t group, enum inet_family f)
{
	struct core_choice choice;

	core_group_choice(c, group, f, &choice);
	switch (choice.kind) {
	case CORE_CHOICE_UNKNOWN:
		return "?";
	case CORE_CHOICE_LINK:
		return core_plan(c)->links[choice.link].name;
	case CORE_CHOICE_BALANCE:
		return "balance";
	case CORE_CHOICE_MAIN:
		return "main";
	case CORE_CHOICE_BLOCK:
		return "block";
	}
	return "?";
}

char *loop_status_text(const struct core *c, uint64_t now_ns)
{
	const struct plan *p = core_plan(c);
	struct strbuf b = STRBUF_NULL;
	size_t up = 0;

	for (size_t i = 0; i < p->n_links; i++)
		up += is_up(c, i, now_ns);
	strbuf_addf(&b, "%zu of %zu links up", up, p->n_links);
	for (size_t i = 0; i < p->n_group_tables && i < GROUPS_MAX; i++) {
		const char *v4 = choice_name(c, i, INET4), *v6 = choice_name(c, i, INET6);

		strbuf_addf(&b, "%s %s: %s", i ? "," : ";", p->group_tables[i].name, v4);
		if (strcmp(v4, v6))
			strbuf_addf(&b, " (IPv6: %s)", v6);
	}
	if (p->n_group_tables > GROUPS_MAX)
		strbuf_add(&b, ", ...");
	return b.text;
}
