/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Flap damping of one link, after RFC 2439 4.2: a penalty that each loss
 * raises by DAMPING_PENALTY and that halves every half_life. Above `suppress`
 * the link is left out until it has decayed to `reuse`; a ceiling of
 * reuse * 2^(maximum / half_life) keeps that below `maximum`. Pure.
 */
#pragma once

#include "model/policy.h"

#define DAMPING_PENALTY 1000u

struct damping {
	double penalty; /* as of at_ns */
	uint64_t at_ns;
	bool suppressed;
};

void damping_loss(struct damping *d, const struct policy_damping *p, uint64_t now_ns);
/* Brings `suppressed` up to date; true when it changed. */
bool damping_update(struct damping *d, const struct policy_damping *p, uint64_t now_ns);
double damping_penalty(const struct damping *d, const struct policy_damping *p, uint64_t now_ns);
/* When it will be taken back; 0: not suppressed. */
uint64_t damping_reuse_ns(const struct damping *d, const struct policy_damping *p);
