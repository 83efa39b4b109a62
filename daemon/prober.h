/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the probes of all links. Sockets are bound to the link's device and
 * carry its probe_mark; every question has an unguessable identity, so late,
 * doubled and forged answers do not count. Each round's outcome goes through
 * probe_track into the core as CORE_EVENT_PROBE.
 */
#pragma once

#include <stdint.h>

struct core;
struct loop;
struct plan;
struct prober;

/* Nothing runs until prober_sync(). */
struct prober *prober_new(struct loop *l, const struct plan *plan);
struct prober *prober_free(struct prober *p);
/*
 * After every change of the core's links: probes of links that are ready
 * (device up, carrier, address, gateway: core_link_probe_ready()) run, the
 * others rest. Cheap when nothing changed.
 */
void prober_sync(struct prober *p, const struct core *c);
/* A reload: links and families are found again by name, their history stays. */
void prober_rebind(struct prober *p, const struct plan *plan);
/* The kernel's routes changed: `route` probes look now. */
void prober_routes_changed(struct prober *p);
