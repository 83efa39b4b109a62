#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What must be left alone under the greediest policy there is: LAN to LAN, traffic to the router,
# answers to connections that came in by a link (of the router and of hosts behind port forwards),
# packets with somebody else's mark. And a target's mark set by somebody else is honoured.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
for ns in client neighbour router; do
	lab_start $ns "$OMR_TOOLS/answer" $ns
done
lab_policy '"default": "default", "rules": [
	{ "name": "lans", "from": ["192.168.0.0/16", "fd00:c::/32"], "via": "isp1" },
	{ "name": "net", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "isp1" }
]'
lab_apply
# The control: everything that can be hijacked is.
expect_both isp1 "control" client udp
expect isp1 "control, the router's own" ask_from router udp 198.18.0.1

listening() { [ "$(ask_from client -t 200 udp "$1")" = "$2" ]; }
for pair in 192.168.2.10=neighbour fd00:c:2::10=neighbour 192.168.1.1=router fd00:c:1::1=router 192.168.2.1=router \
	10.1.0.2=router 10.2.0.2=router 10.9.0.2=router fd00:a:2::2=router; do
	address=${pair%=*} who=${pair#*=}
	lab_wait 10 "$who listens" listening "$address" "$who"
	for proto in udp tcp icmp; do
		expect "$who" "a client reaches $address, $proto" ask_from client $proto "$address"
	done
done
expect client "the router reaches a LAN" ask_from router tcp 192.168.1.10
expect client "the router reaches a LAN, IPv6" ask_from router tcp fd00:c:1::10
expect isp2 "the router reaches a provider's own network" ask_from router udp 10.2.0.1
expect isp2 "a client reaches a provider's own network" ask_from client udp 10.2.0.1

# Connections from outside, by each link, from an address that policy and main routing would answer
# by another one. The answer must leave where the question came in.
at router nft -f - <<-'END'
table inet forward {
	chain prerouting {
		type nat hook prerouting priority dstnat
		iifname { "w1", "w2", "tun" } fib daddr type local meta nfproto ipv4 meta l4proto { tcp, udp } th dport 8080 dnat ip to 192.168.1.10:7
		iifname { "w1", "w2", "tun" } fib daddr type local meta nfproto ipv6 meta l4proto { tcp, udp } th dport 8080 dnat ip6 to [fd00:c:1::10]:7
	}
}
END
for provider in isp1=1 isp2=2; do
	isp=${provider%=*} n=${provider#*=}
	ip -n $isp addr add 203.0.113.50/32 dev lo
	ip -n $isp addr add 198.18.7.7/32 dev lo
	ip -n $isp addr add 2001:db8:5::50/128 dev lo nodad
	for source in 203.0.113.50 198.18.7.7 2001:db8:5::50; do
		case $source in
		*:*) router=fd00:a:$n::2 ;;
		*) router=10.$n.0.2 ;;
		esac
		for proto in udp tcp icmp; do
			expect router "from $source by $isp to the router, $proto" ask_from $isp -s $source $proto $router
		done
		for proto in udp tcp; do
			expect client "from $source by $isp to a forwarded port, $proto" \
				ask_from $isp -s $source $proto $router 8080
		done
	done
done

# Another program's mark: not ours to change, and not ours to route.
foreign() { # MARK: all that comes from the client has it from now on; `seen` counts it when it leaves
	at router nft -f - <<-END
	table inet foreign
	delete table inet foreign
	table inet foreign {
		chain prerouting {
			type filter hook prerouting priority -200
			iifname "lan1" meta mark set $1
		}
		chain postrouting {
			type filter hook postrouting priority 300
			iifname "lan1" meta mark & $2 == $3 counter
		}
	}
	END
}
seen() {
	at router nft list chain inet foreign postrouting | sed -n 's/.*counter packets \([0-9]*\).*/\1/p'
}
foreign 0x00000099 0xffffffff 0x00000099
expect_both tunnel "another program's mark" client udp
expect 2 "it is still there" seen
foreign 0x77000000 0xff000000 0x77000000
expect_both isp1 "another program's bits outside of the mask" client udp
expect 2 "they are still there" seen
lab_policy '"rules": [ { "name": "rule", "to": ["192.0.2.1"], "via": "default" } ]'
lab_apply
foreign 0x00000539 0xffffffff 0x00000539
expect_both isp1 "another program asks for group default by its mark" client udp
at router nft delete table inet foreign
expect_both tunnel "without that mark" client udp
lab_done
