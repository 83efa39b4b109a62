/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The judgement of one probe on one link, one family: rounds of answers in,
 * verdict and measurements out. Pure: no sockets, no clock.
 *
 * A round asks every host once. It is good when at least `quorum` of them
 * answer within `timeout`. `fall` bad rounds in a row: failing. `rise` good
 * ones in a row after that: passing again. Over the last `window` rounds: loss
 * (of single questions), mean rtt and jitter (mean difference of successive
 * rtts of one host, RFC 3550 6.4.1 without its filter); outside a limit:
 * degraded, until all are at or below their `leave` values.
 *
 * A window that is not full yet is believed only as far as it can be: loss is
 * above its limit when it would be even if every round to come were answered,
 * and never by a single lost answer; rtt and jitter are judged from half a
 * window on.
 */
#pragma once

#include "model/policy.h"

#include <stdbool.h>
#include <stdint.h>

enum probe_verdict {
	PROBE_UNKNOWN, /* nothing has been proved yet: no good round, and fewer than `fall` bad ones */
	PROBE_PASSING,
	PROBE_DEGRADED, /* answers come, but outside a limit */
	PROBE_FAILING,
};

struct probe_stats {
	unsigned rounds; /* in the window, 0..window */
	double loss_percent; /* of the window */
	double rtt_ms, jitter_ms; /* of the window's answers; < 0: none */
	unsigned good_in_row, bad_in_row;
	uint64_t last_good_ns; /* start of the last good round; 0: none yet */
	uint64_t
		bad_since_ns; /* start of the first of the bad rounds in a row; 0: the last was good */
};

struct probe_track;

/* The policy_probe is borrowed (the plan's). */
struct probe_track *probe_track_new(const struct policy_probe *probe);
struct probe_track *probe_track_free(struct probe_track *t);
/* A reload: the same link and family, its (perhaps changed) probe. History is kept as far as it fits. */
void probe_track_rebind(struct probe_track *t, const struct policy_probe *probe);

/*
 * The link was physically away and is back: nothing measured before counts, and
 * it is PROBE_UNKNOWN until `rise` good rounds in a row, or `fall` bad ones.
 */
void probe_track_restart(struct probe_track *t);

/* One round's outcome: per host an rtt, or UINT64_MAX for no answer in time. Returns the verdict. */
enum probe_verdict probe_track_round(struct probe_track *t, uint64_t started_ns,
				     const uint64_t *rtt_ns, unsigned n_hosts);

enum probe_verdict probe_track_verdict(const struct probe_track *t);
/*
 * Why it is degraded or failing, as of when it became so: "loss 40 % > 20 %",
 * "3 rounds without an answer"; else "". Overwritten by the next round.
 */
const char *probe_track_reason(const struct probe_track *t);
void probe_track_stats(const struct probe_track *t, struct probe_stats *ret);

/*
 * Passive evidence. `sent` and `received` are counters of the link that only
 * grow (going back: the device was made anew, and counting begins again). True:
 * suspicious now, so probe fast (probe_track_interval_ms() says so too) until a
 * good round that began since, or a failing verdict, settles it; a suspicion
 * that good rounds disproved is not raised again for a while that doubles (10 s
 * to 5 min), so that one-way traffic does not cost fast probes for ever.
 * Suspicious is: packets went out in at least two samples, and for
 * suspect_after none came in, counted from the sample before the first of them.
 */
bool probe_track_counters(struct probe_track *t, uint64_t sent, uint64_t received, uint64_t now_ns);
bool probe_track_suspicious(const struct probe_track *t);
/* Could counters raise a suspicion now? Else they need not be read. */
bool probe_track_wants_counters(const struct probe_track *t, uint64_t now_ns);

/* When the next round is to begin, counted from the beginning of the last. */
uint32_t probe_track_interval_ms(const struct probe_track *t);
