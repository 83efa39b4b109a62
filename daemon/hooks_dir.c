/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/hooks_dir.h"

#include "base/cleanup.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/strbuf.h"
#include "daemon/options.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Faults that are remembered as told; there is no use in a log of more. */
#define TOLD_MAX 64

struct hooks_dir {
	char *path;
	char *told[TOLD_MAX]; /* as told: "name: fault" */
	size_t n_told;
};

struct hooks_dir *hooks_dir_new(const char *path)
{
	struct hooks_dir *d = memory_alloc(sizeof(*d));

	d->path = memory_strdup(path);
	return d;
}

struct hooks_dir *hooks_dir_free(struct hooks_dir *d)
{
	if (!d)
		return NULL;
	for (size_t i = 0; i < d->n_told; i++)
		free(d->told[i]);
	free(d->path);
	free(d);
	return NULL;
}

static void tell(struct hooks_dir *d, enum log_level level, const char *name, const char *fault)
{
	_cleanup_(strbuf_done) struct strbuf line = STRBUF_NULL;

	strbuf_addf(&line, "%s: %s", name, fault);
	for (size_t i = 0; i < d->n_told; i++)
		if (!strcmp(d->told[i], strbuf_text(&line)))
			return;
	if (d->n_told == TOLD_MAX)
		return;
	d->told[d->n_told++] = memory_strdup(strbuf_text(&line));
	log_line(level, "hook", "%s", strbuf_text(&line));
}

/* It is in order now: the next fault is news again. */
static void forget(struct hooks_dir *d, const char *name)
{
	size_t len = strlen(name), kept = 0;

	for (size_t i = 0; i < d->n_told; i++) {
		if (!strncmp(d->told[i], name, len) && d->told[i][len] == ':')
			free(d->told[i]);
		else
			d->told[kept++] = d->told[i];
	}
	d->n_told = kept;
}

/* NULL: nobody but root and us can change it. */
static const char *owner_fault(const struct stat *st)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return "belongs to another user, so it is not run";
	if (st->st_mode & (S_IWGRP | S_IWOTH))
		return "others may write it, so it is not run";
	return NULL;
}

static const char *file_fault(int dir, const char *name)
{
	const char *fault;
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return strerror(errno);
	if (S_ISLNK(st.st_mode)) {
		if (st.st_uid != 0 && st.st_uid != geteuid())
			return "a link of another user, so it is not followed";
		if (fstatat(dir, name, &st, 0) < 0)
			return "a link that leads nowhere";
	}
	if (!S_ISREG(st.st_mode))
		return "not a regular file, so it is not run";
	fault = owner_fault(&st);
	if (fault)
		return fault;
	if (faccessat(dir, name, X_OK, AT_EACCESS) < 0)
		return "not executable, so it is not run";
	return NULL;
}

/* What editors and package managers leave behind, and hidden files: no word about them. */
static bool is_hook(const struct dirent *e)
{
	static const char *const remains[] = { "~",	     ".bak",	 ".swp",      ".orig",
					       ".rpmsave",   ".rpmnew",	 ".dpkg-old", ".dpkg-new",
					       ".dpkg-dist", ".dpkg-tmp" };
	size_t len = strlen(e->d_name);

	if (e->d_name[0] == '.')
		return false;
	for (size_t i = 0; i < ARRAY_SIZE(remains); i++) {
		size_t n = strlen(remains[i]);

		if (len >= n && !strcmp(e->d_name + len - n, remains[i]))
			return false;
	}
	return true;
}

static void add_file(struct hooks_dir *d, int fd, const char *name, char **paths, size_t *n)
{
	_cleanup_(strbuf_done) struct strbuf path = STRBUF_NULL;
	const char *fault = file_fault(fd, name);

	if (!fault && *n == HOOKS_DIR_FILES_MAX)
		fault = "one too many, so it is not run";
	if (fault) {
		tell(d, LOG_LEVEL_WARNING, name, fault);
		return;
	}
	forget(d, name);
	strbuf_addf(&path, "%s/%s", d->path, name);
	paths[(*n)++] = memory_strdup(strbuf_text(&path));
}

static int open_dir(struct hooks_dir *d)
{
	_cleanup_(cleanup_closep) int fd = open(d->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	const char *fault;
	struct stat st;

	if (fd < 0) {
		/* the default one need not be there */
		bool fine = errno == ENOENT && !strcmp(d->path, OPTIONS_HOOKS);

		tell(d, fine ? LOG_LEVEL_DEBUG : LOG_LEVEL_WARNING, d->path, strerror(errno));
		return -1;
	}
	fault = fstat(fd, &st) < 0 ? strerror(errno) : owner_fault(&st);
	if (fault) {
		tell(d, LOG_LEVEL_WARNING, d->path, fault);
		return -1;
	}
	forget(d, d->path);
	return TAKE_FD(fd);
}

size_t hooks_dir_read(struct hooks_dir *d, char ***ret_paths)
{
	_cleanup_(cleanup_closep) int fd = open_dir(d);
	char **paths = memory_alloc(HOOKS_DIR_FILES_MAX * sizeof(*paths));
	struct dirent **entries;
	size_t n = 0;
	int found;

	*ret_paths = paths;
	if (fd < 0)
		return 0;
	found = scandirat(fd, ".", &entries, NULL, alphasort);
	for (int i = 0; i < found; i++) {
		if (is_hook(entries[i]))
			add_file(d, fd, entries[i]->d_name, paths, &n);
		free(entries[i]);
	}
	if (found >= 0)
		free(entries);
	return n;
}

void hooks_dir_done(char **paths, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(paths[i]);
	free(paths);
}
