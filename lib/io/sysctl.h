/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Per-device network sysctls, by path: /proc/sys/net/ipv4/conf/DEVICE/KEY (a
 * device name may hold dots, so the dotted notation would lie). Of the network
 * namespace we are in. Non-logging.
 */
#pragma once

#include "base/inet.h"

/* -ENOENT: no such device, or it has no such family; -EROFS, -EACCES: not allowed. */
int sysctl_conf_get(enum inet_family f, const char *device, const char *key, int *ret);
int sysctl_conf_set(enum inet_family f, const char *device, const char *key, int value);

/*
 * Reverse path filter in force on a device: the greater of "all" and its own
 * (Documentation/networking/ip-sysctl.rst). 1, strict, drops answers that come
 * in by a link main routing does not point to.
 */
int sysctl_rp_filter(const char *device, int *ret);
