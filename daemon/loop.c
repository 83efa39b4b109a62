/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/loop.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "daemon/hooks.h"
#include "daemon/loop_state.h"
#include "daemon/loop_status.h"
#include "daemon/notify.h"
#include "daemon/prober.h"

#include <errno.h>
#include <inttypes.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <time.h>

/* Memory is given back when nothing has used much of it for so long. */
#define RELAX_S 2.0

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

const struct plan *loop_plan(const struct loop *l)
{
	return plan_region_plan(l->region);
}

struct prober *loop_prober(const struct loop *l)
{
	return l->prober;
}

const struct loop_config *loop_config(const struct loop *l)
{
	return l->config;
}

void loop_relax(struct loop *l)
{
	ev_timer_again(l->ev, &l->relax);
}

static void on_relax(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct loop *l = container_of(w, struct loop, relax);

	ev_timer_stop(ev, w);
	plan_region_relax(l->region);
	malloc_trim(0);
}

/* ---- events ---- */

/* What the core says goes to the log, to hooks and to whoever watches. */
static void loop_tell(struct loop *l, const struct core_line *line)
{
	log_line(line->warning ? LOG_LEVEL_WARNING : LOG_LEVEL_INFO, line->token, "%s", line->text);
	if (line->detect_us > l->detect_us)
		l->detect_us = line->detect_us;
	hooks_event(l->hooks, line);
	control_tell(&l->control, line);
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

/* The kernel has it all for the first time. */
static void begin_service(struct loop *l)
{
	l->ready = true;
	log_info("apply", "the policy is in force: %zu changes in %" PRIu64 " ms", l->changes,
		 (loop_now_ns() - l->begin_ns) / 1000000);
	notify_ready(l->notify);
}

/* Links, choices or their reasons may have changed. */
static void links_changed(struct loop *l)
{
	_cleanup_(cleanup_freep) char *text = loop_status_text(l->core, loop_now_ns());

	l->links_generation = core_links_generation(l->core);
	notify_status(l->notify, text);
	prober_sync(l->prober, l->core);
}

void loop_event(struct loop *l, const struct core_event *event)
{
	struct core_event next = *event;
	struct core_actions actions;
	bool more = true;

	if (!l->core)
		return;
	l->event_ns = loop_now_ns();
	l->detect_us = 0;
	while (more) {
		if (core_step(l->core, &next, loop_now_ns(), &actions) < 0)
			log_err("core", "an answer that was not asked for (event %d)", next.type);
		for (size_t i = 0; i < actions.n_lines; i++)
			loop_tell(l, &actions.lines[i]);
		more = loop_actions_do(l, &actions, &next);
	}
	arm(l, actions.wake_ns);
	if (!l->ready && core_in_sync(l->core) && !core_loading(l->core) && !l->stopping)
		begin_service(l);
	if (l->links_generation != core_links_generation(l->core) && !l->stopping)
		links_changed(l);
	log_flush();
}

/* ---- watchers ---- */

static void on_wake(struct ev_loop *ev, ev_timer *w, int revents)
{
	loop_event(container_of(w, struct loop, wake),
		   &(struct core_event){ .type = CORE_EVENT_TIMER });
}

static void on_sigterm(struct ev_loop *ev, ev_signal *w, int revents)
{
	struct loop *l = w->data;

	if (l->core) {
		loop_event(l, &(struct core_event){ .type = CORE_EVENT_STOP });
		return;
	}
	/* still reading its policy: nothing has been done */
	l->exit_status = 0;
	ev_break(ev, EVBREAK_ALL);
}

static void on_sighup(struct ev_loop *ev, ev_signal *w, int revents)
{
	loop_reload(w->data, NULL, NULL);
}

static void start_signals(struct loop *l)
{
	signal(SIGPIPE, SIG_IGN); /* nobody reads the log any more: no reason to die */
	ev_signal_init(&l->sigterm, on_sigterm, SIGTERM);
	ev_signal_init(&l->sigint, on_sigterm, SIGINT);
	ev_signal_init(&l->sighup, on_sighup, SIGHUP);
	l->sigterm.data = l->sigint.data = l->sighup.data = l;
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
	int r = control_start(&l->control, l, config->socket_path, config->socket_group);

	if (r == 0)
		return 0;
	/* a daemon is there already: two would undo each other's work */
	if (config->socket_required || r == -EADDRINUSE)
		return failed(config->socket_path, r);
	log_warn("start", "no control socket at %s: %s", config->socket_path, strerror(-r));
	return 0;
}

/* Links are watched before they are first looked at, so that nothing falls between. */
static int start_watchers(struct loop *l)
{
	int r = start_control(l);

	if (r < 0)
		return r;
	r = apply_open(&l->apply);
	if (r < 0)
		return failed("netlink", r);
	r = rtnl_watch_start(&l->rtnl, l, &l->poll);
	if (r < 0)
		return failed("rtnetlink events", r);
	nft_watch_init(&l->nft, l, apply_nft_portid(l->apply));
	r = carrier_poll_start(&l->poll, l);
	if (r < 0)
		return failed("carrier polling", r);
	l->hooks = hooks_new(l, l->config->hooks_path);
	l->prober = prober_new(l, loop_plan(l));
	return 0;
}

/* ---- beginning and end ---- */

static void on_first_compiled(void *data, struct plan_region *region, int status, const char *text)
{
	struct loop *l = data;

	fprintf(stderr, "%s%s", status == 1 ? "omr-nftd: " : "", text);
	if (!region) {
		l->exit_status = status;
		ev_break(l->ev, EVBREAK_ALL);
		return;
	}
	l->region = region;
	if (start_watchers(l) < 0) {
		ev_break(l->ev, EVBREAK_ALL);
		return;
	}
	l->exit_status = 0;
	l->core = core_new(loop_plan(l));
	loop_relax(l);
	loop_event(l, &(struct core_event){ .type = CORE_EVENT_START });
	/* asked for while it began */
	loop_reload_go_on(l);
}

static struct loop *loop_new(const struct loop_config *config)
{
	struct loop *l = memory_alloc(sizeof(*l));

	l->config = config;
	l->exit_status = 1;
	l->begin_ns = loop_now_ns();
	l->poll.fd = -1;
	l->ev = ev_default_loop(EVFLAG_AUTO);
	apply_report_init(&l->report);
	ev_timer_init(&l->wake, on_wake, 0.0, 0.0);
	ev_timer_init(&l->relax, on_relax, 0.0, RELAX_S);
	loop_reload_init(l);
	return l;
}

static void loop_free(struct loop *l)
{
	loop_reload_done(l);
	worker_free(l->worker);
	carrier_poll_stop(&l->poll);
	nft_watch_stop(&l->nft);
	rtnl_watch_stop(&l->rtnl);
	control_stop(&l->control);
	prober_free(l->prober);
	hooks_free(l->hooks);
	notify_free(l->notify);
	apply_close(l->apply);
	apply_report_done(&l->report);
	arena_free(l->observed_arena);
	core_free(l->core);
	plan_region_free(l->region);
	free(l->last_error);
	free(l->load_error);
	free(l);
}

int loop_run(const struct loop_config *config)
{
	struct loop *l = loop_new(config);
	bool colour = isatty(STDERR_FILENO);
	int status, r;

	if (!l->ev) {
		log_err("start", "no event loop");
		return 1;
	}
	start_signals(l);
	l->worker = worker_new(l);
	l->notify = notify_new(l);
	r = worker_compile(l->worker, config->policy_path, colour, on_first_compiled, l);
	if (r < 0)
		(void)failed("worker process", r);
	else
		ev_run(l->ev, 0);
	status = l->exit_status;
	loop_free(l);
	log_finish();
	return status;
}
