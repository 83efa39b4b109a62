/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control_json.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "daemon/control_request.h"

#include <math.h>
#include <string.h>

const char *control_json_family(enum inet_family f)
{
	return f == INET4 ? "ipv4" : "ipv6";
}

void control_json_set(json_t *object, const char *key, json_t *value)
{
	/* a NULL value or a full memory: both end here */
	if (json_object_set_new(object, key, value) < 0)
		memory_fail();
}

void control_json_set_text(json_t *object, const char *key, const char *text)
{
	json_t *value;

	if (!text)
		return;
	value = json_string(text);
	if (!value) { /* not UTF-8 */
		_cleanup_(cleanup_freep) char *copy = memory_strdup(text);

		for (char *c = copy; *c; c++)
			if ((unsigned char)*c >= 0x80)
				*c = '?';
		value = json_string(copy);
	}
	control_json_set(object, key, value);
}

void control_json_set_real(json_t *object, const char *key, double value)
{
	if (isfinite(value))
		control_json_set(object, key, json_real(value));
}

static double seconds(uint64_t from_ns, uint64_t to_ns)
{
	/* milliseconds are enough to read */
	return to_ns > from_ns ? (double)((to_ns - from_ns) / 1000000) / 1000 : 0;
}

void control_json_set_since(json_t *object, const char *key, uint64_t since_ns, uint64_t now_ns)
{
	control_json_set(object, key, json_real(seconds(since_ns, now_ns)));
}

void control_json_set_until(json_t *object, const char *key, uint64_t until_ns, uint64_t now_ns)
{
	if (until_ns > now_ns)
		control_json_set(object, key, json_real(seconds(now_ns, until_ns)));
}

json_t *control_json_fault(const struct control_fault *f)
{
	json_t *j = json_object();

	control_json_set_text(j, "error", f->error);
	control_json_set_text(j, "hint", f->hint);
	return j;
}

json_t *control_json_error(const char *error)
{
	return control_json_fault(&(struct control_fault){ .error = error });
}

void control_json_line(const json_t *object, struct strbuf *out)
{
	_cleanup_(cleanup_freep) char *text =
		json_dumps(object, JSON_COMPACT | JSON_REAL_PRECISION(12));

	if (!text)
		memory_fail();
	strbuf_add(out, text);
	strbuf_addc(out, '\n');
}

const char *control_json_use(enum link_use u)
{
	switch (u) {
	case LINK_USE_YES:
		return "yes";
	case LINK_USE_SPARE:
		return "spare";
	case LINK_USE_NO:
		return "no";
	}
	return "no";
}

const char *control_json_choice_kind(enum core_choice_kind k)
{
	switch (k) {
	case CORE_CHOICE_UNKNOWN:
		return "unknown";
	case CORE_CHOICE_LINK:
		return "link";
	case CORE_CHOICE_BALANCE:
		return "balance";
	case CORE_CHOICE_MAIN:
		return "main";
	case CORE_CHOICE_BLOCK:
		return "block";
	}
	return "unknown";
}

const char *control_json_verdict(enum probe_verdict v)
{
	switch (v) {
	case PROBE_UNKNOWN:
		return "unknown";
	case PROBE_PASSING:
		return "passing";
	case PROBE_DEGRADED:
		return "degraded";
	case PROBE_FAILING:
		return "failing";
	}
	return "unknown";
}

json_t *control_json_choice(const struct core *c, const struct core_choice *choice, uint64_t now_ns)
{
	const struct plan *p = core_plan(c);
	json_t *j = json_object();

	control_json_set_text(j, "leaves_by", control_json_choice_kind(choice->kind));
	if (choice->kind == CORE_CHOICE_LINK && choice->link < p->n_links)
		control_json_set_text(j, "link", p->links[choice->link].name);
	control_json_set_text(j, "reason", choice->reason);
	control_json_set_since(j, "for_seconds", choice->since_ns, now_ns);
	control_json_set(j, "by_hand", json_boolean(choice->by_hand));
	if (choice->next_link >= 0 && (size_t)choice->next_link < p->n_links) {
		json_t *next = json_object();

		control_json_set_text(next, "link", p->links[choice->next_link].name);
		control_json_set_until(next, "in_seconds", choice->next_ns, now_ns);
		control_json_set(j, "next", next);
	}
	return j;
}
