/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy_read_probe.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/inet.h"

#include <stdlib.h>
#include <string.h>

#define INTERVAL_MIN_MS 10u
#define INTERVAL_MAX_MS 3600000u
#define COUNT_MAX	1000u /* fall, rise */

static bool probe_type(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	const char *names[POLICY_PROBE_EXEC + 1];
	struct policy_probe *p = out;
	unsigned v;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		names[i] = policy_probe_type_name((enum policy_probe_type)i);
	if (!policy_value_word(r, path, value, names, ARRAY_SIZE(names), &v))
		return false;
	p->type = (enum policy_probe_type)v;
	return true;
}

static bool host4(struct policy_reader *r, const struct policy_path *path, json_t *value, void *out)
{
	const char *text = policy_value_string(r, path, value);

	return text && policy_value_address(r, path, text, INET4, out);
}

static bool host6(struct policy_reader *r, const struct policy_path *path, json_t *value, void *out)
{
	const char *text = policy_value_string(r, path, value);

	return text && policy_value_address(r, path, text, INET6, out);
}

static int addr_cmp(const void *a, const void *b)
{
	return inet_addr_cmp(a, b);
}

static bool probe_hosts4(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 void *out)
{
	static const struct policy_items items = { sizeof(struct inet_addr), host4, addr_cmp };
	struct policy_probe *p = out;

	return policy_value_array(r, path, value, &items, &p->hosts[INET4], &p->n_hosts[INET4]);
}

static bool probe_hosts6(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 void *out)
{
	static const struct policy_items items = { sizeof(struct inet_addr), host6, addr_cmp };
	struct policy_probe *p = out;

	return policy_value_array(r, path, value, &items, &p->hosts[INET6], &p->n_hosts[INET6]);
}

static bool probe_interval(struct policy_reader *r, const struct policy_path *path, json_t *value,
			   void *out)
{
	struct policy_probe *p = out;

	return policy_value_duration(r, path, value, INTERVAL_MIN_MS, INTERVAL_MAX_MS,
				     &p->interval_ms);
}

static bool probe_timeout(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  void *out)
{
	struct policy_probe *p = out;

	return policy_value_duration(r, path, value, 1, INTERVAL_MAX_MS, &p->timeout_ms);
}

static bool probe_fall(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	struct policy_probe *p = out;

	return policy_value_integer(r, path, value, 1, COUNT_MAX, &p->fall);
}

static bool probe_rise(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	struct policy_probe *p = out;

	return policy_value_integer(r, path, value, 1, COUNT_MAX, &p->rise);
}

static bool probe_quorum(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 void *out)
{
	struct policy_probe *p = out;

	return policy_value_integer(r, path, value, 1, COUNT_MAX, &p->quorum);
}

static const struct policy_key probe_keys[] = {
	POLICY_KEY_REQUIRED("type", probe_type),
	POLICY_KEY("hosts4", probe_hosts4),
	POLICY_KEY("hosts6", probe_hosts6),
	POLICY_KEY("interval", probe_interval),
	POLICY_KEY("timeout", probe_timeout),
	POLICY_KEY("fall", probe_fall),
	POLICY_KEY("rise", probe_rise),
	POLICY_KEY("quorum", probe_quorum),
	POLICY_KEY("note", policy_value_note_ignored),
};

static bool probe_needs_hosts(enum policy_probe_type t)
{
	switch (t) {
	case POLICY_PROBE_ICMP:
	case POLICY_PROBE_TCP:
	case POLICY_PROBE_DNS:
	case POLICY_PROBE_HTTP:
		return true;
	case POLICY_PROBE_NONE:
	case POLICY_PROBE_ARP:
	case POLICY_PROBE_NDP:
	case POLICY_PROBE_ROUTE:
	case POLICY_PROBE_EXEC:
		return false;
	}
	abort();
}

static void probe_check_none(struct policy_reader *r, const struct policy_path *path, json_t *value)
{
	struct policy_path at = { .up = path };
	json_t *member;

	json_object_foreach(value, at.key,
			    member) if (strcmp(at.key, "type") != 0 && strcmp(at.key, "note") != 0)
		policy_value_fault_key(r, &at, "means nothing with \"type\": \"none\"");
}

static void probe_check_quorum(struct policy_reader *r, const struct policy_path *path,
			       json_t *value, const struct policy_probe *p)
{
	static const char *const keys[] = { "hosts4", "hosts6" };
	const struct policy_path at = policy_value_below(path, "quorum");

	if (!json_object_get(value, "quorum"))
		return;
	for (int f = 0; f < INET_FAMILY_COUNT; f++)
		if (json_object_get(value, keys[f]) && p->quorum > p->n_hosts[f])
			policy_value_fault(r, &at, "%u hosts must answer, \"%s\" has %zu",
					   p->quorum, keys[f], p->n_hosts[f]);
	if (!json_object_get(value, "hosts4") && !json_object_get(value, "hosts6"))
		policy_value_fault_key(r, &at, "needs \"hosts4\" or \"hosts6\"");
}

static void probe_check(struct policy_reader *r, const struct policy_path *path, json_t *value,
			struct policy_probe *p)
{
	if (!policy_value_is(value, "type", policy_probe_type_name(p->type)))
		return; /* misspelt: who knows what was meant */
	if (p->type == POLICY_PROBE_NONE) {
		probe_check_none(r, path, value);
		return;
	}
	if (probe_needs_hosts(p->type) && !json_object_get(value, "hosts4") &&
	    !json_object_get(value, "hosts6"))
		policy_value_fault(r, path, "a probe of type \"%s\" needs \"hosts4\" or \"hosts6\"",
				   policy_probe_type_name(p->type));
	if (!json_object_get(value, "timeout") && p->timeout_ms > p->interval_ms)
		p->timeout_ms = p->interval_ms;
	if (p->timeout_ms > p->interval_ms) {
		const struct policy_path at = policy_value_below(path, "timeout");

		policy_value_fault(r, &at, "longer than the interval of %u ms", p->interval_ms);
	}
	probe_check_quorum(r, path, value, p);
}

struct policy_probe *policy_read_probe_add(struct policy_reader *r, const struct policy_path *path,
					   json_t *value, const char *name)
{
	struct policy *policy = r->policy;
	struct policy_probe *p =
		ARENA_PUSH(r->arena, policy->probes, policy->n_probes, r->cap_probes);

	*p = (struct policy_probe){
		.name = name,
		.place = { policy_value_pointer(r, path) },
		.interval_ms = 1000,
		.timeout_ms = 800,
		.fall = 3,
		.rise = 5,
		.quorum = 1,
		.window = 20,
		.suspect_after_ms = 500,
		.dns_name = ".",
		.http_path = "/",
		.route_table = 254,
		.route_protocol = -1,
	};
	if (policy_value_object(r, path, value, probe_keys, ARRAY_SIZE(probe_keys), p))
		probe_check(r, path, value, p);
	p->interval_failing_ms = p->interval_ms;
	p->interval_suspect_ms = p->timeout_ms > 100 ? p->timeout_ms : 100;
	if (p->interval_suspect_ms > p->interval_ms)
		p->interval_suspect_ms = p->interval_ms;
	return p;
}

static bool read_probe(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *name)
{
	policy_read_probe_add(r, path, value, name);
	return true;
}

bool policy_read_probe_probes(struct policy_reader *r, const struct policy_path *path,
			      json_t *value, void *out)
{
	return policy_value_named(r, path, value, POLICY_PROBES_MAX, "probes", read_probe);
}
