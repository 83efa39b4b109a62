/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of omr-nftgen. Prints nothing. */
#pragma once

#include <stdbool.h>

struct strbuf;

enum options_action {
	OPTIONS_PRINT, /* one artifact to standard output */
	OPTIONS_WRITE, /* all of them into a directory */
	OPTIONS_CHECK,
	OPTIONS_APPLY,
	OPTIONS_DIFF,
	OPTIONS_REMOVE,
	OPTIONS_VERSION,
	OPTIONS_HELP,
};

enum options_format {
	OPTIONS_NFT,
	OPTIONS_JSON,
	OPTIONS_IP,
	OPTIONS_DNSMASQ,
	OPTIONS_PLAN,
};
#define OPTIONS_FORMAT_COUNT (OPTIONS_PLAN + 1)

enum options_colour {
	OPTIONS_COLOUR_AUTO,
	OPTIONS_COLOUR_ALWAYS,
	OPTIONS_COLOUR_NEVER,
};
#define OPTIONS_COLOUR_COUNT (OPTIONS_COLOUR_NEVER + 1)

struct options {
	enum options_action action;
	enum options_format format;
	enum options_colour colour;
	bool verbose;
	const char *output; /* directory, with OPTIONS_WRITE */
	const char *policy; /* file or "-"; NULL with REMOVE, VERSION, HELP */
};

enum {
	OPTIONS_USAGE = 1, /* not a command we know: why is in `fault`, one line */
};

int options_parse(int argc, char **argv, struct options *ret, struct strbuf *fault);
const char *options_help(void);
