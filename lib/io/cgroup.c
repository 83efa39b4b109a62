/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "io/cgroup.h"

#include "base/cleanup.h"
#include "base/strbuf.h"

#include <errno.h>
#include <linux/magic.h>
#include <mntent.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

static void cgroup_endmntent(FILE **f)
{
	if (*f)
		endmntent(*f);
}

/* A mount may be hidden by a later one on the same place. */
static bool cgroup_is_root(const char *directory)
{
	struct statfs s;

	return statfs(directory, &s) == 0 && (unsigned long)s.f_type == CGROUP2_SUPER_MAGIC;
}

/* Hybrid systems have it elsewhere than /sys/fs/cgroup. */
static int cgroup_root(struct strbuf *ret)
{
	_cleanup_(cgroup_endmntent) FILE *f = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char line[4096];

	if (!f)
		return -errno;
	while (getmntent_r(f, &entry, line, sizeof(line)))
		if (!strcmp(entry.mnt_type, "cgroup2") && cgroup_is_root(entry.mnt_dir)) {
			strbuf_add(ret, entry.mnt_dir);
			return 0;
		}
	return -ENOENT;
}

int cgroup_id(const char *path, uint64_t *ret)
{
	_cleanup_(strbuf_done) struct strbuf full = STRBUF_NULL;
	struct stat st;
	int r = cgroup_root(&full);

	if (r < 0)
		return r;
	strbuf_addf(&full, "/%s", path);
	if (stat(strbuf_text(&full), &st) < 0)
		return -errno;
	if (!S_ISDIR(st.st_mode))
		return -ENOENT;
	*ret = st.st_ino;
	return 0;
}
