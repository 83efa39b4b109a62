#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Without the daemon: killed, the kernel alone fails over, for new flows and for those in
# progress; started again, it converges and disturbs nothing; ended by SIGTERM it leaves the
# daemonless state behind.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
lab_policy '"rules": [
	{ "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" },
	{ "name": "strict", "to": ["198.51.100.0/24"], "via": "isp1", "on_down": "block" }
]'
V4=$(lab_dst 4) V6=$(lab_dst 6)

status() { at router "$OMR_BIN/omr-nftctl" --socket $LAB_TMP/daemon.sock --json status; }
in_sync() { status 2>/dev/null | grep -q '"in_sync":true'; }
leaves_by() { [ "$(ask_from client -t 200 udp "$V4")" = "$1" ] && [ "$(ask_from client -t 200 udp "$V6")" = "$1" ]; }
both_moved() { [ "$(grep -c "^moved .* $1 $2 " $LAB_TMP/pulse)" -ge 2 ]; }
answered() { [ "$(grep -c ^answer $LAB_TMP/pulse)" -eq 2 ]; }
egress() { at router nft list map inet omr_egress egress | grep -c 'goto'; }
# Moves and losses of the flows; a scheduler's pause without any loss is none.
disturbed() { awk '$1 == "moved" || $1 == "silence" && $NF > 0' $LAB_TMP/pulse; }
start_pulse() {
	nsenter --net=/run/netns/client "$OMR_TOOLS/pulse" -r 200 "$V4" "$V6" >$LAB_TMP/pulse &
	pulse=$!
	lab_wait 10 "both flows are answered" answered
}
stop_pulse() {
	kill $pulse
	wait $pulse
}

lab_daemon
lab_wait 30 "the daemon is in sync" in_sync || not_ok "the daemon starts"
expect_both isp1 "the first link is used" client udp

# kill -9, then a cable is pulled
start_pulse
kill -KILL $LAB_DAEMON
wait $LAB_DAEMON 2>/dev/null
lab_pull isp1
lab_wait 10 "flows in progress leave by isp2" both_moved isp1 isp2 && ok "killed: flows in progress fail over" ||
	not_ok "killed: flows in progress fail over"
stop_pulse
grep ^moved $LAB_TMP/pulse | sed 's/^/   /'
lab_wait 10 "new flows leave by isp2" leaves_by isp2
expect_both isp2 "killed: new flows fail over" client tcp
expect unreachable "killed: a strict rule holds" ask_from client -t 300 udp 198.51.100.1
lab_plug isp1
lab_wait 10 "new flows leave by isp1 again" leaves_by isp1 && ok "killed: and come back" || not_ok "killed: and come back"

# Started again while a flow runs: nothing is lost and no counter begins anew.
start_pulse
packets=$(rule_packets all)
lab_daemon
lab_wait 30 "the daemon is in sync again" in_sync && ok "started again: in sync" || not_ok "started again: in sync"
stop_pulse
expect "" "started again: no flow moves or falls silent" disturbed
[ "$(rule_packets all)" -ge "$packets" ] && ok "started again: counters go on" || not_ok "started again: counters go on"
lab_pull isp1
lab_wait 10 "isp2" leaves_by isp2 && ok "started again: fails over" || not_ok "started again: fails over"
lab_plug isp1
lab_wait 10 "isp1" leaves_by isp1

# Killed with the link down and started with it up: what is stale is put right.
lab_pull isp1
lab_wait 10 "isp2" leaves_by isp2
kill -KILL $LAB_DAEMON
wait $LAB_DAEMON 2>/dev/null
lab_plug isp1
expect_both isp2 "killed while on the second link: it stays in use" client udp
lab_daemon
lab_wait 30 "isp1" leaves_by isp1 && ok "started again: the first link is used" || not_ok "started again: the first link is used"

# SIGTERM
lab_wait 10 "in sync" in_sync
start_pulse
kill -TERM $LAB_DAEMON
wait $LAB_DAEMON
expect 0 "exit status after SIGTERM" echo $?
expect 0 "egress is empty" egress
[ ! -e $LAB_TMP/daemon.sock ] && ok "the socket is gone" || not_ok "the socket is gone"
stop_pulse
expect "" "SIGTERM: no flow moves or falls silent" disturbed
expect_both isp1 "without daemon" client udp
start_pulse
lab_pull isp1
lab_wait 10 "flows in progress leave by isp2" both_moved isp1 isp2 && ok "without daemon: flows in progress fail over" ||
	not_ok "without daemon: flows in progress fail over"
stop_pulse
grep ^moved $LAB_TMP/pulse | sed 's/^/   /'
expect_both isp2 "without daemon: new flows fail over" client tcp
expect unreachable "without daemon: a strict rule holds" ask_from client -t 300 udp 198.51.100.1
lab_plug isp1
lab_wait 10 "isp1" leaves_by isp1 && ok "without daemon: and come back" || not_ok "without daemon: and come back"
lab_done
