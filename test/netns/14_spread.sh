#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A balanced group with a daemon's state (made by hand with `decide`): new flows are spread by weight,
# each keeps its link, a member that leaves takes only its own slots along, and the ruleset is one
# that nft reads and lists as it was.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/talk.sh"
lab_enter "$@"
lab_up 3
LAB_GROUPS=', "bulk": { "mode": "balance", "links": [ { "link": "isp1", "weight": 3 }, "isp2" ], "on_down": "block" }' \
	lab_policy '"rules": [ { "name": "bulk", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "bulk" },
	{ "name": "rest", "to": ["198.51.100.0/24"], "via": "default" } ]'
lab_apply

decide() { at router "$OMR_TOOLS/decide" $LAB_TMP/policy.json "$@" || not_ok "decide $*"; }
# FAMILY: by which link each of 200 new flows left, sorted: "isp1 150 isp2 50"
spread() {
	local i

	# a socket a flow, and a destination a flow
	for i in $(seq 200); do
		ask_from client -t 4000 udp "$(lab_dst "$1" "$i")"
	done | sort | uniq -c | awk '{ printf "%s%s %d", (NR > 1 ? " " : ""), $2, $1 } END { print "" }'
}
# 3 : 1 of 200 is 150 : 50, standard deviation 6.1; six of them to each side
by_weight() {
	local got

	got=$(spread "$1")
	if [[ $got =~ ^"isp1 "([0-9]+)" isp2 "([0-9]+)$ ]] && [ "${BASH_REMATCH[1]}" -ge 113 ] &&
		[ "${BASH_REMATCH[1]}" -le 187 ]; then
		echo "3 : 1"
	else
		echo "$got"
	fi
}
slots() { at router nft list map inet omr_egress spread | grep -o '0x00001539 \. ipv4 \. [0-9]* : goto [a-z0-9._]*'; }
owners() { slots | awk '{ n[$8]++ } END { for (o in n) print o, n[o] }' | sort | paste -sd ' '; }
chosen() { at router nft list map inet omr_egress egress | grep -o "0x00001539 \. ipv$1 : goto [a-z0-9._]*" | cut -d' ' -f5-; }

# Flows from the time without a daemon stay on the link that the multipath route gave them.
for family in 4 6; do
	for i in $(seq 100 111); do
		talk "$family.$i" "$(lab_dst $family "$i")"
	done
done
early() { for i in $(seq 100 111); do question "$1.$i"; done | paste -sd ' '; }
early4=$(early 4) early6=$(early 6)
decide
expect "$early4" "flows from before, IPv4" early 4
expect "$early6" "flows from before, IPv6" early 6
expect "goto spread_flows" "egress names the map" chosen 4
expect "to_isp1.bulk 75 to_isp2.bulk 25" "slots by weight" owners
for family in 4 6; do
	expect "3 : 1" "new flows follow the weights, IPv$family" by_weight $family
done

# A flow has one link: 30 questions on one socket.
one_link() { yes '' | head -n 30 | ask_from client -k -t 4000 udp "$1" | sort -u | wc -l; }
for family in 4 6; do
	for i in 1 2 3 4; do
		expect 1 "links of one flow, IPv$family" one_link "$(lab_dst $family $i)"
	done
done

# What nft lists, nft reads; and --diff finds nothing in it that is not as it should be.
at router nft list ruleset >$LAB_TMP/listed
grep -q 'typeof meta mark . meta nfproto . numgen random mod 100 : verdict' $LAB_TMP/listed &&
	ok "the map is listed with its expressions" || not_ok "the map is listed with its expressions"
at router nft flush ruleset
at router nft -f $LAB_TMP/listed && ok "nft reads its own listing" || not_ok "nft reads its own listing"
at router nft list ruleset | diff $LAB_TMP/listed - >$LAB_TMP/differs && ok "and lists it again" || {
	head $LAB_TMP/differs
	not_ok "and lists it again"
}
slots | sort >$LAB_TMP/before
decide
slots | sort | diff -q $LAB_TMP/before - >/dev/null && ok "what nft has read is right" || not_ok "what nft has read is right"
at router "$OMR_BIN/omr-nftgen" --diff $LAB_TMP/policy.json >$LAB_TMP/diff 2>&1
grep -vE '^~ map (egress|alive|spread):' $LAB_TMP/diff | grep . && not_ok "--diff finds more than the daemon's elements" ||
	ok "--diff finds the daemon's elements only"

# A member leaves: the other's slots stay its own.
decide bulk=isp2
expect "goto to_isp2.bulk" "the only one left is named" chosen 4
expect "" "without slots" owners
expect "isp2 200" "all flows by it" spread 4

# Without any: unreachable, though its links' own tables keep their routes.
decide bulk=none
expect "goto to_block" "nowhere to go" chosen 4
for family in 4 6; do
	expect unreachable "a strict group without a link, IPv$family" ask_from client -t 3000 udp "$(lab_dst $family)"
	expect unreachable "and from the router itself, IPv$family" ask_from router -t 3000 udp "$(lab_dst $family)"
done
lab_done
