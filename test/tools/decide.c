/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * decide: the daemon's part, once and by hand: says where each target of a
 * loaded policy leaves now, and makes the kernel's state so.
 *
 *	decide POLICY [WORD...]
 *
 * TARGET=LINK: its new flows leave by LINK; TARGET=LINK,LINK: spread over these;
 * TARGET=none: its last resort. out=LINK: not in the groups' tables, though
 * its own table keeps its route. moving=LINK, moved=LINK: what becomes of flows on
 * it. forget4=LINK, forget6=LINK: afterwards its translated flows are deleted. Unsaid: the first
 * usable link of a target, all of a balanced one; flows of usable links stay.
 */
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "io/apply.h"
#include "io/policy_load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct arena *arena;
static struct plan *plan;
static struct link_view *views;
static struct desired_link (*links)[INET_FAMILY_COUNT];
static struct desired_choice (*choices)[INET_FAMILY_COUNT];
static enum desired_flows (**flows)[INET_FAMILY_COUNT];
static struct netstate_flows *forgotten;
static size_t n_forgotten, cap_forgotten;

static void die(const char *what, const char *why)
{
	fprintf(stderr, "decide: %s: %s\n", what, why ? why : "?");
	exit(1);
}

static void compile(const char *path)
{
	struct policy *policy;
	struct diag_list faults;

	diag_init(&faults, arena);
	if (policy_load(path, arena, &policy, &faults) ||
	    plan_compile(policy, arena, &plan, &faults))
		die(path, "is refused");
}

static size_t link_of(const char *name)
{
	for (size_t i = 0; i < plan->n_links; i++)
		if (!strcmp(plan->links[i].name, name))
			return i;
	die(name, "no such link");
	return 0;
}

static size_t target_of(const char *name)
{
	for (size_t i = 0; i < plan->n_targets; i++)
		if (!strcmp(plan->targets[i].name, name))
			return i;
	die(name, "no such target");
	return 0;
}

static size_t candidate_of(const struct plan_target *t, size_t link)
{
	for (size_t i = 0; i < t->n_candidates; i++)
		if (t->candidates[i].link == link)
			return i;
	die(t->name, "that link is none of its candidates");
	return 0;
}

/* ---- words -------------------------------------------------------------- */

static void choose(const char *target, char *names)
{
	size_t at = target_of(target);
	const struct plan_target *t = &plan->targets[at];
	bool *takes_part = arena_calloc(arena, t->n_candidates + 1, sizeof(*takes_part));
	struct desired_choice c = { .kind = DESIRED_CHOICE_LAST, .takes_part = takes_part };

	for (char *name = strtok(names, ","); name; name = strtok(NULL, ",")) {
		if (!strcmp(name, "none"))
			break;
		c.kind =
			c.kind == DESIRED_CHOICE_LAST ? DESIRED_CHOICE_LINK : DESIRED_CHOICE_SPREAD;
		c.candidate = candidate_of(t, link_of(name));
		takes_part[c.candidate] = true;
	}
	choices[at][INET4] = choices[at][INET6] = c;
}

static void flows_on(size_t link, enum desired_flows what)
{
	for (size_t i = 0; i < plan->n_targets; i++)
		for (size_t c = 0; c < plan->targets[i].n_candidates; c++)
			if (plan->targets[i].candidates[c].link == link)
				flows[i][c][INET4] = flows[i][c][INET6] = what;
}

static void forget(size_t link, enum inet_family f)
{
	for (size_t i = 0; i < plan->n_targets; i++)
		for (size_t c = 0; c < plan->targets[i].n_candidates; c++) {
			const struct plan_candidate *cand = &plan->targets[i].candidates[c];

			if (cand->link != link)
				continue;
			*ARENA_PUSH(arena, forgotten, n_forgotten, cap_forgotten) =
				(struct netstate_flows){ .family = f,
							 .mark = cand->mark,
							 .mask = plan->mark_mask };
		}
}

static void take_word(char *word)
{
	char *value = strchr(word, '=');

	if (!value)
		die(word, "no =");
	*value++ = '\0';
	if (!strcmp(word, "out"))
		links[link_of(value)][INET4].offered = links[link_of(value)][INET6].offered = false;
	else if (!strcmp(word, "moving"))
		flows_on(link_of(value), DESIRED_FLOWS_MOVING);
	else if (!strcmp(word, "moved"))
		flows_on(link_of(value), DESIRED_FLOWS_MOVED);
	else if (!strcmp(word, "forget4"))
		forget(link_of(value), INET4);
	else if (!strcmp(word, "forget6"))
		forget(link_of(value), INET6);
	else
		choose(word, value);
}

/* ---- unsaid -------------------------------------------------------------- */

static bool usable(const struct plan_candidate *c, enum inet_family f)
{
	return link_view_usable(&views[c->link], f) == LINK_OK;
}

static struct desired_choice default_choice(const struct plan_target *t, enum inet_family f)
{
	bool *takes_part = arena_calloc(arena, t->n_candidates + 1, sizeof(*takes_part));
	size_t n = 0;

	for (size_t i = 0; i < t->n_candidates; i++) {
		takes_part[i] = t->candidates[i].tier == 0 && usable(&t->candidates[i], f);
		n += takes_part[i];
	}
	if (t->mode == POLICY_GROUP_BALANCE && n > 1)
		return (struct desired_choice){ .kind = DESIRED_CHOICE_SPREAD,
						.takes_part = takes_part };
	for (size_t i = 0; i < t->n_candidates; i++)
		if (usable(&t->candidates[i], f))
			return (struct desired_choice){ .kind = DESIRED_CHOICE_LINK,
							.candidate = i };
	return (struct desired_choice){ .kind = DESIRED_CHOICE_LAST };
}

static void judge(const struct netstate *observed)
{
	views = arena_calloc(arena, plan->n_links, sizeof(*views));
	links = arena_calloc(arena, plan->n_links, sizeof(*links));
	choices = arena_calloc(arena, plan->n_targets, sizeof(*choices));
	flows = arena_calloc(arena, plan->n_targets, sizeof(*flows));
	link_view_build(plan, observed, views);
	for (size_t i = 0; i < plan->n_links; i++)
		for (enum inet_family f = INET4; f <= INET6; f++) {
			links[i][f].routed = link_view_routable(&views[i], f);
			links[i][f].offered = link_view_usable(&views[i], f) == LINK_OK;
		}
	for (size_t i = 0; i < plan->n_targets; i++) {
		const struct plan_target *t = &plan->targets[i];

		flows[i] = arena_calloc(arena, t->n_candidates + 1, sizeof(*flows[i]));
		for (enum inet_family f = INET4; f <= INET6; f++) {
			choices[i][f] = default_choice(t, f);
			for (size_t c = 0; c < t->n_candidates; c++)
				flows[i][c][f] = usable(&t->candidates[c], f) ? DESIRED_FLOWS_STAY
									      : DESIRED_FLOWS_MOVED;
		}
	}
}

int main(int argc, char **argv)
{
	_cleanup_(apply_closep) struct apply *ap = NULL;
	struct apply_report report;
	struct desired_inputs in;
	struct netstate observed;
	struct desired to;

	if (argc < 2)
		die("POLICY", "is missing");
	arena = arena_new();
	apply_report_init(&report);
	compile(argv[1]);
	if (apply_open(&ap) < 0 || apply_observe(ap, arena, &observed) < 0)
		die("kernel", "cannot be asked");
	judge(&observed);
	for (int i = 2; i < argc; i++)
		take_word(argv[i]);
	in = (struct desired_inputs){ .views = views,
				      .links = (const void *)links,
				      .choices = (const void *)choices,
				      .flows = (const void *)flows };
	desired_build(plan, &in, DESIRED_DAEMON, arena, &to);
	if (apply_state(ap, plan, &to, &report) < 0 ||
	    apply_delete_flows(ap, forgotten, n_forgotten, &report) < 0)
		die("apply", report.error);
	apply_report_done(&report);
	arena = arena_free(arena);
	return 0;
}
