#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the daemon itself has too little of says nothing about a link: such
# rounds do not count, or all links would fail at once.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/probe.sh"
lab_enter "$@"
probe_lab
probe_far_start
lines() { [ "$(grep -c "$1" $LAB_TMP/rounds)" -ge "$2" ]; } # PATTERN AT-LEAST
probe_policy "\"type\": \"tcp\", \"port\": 443, $PROBE_TIMES, $PROBE_HOSTS"
nsenter --net=/run/netns/router "$OMR_TOOLS/probe_once" $LAB_TMP/policy.json isp1 999 >>$LAB_TMP/rounds 2>$LAB_TMP/rounds.err &
PROBE=$!
lab_wait 10 "good rounds" lines good 2
prlimit --pid $PROBE --nofile=3:
lab_wait 10 "no descriptor: it is told" grep -q "Too many open files" $LAB_TMP/rounds.err
sleep 1
expect 0 "no descriptor: no round counts" grep -c bad $LAB_TMP/rounds
good=$(grep -c good $LAB_TMP/rounds)
prlimit --pid $PROBE --nofile=1024:
lab_wait 10 "and all is well again" lines good $((good + 2)) && ok "and all is well again"
lab_stop TERM $PROBE
lab_done
