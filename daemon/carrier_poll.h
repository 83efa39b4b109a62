/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks every link's device for its carrier, 40 times a second: the kernel
 * reports the loss of a NIC's carrier up to a second late, and drops reports of
 * quick changes (linkwatch, net/core/link_watch.c).
 */
#pragma once

#include "daemon/carrier_below.h"
#include "daemon/core_event.h"

#include <ev.h>

struct ifreq;
struct loop;

struct carrier_poll {
	ev_timer timer;
	struct loop *loop;
	enum core_carrier *carrier; /* by link: as told last */
	enum core_carrier *asked;
	struct ifreq *requests;
	struct carrier_below below;
	unsigned below_due; /* polls until the devices below are looked at, 0: no need */
	size_t n;
	unsigned untold; /* polls since the core was told */
	int fd;
};

/* 0 or -errno. */
int carrier_poll_start(struct carrier_poll *p, struct loop *l);
void carrier_poll_stop(struct carrier_poll *p);
/* The core has other links now. */
void carrier_poll_rebind(struct carrier_poll *p);
/* The core has heard of a carrier from elsewhere: the next poll is told, whatever it finds. */
void carrier_poll_forget(struct carrier_poll *p);
