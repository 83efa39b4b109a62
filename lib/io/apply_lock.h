/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One apply at a time in a network namespace: two would clean up each other's
 * half-loaded maps. The lock is a name among the namespace's abstract unix
 * sockets: no file, and gone with the process that holds it. A holder without
 * our rights is ignored, or any user could keep us from working.
 */
#pragma once

#include <stdbool.h>

/*
 * 0: *ret_fd is to be closed when done (-1: there is no lock to be had here, go
 * on without; the kernel's own checks keep the tables whole). -EBUSY: another
 * has it; with `wait` after a minute.
 */
int apply_lock_take(bool wait, int *ret_fd);
