/* SPDX-License-Identifier: GPL-2.0-or-later */
/* omr-nftctl: asks the daemon. Wires options, socket and printer. */
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "daemon/ctl_ask.h"
#include "daemon/ctl_options.h"
#include "daemon/ctl_status.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

enum {
	EXIT_OK = 0,
	EXIT_SYSTEM = 1,
	EXIT_USAGE = 2,
};

static void json_freep(json_t **j)
{
	json_decref(*j);
}

static char *request_of(const char *command)
{
	json_t *j = json_pack("{s:s}", "command", command);
	char *text = j ? json_dumps(j, JSON_COMPACT) : NULL;

	json_decref(j);
	return text;
}

static int print_answer(const struct ctl_options *o, const char *text)
{
	_cleanup_(json_freep) json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL;
	const char *error = json_string_value(json_object_get(j, "error"));

	if (o->json)
		puts(text);
	if (error) {
		fprintf(stderr, "omr-nftctl: %s\n", error);
		return EXIT_SYSTEM;
	}
	if (o->json && json_is_object(j))
		return EXIT_OK;
	if (!json_is_object(j) || ctl_status_print(j, &out) < 0) {
		fputs("omr-nftctl: the daemon's answer is not understood\n", stderr);
		return EXIT_SYSTEM;
	}
	fputs(strbuf_text(&out), stdout);
	return EXIT_OK;
}

static int ask(const struct ctl_options *o)
{
	_cleanup_(strbuf_done) struct strbuf request = STRBUF_NULL, answer = STRBUF_NULL;
	_cleanup_(cleanup_freep) char *text = request_of(o->command);
	int r;

	if (!text) {
		fputs("omr-nftctl: the command is not UTF-8\n", stderr);
		return EXIT_USAGE;
	}
	strbuf_addf(&request, "%s\n", text);
	r = ctl_ask(o->socket_path, strbuf_text(&request), &answer);
	if (r < 0) {
		fprintf(stderr, "omr-nftctl: %s: %s%s\n", o->socket_path, strerror(-r),
			r == -ENOENT || r == -ECONNREFUSED ? " (is omr-nftd running?)" : "");
		return EXIT_SYSTEM;
	}
	return print_answer(o, strbuf_text(&answer));
}

int main(int argc, char **argv)
{
	struct ctl_options o;
	int status;

	if (ctl_options_parse(argc, argv, &o) < 0)
		return EXIT_USAGE;
	if (o.help || o.version) {
		fputs(o.help ? ctl_options_help() : "omr-nftctl " OMR_VERSION "\n", stdout);
		return EXIT_OK;
	}
	status = ask(&o);
	if (fflush(stdout) || ferror(stdout))
		return EXIT_SYSTEM;
	return status;
}
