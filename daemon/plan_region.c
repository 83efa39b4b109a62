/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/plan_region.h"

#include "base/arena.h"
#include "base/cleanup.h"
#include "base/memory.h"

#include <errno.h>
#include <stdint.h>
#include <sys/mman.h>

/* Address space only; what a plan of the largest policy takes is far below it. */
#define RESERVED (sizeof(void *) > 4 ? (size_t)16 << 30 : (size_t)512 << 20)

struct plan_region {
	char *base;
	size_t reserved, used;
	int fd;
	const struct plan *plan;
};

static void plan_region_freep(struct plan_region **r)
{
	*r = plan_region_free(*r);
}

int plan_region_new(struct plan_region **ret)
{
	_cleanup_(plan_region_freep) struct plan_region *r = memory_alloc(sizeof(*r));
	void *base;

	r->fd = memfd_create("omr-nft plan", MFD_CLOEXEC);
	if (r->fd < 0)
		return -errno;
	base = mmap(NULL, RESERVED, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (base == MAP_FAILED)
		return -errno;
	r->base = base;
	r->reserved = RESERVED;
	*ret = TAKE_PTR(r);
	return 0;
}

struct plan_region *plan_region_free(struct plan_region *r)
{
	if (!r)
		return NULL;
	if (r->base)
		munmap(r->base, r->reserved);
	if (r->fd >= 0)
		close(r->fd);
	free(r);
	return NULL;
}

int plan_region_fd(const struct plan_region *r)
{
	return r->fd;
}

/* The memory of whole pages goes back to the system. */
static void drop(void *p, size_t size)
{
	uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	uintptr_t start = ((uintptr_t)p + page - 1) & ~(page - 1);
	uintptr_t end = ((uintptr_t)p + size) & ~(page - 1);

	if (start < end)
		(void)madvise((char *)p + (start - (uintptr_t)p), end - start, MADV_REMOVE);
}

int plan_region_open(struct plan_region *r, struct arena **ret)
{
	/* a file with a hole: memory is taken page by page as it is written */
	if (ftruncate(r->fd, (off_t)r->reserved) < 0)
		return -errno;
	if (mmap(r->base, r->reserved, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, r->fd, 0) ==
	    MAP_FAILED)
		return -errno;
	*ret = arena_new_in(r->base, r->reserved, drop);
	return 0;
}

int plan_region_map(struct plan_region *r, const struct plan *plan, size_t size)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	uintptr_t at = (uintptr_t)plan, base = (uintptr_t)r->base;

	if (size > r->reserved || at < base || at >= base + size)
		return -EBADMSG;
	size = (size + page - 1) & ~(page - 1);
	if (ftruncate(r->fd, (off_t)size) < 0)
		return -errno;
	if (mmap(r->base, size, PROT_READ, MAP_SHARED | MAP_FIXED, r->fd, 0) == MAP_FAILED)
		return -errno;
	if (size < r->reserved)
		munmap(r->base + size, r->reserved - size);
	r->reserved = r->used = size;
	r->plan = plan;
	return 0;
}

const struct plan *plan_region_plan(const struct plan_region *r)
{
	return r->plan;
}

void plan_region_relax(struct plan_region *r)
{
	/* of a shared mapping this takes away the pages here, not what is in them */
	if (r && r->used)
		(void)madvise(r->base, r->used, MADV_DONTNEED);
}
