#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The machine's clock is stepped by an hour, forth and back, again and again: no link changes, no
# packet is lost, failover and delays take as long as ever. CLOCK_REALTIME is the machine's and no
# namespace has its own; so the daemon is shown another one (test/tools/preload/clock_step.c).
. "$(dirname "$0")/lib.sh"
[ -r "$OMR_TOOLS/clock_step.so" ] || {
	echo "no $OMR_TOOLS/clock_step.so: build the target test_tools" >&2
	exit 1
}
lab_enter "$@"
lab_up 2
LAB_LINK_EXTRA=', "probe": "internet", "hold_down": "2s"'
LAB_DEFAULT=', "failback": "delayed", "failback_delay": "2s"'
lab_policy '"probes": { "internet": { "type": "icmp", "hosts4": ["198.51.100.53"], "hosts6": ["2001:db8:53::53"],
		"interval": "100ms", "timeout": "100ms", "fall": 3, "rise": 2 } },
	"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
step() { echo "$1" >$LAB_TMP/step.new && mv $LAB_TMP/step.new $LAB_TMP/step; } # SECONDS from the real time
step 0
export OMR_CLOCK_STEP=$LAB_TMP/step
# its own clock as a program sees it: the test of the test
seen() { LD_PRELOAD=$OMR_TOOLS/clock_step.so ASAN_OPTIONS=verify_asan_link_order=0 /usr/bin/python3 -c 'import time; print(round((time.time() - time.monotonic()) / 60) * 60)'; }
at_first=$(seen)
step 3600
expect 3600 "the clock can be stepped" echo $(($(seen) - at_first))
step 0

LD_PRELOAD=$OMR_TOOLS/clock_step.so ASAN_OPTIONS=verify_asan_link_order=0 lab_daemon
grep -q clock_step "/proc/$LAB_DAEMON/maps" 2>/dev/null || sleep 0.3
soon "the daemon has the stepped clock" grep -q clock_step "/proc/$LAB_DAEMON/maps"
lab_wait 30 "in sync" lab_in_sync
soon "both links are up" lab_states up isp1 isp2
soon "isp1 is used" lab_leaves_by isp1

lab_pulse 1000
for seconds in 3600 0 -3600 0 86400 3600 -86400; do
	step $seconds
	sleep 0.5
done
lab_pulse_end
expect 0 "no packet is lost while the clock is stepped" lab_lost
expect 0 "no flow moves" grep -c ^moved $LAB_TMP/pulse
expect 0 "no link went down" grep -c 'isp[12].* down' $LAB_TMP/daemon.log

now_ms() { echo $(($(date +%s%N) / 1000000)); }
for seconds in 3600 -3600; do
	step 0
	lab_pulse 1000
	lab_blackhole isp1
	step $seconds
	soon "stepped by $seconds s while isp1 dies: moved" lab_moved_often 1
	for family in 4 6; do
		ms=$(lab_silences "$(lab_dst $family)" | cut -d' ' -f1)
		lab_at_most "$ms" 800 && ok "after $ms ms, IPv$family" || not_ok "after $ms ms, IPv$family"
	done
	lab_pulse_end
	died=$(now_ms)
	lab_heal isp1
	step $((seconds / 2))
	soon "it is held down for 2 s" lab_states held-down isp1
	step $seconds
	soon "and then up" lab_states up isp1
	up=$(now_ms)
	[ $((up - died)) -ge 1000 ] && ok "after $((up - died)) ms" || not_ok "up after $((up - died)) ms"
	step 0
	soon "failback, delayed by 2 s" lab_leaves_by isp1
	back=$(now_ms)
	[ $((back - up)) -ge 1500 ] && [ $((back - up)) -le 5000 ] && ok "after $((back - up)) ms" || not_ok "after $((back - up)) ms"
done
lab_ctl status >/dev/null && ok "it answers" || not_ok "it answers"
lab_daemon_clean
lab_done
