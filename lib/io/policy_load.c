/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "io/policy_load.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/diag.h"
#include "base/strbuf.h"
#include "model/policy.h"
#include "model/policy_read.h"

#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * O_NONBLOCK: a fifo or device by that name must not make us wait before
 * fstat() tells what it is. O_NOCTTY: nor become our terminal.
 */
#define OPEN_FLAGS (O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)

static int read_all(int fd, char *buf, size_t size, size_t *ret_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t n = read(fd, buf + len, size - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		len += (size_t)n;
	}
	*ret_len = len;
	return 0;
}

/* A file that grows or shrinks while it is read gives what was there, never more than max. */
static int load_source(const char *path, const char *name, size_t max, struct arena *a,
		       const struct diag_source **ret)
{
	_cleanup_(cleanup_closep) int fd = -1;
	struct diag_source *source;
	struct stat st;
	char *text;
	int r;

	fd = open(path, OPEN_FLAGS);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -ENOTSUP;
	if ((uint64_t)st.st_size > max)
		return -EFBIG;
	source = arena_alloc(a, sizeof(*source));
	text = arena_alloc(a, (size_t)st.st_size + 1);
	r = read_all(fd, text, (size_t)st.st_size, &source->len);
	if (r < 0)
		return r;
	source->name = arena_strdup(a, name);
	source->text = text;
	*ret = source;
	return 0;
}

/* Of a pipe nobody knows the size: read up to the limit and one byte more. */
static int load_stream(int fd, const char *name, size_t max, struct arena *a,
		       const struct diag_source **ret)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;
	struct diag_source *source;
	char buf[16384];

	for (;;) {
		ssize_t n = read(fd, buf, sizeof(buf));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		strbuf_addn(&text, buf, (size_t)n);
		if (text.len > max)
			return -EFBIG;
	}
	source = arena_alloc(a, sizeof(*source));
	source->name = name;
	source->text = arena_memdup(a, strbuf_text(&text), text.len + 1); /* NULs too */
	source->len = text.len;
	*ret = source;
	return 0;
}

struct loader {
	const char *policy_path;
	struct arena *texts;
};

static int load_list(void *data, const char *path, struct arena *a,
		     const struct diag_source **ret_source)
{
	const struct loader *l = data;
	const char *slash = strrchr(l->policy_path, '/');
	const char *full = path;

	if (path[0] != '/' && slash)
		full = arena_printf(l->texts, "%.*s/%s", (int)(slash - l->policy_path),
				    l->policy_path, path);
	return load_source(full, full, POLICY_LIST_MAX, l->texts, ret_source);
}

static int find_user(void *data, const char *name, uint32_t *ret_uid)
{
	_cleanup_(cleanup_freep) char *buf = NULL;
	struct passwd pw, *found;
	size_t size = 1024;
	int e;

	do {
		free(buf);
		size *= 2;
		buf = malloc(size);
		if (!buf)
			abort();
		e = getpwnam_r(name, &pw, buf, size, &found);
	} while (e == ERANGE && size < 1u << 20);
	/* getpwnam(3): some libraries report an unknown name by one of these */
	if (!found && (e == 0 || e == ENOENT || e == ESRCH || e == EBADF || e == EPERM))
		return -ENOENT;
	if (!found)
		return -e;
	*ret_uid = pw.pw_uid;
	return 0;
}

int policy_load(const char *path, struct arena *a, struct policy **ret_policy,
		struct diag_list *faults)
{
	/* faults point into the texts; nothing of the policy does */
	struct loader loader = { .policy_path = path, .texts = faults->arena };
	const struct policy_resolver resolver = {
		.data = &loader,
		.list = load_list,
		.user = find_user,
	};
	const struct diag_source *source;
	int r;

	if (strcmp(path, "-") == 0)
		r = load_stream(STDIN_FILENO, "<standard input>", POLICY_FILE_MAX, loader.texts,
				&source);
	else
		r = load_source(path, path, POLICY_FILE_MAX, loader.texts, &source);
	if (r == -EFBIG) {
		struct diag_source *whole = arena_alloc(loader.texts, sizeof(*whole));

		*whole = (struct diag_source){ .name = arena_strdup(loader.texts, path),
					       .text = "" };
		diag_add(faults, DIAG_ERROR, whole, DIAG_NO_OFFSET, 1, NULL,
			 "the file is larger than %u MiB", POLICY_FILE_MAX >> 20);
		return POLICY_READ_INVALID;
	}
	if (r < 0)
		return r;
	return policy_read(source, &resolver, a, ret_policy, faults);
}
