/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "io/apply_lock.h"

#include "base/cleanup.h"

#include <errno.h>
#include <linux/capability.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define APPLY_LOCK_NAME	   "omr-nft.apply"
#define APPLY_LOCK_TRIES   3000
#define APPLY_LOCK_WAIT_NS 20000000 /* x tries: a minute */
#define APPLY_LOCK_BACKLOG 64

static socklen_t apply_lock_address(struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	/* the leading NUL makes it abstract */
	memcpy(ret->sun_path + 1, APPLY_LOCK_NAME, strlen(APPLY_LOCK_NAME));
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(APPLY_LOCK_NAME));
}

/* What a ruleset can be changed with. A daemon with a user of its own has it, too. */
static bool apply_lock_has_net_admin(pid_t pid)
{
	_cleanup_(cleanup_fclosep) FILE *f = NULL;
	static const char key[] = "CapEff:"; /* proc_pid_status(5) */
	static const char digits[] = "0123456789abcdef";
	char path[32], line[128];

	snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		size_t len = strcspn(line, "\n");
		const char *digit;

		if (strncmp(line, key, strlen(key)) || len < strlen(key) + CAP_NET_ADMIN / 4 + 1)
			continue;
		/* a hexadecimal number: four capabilities a digit, the first on the right */
		digit = strchr(digits, line[len - 1 - CAP_NET_ADMIN / 4]);
		return digit && (digit - digits) & (1 << CAP_NET_ADMIN % 4);
	}
	return false;
}

/* Whether whoever has the name is root or one with our rights; a connection tells. */
static bool apply_lock_is_ours(const struct sockaddr_un *addr, socklen_t len)
{
	_cleanup_(cleanup_closep) int fd =
		socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct ucred who;
	socklen_t size = sizeof(who);

	if (fd < 0 || connect(fd, (const struct sockaddr *)addr, len) < 0)
		return true; /* not listening yet, or too many ask: a moment later we know */
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0)
		return true;
	return who.uid == 0 || who.uid == geteuid() || apply_lock_has_net_admin(who.pid);
}

int apply_lock_take(bool wait, int *ret_fd)
{
	const struct timespec pause = { .tv_nsec = APPLY_LOCK_WAIT_NS };
	_cleanup_(cleanup_closep) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un addr;
	socklen_t len = apply_lock_address(&addr);

	*ret_fd = -1;
	for (int i = 0; fd >= 0 && i < APPLY_LOCK_TRIES; i++) {
		if (bind(fd, (const struct sockaddr *)&addr, len) == 0) {
			(void)listen(fd, APPLY_LOCK_BACKLOG);
			*ret_fd = TAKE_FD(fd);
			return 0;
		}
		if (errno != EADDRINUSE || !apply_lock_is_ours(&addr, len))
			return 0;
		if (!wait)
			return -EBUSY;
		nanosleep(&pause, NULL);
	}
	return fd < 0 ? 0 : -EBUSY;
}
