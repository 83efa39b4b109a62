/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Gathers a machine's facts for doctor_judge(): /proc, /etc, netlink dumps. Changes nothing. */
#pragma once

#include "daemon/doctor_judge.h"

/*
 * Fills all but `claims` and the names of the links, which are the caller's.
 * What cannot be read stays unknown. Texts live in the arena.
 */
void doctor_look(struct arena *a, struct doctor_facts *f);
