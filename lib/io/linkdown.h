/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * ignore_routes_with_linkdown of a device: with 1 the kernel itself passes over
 * a route without carrier, so failover works with no daemon at all; with 0, the
 * default, it never does. Non-logging.
 */
#pragma once

#include "base/inet.h"

#include <stdbool.h>

int linkdown_get(const char *device, enum inet_family f,
		 int *ret); /* errors as sysctl_conf_get() */
int linkdown_set(const char *device, enum inet_family f, int value);

/*
 * Sets it for both families where it is not. ret_changed (may be NULL) tells
 * which ones were 0 before. A family the device does not have is passed over.
 */
int linkdown_enable(const char *device, bool ret_changed[INET_FAMILY_COUNT]);
