/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Four numbers that depend on each other (daemon/damping.h). What is not
 * written keeps the proportions of the defaults: suppress is three times
 * reuse, maximum six half-lives.
 */
#include "model/policy_read_damping.h"

#include "base/cleanup.h"

#include <math.h>

#define HALF_LIFE_MS 10000u
#define SUPPRESS     3000u
#define REUSE	     1000u
#define RATIO	     3u /* suppress to reuse */
#define HALF_LIVES   6u /* in maximum */

#define HALF_LIFE_MIN_MS 100u
#define HALF_LIFE_MAX_MS 3600000u
#define MAXIMUM_MIN_MS	 1000u
#define MAXIMUM_MAX_MS	 86400000u
#define PENALTY_MIN	 100u /* one loss counts 1000 */
#define PENALTY_MAX	 1000000u

struct policy_damping policy_read_damping_default(void)
{
	return (struct policy_damping){
		.on = true,
		.half_life_ms = HALF_LIFE_MS,
		.suppress = SUPPRESS,
		.reuse = REUSE,
		.maximum_ms = HALF_LIVES * HALF_LIFE_MS,
	};
}

static bool damping_half_life(struct policy_reader *r, const struct policy_path *path,
			      json_t *value, void *out)
{
	struct policy_damping *d = out;

	return policy_value_duration(r, path, value, HALF_LIFE_MIN_MS, HALF_LIFE_MAX_MS,
				     &d->half_life_ms);
}

static bool damping_suppress(struct policy_reader *r, const struct policy_path *path, json_t *value,
			     void *out)
{
	struct policy_damping *d = out;

	return policy_value_integer(r, path, value, PENALTY_MIN, PENALTY_MAX, &d->suppress);
}

static bool damping_reuse(struct policy_reader *r, const struct policy_path *path, json_t *value,
			  void *out)
{
	struct policy_damping *d = out;

	return policy_value_integer(r, path, value, 1, PENALTY_MAX, &d->reuse);
}

static bool damping_maximum(struct policy_reader *r, const struct policy_path *path, json_t *value,
			    void *out)
{
	struct policy_damping *d = out;

	return policy_value_duration(r, path, value, MAXIMUM_MIN_MS, MAXIMUM_MAX_MS,
				     &d->maximum_ms);
}

/* 0: not written. */
static void fill_defaults(struct policy_damping *d)
{
	if (!d->half_life_ms && d->maximum_ms && d->maximum_ms / HALF_LIVES < HALF_LIFE_MS)
		d->half_life_ms = d->maximum_ms / HALF_LIVES;
	else if (!d->half_life_ms)
		d->half_life_ms = HALF_LIFE_MS;
	if (!d->maximum_ms)
		d->maximum_ms = HALF_LIVES * d->half_life_ms;
	if (!d->reuse)
		d->reuse = d->suppress ? d->suppress / RATIO : REUSE;
	if (!d->suppress)
		d->suppress = RATIO * d->reuse;
}

static bool check(struct policy_reader *r, const struct policy_path *path,
		  const struct policy_damping *d)
{
	const struct policy_path reuse = policy_value_below(path, "reuse");
	const struct policy_path maximum = policy_value_below(path, "maximum");
	double ceiling = d->reuse * exp2((double)d->maximum_ms / d->half_life_ms);

	if (d->reuse >= d->suppress) {
		diag_hint(
			r->faults,
			policy_value_fault(r, &reuse, "must be below \"suppress\", which is %u",
					   d->suppress),
			"above \"suppress\" a link is left out, below \"reuse\" it is taken back");
		return false;
	}
	if (d->maximum_ms < d->half_life_ms) {
		policy_value_fault(r, &maximum, "shorter than \"half_life\", which is %u ms",
				   d->half_life_ms);
		return false;
	}
	if (ceiling <= d->suppress) {
		diag_hint(r->faults,
			  policy_value_fault(r, path,
					     "the penalty never comes above %.0f, and \"suppress\" "
					     "is %u: no link would ever be left out",
					     ceiling, d->suppress),
			  "a longer \"maximum\", or \"reuse\" nearer to \"suppress\"");
		return false;
	}
	return true;
}

bool policy_read_damping(struct policy_reader *r, const struct policy_path *path, json_t *value,
			 struct policy_damping *ret)
{
	static const struct policy_key keys[] = {
		POLICY_KEY("half_life", damping_half_life),
		POLICY_KEY("suppress", damping_suppress),
		POLICY_KEY("reuse", damping_reuse),
		POLICY_KEY("maximum", damping_maximum),
		POLICY_KEY("note", policy_value_note_ignored),
	};
	struct policy_damping d = { .on = true };

	if (json_is_boolean(value)) {
		ret->on = json_is_true(value);
		return true;
	}
	if (!json_is_object(value)) {
		policy_value_fault(r, path, "must be false, true or an object");
		return false;
	}
	if (!policy_value_object(r, path, value, keys, ARRAY_SIZE(keys), &d))
		return false;
	fill_defaults(&d);
	if (!check(r, path, &d))
		return false;
	*ret = d;
	return true;
}
