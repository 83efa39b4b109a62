#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long nobody answers when a link dies: by cable at most 50 ms, behind it, with probes every 100
# ms of which three have to fail, at most 450 ms (medians of several, both families). One family that
# dies alone moves alone.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
LAB_LINK_EXTRA=', "probe": "internet"'
lab_policy '"probes": { "internet": { "type": "icmp", "hosts4": ["198.51.100.53"], "hosts6": ["2001:db8:53::53"],
		"interval": "100ms", "timeout": "100ms", "fall": 3, "rise": 2 } },
	"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
gone() { lab_blackhole "$1" gateway; }

lab_daemon_start
lab_turns 7 lab_pull lab_plug
expect_silence 50 "the cable is pulled"
lab_turns 7 lab_blackhole lab_heal
expect_silence 450 "silent behind the gateway"
lab_turns 5 gone lab_heal
expect_silence 450 "silent with the gateway"

soon "all is well again" lab_states up isp1 isp2
expect_both isp1 "new flows leave by the first link" client udp
lab_pulse 200
lab_blackhole isp1 4
soon "IPv4 alone is dead" eval '[ "$(lab_state isp1 4)" = probe-failed ] && [ "$(lab_state isp1 6)" = up ]'
soon "the IPv4 flow moves" eval '[ "$(lab_moves "$(lab_dst 4)")" -eq 1 ]'
expect isp2 "new IPv4 flows leave by isp2" ask_from client udp "$(lab_dst 4)"
expect isp1 "new IPv6 flows by isp1" ask_from client udp "$(lab_dst 6)"
lab_heal isp1
soon "it is back" lab_leaves_by isp1
lab_pulse_end
expect 0 "the IPv6 flow never moved" lab_moves "$(lab_dst 6)"
expect 1 "and the IPv4 flow was not dragged back" lab_moves "$(lab_dst 4)"
lab_daemon_clean
lab_done
