#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# route probes: exactly this route, by this device, alive, of this protocol, in this table; also as
# part of a multipath route and over nexthop objects as FRR makes them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/probe.sh"
lab_enter "$@"
probe_lab
TIMES='"interval": "100ms"'
both_routes() { # WHAT ARGS4 ARGS6
	ip -n router route "$1" $2 && ip -n router -6 route "$1" $3
}
probe_policy "\"type\": \"route\", \"prefix4\": \"203.0.113.0/24\", \"prefix6\": \"2001:db8:5::/48\", \"table\": 77, \"protocol\": \"bgp\", $TIMES"
probe_expect bad "no such table"
both_routes add "198.51.100.0/24 via 10.1.0.1 dev w1 table 77 proto bgp" "2001:db8:6::/48 via fd00:a:1::1 dev w1 table 77 proto bgp"
probe_expect bad "other routes only"
both_routes add "203.0.113.0/25 via 10.1.0.1 dev w1 table 77 proto bgp" "2001:db8:5::/49 via fd00:a:1::1 dev w1 table 77 proto bgp"
both_routes add "203.0.112.0/23 via 10.1.0.1 dev w1 table 77 proto bgp" "2001:db8:4::/47 via fd00:a:1::1 dev w1 table 77 proto bgp"
probe_expect bad "a longer and a shorter one"
both_routes add "203.0.113.0/24 via 10.1.0.1 dev w1 table 77 proto static" "2001:db8:5::/48 via fd00:a:1::1 dev w1 table 77 proto static"
probe_expect bad "of another protocol"
both_routes add "203.0.113.0/24 via 10.1.0.1 dev w1 table 78 proto bgp" "2001:db8:5::/48 via fd00:a:1::1 dev w1 table 78 proto bgp"
probe_expect bad "in another table"
both_routes add "203.0.113.0/24 via 192.0.2.254 dev lan0 table 77 proto bgp metric 5" "2001:db8:5::/48 via fd00:b::fe dev lan0 table 77 proto bgp metric 5"
probe_expect bad "by another device"
both_routes add "blackhole 203.0.113.0/24 table 77 proto bgp metric 6" "blackhole 2001:db8:5::/48 table 77 proto bgp metric 6"
probe_expect bad "a blackhole"
both_routes add "203.0.113.0/24 via 10.1.0.1 dev w1 table 77 proto bgp metric 9" "2001:db8:5::/48 via fd00:a:1::1 dev w1 table 77 proto bgp metric 9"
probe_expect good "there"
both_routes del "203.0.113.0/24 table 77 proto bgp metric 9" "2001:db8:5::/48 table 77 proto bgp metric 9"
probe_expect bad "gone again"
both_routes add "203.0.113.0/24 table 77 proto bgp metric 10 nexthop via 192.0.2.254 dev lan0 nexthop via 10.1.0.1 dev w1" \
	"2001:db8:5::/48 table 77 proto bgp metric 10 nexthop via fd00:b::fe dev lan0 nexthop via fd00:a:1::1 dev w1"
probe_expect good "a leg of it"
both_routes del "203.0.113.0/24 table 77 proto bgp metric 10" "2001:db8:5::/48 table 77 proto bgp metric 10"

objects() { # COMPAT
	lab_sysctl router net/ipv4/nexthop_compat_mode "$1"
	probe_expect good "over a nexthop object, compat mode $1"
}
ip -n router nexthop add id 11 via 10.1.0.1 dev w1 && ip -n router nexthop add id 12 via fd00:a:1::1 dev w1 &&
	both_routes add "203.0.113.0/24 nhid 11 table 77 proto bgp metric 11" "2001:db8:5::/48 nhid 12 table 77 proto bgp metric 11" && {
	objects 1
	objects 0
	both_routes del "203.0.113.0/24 table 77 proto bgp metric 11" "2001:db8:5::/48 table 77 proto bgp metric 11"
	ip -n router nexthop add id 21 via 192.0.2.254 dev lan0
	ip -n router nexthop add id 22 via fd00:b::fe dev lan0
	both_routes add "203.0.113.0/24 nhid 21 table 77 proto bgp metric 12" "2001:db8:5::/48 nhid 22 table 77 proto bgp metric 12"
	for compat in 1 0; do
		lab_sysctl router net/ipv4/nexthop_compat_mode $compat
		probe_expect bad "over an object of another device, compat mode $compat"
	done
	lab_sysctl router net/ipv4/nexthop_compat_mode 1
}

# the kernel tells of changes: it is looked at at once, and what is as it was is no round
probe_policy "\"type\": \"route\", \"prefix4\": \"203.0.113.0/24\", \"table\": 77, \"protocol\": \"bgp\", \"interval\": \"1h\""
nsenter --net=/run/netns/router "$OMR_TOOLS/probe_once" $LAB_TMP/policy.json isp1 99 >$LAB_TMP/rounds 2>$LAB_TMP/rounds.err &
probe=$!
told() { # LINES VERDICT
	[ "$(wc -l <$LAB_TMP/rounds)" -eq "$1" ] && tail -n 1 $LAB_TMP/rounds | grep -q "$2"
}
lab_wait 10 "the first look" told 1 failing
ip -n router route add 203.0.113.0/24 via 10.1.0.1 dev w1 table 77 proto bgp metric 20
kill -HUP $probe
soon "a route comes: seen at once" told 2 passing
for i in $(seq 50); do
	kill -HUP $probe
	sleep 0.01
done
told 2 passing && ok "50 other changes are no rounds" || not_ok "50 other changes are no rounds: $(cat $LAB_TMP/rounds)"
ip -n router route del 203.0.113.0/24 table 77 proto bgp metric 20
kill -HUP $probe
soon "it goes: seen at once" told 3 failing
lab_stop TERM $probe

# anybody's but ours, in main; a default route
probe_policy "\"type\": \"route\", \"prefix4\": \"0.0.0.0/0\", \"prefix6\": \"::/0\", $TIMES"
probe_expect bad "main's default leads elsewhere"
both_routes add "default via 10.1.0.1 dev w1 proto 153 metric 77" "default via fd00:a:1::1 dev w1 proto 153 metric 77"
probe_expect bad "a route of our own proves nothing"
both_routes add "default via 10.1.0.1 dev w1 proto static metric 78" "default via fd00:a:1::1 dev w1 proto static metric 78"
probe_expect good "a default of anybody's"
ip -n far link set w1 down
expect_soon 1 "no carrier" sh -c "ip -n router route show dev w1 | grep -c '^default.*proto static.*linkdown'"
probe_expect bad "it is there, and its device has no carrier"
lab_done
