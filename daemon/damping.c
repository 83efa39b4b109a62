/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/damping.h"

#include <math.h>

#define MS 1000000ull

static double decayed(const struct damping *d, const struct policy_damping *p, uint64_t now_ns)
{
	double half_lives = (double)(now_ns - d->at_ns) / (double)(p->half_life_ms * MS);

	if (now_ns <= d->at_ns)
		return d->penalty;
	return d->penalty * exp2(-half_lives);
}

/* From here it takes `maximum` to decay to `reuse`. */
static double ceiling(const struct policy_damping *p)
{
	return p->reuse * exp2((double)p->maximum_ms / (double)p->half_life_ms);
}

static uint64_t reuse_ns(const struct damping *d, const struct policy_damping *p)
{
	double half_lives;

	if (d->penalty <= p->reuse)
		return d->at_ns;
	half_lives = log2(d->penalty / p->reuse);
	/* rounded up, so that it has come when it has come */
	return d->at_ns + (uint64_t)(half_lives * (double)(p->half_life_ms * MS)) + 1;
}

/*
 * Suppression ends at a time, not at a number, so that who waits for that time
 * finds it ended: decay by floating point may be a hair above `reuse` then.
 */
bool damping_update(struct damping *d, const struct policy_damping *p, uint64_t now_ns)
{
	bool was = d->suppressed;

	if (!p->on)
		*d = (struct damping){ 0 };
	else if (d->suppressed && now_ns >= reuse_ns(d, p))
		d->suppressed = false;
	return d->suppressed != was;
}

void damping_loss(struct damping *d, const struct policy_damping *p, uint64_t now_ns)
{
	double most;

	if (!p->on)
		return;
	damping_update(d, p, now_ns);
	most = ceiling(p);
	d->penalty = decayed(d, p, now_ns) + DAMPING_PENALTY;
	if (d->penalty > most)
		d->penalty = most;
	d->at_ns = now_ns;
	if (d->penalty > p->suppress)
		d->suppressed = true;
}

double damping_penalty(const struct damping *d, const struct policy_damping *p, uint64_t now_ns)
{
	return p->on ? decayed(d, p, now_ns) : 0;
}

uint64_t damping_reuse_ns(const struct damping *d, const struct policy_damping *p)
{
	return p->on && d->suppressed ? reuse_ns(d, p) : 0;
}
