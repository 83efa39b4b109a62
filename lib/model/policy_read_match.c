/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy_read_match.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "model/policy_read.h"
#include "model/policy_read_icmp.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define CGROUP_MAX 255 /* bytes of a path */
#define UID_LAST   (UINT32_MAX - 1) /* -1 means "none" to the kernel */

/* ---- numbers with names ------------------------------------------------- */

static int number_range_cmp(const void *a, const void *b)
{
	const struct policy_number_range *x = a, *y = b;

	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	return x->hi < y->hi ? -1 : x->hi > y->hi;
}

static bool read_number(struct policy_reader *r, const struct policy_path *path, json_t *value,
			uint32_t max, struct policy_number_range *ret)
{
	uint32_t v;

	if (!policy_value_integer(r, path, value, 0, max, &v))
		return false;
	*ret = (struct policy_number_range){ v, v };
	return true;
}

static bool read_protocol(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  void *out)
{
	int v;

	if (!json_is_string(value))
		return read_number(r, path, value, 255, out);
	v = policy_protocol_number(json_string_value(value));
	if (v < 0) {
		policy_value_fault_word(r, path, json_string_value(value), "protocol",
					POLICY_PROTOCOLS);
		return false;
	}
	*(struct policy_number_range *)out =
		(struct policy_number_range){ (uint32_t)v, (uint32_t)v };
	return true;
}

bool policy_read_match_protocols(struct policy_reader *r, const struct policy_path *path,
				 json_t *value, void *out)
{
	static const struct policy_items items = { sizeof(struct policy_number_range),
						   read_protocol, number_range_cmp };
	struct policy_rule *rule = out;

	return policy_value_array(r, path, value, &items, &rule->protocols, &rule->n_protocols);
}

static bool read_dscp(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      void *out)
{
	int v;

	if (!json_is_string(value))
		return read_number(r, path, value, 63, out);
	v = policy_dscp_number(json_string_value(value));
	if (v < 0) {
		policy_value_fault_word(r, path, json_string_value(value), "DSCP", POLICY_DSCPS);
		return false;
	}
	*(struct policy_number_range *)out =
		(struct policy_number_range){ (uint32_t)v, (uint32_t)v };
	return true;
}

bool policy_read_match_dscp(struct policy_reader *r, const struct policy_path *path, json_t *value,
			    void *out)
{
	static const struct policy_items items = { sizeof(struct policy_number_range), read_dscp,
						   number_range_cmp };
	struct policy_rule *rule = out;

	return policy_value_array(r, path, value, &items, &rule->dscp, &rule->n_dscp);
}

static bool read_port(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      void *out)
{
	struct policy_number_range *port = out;
	const char *text;
	int e;

	if (!json_is_string(value))
		return read_number(r, path, value, 65535, out);
	text = policy_value_show(r, json_string_value(value));
	e = parse_number_range(json_string_value(value), 65535, &port->lo, &port->hi);
	if (e == -EDOM)
		policy_value_fault(r, path, "the range \"%s\" ends before it begins", text);
	else if (e == -ERANGE)
		policy_value_fault(r, path, "\"%s\" is out of range, must be 0 to 65535", text);
	else if (e < 0)
		diag_hint(r->faults,
			  policy_value_fault(r, path, "\"%s\" is not a port or port range", text),
			  "443 or \"5060-5061\"");
	return e == 0;
}

static const struct policy_items ports = { sizeof(struct policy_number_range), read_port,
					   number_range_cmp };

bool policy_read_match_sports(struct policy_reader *r, const struct policy_path *path,
			      json_t *value, void *out)
{
	struct policy_rule *rule = out;

	return policy_value_array(r, path, value, &ports, &rule->sports, &rule->n_sports);
}

bool policy_read_match_dports(struct policy_reader *r, const struct policy_path *path,
			      json_t *value, void *out)
{
	struct policy_rule *rule = out;

	return policy_value_array(r, path, value, &ports, &rule->dports, &rule->n_dports);
}

/* ---- senders ------------------------------------------------------------ */

static bool read_mac(struct policy_reader *r, const struct policy_path *path, json_t *value,
		     void *out)
{
	const char *text = policy_value_string(r, path, value);

	if (!text)
		return false;
	if (parse_mac(text, out) == 0)
		return true;
	diag_hint(r->faults,
		  policy_value_fault(r, path, "\"%s\" is not a MAC address",
				     policy_value_show(r, text)),
		  "six bytes: \"00:11:22:33:44:55\"");
	return false;
}

static int mac_cmp(const void *a, const void *b)
{
	return memcmp(a, b, 6);
}

bool policy_read_match_macs(struct policy_reader *r, const struct policy_path *path, json_t *value,
			    void *out)
{
	static const struct policy_items items = { 6, read_mac, mac_cmp };
	struct policy_rule *rule = out;

	return policy_value_array(r, path, value, &items, &rule->macs, &rule->n_macs);
}

static bool read_device(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	const char *name = policy_value_device(r, path, value);

	*(const char **)out = name;
	return name != NULL;
}

bool policy_read_match_iifs(struct policy_reader *r, const struct policy_path *path, json_t *value,
			    void *out)
{
	static const struct policy_items items = { sizeof(char *), read_device,
						   policy_value_cmp_string };
	struct policy_rule *rule = out;

	return policy_value_array(r, path, value, &items, &rule->iifs, &rule->n_iifs);
}

/* A path below the cgroup2 root of characters that need no quoting anywhere. */
static const char *cgroup_fault(const char *path)
{
	if (path[0] == '/')
		return "a cgroup is written without the first \"/\"";
	if (strlen(path) > CGROUP_MAX)
		return "a cgroup's path has at most 255 bytes";
	for (const char *p = path;; p++) {
		size_t n = strcspn(p, "/");

		if (!n)
			return "a cgroup's path must not have an empty part";
		if (strspn(p, ".") == n && n <= 2)
			return "a cgroup's path must not have \".\" or \"..\"";
		for (size_t i = 0; i < n; i++)
			if (!(p[i] >= 'a' && p[i] <= 'z') && !(p[i] >= 'A' && p[i] <= 'Z') &&
			    !(p[i] >= '0' && p[i] <= '9') && !strchr("_.@:-", p[i]))
				return "a cgroup's path has letters, digits and \"_.@:/-\" only";
		p += n;
		if (!*p)
			return NULL;
	}
}

static bool read_cgroup(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	const char *text = policy_value_string(r, path, value), *why;

	if (!text)
		return false;
	why = cgroup_fault(text);
	if (why) {
		diag_hint(r->faults, policy_value_fault(r, path, "%s", why),
			  "below /sys/fs/cgroup: \"system.slice/foo.service\"");
		return false;
	}
	*(const char **)out = text;
	return true;
}

bool policy_read_match_cgroups(struct policy_reader *r, const struct policy_path *path,
			       json_t *value, void *out)
{
	static const struct policy_items items = { sizeof(char *), read_cgroup,
						   policy_value_cmp_string };
	struct policy_rule *rule = out;

	return policy_value_array(r, path, value, &items, &rule->cgroups, &rule->n_cgroups);
}

static bool resolve_user(struct policy_reader *r, const struct policy_path *path,
			 struct policy_user *user)
{
	int e;

	if (!r->rule->enabled)
		return true;
	e = r->resolver && r->resolver->user
		    ? r->resolver->user(r->resolver->data, user->name, &user->uid)
		    : -ENOSYS;
	if (e == -ENOENT)
		policy_value_fault(r, path, "no user named \"%s\"",
				   policy_value_show(r, user->name));
	else if (e < 0)
		policy_value_fault(r, path, "cannot look up the user \"%s\": %s",
				   policy_value_show(r, user->name), strerror(-e));
	return e == 0;
}

static bool read_user(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      void *out)
{
	struct policy_user *user = out;

	if (json_is_integer(value))
		return policy_value_integer(r, path, value, 0, UID_LAST, &user->uid);
	if (!json_is_string(value)) {
		policy_value_fault(r, path, "must be the name of a user, or a uid");
		return false;
	}
	user->name = policy_value_string(r, path, value);
	if (*user->name)
		return resolve_user(r, path, user);
	policy_value_fault(r, path, "must be the name of a user, or a uid");
	return false;
}

static int user_cmp(const void *a, const void *b)
{
	const struct policy_user *x = a, *y = b;

	return x->uid < y->uid ? -1 : x->uid > y->uid;
}

/* Names of a disabled rule are not resolved: nothing is known about their uids. */
static int user_cmp_name(const void *a, const void *b)
{
	const struct policy_user *x = a, *y = b;

	if (x->name && y->name)
		return strcmp(x->name, y->name);
	if (x->name || y->name)
		return x->name ? 1 : -1;
	return user_cmp(a, b);
}

static bool read_users(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       struct policy_rule *rule)
{
	const struct policy_items items = { sizeof(struct policy_user), read_user,
					    rule->enabled ? user_cmp : user_cmp_name };

	return policy_value_array(r, path, value, &items, &rule->users, &rule->n_users);
}

/* ---- families and time -------------------------------------------------- */

static bool read_family(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	static const char *const names[INET_FAMILY_COUNT] = { "ipv4", "ipv6" };

	return policy_value_word(r, path, value, names, INET_FAMILY_COUNT, out);
}

static int unsigned_cmp(const void *a, const void *b)
{
	unsigned x = *(const unsigned *)a, y = *(const unsigned *)b;

	return x < y ? -1 : x > y;
}

bool policy_read_match_families(struct policy_reader *r, const struct policy_path *path,
				json_t *value, void *out)
{
	static const struct policy_items items = { sizeof(unsigned), read_family, unsigned_cmp };
	struct policy_rule *rule = out;
	unsigned *families;
	size_t n;

	if (!policy_value_array(r, path, value, &items, &families, &n))
		return false;
	rule->families[INET4] = rule->families[INET6] = false;
	for (size_t i = 0; i < n; i++)
		rule->families[families[i]] = true;
	return true;
}

static bool read_day(struct policy_reader *r, const struct policy_path *path, json_t *value,
		     void *out)
{
	const char *names[7];

	for (unsigned day = 0; day < ARRAY_SIZE(names); day++)
		names[day] = policy_day_name(day);
	return policy_value_word(r, path, value, names, ARRAY_SIZE(names), out);
}

static bool schedule_days(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  void *out)
{
	static const struct policy_items items = { sizeof(unsigned), read_day, unsigned_cmp };
	struct policy_schedule *s = out;
	unsigned *days;
	size_t n;

	if (!policy_value_array(r, path, value, &items, &days, &n))
		return false;
	s->days = 0;
	for (size_t i = 0; i < n; i++)
		s->days |= (uint8_t)(1u << days[i]);
	return true;
}

static bool read_time(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      uint32_t last, uint32_t *ret)
{
	const char *text = policy_value_string(r, path, value);
	uint32_t v;

	if (!text)
		return false;
	if (parse_time_of_day(text, &v) == 0 && v <= last) {
		*ret = v;
		return true;
	}
	diag_hint(r->faults,
		  policy_value_fault(r, path, "\"%s\" is not a time of day",
				     policy_value_show(r, text)),
		  last == 86400 ? "\"00:00\" to \"24:00\"" : "\"00:00\" to \"23:59\"");
	return false;
}

static bool schedule_from(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  void *out)
{
	struct policy_schedule *s = out;

	return read_time(r, path, value, 86399, &s->from_s);
}

static bool schedule_to(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	struct policy_schedule *s = out;

	return read_time(r, path, value, 86400, &s->to_s);
}

static bool schedule_offset(struct policy_reader *r, const struct policy_path *path, json_t *value,
			    void *out)
{
	const char *text = policy_value_string(r, path, value);
	struct policy_schedule *s = out;

	if (!text)
		return false;
	if (parse_utc_offset(text, &s->utc_offset_s) == 0)
		return true;
	diag_hint(r->faults,
		  policy_value_fault(r, path, "\"%s\" is not an offset from UTC",
				     policy_value_show(r, text)),
		  "\"+01:00\", \"-09:30\" or \"Z\"");
	return false;
}

bool policy_read_match_schedule(struct policy_reader *r, const struct policy_path *path,
				json_t *value, void *out)
{
	static const struct policy_key keys[] = {
		POLICY_KEY("days", schedule_days),
		POLICY_KEY("from", schedule_from),
		POLICY_KEY("to", schedule_to),
		POLICY_KEY("utc_offset", schedule_offset),
		POLICY_KEY("note", policy_value_note_ignored),
	};
	struct policy_rule *rule = out;
	struct policy_schedule *s = &rule->schedule;
	bool from = json_object_get(value, "from"), to = json_object_get(value, "to");
	size_t has_note = json_object_get(value, "note") ? 1 : 0;
	size_t has_offset = json_object_get(value, "utc_offset") ? 1 : 0;

	*s = (struct policy_schedule){ .given = true, .days = 0x7f, .to_s = 86400 };
	if (!policy_value_object(r, path, value, keys, ARRAY_SIZE(keys), s))
		return false;
	if (from != to)
		policy_value_fault(r, path,
				   "\"from\" and \"to\" belong together, \"%s\" is missing",
				   from ? "to" : "from");
	else if (json_object_size(value) == has_note + has_offset)
		policy_value_fault(r, path, "needs \"days\", or \"from\" and \"to\"");
	return true;
}

/* ---- keys that depend on each other -------------------------------------- */

static bool has_ports(uint32_t protocol)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_DCCP ||
	       protocol == IPPROTO_SCTP || protocol == IPPROTO_UDPLITE;
}

static const char *protocol_text(struct policy_reader *r, uint32_t protocol)
{
	const char *name = policy_protocol_name(protocol);

	return name ? name : arena_printf(r->arena, "%u", protocol);
}

static void check_ports(struct policy_reader *r, const struct policy_path *path, json_t *value,
			struct policy_rule *rule)
{
	static const struct policy_number_range tcp_udp[] = { { IPPROTO_TCP, IPPROTO_TCP },
							      { IPPROTO_UDP, IPPROTO_UDP } };
	const char *key = json_object_get(value, "dports") ? "dports" : "sports";
	const struct policy_path at = { .up = path, .key = key };

	if (!json_object_get(value, "protocols")) {
		rule->protocols = arena_memdup(r->arena, tcp_udp, sizeof(tcp_udp));
		rule->n_protocols = ARRAY_SIZE(tcp_udp);
		return;
	}
	for (size_t i = 0; i < rule->n_protocols; i++)
		if (!has_ports(rule->protocols[i].lo))
			diag_hint(r->faults,
				  policy_value_fault_key(r, &at, "the protocol \"%s\" has no ports",
							 protocol_text(r, rule->protocols[i].lo)),
				  "tcp, udp, sctp, dccp and udplite have");
}

void policy_read_match_check(struct policy_reader *r, const struct policy_path *path, json_t *value,
			     struct policy_rule *rule)
{
	const struct policy_path users_at = { .up = path, .key = "users" };
	const struct policy_path types_at = { .up = path, .key = "icmp_types" };
	json_t *users = json_object_get(value, "users");
	json_t *types = json_object_get(value, "icmp_types");
	bool given = json_object_get(value, "sports") || json_object_get(value, "dports");

	r->rule = rule;
	if (users)
		read_users(r, &users_at, users, rule);
	if (types && given)
		policy_value_fault_key(r, &types_at,
				       "a packet has an ICMP type or ports, never both");
	else if (types)
		policy_read_icmp_types(r, path, types, rule);
	else if (given)
		check_ports(r, path, value, rule);
}
