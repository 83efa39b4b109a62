#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# F2 of the original: its switch was skipped when somebody else had taken the link down before it
# looked: a hotplug script, a device that had vanished, a tracker that had just begun.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/story.sh"
lab_enter "$@"
lab_up 2
story_start

dead() { STORY_DEAD=" $* "; }
alive() { STORY_DEAD=; }

dead 1
ip -n router link set w1 down
story_step "the device is down by administration"
alive
ip -n router link set w1 up
ip -n router addr replace fd00:a:1::2/64 dev w1 nodad
ip -n router route replace default via 10.1.0.1 dev w1 metric 2001
ip -n router -6 route replace default via fd00:a:1::1 dev w1 metric 2001
story_step "and up again"

dead 1
ip -n router addr flush dev w1 scope global
story_step "its addresses are taken away"
alive
ip -n router addr add 10.1.0.2/24 dev w1
ip -n router addr add fd00:a:1::2/64 dev w1 nodad
ip -n router route replace default via 10.1.0.1 dev w1 metric 2001
ip -n router -6 route replace default via fd00:a:1::1 dev w1 metric 2001
story_step "and given again"

dead 1
ip -n router link del w1
story_step "the device has vanished"
alive
ip -n router link add w1 index 901 type veth peer name cable index 901 netns isp1
ip -n isp1 link set cable master lan0 up
ip -n router link set w1 up
ip -n router addr add 10.1.0.2/24 dev w1
ip -n router addr add fd00:a:1::2/64 dev w1 nodad
ip -n router route add default via 10.1.0.1 dev w1 metric 2001
ip -n router -6 route add default via fd00:a:1::1 dev w1 metric 2001
story_step "and is back with another number"

dead 1
ip -n router link set w1 down
ip -n router link set w1 name other
story_step "renamed"
alive
ip -n router link set other name w1
ip -n router link set w1 up
ip -n router addr replace fd00:a:1::2/64 dev w1 nodad
ip -n router route replace default via 10.1.0.1 dev w1 metric 2001
ip -n router -6 route replace default via fd00:a:1::1 dev w1 metric 2001
story_step "and named as before"

# The daemon begins when the link is dead already, and nothing happens any more.
for how in TERM KILL; do
	for kind in carrier blackhole; do
		lab_stop $how "$LAB_DAEMON"
		story_event $kind dies1
		lab_daemon
		story_step "$kind: it died while there was no daemon ($how)"
		lab_stop $how "$LAB_DAEMON"
		story_event $kind returns1
		lab_daemon
		story_step "$kind: it returned while there was no daemon ($how)"
	done
done
# A short flap while another switch is under way
for i in 1 2 3 4 5; do
	story_storm carrier dies2 dies1 returns1 returns2 dies1
	story_storm carrier returns1
done
lab_wait 10 "in sync" lab_in_sync
lab_daemon_clean
lab_done
