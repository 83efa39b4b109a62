/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Programs of a directory, run on events. Each gets the event in its
 * environment (OMR_EVENT, OMR_LINK, OMR_DEVICE, OMR_GROUP, OMR_FAMILY, OMR_FROM,
 * OMR_TO, OMR_REASON) and as one JSON line on stdin. One queue a link and one a
 * group, so that two events of one object never overlap or overtake; a program
 * that runs too long is ended with all it started. Never blocks the loop.
 */
#pragma once

#include "daemon/core_event.h"

struct hooks;
struct loop;

/*
 * The directory is read anew at each event; files are run in the order of
 * their names when they are regular, executable, and they and the directory
 * belong to root (or to us) and nobody else may write them; what is refused is
 * told once. NULL path: no hooks.
 */
struct hooks *hooks_new(struct loop *l, const char *path);
struct hooks *hooks_free(struct hooks *h);
void hooks_event(struct hooks *h, const struct core_line *line);
