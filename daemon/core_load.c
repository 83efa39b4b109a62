/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/core_load.h"

#include "daemon/core_apply.h"
#include "daemon/core_state.h"

#include <errno.h>

#define MS 1000000ull

/*
 * Rules and routes of the new plan that the kernel refuses (a gateway that has
 * just gone) do not keep the tables from being switched: they are tried so often.
 */
#define NET_TRIES    3
#define NET_DELAY_NS (10 * MS)
/*
 * Switching takes milliseconds, and whatever else is to be done waits for it;
 * for a worker that hangs only so long.
 */
#define SWITCH_WAIT_NS (1000 * MS)

void core_load_want(struct core *c, uint64_t at_ns)
{
	if (!c->load || at_ns < c->load_at_ns)
		c->load_at_ns = at_ns;
	c->load = true;
}

static void again(struct core *c, uint64_t now_ns)
{
	c->phase = CORE_LOAD_NONE;
	c->load = false;
	c->load_delay_ns = core_apply_doubled(c->load_delay_ns);
	core_load_want(c, now_ns + c->load_delay_ns);
}

static void prepared(struct core *c, uint64_t now_ns)
{
	c->phase = CORE_LOAD_PREPARED;
	c->net_tries = 0;
	c->net_at_ns = now_ns;
}

static void loaded(struct core *c, uint64_t now_ns)
{
	c->phase = CORE_LOAD_NONE;
	c->loaded_once = true;
	c->load_delay_ns = 0;
	core_apply_loaded(c, c->load_repairs, now_ns);
	c->load_repairs = false;
}

static void failed(struct core *c, uint64_t now_ns)
{
	bool switching = c->phase == CORE_LOAD_SWITCHING;

	again(c, now_ns);
	if (switching)
		core_apply_unknown(c, now_ns);
}

int core_load_event(struct core *c, enum core_event_type type, uint64_t now_ns)
{
	if (c->stopping) {
		c->phase = CORE_LOAD_NONE;
		return 0;
	}
	if (c->phase == CORE_LOAD_NONE)
		return -EPROTO;
	if (type == CORE_EVENT_LOAD_PREPARED) {
		if (c->phase != CORE_LOAD_RUNNING)
			return -EPROTO;
		prepared(c, now_ns);
	} else if (type == CORE_EVENT_LOADED) {
		loaded(c, now_ns);
	} else if (type == CORE_EVENT_LOAD_BUSY) {
		again(c, now_ns);
	} else {
		failed(c, now_ns);
	}
	return 0;
}

void core_load_net(struct core *c, bool ok, uint64_t now_ns)
{
	if (c->phase != CORE_LOAD_PREPARED)
		return;
	if (ok || ++c->net_tries == NET_TRIES)
		c->phase = CORE_LOAD_READY;
	else
		c->net_at_ns = now_ns + NET_DELAY_NS;
}

uint64_t core_load_begin_ns(const struct core *c)
{
	return c->load && c->phase == CORE_LOAD_NONE && c->has_snapshot ? c->load_at_ns
									: CORE_NEVER;
}

uint64_t core_load_net_ns(const struct core *c)
{
	return c->phase == CORE_LOAD_PREPARED ? c->net_at_ns : CORE_NEVER;
}

uint64_t core_load_go_ns(const struct core *c)
{
	return c->phase == CORE_LOAD_READY ? 0 : CORE_NEVER;
}

void core_load_begun(struct core *c)
{
	c->phase = CORE_LOAD_RUNNING;
	c->load = false;
	c->state_beside = c->has_valid;
}

void core_load_gone(struct core *c, uint64_t now_ns)
{
	c->phase = CORE_LOAD_SWITCHING;
	c->switch_until_ns = now_ns + SWITCH_WAIT_NS;
}
