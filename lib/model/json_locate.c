/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/json_locate.h"

#include "base/arena.h"
#include "base/cleanup.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The wanted pointers as a tree, one node a token. */
struct node {
	const char *token; /* decoded, not NUL-terminated */
	size_t token_len;
	struct node *parent;
	struct node **children; /* sorted by node_cmp() once built */
	size_t n_children, cap_children;
	bool seen;
	size_t offset, length; /* of the value */
	size_t key_offset, key_length; /* of the member's name; length 0: none */
};

struct scan {
	const char *text;
	size_t len, at;
};

static int token_cmp(const char *a, size_t a_len, const char *b, size_t b_len)
{
	if (a_len != b_len)
		return a_len < b_len ? -1 : 1;
	return memcmp(a, b, a_len);
}

static int node_cmp(const void *a, const void *b)
{
	const struct node *x = *(struct node *const *)a, *y = *(struct node *const *)b;

	return token_cmp(x->token, x->token_len, y->token, y->token_len);
}

static struct node *node_find(const struct node *n, const char *token, size_t len)
{
	size_t lo = 0, hi = n->n_children;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		struct node *child = n->children[mid];
		int c = token_cmp(token, len, child->token, child->token_len);

		if (c == 0)
			return child;
		if (c < 0)
			hi = mid;
		else
			lo = mid + 1;
	}
	return NULL;
}

/* ---- building the tree -------------------------------------------------- */

/* By tokens ('/' below every other byte), so that siblings are neighbours. */
static int pointer_cmp(const void *a, const void *b)
{
	const unsigned char *x = (const void *)(*(const struct json_spot *const *)a)->pointer;
	const unsigned char *y = (const void *)(*(const struct json_spot *const *)b)->pointer;

	while (*x && *x == *y) {
		x++;
		y++;
	}
	if (*x == *y)
		return 0;
	if (!*x || !*y)
		return *x ? 1 : -1;
	return (*x == '/' ? 0 : *x) < (*y == '/' ? 0 : *y) ? -1 : 1;
}

static size_t token_decode(const char *p, size_t n, char *out)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		if (p[i] == '~' && i + 1 < n && (p[i + 1] == '0' || p[i + 1] == '1'))
			out[k++] = p[++i] == '0' ? '~' : '/';
		else
			out[k++] = p[i];
	}
	return k;
}

/* The pointers come sorted: a token already there is the last child. */
static struct node *node_add(struct arena *a, struct node *parent, const char *p, size_t n)
{
	char *token = arena_alloc(a, n + 1);
	size_t len = token_decode(p, n, token);
	struct node *child;

	if (parent->n_children) {
		child = parent->children[parent->n_children - 1];
		if (token_cmp(child->token, child->token_len, token, len) == 0)
			return child;
	}
	child = arena_alloc(a, sizeof(*child));
	child->token = token;
	child->token_len = len;
	child->parent = parent;
	*ARENA_PUSH(a, parent->children, parent->n_children, parent->cap_children) = child;
	return child;
}

static struct node *node_path(struct arena *a, struct node *root, const char *pointer)
{
	struct node *n = root;

	while (*pointer == '/') {
		size_t len = strcspn(++pointer, "/");

		n = node_add(a, n, pointer, len);
		pointer += len;
	}
	return n;
}

static void node_sort(struct node *n)
{
	if (n->n_children > 1)
		qsort(n->children, n->n_children, sizeof(*n->children), node_cmp);
	for (size_t i = 0; i < n->n_children; i++)
		node_sort(n->children[i]);
}

/* ---- scanning ----------------------------------------------------------- */

static void skip_space(struct scan *s)
{
	while (s->at < s->len && strchr(" \t\r\n", s->text[s->at]) && s->text[s->at])
		s->at++;
}

static void skip_string(struct scan *s)
{
	for (s->at++; s->at < s->len && s->text[s->at] != '"'; s->at++)
		if (s->text[s->at] == '\\')
			s->at++;
	s->at = s->at < s->len ? s->at + 1 : s->len;
}

static void skip_word(struct scan *s)
{
	static const char stop[] = ",]}: \t\r\n\"[{";

	while (s->at < s->len && !memchr(stop, s->text[s->at], sizeof(stop) - 1))
		s->at++;
}

static void skip_value(struct scan *s)
{
	size_t depth = 0;

	do {
		skip_space(s);
		if (s->at >= s->len)
			return;
		switch (s->text[s->at]) {
		case '"':
			skip_string(s);
			break;
		case '{':
		case '[':
			depth++;
			s->at++;
			break;
		case '}':
		case ']':
			if (!depth)
				return;
			depth--;
			s->at++;
			break;
		case ',':
		case ':':
			if (!depth)
				return;
			s->at++;
			break;
		default:
			skip_word(s);
		}
	} while (depth);
}

static unsigned hex4(const char *p)
{
	unsigned v = 0;

	for (int i = 0; i < 4; i++) {
		unsigned c = (unsigned char)p[i];

		v = v << 4 | ((c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10) & 0xf);
	}
	return v;
}

static size_t put_utf8(char *out, unsigned c)
{
	size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;

	if (n == 1) {
		out[0] = (char)c;
		return 1;
	}
	for (size_t i = n - 1; i; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)((0xf0 << (4 - n)) | c);
	return n;
}

size_t json_locate_decode(const char *p, size_t n, char *out)
{
	static const char escapes[] = "b\bf\fn\nr\rt\t";
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		const char *e;
		unsigned c;

		if (p[i] != '\\' || i + 1 >= n) {
			out[k++] = p[i];
			continue;
		}
		if (p[++i] != 'u' || i + 4 >= n) {
			e = strchr(escapes, p[i]);
			out[k++] = e && *e && (e - escapes) % 2 == 0 ? e[1] : p[i];
			continue;
		}
		c = hex4(p + i + 1);
		i += 4;
		if (c >= 0xd800 && c < 0xdc00 && i + 6 < n && p[i + 1] == '\\') {
			c = 0x10000 + ((c & 0x3ff) << 10) + (hex4(p + i + 3) & 0x3ff);
			i += 6;
		}
		k += put_utf8(out + k, c);
	}
	return k;
}

static struct node *key_find(const struct node *n, const char *p, size_t len)
{
	_cleanup_(cleanup_freep) char *decoded = NULL;

	if (!memchr(p, '\\', len))
		return node_find(n, p, len);
	decoded = malloc(len);
	if (!decoded)
		abort();
	return node_find(n, decoded, json_locate_decode(p, len, decoded));
}

static void scan_value(struct scan *s, struct node *n);

static void scan_object(struct scan *s, struct node *n)
{
	s->at++;
	for (;;) {
		struct node *child;
		size_t key;

		skip_space(s);
		if (s->at >= s->len || s->text[s->at] != '"')
			break;
		key = s->at;
		skip_string(s);
		child = s->at - key < 2 ? NULL : key_find(n, s->text + key + 1, s->at - key - 2);
		if (child) {
			child->key_offset = key;
			child->key_length = s->at - key;
		}
		skip_space(s);
		if (s->at < s->len && s->text[s->at] == ':')
			s->at++;
		scan_value(s, child);
		skip_space(s);
		if (s->at >= s->len || s->text[s->at] != ',')
			break;
		s->at++;
	}
	if (s->at < s->len && s->text[s->at] == '}')
		s->at++;
}

/* Decimal text of `i` at the end of buf. */
static const char *index_text(size_t i, char buf[24], size_t *ret_len)
{
	char *p = buf + 24;

	do {
		*--p = (char)('0' + i % 10);
		i /= 10;
	} while (i);
	*ret_len = (size_t)(buf + 24 - p);
	return p;
}

static void scan_array(struct scan *s, struct node *n)
{
	s->at++;
	skip_space(s);
	for (size_t i = 0; s->at < s->len && s->text[s->at] != ']'; i++) {
		char buf[24];
		size_t len;
		const char *token = index_text(i, buf, &len);

		scan_value(s, node_find(n, token, len));
		skip_space(s);
		if (s->at >= s->len || s->text[s->at] != ',')
			break;
		s->at++;
	}
	if (s->at < s->len && s->text[s->at] == ']')
		s->at++;
}

/* n NULL: nobody asks for anything in this value. Recursion is as deep as the pointers are. */
static void scan_value(struct scan *s, struct node *n)
{
	if (!n) {
		skip_value(s);
		return;
	}
	skip_space(s);
	n->seen = true;
	n->offset = s->at;
	n->length = 1;
	if (s->at < s->len && s->text[s->at] == '{' && n->n_children)
		scan_object(s, n);
	else if (s->at < s->len && s->text[s->at] == '[' && n->n_children)
		scan_array(s, n);
	else {
		bool scalar = s->at < s->len && !strchr("[{", s->text[s->at]);

		skip_value(s);
		if (scalar && s->at > n->offset)
			n->length = s->at - n->offset;
	}
}

static void spot_answer(struct json_spot *spot, const struct node *n, size_t len)
{
	spot->found = n->seen;
	while (!n->seen && n->parent)
		n = n->parent;
	spot->offset = n->offset;
	spot->length = n->length;
	if (spot->key && spot->found && n->key_length) {
		spot->offset = n->key_offset;
		spot->length = n->key_length;
	}
	if (spot->offset >= len)
		spot->offset = len ? len - 1 : 0;
}

void json_locate(const char *text, size_t len, struct json_spot *spots, size_t n)
{
	_cleanup_(arena_freep) struct arena *a = arena_new();
	struct json_spot **sorted = arena_calloc(a, n, sizeof(struct json_spot *));
	struct node **wanted = arena_calloc(a, n, sizeof(struct node *));
	struct scan s = { .text = text, .len = len };
	struct node root = { 0 };

	for (size_t i = 0; i < n; i++)
		sorted[i] = &spots[i];
	if (n > 1)
		qsort(sorted, n, sizeof(struct json_spot *), pointer_cmp);
	for (size_t i = 0; i < n; i++)
		wanted[i] = node_path(a, &root, sorted[i]->pointer);
	node_sort(&root);
	scan_value(&s, &root);
	for (size_t i = 0; i < n; i++)
		spot_answer(sorted[i], wanted[i], len);
}
