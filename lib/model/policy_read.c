/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy_read.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "model/json_doc.h"
#include "model/policy.h"
#include "model/policy_check.h"
#include "model/policy_read_group.h"
#include "model/policy_read_link.h"
#include "model/policy_read_list.h"
#include "model/policy_read_probe.h"
#include "model/policy_read_rule.h"
#include "model/policy_value.h"

#include <string.h>

#define RULE_PRIORITY_MAX  32000u /* main is asked at 32766 */
#define DNS_TIMEOUT_MIN_MS 60000u
#define DNS_TIMEOUT_MAX_MS (30u * 86400000u)

static bool top_schema(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	return policy_value_string(r, path, value) != NULL;
}

static bool top_default(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	struct policy *p = out;
	const char *name = policy_value_string(r, path, value);

	if (!name)
		return false;
	p->has_default = true;
	p->default_via = (struct policy_via){ .name = name, .index = -1 };
	p->default_place.pointer = policy_value_pointer(r, path);
	return true;
}

static bool top_mark_mask(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  void *out)
{
	struct policy *p = out;

	return policy_value_mark(r, path, value, &p->mark_mask);
}

static bool top_rule_priority(struct policy_reader *r, const struct policy_path *path,
			      json_t *value, void *out)
{
	struct policy *p = out;

	return policy_value_integer(r, path, value, 1, RULE_PRIORITY_MAX, &p->rule_priority);
}

static bool top_local_networks(struct policy_reader *r, const struct policy_path *path,
			       json_t *value, void *out)
{
	struct policy *p = out;

	return policy_read_rule_prefixes(r, path, value, &p->local_networks, &p->n_local_networks);
}

static bool dns_timeout(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	struct policy *p = out;

	return policy_value_duration(r, path, value, DNS_TIMEOUT_MIN_MS, DNS_TIMEOUT_MAX_MS,
				     &p->dns_timeout_ms);
}

static bool top_dns(struct policy_reader *r, const struct policy_path *path, json_t *value,
		    void *out)
{
	static const struct policy_key keys[] = {
		POLICY_KEY("timeout", dns_timeout),
		POLICY_KEY("note", policy_value_note_ignored),
	};

	return policy_value_object(r, path, value, keys, ARRAY_SIZE(keys), out);
}

static const struct policy_key top_keys[] = {
	POLICY_KEY("$schema", top_schema),
	POLICY_KEY_REQUIRED("version", NULL), /* read before all others */
	POLICY_KEY_REQUIRED("links", policy_read_link_links),
	POLICY_KEY("groups", policy_read_group_groups),
	POLICY_KEY("probes", policy_read_probe_probes),
	POLICY_KEY("rules", policy_read_rule_rules),
	POLICY_KEY("default", top_default),
	POLICY_KEY("mark_mask", top_mark_mask),
	POLICY_KEY("rule_priority", top_rule_priority),
	POLICY_KEY("local_networks", top_local_networks),
	POLICY_KEY("dns", top_dns),
	POLICY_KEY("note", policy_value_note_ignored),
};

/* A file of another version would only give misleading faults: it is not read on. */
static bool check_version(struct policy_reader *r, json_t *root)
{
	const struct policy_path path = { .key = "version" };
	json_t *value = json_object_get(root, "version");
	uint32_t v;

	if (!value)
		return true; /* missing: told with the other keys */
	if (!json_is_integer(value))
		return policy_value_integer(r, &path, value, POLICY_VERSION, POLICY_VERSION, &v);
	if (json_integer_value(value) == POLICY_VERSION)
		return true;
	policy_value_fault(r, &path, "this program reads version %d of the language, not %lld",
			   POLICY_VERSION, (long long)json_integer_value(value));
	return false;
}

static struct policy *policy_new(struct arena *a, const struct diag_source *source,
				 const struct json_doc *doc)
{
	struct policy *p = arena_alloc(a, sizeof(*p));

	*p = (struct policy){
		.source = source,
		.doc = doc,
		.mark_mask = POLICY_MARK_MASK,
		.rule_priority = POLICY_RULE_PRIORITY,
		.dns_timeout_ms = POLICY_DNS_TIMEOUT_MS,
	};
	return p;
}

static void read_tree(struct policy_reader *r, json_t *root)
{
	if (json_is_object(root) && !check_version(r, root))
		return;
	if (policy_value_object(r, NULL, root, top_keys, ARRAY_SIZE(top_keys), r->policy) ||
	    json_is_object(root)) {
		policy_read_list_files(r);
		policy_check(r->policy, r->arena, r->faults);
	}
}

int policy_read(const struct diag_source *source, const struct policy_resolver *resolver,
		struct arena *a, struct policy **ret_policy, struct diag_list *faults)
{
	_cleanup_(json_doc_donep) struct json_doc *doc = NULL;
	struct policy_reader r = {
		.arena = a,
		.resolver = resolver,
		.faults = faults,
	};
	size_t before = faults->errors;
	int e;

	e = json_doc_parse(source, a, faults, &doc);
	if (e != 0)
		return POLICY_READ_INVALID;
	r.doc = doc;
	r.policy = policy_new(a, source, doc);
	read_tree(&r, doc->root);
	json_doc_locate(doc, faults);
	if (faults->errors != before)
		return POLICY_READ_INVALID;
	json_doc_set_spine(doc, a, "/rules", r.policy->n_rules);
	*ret_policy = r.policy;
	return 0;
}
