/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the runs of a prober want of it. */
#pragma once

#include <stddef.h>

struct loop;
struct prober;

struct loop *prober_set_loop(const struct prober *p);
/* Something of a run is due, or at another time than before. */
void prober_set_wake(struct prober *p);
/* Are the link's counters worth reading now? */
void prober_set_watch(struct prober *p, size_t link);
