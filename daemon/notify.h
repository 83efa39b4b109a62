/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The service manager's protocol, sd_notify(3): datagrams to $NOTIFY_SOCKET.
 * Without that variable nothing happens.
 */
#pragma once

struct loop;
struct notify;

struct notify *notify_new(struct loop *l); /* reads the environment, starts the watchdog's timer */
struct notify *notify_free(struct notify *n);
void notify_ready(struct notify *n); /* once; further calls do nothing */
void notify_reloading(struct notify *n); /* with MONOTONIC_USEC; then notify_ready again */
void notify_stopping(struct notify *n);
/* "2 of 3 links up; default: fiber, voice: lte". Sent when it differs from the last. */
void notify_status(struct notify *n, const char *text);
