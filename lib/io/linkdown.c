/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "io/linkdown.h"

#include "io/sysctl.h"

#include <errno.h>
#include <stddef.h>

static const char key[] = "ignore_routes_with_linkdown";

int linkdown_get(const char *device, enum inet_family f, int *ret)
{
	return sysctl_conf_get(f, device, key, ret);
}

int linkdown_set(const char *device, enum inet_family f, int value)
{
	return sysctl_conf_set(f, device, key, value);
}

/* A kernel that bounds the value gets a plain 1, and keeps it. */
static int turn_on(const char *device, enum inet_family f)
{
	int r = linkdown_set(device, f, LINKDOWN_OURS);

	return r == -EINVAL ? linkdown_set(device, f, 1) : r;
}

int linkdown_disable(const char *device, enum inet_family f, bool dry_run, bool *ret_changed)
{
	int value, r = linkdown_get(device, f, &value);

	*ret_changed = false;
	if (r == -ENOENT || (r == 0 && value != LINKDOWN_OURS))
		return 0;
	if (r == 0 && !dry_run)
		r = linkdown_set(device, f, 0);
	*ret_changed = r == 0;
	return r;
}

int linkdown_enable(const char *device, bool ret_changed[INET_FAMILY_COUNT])
{
	bool changed[INET_FAMILY_COUNT] = { false };

	for (int f = INET4; f <= INET6; f++) {
		int value, r;

		r = linkdown_get(device, (enum inet_family)f, &value);
		if (r == -ENOENT)
			continue;
		if (r < 0)
			return r;
		if (value)
			continue;
		r = turn_on(device, (enum inet_family)f);
		if (r < 0)
			return r;
		changed[f] = true;
	}
	for (int f = INET4; ret_changed && f <= INET6; f++)
		ret_changed[f] = changed[f];
	return 0;
}
