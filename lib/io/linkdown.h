/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ignore_routes_with_linkdown of a device: with 1 the kernel itself passes over
 * a route without carrier, so failover works with no daemon at all; with 0, the
 * default, it never does. Non-logging.
 */
#pragma once

#include "base/inet.h"
#include "model/policy.h"

#include <stdbool.h>

/*
 * What we write. The kernel asks for non-zero only (IN_DEV_ORCONF() in
 * include/linux/inetdevice.h, rt6_score_route() in net/ipv6/route.c), so the
 * value can say who wrote it: what was on before us is left on when we go. It
 * lives and dies with the device.
 */
#define LINKDOWN_OURS POLICY_PROTOCOL

int linkdown_get(const char *device, enum inet_family f,
		 int *ret); /* errors as sysctl_conf_get() */
int linkdown_set(const char *device, enum inet_family f, int value);

/* Turns off what we have turned on; *ret_changed: whether there was such a thing. */
int linkdown_disable(const char *device, enum inet_family f, bool dry_run, bool *ret_changed);

/*
 * Sets it for both families where it is not. ret_changed (may be NULL) tells
 * which ones were 0 before. A family the device does not have is passed over.
 */
int linkdown_enable(const char *device, bool ret_changed[INET_FAMILY_COUNT]);
