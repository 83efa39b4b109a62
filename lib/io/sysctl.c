/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "io/sysctl.h"

#include "base/cleanup.h"
#include "base/parse.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static int conf_open(enum inet_family f, const char *device, const char *key, int flags)
{
	char path[256];
	int n, fd;

	/* one directory of conf/, never a way out of it */
	if (!device[0] || strchr(device, '/') || strcmp(device, ".") == 0 ||
	    strcmp(device, "..") == 0)
		return -EINVAL;
	n = snprintf(path, sizeof(path), "/proc/sys/net/ipv%c/conf/%s/%s", f == INET4 ? '4' : '6',
		     device, key);
	if (n < 0 || (size_t)n >= sizeof(path))
		return -ENAMETOOLONG;
	fd = open(path, flags | O_CLOEXEC);
	return fd < 0 ? -errno : fd;
}

int sysctl_conf_get(enum inet_family f, const char *device, const char *key, int *ret)
{
	_cleanup_(cleanup_closep) int fd = -1;
	char text[32];
	int64_t value;
	ssize_t n;
	int r;

	fd = conf_open(f, device, key, O_RDONLY);
	if (fd < 0)
		return fd;
	n = read(fd, text, sizeof(text) - 1);
	if (n < 0)
		return -errno;
	while (n > 0 && text[n - 1] == '\n')
		n--;
	text[n] = '\0';
	r = parse_i64(text, INT32_MIN, INT32_MAX, &value);
	if (r < 0)
		return r;
	*ret = (int)value;
	return 0;
}

int sysctl_conf_set(enum inet_family f, const char *device, const char *key, int value)
{
	_cleanup_(cleanup_closep) int fd = -1;
	char text[16];
	int n;

	fd = conf_open(f, device, key, O_WRONLY);
	if (fd < 0)
		return fd;
	n = snprintf(text, sizeof(text), "%d\n", value);
	if (write(fd, text, (size_t)n) != n)
		return errno ? -errno : -EIO;
	return 0;
}

int sysctl_rp_filter(const char *device, int *ret)
{
	int all = 0, own = 0, r;

	r = sysctl_conf_get(INET4, "all", "rp_filter", &all);
	if (r < 0)
		return r;
	r = sysctl_conf_get(INET4, device, "rp_filter", &own);
	if (r < 0)
		return r;
	*ret = all > own ? all : own;
	return 0;
}
