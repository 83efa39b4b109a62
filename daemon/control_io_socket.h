/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The listening socket, and who is at the other end of a connection. Non-logging. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/*
 * A listening socket at `path`, mode 0660, of `group` (NULL: of our own). A
 * descriptor or -errno: -EADDRINUSE: somebody listens there; -EEXIST: what is
 * there is no socket; -ESRCH: no such group. *ret_gid: whose members may ask.
 */
int control_io_socket_open(const char *path, const char *group, int backlog, gid_t *ret_gid);
/* Root, our own user, and members of the group may. *ret_uid: who it is. */
bool control_io_socket_allowed(int fd, gid_t gid, uid_t *ret_uid);
