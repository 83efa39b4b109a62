#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# on_down: where a target goes when its links have no carrier: main, block, another group. By the
# kernel alone, and with a daemon.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 3

to() { echo "\"to\": [\"203.0.113.$1\", \"2001:db8:5::$1\"]"; }
LAB_GROUPS=', "second": { "links": ["isp2"] }, "strict": { "links": ["isp1", "isp3"], "on_down": "block" },
	"chain": { "links": ["isp3"], "on_down": "second" }' \
	lab_policy '"rules": [
	{ "name": "main", '"$(to 1)"', "via": "isp1" },
	{ "name": "written", '"$(to 2)"', "via": "isp1", "on_down": "main" },
	{ "name": "shut", '"$(to 3)"', "via": "isp1", "on_down": "block" },
	{ "name": "other", '"$(to 4)"', "via": "isp1", "on_down": "second" },
	{ "name": "group", '"$(to 5)"', "via": "default" },
	{ "name": "strict", '"$(to 6)"', "via": "strict" },
	{ "name": "loose", '"$(to 7)"', "via": "strict", "on_down": "main" },
	{ "name": "chained", '"$(to 8)"', "via": "chain" }
]'
lab_apply

check() { # TEXT WANT-OF-EACH-RULE...
	local text=$1 n=0 want family

	shift
	for want in "$@"; do
		n=$((n + 1))
		for family in 4 6; do
			expect_soon "$want" "$text: rule $n, IPv$family" \
				ask_from client -t 500 udp "$(lab_dst $family $n)"
		done
	done
}
rounds() { # WHO
	check "$1, all up" isp1 isp1 isp1 isp1 isp1 isp1 isp1 isp3
	lab_pull isp1
	check "$1, isp1 down" tunnel tunnel unreachable isp2 isp2 isp3 isp3 isp3
	lab_pull isp3
	check "$1, isp1 and isp3 down" tunnel tunnel unreachable isp2 isp2 unreachable tunnel isp2
	lab_pull isp2
	check "$1, all down" tunnel tunnel unreachable tunnel tunnel unreachable tunnel tunnel
	lab_plug isp3
	check "$1, isp3 back" tunnel tunnel unreachable tunnel isp3 isp3 isp3 isp3
	lab_plug isp1
	lab_plug isp2
	check "$1, all back" isp1 isp1 isp1 isp1 isp1 isp1 isp1 isp3
}
rounds "no daemon"
lab_daemon
lab_daemon_ready
rounds daemon
lab_stop KILL "$LAB_DAEMON"
rounds "daemon killed"
lab_done
