/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One apply at a time in a network namespace: two would clean up each other's
 * half-loaded maps. The lock is a name in the namespace's abstract unix
 * sockets: no file, and gone with the process that holds it.
 */
#pragma once

/*
 * A descriptor to close when done. Waits for another holder, but not for ever:
 * then -1, and the work goes on without (the kernel's generation checks keep
 * the tables whole; it may only take longer).
 */
int apply_lock_take(void);
