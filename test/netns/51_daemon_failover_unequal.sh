#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 50_daemon_failover with veths whose ends have unequal ifindexes: the kernel tells every loss at once.
OMR_UNEQUAL_IFINDEX=1 exec bash "$(dirname "$0")/50_daemon_failover.sh" "$@"
