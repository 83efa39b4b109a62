/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hand-written readers and printers: list files of a million prefixes go
 * through here, so nothing is copied, terminated or looked at twice. What is
 * accepted and printed is what inet_pton(3) and inet_ntop(3) do (a test holds
 * them against each other), so our text is nft's and ip's text too.
 */
#include "base/inet.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

unsigned inet_bits(enum inet_family f)
{
	return f == INET4 ? 32 : 128;
}

int inet_af(enum inet_family f)
{
	return f == INET4 ? AF_INET : AF_INET6;
}

static bool is_digit(char c)
{
	return (unsigned char)(c - '0') <= 9;
}

static int hex_value(char c)
{
	unsigned char folded = (unsigned char)((unsigned char)c | 0x20);

	if (is_digit(c))
		return c - '0';
	if (folded >= 'a' && folded <= 'f')
		return folded - 'a' + 10;
	return -1;
}

/* The scanners take the longest address at p and return the end of it, or NULL. */
static const char *scan4(const char *p, const char *end, uint8_t bytes[4])
{
	for (int i = 0; i < 4; i++) {
		unsigned v, digits;

		if (i) {
			if (p == end || *p != '.')
				return NULL;
			p++;
		}
		if (p == end || !is_digit(*p))
			return NULL;
		v = (unsigned)(*p++ - '0');
		for (digits = 1; p < end && is_digit(*p); digits++) {
			/* "010" is eight to some and ten to others */
			if (digits == 3 || v == 0)
				return NULL;
			v = v * 10 + (unsigned)(*p++ - '0');
		}
		if (v > 255)
			return NULL;
		bytes[i] = (uint8_t)v;
	}
	return p;
}

/* Up to four hex digits; a fifth is left for the caller to stumble over. */
static const char *scan_group(const char *p, const char *end, unsigned *ret)
{
	unsigned v = 0;

	for (int digits = 0; digits < 4 && p < end; digits++, p++) {
		int h = hex_value(*p);

		if (h < 0)
			break;
		v = v << 4 | (unsigned)h;
	}
	*ret = v;
	return p;
}

/* Puts the `used` bytes read so far where they belong, zeros at the "::". */
static bool fill_gap(uint8_t bytes[16], size_t used, size_t gap)
{
	if (gap > 16)
		return used == 16;
	if (used > 14)
		return false; /* "::" stands for one group at least */
	memmove(bytes + 16 - (used - gap), bytes + gap, used - gap);
	memset(bytes + gap, 0, 16 - used);
	return true;
}

#define NO_GAP 99

static const char *scan6(const char *p, const char *end, uint8_t bytes[16])
{
	size_t used = 0, gap = NO_GAP;

	if (end - p >= 2 && p[0] == ':' && p[1] == ':') {
		gap = 0;
		p += 2;
		if (p == end || hex_value(*p) < 0)
			return fill_gap(bytes, used, gap) ? p : NULL;
	}
	for (;;) {
		const char *start = p;
		unsigned v;

		p = scan_group(p, end, &v);
		if (p == start || used > 14)
			return NULL;
		if (p < end && *p == '.') {
			if (used > 12)
				return NULL;
			p = scan4(start, end, bytes + used);
			if (!p)
				return NULL;
			used += 4;
			break;
		}
		bytes[used++] = (uint8_t)(v >> 8);
		bytes[used++] = (uint8_t)v;
		if (p == end || *p != ':')
			break;
		p++;
		if (p < end && *p == ':') {
			if (gap != NO_GAP)
				return NULL;
			gap = used;
			p++;
			if (p == end || hex_value(*p) < 0)
				break;
		}
	}
	return fill_gap(bytes, used, gap) ? p : NULL;
}

static const char *scan_addr(const char *p, const char *end, enum inet_family *ret_family,
			     struct inet_addr *ret)
{
	const char *after;

	memset(ret, 0, sizeof(*ret));
	*ret_family = INET4;
	after = scan4(p, end, ret->bytes);
	if (after)
		return after;
	*ret_family = INET6;
	return scan6(p, end, ret->bytes);
}

int inet_parse_addr(const char *text, size_t n, enum inet_family *ret_family, struct inet_addr *ret)
{
	const char *end = text + n;
	enum inet_family family;
	struct inet_addr a;

	if (scan_addr(text, end, &family, &a) != end)
		return -EINVAL;
	*ret_family = family;
	*ret = a;
	return 0;
}

/* The length after '/', to the end of the text. */
static int parse_length(const char *p, const char *end, enum inet_family f, uint8_t *ret)
{
	unsigned v = 0;

	if (p == end || (*p == '0' && end - p > 1))
		return -EINVAL;
	for (const char *c = p; c < end; c++)
		if (!is_digit(*c))
			return -EINVAL;
	for (; p < end; p++) {
		v = v * 10 + (unsigned)(*p - '0');
		if (v > inet_bits(f))
			return -ERANGE;
	}
	*ret = (uint8_t)v;
	return 0;
}

/* What follows an address that ended at p: nothing, or "/LEN". */
static int parse_prefix_rest(const char *p, const char *end, struct inet_prefix *prefix)
{
	struct inet_addr masked = prefix->addr;
	int r;

	prefix->len = (uint8_t)inet_bits(prefix->family);
	if (p == end)
		return 0;
	if (*p != '/')
		return -EINVAL;
	r = parse_length(p + 1, end, prefix->family, &prefix->len);
	if (r < 0)
		return r;
	inet_addr_mask(&masked, prefix->family, prefix->len);
	if (inet_addr_cmp(&masked, &prefix->addr) == 0)
		return 0;
	prefix->addr = masked;
	return -EDOM;
}

int inet_parse_prefix(const char *text, size_t n, struct inet_prefix *ret)
{
	const char *end = text + n;
	struct inet_prefix prefix;
	const char *p;
	int r;

	p = scan_addr(text, end, &prefix.family, &prefix.addr);
	if (!p)
		return -EINVAL;
	r = parse_prefix_rest(p, end, &prefix);
	if (r == 0 || r == -EDOM)
		*ret = prefix;
	return r;
}

int inet_parse_range(const char *text, size_t n, enum inet_family *ret_family,
		     struct inet_range *ret)
{
	const char *end = text + n;
	struct inet_prefix prefix;
	enum inet_family family;
	struct inet_addr last;
	const char *p;
	int r;

	p = scan_addr(text, end, &prefix.family, &prefix.addr);
	if (!p)
		return -EINVAL;
	if (p == end || *p != '-') {
		r = parse_prefix_rest(p, end, &prefix);
		if (r < 0)
			return r;
		*ret_family = prefix.family;
		*ret = inet_prefix_range(&prefix);
		return 0;
	}
	if (scan_addr(p + 1, end, &family, &last) != end)
		return -EINVAL;
	if (family != prefix.family || inet_addr_cmp(&prefix.addr, &last) > 0)
		return -EDOM;
	*ret_family = family;
	*ret = (struct inet_range){ prefix.addr, last };
	return 0;
}

static uint64_t load(const struct inet_addr *a, size_t half)
{
	uint64_t v;

	memcpy(&v, a->bytes + half * 8, sizeof(v));
	return be64toh(v);
}

static void store(struct inet_addr *a, size_t half, uint64_t v)
{
	v = htobe64(v);
	memcpy(a->bytes + half * 8, &v, sizeof(v));
}

int inet_addr_cmp(const struct inet_addr *a, const struct inet_addr *b)
{
	uint64_t x = load(a, 0), y = load(b, 0);

	if (x == y) {
		x = load(a, 1);
		y = load(b, 1);
	}
	return (x > y) - (x < y);
}

bool inet_addr_is_zero(const struct inet_addr *a)
{
	return (load(a, 0) | load(a, 1)) == 0;
}

bool inet_addr_is_linklocal6(const struct inet_addr *a)
{
	return a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

/* The host bits of a prefix of `len` bits, in the half that holds bits 64*half and up. */
static uint64_t host_bits(size_t half, unsigned len)
{
	unsigned first = (unsigned)half * 64;

	if (len <= first)
		return UINT64_MAX;
	if (len >= first + 64)
		return 0;
	return UINT64_MAX >> (len - first);
}

void inet_addr_mask(struct inet_addr *a, enum inet_family f, unsigned len)
{
	/* IPv4 is the first 32 bits of the 128 and the rest is zero, so both families are one */
	if (len < inet_bits(f)) {
		store(a, 0, load(a, 0) & ~host_bits(0, len));
		store(a, 1, load(a, 1) & ~host_bits(1, len));
	}
}

bool inet_addr_next(struct inet_addr *a, enum inet_family f)
{
	size_t size = inet_bits(f) / 8;

	for (size_t i = size; i-- > 0;)
		if (++a->bytes[i] != 0)
			return true;
	memset(a->bytes, 0xff, size); /* it was the last one: leave it */
	return false;
}

bool inet_addr_prev(struct inet_addr *a, enum inet_family f)
{
	size_t size = inet_bits(f) / 8;

	for (size_t i = size; i-- > 0;)
		if (a->bytes[i]-- != 0)
			return true;
	memset(a->bytes, 0, size);
	return false;
}

struct inet_range inet_prefix_range(const struct inet_prefix *p)
{
	struct inet_range r = { p->addr, p->addr };
	uint64_t high = host_bits(0, p->len), low = host_bits(1, p->len);

	if (p->family == INET4) {
		high &= (uint64_t)UINT32_MAX << 32;
		low = 0;
	}
	store(&r.lo, 0, load(&r.lo, 0) & ~high);
	store(&r.lo, 1, load(&r.lo, 1) & ~low);
	store(&r.hi, 0, load(&r.hi, 0) | high);
	store(&r.hi, 1, load(&r.hi, 1) | low);
	return r;
}

/* Bits that lo and hi share from the top, when below them lo is all zeros and hi all ones. */
static bool common_prefix(uint64_t lo, uint64_t hi, unsigned *ret_len)
{
	uint64_t differ = lo ^ hi;

	if ((differ & (differ + 1)) != 0 || (lo & differ) != 0)
		return false;
	*ret_len = differ ? (unsigned)__builtin_clzll(differ) : 64;
	return true;
}

bool inet_range_is_prefix(const struct inet_range *r, enum inet_family f, unsigned *ret_len)
{
	unsigned high, low;

	if (f == INET4) {
		if (!common_prefix(load(&r->lo, 0) >> 32, load(&r->hi, 0) >> 32, &high))
			return false;
		*ret_len = high - 32;
		return true;
	}
	if (!common_prefix(load(&r->lo, 0), load(&r->hi, 0), &high) ||
	    !common_prefix(load(&r->lo, 1), load(&r->hi, 1), &low))
		return false;
	/* a prefix that ends in the high half has the whole low half as host bits */
	if (high < 64 && low != 0)
		return false;
	*ret_len = high < 64 ? high : 64 + low;
	return true;
}

bool inet_range_overlaps(const struct inet_range *a, const struct inet_range *b)
{
	return inet_addr_cmp(&a->lo, &b->hi) <= 0 && inet_addr_cmp(&b->lo, &a->hi) <= 0;
}

bool inet_range_contains(const struct inet_range *outer, const struct inet_range *inner)
{
	return inet_addr_cmp(&outer->lo, &inner->lo) <= 0 &&
	       inet_addr_cmp(&inner->hi, &outer->hi) <= 0;
}

/* The writers return the end of what they wrote; the text is not yet terminated. */
static char *write_decimal(char *p, unsigned v)
{
	if (v >= 100)
		*p++ = (char)('0' + v / 100);
	if (v >= 10)
		*p++ = (char)('0' + v / 10 % 10);
	*p++ = (char)('0' + v % 10);
	return p;
}

static char *write4(char *p, const uint8_t bytes[4])
{
	for (int i = 0; i < 4; i++) {
		if (i)
			*p++ = '.';
		p = write_decimal(p, bytes[i]);
	}
	return p;
}

static char *write_group(char *p, unsigned v)
{
	static const char digits[] = "0123456789abcdef";
	int shift = v > 0xfff ? 12 : v > 0xff ? 8 : v > 0xf ? 4 : 0;

	for (; shift >= 0; shift -= 4)
		*p++ = digits[v >> shift & 0xf];
	return p;
}

/* RFC 5952 4.2: the longest run of zero groups, the first of equals, never a single one. */
static void longest_run(const unsigned groups[8], int *ret_start, int *ret_len)
{
	int start = 0, len = 0;

	for (int i = 0; i < 8; i++) {
		int n = 0;

		while (i + n < 8 && groups[i + n] == 0)
			n++;
		if (n > len) {
			start = i;
			len = n;
		}
		i += n;
	}
	*ret_start = len > 1 ? start : -1;
	*ret_len = len > 1 ? len : 0;
}

static char *write6(char *p, const uint8_t bytes[16])
{
	unsigned groups[8];
	int run, run_len;

	for (int i = 0; i < 8; i++)
		groups[i] = (unsigned)bytes[2 * i] << 8 | bytes[2 * i + 1];
	longest_run(groups, &run, &run_len);
	for (int i = 0; i < 8; i++) {
		if (i == run) {
			*p++ = ':';
			i += run_len - 1;
			if (i == 7)
				*p++ = ':';
			continue;
		}
		if (i)
			*p++ = ':';
		/* IPv4-mapped and, as inet_ntop() has it, IPv4-compatible addresses */
		if (i == 6 && run == 0 && (run_len == 6 || (run_len == 5 && groups[5] == 0xffff)))
			return write4(p, bytes + 12);
		p = write_group(p, groups[i]);
	}
	return p;
}

static char *write_addr(char *p, const struct inet_addr *a, enum inet_family f)
{
	return f == INET4 ? write4(p, a->bytes) : write6(p, a->bytes);
}

const char *inet_print_addr(const struct inet_addr *a, enum inet_family f, char *buf)
{
	*write_addr(buf, a, f) = '\0';
	return buf;
}

const char *inet_print_prefix(const struct inet_prefix *p, char *buf)
{
	char *end = write_addr(buf, &p->addr, p->family);

	*end++ = '/';
	*write_decimal(end, p->len) = '\0';
	return buf;
}

const char *inet_print_range(const struct inet_range *r, enum inet_family f, char *buf)
{
	char *end = write_addr(buf, &r->lo, f);
	unsigned len;

	if (!inet_range_is_prefix(r, f, &len)) {
		*end++ = '-';
		end = write_addr(end, &r->hi, f);
	} else if (len < inet_bits(f)) {
		*end++ = '/';
		end = write_decimal(end, len);
	}
	*end = '\0';
	return buf;
}
