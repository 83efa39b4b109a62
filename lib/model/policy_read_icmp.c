/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy_read_icmp.h"

#include "base/arena.h"

#include <netinet/in.h>

/* Which of icmp and icmpv6 a rule is about; false when it is about other protocols too. */
static bool icmp_families(const struct policy_rule *rule, bool ret[INET_FAMILY_COUNT])
{
	if (!rule->n_protocols) {
		ret[INET4] = rule->families[INET4];
		ret[INET6] = rule->families[INET6];
		return true;
	}
	ret[INET4] = ret[INET6] = false;
	for (size_t i = 0; i < rule->n_protocols; i++) {
		if (rule->protocols[i].lo == IPPROTO_ICMP)
			ret[INET4] = true;
		else if (rule->protocols[i].lo == IPPROTO_ICMPV6)
			ret[INET6] = true;
		else
			return false;
	}
	return true;
}

struct icmp_reader {
	bool families[INET_FAMILY_COUNT];
	bool seen[INET_FAMILY_COUNT][256];
	struct policy_icmp_type *out;
	size_t n;
};

/* Names and numbers of the same type are duplicates too, so they are compared when resolved. */
static void icmp_add(struct policy_reader *r, const struct policy_path *path,
		     struct icmp_reader *icmp, enum inet_family family, uint8_t type)
{
	if (icmp->seen[family][type])
		policy_value_fault(r, path, "this type is already in this array");
	else
		icmp->out[icmp->n++] = (struct policy_icmp_type){ family, type };
	icmp->seen[family][type] = true;
}

static void icmp_number(struct policy_reader *r, const struct policy_path *path, json_t *value,
			const struct policy_rule *rule, struct icmp_reader *icmp)
{
	uint32_t v;

	if (!policy_value_integer(r, path, value, 0, 255, &v))
		return;
	if (!rule->n_protocols || icmp->families[INET4] == icmp->families[INET6]) {
		diag_hint(r->faults,
			  policy_value_fault(
				  r, path, "the number %u is not the same type in ICMP and ICMPv6",
				  v),
			  "add \"protocols\": [\"icmp\"] or [\"icmpv6\"], or use a name");
		return;
	}
	icmp_add(r, path, icmp, icmp->families[INET4] ? INET4 : INET6, (uint8_t)v);
}

static void icmp_name(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      struct icmp_reader *icmp)
{
	const char *name = json_string_value(value);
	bool known = false, elsewhere = false;

	for (int f = 0; f < INET_FAMILY_COUNT; f++) {
		int type = policy_icmp_type_number((enum inet_family)f, name);

		if (type < 0)
			continue;
		elsewhere = true;
		if (!icmp->families[f])
			continue;
		known = true;
		icmp_add(r, path, icmp, (enum inet_family)f, (uint8_t)type);
	}
	if (known)
		return;
	if (elsewhere)
		policy_value_fault(r, path, "%s has no type \"%s\"",
				   icmp->families[INET4] ? "ICMP" : "ICMPv6", name);
	else
		policy_value_fault_word(r, path, name, "ICMP type", POLICY_ICMP_TYPES);
}

void policy_read_icmp_types(struct policy_reader *r, const struct policy_path *path, json_t *value,
			    struct policy_rule *rule)
{
	const struct policy_path types = { .up = path, .key = "icmp_types" };
	struct policy_path at = { .up = &types };
	size_t n = json_array_size(value);
	struct icmp_reader icmp = { 0 };

	if (!json_is_array(value) || !n) {
		policy_value_fault(r, &types,
				   json_is_array(value) ? "must not be empty" : "must be an array");
		return;
	}
	if (!icmp_families(rule, icmp.families)) {
		diag_hint(r->faults,
			  policy_value_fault_key(r, &types, "\"protocols\" has more than ICMP"),
			  "\"protocols\" may be [\"icmp\"], [\"icmpv6\"] or both");
		return;
	}
	for (int f = 0; f < INET_FAMILY_COUNT; f++)
		if (icmp.families[f] && !rule->families[f]) {
			policy_value_fault_key(r, &types,
					       "\"families\" leaves out the family of \"%s\"",
					       f == INET4 ? "icmp" : "icmpv6");
			return;
		}
	icmp.out = arena_calloc(r->arena, n, 2 * sizeof(*icmp.out));
	for (at.index = 0; at.index < n; at.index++) {
		json_t *item = json_array_get(value, at.index);

		if (json_is_string(item))
			icmp_name(r, &at, item, &icmp);
		else
			icmp_number(r, &at, item, rule, &icmp);
	}
	rule->icmp_types = icmp.out;
	rule->n_icmp_types = icmp.n;
}
