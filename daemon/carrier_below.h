/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The devices that a link's device stands on: below a macvlan, a VLAN, a bridge,
 * a bond. The kernel tells those above of a loss up to a second late, as it does
 * us, so the polls ask below as well: since 6.8 that makes it tell at once, and
 * for the kinds that follow their lower device the answer holds anyway.
 */
#pragma once

#include <net/if.h>
#include <stdbool.h>
#include <stddef.h>

struct plan;

struct carrier_below_device {
	struct ifreq request;
	size_t link; /* whose */
	bool follows; /* the link has no carrier when this has none */
};

struct carrier_below {
	struct carrier_below_device *devices; /* the lowest first */
	size_t n, cap;
};

/* Looks anew. Without an answer of the kernel's what was known stays. */
void carrier_below_look(struct carrier_below *b, const struct plan *plan);
void carrier_below_done(struct carrier_below *b);
