/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One write(2) a line, so that lines of several writers do not mix; control
 * characters are replaced, so that no name or kernel text can forge a line.
 */
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/log_limit.h"
#include "base/strbuf.h"

#define WAIT_MS 20

static const struct {
	const char *name;
	const char *journal;
} levels[] = {
	[LOG_LEVEL_ERROR] = { "error", "<3>" },
	[LOG_LEVEL_WARNING] = { "warning", "<4>" },
	[LOG_LEVEL_INFO] = { "info", "<6>" },
	[LOG_LEVEL_DEBUG] = { "debug", "<7>" },
};

static enum log_level max_level = LOG_LEVEL_INFO;
static log_sink sink;
static struct log_limit limit;
static unsigned n_lost; /* lines, one after the other, that stderr did not take */
static bool cut; /* of the first of these it took the beginning */

void log_set_level(enum log_level level)
{
	max_level = level;
}

void log_set_sink(log_sink new_sink)
{
	sink = new_sink;
}

/*
 * JOURNAL_STREAM is "DEVICE:INODE" of the journal's socket. Children inherit the
 * variable even when their stderr leads elsewhere, hence the comparison
 * (systemd.exec(5)).
 */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	char here[64];
	struct stat st;

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	snprintf(here, sizeof(here), "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, here) == 0;
}

/*
 * Whoever reads our lines may be stuck, and a failover must not wait for it: what
 * it does not take within a moment is lost, and told when it reads again. A pipe
 * that polls as writable takes PIPE_BUF bytes at once.
 */
static bool write_part(const char *p, size_t n)
{
	struct pollfd out = { .fd = STDERR_FILENO, .events = POLLOUT };
	ssize_t done;

	do
		done = poll(&out, 1, n_lost ? 0 : WAIT_MS);
	while (done < 0 && errno == EINTR);
	if (done <= 0)
		return false;
	do
		done = write(STDERR_FILENO, p, n);
	while (done < 0 && errno == EINTR);
	return done == (ssize_t)n;
}

static bool write_all(const char *p, size_t n)
{
	bool some = false;

	while (n > 0) {
		size_t part = n < PIPE_BUF ? n : PIPE_BUF;

		if (!write_part(p, part)) {
			cut = cut || some;
			return false;
		}
		some = true;
		p += part;
		n -= part;
	}
	cut = false;
	return true;
}

static void write_line(enum log_level level, const char *token, const char *text)
{
	_cleanup_(strbuf_done) struct strbuf line = STRBUF_NULL;
	bool journal = stderr_is_journal();

	if (n_lost)
		strbuf_addf(&line, "%s%s%slog: %u lines lost: nobody read them\n", cut ? "\n" : "",
			    journal ? levels[LOG_LEVEL_WARNING].journal
				    : levels[LOG_LEVEL_WARNING].name,
			    journal ? "" : " ", n_lost);
	strbuf_addf(&line, "%s%s%s: %s\n", journal ? levels[level].journal : levels[level].name,
		    journal ? "" : " ", token, text);
	if (write_all(line.text, line.len))
		n_lost = 0;
	else
		n_lost++;
}

static uint64_t now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void put(enum log_level level, const char *token, const char *text)
{
	(sink ? sink : write_line)(level, token, text);
}

static void tell_counts(uint64_t now, bool all)
{
	struct log_limit_count c;

	while (log_limit_due(&limit, now, all, &c)) {
		_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;

		strbuf_addf(&text, "%s (repeated %u times in %u s)", c.text, c.times, c.seconds);
		put((enum log_level)c.level, c.token, strbuf_text(&text));
		free(c.token);
		free(c.text);
	}
}

void log_flush(void)
{
	if (log_limit_holds(&limit))
		tell_counts(now_ms(), false);
}

void log_finish(void)
{
	tell_counts(now_ms(), true);
	log_limit_done(&limit);
}

static bool passes(enum log_level level, const char *token, const char *text)
{
	uint64_t now;

	if (level == LOG_LEVEL_DEBUG)
		return true;
	now = now_ms();
	tell_counts(now, false);
	return log_limit_passes(&limit, level, token, text, now);
}

void log_line(enum log_level level, const char *token, const char *fmt, ...)
{
	_cleanup_(strbuf_done) struct strbuf text = STRBUF_NULL;
	int saved = errno;
	va_list ap;

	if (level > max_level)
		return;
	va_start(ap, fmt);
	strbuf_vaddf(&text, fmt, ap);
	va_end(ap);
	for (size_t i = 0; i < text.len; i++)
		if ((unsigned char)text.text[i] < ' ' || text.text[i] == 0x7f)
			text.text[i] = '?';
	if (passes(level, token, strbuf_text(&text)))
		put(level, token, strbuf_text(&text));
	errno = saved;
}
