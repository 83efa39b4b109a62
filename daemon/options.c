/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

enum {
	OPT_POLICY = 256,
	OPT_SOCKET,
	OPT_GROUP,
	OPT_HOOKS,
	OPT_DEBUG,
	OPT_VERSION,
};

static const struct option long_options[] = {
	{ "policy", required_argument, NULL, OPT_POLICY },
	{ "socket", required_argument, NULL, OPT_SOCKET },
	{ "group", required_argument, NULL, OPT_GROUP },
	{ "hooks", required_argument, NULL, OPT_HOOKS },
	{ "debug", no_argument, NULL, OPT_DEBUG },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, 'h' },
	{ NULL, 0, NULL, 0 },
};

const char *options_help(void)
{
	return "Usage: omr-nftd [--policy FILE] [--socket PATH] [--group NAME] [--hooks DIR]\n"
	       "                [--debug]\n"
	       "\n"
	       "Applies the policy, watches the links and moves the traffic when one dies.\n"
	       "Runs in the foreground, logs to stderr, reads the policy anew on SIGHUP, ends on\n"
	       "SIGTERM; the kernel then fails over by itself, on carrier alone.\n"
	       "\n"
	       "  --policy FILE  the policy, as omr-nftgen reads it\n"
	       "                 (default " OPTIONS_POLICY ")\n"
	       "  --socket PATH  where omr-nftctl asks (default " OPTIONS_SOCKET ")\n"
	       "  --group NAME   group of the socket: its members may ask, too\n"
	       "  --hooks DIR    programs to run on events\n"
	       "                 (default " OPTIONS_HOOKS ", if it exists)\n"
	       "  --debug        log more\n"
	       "  --version      print the version\n"
	       "  --help         print this\n"
	       "\n"
	       "Exit status: 0 stopped, 1 system error, 2 usage, 3 faults in the policy.\n";
}

static int check(int argc, char **argv, const struct options *o)
{
	if (o->version || o->help)
		return 0;
	if (optind < argc) {
		fprintf(stderr, "omr-nftd: unexpected argument '%s'\n", argv[optind]);
		return -EINVAL;
	}
	return 0;
}

int options_parse(int argc, char **argv, struct options *ret)
{
	struct options o = {
		.policy_path = OPTIONS_POLICY,
		.socket_path = OPTIONS_SOCKET,
		.hooks_path = OPTIONS_HOOKS,
	};
	int r, c;

	while ((c = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		switch (c) {
		case OPT_POLICY:
			o.policy_path = optarg;
			break;
		case OPT_SOCKET:
			o.socket_path = optarg;
			o.socket_given = true;
			break;
		case OPT_GROUP:
			o.group = optarg;
			break;
		case OPT_HOOKS:
			o.hooks_path = optarg;
			break;
		case OPT_DEBUG:
			o.debug = true;
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
	r = check(argc, argv, &o);
	if (r < 0)
		return r;
	*ret = o;
	return 0;
}
