#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A balanced group without a daemon: the multipath route spreads flows by weight over both links,
# keeps each flow on one, and gives all to the link that is left when a cable is pulled.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
LAB_GROUPS=', "bulk": { "mode": "balance", "links": [ { "link": "isp1", "weight": 3 }, "isp2" ] }' \
	lab_policy '"rules": [ { "name": "bulk", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "bulk" } ]'
lab_apply

# FAMILY N: who answers flow N; asked again when nobody did: which link is the question here, not loss
link_of() {
	local answer

	answer=$(ask_from client -t 1000 udp "$(lab_dst "$1" "$2")")
	[ "$answer" != none ] || answer=$(ask_from client -t 4000 udp "$(lab_dst "$1" "$2")")
	echo "$answer"
}
# FAMILY: by which link 120 new flows left: "isp1 isp2 other"
spread() {
	local i counts=([1]=0 [2]=0 [3]=0)

	for i in $(seq 120); do
		case $(link_of "$1" "$i") in
		isp1) counts[1]=$((counts[1] + 1)) ;;
		isp2) counts[2]=$((counts[2] + 1)) ;;
		*) counts[3]=$((counts[3] + 1)) ;;
		esac
	done
	echo "${counts[1]} ${counts[2]} ${counts[3]}"
}
# 3 : 1 of 120 is 90 : 30, standard deviation 4.7; six of them to each side
by_weight() {
	local a b other

	read -r a b other <<<"$(spread "$1")"
	if [ "$other" -eq 0 ] && [ "$a" -ge 62 ] && [ "$a" -le 118 ]; then
		echo "3 : 1"
	else
		echo "isp1 $a, isp2 $b, other $other"
	fi
}
# One socket a destination: the kernel may hash what a socket of this machine puts into its packets
# (flow label, transmit hash), so another socket with the same ports is another flow to it.
links_of_flow() { yes '' | head -n 10 | ask_from client -k -t 1000 udp "$1" | sort -u | wc -l; }
flows_with_one_link() {
	local n=0 i

	for i in $(seq 12); do
		[ "$(links_of_flow "$(lab_dst "$1" "$i")")" -ne 1 ] || n=$((n + 1))
	done
	echo $n
}

for family in 4 6; do
	expect "3 : 1" "flows follow the weights, IPv$family" by_weight $family
	expect 12 "flows that keep to one link, of 12, IPv$family" flows_with_one_link $family
done
lab_pull isp1
for family in 4 6; do
	expect_soon isp2 "one cable pulled, IPv$family" ask_from client -t 500 udp "$(lab_dst $family)"
	expect "0 120 0" "all flows by the other link, IPv$family" spread $family
done
lab_plug isp1
back() { at router ip route show table all dev w1 | grep -q linkdown && echo no || echo yes; }
expect_soon yes "the cable is back" back
for family in 4 6; do
	expect_soon "3 : 1" "flows follow the weights again, IPv$family" by_weight $family
done
lab_done
