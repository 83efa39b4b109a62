/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command line of omr-nftctl. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define CTL_OPTIONS_SOCKET   "/run/omr-nft/control.sock"
#define CTL_OPTIONS_WHY_MAX  16
#define CTL_OPTIONS_ARGS_MAX 2

enum ctl_command {
	CTL_STATUS,
	CTL_LINKS,
	CTL_GROUPS,
	CTL_RULES,
	CTL_WHY,
	CTL_DRAIN,
	CTL_UNDRAIN,
	CTL_SWITCH,
	CTL_RELOAD,
	CTL_WATCH,
	CTL_METRICS,
	CTL_DOCTOR,
};
#define CTL_COMMAND_COUNT (CTL_DOCTOR + 1)

enum ctl_color {
	CTL_COLOR_AUTO, /* on a terminal, unless NO_COLOR is set */
	CTL_COLOR_ALWAYS,
	CTL_COLOR_NEVER,
};

struct ctl_options {
	const char *socket_path;
	enum ctl_command command;
	const char *args[CTL_OPTIONS_ARGS_MAX];
	/* `why`: keys of the request with their values, as written */
	struct {
		const char *key, *value;
	} why[CTL_OPTIONS_WHY_MAX];
	size_t n_why;
	bool local; /* why */
	bool strict; /* metrics */
	bool json;
	enum ctl_color color;
	bool version, help;
};

/* 0, or -EINVAL with the fault told on stderr. */
int ctl_options_parse(int argc, char **argv, struct ctl_options *ret);
const char *ctl_options_help(void);
const char *ctl_options_command(enum ctl_command c);
/* The request as one line of JSON, free() it; NULL: an argument is not UTF-8. */
char *ctl_options_request(const struct ctl_options *o);
