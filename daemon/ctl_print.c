/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ctl_print.h"

#include "base/strbuf.h"
#include "daemon/ctl_status.h"
#include "daemon/ctl_text.h"
#include "daemon/ctl_why.h"

#include <errno.h>
#include <string.h>

const char *ctl_print_error(const json_t *answer, struct strbuf *out)
{
	const char *hint = ctl_text_string(answer, "hint");

	if (!ctl_text_has(answer, "error"))
		return NULL;
	ctl_text_add(out, ctl_text_string(answer, "error"));
	if (*hint) {
		strbuf_add(out, ": ");
		ctl_text_add(out, hint);
	}
	return strbuf_text(out);
}

static void print_drain(const json_t *a, struct strbuf *out)
{
	bool drained = json_is_true(json_object_get(a, "drained"));

	strbuf_add(out, "link ");
	ctl_text_add(out, ctl_text_string(a, "link"));
	strbuf_add(out, drained ? " is drained: no new flows, live ones finish\n"
				: " takes new flows again, as far as it can\n");
}

static void print_switch(const json_t *a, struct strbuf *out)
{
	static const char *const families[] = { "ipv4", "ipv6" };

	for (size_t i = 0; i < 2; i++) {
		const json_t *choice = json_object_get(a, families[i]);

		strbuf_add(out, "group ");
		ctl_text_add(out, ctl_text_string(a, "group"));
		strbuf_addf(out, " %s: ", ctl_text_family(families[i]));
		ctl_text_add(out, ctl_status_leaves_by(choice));
		if (*ctl_text_string(choice, "reason")) {
			strbuf_add(out, " (");
			ctl_text_add(out, ctl_text_string(choice, "reason"));
			strbuf_addc(out, ')');
		}
		strbuf_addc(out, '\n');
	}
}

int ctl_print_answer(enum ctl_command c, const json_t *answer, bool colors, struct strbuf *out)
{
	if (!json_is_object(answer))
		return -EPROTO;
	switch (c) {
	case CTL_STATUS:
		return ctl_status_print(answer, colors, out);
	case CTL_LINKS:
		return ctl_status_print_links(answer, true, colors, out);
	case CTL_GROUPS:
		return ctl_status_print_groups(answer, true, colors, out);
	case CTL_RULES:
		return ctl_why_print_rules(answer, colors, out);
	case CTL_WHY:
		return ctl_why_print(answer, colors, out);
	case CTL_DRAIN:
	case CTL_UNDRAIN:
		print_drain(answer, out);
		return 0;
	case CTL_SWITCH:
		print_switch(answer, out);
		return 0;
	case CTL_RELOAD:
		strbuf_add(out, "the policy is in force\n");
		return 0;
	case CTL_METRICS:
		strbuf_add(out, ctl_text_string(answer, "metrics"));
		return *ctl_text_string(answer, "metrics") ? 0 : -EPROTO;
	case CTL_WATCH:
	case CTL_DOCTOR:
		break;
	}
	return -EPROTO;
}
