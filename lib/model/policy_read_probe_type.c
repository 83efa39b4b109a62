/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy_read_probe_type.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/inet.h"
#include "base/parse.h"
#include "model/policy_list.h"

#include <errno.h>
#include <string.h>

#define HTTP_HOST_MAX 255
#define HTTP_PATH_MAX 1024
#define COMMAND_MAX   64 /* words */
#define WORD_MAX      4096 /* bytes of one */

/* ---- tcp, dns, http ----------------------------------------------------- */

bool policy_read_probe_type_port(struct policy_reader *r, const struct policy_path *path,
				 json_t *value, void *out)
{
	struct policy_probe *p = out;
	uint32_t port;

	if (!policy_value_integer(r, path, value, 1, 65535, &port))
		return false;
	p->port = (uint16_t)port;
	return true;
}

/* A domain, or "." for the root. */
bool policy_read_probe_type_name(struct policy_reader *r, const struct policy_path *path,
				 json_t *value, void *out)
{
	const char *text = policy_value_string(r, path, value);
	char name[POLICY_LIST_DOMAIN_MAX];
	struct policy_list_fault f;
	struct policy_probe *p = out;
	enum inet_family family;
	struct inet_addr addr;
	struct diag *d;

	if (!text)
		return false;
	if (strcmp(text, ".") == 0)
		return true; /* the default */
	if (policy_list_domain(text, strlen(text), name, &f)) {
		p->dns_name = arena_strdup(r->arena, name);
		return true;
	}
	d = policy_value_fault(r, path, "%s", f.text);
	/* where a rule has addresses is no help here */
	if (*f.hint && inet_parse_addr(text, strlen(text), &family, &addr) < 0)
		diag_hint(r->faults, d, "%s", f.hint);
	return false;
}

/* Of letters, digits and what names, addresses and ports are written with: no way out of a header. */
static bool is_http_host(const char *text)
{
	return *text && strlen(text) <= HTTP_HOST_MAX &&
	       strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
			    ".-_:[]") == strlen(text);
}

bool policy_read_probe_type_host(struct policy_reader *r, const struct policy_path *path,
				 json_t *value, void *out)
{
	const char *text = policy_value_string(r, path, value);
	struct policy_probe *p = out;

	if (!text)
		return false;
	if (!is_http_host(text)) {
		diag_hint(r->faults,
			  policy_value_fault(r, path, "\"%s\" is not a host",
					     policy_value_show(r, text)),
			  "as in the header Host: \"www.example.com\"");
		return false;
	}
	p->http_host = text;
	return true;
}

bool policy_read_probe_type_path(struct policy_reader *r, const struct policy_path *path,
				 json_t *value, void *out)
{
	const char *text = policy_value_string(r, path, value);
	struct policy_probe *p = out;

	if (!text)
		return false;
	if (text[0] != '/') {
		policy_value_fault(r, path, "a path begins with \"/\"");
		return false;
	}
	if (strlen(text) > HTTP_PATH_MAX) {
		policy_value_fault(r, path, "a path has at most %d bytes, this one has %zu",
				   HTTP_PATH_MAX, strlen(text));
		return false;
	}
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '#') {
			diag_hint(r->faults,
				  policy_value_fault(r, path,
						     "a path has no blanks, no \"#\" and "
						     "no letters beyond ASCII"),
				  "write them as %%20 and the like");
			return false;
		}
	p->http_path = text;
	return true;
}

static bool read_status(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	struct policy_number_range *range = out;
	const char *text;
	int e;

	if (!json_is_string(value)) {
		if (!policy_value_integer(r, path, value, 100, 599, &range->lo))
			return false;
		range->hi = range->lo;
		return true;
	}
	text = policy_value_show(r, json_string_value(value));
	e = parse_number_range(json_string_value(value), 599, &range->lo, &range->hi);
	if (e == 0 && range->lo < 100)
		e = -ERANGE;
	if (e == -EDOM)
		policy_value_fault(r, path, "the range \"%s\" ends before it begins", text);
	else if (e == -ERANGE)
		policy_value_fault(r, path, "\"%s\" is out of range, must be 100 to 599", text);
	else if (e < 0)
		diag_hint(r->faults,
			  policy_value_fault(r, path, "\"%s\" is not a status or a range", text),
			  "204 or \"200-399\"");
	return e == 0;
}

static int range_cmp(const void *a, const void *b)
{
	const struct policy_number_range *x = a, *y = b;

	if (x->lo != y->lo)
		return x->lo < y->lo ? -1 : 1;
	return x->hi < y->hi ? -1 : x->hi > y->hi;
}

bool policy_read_probe_type_status(struct policy_reader *r, const struct policy_path *path,
				   json_t *value, void *out)
{
	static const struct policy_items items = { sizeof(struct policy_number_range), read_status,
						   range_cmp };
	struct policy_probe *p = out;

	return policy_value_array(r, path, value, &items, &p->http_status, &p->n_http_status);
}

/* ---- exec --------------------------------------------------------------- */

static bool read_word(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      void *out)
{
	const char *text = policy_value_string(r, path, value);

	if (!text)
		return false;
	if (strlen(text) > WORD_MAX) {
		policy_value_fault(r, path, "a word has at most %d bytes, this one has %zu",
				   WORD_MAX, strlen(text));
		return false;
	}
	*(const char **)out = text;
	return true;
}

bool policy_read_probe_type_command(struct policy_reader *r, const struct policy_path *path,
				    json_t *value, void *out)
{
	static const struct policy_items items = { sizeof(const char *), read_word, NULL };
	const char *program = json_string_value(json_array_get(value, 0));
	const struct policy_path first = { .up = path };
	struct policy_probe *p = out;

	if (json_is_string(value)) {
		diag_hint(r->faults, policy_value_fault(r, path, "must be an array, not a string"),
			  "no shell reads it: [\"/path/to/program\", \"argument\"]");
		return false;
	}
	if (json_array_size(value) > COMMAND_MAX) {
		policy_value_fault(r, path, "at most %d words, these are %zu", COMMAND_MAX,
				   json_array_size(value));
		return false;
	}
	if (!policy_value_array(r, path, value, &items, &p->command, &p->n_command))
		return false;
	if (program && program[0] != '/') {
		diag_hint(r->faults,
			  policy_value_fault(r, &first, "\"%s\" is not an absolute path",
					     policy_value_show(r, program)),
			  "no PATH is searched");
		return false;
	}
	return true;
}

/* ---- route -------------------------------------------------------------- */

static bool read_prefix(struct policy_reader *r, const struct policy_path *path, json_t *value,
			enum inet_family family, struct policy_probe *p)
{
	const char *text = policy_value_string(r, path, value);
	struct policy_list_fault f;
	struct policy_range range;
	struct diag *d;
	unsigned len;

	if (!text)
		return false;
	if (!policy_list_range(text, strlen(text), &range, &f)) {
		d = policy_value_fault(r, path, "%s", f.text);
		if (*f.hint)
			diag_hint(r->faults, d, "%s", f.hint);
		return false;
	}
	if (range.family != family) {
		policy_value_fault(r, path, "\"%s\" is not an %s prefix", text,
				   family == INET4 ? "IPv4" : "IPv6");
		return false;
	}
	if (!inet_range_is_prefix(&range.range, family, &len)) {
		policy_value_fault(r, path, "must be a prefix, not a range");
		return false;
	}
	p->has_prefix[family] = true;
	p->prefix[family] = (struct inet_prefix){ range.range.lo, family, (uint8_t)len };
	return true;
}

bool policy_read_probe_type_prefix4(struct policy_reader *r, const struct policy_path *path,
				    json_t *value, void *out)
{
	return read_prefix(r, path, value, INET4, out);
}

bool policy_read_probe_type_prefix6(struct policy_reader *r, const struct policy_path *path,
				    json_t *value, void *out)
{
	return read_prefix(r, path, value, INET6, out);
}

bool policy_read_probe_type_table(struct policy_reader *r, const struct policy_path *path,
				  json_t *value, void *out)
{
	struct policy_probe *p = out;

	return policy_value_integer(r, path, value, 1, UINT32_MAX, &p->route_table);
}

bool policy_read_probe_type_protocol(struct policy_reader *r, const struct policy_path *path,
				     json_t *value, void *out)
{
	struct policy_probe *p = out;
	uint32_t number;

	if (json_is_string(value)) {
		const char *name = json_string_value(value);
		int known = policy_route_protocol_number(name);

		if (known < 0) {
			policy_value_fault_word(r, path, name, "routing protocol",
						POLICY_ROUTE_PROTOCOLS);
			return false;
		}
		p->route_protocol = known;
		return true;
	}
	if (!policy_value_integer(r, path, value, 1, 255, &number))
		return false;
	if (number == POLICY_PROTOCOL) {
		policy_value_fault(r, path, "%u is the number of our own routes", number);
		return false;
	}
	p->route_protocol = (int)number;
	return true;
}
