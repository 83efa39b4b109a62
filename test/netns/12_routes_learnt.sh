#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Gateways nobody wrote: learnt from whatever default route is on the device, followed when it
# changes, in whatever table and of whatever shape it is.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
[ "${OMR_LAB_LOAD:-}" != text ] || lab_skip "needs --apply"
lab_up 2
lab_policy '"rules": [ { "name": "bypassed", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
lab_apply

gen() { at router "$OMR_BIN/omr-nftgen" "$@" $LAB_TMP/policy.json 2>&1; }
diff_says() { # the lines of --diff that are about routes, and its exit status
	local out status

	out=$(gen --diff)
	status=$?
	echo "$out" | grep " route " | sed 's/ proto 153//'
	echo "exit $status"
}
route_of() { # FAMILY TABLE: its gateway
	at router ip "-$1" route show table "$2" proto 153 | sed 's/ proto 153//; s/ pref medium//; s/ *$//' | xargs
}

expect "default via 10.1.0.1 dev w1 metric 1" "the gateway of DHCP" route_of 4 1
expect "default via fd00:a:1::1 dev w1 metric 1" "the gateway of router advertisements" route_of 6 1
expect "exit 0" "nothing to do" diff_says

ip -n router route replace default via 10.1.0.9 dev w1 metric 2001
expect "~ ip route default via 10.1.0.9 dev w1 table 1 metric 1
~ ip route default via 10.1.0.9 dev w1 table 991337 metric 1
exit 4" "another lease" diff_says
gen --apply >/dev/null
expect "default via 10.1.0.9 dev w1 metric 1" "followed" route_of 4 1
expect "exit 0" "nothing to do" diff_says

# a better one beside it, in another table: main's still counts
ip -n router route add default via 10.1.0.7 dev w1 table 500
expect "exit 0" "other tables come after main" diff_says
ip -n router route del default via 10.1.0.9 dev w1 metric 2001
gen --apply >/dev/null
expect "default via 10.1.0.7 dev w1 metric 1" "but count when main has none" route_of 4 1

# a leg of somebody's multipath route; a nexthop object; onlink is kept
ip -n router route del default table 500
ip -n router route add default metric 2001 nexthop via 10.1.0.5 dev w1 nexthop via 10.9.0.1 dev tun
gen --apply >/dev/null
expect "default via 10.1.0.5 dev w1 metric 1" "a leg of a multipath route" route_of 4 1
ip -n router route del default metric 2001
ip -n router nexthop add id 5 via 10.1.0.4 dev w1
ip -n router route add default nhid 5 metric 2001
gen --apply >/dev/null
expect "default via 10.1.0.4 dev w1 metric 1" "a nexthop object" route_of 4 1
ip -n router route del default metric 2001
ip -n router route add default via 198.51.100.1 dev w1 metric 2001 onlink
gen --apply >/dev/null
expect "default via 198.51.100.1 dev w1 metric 1 onlink" "a gateway outside the prefix" route_of 4 1
ip -n router route del default metric 2001
ip -n router route add default dev w1 metric 2001
gen --apply >/dev/null
expect "default dev w1 scope link metric 1" "none needed" route_of 4 1

# gone, in one family only
ip -n router route del default metric 2001
expect "1" "no gateway: said" bash -c '"$@" 2>&1 | grep -c "link isp1: w1 has no IPv4 gateway"' - \
	nsenter --net=/run/netns/router "$OMR_BIN/omr-nftgen" --apply $LAB_TMP/policy.json
expect "" "no gateway: no route" route_of 4 1
expect "default via 10.2.0.1 dev w2 metric 2" "the other link keeps its place" route_of 4 991337
expect "default via fd00:a:1::1 dev w1 metric 1" "the other family keeps its route" route_of 6 1
expect isp2 "IPv4 leaves by the other link" ask_from client udp "$(lab_dst 4)"
expect isp1 "IPv6 stays" ask_from client udp "$(lab_dst 6)"
lab_done
