/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the core asks for, carried out; the outcome is its next event. */
#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/loop_state.h"
#include "daemon/notify.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

/* Lines of one report that are worth logging. */
#define REPORT_LINES_MAX 20
/* A detection that took less is no news. */
#define DETECT_MIN_US 1000
/* So many interrupted looks in a row are worth a line. */
#define INTERRUPTED_MAX 5

void loop_actions_fault(char **told, const char *what, const char *text)
{
	if (text && *told && !strcmp(*told, text))
		return;
	free(*told);
	*told = NULL;
	if (!text)
		return;
	log_err(what, "%s", text);
	*told = memory_strdup(text);
}

/* Somebody changed what was being read, as a load of ours does: normal, unless it goes on. */
static bool is_passing(struct loop *l, int r)
{
	if (r != -EAGAIN && r != -EINTR && r != -ERESTART)
		return false;
	return ++l->interrupted < INTERRUPTED_MAX;
}

static void fault(struct loop *l, const char *what, int r, const char *text)
{
	if (is_passing(l, r))
		log_debug(what, "%s", text);
	else
		loop_actions_fault(&l->last_error, what, text);
}

static void new_report(struct loop *l)
{
	apply_report_done(&l->report);
	apply_report_init(&l->report);
}

static const char *report_error(const struct loop *l, int r)
{
	return l->report.error ? l->report.error : strerror(-r);
}

/* A first apply and a reload change a lot; others repair, which somebody wants to know of. */
static bool is_repair(const struct loop *l)
{
	return l->ready && !l->reload.switched;
}

static void log_report(struct loop *l, const char *what, enum log_level level)
{
	const struct apply_report *r = &l->report;

	for (size_t i = 0; i < r->n_warnings; i++)
		log_debug(what, "%s", r->warnings[i]);
	for (size_t i = 0; i < r->n_lines && i < REPORT_LINES_MAX; i++)
		log_line(level, what, "%c %s", r->lines[i].mark, r->lines[i].text);
	if (r->n_lines > REPORT_LINES_MAX)
		log_line(level, what, "and %zu more", r->n_lines - REPORT_LINES_MAX);
}

/* ---- looking ---- */

static void observe(struct loop *l, struct core_event *ret)
{
	int r;

	arena_free(l->observed_arena);
	l->observed_arena = arena_new();
	l->observed = (struct netstate){ 0 };
	r = apply_observe(l->apply, l->observed_arena, &l->observed);
	if (r < 0) {
		fault(l, "observe", r, strerror(-r));
		*ret = (struct core_event){ .type = CORE_EVENT_OBSERVE_FAILED };
		return;
	}
	*ret = (struct core_event){ .type = CORE_EVENT_OBSERVED, .observed = &l->observed };
}

static void check(struct loop *l, struct core_event *ret)
{
	int r;

	*ret = (struct core_event){ .type = CORE_EVENT_CHECKED };
	/* half of it is another policy's just now, and the next core looks anew */
	if (loop_reload_loading(l))
		return;
	new_report(l);
	r = apply_tables(l->apply, loop_plan(l), APPLY_DRY_RUN, NULL, NULL, &l->report);
	loop_relax(l);
	if (r < 0) {
		fault(l, "check", r, report_error(l, r));
		ret->type = CORE_EVENT_CHECK_FAILED;
		return;
	}
	ret->differs = l->report.n_lines > 0;
}

/* ---- loading the tables ---- */

static void log_load(struct loop *l, const struct worker_load_report *report)
{
	_cleanup_(cleanup_freep) char *text = memory_strdup(report->text);
	char *save = NULL;

	if (!l->ready) {
		l->changes += report->n_lines;
		return;
	}
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		log_warn("repair", "%s", line);
}

static void load_ended(struct loop *l, enum core_event_type type)
{
	loop_event(l, &(struct core_event){ .type = type });
	nft_watch_resume(&l->nft);
	loop_relax(l);
	loop_reload_go_on(l);
}

static void on_loaded(void *data, const struct worker_load_report *report)
{
	struct loop *l = data;

	switch (report->state) {
	case WORKER_LOAD_PREPARED:
		loop_event(l, &(struct core_event){ .type = CORE_EVENT_LOAD_PREPARED });
		return;
	case WORKER_LOAD_DONE:
		loop_actions_fault(&l->load_error, NULL, NULL);
		log_load(l, report);
		load_ended(l, CORE_EVENT_LOADED);
		return;
	case WORKER_LOAD_BUSY:
		loop_actions_fault(&l->load_error, "apply", report->text);
		load_ended(l, CORE_EVENT_LOAD_BUSY);
		return;
	case WORKER_LOAD_FAILED:
		loop_actions_fault(&l->load_error, "apply", report->text);
		/* Anything else may pass; this does not. */
		if (!l->ready && report->error == -EPERM) {
			l->exit_status = 1;
			ev_break(l->ev, EVBREAK_ALL);
			return;
		}
		load_ended(l, CORE_EVENT_LOAD_FAILED);
		return;
	}
}

static void load(struct loop *l, struct core_event *ret)
{
	int r = -EBUSY;

	/* while it is pausing it would tell of every element */
	if (!loop_reload_loading(l)) {
		nft_watch_pause(&l->nft);
		r = worker_load(l->worker, loop_plan(l), on_loaded, l);
	}
	*ret = (struct core_event){ .type = CORE_EVENT_TIMER };
	if (r == -EBUSY) {
		ret->type = CORE_EVENT_LOAD_BUSY;
	} else if (r < 0) {
		nft_watch_resume(&l->nft);
		loop_actions_fault(&l->load_error, "apply", strerror(-r));
		ret->type = CORE_EVENT_LOAD_FAILED;
	}
}

/* ---- changing ---- */

static void applied(struct loop *l, int r, const char *what, struct core_event *ret)
{
	if (r < 0) {
		fault(l, what, r, report_error(l, r));
		*ret = (struct core_event){ .type = CORE_EVENT_APPLY_FAILED };
		return;
	}
	loop_actions_fault(&l->last_error, NULL, NULL);
	l->interrupted = 0;
	*ret = (struct core_event){ .type = CORE_EVENT_APPLIED, .made = &l->report.made };
}

static void apply_missing(struct loop *l, const struct core_actions *a, struct core_event *ret)
{
	new_report(l);
	applied(l, apply_net_missing(l->apply, &a->to->net, &l->report), "apply", ret);
	l->changes += l->report.n_lines;
}

static void apply_elements(struct loop *l, const struct core_actions *a, struct core_event *ret)
{
	int r;

	new_report(l);
	r = apply_state(l->apply, loop_plan(l), a->to, &l->report);
	applied(l, r, "apply", ret);
	loop_relax(l);
	l->changes += l->report.n_lines;
	if (r == 0 && is_repair(l))
		log_report(l, "repair", LOG_LEVEL_WARNING);
	else if (r == 0)
		log_report(l, "apply", LOG_LEVEL_DEBUG);
}

static void apply_change(struct loop *l, const struct core_actions *a, struct core_event *ret)
{
	uint64_t decided_us = (loop_now_ns() - l->event_ns) / 1000;
	unsigned long commit_ns = 0;
	int r;

	new_report(l);
	r = apply_desired(l->apply, loop_plan(l), a->from, a->to, &l->report, &commit_ns);
	applied(l, r, "switch", ret);
	if (r < 0)
		return;
	/* at the loss of a carrier, sign and decision are one */
	if (l->detect_us >= DETECT_MIN_US)
		log_info("switch",
			 "detected in %" PRIu64 " us, decided in %" PRIu64
			 " us, committed in %lu us",
			 l->detect_us, decided_us, commit_ns / 1000);
	else
		/* routes, flows that follow, a link that is better again: the lines above say it */
		log_debug("switch", "decided in %" PRIu64 " us, committed in %lu us", decided_us,
			  commit_ns / 1000);
	l->detect_us = 0;
}

static void delete_flows(struct loop *l, const struct core_actions *a, struct core_event *ret)
{
	int r;

	new_report(l);
	r = apply_delete_flows(l->apply, a->flows, a->n_flows, &l->report);
	if (r < 0)
		log_warn("flows", "%s", report_error(l, r));
	log_report(l, "flows", LOG_LEVEL_DEBUG);
	*ret = (struct core_event){ .type = CORE_EVENT_FLOWS_DELETED };
}

static void apply_kernel(struct loop *l, struct core_event *ret)
{
	int r;

	notify_stopping(l->notify);
	loop_reload_abort(l);
	worker_load_kill(l->worker);
	l->stopping = true;
	new_report(l);
	r = apply_plan(l->apply, loop_plan(l), 0, &l->report);
	applied(l, r, "stop", ret);
	if (r == 0)
		log_info("stop", "the kernel fails over by itself now, on carrier alone");
}

bool loop_actions_do(struct loop *l, const struct core_actions *a, struct core_event *ret)
{
	switch (a->act) {
	case CORE_DO_NOTHING:
		return false;
	case CORE_DO_OBSERVE:
		observe(l, ret);
		return true;
	case CORE_DO_CHECK:
		check(l, ret);
		return true;
	case CORE_DO_LOAD:
		load(l, ret);
		return true;
	case CORE_DO_APPLY_NET:
		apply_missing(l, a, ret);
		return true;
	case CORE_DO_LOAD_GO:
		worker_load_go(l->worker);
		*ret = (struct core_event){ .type = CORE_EVENT_TIMER };
		return true;
	case CORE_DO_APPLY_STATE:
		apply_elements(l, a, ret);
		return true;
	case CORE_DO_APPLY_DESIRED:
		apply_change(l, a, ret);
		return true;
	case CORE_DO_DELETE_FLOWS:
		delete_flows(l, a, ret);
		return true;
	case CORE_DO_APPLY_KERNEL:
		apply_kernel(l, ret);
		return true;
	case CORE_DO_EXIT:
		l->exit_status = a->exit_status;
		ev_break(l->ev, EVBREAK_ALL);
		return false;
	}
	return false;
}
