#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# F7 of the original: one process a link, and when two links flapped together each could choose the
# other's. Here three links die and return at random, at once, by cable and behind it; in the quiet
# after each storm the first that works is used. OMR_SEED repeats a run.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/story.sh"
lab_enter "$@"
lab_up 3
story_start
seed=${OMR_SEED:-$RANDOM}
echo "seed $seed"
RANDOM=$seed

declare -A cable=() upstream=() # dead ones
flap() { # N
	local n=$1

	if [ $((RANDOM % 3)) -eq 0 ]; then
		if [ -n "${upstream[$n]:-}" ]; then
			lab_heal "isp$n"
			upstream[$n]=
		else
			lab_blackhole "isp$n" $([ $((RANDOM % 2)) -eq 0 ] && echo gateway)
			upstream[$n]=dead
		fi
	elif [ -n "${cable[$n]:-}" ]; then
		lab_plug "isp$n"
		cable[$n]=
	else
		lab_pull "isp$n"
		cable[$n]=dead
	fi
}
for ((storm = 1; storm <= 15; storm++)); do
	for ((i = RANDOM % 12; i >= 0; i--)); do
		flap $((1 + RANDOM % 3))
		[ $((RANDOM % 2)) -eq 0 ] || sleep 0.0$((RANDOM % 9))
	done
	STORY_DEAD=
	for n in 1 2 3; do
		[ -z "${cable[$n]:-}${upstream[$n]:-}" ] || STORY_DEAD+=" $n "
	done
	story_step "storm $storm"
done
lab_daemon_clean
lab_done
