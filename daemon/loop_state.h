/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What loop*.c share, and nobody else looks at. */
#pragma once

#include "daemon/carrier_poll.h"
#include "daemon/control.h"
#include "daemon/core.h"
#include "daemon/loop.h"
#include "daemon/nft_watch.h"
#include "daemon/rtnl_watch.h"
#include "daemon/worker.h"
#include "io/apply.h"

#include <ev.h>

struct hooks;
struct notify;

struct loop_waiter {
	loop_reloaded done;
	void *data;
};

struct loop_waiters {
	struct loop_waiter *items;
	size_t n;
};

/* A reload under way (loop_reload.c). */
struct loop_reload {
	bool busy;
	bool again; /* asked for meanwhile */
	struct loop_waiters now, next;
	uint64_t start_ns;
	char *warnings;
	/* the new policy, until the switch-over; the old one after it */
	struct plan_region *region;
	struct core *core; /* new, until the switch-over */
	bool loading; /* the worker loads for it */
	bool switched;
	ev_timer retry; /* somebody else applies */
	unsigned tries;
};

struct loop {
	const struct loop_config *config;
	struct ev_loop *ev;
	struct worker *worker;
	struct plan_region *region; /* of the policy in force */
	struct core *core;
	struct apply *apply;
	struct prober *prober;
	struct hooks *hooks;
	struct notify *notify;
	struct loop_reload reload;
	int exit_status;
	bool ready; /* the kernel had it all once */
	bool watching; /* the watchers run */
	bool stopping;
	unsigned interrupted; /* looks and applies in a row */
	char *last_error, *load_error; /* told already; NULL: all is well */
	uint64_t begin_ns; /* of the daemon */
	size_t changes; /* of the first loads */

	/* the step being taken: when its event came, the first sign of trouble its lines name */
	uint64_t event_ns, detect_us;
	uint64_t links_generation; /* the prober knows */

	/* what the event on its way to the core points to */
	struct arena *observed_arena;
	struct netstate observed;
	struct apply_report report;

	ev_timer wake;
	uint64_t wake_ns; /* when it was last armed for */
	ev_timer relax;
	ev_signal sigterm, sigint, sighup;
	struct rtnl_watch rtnl;
	struct nft_watch nft;
	struct carrier_poll poll;
	struct control control;
};

/* loop_actions.c: does what the core asks for; false: there is nothing to tell it. */
bool loop_actions_do(struct loop *l, const struct core_actions *a, struct core_event *ret);
/* A fault that lasts is told once, though it is tried again and again. NULL: it is over. */
void loop_actions_fault(char **told, const char *what, const char *text);

/* loop_reload.c */
void loop_reload_init(struct loop *l);
void loop_reload_done(struct loop *l); /* the loop ends */
/* A load of its own runs: the core in force has to leave the tables alone. */
bool loop_reload_loading(const struct loop *l);
/* The worker has become free. */
void loop_reload_go_on(struct loop *l);
/* Its load, if there is one, ends now, without the switch. */
void loop_reload_abort(struct loop *l);
