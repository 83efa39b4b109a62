#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# No packet of an established flow on a live link is classified again: the counters of the rules
# stand still while it goes on. With and without a daemon, also for flows that are not bypassed.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
lab_policy '"rules": [
	{ "name": "hole", "to": ["203.0.113.64/26", "2001:db8:5:64::/64"], "via": "main" },
	{ "name": "net", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" }
]'
lab_apply

converse() { # RULE WANT PROTO ADDRESS: 200 questions in one flow; prints how often the rule was hit, and who answered
	local before after answers

	before=$(rule_packets "$1")
	answers=$(yes | head -n 200 | ask_from client -k "$3" "$4" | sort | uniq -c | tr -s ' \n' ' ')
	after=$(rule_packets "$1")
	echo "$((after - before)) packets classified, answers:${answers% }"
}
rounds() {
	local proto n

	for proto in tcp udp; do
		n=200
		[ $proto = udp ] || n=201 # who takes a TCP connection says so
		expect "1 packets classified, answers: $n isp1" "$1, $proto" converse net isp1 $proto 203.0.113.9
		expect "1 packets classified, answers: $n isp1" "$1, IPv6 $proto" converse net isp1 $proto 2001:db8:5::9
		expect "1 packets classified, answers: $n tunnel" "$1, an exception, $proto" \
			converse hole tunnel $proto 203.0.113.65
		expect "1 packets classified, answers: $n tunnel" "$1, an exception, IPv6 $proto" \
			converse hole tunnel $proto 2001:db8:5:64::9
	done
}
rounds "no daemon"
lab_daemon
lab_daemon_ready
rounds daemon
lab_done
