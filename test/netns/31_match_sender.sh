#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who sends: source addresses, MAC addresses, input interfaces, and all of them ANDed.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2

lab_policy '"rules": [
	{ "name": "host", "from": ["192.168.1.11", "fd00:c:1::11"], "via": "isp1" },
	{ "name": "both", "from": ["192.168.2.0/24", "fd00:c:2::/64"], "to": ["203.0.113.0/24", "2001:db8:5::/48"],
		"via": "isp1" },
	{ "name": "tv", "macs": ["02:00:00:00:0a:0a", "02:00:00:00:0a:0b"], "via": "isp2" },
	{ "name": "lan", "iifs": ["lan2"], "dports": [4000], "via": "isp2" },
	{ "name": "range", "from": ["192.168.1.40-192.168.1.50"], "via": "isp1" }
]'
lab_apply
for family in 4 6; do
	[ $family = 4 ] && host=192.168.1.11 other=192.168.1.10 away=198.18.0.1 ||
		{ host=fd00:c:1::11 other=fd00:c:1::10 away=2001:db8:99::1; }
	dst=$(lab_dst $family)
	for proto in udp tcp icmp; do
		expect isp1 "source address, IPv$family $proto" ask_from client -s $host $proto "$dst"
		expect tunnel "another source, IPv$family $proto" ask_from client -s $other $proto "$dst"
	done
	expect isp1 "source and destination, IPv$family" ask_from neighbour udp "$dst"
	expect tunnel "source without the destination, IPv$family" ask_from neighbour udp $away
	expect isp2 "input interface, IPv$family" ask_from neighbour udp $away 4000
	expect tunnel "another input interface, IPv$family" ask_from client -s $other udp $away 4000
done

# A source range, and addresses just outside of it.
for host in 39 40 50 51; do
	ip -n client addr add 192.168.1.$host/24 dev eth0
	[ $host = 39 ] || [ $host = 51 ] && want=tunnel || want=isp1
	expect $want "source range, .$host" ask_from client -s 192.168.1.$host udp 198.18.0.1
done

for mac in 02:00:00:00:0a:0a 02:00:00:00:0a:0b 02:00:00:00:0a:0c; do
	ip -n client link set eth0 address $mac
	ip -n router neigh flush dev lan1
	ip -n router -6 neigh flush dev lan1
	[ $mac = 02:00:00:00:0a:0c ] && want=tunnel || want=isp2
	expect $want "MAC address $mac" ask_from client -s 192.168.1.10 udp 198.18.0.1
	expect $want "MAC address $mac, IPv6" ask_from client -s fd00:c:1::10 udp 2001:db8:99::1
done
# On the router itself there is no MAC, no input interface: such rules are not for its own traffic.
expect tunnel "the router's own traffic has no input interface" ask_from router udp 198.18.0.1 4000
lab_done
