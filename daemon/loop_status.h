/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon in one line, for the service manager: "2 of 3 links up; default: fiber". */
#pragma once

#include <stdint.h>

struct core;

char *loop_status_text(const struct core *c, uint64_t now_ns); /* to be freed */
