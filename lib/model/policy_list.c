/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/policy_list.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/inet.h"
#include "base/parse.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define SHOW_MAX 60 /* bytes of an entry quoted in a message */

/* ---- single entries ----------------------------------------------------- */

/* An entry for use in a message: cut when long. */
struct shown {
	char text[SHOW_MAX + 4];
};

static struct shown show(const char *text, size_t n)
{
	struct shown s;
	size_t cut = n;

	if (n > SHOW_MAX)
		for (cut = SHOW_MAX; cut && ((unsigned char)text[cut] & 0xc0) == 0x80; cut--)
			;
	snprintf(s.text, sizeof(s.text), "%.*s%s", (int)cut, text, cut < n ? "..." : "");
	return s;
}

static bool is_ascii(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

__attribute__((format(printf, 2, 3))) static void hint(struct policy_list_fault *f, const char *fmt,
						       ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->hint, sizeof(f->hint), fmt, ap);
	va_end(ap);
}

__attribute__((format(printf, 2, 3))) static bool refuse(struct policy_list_fault *f,
							 const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(f->text, sizeof(f->text), fmt, ap);
	va_end(ap);
	return false;
}

static bool refuse_prefix(const char *text, size_t n, int e, const struct inet_prefix *clean,
			  struct policy_list_fault *f)
{
	char buf[INET_TEXT_MAX];

	if (e == -EDOM) {
		hint(f, "did you mean \"%s\"?", inet_print_prefix(clean, buf));
		return refuse(f, "\"%s\" has host bits set", show(text, n).text);
	}
	if (e == -ERANGE)
		return refuse(f, "\"%s\" has a prefix length that is too big", show(text, n).text);
	hint(f, "a prefix is an address and its length: 192.0.2.0/24");
	return refuse(f, "\"%s\" is not a prefix", show(text, n).text);
}

/* Says what the text is instead, as far as one can see. */
static bool refuse_range(const char *text, size_t n, int e, struct policy_list_fault *f)
{
	char copy[POLICY_LIST_DOMAIN_MAX];

	if (e == -EDOM)
		return refuse(f, "the range \"%s\" ends before it begins", show(text, n).text);
	refuse(f, "\"%s\" is not a prefix, address or range", show(text, n).text);
	if (n >= sizeof(copy))
		return false;
	memcpy(copy, text, n);
	copy[n] = '\0';
	if (parse_valid_domain(copy) && strchr(copy, '.'))
		hint(f, "names go into \"domains\"");
	else if (n && memchr(text, '-', n) && (memchr(text, '.', n) || memchr(text, ':', n)))
		hint(f, "a range is two addresses of one family: 192.0.2.1-192.0.2.9");
	return false;
}

bool policy_list_range(const char *text, size_t n, struct policy_range *ret,
		       struct policy_list_fault *ret_fault)
{
	enum inet_family family;
	struct inet_range range;
	int e;

	if (memchr(text, '/', n)) {
		struct inet_prefix p;

		e = inet_parse_prefix(text, n, &p);
		if (e < 0) {
			*ret_fault = (struct policy_list_fault){ 0 };
			return refuse_prefix(text, n, e, &p, ret_fault);
		}
		family = p.family;
		range = inet_prefix_range(&p);
	} else {
		e = inet_parse_range(text, n, &family, &range);
		if (e < 0) {
			*ret_fault = (struct policy_list_fault){ 0 };
			return refuse_range(text, n, e, ret_fault);
		}
	}
	ret->family = family;
	ret->range = range;
	return true;
}

static bool refuse_domain(const char *text, size_t n, struct policy_list_fault *f)
{
	enum inet_family family;
	struct inet_range range;

	*f = (struct policy_list_fault){ 0 };
	if (inet_parse_range(text, n, &family, &range) == 0)
		hint(f, "addresses go into \"to\"");
	else if (!is_ascii(text, n))
		hint(f, "write it in ASCII (punycode): \"xn--...\"");
	return refuse(f, "\"%s\" is not a domain", show(text, n).text);
}

bool policy_list_domain(const char *text, size_t n, char buf[POLICY_LIST_DOMAIN_MAX],
			struct policy_list_fault *ret_fault)
{
	size_t skip = n > 1 && text[0] == '*' && text[1] == '.' ? 2 : n && text[0] == '.' ? 1 : 0;
	size_t len = n;

	if (len - skip > 1 && text[len - 1] == '.')
		len--;
	if (len - skip >= POLICY_LIST_DOMAIN_MAX || memchr(text, '\0', len))
		return refuse_domain(text, n, ret_fault);
	for (size_t i = skip; i < len; i++)
		buf[i - skip] = text[i] >= 'A' && text[i] <= 'Z' ? (char)(text[i] | 0x20) : text[i];
	buf[len - skip] = '\0';
	if (!parse_valid_domain(buf))
		return refuse_domain(text, n, ret_fault);
	if (!skip)
		return true;
	*ret_fault = (struct policy_list_fault){ 0 };
	hint(ret_fault, "write \"%.100s\": subdomains are always covered", buf);
	return refuse(ret_fault, "\"%s\": a domain is written without a wildcard or first dot",
		      show(text, n).text);
}

/* ---- files -------------------------------------------------------------- */

struct list {
	const struct diag_source *source;
	struct diag_list *faults;
	struct arena *arena;
	struct policy_list out;
	size_t cap_ranges, cap_domains;
	bool bad;
};

static void list_fault(struct list *l, const char *at, size_t n, const char *text,
		       const char *hint_text)
{
	struct diag *d;

	l->bad = true;
	d = diag_add(l->faults, DIAG_ERROR, l->source, (size_t)(at - l->source->text), n, NULL,
		     "%s", text);
	if (hint_text && *hint_text)
		diag_hint(l->faults, d, "%s", hint_text);
}

/* An entry that can only be an address, right or wrong: the digits of one, or a colon. */
static bool is_numeric(const char *text, size_t n)
{
	if (memchr(text, ':', n) || memchr(text, '/', n))
		return true;
	for (size_t i = 0; i < n; i++)
		if (!strchr("0123456789.-", text[i]) || !text[i])
			return false;
	return true;
}

static void list_entry(struct list *l, const char *text, size_t n)
{
	char domain[POLICY_LIST_DOMAIN_MAX];
	struct policy_list_fault f;

	if (is_numeric(text, n)) {
		struct policy_range range;

		if (policy_list_range(text, n, &range, &f))
			*ARENA_PUSH(l->arena, l->out.ranges, l->out.n_ranges, l->cap_ranges) =
				range;
		else
			list_fault(l, text, n, f.text, f.hint);
		return;
	}
	if (policy_list_domain(text, n, domain, &f))
		ARENA_PUSH(l->arena, l->out.domains, l->out.n_domains, l->cap_domains)->name =
			arena_strdup(l->arena, domain);
	else
		list_fault(l, text, n, f.text, f.hint);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* [p, end) is a line without its newline. */
static void list_line(struct list *l, const char *p, const char *end)
{
	const char *stop;

	while (p < end && is_blank(*p))
		p++;
	if (p == end || *p == '#')
		return;
	for (stop = p; stop < end && !is_blank(*stop); stop++)
		;
	list_entry(l, p, (size_t)(stop - p));
	for (p = stop; p < end && is_blank(*p); p++)
		;
	if (p == end || *p == '#')
		return;
	list_fault(l, p, (size_t)(end - p), "one entry a line", "comments begin with \"#\"");
}

int policy_list_read(const struct diag_source *source, struct arena *a, struct diag_list *faults,
		     struct policy_list *ret)
{
	struct list l = { .source = source, .faults = faults, .arena = a };
	const char *p = source->text, *end = p + source->len;

	if (source->len >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0) {
		list_fault(&l, p, 3, "the file begins with a byte order mark",
			   "save the file as UTF-8 without it");
		p += 3;
	}
	while (p < end) {
		const char *newline = memchr(p, '\n', (size_t)(end - p));
		const char *stop = newline ? newline : end;

		list_line(&l, p, stop);
		p = newline ? newline + 1 : end;
	}
	if (l.bad)
		return POLICY_LIST_INVALID;
	if (!l.out.n_ranges && !l.out.n_domains) {
		diag_add(faults, DIAG_ERROR, source, DIAG_NO_OFFSET, 1, NULL,
			 "the list has no entry");
		return POLICY_LIST_INVALID;
	}
	*ret = l.out;
	return 0;
}
