/* SPDX-License-Identifier: GPL-2.0-or-later */
/* omr-nftd: options, then the loop. Only wires. */
#include "base/log.h"
#include "daemon/loop.h"
#include "daemon/options.h"

#include <stdio.h>
#include <sys/resource.h>

enum {
	EXIT_OK = 0,
	EXIT_SYSTEM = 1,
	EXIT_USAGE = 2,
};

static int run(const struct options *o)
{
	const struct loop_config config = {
		.policy_path = o->policy_path,
		.socket_path = o->socket_path,
		.socket_group = o->group,
		.socket_required = o->socket_given,
		.hooks_path = o->hooks_path,
	};

	return loop_run(&config);
}

/* Each question of a tcp or http probe is a socket; nothing here uses select(2). */
static void raise_open_files(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
		limit.rlim_cur = limit.rlim_max;
		(void)setrlimit(RLIMIT_NOFILE, &limit);
	}
}

int main(int argc, char **argv)
{
	struct options o;

	if (options_parse(argc, argv, &o) < 0)
		return EXIT_USAGE;
	if (o.help || o.version) {
		fputs(o.help ? options_help() : "omr-nftd " OMR_VERSION "\n", stdout);
		return fflush(stdout) ? EXIT_SYSTEM : EXIT_OK;
	}
	if (o.debug)
		log_set_level(LOG_LEVEL_DEBUG);
	raise_open_files();
	return run(&o);
}
