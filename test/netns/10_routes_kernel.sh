#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# No daemon at all: rules and routes alone fail over on carrier, link by link in the group's order,
# and come back; and hold when cables are pulled and put back again and again (the fault this
# project was begun for: after some flaps the old router never failed over again).
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 3
lab_policy '"rules": [ { "name": "bypassed", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
lab_apply

answers() { # WANT TEXT: both families leave by WANT
	local family

	for family in 4 6; do
		expect_soon "$1" "$2, IPv$family" ask_from client -t 500 udp "$(lab_dst $family)"
	done
}
routes() { at router ip "-$1" route show table 991337 proto 153; }
metrics() { routes "$1" | sed 's/.* dev \([^ ]*\).* metric \([0-9]*\).*/\1=\2/' | sort | xargs; }

for family in 4 6; do
	expect "w1=1 w2=2 w3=3" "places in the group are metrics, IPv$family" metrics $family
done
answers isp1 "all up"
lab_pull isp1
answers isp2 "first cable pulled"
lab_pull isp2
answers isp3 "second pulled"
lab_plug isp1
answers isp1 "first put back"
lab_pull isp3
lab_pull isp1
answers tunnel "all pulled: main routing"
for n in 1 2 3; do lab_plug "isp$n"; done
answers isp1 "all put back"

for round in $(seq 20); do
	lab_pull isp1
	[ $((round % 3)) -ne 0 ] || sleep 0.05
	lab_plug isp1
done
lab_pull isp1
answers isp2 "after 20 flaps, pulled"
lab_plug isp1
answers isp1 "after 20 flaps, put back"
for family in 4 6; do
	expect "w1=1 w2=2 w3=3" "routes are as they were, IPv$family" metrics $family
done
lab_done
