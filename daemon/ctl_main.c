/* SPDX-License-Identifier: GPL-2.0-or-later */
/* omr-nftctl: asks the daemon. Wires options, socket and printers. */
#include "base/cleanup.h"
#include "base/strbuf.h"
#include "daemon/ctl_ask.h"
#include "daemon/ctl_doctor.h"
#include "daemon/ctl_event.h"
#include "daemon/ctl_options.h"
#include "daemon/ctl_print.h"
#include "daemon/ctl_text.h"

#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
	EXIT_OK = 0,
	EXIT_SYSTEM = 1,
	EXIT_USAGE = 2,
	EXIT_POLICY = 3,
};

static volatile sig_atomic_t interrupted, watch_fd = -1;

/* The socket is shut, so that no recv() begins to wait after this. */
static void on_interrupt(int number)
{
	interrupted = 1;
	if (watch_fd >= 0)
		shutdown(watch_fd, SHUT_RDWR);
}

static void json_freep(json_t **j)
{
	json_decref(*j);
}

static bool wants_colors(const struct ctl_options *o)
{
	const char *no_color = getenv("NO_COLOR"), *term = getenv("TERM");

	switch (o->color) {
	case CTL_COLOR_ALWAYS:
		return true;
	case CTL_COLOR_NEVER:
		return false;
	case CTL_COLOR_AUTO:
		break;
	}
	return isatty(STDOUT_FILENO) && !(no_color && *no_color) && term &&
	       strcmp(term, "dumb") != 0;
}

static int no_answer(const struct ctl_options *o, int r)
{
	const char *hint = "";

	if (r == -ENOENT || r == -ECONNREFUSED)
		hint = " (is omr-nftd running?)";
	else if (r == -EACCES)
		hint = " (root and the socket's group may ask)";
	fprintf(stderr, "omr-nftctl: %s: %s%s\n", o->socket_path,
		r == -EPROTO   ? "the daemon hung up"
		: r == -EAGAIN ? "the daemon does not answer"
			       : strerror(-r),
		hint);
	return EXIT_SYSTEM;
}

static int refused(const json_t *answer, const char *error)
{
	fprintf(stderr, "omr-nftctl: %s\n", error);
	if (ctl_text_has(answer, "faults"))
		fputs(ctl_text_string(answer, "faults"), stderr);
	return ctl_text_number(answer, "status") == EXIT_POLICY ? EXIT_POLICY : EXIT_SYSTEM;
}

static int print_answer(const struct ctl_options *o, const char *text)
{
	_cleanup_(json_freep) json_t *j = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL, error = STRBUF_NULL;

	if (o->json)
		puts(text);
	if (ctl_print_error(j, &error))
		return refused(j, strbuf_text(&error));
	if (o->json && json_is_object(j))
		return EXIT_OK;
	if (ctl_print_answer(o->command, j, wants_colors(o), &out) < 0) {
		fputs("omr-nftctl: the daemon's answer is not understood\n", stderr);
		return EXIT_SYSTEM;
	}
	fputs(ctl_text_string(j, "warnings"), stderr);
	fputs(strbuf_text(&out), stdout);
	return EXIT_OK;
}

static int ask(const struct ctl_options *o, const char *request)
{
	_cleanup_(ctl_ask_done) struct ctl_ask a;
	int seconds = o->command == CTL_RELOAD ? CTL_ASK_RELOAD_SECONDS : CTL_ASK_SECONDS;
	int r = ctl_ask_send(&a, o->socket_path, request, seconds);
	const char *line;

	if (r == 0)
		r = ctl_ask_line(&a, &line);
	return r < 0 ? no_answer(o, r) : print_answer(o, line);
}

/* True: it was the last. */
static bool print_event(const struct ctl_options *o, const char *line, int *ret_status)
{
	_cleanup_(json_freep) json_t *j = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	_cleanup_(strbuf_done) struct strbuf out = STRBUF_NULL, error = STRBUF_NULL;

	if (ctl_print_error(j, &error)) {
		*ret_status = refused(j, strbuf_text(&error));
		return true;
	}
	if (o->json)
		puts(line);
	else
		ctl_event_print(j, wants_colors(o), &out);
	fputs(strbuf_text(&out), stdout);
	fflush(stdout);
	if (strcmp(ctl_text_string(j, "event"), "end") != 0)
		return false;
	/* the daemon's end is an end; to be cut off is not what was asked for */
	*ret_status = strstr(ctl_text_string(j, "reason"), "slow") ? EXIT_SYSTEM : EXIT_OK;
	return true;
}

static int watch(const struct ctl_options *o, const char *request)
{
	_cleanup_(ctl_ask_done) struct ctl_ask a;
	struct sigaction action = { .sa_handler = on_interrupt };
	int status = EXIT_OK, r;
	const char *line;

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	r = ctl_ask_send(&a, o->socket_path, request, CTL_ASK_FOREVER);
	watch_fd = a.fd;
	while (r == 0 && !interrupted) {
		r = ctl_ask_line(&a, &line);
		if (r == 0 && print_event(o, line, &status))
			return status;
		if (ferror(stdout))
			return EXIT_SYSTEM;
	}
	return interrupted ? EXIT_OK : no_answer(o, r);
}

static int run(const struct ctl_options *o)
{
	_cleanup_(cleanup_freep) char *request = ctl_options_request(o);

	if (!request) {
		fputs("omr-nftctl: an argument is not UTF-8\n", stderr);
		return EXIT_USAGE;
	}
	switch (o->command) {
	case CTL_WATCH:
		return watch(o, request);
	case CTL_DOCTOR:
		return ctl_doctor(o, request, wants_colors(o));
	case CTL_STATUS:
	case CTL_LINKS:
	case CTL_GROUPS:
	case CTL_RULES:
	case CTL_WHY:
	case CTL_DRAIN:
	case CTL_UNDRAIN:
	case CTL_SWITCH:
	case CTL_RELOAD:
	case CTL_METRICS:
		return ask(o, request);
	}
	return EXIT_USAGE;
}

int main(int argc, char **argv)
{
	struct ctl_options o;
	int status;

	if (ctl_options_parse(argc, argv, &o) < 0)
		return EXIT_USAGE;
	if (o.help || o.version) {
		fputs(o.help ? ctl_options_help() : "omr-nftctl " OMR_VERSION "\n", stdout);
		return fflush(stdout) ? EXIT_SYSTEM : EXIT_OK;
	}
	status = run(&o);
	if (fflush(stdout) || ferror(stdout))
		return EXIT_SYSTEM;
	return status;
}
