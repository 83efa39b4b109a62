/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/loop.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/carrier_poll.h"
#include "daemon/control.h"
#include "daemon/core.h"
#include "daemon/nft_watch.h"
#include "daemon/rtnl_watch.h"
#include "io/apply.h"

#include <errno.h>
#include <ev.h>
#include <inttypes.h>
#include <signal.h>
#include <string.h>
#include <time.h>

/* Lines of one report that are worth logging; a first apply has hundreds. */
#define REPORT_LINES_MAX 20

struct loop {
	const struct loop_config *config;
	struct ev_loop *ev;
	struct core *core;
	struct apply *apply;
	bool applied_once, not_permitted;
	char *last_error; /* told already; NULL: all is well */
	int exit_status;

	/* what the event on its way to the core points to */
	struct arena *observed_arena;
	struct netstate observed;
	struct apply_report report;

	ev_timer wake;
	uint64_t wake_ns; /* when it was last armed for */
	ev_signal sigterm, sigint, sighup;
	struct rtnl_watch rtnl;
	struct nft_watch nft;
	struct carrier_poll poll;
	struct control control;
};

uint64_t loop_now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

struct ev_loop *loop_ev(struct loop *l)
{
	return l->ev;
}

const struct core *loop_core(const struct loop *l)
{
	return l->core;
}

const struct loop_config *loop_config(const struct loop *l)
{
	return l->config;
}

/* ---- actions ---- */

/* A fault that lasts is told once, though it is tried again and again. */
static void log_failure(struct loop *l, const char *what, const char *text)
{
	if (l->last_error && !strcmp(l->last_error, text))
		return;
	log_err(what, "%s", text);
	free(l->last_error);
	l->last_error = memory_strdup(text);
}

static void observe(struct loop *l, struct core_event *ret)
{
	int r;

	arena_free(l->observed_arena);
	l->observed_arena = arena_new();
	l->observed = (struct netstate){ 0 };
	r = apply_observe(l->apply, l->observed_arena, &l->observed);
	if (r < 0) {
		log_failure(l, "observe", strerror(-r));
		*ret = (struct core_event){ .type = CORE_EVENT_OBSERVE_FAILED };
		return;
	}
	*ret = (struct core_event){ .type = CORE_EVENT_OBSERVED, .observed = &l->observed };
}

/* The first apply may change a lot; later ones repair, which somebody wants to know of. */
static void log_report(struct loop *l, const char *what)
{
	const struct apply_report *r = &l->report;
	enum log_level level = l->applied_once ? LOG_LEVEL_WARNING : LOG_LEVEL_DEBUG;

	for (size_t i = 0; i < r->n_warnings; i++)
		log_debug(what, "%s", r->warnings[i]);
	for (size_t i = 0; i < r->n_lines && i < REPORT_LINES_MAX; i++)
		log_line(level, what, "%c %s", r->lines[i].mark, r->lines[i].text);
	if (r->n_lines > REPORT_LINES_MAX)
		log_line(level, what, "and %zu more", r->n_lines - REPORT_LINES_MAX);
}

static void applied(struct loop *l, int r, const char *what, struct core_event *ret)
{
	if (r < 0) {
		log_failure(l, what, l->report.error ? l->report.error : strerror(-r));
		l->not_permitted = r == -EPERM;
		*ret = (struct core_event){ .type = l->report.busy ? CORE_EVENT_APPLY_BUSY
								   : CORE_EVENT_APPLY_FAILED };
		return;
	}
	cleanup_freep(&l->last_error);
	l->last_error = NULL;
	*ret = (struct core_event){ .type = CORE_EVENT_APPLIED, .made = &l->report.made };
}

static void new_report(struct loop *l)
{
	apply_report_done(&l->report);
	apply_report_init(&l->report);
}

static void apply_everything(struct loop *l, struct core_event *ret)
{
	uint64_t start = loop_now_ns();
	int r;

	new_report(l);
	r = apply_plan(l->apply, l->config->plan, DESIRED_DAEMON, 0, &l->report);
	applied(l, r, "apply", ret);
	if (r < 0)
		return;
	log_report(l, l->applied_once ? "repair" : "apply");
	if (!l->applied_once)
		log_info("apply", "the policy is in force: %zu changes in %" PRIu64 " ms",
			 l->report.n_lines, (loop_now_ns() - start) / 1000000);
	l->applied_once = true;
}

static void apply_change(struct loop *l, const struct core_actions *a, struct core_event *ret)
{
	unsigned long commit_ns = 0;
	int r;

	new_report(l);
	r = apply_desired(l->apply, l->config->plan, a->from, a->to, &l->report, &commit_ns);
	applied(l, r, "switch", ret);
	if (r == 0)
		log_info("switch", "committed in %lu us", commit_ns / 1000);
}

static void apply_kernel(struct loop *l, struct core_event *ret)
{
	int r;

	new_report(l);
	r = apply_plan(l->apply, l->config->plan, DESIRED_KERNEL, 0, &l->report);
	applied(l, r, "stop", ret);
	if (r == 0)
		log_info("stop", "the kernel fails over by itself now, on carrier alone");
}

/* False: there is nothing to tell the core. */
static bool act(struct loop *l, const struct core_actions *a, struct core_event *ret)
{
	switch (a->act) {
	case CORE_DO_NOTHING:
		return false;
	case CORE_DO_OBSERVE:
		observe(l, ret);
		return true;
	case CORE_DO_APPLY_PLAN:
		apply_everything(l, ret);
		return true;
	case CORE_DO_APPLY_DESIRED:
		apply_change(l, a, ret);
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

static void arm(struct loop *l, uint64_t wake_ns)
{
	uint64_t now_ns;

	/* most events, polls above all, change nothing */
	if (wake_ns == l->wake_ns && ev_is_active(&l->wake))
		return;
	l->wake_ns = wake_ns;
	ev_timer_stop(l->ev, &l->wake);
	if (!wake_ns)
		return;
	now_ns = loop_now_ns();
	ev_now_update(l->ev);
	ev_timer_set(&l->wake, wake_ns > now_ns ? (double)(wake_ns - now_ns) / 1e9 : 0.0, 0.0);
	ev_timer_start(l->ev, &l->wake);
}

void loop_event(struct loop *l, const struct core_event *event)
{
	struct core_event next = *event;
	struct core_actions actions;
	bool more = true;

	while (more) {
		if (core_step(l->core, &next, loop_now_ns(), &actions) < 0)
			log_err("core", "an answer that was not asked for (event %d)", next.type);
		for (size_t i = 0; i < actions.n_lines; i++)
			log_line(actions.lines[i].warning ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO,
				 actions.lines[i].token, "%s", actions.lines[i].text);
		more = act(l, &actions, &next);
	}
	arm(l, actions.wake_ns);
}

/* ---- watchers ---- */

static void on_wake(struct ev_loop *ev, ev_timer *w, int revents)
{
	loop_event(container_of(w, struct loop, wake),
		   &(struct core_event){ .type = CORE_EVENT_TIMER });
}

static void on_sigterm(struct ev_loop *ev, ev_signal *w, int revents)
{
	loop_event(w->data, &(struct core_event){ .type = CORE_EVENT_STOP });
}

static void on_sighup(struct ev_loop *ev, ev_signal *w, int revents)
{
	log_warn("reload", "this version cannot reload its policy: restart it");
}

static void start_signals(struct loop *l)
{
	signal(SIGPIPE, SIG_IGN); /* nobody reads the log any more: no reason to die */
	ev_timer_init(&l->wake, on_wake, 0.0, 0.0);
	ev_signal_init(&l->sigterm, on_sigterm, SIGTERM);
	ev_signal_init(&l->sigint, on_sigterm, SIGINT);
	ev_signal_init(&l->sighup, on_sighup, SIGHUP);
	l->sigterm.data = l->sigint.data = l;
	ev_signal_start(l->ev, &l->sigterm);
	ev_signal_start(l->ev, &l->sigint);
	ev_signal_start(l->ev, &l->sighup);
}

static int failed(const char *what, int r)
{
	log_err("start", "%s: %s", what, strerror(-r));
	return r;
}

static int start_control(struct loop *l)
{
	const struct loop_config *config = l->config;
	int r = control_start(&l->control, l, config->socket_path);

	if (r == 0)
		return 0;
	if (config->socket_required)
		return failed(config->socket_path, r);
	log_warn("start", "no control socket at %s: %s", config->socket_path, strerror(-r));
	return 0;
}

/* Links are watched before they are first looked at, so that nothing falls between. */
static int start_before_apply(struct loop *l)
{
	int r;

	start_signals(l);
	r = start_control(l);
	if (r < 0)
		return r;
	r = apply_open(&l->apply);
	if (r < 0)
		return failed("netlink", r);
	r = rtnl_watch_start(&l->rtnl, l);
	if (r < 0)
		return failed("rtnetlink events", r);
	return 0;
}

/* The ruleset is watched after it is loaded: that tells of every element. Then compared again. */
static int start_after_apply(struct loop *l)
{
	const struct plan *plan = l->config->plan;
	int r = nft_watch_start(&l->nft, l, plan, apply_nft_portid(l->apply));

	if (r < 0)
		return failed("nf_tables events", r);
	r = carrier_poll_start(&l->poll, l, plan);
	if (r < 0)
		return failed("carrier polling", r);
	loop_event(l, &(struct core_event){ .type = CORE_EVENT_RULESET });
	return 0;
}

static struct loop *loop_new(const struct loop_config *config)
{
	struct loop *l = memory_alloc(sizeof(*l));

	l->config = config;
	l->poll.fd = -1;
	l->ev = ev_default_loop(EVFLAG_AUTO);
	l->core = core_new(config->plan);
	apply_report_init(&l->report);
	return l;
}

static void loop_free(struct loop *l)
{
	carrier_poll_stop(&l->poll);
	nft_watch_stop(&l->nft);
	rtnl_watch_stop(&l->rtnl);
	control_stop(&l->control);
	apply_close(l->apply);
	apply_report_done(&l->report);
	arena_free(l->observed_arena);
	core_free(l->core);
	free(l->last_error);
	free(l);
}

int loop_run(const struct loop_config *config)
{
	struct loop *l = loop_new(config);
	int status = 1;

	if (l->ev && start_before_apply(l) == 0) {
		loop_event(l, &(struct core_event){ .type = CORE_EVENT_START });
		/* Anything else may pass (a device to come); this does not. */
		if (!l->not_permitted && start_after_apply(l) == 0) {
			ev_run(l->ev, 0);
			status = l->exit_status;
		}
	}
	loop_free(l);
	return status;
}
