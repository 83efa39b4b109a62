/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/ctl_options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
	OPT_SOCKET = 256,
	OPT_JSON,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

const char *ctl_options_help(void)
{
	return "Usage: omr-nftctl [--socket PATH] [--json] status\n"
	       "\n"
	       "Asks a running omr-nftd.\n"
	       "\n"
	       "  status         links with their state in both families, and where each target\n"
	       "                 leaves now\n"
	       "\n"
	       "  --socket PATH  the daemon's socket (default " CTL_OPTIONS_SOCKET ")\n"
	       "  --json         the daemon's answer as it came\n"
	       "  --version      print the version\n"
	       "  --help         print this\n"
	       "\n"
	       "Exit status: 0 answered, 1 no answer or refused, 2 usage.\n";
}

static int take_arguments(int argc, char **argv, struct ctl_options *o)
{
	if (o->version || o->help)
		return 0;
	if (optind == argc) {
		fputs("omr-nftctl: no command (try --help)\n", stderr);
		return -EINVAL;
	}
	if (optind + 1 < argc) {
		fprintf(stderr, "omr-nftctl: unexpected argument '%s'\n", argv[optind + 1]);
		return -EINVAL;
	}
	o->command = argv[optind];
	return 0;
}

int ctl_options_parse(int argc, char **argv, struct ctl_options *ret)
{
	struct ctl_options o = { .socket_path = CTL_OPTIONS_SOCKET };
	int r, c;

	while ((c = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_SOCKET:
			o.socket_path = optarg;
			break;
		case OPT_JSON:
			o.json = true;
			break;
		case OPT_VERSION:
			o.version = true;
			break;
		case 'h':
			o.help = true;
			break;
		default:
			return -EINVAL;
		}
	}
	r = take_arguments(argc, argv, &o);
	if (r < 0)
		return r;
	*ret = o;
	return 0;
}
