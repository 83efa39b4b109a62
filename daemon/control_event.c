/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control_event.h"

#include "base/strbuf.h"
#include "daemon/control_json.h"

static const char *event_name(enum core_line_kind k)
{
	switch (k) {
	case CORE_LINE_OTHER:
		return "log";
	case CORE_LINE_LINK_UP:
		return "link-up";
	case CORE_LINE_LINK_DOWN:
		return "link-down";
	case CORE_LINE_GROUP:
		return "group";
	case CORE_LINE_REPAIR:
		return "repair";
	}
	return "log";
}

static json_t *event_object(const char *event, const char *time)
{
	json_t *j = json_object();

	control_json_set_text(j, "event", event);
	control_json_set_text(j, "time", time);
	return j;
}

static void finish(json_t *j, struct strbuf *out)
{
	control_json_line(j, out);
	json_decref(j);
}

void control_event_line(const struct core_line *line, const char *time, struct strbuf *out)
{
	json_t *j = event_object(event_name(line->kind), time);

	control_json_set_text(j, "link", line->link);
	control_json_set_text(j, "device", line->device);
	control_json_set_text(j, "group", line->group);
	if (line->link || line->group)
		control_json_set_text(j, "family", control_json_family(line->family));
	control_json_set_text(j, "from", line->from);
	control_json_set_text(j, "to", line->to);
	control_json_set_text(j, "reason", line->reason);
	control_json_set_text(j, "text", line->text);
	control_json_set(j, "warning", json_boolean(line->warning));
	if (line->detect_us)
		control_json_set(j, "detect_us", json_integer((json_int_t)line->detect_us));
	finish(j, out);
}

static void present_link(const struct core *c, size_t i, enum inet_family f, const char *time,
			 uint64_t now_ns, struct strbuf *out)
{
	const struct plan_link *l = &core_plan(c)->links[i];
	struct core_link_info info;
	json_t *j;

	core_link_info(c, i, f, now_ns, &info);
	j = event_object(link_state_use(info.state) == LINK_USE_YES ? "link-up" : "link-down",
			 time);
	control_json_set(j, "present", json_true());
	control_json_set_text(j, "link", l->name);
	control_json_set_text(j, "device", l->device);
	control_json_set_text(j, "family", control_json_family(f));
	control_json_set_text(j, "to", link_state_name(info.state));
	control_json_set_text(j, "reason", info.reason && *info.reason ? info.reason : NULL);
	control_json_set_since(j, "for_seconds", info.since_ns, now_ns);
	finish(j, out);
}

static void present_group(const struct core *c, size_t i, enum inet_family f, const char *time,
			  uint64_t now_ns, struct strbuf *out)
{
	const struct plan *p = core_plan(c);
	json_t *j = event_object("group", time);
	struct core_choice choice;

	core_group_choice(c, i, f, &choice);
	control_json_set(j, "present", json_true());
	control_json_set_text(j, "group", p->group_tables[i].name);
	control_json_set_text(j, "family", control_json_family(f));
	control_json_set_text(j, "to",
			      choice.kind == CORE_CHOICE_LINK && choice.link < p->n_links
				      ? p->links[choice.link].name
				      : control_json_choice_kind(choice.kind));
	control_json_set_text(j, "reason", choice.reason);
	control_json_set_since(j, "for_seconds", choice.since_ns, now_ns);
	finish(j, out);
}

void control_event_present(const struct core *c, const char *time, uint64_t now_ns,
			   struct strbuf *out)
{
	const struct plan *p = core_plan(c);

	for (size_t i = 0; i < p->n_links; i++)
		for (enum inet_family f = INET4; f <= INET6; f++)
			present_link(c, i, f, time, now_ns, out);
	for (size_t i = 0; i < p->n_group_tables; i++)
		for (enum inet_family f = INET4; f <= INET6; f++)
			present_group(c, i, f, time, now_ns, out);
}

void control_event_end(const char *time, const char *reason, struct strbuf *out)
{
	json_t *j = event_object("end", time);

	control_json_set_text(j, "reason", reason);
	finish(j, out);
}
