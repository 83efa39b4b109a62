/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A new policy beside the old one: compiled in a child, loaded beside the live
 * tables; only when that has come as far as the switch does a new core take
 * over, with all the old one knew. Until then nothing has changed, and a fault
 * leaves it so.
 */
#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "daemon/loop_state.h"
#include "daemon/notify.h"
#include "daemon/prober.h"

#include <inttypes.h>
#include <string.h>

/* Another program that applies a policy is waited for: this often, so many times. */
#define RETRY_S	  0.25
#define RETRY_MAX 240

static void add_waiter(struct loop_waiters *w, loop_reloaded done, void *data)
{
	if (!done)
		return;
	w->items = memory_realloc(w->items, memory_mul(w->n + 1, sizeof(*w->items)));
	w->items[w->n++] = (struct loop_waiter){ .done = done, .data = data };
}

/* Each is told once, and may ask for the next reload while it is. */
static void tell_waiters(struct loop_waiters *w, int status, const char *text)
{
	while (w->n > 0) {
		struct loop_waiter one = w->items[--w->n];

		if (one.done)
			one.done(one.data, status, text);
	}
	free(w->items);
	*w = (struct loop_waiters){ 0 };
}

static void forget_waiter(struct loop_waiters *w, const void *data)
{
	for (size_t i = 0; i < w->n; i++)
		if (w->items[i].data == data)
			w->items[i].done = NULL;
}

void loop_reload_forget(struct loop *l, const void *data)
{
	forget_waiter(&l->reload.now, data);
	forget_waiter(&l->reload.next, data);
}

bool loop_reload_loading(const struct loop *l)
{
	return l->reload.loading && !l->reload.switched;
}

static void begin(struct loop *l);

/* text: what went wrong. */
static void end(struct loop *l, int status, const char *text)
{
	struct loop_reload *r = &l->reload;
	_cleanup_(cleanup_freep) char *warnings = TAKE_PTR(r->warnings);
	struct loop_waiters waiters = r->now;

	ev_timer_stop(l->ev, &r->retry);
	r->region = plan_region_free(r->region);
	r->core = core_free(r->core);
	r->busy = r->loading = r->switched = false;
	r->now = r->next;
	r->next = (struct loop_waiters){ 0 };
	if (l->ready && !l->stopping)
		notify_ready(l->notify);
	tell_waiters(&waiters, status, status == 0 ? warnings : text);
	loop_relax(l);
	if (r->again && !l->stopping)
		begin(l);
}

/* The lines that name a place; those that show it are for the asker. */
static void log_faults(const char *text, const char *what)
{
	_cleanup_(cleanup_freep) char *copy = memory_strdup(text);
	char *save = NULL;

	for (char *line = strtok_r(copy, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (line[0] != ' ' && line[0] != '\t')
			log_warn(what, "%s", line);
}

static void refuse(struct loop *l, int status, const char *text)
{
	log_faults(text, "reload");
	log_err("reload", "%s: refused; the policy before it stays in force",
		l->config->policy_path);
	end(l, status, text);
}

/* ---- loading ---- */

/* The moment from which the new policy's mind judges; what it loaded is not switched to yet. */
static void switch_over(struct loop *l)
{
	struct loop_reload *r = &l->reload;
	struct core *old = l->core;
	struct plan_region *region = l->region;

	core_adopt(r->core, old);
	l->core = TAKE_PTR(r->core);
	l->region = r->region;
	r->region = region; /* others' strings may be of it: it goes at the end */
	r->switched = true;
	prober_rebind(l->prober, loop_plan(l));
	carrier_poll_rebind(&l->poll);
	l->links_generation = 0;
	core_free(old);
}

static void load_failed(struct loop *l, const char *text)
{
	struct loop_reload *r = &l->reload;
	bool switched = r->switched;
	_cleanup_(strbuf_done) struct strbuf told = STRBUF_NULL;

	r->loading = false;
	loop_actions_fault(&l->load_error, "apply", text);
	/* the new core is in charge already, and will load again */
	strbuf_addf(&told, "%s%s", text,
		    switched ? "; the new policy stays and is tried again"
			     : "; the policy before it stays in force");
	if (switched)
		loop_event(l, &(struct core_event){ .type = CORE_EVENT_LOAD_FAILED });
	else
		log_err("reload", "%s cannot be loaded; the policy before it stays in force",
			l->config->policy_path);
	nft_watch_resume(&l->nft); /* and what was loaded is tidied up by a check */
	end(l, 1, strbuf_text(&told));
}

static void load_done(struct loop *l, const struct worker_load_report *report)
{
	struct loop_reload *r = &l->reload;

	loop_actions_fault(&l->load_error, NULL, NULL);
	r->loading = false;
	loop_event(l, &(struct core_event){ .type = CORE_EVENT_LOADED });
	nft_watch_resume(&l->nft);
	log_info("reload", "%s is in force: %zu changes of the tables in %" PRIu64 " ms",
		 l->config->policy_path, report->n_lines, (loop_now_ns() - r->start_ns) / 1000000);
	end(l, 0, NULL);
}

static void on_loaded(void *data, const struct worker_load_report *report)
{
	struct loop *l = data;
	struct loop_reload *r = &l->reload;

	switch (report->state) {
	case WORKER_LOAD_PREPARED:
		switch_over(l);
		loop_event(l, &(struct core_event){ .type = CORE_EVENT_LOAD_PREPARED });
		return;
	case WORKER_LOAD_DONE:
		load_done(l, report);
		return;
	case WORKER_LOAD_BUSY:
		r->loading = false;
		nft_watch_resume(&l->nft);
		if (++r->tries < RETRY_MAX)
			ev_timer_again(l->ev, &r->retry);
		else
			load_failed(l, report->text);
		return;
	case WORKER_LOAD_FAILED:
		load_failed(l, report->text);
		return;
	}
}

static void load(struct loop *l)
{
	struct loop_reload *r = &l->reload;
	int k;

	/* a repair is being loaded: loop_reload_go_on() comes back */
	if (worker_loading(l->worker))
		return;
	nft_watch_pause(&l->nft);
	r->loading = true;
	k = worker_load(l->worker, plan_region_plan(r->region), on_loaded, l);
	if (k < 0)
		load_failed(l, strerror(-k));
}

static void on_retry(struct ev_loop *ev, ev_timer *w, int revents)
{
	struct loop *l = w->data;

	ev_timer_stop(ev, w);
	load(l);
}

void loop_reload_go_on(struct loop *l)
{
	struct loop_reload *r = &l->reload;

	if (!r->busy && r->again) {
		r->now = r->next;
		r->next = (struct loop_waiters){ 0 };
		begin(l);
	} else if (r->region && !r->loading && !r->switched && !ev_is_active(&r->retry)) {
		load(l);
	}
}

/* ---- compiling ---- */

static void on_compiled(void *data, struct plan_region *region, int status, const char *text)
{
	struct loop *l = data;
	struct loop_reload *r = &l->reload;

	if (l->stopping) {
		plan_region_free(region);
		end(l, 1, "the daemon stops");
		return;
	}
	if (!region) {
		refuse(l, status, text);
		return;
	}
	log_faults(text, "reload");
	r->warnings = memory_strdup(text);
	r->region = region;
	r->core = core_new(plan_region_plan(region));
	load(l);
}

static void begin(struct loop *l)
{
	struct loop_reload *r = &l->reload;
	int k;

	r->busy = true;
	r->again = false;
	r->tries = 0;
	r->start_ns = loop_now_ns();
	log_info("reload", "reading %s", l->config->policy_path);
	if (l->ready)
		notify_reloading(l->notify);
	k = worker_compile(l->worker, l->config->policy_path, false, on_compiled, l);
	if (k < 0)
		refuse(l, 1, strerror(-k));
}

void loop_reload(struct loop *l, loop_reloaded done, void *data)
{
	struct loop_reload *r = &l->reload;

	if (l->stopping) {
		if (done)
			done(data, 1, "the daemon stops");
		return;
	}
	/* what is being read now may be what the file held before */
	if (r->busy || !l->core) {
		r->again = true;
		add_waiter(&r->next, done, data);
		return;
	}
	add_waiter(&r->now, done, data);
	begin(l);
}

void loop_reload_abort(struct loop *l)
{
	struct loop_reload *r = &l->reload;

	l->stopping = true;
	if (!r->busy || worker_compiling(l->worker))
		return;
	worker_load_kill(l->worker);
	end(l, 1, "the daemon stops");
}

void loop_reload_init(struct loop *l)
{
	ev_timer_init(&l->reload.retry, on_retry, 0.0, RETRY_S);
	l->reload.retry.data = l;
}

void loop_reload_done(struct loop *l)
{
	struct loop_reload *r = &l->reload;

	ev_timer_stop(l->ev, &r->retry);
	r->region = plan_region_free(r->region);
	r->core = core_free(r->core);
	tell_waiters(&r->now, 1, "the daemon stops");
	tell_waiters(&r->next, 1, "the daemon stops");
	free(r->warnings);
}
