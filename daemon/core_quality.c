/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core_quality.h"

#include "daemon/core_health.h"

#define MS 1000000ull

/* What counts as one unit of cost where the SLA does not say. */
#define YARDSTICK_RTT_MS    100.0
#define YARDSTICK_JITTER_MS 100.0
#define YARDSTICK_LOSS	    10.0
/* A millisecond less is no reason to move anything, however small both are. */
#define COST_FLOOR 0.01

struct contest {
	struct core *c;
	const struct plan_group_table *table;
	const struct policy_group *policy;
	struct core_member *members;
	enum inet_family family;
	uint64_t now_ns;
};

static struct contest contest_of(struct core *c, size_t group, enum inet_family f, uint64_t now_ns)
{
	return (struct contest){ c,
				 &c->plan->group_tables[group],
				 &c->plan->policy->groups[group],
				 c->groups[group].family[f].members,
				 f,
				 now_ns };
}

static const struct probe_stats *stats_of(const struct contest *q, size_t member)
{
	return &core_health_of(q->c, q->table->members[member].link, q->family)->stats;
}

static bool is_usable(const struct contest *q, size_t member)
{
	return core_health_use(q->c, q->table->members[member].link, q->family) == LINK_USE_YES;
}

static bool is_measured(const struct contest *q, size_t member)
{
	const struct probe_stats *s = stats_of(q, member);

	return s->rounds && s->rtt_ms >= 0;
}

/* As probe_track judges limits: two rounds make no jitter that one could move for. */
static bool is_half_a_window(const struct contest *q, size_t member)
{
	int probe = q->c->plan->links[q->table->members[member].link].probe;

	return probe >= 0 &&
	       stats_of(q, member)->rounds * 2 >= q->c->plan->policy->probes[probe].window;
}

/*
 * Without one round: over a window of 20 one lost answer is 5 %, and two equal
 * links that lose one in a hundred would change places for ever.
 */
static double loss_of(const struct probe_stats *s)
{
	double one = s->rounds ? 100.0 / s->rounds : 0;

	return s->loss_percent > one ? s->loss_percent - one : 0;
}

static bool is_outside(const struct contest *q, size_t member)
{
	const struct probe_stats *s = stats_of(q, member);
	const struct policy_group *g = q->policy;

	if (!g->has_sla || !is_half_a_window(q, member))
		return false;
	return (g->sla_loss_percent >= 0 && loss_of(s) > g->sla_loss_percent) ||
	       (g->sla_rtt_ms && s->rtt_ms > g->sla_rtt_ms) ||
	       (g->sla_jitter_ms && s->jitter_ms > g->sla_jitter_ms);
}

static double part(double value, double sla, double yardstick)
{
	return value > 0 ? value / (sla > 0 ? sla : yardstick) : 0;
}

static double cost_of(const struct contest *q, size_t member)
{
	const struct probe_stats *s = stats_of(q, member);
	const struct policy_group *g = q->policy;

	return part(s->rtt_ms, g->has_sla ? g->sla_rtt_ms : 0, YARDSTICK_RTT_MS) +
	       part(s->jitter_ms, g->has_sla ? g->sla_jitter_ms : 0, YARDSTICK_JITTER_MS) +
	       part(loss_of(s), g->has_sla ? g->sla_loss_percent : 0, YARDSTICK_LOSS);
}

static void note_outside(const struct contest *q)
{
	for (size_t i = 0; i < q->table->n_members; i++)
		if (is_outside(q, i))
			q->members[i].outside_ns = q->now_ns;
}

/* Within the SLA, and not only for a moment. */
static bool is_trusted(const struct contest *q, size_t member)
{
	uint64_t outside_ns = q->members[member].outside_ns;

	return !is_outside(q, member) &&
	       (!outside_ns || q->now_ns >= outside_ns + q->policy->better_for_ms * MS);
}

static bool is_better(const struct contest *q, size_t member, size_t present)
{
	double cost, bound;

	if (member == present || !is_usable(q, member) || !is_measured(q, member) ||
	    !is_measured(q, present))
		return false;
	if (is_outside(q, member) && !is_outside(q, present))
		return false;
	cost = cost_of(q, member);
	bound = cost_of(q, present);
	return cost <= bound * (100.0 - q->policy->better_by_percent) / 100.0 &&
	       cost + COST_FLOOR <= bound;
}

static int cheaper(const struct contest *q, int best, size_t member)
{
	return best < 0 || cost_of(q, member) < cost_of(q, (size_t)best) ? (int)member : best;
}

static void look_for_shelter(const struct contest *q, size_t present, struct core_quality_pick *ret)
{
	if (!is_outside(q, present))
		return;
	for (size_t i = 0; i < q->table->n_members; i++)
		if (i != present && is_usable(q, i) && is_trusted(q, i) && is_measured(q, i))
			ret->member = cheaper(q, ret->member, i);
	ret->at_once = ret->member >= 0;
}

static void look_for_better(const struct contest *q, size_t present, struct core_quality_pick *ret)
{
	for (size_t i = 0; i < q->table->n_members; i++) {
		struct core_member *m = &q->members[i];
		uint64_t due_ns;

		if (!is_better(q, i, present)) {
			m->better_since_ns = 0;
			continue;
		}
		if (!m->better_since_ns)
			m->better_since_ns = q->now_ns;
		due_ns = m->better_since_ns + q->policy->better_for_ms * MS;
		if (q->now_ns >= due_ns) {
			ret->member = cheaper(q, ret->member, i);
		} else if (ret->next < 0 || due_ns < ret->next_ns) {
			ret->next = (int)i;
			ret->next_ns = due_ns;
		}
	}
}

void core_quality_compare(struct core *c, size_t group, enum inet_family f, size_t now_member,
			  uint64_t now_ns, struct core_quality_pick *ret)
{
	struct contest q = contest_of(c, group, f, now_ns);

	*ret = (struct core_quality_pick){ .member = -1, .next = -1 };
	note_outside(&q);
	look_for_shelter(&q, now_member, ret);
	if (ret->member < 0)
		look_for_better(&q, now_member, ret);
}

/* Measured and within before not measured, that before outside; then the cheapest, then the first. */
static int rank(const struct contest *q, size_t member)
{
	if (is_outside(q, member))
		return 2;
	return is_measured(q, member) ? 0 : 1;
}

int core_quality_first(struct core *c, size_t group, enum inet_family f, uint64_t now_ns)
{
	struct contest q = contest_of(c, group, f, now_ns);
	int best = -1;

	note_outside(&q);
	for (size_t i = 0; i < q.table->n_members; i++) {
		if (!is_usable(&q, i))
			continue;
		if (best < 0 || rank(&q, i) < rank(&q, (size_t)best) ||
		    (rank(&q, i) == rank(&q, (size_t)best) && rank(&q, i) != 1 &&
		     cost_of(&q, i) < cost_of(&q, (size_t)best)))
			best = (int)i;
	}
	return best;
}
