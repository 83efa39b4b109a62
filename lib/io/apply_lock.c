/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "io/apply_lock.h"

#include "base/cleanup.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>

#define APPLY_LOCK_NAME	   "omr-nft.apply"
#define APPLY_LOCK_TRIES   1500
#define APPLY_LOCK_WAIT_NS 20000000 /* x tries: half a minute */

int apply_lock_take(void)
{
	const struct timespec wait = { .tv_nsec = APPLY_LOCK_WAIT_NS };
	struct sockaddr_un addr = { .sun_family = AF_UNIX };
	_cleanup_(cleanup_closep) int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	/* the leading NUL makes it abstract */
	memcpy(addr.sun_path + 1, APPLY_LOCK_NAME, strlen(APPLY_LOCK_NAME));
	for (int i = 0; i < APPLY_LOCK_TRIES; i++) {
		if (bind(fd, (const struct sockaddr *)&addr,
			 (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 +
				     strlen(APPLY_LOCK_NAME))) == 0)
			return TAKE_FD(fd);
		if (errno != EADDRINUSE)
			return -1;
		nanosleep(&wait, NULL);
	}
	return -1;
}
