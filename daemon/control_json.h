/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The small words of answers on the control socket. Pure. */
#pragma once

#include "daemon/core.h"

#include <jansson.h>

struct control_fault;
struct strbuf;

const char *control_json_family(enum inet_family f); /* "ipv4": the key of a family's part */
void control_json_set(json_t *object, const char *key, json_t *value); /* takes the reference */
/* NULL: the key is left out. What is no UTF-8 becomes '?'. */
void control_json_set_text(json_t *object, const char *key, const char *text);
void control_json_set_real(json_t *object, const char *key, double value); /* finite, or left out */
/* Seconds since, and until: 0 in the one case, left out in the other when the time has come. */
void control_json_set_since(json_t *object, const char *key, uint64_t since_ns, uint64_t now_ns);
void control_json_set_until(json_t *object, const char *key, uint64_t until_ns, uint64_t now_ns);
json_t *control_json_fault(const struct control_fault *f);
json_t *control_json_error(const char *error);
/* One line, newline included. */
void control_json_line(const json_t *object, struct strbuf *out);

const char *control_json_use(enum link_use u); /* "yes", "spare", "no" */
const char *control_json_choice_kind(enum core_choice_kind k); /* "link", "main", ... */
const char *control_json_verdict(enum probe_verdict v); /* "passing" */
/* Where one choice leads: {"leaves_by":"link","link":"lte","reason":...} */
json_t *control_json_choice(const struct core *c, const struct core_choice *choice,
			    uint64_t now_ns);
