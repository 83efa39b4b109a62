/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readers that advance a cursor and say no at the first character they do not
 * want. Numbers have no leading zeros: "010" is eight to some and ten to others.
 */
#include "base/parse.h"

#include <errno.h>
#include <string.h>

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static int hex_value(char c)
{
	if (is_digit(c))
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

int parse_leading_u64(const char **at, uint64_t max, uint64_t *ret)
{
	bool bad = !is_digit(**at) || (**at == '0' && is_digit((*at)[1]));
	bool over = false;
	uint64_t v = 0;

	for (; is_digit(**at); (*at)++)
		if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
		    __builtin_add_overflow(v, (uint64_t)(**at - '0'), &v))
			over = true;
	if (bad)
		return -EINVAL;
	if (over || v > max)
		return -ERANGE;
	*ret = v;
	return 0;
}

int parse_u64(const char *text, uint64_t max, uint64_t *ret)
{
	uint64_t v;
	int r;

	r = parse_leading_u64(&text, max, &v);
	if (r == -EINVAL || *text)
		return -EINVAL;
	if (r == 0)
		*ret = v;
	return r;
}

int parse_i64(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	bool negative = *text == '-';
	uint64_t v = 0;
	int r;

	/* the magnitude of INT64_MIN is one more than INT64_MAX */
	r = parse_u64(text + negative, (uint64_t)INT64_MAX + negative, &v);
	if (r < 0)
		return r;
	if (negative)
		v = -v;
	if ((int64_t)v < min || (int64_t)v > max)
		return -ERANGE;
	*ret = (int64_t)v;
	return 0;
}

int parse_u32_hex(const char *text, uint32_t *ret)
{
	uint64_t v = 0;

	if (text[0] != '0' || text[1] != 'x' || !text[2])
		return -EINVAL;
	for (text += 2; *text; text++) {
		int h = hex_value(*text);

		if (h < 0)
			return -EINVAL;
		if (v <= UINT32_MAX) /* once too big it stays so */
			v = v << 4 | (unsigned)h;
	}
	if (v > UINT32_MAX)
		return -ERANGE;
	*ret = (uint32_t)v;
	return 0;
}

int parse_number_range(const char *text, uint32_t max, uint32_t *ret_lo, uint32_t *ret_hi)
{
	uint64_t lo = 0, hi = 0;
	int r, s = 0;

	r = parse_leading_u64(&text, max, &lo);
	if (r == -EINVAL)
		return r;
	if (*text == '-') {
		text++;
		s = parse_leading_u64(&text, max, &hi);
	} else {
		hi = lo;
	}
	if (s == -EINVAL || *text)
		return -EINVAL;
	if (r < 0 || s < 0)
		return -ERANGE;
	if (lo > hi)
		return -EDOM;
	*ret_lo = (uint32_t)lo;
	*ret_hi = (uint32_t)hi;
	return 0;
}

static int scan_unit(const char *text, uint64_t *ret_ms)
{
	static const struct {
		const char *name;
		uint64_t ms;
	} units[] = {
		{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { "d", 86400000 },
	};

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		if (strcmp(text, units[i].name) == 0) {
			*ret_ms = units[i].ms;
			return 0;
		}
	}
	return -EINVAL;
}

int parse_duration_ms(const char *text, uint64_t *ret_ms)
{
	uint64_t whole = 0, fraction = 0, scale = 1, unit, ms;
	bool fine = false;
	int r;

	r = parse_leading_u64(&text, UINT64_MAX, &whole);
	if (r == -EINVAL)
		return r;
	if (*text == '.') {
		if (!is_digit(*++text))
			return -EINVAL;
		for (; is_digit(*text); text++) {
			if (scale < 1000000000) {
				fraction = fraction * 10 + (uint64_t)(*text - '0');
				scale *= 10;
			} else if (*text != '0') {
				fine = true;
			}
		}
	}
	if (scan_unit(text, &unit) < 0)
		return -EINVAL;
	/* less than a millisecond is not rounded away in silence */
	if (r < 0 || fine || fraction * unit % scale != 0 ||
	    __builtin_mul_overflow(whole, unit, &ms) ||
	    __builtin_add_overflow(ms, fraction * unit / scale, &ms))
		return -ERANGE;
	*ret_ms = ms;
	return 0;
}

int parse_mac(const char *text, uint8_t ret[6])
{
	uint8_t mac[6];
	char separator;

	if (strlen(text) != 17)
		return -EINVAL;
	separator = text[2];
	if (separator != ':' && separator != '-')
		return -EINVAL;
	for (size_t i = 0; i < 6; i++, text += 3) {
		int high = hex_value(text[0]), low = hex_value(text[1]);

		if (high < 0 || low < 0 || text[2] != (i < 5 ? separator : '\0'))
			return -EINVAL;
		mac[i] = (uint8_t)(high << 4 | low);
	}
	memcpy(ret, mac, sizeof(mac));
	return 0;
}

/* Exactly two digits. */
static bool scan_two(const char **p, uint32_t *ret)
{
	const char *s = *p;

	if (!is_digit(s[0]) || !is_digit(s[1]))
		return false;
	*ret = (uint32_t)(s[0] - '0') * 10 + (uint32_t)(s[1] - '0');
	*p = s + 2;
	return true;
}

static bool scan_colon_two(const char **p, uint32_t *ret)
{
	if (**p != ':')
		return false;
	(*p)++;
	return scan_two(p, ret);
}

int parse_time_of_day(const char *text, uint32_t *ret_s)
{
	uint32_t hours, minutes, seconds = 0, total;

	if (!scan_two(&text, &hours) || !scan_colon_two(&text, &minutes))
		return -EINVAL;
	if (*text && !scan_colon_two(&text, &seconds))
		return -EINVAL;
	if (*text)
		return -EINVAL;
	total = hours * 3600 + minutes * 60 + seconds;
	if (minutes > 59 || seconds > 59 || total > 86400)
		return -ERANGE;
	*ret_s = total;
	return 0;
}

int parse_utc_offset(const char *text, int32_t *ret_s)
{
	uint32_t hours, minutes;
	int32_t sign, total;

	if (strcmp(text, "Z") == 0) {
		*ret_s = 0;
		return 0;
	}
	if (*text != '+' && *text != '-')
		return -EINVAL;
	sign = *text++ == '-' ? -1 : 1;
	if (!scan_two(&text, &hours) || !scan_colon_two(&text, &minutes) || *text)
		return -EINVAL;
	total = sign * (int32_t)(hours * 3600 + minutes * 60);
	/* the zones of the world: UTC-12:00 to UTC+14:00 */
	if (minutes > 59 || total < -12 * 3600 || total > 14 * 3600)
		return -ERANGE;
	*ret_s = total;
	return 0;
}

bool parse_valid_device(const char *name)
{
	/* IFNAMSIZ with its NUL; "all" and "default" are directories of net.ipv4.conf */
	static const size_t name_max = 15;
	static const char *const taken[] = { ".", "..", "all", "default" };
	const char *p;

	for (size_t i = 0; i < sizeof(taken) / sizeof(taken[0]); i++)
		if (strcmp(name, taken[i]) == 0)
			return false;
	for (p = name; *p; p++)
		if (!is_letter(*p) && !is_digit(*p) && !strchr("._-+@=", *p))
			return false;
	return name[0] != '-' && p > name && (size_t)(p - name) <= name_max;
}

bool parse_valid_name(const char *name)
{
	const char *p;

	if (!is_letter(name[0]) && !is_digit(name[0]))
		return false;
	for (p = name; *p; p++)
		if (!is_letter(*p) && !is_digit(*p) && *p != '-' && *p != '_')
			return false;
	return p - name <= 31;
}

/* One label at *p: at most 63 letters, digits, '-' and '_', no '-' at either end. */
static bool scan_label(const char **p, bool *ret_numeric)
{
	const char *start = *p, *s = *p;
	bool numeric = true;

	for (; is_letter(*s) || is_digit(*s) || *s == '-' || *s == '_'; s++)
		numeric = numeric && is_digit(*s);
	if (s == start || s - start > 63 || *start == '-' || s[-1] == '-')
		return false;
	*ret_numeric = numeric;
	*p = s;
	return true;
}

bool parse_valid_domain(const char *name)
{
	const char *p = name;
	bool numeric;

	for (;;) {
		if (!scan_label(&p, &numeric))
			return false;
		if (!*p)
			break;
		if (*p++ != '.')
			return false;
	}
	/* no top-level domain is a number: such a text is an address in the wrong place */
	return !numeric && p - name <= 253;
}
