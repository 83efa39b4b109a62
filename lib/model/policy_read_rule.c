/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy_read_rule.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/inet.h"
#include "base/parse.h"
#include "model/policy_list.h"
#include "model/policy_read.h"
#include "model/policy_read_link.h"
#include "model/policy_read_match.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- what a rule is called ---------------------------------------------- */

static bool rule_name(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      void *out)
{
	const char *name = policy_value_name(r, path, value);
	struct policy_rule *rule = out;

	if (!name)
		return false;
	if (name[0] >= '0' && name[0] <= '9') {
		diag_hint(r->faults,
			  policy_value_fault(r, path, "a rule's name must begin with a letter"),
			  "rules without a name are called by their number");
		return false;
	}
	rule->name = name;
	return true;
}

static bool rule_enabled(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 void *out)
{
	struct policy_rule *rule = out;

	return policy_value_bool(r, path, value, &rule->enabled);
}

static bool rule_note(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      void *out)
{
	struct policy_rule *rule = out;

	return policy_value_note(r, path, value, &rule->note);
}

static bool rule_via(struct policy_reader *r, const struct policy_path *path, json_t *value,
		     void *out)
{
	struct policy_rule *rule = out;

	rule->via.name = policy_value_string(r, path, value);
	return rule->via.name != NULL;
}

static bool rule_on_down(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 void *out)
{
	struct policy_rule *rule = out;

	return policy_read_link_on_down(r, path, value, &rule->on_down);
}

/* ---- addresses ---------------------------------------------------------- */

static bool read_range(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	struct policy_list_fault f;
	struct diag *d;

	if (!json_is_string(value))
		return policy_value_string(r, path, value) != NULL;
	if (policy_list_range(json_string_value(value), json_string_length(value), out, &f))
		return true;
	d = policy_value_fault(r, path, "%s", f.text);
	if (*f.hint)
		diag_hint(r->faults, d, "%s", f.hint);
	return false;
}

static bool read_prefix(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	const struct policy_range *range = out;
	unsigned len;

	if (!read_range(r, path, value, out))
		return false;
	if (inet_range_is_prefix(&range->range, range->family, &len))
		return true;
	policy_value_fault(r, path, "must be a prefix, not a range");
	return false;
}

static int range_cmp(const void *a, const void *b)
{
	const struct policy_range *x = a, *y = b;
	int c;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	c = inet_addr_cmp(&x->range.lo, &y->range.lo);
	return c ? c : inet_addr_cmp(&x->range.hi, &y->range.hi);
}

bool policy_read_rule_prefixes(struct policy_reader *r, const struct policy_path *path,
			       json_t *value, struct policy_range **ret, size_t *ret_n)
{
	static const struct policy_items items = { sizeof(struct policy_range), read_prefix,
						   range_cmp };

	return policy_value_array(r, path, value, &items, ret, ret_n);
}

static bool read_ranges(struct policy_reader *r, const struct policy_path *path, json_t *value,
			struct policy_range **ret, size_t *ret_n)
{
	static const struct policy_items items = { sizeof(struct policy_range), read_range,
						   range_cmp };

	return policy_value_array(r, path, value, &items, ret, ret_n);
}

static bool rule_to(struct policy_reader *r, const struct policy_path *path, json_t *value,
		    void *out)
{
	struct policy_rule *rule = out;

	rule->has_destination = true;
	return read_ranges(r, path, value, &rule->to, &rule->n_to);
}

static bool rule_from(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      void *out)
{
	struct policy_rule *rule = out;

	return read_ranges(r, path, value, &rule->from, &rule->n_from);
}

/* ---- destinations by name ----------------------------------------------- */

static bool read_domain(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	char name[POLICY_LIST_DOMAIN_MAX];
	struct policy_domain *domain = out;
	struct policy_list_fault f;
	struct diag *d;

	if (!json_is_string(value))
		return policy_value_string(r, path, value) != NULL;
	if (policy_list_domain(json_string_value(value), json_string_length(value), name, &f)) {
		domain->name = arena_strdup(r->arena, name);
		return true;
	}
	d = policy_value_fault(r, path, "%s", f.text);
	if (*f.hint)
		diag_hint(r->faults, d, "%s", f.hint);
	return false;
}

static bool rule_domains(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 void *out)
{
	static const struct policy_items items = { sizeof(struct policy_domain), read_domain,
						   policy_value_cmp_string };
	struct policy_rule *rule = out;

	rule->has_destination = true;
	return policy_value_array(r, path, value, &items, &rule->domains, &rule->n_domains);
}

static bool read_list_path(struct policy_reader *r, const struct policy_path *path, json_t *value,
			   void *out)
{
	const char *text = policy_value_string(r, path, value);

	if (!text)
		return false;
	if (!*text || strlen(text) >= 4096) {
		policy_value_fault(r, path, "must be the path of a file");
		return false;
	}
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7f) {
			policy_value_fault(r, path, "a path must not have control characters");
			return false;
		}
	*(struct policy_list_ref *)out = (struct policy_list_ref){
		.path = text,
		.place = { policy_value_pointer(r, path) },
	};
	return true;
}

/* The files are read after all rules (policy_read.c): what is wrong in them comes last. */
static bool rule_lists(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	static const struct policy_items items = { sizeof(struct policy_list_ref), read_list_path,
						   policy_value_cmp_string };
	struct policy *policy = r->policy;
	struct policy_rule *rule = out;
	struct policy_list_ref *refs;
	size_t n;

	rule->has_destination = true;
	if (!policy_value_array(r, path, value, &items, &refs, &n))
		return false;
	for (size_t i = 0; i < n; i++) {
		struct policy_list_ref *ref =
			ARENA_PUSH(r->arena, policy->lists, policy->n_lists, r->cap_lists);

		*ref = refs[i];
		ref->rule = rule->index;
	}
	return true;
}

/* ---- destinations that need data this version does not have -------------- */

static bool read_asn(struct policy_reader *r, const struct policy_path *path, json_t *value,
		     void *out)
{
	struct diag *d;
	uint32_t v;

	if (json_is_string(value)) {
		const char *text = json_string_value(value);

		if ((text[0] | 0x20) == 'a' && (text[1] | 0x20) == 's')
			text += 2;
		d = policy_value_fault(r, path, "must be a whole number, not a string");
		if (parse_u64(text, UINT32_MAX, &(uint64_t){ 0 }) == 0)
			diag_hint(r->faults, d, "write %s", text);
		return false;
	}
	if (!policy_value_integer(r, path, value, 1, UINT32_MAX, &v))
		return false;
	*(uint32_t *)out = v;
	return true;
}

static int number_cmp(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static bool read_country(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 void *out)
{
	const char *text = policy_value_string(r, path, value);

	if (!text)
		return false;
	if (strlen(text) != 2 || text[0] < 'A' || text[0] > 'Z' || text[1] < 'A' || text[1] > 'Z') {
		diag_hint(r->faults,
			  policy_value_fault(r, path, "\"%s\" is not a country code",
					     policy_value_show(r, text)),
			  "two capital letters (ISO 3166-1): \"DE\"");
		return false;
	}
	*(const char **)out = text;
	return true;
}

static bool read_service(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 void *out)
{
	const char *text = policy_value_name(r, path, value);

	*(const char **)out = text;
	return text != NULL;
}

static bool rule_asns(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      void *out)
{
	static const struct policy_items items = { sizeof(uint32_t), read_asn, number_cmp };
	struct policy_rule *rule = out;
	size_t n;
	void *p;

	rule->has_destination = true;
	return policy_value_array(r, path, value, &items, &p, &n);
}

static bool rule_countries(struct policy_reader *r, const struct policy_path *path, json_t *value,
			   void *out)
{
	static const struct policy_items items = { sizeof(char *), read_country,
						   policy_value_cmp_string };
	struct policy_rule *rule = out;
	size_t n;
	void *p;

	rule->has_destination = true;
	return policy_value_array(r, path, value, &items, &p, &n);
}

static bool rule_services(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  void *out)
{
	static const struct policy_items items = { sizeof(char *), read_service,
						   policy_value_cmp_string };
	struct policy_rule *rule = out;
	size_t n;
	void *p;

	rule->has_destination = true;
	return policy_value_array(r, path, value, &items, &p, &n);
}

static void check_sources(struct policy_reader *r, const struct policy_path *path, json_t *value)
{
	static const struct {
		const char *key, *needs;
	} sources[] = {
		{ "asns", "an ASN database (asns.mmdb)" },
		{ "countries", "a country database (countries.mmdb)" },
		{ "services", "a service catalogue (services.json)" },
	};

	for (size_t i = 0; i < ARRAY_SIZE(sources); i++) {
		const struct policy_path at = { .up = path, .key = sources[i].key };

		if (!json_object_get(value, at.key))
			continue;
		diag_hint(r->faults,
			  policy_value_fault_key(r, &at,
						 "needs %s, which this version cannot read yet",
						 sources[i].needs),
			  "write the prefixes into a file and use \"lists\"");
	}
}

/* ---- one rule ----------------------------------------------------------- */

static const struct policy_key rule_keys[] = {
	POLICY_KEY("name", rule_name),
	POLICY_KEY("to", rule_to),
	POLICY_KEY("domains", rule_domains),
	POLICY_KEY("lists", rule_lists),
	POLICY_KEY("asns", rule_asns),
	POLICY_KEY("countries", rule_countries),
	POLICY_KEY("services", rule_services),
	POLICY_KEY("from", rule_from),
	POLICY_KEY("macs", policy_read_match_macs),
	POLICY_KEY("protocols", policy_read_match_protocols),
	POLICY_KEY("sports", policy_read_match_sports),
	POLICY_KEY("dports", policy_read_match_dports),
	POLICY_KEY("icmp_types",
		   NULL), /* after protocols and families: policy_read_match_check() */
	POLICY_KEY("dscp", policy_read_match_dscp),
	POLICY_KEY("iifs", policy_read_match_iifs),
	POLICY_KEY("families", policy_read_match_families),
	POLICY_KEY("schedule", policy_read_match_schedule),
	POLICY_KEY("users", NULL), /* after enabled */
	POLICY_KEY("cgroups", policy_read_match_cgroups),
	POLICY_KEY("enabled", rule_enabled),
	POLICY_KEY("note", rule_note),
	POLICY_KEY_REQUIRED("via", rule_via),
	POLICY_KEY("on_down", rule_on_down),
};

static bool read_rule(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      void *out)
{
	struct policy_rule *rule = out;

	*rule = (struct policy_rule){
		.place = { policy_value_pointer(r, path) },
		.index = path->index,
		.enabled = true,
		.families = { true, true },
		.via = { .index = -1 },
		.on_down = { .group = -1 },
	};
	policy_value_object(r, path, value, rule_keys, ARRAY_SIZE(rule_keys), rule);
	if (!rule->name)
		rule->name = arena_printf(r->arena, "%zu", rule->index + 1);
	if (!json_is_object(value))
		return false;
	policy_read_match_check(r, path, value, rule);
	if (rule->enabled)
		check_sources(r, path, value);
	return true;
}

bool policy_read_rule_rules(struct policy_reader *r, const struct policy_path *path, json_t *value,
			    void *out)
{
	struct policy_path at = { .up = path };
	struct policy *policy = r->policy;
	size_t n = json_array_size(value);

	if (!json_is_array(value)) {
		policy_value_fault(r, path, "must be an array of rules");
		return false;
	}
	if (n > POLICY_RULES_MAX) {
		policy_value_fault(r, path, "at most %d rules, these are %zu", POLICY_RULES_MAX, n);
		return false;
	}
	policy->rules = arena_calloc(r->arena, n, sizeof(*policy->rules));
	policy->n_rules = n;
	for (at.index = 0; at.index < n; at.index++)
		read_rule(r, &at, json_array_get(value, at.index), &policy->rules[at.index]);
	return true;
}
