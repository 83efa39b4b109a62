#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 55_daemon_never_stale with veths whose ends have unequal ifindexes: the kernel tells every loss at once.
OMR_UNEQUAL_IFINDEX=1 exec bash "$(dirname "$0")/55_daemon_never_stale.sh" "$@"
