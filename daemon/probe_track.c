/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/probe_track.h"

#include "base/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NS_PER_MS	1000000u
#define NO_ANSWER	UINT32_MAX /* in the ring */
#define PARDON_MIN_NS	10000000000u
#define PARDON_MAX_NS	300000000000u
#define SUSPECT_SAMPLES 2u /* one lost packet is no evidence */

enum measure {
	MEASURE_LOSS,
	MEASURE_RTT,
	MEASURE_JITTER,
	MEASURE_COUNT,
};

/* One answer of one host, microseconds, in a ring of rounds. */
struct ring {
	uint32_t *rtt_us; /* window x width */
	unsigned *asked; /* by round: hosts asked, up to width */
	unsigned window, width;
	unsigned next, rounds; /* where the next round goes; how many there are */
};

/* Packets that went out and none that came in. */
struct suspicion {
	bool known, now;
	uint64_t sent, received, at_ns; /* as last sampled */
	uint64_t unanswered_ns; /* since when; 0: nothing is unanswered */
	unsigned samples; /* in which packets went out since then */
	uint64_t since_ns; /* when it became suspicious */
	uint64_t pardon_ns, pardon_until_ns; /* not suspicious again before */
};

struct probe_track {
	const struct policy_probe *probe;
	struct ring ring;
	enum probe_verdict verdict;
	double certain_loss; /* %, at least, whatever the rest of the window brings; one lost answer: none */
	bool degraded; /* outside a limit, whether or not it is failing as well */
	enum measure outside; /* degraded: which limit, first of all */
	bool rising; /* UNKNOWN that one good round does not end */
	unsigned good_in_row, bad_in_row;
	uint64_t last_good_ns, bad_since_ns;
	struct probe_stats stats;
	struct suspicion suspicion;
	char reason[80];
};

/* ---- the ring of rounds ---- */

static struct ring ring_new(unsigned window, unsigned width)
{
	struct ring r = { .window = window ? window : 1, .width = width ? width : 1 };

	r.rtt_us = memory_alloc(memory_mul(memory_mul(r.window, r.width), sizeof(*r.rtt_us)));
	r.asked = memory_alloc(memory_mul(r.window, sizeof(*r.asked)));
	return r;
}

static void ring_done(struct ring *r)
{
	free(r->rtt_us);
	free(r->asked);
}

/* Where round `age` lies: 0 is the oldest. */
static unsigned ring_place(const struct ring *r, unsigned age)
{
	return (r->next + r->window - r->rounds + age) % r->window;
}

static uint32_t *ring_row(const struct ring *r, unsigned place)
{
	return r->rtt_us + (size_t)place * r->width;
}

static uint32_t *ring_push(struct ring *r, unsigned asked)
{
	uint32_t *row = ring_row(r, r->next);

	r->asked[r->next] = asked;
	r->next = (r->next + 1) % r->window;
	if (r->rounds < r->window)
		r->rounds++;
	return row;
}

/* The newest of `old`'s rounds that fit, into a ring of another shape. */
static void ring_reshape(struct ring *r, unsigned window, unsigned width)
{
	struct ring made = ring_new(window, width);
	unsigned first = r->rounds > made.window ? r->rounds - made.window : 0;

	for (unsigned age = first; age < r->rounds; age++) {
		unsigned place = ring_place(r, age);
		unsigned asked = r->asked[place] < made.width ? r->asked[place] : made.width;

		memcpy(ring_push(&made, asked), ring_row(r, place), asked * sizeof(*r->rtt_us));
	}
	ring_done(r);
	*r = made;
}

static uint32_t ring_value(uint64_t rtt_ns)
{
	uint64_t us = rtt_ns / 1000;

	if (rtt_ns == UINT64_MAX)
		return NO_ANSWER;
	return us < NO_ANSWER ? (uint32_t)us : NO_ANSWER - 1;
}

/* ---- measuring ---- */

struct sums {
	uint64_t asked, lost, rtt_us, jitter_us, pairs;
};

/* One host's column. Successive answers: what was lost between them is skipped. */
static void sum_host(const struct ring *r, unsigned host, struct sums *s)
{
	uint32_t last = NO_ANSWER;

	for (unsigned age = 0; age < r->rounds; age++) {
		unsigned place = ring_place(r, age);
		uint32_t rtt;

		if (host >= r->asked[place])
			continue;
		s->asked++;
		rtt = ring_row(r, place)[host];
		if (rtt == NO_ANSWER) {
			s->lost++;
			continue;
		}
		s->rtt_us += rtt;
		if (last != NO_ANSWER) {
			s->jitter_us += rtt > last ? rtt - last : last - rtt;
			s->pairs++;
		}
		last = rtt;
	}
}

static struct sums sum_ring(const struct ring *r)
{
	struct sums s = { 0 };

	for (unsigned host = 0; host < r->width; host++)
		sum_host(r, host, &s);
	return s;
}

static void measure(struct probe_track *t, const struct sums *s)
{
	uint64_t answers = s->asked - s->lost;
	struct probe_stats *st = &t->stats;

	st->rounds = t->ring.rounds;
	st->loss_percent = s->asked ? 100.0 * (double)s->lost / (double)s->asked : 0;
	t->certain_loss = s->lost > 1 ? st->loss_percent * t->ring.rounds / t->ring.window : 0;
	st->rtt_ms = answers ? (double)s->rtt_us / 1000 / (double)answers : -1;
	st->jitter_ms = s->pairs ? (double)s->jitter_us / 1000 / (double)s->pairs : -1;
}

/* ---- limits ---- */

static const struct policy_limit *limit_of(const struct policy_probe *p, enum measure m)
{
	switch (m) {
	case MEASURE_LOSS:
		return &p->loss_percent;
	case MEASURE_RTT:
		return &p->rtt_ms;
	case MEASURE_JITTER:
		return &p->jitter_ms;
	case MEASURE_COUNT:
		break;
	}
	abort();
}

/* < 0: cannot be told. `certain`: what it is at least, whatever the rest of the window brings. */
static double measured(const struct probe_track *t, enum measure m, bool certain)
{
	const struct probe_stats *st = &t->stats;
	bool half = t->ring.rounds * 2 >= t->ring.window;

	switch (m) {
	case MEASURE_LOSS:
		return certain ? t->certain_loss : st->loss_percent;
	case MEASURE_RTT:
		return !certain || half ? st->rtt_ms : -1;
	case MEASURE_JITTER:
		return !certain || half ? st->jitter_ms : -1;
	case MEASURE_COUNT:
		break;
	}
	abort();
}

/* The first measure that is above its limit (`leave`: that of leaving again); MEASURE_COUNT: none. */
static enum measure above(const struct probe_track *t, bool leave)
{
	for (unsigned m = 0; m < MEASURE_COUNT; m++) {
		const struct policy_limit *l = limit_of(t->probe, (enum measure)m);

		if (l->given &&
		    measured(t, (enum measure)m, !leave) > (leave ? l->leave : l->enter))
			return (enum measure)m;
	}
	return MEASURE_COUNT;
}

static const char *number_text(double v, char buf[24])
{
	snprintf(buf, 24, v >= 100 || v == (double)(unsigned long)v ? "%.0f" : "%.1f", v);
	return buf;
}

static void reason_limit(struct probe_track *t, enum measure m, double limit)
{
	static const struct {
		const char *name, *unit;
	} texts[MEASURE_COUNT] = {
		[MEASURE_LOSS] = { "loss", "%" },
		[MEASURE_RTT] = { "rtt", "ms" },
		[MEASURE_JITTER] = { "jitter", "ms" },
	};
	char value[24], bound[24];

	snprintf(t->reason, sizeof(t->reason), "%s %s %s > %s %s", texts[m].name,
		 number_text(measured(t, m, false), value), texts[m].unit,
		 number_text(limit, bound), texts[m].unit);
}

static void reason_failing(struct probe_track *t, unsigned n_hosts)
{
	const struct policy_probe *p = t->probe;
	const char *rounds = t->bad_in_row == 1 ? "round" : "rounds";
	unsigned quorum = p->quorum < n_hosts ? p->quorum : n_hosts;

	if (p->type == POLICY_PROBE_ROUTE)
		snprintf(t->reason, sizeof(t->reason), "%u %s without the route", t->bad_in_row,
			 rounds);
	else if (p->type == POLICY_PROBE_EXEC)
		snprintf(t->reason, sizeof(t->reason), "%u %s in which the program failed",
			 t->bad_in_row, rounds);
	else if (quorum > 1)
		snprintf(t->reason, sizeof(t->reason), "%u %s with fewer than %u answers",
			 t->bad_in_row, rounds, quorum);
	else
		snprintf(t->reason, sizeof(t->reason), "%u %s without an answer", t->bad_in_row,
			 rounds);
}

/*
 * A reason is made when its cause begins, so that it is one line in a log and not one a round. The
 * limit named is the one whose crossing made it so.
 */
static void judge_limits(struct probe_track *t)
{
	enum measure m = above(t, false);

	if (m != MEASURE_COUNT) {
		if (t->degraded && t->verdict == PROBE_DEGRADED && m == t->outside)
			return;
		reason_limit(t, m, limit_of(t->probe, m)->enter);
	} else {
		m = t->degraded ? above(t, true) : MEASURE_COUNT;
		if (m == MEASURE_COUNT) {
			t->degraded = false;
			return;
		}
		if (t->verdict == PROBE_DEGRADED && m == t->outside)
			return;
		reason_limit(t, m, limit_of(t->probe, m)->leave);
	}
	t->degraded = true;
	t->outside = m;
}

/* ---- rounds ---- */

struct probe_track *probe_track_new(const struct policy_probe *probe)
{
	struct probe_track *t = memory_alloc(sizeof(*t));

	t->probe = probe;
	t->ring = ring_new(probe->window, 1);
	t->stats.rtt_ms = t->stats.jitter_ms = -1;
	t->suspicion.pardon_ns = PARDON_MIN_NS;
	return t;
}

struct probe_track *probe_track_free(struct probe_track *t)
{
	if (t) {
		ring_done(&t->ring);
		free(t);
	}
	return NULL;
}

static void forget_measurements(struct probe_track *t)
{
	t->ring.next = t->ring.rounds = 0;
	t->degraded = false;
	t->stats = (struct probe_stats){ .rtt_ms = -1, .jitter_ms = -1 };
}

void probe_track_restart(struct probe_track *t)
{
	forget_measurements(t);
	t->verdict = PROBE_UNKNOWN;
	t->rising = true;
	t->good_in_row = t->bad_in_row = 0;
	t->bad_since_ns = 0;
	t->suspicion = (struct suspicion){ .pardon_ns = PARDON_MIN_NS };
	t->reason[0] = '\0';
}

void probe_track_rebind(struct probe_track *t, const struct policy_probe *probe)
{
	/* Of another kind: its answers cannot be held against those before. The verdict stands. */
	if (probe->type != t->probe->type) {
		forget_measurements(t);
		t->good_in_row = t->bad_in_row = 0;
		t->bad_since_ns = 0;
		if (t->verdict == PROBE_DEGRADED)
			t->verdict = PROBE_PASSING;
	}
	if (probe->window != t->ring.window)
		ring_reshape(&t->ring, probe->window, t->ring.width);
	t->probe = probe;
}

static void count_good(struct probe_track *t, uint64_t started_ns)
{
	struct suspicion *s = &t->suspicion;

	t->good_in_row++;
	t->bad_in_row = 0;
	t->bad_since_ns = 0;
	t->last_good_ns = started_ns;
	if ((t->verdict == PROBE_UNKNOWN && !t->rising) ||
	    ((t->verdict == PROBE_UNKNOWN || t->verdict == PROBE_FAILING) &&
	     t->good_in_row >= t->probe->rise)) {
		t->verdict = PROBE_PASSING;
		t->rising = false;
	}
	if (s->now && started_ns >= s->since_ns) {
		s->now = false;
		s->unanswered_ns = 0;
		s->samples = 0;
		s->pardon_until_ns = started_ns + s->pardon_ns;
		s->pardon_ns = s->pardon_ns * 2 < PARDON_MAX_NS ? s->pardon_ns * 2 : PARDON_MAX_NS;
	}
}

/* True: it failed now. */
static bool count_bad(struct probe_track *t, uint64_t started_ns)
{
	t->good_in_row = 0;
	t->bad_in_row++;
	if (t->bad_in_row == 1)
		t->bad_since_ns = started_ns;
	if (t->verdict == PROBE_FAILING || t->bad_in_row < t->probe->fall)
		return false;
	t->verdict = PROBE_FAILING;
	t->rising = false;
	t->suspicion.now = false;
	t->suspicion.unanswered_ns = 0;
	t->suspicion.pardon_ns = PARDON_MIN_NS;
	t->suspicion.pardon_until_ns = 0;
	return true;
}

enum probe_verdict probe_track_round(struct probe_track *t, uint64_t started_ns,
				     const uint64_t *rtt_ns, unsigned n_hosts)
{
	unsigned answered = 0, quorum = t->probe->quorum < n_hosts ? t->probe->quorum : n_hosts;
	enum probe_verdict was = t->verdict;
	struct sums sums;
	uint32_t *row;
	bool failed_now = false;

	if (n_hosts > t->ring.width)
		ring_reshape(&t->ring, t->ring.window, n_hosts); /* the first round */
	row = ring_push(&t->ring, n_hosts);
	for (unsigned i = 0; i < n_hosts; i++) {
		row[i] = ring_value(rtt_ns[i]);
		answered += row[i] != NO_ANSWER;
	}
	sums = sum_ring(&t->ring);
	measure(t, &sums);

	if (n_hosts > 0 && answered >= quorum)
		count_good(t, started_ns);
	else
		failed_now = count_bad(t, started_ns);
	if (t->verdict == PROBE_PASSING || t->verdict == PROBE_DEGRADED) {
		judge_limits(t);
		t->verdict = t->degraded ? PROBE_DEGRADED : PROBE_PASSING;
		if (t->verdict != was && t->verdict == PROBE_PASSING)
			t->reason[0] = '\0';
	} else if (failed_now) {
		reason_failing(t, n_hosts);
	}
	return t->verdict;
}

enum probe_verdict probe_track_verdict(const struct probe_track *t)
{
	return t->verdict;
}

const char *probe_track_reason(const struct probe_track *t)
{
	return t->reason;
}

void probe_track_stats(const struct probe_track *t, struct probe_stats *ret)
{
	*ret = t->stats;
	ret->good_in_row = t->good_in_row;
	ret->bad_in_row = t->bad_in_row;
	ret->last_good_ns = t->last_good_ns;
	ret->bad_since_ns = t->bad_since_ns;
}

/* ---- passive evidence ---- */

bool probe_track_wants_counters(const struct probe_track *t, uint64_t now_ns)
{
	return t->probe->suspect_after_ms &&
	       t->probe->interval_suspect_ms < t->probe->interval_ms && !t->suspicion.now &&
	       now_ns >= t->suspicion.pardon_until_ns &&
	       (t->verdict == PROBE_PASSING || t->verdict == PROBE_DEGRADED);
}

bool probe_track_counters(struct probe_track *t, uint64_t sent, uint64_t received, uint64_t now_ns)
{
	struct suspicion *s = &t->suspicion;
	bool went = s->known && sent > s->sent, came = s->known && received > s->received;
	bool again = s->known && (sent < s->sent || received < s->received);
	uint64_t before_ns = s->at_ns;

	s->known = true;
	s->at_ns = now_ns;
	s->sent = sent;
	s->received = received;
	if (s->now)
		return true;
	if (came || again || !probe_track_wants_counters(t, now_ns)) {
		s->unanswered_ns = 0;
		s->samples = 0;
		return false;
	}
	if (went) {
		if (!s->samples++)
			s->unanswered_ns = before_ns;
	}
	if (s->samples < SUSPECT_SAMPLES ||
	    now_ns - s->unanswered_ns < (uint64_t)t->probe->suspect_after_ms * NS_PER_MS)
		return false;
	/* Quiet for long since the last one was disproved: traffic has changed. */
	if (s->pardon_until_ns && now_ns - s->pardon_until_ns >= PARDON_MAX_NS)
		s->pardon_ns = PARDON_MIN_NS;
	s->now = true;
	s->since_ns = now_ns;
	return true;
}

bool probe_track_suspicious(const struct probe_track *t)
{
	return t->suspicion.now;
}

uint32_t probe_track_interval_ms(const struct probe_track *t)
{
	const struct policy_probe *p = t->probe;
	bool failing = t->bad_in_row || t->verdict == PROBE_FAILING || t->rising;
	uint32_t ms = failing ? p->interval_failing_ms : p->interval_ms;

	if (t->suspicion.now && p->interval_suspect_ms < ms)
		ms = p->interval_suspect_ms;
	return ms;
}
