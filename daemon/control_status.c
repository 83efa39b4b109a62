/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control_status.h"

#include "daemon/core.h"

static const char *const family_keys[INET_FAMILY_COUNT] = { [INET4] = "ipv4", [INET6] = "ipv6" };

static json_t *seconds(uint64_t since_ns, uint64_t now_ns)
{
	return json_real((double)(now_ns - since_ns) / 1e9);
}

static json_t *link_family(const struct core *c, size_t i, enum inet_family f, uint64_t now_ns)
{
	enum link_reason r = core_link_reason(c, i, f);
	json_t *j = json_object();

	json_object_set_new(j, "state", json_string(r == LINK_OK ? "up" : "down"));
	if (r != LINK_OK)
		json_object_set_new(j, "reason", json_string(link_view_reason_text(r)));
	json_object_set_new(j, "for_seconds", seconds(core_link_since_ns(c, i, f), now_ns));
	return j;
}

static json_t *link_object(const struct core *c, size_t i, uint64_t now_ns)
{
	const struct plan_link *l = &core_plan(c)->links[i];
	json_t *j = json_object();

	json_object_set_new(j, "name", json_string(l->name));
	json_object_set_new(j, "device", json_string(l->device));
	json_object_set_new(j, "id", json_integer(l->id));
	json_object_set_new(j, "mark", json_integer(l->mark));
	json_object_set_new(j, "table", json_integer(l->table));
	json_object_set_new(j, "ifindex", json_integer(core_link_ifindex(c, i)));
	json_object_set_new(j, "carrier_downs", json_integer(core_link_carrier_downs(c, i)));
	for (enum inet_family f = INET4; f <= INET6; f++)
		json_object_set_new(j, family_keys[f], link_family(c, i, f, now_ns));
	return j;
}

static const char *choice_text(enum core_choice_kind k)
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

static json_t *target_family(const struct core *c, size_t i, enum inet_family f, uint64_t now_ns)
{
	struct core_choice choice = core_target_choice(c, i, f);
	json_t *j = json_object();

	json_object_set_new(j, "leaves_by", json_string(choice_text(choice.kind)));
	if (choice.kind == CORE_CHOICE_LINK)
		json_object_set_new(j, "link", json_string(core_plan(c)->links[choice.link].name));
	json_object_set_new(j, "for_seconds", seconds(core_target_since_ns(c, i, f), now_ns));
	return j;
}

static json_t *target_object(const struct core *c, size_t i, uint64_t now_ns)
{
	const struct plan_target *t = &core_plan(c)->targets[i];
	json_t *j = json_object();

	json_object_set_new(j, "name", json_string(t->name));
	json_object_set_new(j, "mark", json_integer(t->mark));
	for (enum inet_family f = INET4; f <= INET6; f++)
		json_object_set_new(j, family_keys[f], target_family(c, i, f, now_ns));
	return j;
}

json_t *control_status(const struct core *c, const char *policy_path, uint64_t now_ns)
{
	const struct plan *p = core_plan(c);
	json_t *j = json_object(), *links = json_array(), *targets = json_array();

	for (size_t i = 0; i < p->n_links; i++)
		json_array_append_new(links, link_object(c, i, now_ns));
	for (size_t i = 0; i < p->n_targets; i++)
		if (!p->targets[i].is_block)
			json_array_append_new(targets, target_object(c, i, now_ns));
	json_object_set_new(j, "version", json_string(OMR_VERSION));
	json_object_set_new(j, "policy", json_string(policy_path));
	json_object_set_new(j, "in_sync", json_boolean(core_in_sync(c)));
	json_object_set_new(j, "links", links);
	json_object_set_new(j, "targets", targets);
	return j;
}
