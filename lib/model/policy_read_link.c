/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy_read_link.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "model/policy_read_damping.h"
#include "model/policy_read_probe.h"

#include <stdlib.h>
#include <string.h>

#define HOLD_DOWN_MAX_MS 3600000u

/* ---- links -------------------------------------------------------------- */

static bool link_device(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	struct policy_link *l = out;

	l->device = policy_value_device(r, path, value);
	return l->device != NULL;
}

static bool link_id(struct policy_reader *r, const struct policy_path *path, json_t *value,
		    void *out)
{
	struct policy_link *l = out;

	l->id_given = policy_value_integer(r, path, value, 1, 255, &l->id);
	return l->id_given;
}

static bool link_mark(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      void *out)
{
	struct policy_link *l = out;

	return policy_value_mark(r, path, value, &l->mark);
}

/* Numbers of the kernel's own tables: include/uapi/linux/rtnetlink.h, enum rt_class_t. */
bool policy_read_link_table_number(struct policy_reader *r, const struct policy_path *path,
				   json_t *value, uint32_t *ret)
{
	uint32_t v;

	if (!policy_value_integer(r, path, value, 1, UINT32_MAX, &v))
		return false;
	if (v >= 253 && v <= 255) {
		policy_value_fault(r, path, "table %u is the kernel's own \"%s\"", v,
				   v == 253   ? "default"
				   : v == 254 ? "main"
					      : "local");
		return false;
	}
	*ret = v;
	return true;
}

static bool link_table(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	struct policy_link *l = out;

	return policy_read_link_table_number(r, path, value, &l->table);
}

static bool read_gateway(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 enum inet_family family, struct policy_gateway *ret)
{
	const char *text = policy_value_string(r, path, value);

	if (!text)
		return false;
	if (strcmp(text, "auto") == 0)
		ret->kind = POLICY_GATEWAY_AUTO;
	else if (strcmp(text, "none") == 0)
		ret->kind = POLICY_GATEWAY_NONE;
	else if (policy_value_address(r, path, text, family, &ret->addr))
		ret->kind = POLICY_GATEWAY_ADDR;
	else
		return false;
	return true;
}

static bool link_gateway4(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  void *out)
{
	struct policy_link *l = out;

	return read_gateway(r, path, value, INET4, &l->gateway[INET4]);
}

static bool link_gateway6(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  void *out)
{
	struct policy_link *l = out;

	return read_gateway(r, path, value, INET6, &l->gateway[INET6]);
}

static bool link_masquerade(struct policy_reader *r, const struct policy_path *path, json_t *value,
			    void *out)
{
	const char *word = json_string_value(value);
	bool v4 = word ? strcmp(word, "ipv4") == 0 : json_is_true(value);
	bool v6 = word ? strcmp(word, "ipv6") == 0 : json_is_true(value);
	struct policy_link *l = out;

	if (!v4 && !v6 && !json_is_false(value)) {
		policy_value_fault(r, path, "must be true, false, \"ipv4\" or \"ipv6\"");
		return false;
	}
	l->masquerade[INET4] = v4;
	l->masquerade[INET6] = v6;
	return true;
}

static bool link_probe(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	struct policy_link *l = out;

	if (json_is_object(value)) {
		policy_read_probe_add(r, path, value, NULL);
		l->probe = (int)r->policy->n_probes - 1;
		return true;
	}
	if (!json_is_string(value)) {
		policy_value_fault(r, path, "must be the name of a probe, or a probe object");
		return false;
	}
	l->probe_name = policy_value_string(r, path, value);
	return true;
}

static bool link_damping(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 void *out)
{
	struct policy_link *l = out;

	return policy_read_damping(r, path, value, &l->damping);
}

static bool link_hold_down(struct policy_reader *r, const struct policy_path *path, json_t *value,
			   void *out)
{
	struct policy_link *l = out;

	return policy_value_duration(r, path, value, 0, HOLD_DOWN_MAX_MS, &l->hold_down_ms);
}

static const struct policy_key link_keys[] = {
	POLICY_KEY_REQUIRED("device", link_device),
	POLICY_KEY("id", link_id),
	POLICY_KEY("mark", link_mark),
	POLICY_KEY("table", link_table),
	POLICY_KEY("gateway4", link_gateway4),
	POLICY_KEY("gateway6", link_gateway6),
	POLICY_KEY("masquerade", link_masquerade),
	POLICY_KEY("probe", link_probe),
	POLICY_KEY("damping", link_damping),
	POLICY_KEY("hold_down", link_hold_down),
	POLICY_KEY("note", policy_value_note_ignored),
};

static bool read_link(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      void *name)
{
	struct policy_link *l = &r->policy->links[r->policy->n_links++];

	*l = (struct policy_link){
		.name = name,
		.place = { policy_value_pointer(r, path) },
		.probe = -1,
		.damping = policy_read_damping_default(),
	};
	return policy_value_object(r, path, value, link_keys, ARRAY_SIZE(link_keys), l);
}

bool policy_read_link_links(struct policy_reader *r, const struct policy_path *path, json_t *value,
			    void *out)
{
	r->policy->links = arena_calloc(r->arena, POLICY_LINKS_MAX, sizeof(struct policy_link));
	if (json_is_object(value) && !json_object_size(value)) {
		policy_value_fault(r, path, "there must be a link");
		return false;
	}
	return policy_value_named(r, path, value, POLICY_LINKS_MAX, "links", read_link);
}

bool policy_read_link_on_down(struct policy_reader *r, const struct policy_path *path,
			      json_t *value, struct policy_on_down *ret)
{
	const char *text = policy_value_string(r, path, value);

	if (!text)
		return false;
	if (strcmp(text, "main") == 0) {
		ret->kind = POLICY_ON_DOWN_MAIN;
	} else if (strcmp(text, "block") == 0) {
		ret->kind = POLICY_ON_DOWN_BLOCK;
	} else {
		ret->kind = POLICY_ON_DOWN_GROUP;
		ret->group_name = text;
	}
	return true;
}
