/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command line of omr-nftd. */
#pragma once

#include <stdbool.h>

#define OPTIONS_POLICY "/etc/omr-nft/policy.json"
#define OPTIONS_SOCKET "/run/omr-nft/control.sock"
#define OPTIONS_HOOKS  "/etc/omr-nft/hooks.d"

struct options {
	const char *policy_path;
	const char *socket_path;
	const char *group; /* of the socket; NULL: its maker's */
	const char *hooks_path;
	bool socket_given; /* then a socket that cannot be opened is fatal */
	bool debug;
	bool version, help;
};

/* 0, or -EINVAL with the fault told on stderr. */
int options_parse(int argc, char **argv, struct options *ret);
const char *options_help(void);
