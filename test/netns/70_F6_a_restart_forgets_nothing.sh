#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# F6 of the original: its state was a variable of a process that many things restarted. Here the
# daemon ends in every way, at every point of a story, and is started again: nothing is stale, and a
# live flow loses nothing by the restart itself.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/story.sh"
lab_enter "$@"
lab_up 2
story_start

restart() { # HOW
	if [ "$1" = HUP ]; then
		kill -HUP "$LAB_DAEMON"
	else
		lab_stop "$1" "$LAB_DAEMON"
		lab_daemon
	fi
	lab_wait 30 "in sync after $1" lab_in_sync || not_ok "in sync after $1"
}
for kind in carrier blackhole; do
	for how in TERM KILL HUP; do
		for event in dies2 dies1 returns2 returns1; do
			story_event $kind $event
			story_step "$kind: $event"
			restart $how
			story_step "$kind: $event, restarted by $how"
		done
	done
done

lab_pulse 1000
for how in TERM KILL HUP KILL TERM; do
	restart $how
	sleep 0.3
done
lab_pulse_end
expect 0 "a live flow does not move when the daemon restarts" grep -c ^moved $LAB_TMP/pulse
lost=$(lab_lost)
[ "$lost" -eq 0 ] && ok "and loses no packet of $(awk '$1 == "total" { n += $3 } END { print n }' $LAB_TMP/pulse)" ||
	not_ok "and loses no packet: $lost lost"

# a flow that moved stays where it is, too
story carrier dies1
lab_pulse 1000
story carrier returns1
restart KILL
restart TERM
sleep 0.3
lab_pulse_end
expect "isp2 isp2" "flows on the backup stay there over restarts" sh -c "awk '\$1 == \"total\" { print \$5 }' $LAB_TMP/pulse | xargs"
expect 0 "without moving" grep -c ^moved $LAB_TMP/pulse
lab_daemon_clean
lab_done
