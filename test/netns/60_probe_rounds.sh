#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Rounds: one during which the link goes away is not counted; after that the link has to prove
# itself anew; half the answers are half the loss.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/probe.sh"
lab_enter "$@"
probe_lab
probe_far_start
run() { # PROBE: in the background
	probe_policy "$1"
	: >$LAB_TMP/rounds
	nsenter --net=/run/netns/router "$OMR_TOOLS/probe_once" $LAB_TMP/policy.json isp1 999 >>$LAB_TMP/rounds 2>$LAB_TMP/rounds.err &
	PROBE=$!
}
lines() { [ "$(grep -c "$1" $LAB_TMP/rounds)" -ge "$2" ]; } # PATTERN AT-LEAST
run "\"type\": \"icmp\", \"interval\": \"2s\", \"timeout\": \"2s\", \"rise\": 2, \"suspect_after\": false, \"hosts4\": [\"198.51.100.53\"]"
lab_wait 10 "a good round" lines good 1
probe_far silent
sleep 2.5 # the second one is under way
kill -USR1 $PROBE
sleep 3
expect 0 "a round in which the link went away does not count" grep -c bad $LAB_TMP/rounds
expect 1 "and none is made while it is away" grep -c . $LAB_TMP/rounds
probe_far good
kill -USR2 $PROBE
soon "it is back: a good round" lines good 2
expect "unknown" "which is not enough" awk 'END { print $4 }' $LAB_TMP/rounds
soon "a second one" lines good 3
expect "passing" "which is" awk 'END { print $4 }' $LAB_TMP/rounds
lab_stop TERM $PROBE

probe_far half
run "\"type\": \"icmp\", \"interval\": \"50ms\", \"timeout\": \"50ms\", \"suspect_after\": false, \"window\": 20, \"fall\": 20, \"loss_percent\": 30, \"hosts4\": [\"198.51.100.53\"]"
soon "every second answer is lost: degraded" lines degraded 1
probe_far good
: >$LAB_TMP/rounds
soon "and well again" lines passing 1
lab_stop TERM $PROBE
lab_done
