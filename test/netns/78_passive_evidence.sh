#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Probes every ten seconds only. While traffic flows its silence is noticed and the link is asked at
# once: moved within about a second. Without traffic nobody is in a hurry, and nothing is spent.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
LAB_LINK_EXTRA=', "probe": "internet"'
lab_policy '"probes": { "internet": { "type": "icmp", "hosts4": ["198.51.100.53"], "hosts6": ["2001:db8:53::53"],
		"interval": "10s", "interval_failing": "100ms", "timeout": "100ms", "fall": 3, "rise": 2 } },
	"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
lab_daemon_start
soon "both links are up" lab_states up isp1 isp2
lab_turns 5 lab_blackhole lab_heal
expect_silence 1500 "probes every 10 s, and traffic"
soon "both links are up" lab_states up isp1 isp2
soon "isp1 is used" lab_leaves_by isp1
echo_requests() { at isp1 nft list table inet seen | sed -n 's/.*counter packets \([0-9]*\).*/\1/p' | awk '{ n += $1 } END { print n + 0 }'; }
at isp1 nft 'add table inet seen; add chain inet seen prerouting { type filter hook prerouting priority -400; };
	add rule inet seen prerouting icmp type echo-request counter; add rule inet seen prerouting icmpv6 type echo-request counter'
# traffic that is answered costs no probes
lab_pulse 100
sleep 3
lab_pulse_end
n=$(echo_requests)
[ "$n" -le 4 ] && ok "answered traffic raises no suspicion: $n echo requests in 3 s" || not_ok "answered traffic raises no suspicion: $n echo requests"
# nor does silence; just after a probe, so that the next one is far
probed() { # both families have been, in the last 3 s
	lab_ctl --json status | /usr/bin/python3 -c "import json, sys
link = json.load(sys.stdin)['links'][0]
sys.exit(max(link[f]['probe']['last_good_seconds'] for f in ('ipv4', 'ipv6')) > 3)"
}
if lab_wait 30 "both families are probed" probed; then
	before=$(echo_requests)
	lab_blackhole isp1
	sleep 4
	expect 0 "without traffic: echo requests in 4 s" echo $(($(echo_requests) - before))
	expect "up up" "and nobody knows" echo "$(lab_state isp1 4)" "$(lab_state isp1 6)"
	started=$(date +%s%N)
	lab_wait 10 "traffic comes: moved" lab_leaves_by isp2 && ok "traffic comes: moved within $((($(date +%s%N) - started) / 1000000)) ms" ||
		not_ok "traffic comes: moved"
else
	not_ok "both families are probed"
fi
lab_heal isp1
lab_daemon_clean
lab_done
