/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * LD_PRELOAD: CLOCK_REALTIME, and what is made of it, runs ahead of the real one
 * by the seconds that stand in the file $OMR_CLOCK_STEP, read at each question. Other
 * clocks are as they are.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

static long real_syscall(long number, long a, long b, long c, long d, long e, long f)
{
	static long (*next)(long, ...);

	if (!next)
		*(void **)&next = dlsym(RTLD_NEXT, "syscall");
	return next(number, a, b, c, d, e, f);
}

static long step(void)
{
	const char *path = getenv("OMR_CLOCK_STEP");
	char buf[32] = { 0 };
	int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;

	if (fd < 0)
		return 0;
	(void)!read(fd, buf, sizeof(buf) - 1);
	close(fd);
	return atol(buf);
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	long r = real_syscall(SYS_clock_gettime, clock, (long)ts, 0, 0, 0, 0);

	if (r == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE))
		ts->tv_sec += step();
	return (int)r;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}

time_t time(time_t *t)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (t)
		*t = ts.tv_sec;
	return ts.tv_sec;
}

/* libev may ask for the time like this. */
long syscall(long number, ...)
{
	long a[6];
	va_list args;

	va_start(args, number);
	for (int i = 0; i < 6; i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_clock_gettime)
		return clock_gettime((clockid_t)a[0], (struct timespec *)a[1]);
	return real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
