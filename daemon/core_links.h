/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the core knows of the devices: the last dump, with bad news since then
 * worked in. Good news is never worked in: it makes the core look again.
 */
#pragma once

#include "daemon/core_event.h"

struct core;

/* What a piece of news is worth. */
enum core_links_news {
	CORE_LINKS_NOTHING, /* known already */
	CORE_LINKS_LOOK, /* perhaps: look again */
	CORE_LINKS_WORSE, /* worked in: act now, then look again */
};

void core_links_store(struct core *c, const struct netstate *observed);
enum core_links_news core_links_event(struct core *c, const struct netstate_link *link,
				      bool deleted);
enum core_links_news core_links_poll(struct core *c, const enum core_carrier *carrier, size_t n);

/* Rebuilds the views from the snapshot. True: they are not as they were. */
bool core_links_view(struct core *c);
