/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy_value.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "model/json_doc.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define SHOW_MAX  60 /* bytes of the user's text quoted in a message */
#define NOTE_MAX  200 /* bytes: it becomes part of an nft comment */
#define WORDS_MAX 64
#define KEYS_MAX  32

/* ---- faults ------------------------------------------------------------- */

static void pointer_add(struct strbuf *b, const struct policy_path *path)
{
	if (!path)
		return;
	pointer_add(b, path->up);
	strbuf_addc(b, '/');
	if (!path->key) {
		strbuf_addf(b, "%zu", path->index);
		return;
	}
	for (const char *p = path->key; *p; p++) {
		if (*p == '~')
			strbuf_add(b, "~0");
		else if (*p == '/')
			strbuf_add(b, "~1");
		else
			strbuf_addc(b, *p);
	}
}

const char *policy_value_pointer(struct policy_reader *r, const struct policy_path *path)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;

	pointer_add(&b, path);
	return arena_strdup(r->arena, strbuf_text(&b));
}

static struct diag *fault(struct policy_reader *r, const struct policy_path *path, bool key,
			  const char *fmt, va_list ap) __attribute__((format(printf, 4, 0)));

static struct diag *fault(struct policy_reader *r, const struct policy_path *path, bool key,
			  const char *fmt, va_list ap)
{
	_cleanup_(strbuf_done) struct strbuf pointer = STRBUF_NULL;

	/* a million faults are counted, not told: their places are not worth working out */
	if (r->faults->errors < DIAG_MAX)
		pointer_add(&pointer, path);
	return json_doc_vfault(r->doc, r->faults, DIAG_ERROR, strbuf_text(&pointer), key, fmt, ap);
}

struct diag *policy_value_fault(struct policy_reader *r, const struct policy_path *path,
				const char *fmt, ...)
{
	struct diag *d;
	va_list ap;

	va_start(ap, fmt);
	d = fault(r, path, false, fmt, ap);
	va_end(ap);
	return d;
}

struct diag *policy_value_fault_key(struct policy_reader *r, const struct policy_path *path,
				    const char *fmt, ...)
{
	struct diag *d;
	va_list ap;

	va_start(ap, fmt);
	d = fault(r, path, true, fmt, ap);
	va_end(ap);
	return d;
}

const char *policy_value_show(struct policy_reader *r, const char *text)
{
	size_t n = strlen(text);

	if (n <= SHOW_MAX)
		return text;
	for (n = SHOW_MAX; n && ((unsigned char)text[n] & 0xc0) == 0x80; n--)
		;
	return arena_printf(r->arena, "%.*s...", (int)n, text);
}

void policy_value_fault_word(struct policy_reader *r, const struct policy_path *path,
			     const char *text, const char *what, enum policy_vocabulary words)
{
	const char *near = policy_word_nearest(words, text);
	struct diag *d =
		policy_value_fault(r, path, "no %s named \"%s\"", what, policy_value_show(r, text));

	if (near)
		diag_hint(r->faults, d, "did you mean \"%s\"?", near);
}

static const char *type_name(const json_t *value)
{
	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return "an object";
	case JSON_ARRAY:
		return "an array";
	case JSON_STRING:
		return "a string";
	case JSON_INTEGER:
	case JSON_REAL:
		return "a number";
	case JSON_TRUE:
	case JSON_FALSE:
		return "true or false";
	case JSON_NULL:
		return "null";
	}
	abort();
}

static struct diag *fault_type(struct policy_reader *r, const struct policy_path *path,
			       const json_t *value, const char *wanted)
{
	return policy_value_fault(r, path, "must be %s, not %s", wanted, type_name(value));
}

/* ---- values ------------------------------------------------------------- */

const char *policy_value_string(struct policy_reader *r, const struct policy_path *path,
				json_t *value)
{
	if (json_is_string(value))
		return arena_strndup(r->arena, json_string_value(value), json_string_length(value));
	fault_type(r, path, value, "a string");
	return NULL;
}

bool policy_value_bool(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       bool *ret)
{
	if (!json_is_boolean(value)) {
		fault_type(r, path, value, "true or false");
		return false;
	}
	*ret = json_is_true(value);
	return true;
}

bool policy_value_integer(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  uint32_t min, uint32_t max, uint32_t *ret)
{
	json_int_t v;

	if (json_is_real(value)) {
		policy_value_fault(r, path, "must be a whole number, without \".\" or exponent");
		return false;
	}
	if (!json_is_integer(value)) {
		fault_type(r, path, value, "a whole number");
		return false;
	}
	v = json_integer_value(value);
	if (v < min || v > max) {
		policy_value_fault(r, path, "%lld is out of range, must be %u to %u", (long long)v,
				   min, max);
		return false;
	}
	*ret = (uint32_t)v;
	return true;
}

bool policy_value_mark(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       uint32_t *ret)
{
	const char *text;
	uint32_t v;
	int e;

	if (json_is_integer(value))
		return policy_value_integer(r, path, value, 1, UINT32_MAX, ret);
	if (!json_is_string(value)) {
		fault_type(r, path, value, "a number or a string \"0x...\"");
		return false;
	}
	text = json_string_value(value);
	e = parse_u32_hex(text, &v);
	if (e == -ERANGE)
		policy_value_fault(r, path, "\"%s\" does not fit into 32 bits",
				   policy_value_show(r, text));
	else if (e < 0)
		policy_value_fault(r, path, "\"%s\" is not a hexadecimal number \"0x...\"",
				   policy_value_show(r, text));
	else if (!v)
		policy_value_fault(r, path, "must not be 0");
	else
		*ret = v;
	return e == 0 && v;
}

static const char *duration_text(uint32_t ms, char buf[16])
{
	static const struct {
		uint32_t ms;
		const char *unit;
	} units[] = { { 86400000, "d" }, { 3600000, "h" }, { 60000, "m" }, { 1000, "s" } };

	for (size_t i = 0; i < ARRAY_SIZE(units); i++)
		if (ms && ms % units[i].ms == 0) {
			snprintf(buf, 16, "%u%s", ms / units[i].ms, units[i].unit);
			return buf;
		}
	snprintf(buf, 16, "%ums", ms);
	return buf;
}

bool policy_value_duration(struct policy_reader *r, const struct policy_path *path, json_t *value,
			   uint32_t min_ms, uint32_t max_ms, uint32_t *ret_ms)
{
	char lo[16], hi[16];
	const char *text;
	uint64_t ms;
	int e;

	if (!json_is_string(value)) {
		struct diag *d = fault_type(r, path, value, "a duration");

		diag_hint(r->faults, d, "write a string with a unit: \"800ms\", \"1s\", \"5m\"");
		return false;
	}
	text = policy_value_show(r, json_string_value(value));
	e = parse_duration_ms(json_string_value(value), &ms);
	if (e == -EINVAL) {
		diag_hint(r->faults, policy_value_fault(r, path, "\"%s\" is not a duration", text),
			  "a number and one of ms, s, m, h, d: \"800ms\"");
		return false;
	}
	if (e < 0 || ms < min_ms || ms > max_ms) {
		policy_value_fault(r, path, "\"%s\" is out of range, must be %s to %s", text,
				   duration_text(min_ms, lo), duration_text(max_ms, hi));
		return false;
	}
	*ret_ms = (uint32_t)ms;
	return true;
}

bool policy_value_word(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       const char *const *words, size_t n, unsigned *ret)
{
	_cleanup_(strbuf_done) struct strbuf all = STRBUF_NULL;
	const char *text = policy_value_string(r, path, value), *near;
	struct diag *d;

	if (!text)
		return false;
	for (size_t i = 0; i < n; i++)
		if (strcmp(text, words[i]) == 0) {
			*ret = (unsigned)i;
			return true;
		}
	for (size_t i = 0; i < n; i++)
		strbuf_addf(&all, "%s\"%s\"", i == 0 ? "" : i + 1 < n ? ", " : " or ", words[i]);
	d = policy_value_fault(r, path, "\"%s\" is not %s", policy_value_show(r, text),
			       strbuf_text(&all));
	near = diag_nearest(text, words, n);
	if (near)
		diag_hint(r->faults, d, "did you mean \"%s\"?", near);
	return false;
}

const char *policy_value_name(struct policy_reader *r, const struct policy_path *path,
			      json_t *value)
{
	const char *text = policy_value_string(r, path, value);
	struct diag *d;

	if (!text || parse_valid_name(text))
		return text;
	d = policy_value_fault(r, path, "\"%s\" is not a name", policy_value_show(r, text));
	diag_hint(r->faults, d, "1 to 31 letters, digits, \"-\" and \"_\"");
	return NULL;
}

const char *policy_value_device(struct policy_reader *r, const struct policy_path *path,
				json_t *value)
{
	const char *text = policy_value_string(r, path, value);
	struct diag *d;

	if (!text || parse_valid_device(text))
		return text;
	d = policy_value_fault(r, path, "\"%s\" is not a network device name",
			       policy_value_show(r, text));
	diag_hint(r->faults, d, "1 to 15 letters, digits and \"._-+@=\", as in `ip link`");
	return NULL;
}

static const char *const family_names[INET_FAMILY_COUNT] = { [INET4] = "IPv4", [INET6] = "IPv6" };

bool policy_value_address(struct policy_reader *r, const struct policy_path *path, const char *text,
			  enum inet_family family, struct inet_addr *ret)
{
	enum inet_family f;
	struct inet_addr a;

	if (inet_parse_addr(text, strlen(text), &f, &a) < 0 || f != family) {
		policy_value_fault(r, path, "\"%s\" is not an %s address",
				   policy_value_show(r, text), family_names[family]);
		return false;
	}
	if (inet_addr_is_zero(&a) || (family == INET4 ? a.bytes[0] >= 224 : a.bytes[0] == 0xff)) {
		policy_value_fault(r, path, "\"%s\" is not the address of a single host", text);
		return false;
	}
	*ret = a;
	return true;
}

bool policy_value_note(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	const char *text = policy_value_string(r, path, value);

	if (!text)
		return false;
	if (strlen(text) > NOTE_MAX) {
		policy_value_fault(r, path, "a note has at most %d bytes, this one has %zu",
				   NOTE_MAX, strlen(text));
		return false;
	}
	for (const unsigned char *p = (const unsigned char *)text; *p; p++)
		if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] < 0xa0)) {
			policy_value_fault(r, path, "a note must not have control characters");
			return false;
		}
	if (out)
		*(const char **)out = text;
	return true;
}

bool policy_value_note_ignored(struct policy_reader *r, const struct policy_path *path,
			       json_t *value, void *out)
{
	return policy_value_note(r, path, value, NULL);
}

/* ---- objects ------------------------------------------------------------ */

static void fault_unknown_key(struct policy_reader *r, const struct policy_path *path,
			      const struct policy_key *keys, size_t n)
{
	const char *names[KEYS_MAX], *near;
	struct diag *d;

	for (size_t i = 0; i < n; i++)
		names[i] = keys[i].name;
	d = policy_value_fault_key(r, path, "unknown key \"%s\"", policy_value_show(r, path->key));
	if (!d)
		return;
	near = diag_nearest(path->key, names, n);
	if (near)
		diag_hint(r->faults, d, "did you mean \"%s\"?", near);
}

static const struct policy_key *key_find(const struct policy_key *keys, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

bool policy_value_object(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 const struct policy_key *keys, size_t n, void *out)
{
	struct policy_path at = { .up = path };
	bool complete = true;
	json_t *member;

	if (!json_is_object(value)) {
		fault_type(r, path, value, "an object");
		return false;
	}
	json_object_foreach(value, at.key, member)
	{
		const struct policy_key *key = key_find(keys, n, at.key);

		if (!key)
			fault_unknown_key(r, &at, keys, n);
		else if (key->read)
			key->read(r, &at, member, out);
	}
	for (size_t i = 0; i < n; i++)
		if (keys[i].required && !json_object_get(value, keys[i].name)) {
			policy_value_fault(r, path, "the key \"%s\" is missing", keys[i].name);
			complete = false;
		}
	return complete;
}

struct policy_path policy_value_below(const struct policy_path *up, const char *key)
{
	return (struct policy_path){ .up = up, .key = key };
}

bool policy_value_is(json_t *object, const char *key, const char *word)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text && strcmp(text, word) == 0;
}

/* The member's own name, as a link, group or probe name. */
static void check_name(struct policy_reader *r, const struct policy_path *path, const char *name)
{
	if (parse_valid_name(name))
		return;
	diag_hint(
		r->faults,
		policy_value_fault_key(r, path, "\"%s\" is not a name", policy_value_show(r, name)),
		"1 to 31 letters, digits, \"-\" and \"_\", the first a letter or digit");
}

bool policy_value_named(struct policy_reader *r, const struct policy_path *path, json_t *value,
			size_t max, const char *what, policy_value_reader *read)
{
	struct policy_path at = { .up = path };
	json_t *member;

	if (!json_is_object(value)) {
		diag_hint(r->faults, policy_value_fault(r, path, "must be an object"),
			  "{ \"NAME\": { ... } }");
		return false;
	}
	if (json_object_size(value) > max) {
		policy_value_fault(r, path, "at most %zu %s, these are %zu", max, what,
				   json_object_size(value));
		return false;
	}
	json_object_foreach(value, at.key, member)
	{
		check_name(r, &at, at.key);
		read(r, &at, member, arena_strdup(r->arena, at.key));
	}
	return true;
}

/* ---- arrays ------------------------------------------------------------- */

int policy_value_cmp_string(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

struct order {
	const char *base;
	const struct policy_items *items;
};

static int order_cmp(const void *a, const void *b, void *data)
{
	const struct order *o = data;
	size_t x = *(const size_t *)a, y = *(const size_t *)b;
	int c = o->items->cmp(o->base + x * o->items->size, o->base + y * o->items->size);

	return c ? c : x < y ? -1 : x > y;
}

static bool is_ascending(const char *base, const struct policy_items *items, size_t n)
{
	for (size_t i = 1; i < n; i++)
		if (items->cmp(base + (i - 1) * items->size, base + i * items->size) >= 0)
			return false;
	return true;
}

/* places[i]: where item i stood in the array. */
static void find_duplicates(struct policy_reader *r, const struct policy_path *path,
			    const struct policy_items *items, const char *base,
			    const size_t *places, size_t n)
{
	_cleanup_(cleanup_freep) size_t *sorted = NULL;
	struct order o = { .base = base, .items = items };

	if (!items->cmp || is_ascending(base, items, n))
		return;
	sorted = calloc(n, sizeof(*sorted));
	if (!sorted)
		abort();
	for (size_t i = 0; i < n; i++)
		sorted[i] = i;
	qsort_r(sorted, n, sizeof(*sorted), order_cmp, &o);
	for (size_t i = 1; i < n; i++) {
		const char *a = base + sorted[i - 1] * items->size;
		const char *b = base + sorted[i] * items->size;

		if (items->cmp(a, b) == 0) {
			struct policy_path at = { .up = path, .index = places[sorted[i]] };

			policy_value_fault(r, &at, "the same as entry %zu of this array",
					   places[sorted[i - 1]]);
		}
	}
}

bool policy_value_array(struct policy_reader *r, const struct policy_path *path, json_t *value,
			const struct policy_items *items, void *ret, size_t *ret_n)
{
	_cleanup_(cleanup_freep) size_t *places = NULL;
	struct policy_path at = { .up = path };
	size_t count = json_array_size(value), n = 0;
	char *base;

	if (!json_is_array(value)) {
		struct diag *d = fault_type(r, path, value, "an array");

		if (!json_is_object(value) && !json_is_null(value))
			diag_hint(r->faults, d, "put it in brackets: [...]");
		return false;
	}
	if (!count) {
		policy_value_fault(r, path, "must not be empty");
		return false;
	}
	base = arena_calloc(r->arena, count, items->size);
	places = calloc(count, sizeof(*places));
	if (!places)
		abort();
	for (at.index = 0; at.index < count; at.index++) {
		json_t *item = json_array_get(value, at.index);

		if (items->read(r, &at, item, base + n * items->size))
			places[n++] = at.index;
	}
	find_duplicates(r, path, items, base, places, n);
	*(void **)ret = base;
	*ret_n = n;
	return true;
}
