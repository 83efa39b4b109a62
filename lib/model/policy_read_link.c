/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy_read_link.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "model/policy_read_probe.h"

#include <stdlib.h>
#include <string.h>

#define SLA_MS_MAX 60000u

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
static bool read_table(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       uint32_t *ret)
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

	return read_table(r, path, value, &l->table);
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

static const struct policy_key link_keys[] = {
	POLICY_KEY_REQUIRED("device", link_device),
	POLICY_KEY("id", link_id),
	POLICY_KEY("mark", link_mark),
	POLICY_KEY("table", link_table),
	POLICY_KEY("gateway4", link_gateway4),
	POLICY_KEY("gateway6", link_gateway6),
	POLICY_KEY("masquerade", link_masquerade),
	POLICY_KEY("probe", link_probe),
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
		.damping = {
			.on = true,
			.half_life_ms = 10000,
			.suppress = 3000,
			.reuse = 1000,
			.maximum_ms = 60000,
		},
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

/* ---- groups ------------------------------------------------------------- */

static bool member_link(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	struct policy_member *m = out;

	m->link_name = policy_value_string(r, path, value);
	m->place.pointer = policy_value_pointer(r, path);
	return m->link_name != NULL;
}

static bool member_weight(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  void *out)
{
	struct policy_member *m = out;

	return policy_value_integer(r, path, value, 1, 256, &m->weight);
}

static bool read_member(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	static const struct policy_key keys[] = {
		POLICY_KEY_REQUIRED("link", member_link),
		POLICY_KEY("weight", member_weight),
		POLICY_KEY("note", policy_value_note_ignored),
	};
	struct policy_member *m = out;

	*m = (struct policy_member){ .link = -1, .weight = 1 };
	if (json_is_string(value))
		return member_link(r, path, value, out);
	if (!json_is_object(value)) {
		policy_value_fault(r, path,
				   "must be the name of a link, or {\"link\", \"weight\"}");
		return false;
	}
	policy_value_object(r, path, value, keys, ARRAY_SIZE(keys), out);
	return m->link_name != NULL;
}

static int member_cmp(const void *a, const void *b)
{
	const struct policy_member *x = a, *y = b;

	return strcmp(x->link_name, y->link_name);
}

static bool group_links(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	static const struct policy_items items = { sizeof(struct policy_member), read_member,
						   member_cmp };
	struct policy_group *g = out;

	return policy_value_array(r, path, value, &items, &g->members, &g->n_members);
}

static bool group_mode(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	const char *names[POLICY_GROUP_QUALITY + 1];
	struct policy_group *g = out;
	unsigned v;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		names[i] = policy_group_mode_name((enum policy_group_mode)i);
	if (!policy_value_word(r, path, value, names, ARRAY_SIZE(names), &v))
		return false;
	g->mode = (enum policy_group_mode)v;
	return true;
}

static bool sla_loss(struct policy_reader *r, const struct policy_path *path, json_t *value,
		     void *out)
{
	struct policy_group *g = out;
	double v;

	if (!json_is_number(value)) {
		policy_value_fault(r, path, "must be a number");
		return false;
	}
	v = json_number_value(value);
	if (!(v >= 0 && v <= 100)) {
		policy_value_fault(r, path, "out of range, must be 0 to 100");
		return false;
	}
	g->sla_loss_percent = v;
	return true;
}

static bool sla_rtt(struct policy_reader *r, const struct policy_path *path, json_t *value,
		    void *out)
{
	struct policy_group *g = out;

	return policy_value_integer(r, path, value, 1, SLA_MS_MAX, &g->sla_rtt_ms);
}

static bool sla_jitter(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	struct policy_group *g = out;

	return policy_value_integer(r, path, value, 1, SLA_MS_MAX, &g->sla_jitter_ms);
}

static bool group_sla(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      void *out)
{
	static const struct policy_key keys[] = {
		POLICY_KEY("loss_percent", sla_loss),
		POLICY_KEY("rtt_ms", sla_rtt),
		POLICY_KEY("jitter_ms", sla_jitter),
		POLICY_KEY("note", policy_value_note_ignored),
	};
	struct policy_group *g = out;

	g->has_sla = true;
	if (!policy_value_object(r, path, value, keys, ARRAY_SIZE(keys), out))
		return false;
	/* of an unknown key there was a fault already */
	if (json_object_size(value) > (json_object_get(value, "note") ? 1 : 0))
		return true;
	policy_value_fault(r, path,
			   "needs at least one of \"loss_percent\", \"rtt_ms\", \"jitter_ms\"");
	return false;
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

static bool group_on_down(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  void *out)
{
	struct policy_group *g = out;

	return policy_read_link_on_down(r, path, value, &g->on_down);
}

static bool group_mark(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	struct policy_group *g = out;

	return policy_value_mark(r, path, value, &g->mark);
}

static bool group_table(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	struct policy_group *g = out;

	return read_table(r, path, value, &g->table);
}

static const struct policy_key group_keys[] = {
	POLICY_KEY_REQUIRED("links", group_links),
	POLICY_KEY("mode", group_mode),
	POLICY_KEY("sla", group_sla),
	POLICY_KEY("on_down", group_on_down),
	POLICY_KEY("mark", group_mark),
	POLICY_KEY("table", group_table),
	POLICY_KEY("note", policy_value_note_ignored),
};

/* Keys that only one mode understands. */
static void group_check(struct policy_reader *r, const struct policy_path *path, json_t *value,
			const struct policy_group *g)
{
	const struct policy_path sla = policy_value_below(path, "sla"),
				 links = policy_value_below(path, "links");
	json_t *members = json_object_get(value, "links");

	if (json_object_get(value, "mode") &&
	    !policy_value_is(value, "mode", policy_group_mode_name(g->mode)))
		return; /* misspelt: who knows what was meant */
	if (g->has_sla && g->mode != POLICY_GROUP_QUALITY)
		policy_value_fault_key(r, &sla, "needs \"mode\": \"quality\"");
	if (g->mode == POLICY_GROUP_BALANCE || !json_is_array(members))
		return;
	for (size_t i = 0; i < json_array_size(members); i++) {
		struct policy_path item = { .up = &links, .index = i };
		struct policy_path weight = policy_value_below(&item, "weight");

		if (json_object_get(json_array_get(members, i), "weight"))
			policy_value_fault_key(r, &weight, "needs \"mode\": \"balance\"");
	}
}

static bool read_group(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *name)
{
	struct policy_group *g = &r->policy->groups[r->policy->n_groups++];

	*g = (struct policy_group){
		.name = name,
		.place = { policy_value_pointer(r, path) },
		.sla_loss_percent = -1,
		.better_by_percent = 20,
		.better_for_ms = 10000,
		.failback_delay_ms = 30000,
		.drain_time_ms = 300000,
		.on_down = { .group = -1 },
	};
	if (!policy_value_object(r, path, value, group_keys, ARRAY_SIZE(group_keys), g))
		return false;
	group_check(r, path, value, g);
	return true;
}

bool policy_read_link_groups(struct policy_reader *r, const struct policy_path *path, json_t *value,
			     void *out)
{
	r->policy->groups = arena_calloc(r->arena, POLICY_GROUPS_MAX, sizeof(struct policy_group));
	return policy_value_named(r, path, value, POLICY_GROUPS_MAX, "groups", read_group);
}
