/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Command line of omr-nftctl. */
#pragma once

#include <stdbool.h>

#define CTL_OPTIONS_SOCKET "/run/omr-nftd.sock"

struct ctl_options {
	const char *socket_path;
	const char *command;
	bool json;
	bool version, help;
};

/* 0, or -EINVAL with the fault told on stderr. */
int ctl_options_parse(int argc, char **argv, struct ctl_options *ret);
const char *ctl_options_help(void);
