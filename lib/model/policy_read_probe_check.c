/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rounds of one probe never overlap: whatever the rhythm, an answer has come
 * or is lost before the next question goes out. So timeout <= interval,
 * interval_failing and interval_suspect; and what is not written takes a value
 * that fits what is.
 */
#include "model/policy_read_probe_check.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <stdlib.h>
#include <string.h>

#define INTERVAL_MS	    1000u
#define TIMEOUT_MS	    800u
#define INTERVAL_SUSPECT_MS 100u
#define SUSPECT_AFTER_MS    500u
#define FALL		    3u
#define RISE		    5u
#define WINDOW		    20u
#define MAIN_TABLE	    254u /* RT_TABLE_MAIN */

#define NOT_WRITTEN UINT32_MAX

void policy_read_probe_check_init(struct policy_probe *p)
{
	/* no timer and no count may be written as 0 */
	*p = (struct policy_probe){
		.suspect_after_ms = NOT_WRITTEN,
		.quorum = 1,
		.dns_name = ".",
		.http_path = "/",
		.route_table = MAIN_TABLE,
		.route_protocol = -1,
	};
}

/* ---- keys and types ----------------------------------------------------- */

#define TYPE(t)	   (1u << POLICY_PROBE_##t)
#define ASK_HOSTS  (TYPE(ICMP) | TYPE(TCP) | TYPE(DNS) | TYPE(HTTP))
#define ASK	   (ASK_HOSTS | TYPE(ARP) | TYPE(NDP))
#define ASK_OR_RUN (ASK | TYPE(EXEC))
#define ALL_ROUNDS (ASK_OR_RUN | TYPE(ROUTE))

static const struct {
	const char *key;
	unsigned types;
} key_types[] = {
	{ "hosts4", ASK_HOSTS | TYPE(ARP) },
	{ "hosts6", ASK_HOSTS | TYPE(NDP) },
	{ "interval", ALL_ROUNDS },
	{ "interval_failing", ALL_ROUNDS },
	{ "interval_suspect", ASK_OR_RUN },
	{ "suspect_after", ASK_OR_RUN },
	{ "timeout", ASK_OR_RUN },
	{ "fall", ALL_ROUNDS },
	{ "rise", ALL_ROUNDS },
	{ "quorum", ASK },
	{ "window", ASK },
	{ "loss_percent", ASK },
	{ "rtt_ms", ASK },
	{ "jitter_ms", ASK },
	{ "port", TYPE(TCP) | TYPE(DNS) | TYPE(HTTP) },
	{ "name", TYPE(DNS) },
	{ "host", TYPE(HTTP) },
	{ "path", TYPE(HTTP) },
	{ "status", TYPE(HTTP) },
	{ "command", TYPE(EXEC) },
	{ "prefix4", TYPE(ROUTE) },
	{ "prefix6", TYPE(ROUTE) },
	{ "table", TYPE(ROUTE) },
	{ "protocol", TYPE(ROUTE) },
};

/* "tcp, dns and http" */
static void add_types(struct strbuf *out, unsigned types)
{
	bool first = true;

	for (unsigned t = 0; t <= POLICY_PROBE_EXEC; t++) {
		if (!(types & 1u << t))
			continue;
		types &= ~(1u << t);
		strbuf_addf(out, "%s\"%s\"",
			    first   ? ""
			    : types ? ", "
				    : " and ",
			    policy_probe_type_name((enum policy_probe_type)t));
		first = false;
	}
}

static void check_keys(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       const struct policy_probe *p)
{
	for (size_t i = 0; i < ARRAY_SIZE(key_types); i++) {
		const struct policy_path at = policy_value_below(path, key_types[i].key);
		_cleanup_(strbuf_done) struct strbuf types = STRBUF_NULL;
		struct diag *d;

		if (key_types[i].types & 1u << p->type || !json_object_get(value, at.key))
			continue;
		d = policy_value_fault_key(r, &at, "means nothing with \"type\": \"%s\"",
					   policy_probe_type_name(p->type));
		if (p->type == POLICY_PROBE_NONE)
			continue;
		add_types(&types, key_types[i].types);
		diag_hint(r->faults, d, "it is for %s", strbuf_text(&types));
	}
}

static bool has(json_t *value, const char *key)
{
	return json_object_get(value, key) != NULL;
}

static void check_required(struct policy_reader *r, const struct policy_path *path, json_t *value,
			   const struct policy_probe *p)
{
	const char *type = policy_probe_type_name(p->type);

	switch (p->type) {
	case POLICY_PROBE_TCP:
		if (!has(value, "port"))
			policy_value_fault(r, path, "a probe of type \"%s\" needs \"port\"", type);
		break;
	case POLICY_PROBE_ROUTE:
		if (!has(value, "prefix4") && !has(value, "prefix6"))
			policy_value_fault(
				r, path, "a probe of type \"%s\" needs \"prefix4\" or \"prefix6\"",
				type);
		break;
	case POLICY_PROBE_EXEC:
		if (!has(value, "command"))
			policy_value_fault(r, path, "a probe of type \"%s\" needs \"command\"",
					   type);
		break;
	case POLICY_PROBE_ICMP:
	case POLICY_PROBE_DNS:
	case POLICY_PROBE_HTTP:
	case POLICY_PROBE_ARP:
	case POLICY_PROBE_NDP:
	case POLICY_PROBE_NONE:
		break;
	}
	if ((ASK_HOSTS & 1u << p->type) && !has(value, "hosts4") && !has(value, "hosts6"))
		policy_value_fault(r, path, "a probe of type \"%s\" needs \"hosts4\" or \"hosts6\"",
				   type);
}

static void check_quorum(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 const struct policy_probe *p)
{
	static const char *const keys[] = { "hosts4", "hosts6" };
	const struct policy_path at = policy_value_below(path, "quorum");

	if (!has(value, "quorum") || !(ASK & 1u << p->type))
		return;
	for (int f = 0; f < INET_FAMILY_COUNT; f++)
		if (has(value, keys[f]) && p->quorum > p->n_hosts[f])
			policy_value_fault(r, &at, "%u hosts must answer, \"%s\" has %zu",
					   p->quorum, keys[f], p->n_hosts[f]);
	if (!has(value, "hosts4") && !has(value, "hosts6"))
		policy_value_fault_key(r, &at, "needs \"hosts4\" or \"hosts6\"");
}

/* ---- defaults ----------------------------------------------------------- */

static uint32_t min_u32(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

static uint32_t max_u32(uint32_t a, uint32_t b)
{
	return a > b ? a : b;
}

/* What fits what is written. */
static void fill_timers(struct policy_probe *p)
{
	uint32_t shortest;

	if (!p->interval_ms)
		p->interval_ms =
			max_u32(INTERVAL_MS, max_u32(p->timeout_ms, p->interval_suspect_ms));
	if (!p->interval_failing_ms)
		p->interval_failing_ms = max_u32(p->interval_ms, p->timeout_ms);
	shortest = min_u32(p->interval_ms, p->interval_failing_ms);
	if (p->interval_suspect_ms)
		shortest = min_u32(shortest, p->interval_suspect_ms);
	if (!p->timeout_ms) {
		bool slow = p->rtt_ms.enter >= TIMEOUT_MS || p->jitter_ms.enter >= TIMEOUT_MS;

		p->timeout_ms = slow ? shortest : min_u32(TIMEOUT_MS, shortest);
	}
	if (!p->interval_suspect_ms)
		p->interval_suspect_ms =
			min_u32(max_u32(INTERVAL_SUSPECT_MS, p->timeout_ms), p->interval_ms);
}

static void fill_defaults(struct policy_probe *p)
{
	bool look = p->type == POLICY_PROBE_ROUTE; /* nothing can get lost on the way */

	fill_timers(p);
	if (!p->fall)
		p->fall = look ? 1 : FALL;
	if (!p->rise)
		p->rise = look ? 1 : RISE;
	if (!p->window)
		p->window = max_u32(WINDOW, p->fall);
	if (!(ASK_OR_RUN & 1u << p->type))
		p->suspect_after_ms = 0;
	else if (p->suspect_after_ms == NOT_WRITTEN)
		p->suspect_after_ms = SUSPECT_AFTER_MS;
	if (!p->port && p->type == POLICY_PROBE_DNS)
		p->port = 53;
	if (!p->port && p->type == POLICY_PROBE_HTTP)
		p->port = 80;
}

/* ---- contradictions ----------------------------------------------------- */

static void check_timers(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 const struct policy_probe *p)
{
	const struct policy_path timeout = policy_value_below(path, "timeout");
	const struct policy_path suspect = policy_value_below(path, "interval_suspect");

	if (p->timeout_ms > p->interval_ms)
		policy_value_fault(r, &timeout, "longer than the interval of %u ms",
				   p->interval_ms);
	else if (p->timeout_ms > p->interval_failing_ms)
		policy_value_fault(r, &timeout, "longer than \"interval_failing\", which is %u ms",
				   p->interval_failing_ms);
	else if (has(value, "interval_suspect") && p->timeout_ms > p->interval_suspect_ms)
		policy_value_fault(r, &timeout, "longer than \"interval_suspect\", which is %u ms",
				   p->interval_suspect_ms);
	if (!has(value, "interval_suspect"))
		return;
	if (!p->suspect_after_ms)
		policy_value_fault_key(r, &suspect, "means nothing with \"suspect_after\": false");
	else if (p->interval_suspect_ms > p->interval_ms)
		diag_hint(r->faults,
			  policy_value_fault(r, &suspect, "longer than the interval of %u ms",
					     p->interval_ms),
			  "a suspicion is settled by faster probes");
}

static void check_reachable(struct policy_reader *r, const struct policy_path *path,
			    const char *key, const struct policy_limit *limit,
			    const struct policy_probe *p)
{
	const struct policy_path at = policy_value_below(path, key);

	if (limit->given && limit->enter >= p->timeout_ms)
		diag_hint(r->faults,
			  policy_value_fault(r, &at,
					     "%g is never exceeded: an answer after the timeout of "
					     "%u ms is lost",
					     limit->enter, p->timeout_ms),
			  "lower it, or write a longer \"timeout\" and \"interval\"");
}

static void check_limits(struct policy_reader *r, const struct policy_path *path,
			 const struct policy_probe *p)
{
	const struct policy_path window = policy_value_below(path, "window");

	check_reachable(r, path, "rtt_ms", &p->rtt_ms, p);
	check_reachable(r, path, "jitter_ms", &p->jitter_ms, p);
	if ((p->loss_percent.given || p->rtt_ms.given || p->jitter_ms.given) && p->fall > p->window)
		diag_hint(r->faults,
			  policy_value_fault(r, &window, "%u rounds, and \"fall\" needs %u",
					     p->window, p->fall),
			  "limits are judged over a window that holds \"fall\" rounds at least");
}

void policy_read_probe_check(struct policy_reader *r, const struct policy_path *path, json_t *value,
			     struct policy_probe *p)
{
	check_keys(r, path, value, p);
	if (p->type == POLICY_PROBE_NONE) {
		p->suspect_after_ms = 0;
		return;
	}
	check_required(r, path, value, p);
	check_quorum(r, path, value, p);
	fill_defaults(p);
	if (ASK_OR_RUN & 1u << p->type)
		check_timers(r, path, value, p);
	if (ASK & 1u << p->type)
		check_limits(r, path, p);
}
