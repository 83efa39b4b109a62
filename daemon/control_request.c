/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control_request.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/parse.h"
#include "model/policy.h"

#include <jansson.h>
#include <string.h>

#define CGROUP_MAX 4096 /* PATH_MAX */

static const char *const command_names[CONTROL_COMMAND_COUNT] = {
	[CONTROL_STATUS] = "status",   [CONTROL_LINKS] = "links",     [CONTROL_GROUPS] = "groups",
	[CONTROL_RULES] = "rules",     [CONTROL_WHY] = "why",	      [CONTROL_DRAIN] = "drain",
	[CONTROL_UNDRAIN] = "undrain", [CONTROL_SWITCH] = "switch",   [CONTROL_RELOAD] = "reload",
	[CONTROL_WATCH] = "watch",     [CONTROL_METRICS] = "metrics", [CONTROL_DOCTOR] = "doctor",
};

struct reader {
	struct arena *arena;
	struct control_request *request;
	struct control_fault *fault;
};

const char *control_request_command_name(enum control_command c)
{
	return command_names[c];
}

/* ---- faults -------------------------------------------------------------- */

__attribute__((format(printf, 2, 3))) static int refuse(struct reader *r, const char *fmt, ...)
{
	char text[256];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	r->fault->error = arena_strdup(r->arena, text);
	r->fault->hint = NULL;
	return CONTROL_REQUEST_INVALID;
}

/* Texts of a client come back in its answer: short, and without surprises. */
static const char *quoted(struct reader *r, const char *text)
{
	char *copy = arena_strndup(r->arena, text, 60);
	size_t len = strlen(copy);

	/* not half a character of UTF-8 */
	while (strlen(text) > 60 && len && ((unsigned char)text[len] & 0xc0) == 0x80)
		copy[--len] = '\0';
	for (char *c = copy; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	return copy;
}

static int refuse_near(struct reader *r, const char *what, const char *word,
		       const char *const *words, size_t n)
{
	const char *near = diag_nearest(word, words, n);
	int result = refuse(r, "there is no %s \"%s\"", what, quoted(r, word));

	if (near)
		r->fault->hint = arena_printf(r->arena, "did you mean \"%s\"?", near);
	return result;
}

static int refuse_key(struct reader *r, const char *key, const char *text, const char *want)
{
	int result = refuse(r, "\"%s\": \"%s\" is not %s", key, quoted(r, text), want);

	return result;
}

/* ---- values of `why` ----------------------------------------------------- */

/* Numbers may come as such or as text: from a program, from a command line. */
static int read_number(struct reader *r, const char *key, const json_t *value, uint32_t max,
		       uint32_t *ret)
{
	uint64_t number;

	if (json_is_integer(value) && json_integer_value(value) >= 0 &&
	    (uint64_t)json_integer_value(value) <= max) {
		*ret = (uint32_t)json_integer_value(value);
		return 0;
	}
	if (json_is_string(value) && (parse_u64(json_string_value(value), max, &number) == 0)) {
		*ret = (uint32_t)number;
		return 0;
	}
	if (json_is_string(value))
		return refuse(r, "\"%s\": \"%s\" is not a number from 0 to %u", key,
			      quoted(r, json_string_value(value)), max);
	return refuse(r, "\"%s\" is not a number from 0 to %u", key, max);
}

static int read_address(struct reader *r, const char *key, const json_t *value,
			enum inet_family *ret_family, struct inet_addr *ret)
{
	const char *text = json_string_value(value);

	if (!text)
		return refuse(r, "\"%s\" is an address, as text", key);
	if (inet_parse_addr(text, strlen(text), ret_family, ret) < 0) {
		refuse_key(r, key, text, "an IPv4 or IPv6 address");
		if (strchr(text, '/'))
			r->fault->hint = "one address of the prefix";
		return CONTROL_REQUEST_INVALID;
	}
	return 0;
}

static int read_text(struct reader *r, const char *key, const json_t *value, const char **ret)
{
	if (!json_is_string(value) || !json_string_length(value))
		return refuse(r, "\"%s\" is a text", key);
	*ret = arena_strdup(r->arena, json_string_value(value));
	return 0;
}

static int why_address(struct reader *r, const json_t *v)
{
	struct plan_eval_packet *p = &r->request->packet;

	return read_address(r, "address", v, &p->family, &p->daddr);
}

static int why_from(struct reader *r, const json_t *v)
{
	struct plan_eval_packet *p = &r->request->packet;
	enum inet_family f;
	int result = read_address(r, "from", v, &f, &p->saddr);

	if (result == 0 && f != p->family)
		return refuse(r, "\"from\" and \"address\" are of different families");
	return result;
}

static int why_proto(struct reader *r, const json_t *v)
{
	const char *text = json_string_value(v);
	int number = text ? policy_protocol_number(text) : -1;
	const char *near;
	uint32_t n = 0;

	if (number >= 0) {
		r->request->packet.proto = (uint8_t)number;
		return 0;
	}
	if (read_number(r, "proto", v, 255, &n) != 0) {
		if (!text)
			return CONTROL_REQUEST_INVALID;
		near = policy_word_nearest(POLICY_PROTOCOLS, text);
		refuse_key(r, "proto", text, "a protocol's name or number");
		if (near)
			r->fault->hint = arena_printf(r->arena, "did you mean \"%s\"?", near);
		return CONTROL_REQUEST_INVALID;
	}
	r->request->packet.proto = (uint8_t)n;
	return 0;
}

static int why_port(struct reader *r, const char *key, const json_t *v, uint16_t *ret)
{
	uint32_t n = 0;
	int result = read_number(r, key, v, 65535, &n);

	*ret = (uint16_t)n;
	return result;
}

static int why_sport(struct reader *r, const json_t *v)
{
	return why_port(r, "sport", v, &r->request->packet.sport);
}

static int why_dport(struct reader *r, const json_t *v)
{
	return why_port(r, "dport", v, &r->request->packet.dport);
}

static int why_iif(struct reader *r, const json_t *v)
{
	const char *text = json_string_value(v);

	if (!text || !parse_valid_device(text))
		return refuse(r, "\"iif\" is the name of a network device");
	r->request->packet.iif = arena_strdup(r->arena, text);
	return 0;
}

static int why_mac(struct reader *r, const json_t *v)
{
	const char *text = json_string_value(v);

	if (!text || parse_mac(text, r->request->packet.mac) < 0)
		return refuse(r, "\"mac\" is a hardware address, 00:11:22:33:44:55");
	return 0;
}

static int why_dscp(struct reader *r, const json_t *v)
{
	const char *text = json_string_value(v);
	int number = text ? policy_dscp_number(text) : -1;
	uint32_t n = 0;

	if (number < 0) {
		int result = read_number(r, "dscp", v, 63, &n);

		if (result)
			return result;
	}
	r->request->packet.dscp = (uint8_t)(number >= 0 ? (uint32_t)number : n);
	return 0;
}

static int why_icmp_type(struct reader *r, const json_t *v)
{
	struct plan_eval_packet *p = &r->request->packet;
	const char *text = json_string_value(v);
	int number = text ? policy_icmp_type_number(p->family, text) : -1;
	uint32_t n = 0;

	if (number < 0) {
		int result = read_number(r, "icmp_type", v, 255, &n);

		if (result)
			return result;
	}
	p->icmp_type = (uint8_t)(number >= 0 ? (uint32_t)number : n);
	return 0;
}

static int why_mark(struct reader *r, const json_t *v)
{
	const char *text = json_string_value(v);

	if (text && parse_u32_hex(text, &r->request->packet.mark) == 0)
		return 0;
	return read_number(r, "mark", v, UINT32_MAX, &r->request->packet.mark);
}

static int why_uid(struct reader *r, const json_t *v)
{
	return read_number(r, "uid", v, UINT32_MAX, &r->request->packet.uid);
}

static int why_cgroup(struct reader *r, const json_t *v)
{
	const char *text = json_string_value(v);

	while (text && *text == '/')
		text++;
	if (!text || !*text || strlen(text) >= CGROUP_MAX)
		return refuse(r, "\"cgroup\" is a path below the cgroup2 root");
	r->request->packet.cgroup = arena_strdup(r->arena, text);
	return 0;
}

static int why_local(struct reader *r, const json_t *v)
{
	if (!json_is_boolean(v))
		return refuse(r, "\"local\" is true or false");
	r->request->packet.local = json_is_true(v);
	return 0;
}

/* ---- commands ------------------------------------------------------------ */

static int take_link(struct reader *r, const json_t *v)
{
	return read_text(r, "link", v, &r->request->link);
}

static int take_group(struct reader *r, const json_t *v)
{
	return read_text(r, "group", v, &r->request->group);
}

static int take_auto(struct reader *r, const json_t *v)
{
	return json_is_true(v) ? 0 : refuse(r, "\"auto\" is true, or not there");
}

static int take_strict(struct reader *r, const json_t *v)
{
	if (!json_is_boolean(v))
		return refuse(r, "\"strict\" is true or false");
	r->request->strict = json_is_true(v);
	return 0;
}

/* In the order they are read: "address" says the family that others are of. */
static const struct request_key {
	enum control_command commands[2];
	const char *name;
	bool required;
	unsigned given; /* bit of enum plan_eval_key */
	int (*take)(struct reader *r, const json_t *v);
} keys[] = {
	{ { CONTROL_WHY, CONTROL_WHY }, "address", true, 0, why_address },
	{ { CONTROL_WHY, CONTROL_WHY }, "from", false, PLAN_EVAL_FROM, why_from },
	{ { CONTROL_WHY, CONTROL_WHY }, "proto", false, PLAN_EVAL_PROTO, why_proto },
	{ { CONTROL_WHY, CONTROL_WHY }, "sport", false, PLAN_EVAL_SPORT, why_sport },
	{ { CONTROL_WHY, CONTROL_WHY }, "dport", false, PLAN_EVAL_DPORT, why_dport },
	{ { CONTROL_WHY, CONTROL_WHY }, "iif", false, PLAN_EVAL_IIF, why_iif },
	{ { CONTROL_WHY, CONTROL_WHY }, "mac", false, PLAN_EVAL_MAC, why_mac },
	{ { CONTROL_WHY, CONTROL_WHY }, "dscp", false, PLAN_EVAL_DSCP, why_dscp },
	{ { CONTROL_WHY, CONTROL_WHY }, "icmp_type", false, PLAN_EVAL_ICMP_TYPE, why_icmp_type },
	{ { CONTROL_WHY, CONTROL_WHY }, "uid", false, PLAN_EVAL_UID, why_uid },
	{ { CONTROL_WHY, CONTROL_WHY }, "cgroup", false, PLAN_EVAL_CGROUP, why_cgroup },
	{ { CONTROL_WHY, CONTROL_WHY }, "mark", false, 0, why_mark },
	{ { CONTROL_WHY, CONTROL_WHY }, "local", false, 0, why_local },
	{ { CONTROL_DRAIN, CONTROL_UNDRAIN }, "link", true, 0, take_link },
	{ { CONTROL_SWITCH, CONTROL_SWITCH }, "group", true, 0, take_group },
	{ { CONTROL_SWITCH, CONTROL_SWITCH }, "link", false, 0, take_link },
	{ { CONTROL_SWITCH, CONTROL_SWITCH }, "auto", false, 0, take_auto },
	{ { CONTROL_METRICS, CONTROL_METRICS }, "strict", false, 0, take_strict },
};

static bool belongs(const struct request_key *k, enum control_command c)
{
	return k->commands[0] == c || k->commands[1] == c;
}

static int check_keys(struct reader *r, json_t *object)
{
	const char *names[ARRAY_SIZE(keys) + 1], *key;
	size_t n = 0;
	json_t *value;

	names[n++] = "command";
	for (size_t i = 0; i < ARRAY_SIZE(keys); i++)
		if (belongs(&keys[i], r->request->command))
			names[n++] = keys[i].name;
	json_object_foreach(object, key, value)
	{
		bool known = false;

		for (size_t i = 0; i < n; i++)
			known |= !strcmp(names[i], key);
		if (!known) {
			refuse_near(r, "key", key, names, n);
			r->fault->error = arena_printf(r->arena, "%s of \"%s\"", r->fault->error,
						       command_names[r->request->command]);
			return CONTROL_REQUEST_INVALID;
		}
	}
	return 0;
}

static int read_keys(struct reader *r, json_t *object)
{
	int result = check_keys(r, object);

	for (size_t i = 0; result == 0 && i < ARRAY_SIZE(keys); i++) {
		const struct request_key *k = &keys[i];
		const json_t *value = json_object_get(object, k->name);

		if (!belongs(k, r->request->command))
			continue;
		if (!value && k->required)
			return refuse(r, "\"%s\" needs \"%s\"", command_names[r->request->command],
				      k->name);
		if (!value)
			continue;
		result = k->take(r, value);
		r->request->packet.given |= k->given;
	}
	return result;
}

/* What only several keys together tell. */
static int check_together(struct reader *r, const json_t *object)
{
	const struct plan_eval_packet *p = &r->request->packet;

	if (r->request->command == CONTROL_SWITCH &&
	    !json_object_get(object, "link") == !json_object_get(object, "auto"))
		return refuse(r, "\"switch\" needs either \"link\" or \"auto\"");
	if (r->request->command != CONTROL_WHY)
		return 0;
	if (p->local && p->given & (PLAN_EVAL_IIF | PLAN_EVAL_MAC))
		return refuse(r, "\"local\" is of this machine itself: it comes in by no device");
	if (!p->local && p->given & (PLAN_EVAL_UID | PLAN_EVAL_CGROUP)) {
		refuse(r, "only this machine's own traffic has a user or a cgroup");
		r->fault->hint = "add \"local\"";
		return CONTROL_REQUEST_INVALID;
	}
	return 0;
}

static int read_command(struct reader *r, json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "command"));

	if (!json_is_object(object) || !name)
		return refuse(r, "a request is an object with a string \"command\"");
	for (size_t i = 0; i < CONTROL_COMMAND_COUNT; i++) {
		int result;

		if (strcmp(command_names[i], name) != 0)
			continue;
		r->request->command = (enum control_command)i;
		result = read_keys(r, object);
		return result ? result : check_together(r, object);
	}
	return refuse_near(r, "command", name, command_names, CONTROL_COMMAND_COUNT);
}

int control_request_read(const char *line, size_t len, struct arena *a, struct control_request *ret,
			 struct control_fault *ret_fault)
{
	struct control_request request = { .command = CONTROL_STATUS };
	struct reader r = { .arena = a, .request = &request, .fault = ret_fault };
	json_error_t fault;
	json_t *object = json_loadb(line, len, JSON_REJECT_DUPLICATES, &fault);
	int result;

	if (!object)
		return refuse(&r, "the request is not JSON: column %d: %s", fault.column,
			      quoted(&r, fault.text));
	result = read_command(&r, object);
	json_decref(object);
	if (result == 0)
		*ret = request;
	return result;
}
