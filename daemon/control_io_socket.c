/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/control_io_socket.h"

#include "base/cleanup.h"
#include "base/memory.h"

#include <errno.h>
#include <grp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* Takes away a socket whose daemon is gone. */
static int clear_path(const struct sockaddr_un *addr)
{
	_cleanup_(cleanup_closep) int fd = -1;
	struct stat st;

	if (lstat(addr->sun_path, &st) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(st.st_mode))
		return -EEXIST;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	if (connect(fd, (const struct sockaddr *)addr, sizeof(*addr)) == 0 || errno == EAGAIN)
		return -EADDRINUSE;
	if (errno != ECONNREFUSED)
		return -errno;
	return unlink(addr->sun_path) < 0 && errno != ENOENT ? -errno : 0;
}

static int group_id(const char *group, gid_t *ret)
{
	struct group *g;

	*ret = getegid();
	if (!group)
		return 0;
	errno = 0;
	g = getgrnam(group);
	if (!g)
		return errno && errno != ENOENT ? -errno : -ESRCH;
	*ret = g->gr_gid;
	return 0;
}

/* Nobody can ask before the group is right: it listens afterwards. */
static int make_ready(int fd, const char *path, gid_t gid, int backlog)
{
	if (gid != getegid() && lchown(path, (uid_t)-1, gid) < 0)
		return -errno;
	return listen(fd, backlog) < 0 ? -errno : 0;
}

int control_io_socket_open(const char *path, const char *group, int backlog, gid_t *ret_gid)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	_cleanup_(cleanup_closep) int fd = -1;
	mode_t mask;
	gid_t gid;
	int r;

	if (strlen(path) >= sizeof(addr.sun_path))
		return -ENAMETOOLONG;
	memcpy(addr.sun_path, path, strlen(path));
	r = group_id(group, &gid);
	if (r == 0)
		r = clear_path(&addr);
	if (r < 0)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return -errno;
	mask = umask(0117);
	r = bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0 ? -errno : 0;
	umask(mask);
	if (r < 0)
		return r;
	r = make_ready(fd, path, gid, backlog);
	if (r < 0) {
		unlink(path);
		return r;
	}
	*ret_gid = gid;
	return TAKE_FD(fd);
}

/* Its supplementary groups, as they were when it connected (SO_PEERGROUPS, Linux 4.13). */
static bool is_member(int fd, gid_t gid)
{
	_cleanup_(cleanup_freep) gid_t *list = NULL;
	socklen_t size = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, NULL, &size) == 0 || errno != ERANGE)
		return false;
	list = memory_alloc(size);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, list, &size) < 0)
		return false;
	for (size_t i = 0; i < size / sizeof(*list); i++)
		if (list[i] == gid)
			return true;
	return false;
}

bool control_io_socket_allowed(int fd, gid_t gid, uid_t *ret_uid)
{
	struct ucred peer;
	socklen_t size = sizeof(peer);

	*ret_uid = (uid_t)-1;
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) < 0)
		return false;
	*ret_uid = peer.uid;
	return peer.uid == 0 || peer.uid == geteuid() || peer.gid == gid || is_member(fd, gid);
}
