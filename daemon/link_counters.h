/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the packet counters of links' devices ten times a second, for the
 * probes' passive evidence (probe_track.h). Runs only while a link is watched.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct link_counters;
struct loop;

/* Called once a link and sample, from the loop. It may watch and unwatch, but not free. */
typedef void (*link_counters_cb)(void *data, size_t link, uint64_t sent, uint64_t received);

struct link_counters *link_counters_new(struct loop *l, size_t n_links, link_counters_cb cb,
					void *data);
struct link_counters *link_counters_free(struct link_counters *c); /* NULL is fine; returns NULL */
/* ifindex 0: no more. Cheap when nothing changes. */
void link_counters_watch(struct link_counters *c, size_t link, int ifindex);
