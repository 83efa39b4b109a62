#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Random policies, thousands of real flows: each must leave by the link that an independent reading
# of the language gives (differential.py). OMR_DIFF_POLICIES, OMR_DIFF_FLOWS and OMR_DIFF_SEED ask
# for more, or for one that failed.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
command -v conntrack >/dev/null || lab_skip "no conntrack"
lab_up 3
# Neighbours are known before, so that no queue of waiting packets overflows.
for n in 1 2 3; do
	ask_from router udp "10.$n.0.1" >/dev/null
	ask_from router udp "fd00:a:$n::1" >/dev/null
done
for n in 10.9.0.1 fd00:a:9::1; do
	ask_from router udp $n >/dev/null
done
lab_quiet
at router /usr/bin/python3 "$LAB_DIR/differential.py" $LAB_TMP
