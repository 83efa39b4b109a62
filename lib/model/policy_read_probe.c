/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A probe: the keys that most types have. Those of single types: policy_read_probe_type.c. */
#include "model/policy_read_probe.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/inet.h"
#include "model/policy_read_probe_check.h"
#include "model/policy_read_probe_type.h"

#include <string.h>

#define INTERVAL_MIN_MS 10u
#define INTERVAL_MAX_MS 3600000u
#define SUSPECT_MAX_MS	60000u
#define COUNT_MAX	1000u /* fall, rise */
#define WINDOW_MIN	4u /* a mean of fewer rounds says nothing; no less than fall's default */
#define WINDOW_MAX	1000u
#define LIMIT_MS_MAX	60000.0

static bool probe_type(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	const char *names[POLICY_PROBE_EXEC + 1];
	struct policy_probe *p = out;
	unsigned v;

	for (size_t i = 0; i < ARRAY_SIZE(names); i++)
		names[i] = policy_probe_type_name((enum policy_probe_type)i);
	if (!policy_value_word(r, path, value, names, ARRAY_SIZE(names), &v))
		return false;
	p->type = (enum policy_probe_type)v;
	return true;
}

/* ---- whom to ask -------------------------------------------------------- */

static bool host4(struct policy_reader *r, const struct policy_path *path, json_t *value, void *out)
{
	const char *text = policy_value_string(r, path, value);

	return text && policy_value_address(r, path, text, INET4, out);
}

static bool host6(struct policy_reader *r, const struct policy_path *path, json_t *value, void *out)
{
	const char *text = policy_value_string(r, path, value);

	return text && policy_value_address(r, path, text, INET6, out);
}

static int addr_cmp(const void *a, const void *b)
{
	return inet_addr_cmp(a, b);
}

static bool probe_hosts(struct policy_reader *r, const struct policy_path *path, json_t *value,
			enum inet_family family, struct policy_probe *p)
{
	static const struct policy_items items[] = {
		[INET4] = { sizeof(struct inet_addr), host4, addr_cmp },
		[INET6] = { sizeof(struct inet_addr), host6, addr_cmp },
	};

	if (json_array_size(value) > POLICY_HOSTS_MAX) {
		policy_value_fault(r, path, "at most %d hosts, these are %zu", POLICY_HOSTS_MAX,
				   json_array_size(value));
		return false;
	}
	return policy_value_array(r, path, value, &items[family], &p->hosts[family],
				  &p->n_hosts[family]);
}

static bool probe_hosts4(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 void *out)
{
	return probe_hosts(r, path, value, INET4, out);
}

static bool probe_hosts6(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 void *out)
{
	return probe_hosts(r, path, value, INET6, out);
}

/* ---- timers and counts -------------------------------------------------- */

static bool interval(struct policy_reader *r, const struct policy_path *path, json_t *value,
		     uint32_t *ret)
{
	return policy_value_duration(r, path, value, INTERVAL_MIN_MS, INTERVAL_MAX_MS, ret);
}

static bool probe_interval(struct policy_reader *r, const struct policy_path *path, json_t *value,
			   void *out)
{
	struct policy_probe *p = out;

	return interval(r, path, value, &p->interval_ms);
}

static bool probe_interval_failing(struct policy_reader *r, const struct policy_path *path,
				   json_t *value, void *out)
{
	struct policy_probe *p = out;

	return interval(r, path, value, &p->interval_failing_ms);
}

static bool probe_interval_suspect(struct policy_reader *r, const struct policy_path *path,
				   json_t *value, void *out)
{
	struct policy_probe *p = out;

	return interval(r, path, value, &p->interval_suspect_ms);
}

static bool probe_timeout(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  void *out)
{
	struct policy_probe *p = out;

	return policy_value_duration(r, path, value, 1, INTERVAL_MAX_MS, &p->timeout_ms);
}

/* A duration, or false: counters raise no suspicion. */
static bool probe_suspect_after(struct policy_reader *r, const struct policy_path *path,
				json_t *value, void *out)
{
	struct policy_probe *p = out;

	if (json_is_false(value)) {
		p->suspect_after_ms = 0;
		return true;
	}
	if (!json_is_string(value)) {
		policy_value_fault(r, path, "must be a duration, or false");
		return false;
	}
	return policy_value_duration(r, path, value, INTERVAL_MIN_MS, SUSPECT_MAX_MS,
				     &p->suspect_after_ms);
}

static bool probe_fall(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	struct policy_probe *p = out;

	return policy_value_integer(r, path, value, 1, COUNT_MAX, &p->fall);
}

static bool probe_rise(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	struct policy_probe *p = out;

	return policy_value_integer(r, path, value, 1, COUNT_MAX, &p->rise);
}

static bool probe_quorum(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 void *out)
{
	struct policy_probe *p = out;

	return policy_value_integer(r, path, value, 1, COUNT_MAX, &p->quorum);
}

static bool probe_window(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 void *out)
{
	struct policy_probe *p = out;

	return policy_value_integer(r, path, value, WINDOW_MIN, WINDOW_MAX, &p->window);
}

/* ---- limits ------------------------------------------------------------- */

/* The end of a limit's range; `below`: max itself is out of it. */
struct bound {
	double max;
	bool below;
};

static const struct bound loss_bound = { 100, true }, ms_bound = { LIMIT_MS_MAX, false };

struct limit_reader {
	const struct bound *bound;
	double enter, leave; /* < 0: not written, or wrong */
};

static bool limit_number(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 const struct bound *bound, double *ret)
{
	double v;

	if (!json_is_number(value)) {
		policy_value_fault(r, path, "must be a number");
		return false;
	}
	v = json_number_value(value);
	if (bound->below && v >= bound->max) {
		policy_value_fault(r, path, "must be below %g: it is never more", bound->max);
		return false;
	}
	if (!(v >= 0 && v <= bound->max)) {
		policy_value_fault(r, path, "out of range, must be 0 to %g", bound->max);
		return false;
	}
	*ret = v;
	return true;
}

static bool limit_enter(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	struct limit_reader *l = out;

	return limit_number(r, path, value, l->bound, &l->enter);
}

static bool limit_leave(struct policy_reader *r, const struct policy_path *path, json_t *value,
			void *out)
{
	struct limit_reader *l = out;

	return limit_number(r, path, value, l->bound, &l->leave);
}

static bool read_limit(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       const struct bound *bound, struct policy_limit *ret)
{
	static const struct policy_key keys[] = {
		POLICY_KEY_REQUIRED("enter", limit_enter),
		POLICY_KEY("leave", limit_leave),
		POLICY_KEY("note", policy_value_note_ignored),
	};
	const struct policy_path leave = policy_value_below(path, "leave");
	struct limit_reader l = { .bound = bound, .enter = -1, .leave = -1 };

	if (json_is_number(value)) {
		limit_number(r, path, value, bound, &l.enter);
	} else if (!json_is_object(value)) {
		policy_value_fault(r, path, "must be a number, or {\"enter\", \"leave\"}");
		return false;
	} else if (!policy_value_object(r, path, value, keys, ARRAY_SIZE(keys), &l)) {
		return false;
	}
	if (l.enter < 0)
		return false;
	if (l.leave < 0)
		l.leave = l.enter / 2;
	if (l.leave > l.enter) {
		diag_hint(r->faults,
			  policy_value_fault(r, &leave, "is more than \"enter\", which is %g",
					     l.enter),
			  "a link that has become bad is good again at \"leave\" or below");
		return false;
	}
	*ret = (struct policy_limit){ .given = true, .enter = l.enter, .leave = l.leave };
	return true;
}

static bool probe_loss(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *out)
{
	struct policy_probe *p = out;

	return read_limit(r, path, value, &loss_bound, &p->loss_percent);
}

static bool probe_rtt(struct policy_reader *r, const struct policy_path *path, json_t *value,
		      void *out)
{
	struct policy_probe *p = out;

	return read_limit(r, path, value, &ms_bound, &p->rtt_ms);
}

static bool probe_jitter(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 void *out)
{
	struct policy_probe *p = out;

	return read_limit(r, path, value, &ms_bound, &p->jitter_ms);
}

/* ---- the whole ---------------------------------------------------------- */

static const struct policy_key probe_keys[] = {
	POLICY_KEY_REQUIRED("type", probe_type),
	POLICY_KEY("hosts4", probe_hosts4),
	POLICY_KEY("hosts6", probe_hosts6),
	POLICY_KEY("interval", probe_interval),
	POLICY_KEY("interval_failing", probe_interval_failing),
	POLICY_KEY("interval_suspect", probe_interval_suspect),
	POLICY_KEY("suspect_after", probe_suspect_after),
	POLICY_KEY("timeout", probe_timeout),
	POLICY_KEY("fall", probe_fall),
	POLICY_KEY("rise", probe_rise),
	POLICY_KEY("quorum", probe_quorum),
	POLICY_KEY("window", probe_window),
	POLICY_KEY("loss_percent", probe_loss),
	POLICY_KEY("rtt_ms", probe_rtt),
	POLICY_KEY("jitter_ms", probe_jitter),
	POLICY_KEY("port", policy_read_probe_type_port),
	POLICY_KEY("name", policy_read_probe_type_name),
	POLICY_KEY("host", policy_read_probe_type_host),
	POLICY_KEY("path", policy_read_probe_type_path),
	POLICY_KEY("status", policy_read_probe_type_status),
	POLICY_KEY("command", policy_read_probe_type_command),
	POLICY_KEY("prefix4", policy_read_probe_type_prefix4),
	POLICY_KEY("prefix6", policy_read_probe_type_prefix6),
	POLICY_KEY("table", policy_read_probe_type_table),
	POLICY_KEY("protocol", policy_read_probe_type_protocol),
	POLICY_KEY("note", policy_value_note_ignored),
};

struct policy_probe *policy_read_probe_add(struct policy_reader *r, const struct policy_path *path,
					   json_t *value, const char *name)
{
	struct policy *policy = r->policy;
	struct policy_probe *p =
		ARENA_PUSH(r->arena, policy->probes, policy->n_probes, r->cap_probes);

	policy_read_probe_check_init(p);
	p->name = name;
	p->place.pointer = policy_value_pointer(r, path);
	if (policy_value_object(r, path, value, probe_keys, ARRAY_SIZE(probe_keys), p) &&
	    policy_value_is(value, "type", policy_probe_type_name(p->type)))
		policy_read_probe_check(r, path, value, p);
	return p;
}

static bool read_probe(struct policy_reader *r, const struct policy_path *path, json_t *value,
		       void *name)
{
	policy_read_probe_add(r, path, value, name);
	return true;
}

bool policy_read_probe_probes(struct policy_reader *r, const struct policy_path *path,
			      json_t *value, void *out)
{
	return policy_value_named(r, path, value, POLICY_PROBES_MAX, "probes", read_probe);
}
