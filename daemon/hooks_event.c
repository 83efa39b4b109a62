/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/hooks_event.h"

#include "base/cleanup.h"
#include "base/memory.h"
#include "base/strbuf.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

static const char path_variable[] =
	"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

static const char *const names[] = {
	[CORE_LINE_LINK_UP] = "link-up",
	[CORE_LINE_LINK_DOWN] = "link-down",
	[CORE_LINE_GROUP] = "group",
	[CORE_LINE_REPAIR] = "repair",
};

const char *hooks_event_name(enum core_line_kind kind)
{
	return kind < ARRAY_SIZE(names) ? names[kind] : NULL;
}

char *hooks_event_object(const struct core_line *line)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;

	if (line->kind == CORE_LINE_GROUP && line->group)
		strbuf_addf(&b, "group %s", line->group);
	else if (line->link)
		strbuf_addf(&b, "link %s", line->link);
	else
		strbuf_add(&b, hooks_event_name(line->kind));
	return memory_strdup(strbuf_text(&b));
}

/* RFC 8259; what is not ASCII goes as it is. */
static void json_string(struct strbuf *b, const char *text)
{
	strbuf_addc(b, '"');
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c < ' ' || c == 0x7f)
			strbuf_addf(b, "\\u%04x", c);
		else if (c == '"' || c == '\\')
			strbuf_addf(b, "\\%c", c);
		else
			strbuf_addc(b, *text);
	}
	strbuf_addc(b, '"');
}

static void add_variable(struct hooks_event *e, const char *assignment)
{
	assert(e->n_environment + 1 < ARRAY_SIZE(e->environment));
	e->environment[e->n_environment++] = memory_strdup(assignment);
}

/* One member and one variable; what does not apply is in neither. */
static void add(struct hooks_event *e, struct strbuf *json, const char *key, const char *variable,
		const char *value)
{
	_cleanup_(strbuf_done) struct strbuf b = STRBUF_NULL;

	if (!value)
		return;
	strbuf_addf(json, "%s\"%s\":", json->len > 1 ? "," : "", key);
	json_string(json, value);
	strbuf_addf(&b, "OMR_%s=%s", variable, value);
	add_variable(e, strbuf_text(&b));
}

/* Events of a repair have no family. */
static const char *family_of(const struct core_line *line)
{
	if (line->kind == CORE_LINE_REPAIR)
		return NULL;
	return line->family == INET4 ? "ipv4" : "ipv6";
}

#define TIME_MAX sizeof("-2147483648-12-31T23:59:60.999Z")

/* Of the wall: 2026-11-23T01:02:03.456Z */
static const char *now_text(char ret[TIME_MAX])
{
	struct timespec t;
	struct tm utc;
	size_t n;

	clock_gettime(CLOCK_REALTIME, &t);
	gmtime_r(&t.tv_sec, &utc);
	n = strftime(ret, TIME_MAX, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(ret + n, TIME_MAX - n, ".%03uZ", (unsigned)(t.tv_nsec / 1000000) % 1000);
	return ret;
}

struct hooks_event *hooks_event_new(const struct core_line *line)
{
	_cleanup_(strbuf_done) struct strbuf json = STRBUF_NULL;
	struct hooks_event *e = memory_alloc(sizeof(*e));
	char time[TIME_MAX];

	add_variable(e, path_variable);
	strbuf_addc(&json, '{');
	add(e, &json, "event", "EVENT", hooks_event_name(line->kind));
	add(e, &json, "time", "TIME", now_text(time));
	add(e, &json, "link", "LINK", line->link);
	add(e, &json, "device", "DEVICE", line->device);
	add(e, &json, "group", "GROUP", line->group);
	add(e, &json, "family", "FAMILY", family_of(line));
	add(e, &json, "from", "FROM", line->from);
	add(e, &json, "to", "TO", line->to);
	add(e, &json, "reason", "REASON", line->reason);
	add(e, &json, "text", "TEXT", line->text);
	strbuf_addf(&json, ",\"warning\":%s", line->warning ? "true" : "false");
	if (line->detect_us)
		strbuf_addf(&json, ",\"detect_us\":%" PRIu64, line->detect_us);
	strbuf_add(&json, "}\n");
	e->json = memory_strdup(strbuf_text(&json));
	return e;
}

struct hooks_event *hooks_event_free(struct hooks_event *e)
{
	if (!e)
		return NULL;
	for (size_t i = 0; i < e->n_environment; i++)
		free(e->environment[i]);
	free(e->json);
	free(e);
	return NULL;
}

/* A file in memory rather than a pipe: it takes all of it at once, read or not. */
int hooks_event_stdin(const struct hooks_event *e)
{
	_cleanup_(cleanup_closep) int fd = memfd_create("omr-nft-event", MFD_CLOEXEC);
	size_t len = strlen(e->json);

	if (fd < 0)
		return -errno;
	if (pwrite(fd, e->json, len, 0) != (ssize_t)len)
		return -EIO;
	return TAKE_FD(fd);
}
