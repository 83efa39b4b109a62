/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Values as people read them, and the daemon's JSON as values. */
#pragma once

#include <jansson.h>
#include <stdbool.h>

struct strbuf;

enum ctl_paint {
	CTL_PLAIN,
	CTL_GOOD,
	CTL_FAIR,
	CTL_BAD,
	CTL_FAINT,
};

/* "" without colours. */
const char *ctl_text_paint(enum ctl_paint p, bool colors);
const char *ctl_text_unpaint(enum ctl_paint p, bool colors);

/* "350ms", "12s", "3m 12s", "2h 5m", "4d 7h". */
void ctl_text_duration(struct strbuf *out, double seconds);
/* "512 B", "3.4 MiB". */
void ctl_text_bytes(struct strbuf *out, double bytes);
/* "12.3 ms" */
void ctl_text_ms(struct strbuf *out, double ms);
/* Control characters are not passed on to a terminal. */
void ctl_text_add(struct strbuf *out, const char *text);

/* Members of an object; "" or 0 when missing or of another kind. */
const char *ctl_text_string(const json_t *object, const char *key);
double ctl_text_number(const json_t *object, const char *key);
bool ctl_text_has(const json_t *object, const char *key);
const char *ctl_text_family(const char *key); /* "ipv4" -> "IPv4" */
/* Of a link: "no-carrier" -> "no carrier" */
void ctl_text_state(struct strbuf *out, const char *state);
enum ctl_paint ctl_text_use_paint(const char *use); /* "yes", "spare", "no" */
