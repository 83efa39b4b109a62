/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ctl_event.h"

#include "base/strbuf.h"
#include "daemon/ctl_text.h"

#include <string.h>

/* "2026-11-23T01:36:42.123Z" -> "2026-11-23 01:36:42.123Z" */
static void add_time(const json_t *e, struct strbuf *out)
{
	const char *time = ctl_text_string(e, "time");

	for (; *time; time++)
		strbuf_addc(out, *time == 'T' ? ' ' : *time);
}

static enum ctl_paint paint_of(const char *event, const json_t *e)
{
	if (!strcmp(event, "link-up"))
		return CTL_GOOD;
	if (!strcmp(event, "link-down"))
		return CTL_BAD;
	if (!strcmp(event, "group"))
		return CTL_FAIR;
	return json_is_true(json_object_get(e, "warning")) ? CTL_FAIR : CTL_PLAIN;
}

static void add_what(const json_t *e, struct strbuf *out)
{
	const char *reason = ctl_text_string(e, "reason");
	bool group = ctl_text_has(e, "group");

	strbuf_add(out, group ? "group " : "link ");
	ctl_text_add(out, ctl_text_string(e, group ? "group" : "link"));
	if (!group && ctl_text_has(e, "device")) {
		strbuf_add(out, " (");
		ctl_text_add(out, ctl_text_string(e, "device"));
		strbuf_addc(out, ')');
	}
	strbuf_addf(out, " %s: ", ctl_text_family(ctl_text_string(e, "family")));
	if (ctl_text_has(e, "from")) {
		ctl_text_add(out, ctl_text_string(e, "from"));
		strbuf_add(out, " -> ");
	}
	ctl_text_add(out, ctl_text_string(e, "to"));
	/* "up: up" says nothing more */
	if (*reason && strcmp(reason, ctl_text_string(e, "to")) != 0) {
		strbuf_add(out, ": ");
		ctl_text_add(out, reason);
	}
}

void ctl_event_print(const json_t *e, bool colors, struct strbuf *out)
{
	const char *event = ctl_text_string(e, "event");
	enum ctl_paint p = paint_of(event, e);

	if (!strcmp(event, "end")) {
		add_time(e, out);
		strbuf_add(out, "  end: ");
		ctl_text_add(out, ctl_text_string(e, "reason"));
		strbuf_addc(out, '\n');
		return;
	}
	add_time(e, out);
	strbuf_addf(out, "  %s", ctl_text_paint(p, colors));
	if (*ctl_text_string(e, "to") && (ctl_text_has(e, "link") || ctl_text_has(e, "group")))
		add_what(e, out);
	else
		ctl_text_add(out, ctl_text_string(e, "text"));
	strbuf_add(out, ctl_text_unpaint(p, colors));
	if (json_is_true(json_object_get(e, "present"))) {
		strbuf_add(out, " (for ");
		ctl_text_duration(out, ctl_text_number(e, "for_seconds"));
		strbuf_addc(out, ')');
	}
	if (ctl_text_has(e, "detect_us")) {
		strbuf_add(out, " (detected in ");
		ctl_text_ms(out, ctl_text_number(e, "detect_us") / 1000);
		strbuf_addc(out, ')');
	}
	strbuf_addc(out, '\n');
}
