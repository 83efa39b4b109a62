/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/json_syntax.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/parse.h"
#include "base/strbuf.h"
#include "model/json_locate.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A place counts lines from the beginning: in a file of 32 MiB only so many are told. */
#define PLACES_MAX 100

/* One open object or array, innermost first: the path to where the scan is. */
struct frame {
	const struct frame *up;
	const char *key; /* raw member name without quotes; NULL in an array */
	size_t key_len;
	size_t index;
};

struct syntax {
	const struct diag_source *source;
	struct diag_list *faults;
	struct arena *arena;
	const char *text;
	size_t len, at;
	unsigned depth;
	size_t n_duplicates;
};

struct member {
	const char *name; /* decoded */
	size_t name_len;
	size_t at, len; /* of the token, quotes included */
};

/* ---- messages ----------------------------------------------------------- */

static bool refuse(struct syntax *s, size_t at, size_t len, const char *hint, const char *text)
{
	struct diag *d;

	if (at >= s->len) {
		at = s->len ? s->len - 1 : 0;
		len = 1;
	}
	if (len > s->len - at)
		len = s->len ? s->len - at : 1;
	if (at < s->len && !s->text[at]) {
		text = "NUL characters are not allowed"; /* whatever was expected there */
		hint = NULL;
	}
	d = diag_add(s->faults, DIAG_ERROR, s->source, at, len, NULL, "%s", text);
	if (hint)
		diag_hint(s->faults, d, "%s", hint);
	return false;
}

static void pointer_add(struct strbuf *b, const struct frame *f)
{
	if (!f)
		return;
	pointer_add(b, f->up);
	if (!f->key) {
		strbuf_addf(b, "/%zu", f->index);
		return;
	}
	strbuf_addc(b, '/');
	for (size_t i = 0; i < f->key_len; i++) {
		if (f->key[i] == '~')
			strbuf_add(b, "~0");
		else if (f->key[i] == '/')
			strbuf_add(b, "~1");
		else
			strbuf_addc(b, f->key[i]);
	}
}

/* ---- tokens ------------------------------------------------------------- */

static bool at_end(const struct syntax *s)
{
	return s->at >= s->len;
}

static char here(const struct syntax *s)
{
	return at_end(s) ? '\0' : s->text[s->at];
}

static void space(struct syntax *s)
{
	while (!at_end(s) && s->text[s->at] && strchr(" \t\r\n", s->text[s->at]))
		s->at++;
}

/* Bytes of the UTF-8 character at p, 0 when it is none (RFC 3629). */
static size_t utf8_len(const char *p, size_t room)
{
	const unsigned char *c = (const unsigned char *)p;
	size_t n = c[0] < 0x80 ? 1 : c[0] < 0xc2 ? 0 : c[0] < 0xe0 ? 2 : c[0] < 0xf0 ? 3 : 4;

	if (!n || n > room || c[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < n; i++)
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	if ((c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xed && c[1] > 0x9f) ||
	    (c[0] == 0xf0 && c[1] < 0x90) || (c[0] == 0xf4 && c[1] > 0x8f))
		return 0;
	return n;
}

static int hex_value(const char *p, size_t room)
{
	int v = 0;

	if (room < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		static const char digits[] = "0123456789abcdef";
		const char *d =
			p[i] ? strchr(digits, p[i] >= 'A' && p[i] <= 'F' ? p[i] | 0x20 : p[i])
			     : NULL;

		if (!d)
			return -1;
		v = v << 4 | (int)(d - digits);
	}
	return v;
}

/* At a backslash. */
static bool escape(struct syntax *s)
{
	size_t start = s->at++;
	int c, low;

	if (!at_end(s) && here(s) && strchr("\"\\/bfnrt", here(s))) {
		s->at++;
		return true;
	}
	if (here(s) != 'u')
		return refuse(s, start, 2, NULL, "unknown escape in a string");
	s->at++;
	c = hex_value(s->text + s->at, s->len - s->at);
	if (c < 0)
		return refuse(s, start, 2, NULL, "\\u needs four hexadecimal digits");
	if (c == 0)
		return refuse(s, start, 6, NULL, "NUL characters are not allowed");
	s->at += 4;
	if (c >= 0xdc00 && c < 0xe000)
		return refuse(s, start, 6, NULL, "half of a surrogate pair in a string");
	if (c < 0xd800 || c >= 0xdc00)
		return true;
	low = s->len - s->at > 2 && s->text[s->at] == '\\' && s->text[s->at + 1] == 'u'
		      ? hex_value(s->text + s->at + 2, s->len - s->at - 2)
		      : -1;
	if (low < 0xdc00 || low > 0xdfff)
		return refuse(s, start, 6, NULL, "half of a surrogate pair in a string");
	s->at += 6;
	return true;
}

static bool string(struct syntax *s)
{
	size_t start = s->at++;

	while (!at_end(s) && here(s) != '"') {
		unsigned char c = (unsigned char)here(s);
		size_t n;

		if (c == '\\') {
			if (!escape(s))
				return false;
			continue;
		}
		if (c == '\n' || c == '\r')
			return refuse(s, start, s->at - start, NULL,
				      "the string is not closed on its line");
		if (c == '\0')
			return refuse(s, s->at, 1, NULL, "NUL characters are not allowed");
		if (c < 0x20)
			return refuse(s, s->at, 1, NULL,
				      "control characters are not allowed in strings");
		n = utf8_len(s->text + s->at, s->len - s->at);
		if (!n)
			return refuse(s, s->at, 1, NULL, "not valid UTF-8");
		s->at += n;
	}
	if (at_end(s))
		return refuse(s, start, s->at - start, NULL, "the string is never closed");
	s->at++;
	return true;
}

static size_t digits(struct syntax *s)
{
	size_t start = s->at;

	while (here(s) >= '0' && here(s) <= '9')
		s->at++;
	return s->at - start;
}

static size_t word_len(const struct syntax *s, size_t at)
{
	size_t n = 0;

	while (at + n < s->len && s->text[at + n] && !strchr(",]}[{: \t\r\n\"", s->text[at + n]))
		n++;
	return n ? n : 1;
}

/* Whether the parser's types hold a number: 64-bit integers, finite doubles. */
static bool number_fits(const struct syntax *s, size_t start, bool is_real)
{
	_cleanup_(cleanup_freep) char *copy = strndup(s->text + start, s->at - start);
	int64_t v;

	if (!copy)
		abort();
	if (is_real)
		return isfinite(strtod(copy, NULL));
	return parse_i64(copy, INT64_MIN, INT64_MAX, &v) != -ERANGE;
}

static bool number(struct syntax *s)
{
	size_t start = s->at, whole;
	bool is_real = false, fine;

	if (here(s) == '-')
		s->at++;
	whole = s->at;
	fine = digits(s) > 0;
	if (fine && s->text[whole] == '0' && s->at - whole > 1)
		return refuse(s, start, word_len(s, start), NULL, "a number must not begin with 0");
	if (fine && here(s) == '.') {
		is_real = true;
		s->at++;
		fine = digits(s) > 0;
	}
	if (fine && (here(s) == 'e' || here(s) == 'E')) {
		is_real = true;
		s->at++;
		if (here(s) == '+' || here(s) == '-')
			s->at++;
		fine = digits(s) > 0;
	}
	if (!fine || (!at_end(s) && word_len(s, start) > s->at - start)) {
		bool hex = here(s) == 'x' || here(s) == 'X';

		return refuse(s, start, word_len(s, start),
			      hex ? "write hexadecimal numbers as strings: \"0x539\"" : NULL,
			      "not a number");
	}
	if (!number_fits(s, start, is_real))
		return refuse(s, start, s->at - start, NULL, "the number is too large");
	return true;
}

static bool literal(struct syntax *s)
{
	static const char *const words[] = { "true", "false", "null" };
	size_t n = word_len(s, s->at);
	const char *p = s->text + s->at;
	const char *hint = NULL;

	for (size_t i = 0; i < ARRAY_SIZE(words); i++) {
		if (strlen(words[i]) != n || strncasecmp(words[i], p, n) != 0)
			continue;
		if (memcmp(words[i], p, n) != 0)
			return refuse(s, s->at, n,
				      "true, false and null are written in small letters",
				      "expected a value");
		s->at += n;
		return true;
	}
	if (*p == '/' || *p == '#')
		return refuse(s, s->at, n, "write remarks as \"note\": \"...\"",
			      "JSON has no comments");
	if (*p == '\'')
		hint = "strings are written in double quotes";
	else if ((*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z'))
		hint = "text is written in double quotes";
	if (!utf8_len(p, s->len - s->at))
		return refuse(s, s->at, 1, NULL, "not valid UTF-8");
	return refuse(s, s->at, n, hint, "expected a value");
}

/* ---- members written twice ---------------------------------------------- */

static int member_cmp(const void *a, const void *b)
{
	const struct member *x = a, *y = b;
	size_t n = x->name_len < y->name_len ? x->name_len : y->name_len;
	int c = memcmp(x->name, y->name, n);

	if (c)
		return c;
	if (x->name_len != y->name_len)
		return x->name_len < y->name_len ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static void member_name(struct syntax *s, struct member *m)
{
	const char *p = s->text + m->at + 1;
	size_t n = m->len - 2;
	char *decoded;

	m->name = p;
	m->name_len = n;
	if (!memchr(p, '\\', n))
		return;
	decoded = arena_alloc(s->arena, n + 1);
	m->name = decoded;
	m->name_len = json_locate_decode(p, n, decoded);
}

static void members_check(struct syntax *s, const struct frame *up, struct member *m, size_t n)
{
	if (n < 2)
		return;
	qsort(m, n, sizeof(*m), member_cmp);
	for (size_t i = 1; i < n; i++) {
		struct frame f = { .up = up, .key = m[i].name, .key_len = m[i].name_len };
		struct strbuf pointer = STRBUF_NULL;
		unsigned line, column;
		struct diag *d;

		if (m[i].name_len != m[i - 1].name_len ||
		    memcmp(m[i].name, m[i - 1].name, m[i].name_len) != 0)
			continue;
		pointer_add(&pointer, &f);
		d = diag_add(s->faults, DIAG_ERROR, s->source, m[i].at, m[i].len,
			     strbuf_text(&pointer), "this key is written twice");
		if (s->n_duplicates++ < PLACES_MAX) {
			diag_position(s->source, m[i - 1].at, &line, &column);
			diag_hint(s->faults, d, "first in line %u, column %u", line, column);
		}
		strbuf_done(&pointer);
	}
}

/* ---- values ------------------------------------------------------------- */

static bool value(struct syntax *s, const struct frame *path);

/* After a value: at a comma or the closing character; *ret_more: another value follows. */
static bool separator(struct syntax *s, char close, bool *ret_more)
{
	size_t comma = s->at;

	*ret_more = here(s) == ',';
	if (!*ret_more) {
		if (here(s) == close && !at_end(s)) {
			s->at++;
			return true;
		}
		if (at_end(s))
			return refuse(s, s->at, 1, NULL,
				      close == '}' ? "the file ends inside an object"
						   : "the file ends inside an array");
		if (here(s) == '/' || here(s) == '#')
			return literal(s);
		return refuse(s, s->at, here(s) == '"' ? 1 : word_len(s, s->at), NULL,
			      close == '}' ? "expected \",\" or \"}\"" : "expected \",\" or \"]\"");
	}
	s->at++;
	space(s);
	if (here(s) == close && !at_end(s))
		return refuse(s, comma, 1, "remove it", "a comma with nothing after it");
	return true;
}

static bool object(struct syntax *s, const struct frame *up)
{
	struct member *members = NULL;
	size_t n = 0, cap = 0;
	bool more = true;

	s->at++;
	space(s);
	if (here(s) == '}') {
		s->at++;
		return true;
	}
	while (more) {
		struct frame f = { .up = up };
		struct member *m;
		size_t start = s->at;

		if (at_end(s))
			return refuse(s, s->at, 1, NULL, "the file ends inside an object");
		if (here(s) == '/' || here(s) == '#')
			return literal(s);
		if (here(s) != '"')
			return refuse(s, s->at, word_len(s, s->at),
				      "keys are strings in double quotes", "expected a key");
		if (!string(s))
			return false;
		m = ARENA_PUSH(s->arena, members, n, cap);
		*m = (struct member){ .at = start, .len = s->at - start };
		member_name(s, m);
		f.key = m->name;
		f.key_len = m->name_len;
		space(s);
		if (here(s) != ':')
			return refuse(s, s->at, 1, NULL, "expected \":\" after the key");
		s->at++;
		space(s);
		if (!value(s, &f))
			return false;
		space(s);
		if (!separator(s, '}', &more))
			return false;
	}
	members_check(s, up, members, n);
	return true;
}

static bool array(struct syntax *s, const struct frame *up)
{
	struct frame f = { .up = up };
	bool more = true;

	s->at++;
	space(s);
	if (here(s) == ']') {
		s->at++;
		return true;
	}
	for (; more; f.index++) {
		if (!value(s, &f))
			return false;
		space(s);
		if (!separator(s, ']', &more))
			return false;
	}
	return true;
}

static bool value(struct syntax *s, const struct frame *path)
{
	bool fine;

	if (at_end(s))
		return refuse(s, s->at, 1, NULL, "the file ends where a value should be");
	if (s->depth >= JSON_SYNTAX_DEPTH_MAX)
		return refuse(s, s->at, 1, NULL, "nested too deeply");
	s->depth++;
	switch (here(s)) {
	case '{':
		fine = object(s, path);
		break;
	case '[':
		fine = array(s, path);
		break;
	case '"':
		fine = string(s);
		break;
	case '-':
	case '0' ... '9':
		fine = number(s);
		break;
	default:
		fine = literal(s);
	}
	s->depth--;
	return fine;
}

static bool document(struct syntax *s)
{
	if (s->len >= 3 && memcmp(s->text, "\xef\xbb\xbf", 3) == 0)
		return refuse(s, 0, 3, "save the file as UTF-8 without it",
			      "the file begins with a byte order mark");
	if (s->len >= 2 &&
	    (memcmp(s->text, "\xff\xfe", 2) == 0 || memcmp(s->text, "\xfe\xff", 2) == 0))
		return refuse(s, 0, 2, "save the file as UTF-8", "the file is UTF-16");
	space(s);
	if (at_end(s))
		return refuse(s, s->at, 1, NULL, "the file is empty");
	if (here(s) != '{' &&
	    (here(s) == '"' || here(s) == '-' || (here(s) >= '0' && here(s) <= '9')))
		return refuse(s, s->at, 1, NULL, "expected \"{\"");
	if (!value(s, NULL))
		return false;
	space(s);
	if (!at_end(s))
		return refuse(s, s->at, word_len(s, s->at), NULL,
			      "nothing may follow the end of the document");
	return true;
}

enum json_syntax_result json_syntax_report(const struct diag_source *source,
					   struct diag_list *faults)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	struct syntax s = {
		.source = source,
		.faults = faults,
		.arena = a,
		.text = source->text,
		.len = source->len,
	};

	if (!document(&s))
		return JSON_SYNTAX_BAD;
	return s.n_duplicates ? JSON_SYNTAX_DUPLICATES : JSON_SYNTAX_FINE;
}
