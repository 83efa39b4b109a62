/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ctl_text.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <inttypes.h>
#include <string.h>

const char *ctl_text_paint(enum ctl_paint p, bool colors)
{
	static const char *const codes[] = {
		[CTL_PLAIN] = "",	  [CTL_GOOD] = "\033[32m", [CTL_FAIR] = "\033[33m",
		[CTL_BAD] = "\033[1;31m", [CTL_FAINT] = "\033[2m",
	};

	return colors ? codes[p] : "";
}

const char *ctl_text_unpaint(enum ctl_paint p, bool colors)
{
	return colors && p != CTL_PLAIN ? "\033[0m" : "";
}

void ctl_text_duration(struct strbuf *out, double seconds)
{
	static const struct {
		uint64_t seconds;
		char name;
	} units[] = { { 86400, 'd' }, { 3600, 'h' }, { 60, 'm' }, { 1, 's' } };
	uint64_t s = seconds > 0 ? (uint64_t)seconds : 0;

	if (seconds < 1) {
		strbuf_addf(out, "%.0fms", seconds > 0 ? seconds * 1000 : 0);
		return;
	}
	for (size_t i = 0; i < ARRAY_SIZE(units); i++) {
		uint64_t n = s / units[i].seconds, rest = s % units[i].seconds;

		if (!n)
			continue;
		strbuf_addf(out, "%" PRIu64 "%c", n, units[i].name);
		if (i + 1 < ARRAY_SIZE(units) && rest / units[i + 1].seconds)
			strbuf_addf(out, " %" PRIu64 "%c", rest / units[i + 1].seconds,
				    units[i + 1].name);
		return;
	}
}

void ctl_text_bytes(struct strbuf *out, double bytes)
{
	static const char *const units[] = { "B", "KiB", "MiB", "GiB", "TiB", "PiB" };
	size_t i = 0;

	for (; bytes >= 1024 && i + 1 < ARRAY_SIZE(units); i++)
		bytes /= 1024;
	strbuf_addf(out, i ? "%.1f %s" : "%.0f %s", bytes, units[i]);
}

void ctl_text_ms(struct strbuf *out, double ms)
{
	/* timers are whole numbers, measurements are not */
	bool whole = ms == (double)(long)ms;

	if (ms >= 10000)
		strbuf_addf(out, ms / 1000 == (double)(long)(ms / 1000) ? "%.0f s" : "%.1f s",
			    ms / 1000);
	else if (ms < 0.1 && ms > 0)
		strbuf_addf(out, "%.0f us", ms * 1000);
	else
		strbuf_addf(out, whole || ms >= 100 ? "%.0f ms" : "%.1f ms", ms);
}

void ctl_text_add(struct strbuf *out, const char *text)
{
	for (; *text; text++)
		strbuf_addc(out, (unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text);
}

const char *ctl_text_string(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

double ctl_text_number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

bool ctl_text_has(const json_t *object, const char *key)
{
	return json_object_get(object, key);
}

const char *ctl_text_family(const char *key)
{
	return !strcmp(key, "ipv4") ? "IPv4" : "IPv6";
}

void ctl_text_state(struct strbuf *out, const char *state)
{
	for (; *state; state++)
		strbuf_addc(out, *state == '-' || (unsigned char)*state < 0x20 ? ' ' : *state);
}

enum ctl_paint ctl_text_use_paint(const char *use)
{
	return !strcmp(use, "yes") ? CTL_GOOD : !strcmp(use, "spare") ? CTL_FAIR : CTL_BAD;
}
