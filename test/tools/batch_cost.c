/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * batch_cost LINKS GROUPS: what a failover computes before it sends: LINKS links,
 * each in each of GROUPS groups, and the first dies. Medians in microseconds.
 */
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "model/desired.h"
#include "model/policy_read.h"
#include "netlink/nft_state.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define ROUNDS	  41
#define BATCH_MAX (8u << 20)
#define NOBODY	  SIZE_MAX

struct world {
	struct arena *arena;
	struct plan *plan;
	struct link_view *views;
	struct desired_link (*links)[INET_FAMILY_COUNT];
	struct desired_choice (*choices)[INET_FAMILY_COUNT];
	enum desired_flows (**flows)[INET_FAMILY_COUNT];
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *v)
{
	qsort(v, ROUNDS, sizeof(*v), compare);
	return v[ROUNDS / 2];
}

/* A mask of 32 bits: there are more pairs than the default numbers have room for. */
static void policy_text(int n_links, int n_groups, struct strbuf *b)
{
	strbuf_add(b, "{\"version\":1,\"mark_mask\":\"0xffffffff\",\"links\":{");
	for (int i = 0; i < n_links; i++)
		strbuf_addf(b, "%s\"l%d\":{\"device\":\"d%d\"}", i ? "," : "", i, i);
	strbuf_add(b, "},\"groups\":{");
	for (int g = 0; g < n_groups; g++) {
		strbuf_addf(b, "%s\"g%d\":{\"links\":[", g ? "," : "", g);
		for (int i = 0; i < n_links; i++)
			strbuf_addf(b, "%s\"l%d\"", i ? "," : "", (i + g) % n_links);
		strbuf_add(b, "]}");
	}
	strbuf_add(b, "},\"rules\":[]}");
}

static void compile(struct world *w, int n_links, int n_groups)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL, said = STRBUF_NULL;
	struct diag_source source = { .name = "p" };
	struct diag_list faults;
	struct policy *policy;

	policy_text(n_links, n_groups, &text);
	source.text = strbuf_text(&text);
	source.len = text.len;
	diag_init(&faults, w->arena);
	if (policy_read(&source, NULL, w->arena, &policy, &faults) ||
	    plan_compile(policy, w->arena, &w->plan, &faults)) {
		diag_print(&faults, &said, false);
		fputs(strbuf_text(&said), stderr);
		exit(1);
	}
	w->views = arena_calloc(w->arena, w->plan->n_links, sizeof(*w->views));
	w->links = arena_calloc(w->arena, w->plan->n_links, sizeof(*w->links));
	w->choices = arena_calloc(w->arena, w->plan->n_targets, sizeof(*w->choices));
	w->flows = arena_calloc(w->arena, w->plan->n_targets, sizeof(*w->flows));
	for (size_t t = 0; t < w->plan->n_targets; t++)
		w->flows[t] = arena_calloc(w->arena, w->plan->targets[t].n_candidates + 1,
					   sizeof(*w->flows[t]));
}

static void judge_target(struct world *w, size_t target, enum inet_family f, size_t dead)
{
	const struct plan_target *t = &w->plan->targets[target];
	struct desired_choice *c = &w->choices[target][f];

	*c = (struct desired_choice){ .kind = DESIRED_CHOICE_LAST };
	for (size_t i = t->n_candidates; i-- > 0;) {
		bool up = t->candidates[i].link != dead;

		w->flows[target][i][f] = up ? DESIRED_FLOWS_STAY : DESIRED_FLOWS_MOVING;
		if (up)
			*c = (struct desired_choice){ .kind = DESIRED_CHOICE_LINK, .candidate = i };
	}
}

static void judge(struct world *w, size_t dead)
{
	for (enum inet_family f = INET4; f <= INET6; f++) {
		for (size_t i = 0; i < w->plan->n_links; i++) {
			struct link_view *v = &w->views[i];
			bool up = i != dead;

			v->ifindex = 5 + (int)i;
			v->admin_up = true;
			v->carrier = up;
			v->family[f].has_addr = v->family[f].has_gateway = true;
			w->links[i][f] = (struct desired_link){ up, up, up };
		}
		for (size_t t = 0; t < w->plan->n_targets; t++)
			judge_target(w, t, f, dead);
	}
}

static void build(const struct world *w, struct arena *a, struct desired *ret)
{
	const struct desired_inputs in = {
		.views = w->views,
		.links = (const void *)w->links,
		.choices = (const void *)w->choices,
		.flows = (const void *)w->flows,
	};

	desired_build(w->plan, &in, DESIRED_DAEMON, a, ret);
}

static size_t encode(const struct plan *p, const struct desired *from, const struct desired *to,
		     void *buf)
{
	const struct nft_state_change changes[] = {
		{ p->egress, from->egress, to->egress, from->n_egress, to->n_egress },
		{ p->alive, from->alive, to->alive, from->n_alive, to->n_alive },
	};
	uint32_t ack_seq;
	ssize_t len = nft_state_encode(changes, ARRAY_SIZE(changes), 1, buf, BATCH_MAX, &ack_seq);

	if (len <= 0)
		exit(1);
	return (size_t)len;
}

int main(int argc, char **argv)
{
	double wanted_us[ROUNDS], routes_us[ROUNDS], batch_us[ROUNDS];
	struct world w = { .arena = arena_new() };
	void *buf = malloc(BATCH_MAX);
	struct desired from, to;
	size_t len = 0;

	if (argc != 3 || !buf)
		return 2;
	compile(&w, atoi(argv[1]), atoi(argv[2]));
	judge(&w, NOBODY);
	build(&w, w.arena, &from);
	judge(&w, 0);
	for (int i = 0; i < ROUNDS; i++) {
		struct arena *a = arena_new();
		struct netstate_diff net;
		double start = now_us(), built, compared;

		build(&w, a, &to);
		built = now_us();
		netstate_diff_build(&from.net, &to.net, a, &net);
		compared = now_us();
		len = encode(w.plan, &from, &to, buf);
		wanted_us[i] = built - start;
		routes_us[i] = compared - built;
		batch_us[i] = now_us() - compared;
		if (i + 1 == ROUNDS)
			printf("%s links, %s groups, %zu elements, %zu routes, %zu rules: ",
			       argv[1], argv[2], to.n_egress + to.n_alive, to.net.n_routes,
			       to.net.n_rules);
		arena_free(a);
	}
	printf("wanted state %.0f us, routes that differ %.0f us, batch of %zu bytes %.0f us\n",
	       median(wanted_us), median(routes_us), len, median(batch_us));
	free(buf);
	arena_free(w.arena);
	return 0;
}
