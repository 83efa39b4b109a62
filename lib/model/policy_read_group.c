/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy_read_group.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "model/policy_read_link.h"

#include <string.h>

#define SLA_MS_MAX    60000u
#define TIME_MIN_MS   100u /* failback_delay, drain_time */
#define TIME_MAX_MS   86400000u
#define BETTER_BY_MAX 1000u /* percent */

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

	return policy_read_link_table_number(r, path, value, &g->table);
}

/* ---- when and how links are changed ------------------------------------- */

static bool group_failback(struct policy_reader *r, const struct policy_path *path, json_t *value,
			   void *out)
{
	const char *names[POLICY_FAILBACK_NEVER + 1];
	struct policy_group *g = out;
	unsigned v;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		names[i] = policy_failback_name((enum policy_failback)i);
	if (!policy_value_word(r, path, value, names, ARRAY_SIZE(names), &v))
		return false;
	g->failback = (enum policy_failback)v;
	return true;
}

static bool group_on_fail(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  void *out)
{
	const char *names[POLICY_ON_FAIL_KEEP + 1];
	struct policy_group *g = out;
	unsigned v;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		names[i] = policy_on_fail_name((enum policy_on_fail)i);
	if (!policy_value_word(r, path, value, names, ARRAY_SIZE(names), &v))
		return false;
	g->on_fail = (enum policy_on_fail)v;
	return true;
}

static bool group_on_recover(struct policy_reader *r, const struct policy_path *path, json_t *value,
			     void *out)
{
	const char *names[POLICY_ON_RECOVER_PULL + 1];
	struct policy_group *g = out;
	unsigned v;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		names[i] = policy_on_recover_name((enum policy_on_recover)i);
	if (!policy_value_word(r, path, value, names, ARRAY_SIZE(names), &v))
		return false;
	g->on_recover = (enum policy_on_recover)v;
	return true;
}

static bool group_failback_delay(struct policy_reader *r, const struct policy_path *path,
				 json_t *value, void *out)
{
	struct policy_group *g = out;

	return policy_value_duration(r, path, value, TIME_MIN_MS, TIME_MAX_MS,
				     &g->failback_delay_ms);
}

static bool group_drain_time(struct policy_reader *r, const struct policy_path *path, json_t *value,
			     void *out)
{
	struct policy_group *g = out;

	return policy_value_duration(r, path, value, TIME_MIN_MS, TIME_MAX_MS, &g->drain_time_ms);
}

static bool group_better_by(struct policy_reader *r, const struct policy_path *path, json_t *value,
			    void *out)
{
	struct policy_group *g = out;

	return policy_value_integer(r, path, value, 1, BETTER_BY_MAX, &g->better_by_percent);
}

static bool group_better_for(struct policy_reader *r, const struct policy_path *path, json_t *value,
			     void *out)
{
	struct policy_group *g = out;

	return policy_value_duration(r, path, value, 0, TIME_MAX_MS, &g->better_for_ms);
}

/* ---- the whole ---------------------------------------------------------- */

static const struct policy_key group_keys[] = {
	POLICY_KEY_REQUIRED("links", group_links),
	POLICY_KEY("mode", group_mode),
	POLICY_KEY("sla", group_sla),
	POLICY_KEY("better_by_percent", group_better_by),
	POLICY_KEY("better_for", group_better_for),
	POLICY_KEY("failback", group_failback),
	POLICY_KEY("failback_delay", group_failback_delay),
	POLICY_KEY("on_fail", group_on_fail),
	POLICY_KEY("on_recover", group_on_recover),
	POLICY_KEY("drain_time", group_drain_time),
	POLICY_KEY("on_down", group_on_down),
	POLICY_KEY("mark", group_mark),
	POLICY_KEY("table", group_table),
	POLICY_KEY("note", policy_value_note_ignored),
};

/* A key that has a meaning only beside `key`: `word`. */
static const struct {
	const char *key, *beside, *word;
} needs[] = {
	{ "sla", "mode", "quality" },
	{ "better_by_percent", "mode", "quality" },
	{ "better_for", "mode", "quality" },
	{ "failback_delay", "failback", "delayed" },
	{ "drain_time", "on_recover", "drain" },
};

/* Written, and not one of its words: who knows what was meant. */
static bool is_misspelt(json_t *value, const struct policy_group *g, const char *key)
{
	const char *read = strcmp(key, "mode") == 0	  ? policy_group_mode_name(g->mode)
			   : strcmp(key, "failback") == 0 ? policy_failback_name(g->failback)
							  : policy_on_recover_name(g->on_recover);

	return json_object_get(value, key) && !policy_value_is(value, key, read);
}

static void check_needs(struct policy_reader *r, const struct policy_path *path, json_t *value,
			const struct policy_group *g)
{
	for (size_t i = 0; i < ARRAY_SIZE(needs); i++) {
		const struct policy_path at = policy_value_below(path, needs[i].key);

		if (json_object_get(value, at.key) && !is_misspelt(value, g, needs[i].beside) &&
		    !policy_value_is(value, needs[i].beside, needs[i].word))
			policy_value_fault_key(r, &at, "needs \"%s\": \"%s\"", needs[i].beside,
					       needs[i].word);
	}
}

/* Only a failover group prefers one link whatever they measure. */
static void check_failback(struct policy_reader *r, const struct policy_path *path, json_t *value,
			   const struct policy_group *g)
{
	const struct policy_path at = policy_value_below(path, "failback");
	struct diag *d;

	if (!json_object_get(value, "failback") || is_misspelt(value, g, "mode"))
		return;
	switch (g->mode) {
	case POLICY_GROUP_FAILOVER:
		return;
	case POLICY_GROUP_BALANCE:
		d = policy_value_fault_key(r, &at, "needs \"mode\": \"failover\"");
		diag_hint(r->faults, d, "a link that comes back has its share again");
		return;
	case POLICY_GROUP_QUALITY:
		d = policy_value_fault_key(r, &at, "needs \"mode\": \"failover\"");
		diag_hint(r->faults, d, "\"better_by_percent\" and \"better_for\" say when");
		return;
	}
}

static void check_weights(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  const struct policy_group *g)
{
	const struct policy_path links = policy_value_below(path, "links");
	json_t *members = json_object_get(value, "links");

	if (g->mode == POLICY_GROUP_BALANCE || is_misspelt(value, g, "mode") ||
	    !json_is_array(members))
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
	check_needs(r, path, value, g);
	check_failback(r, path, value, g);
	check_weights(r, path, value, g);
	return true;
}

bool policy_read_group_groups(struct policy_reader *r, const struct policy_path *path,
			      json_t *value, void *out)
{
	r->policy->groups = arena_calloc(r->arena, POLICY_GROUPS_MAX, sizeof(struct policy_group));
	return policy_value_named(r, path, value, POLICY_GROUPS_MAX, "groups", read_group);
}
