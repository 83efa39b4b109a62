/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks every link's device for its carrier, 100 times a second: the kernel
 * reports the loss of a NIC's carrier up to a second late, and drops reports of
 * quick changes (linkwatch, net/core/link_watch.c).
 */
#pragma once

#include "daemon/core_event.h"

#include <ev.h>

struct loop;
struct plan;

struct carrier_poll {
	ev_timer timer;
	struct loop *loop;
	const struct plan *plan;
	enum core_carrier *carrier; /* by link */
	int fd;
};

/* 0 or -errno. */
int carrier_poll_start(struct carrier_poll *p, struct loop *l, const struct plan *plan);
void carrier_poll_stop(struct carrier_poll *p);
