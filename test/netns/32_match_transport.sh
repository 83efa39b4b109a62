#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Protocols, ports and port ranges of both sides, ICMP types, DSCP; both families.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2

lab_policy '"rules": [
	{ "name": "sip", "protocols": ["udp"], "dports": ["5060-5061"], "via": "isp1" },
	{ "name": "web", "protocols": ["tcp"], "dports": [80, 443, "8000-8100"], "via": "isp2" },
	{ "name": "sport", "protocols": ["udp"], "sports": ["6000-6001"], "via": "isp1" },
	{ "name": "tsport", "protocols": ["tcp"], "sports": [6000], "via": "isp2" },
	{ "name": "pair", "sports": [7001], "dports": [7002], "via": "isp2" },
	{ "name": "any", "dports": [9999], "via": "isp1" },
	{ "name": "echo", "icmp_types": ["echo-request"], "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "isp2" },
	{ "name": "pings4", "protocols": ["icmp"], "icmp_types": [8], "to": ["198.51.100.0/24"], "via": "isp1" },
	{ "name": "other", "protocols": [47, "esp"], "via": "isp2" },
	{ "name": "ef", "dscp": ["ef", 34], "via": "isp1" },
	{ "name": "icmp", "protocols": ["icmp", "icmpv6"], "to": ["192.0.2.0/24", "2001:db8:8::/48"], "via": "isp1" }
]'
lab_apply
for family in 4 6; do
	[ $family = 4 ] && away=198.18.0.1 icmp=192.0.2.1 || { away=2001:db8:99::1 icmp=2001:db8:8::1; }
	while read -r want text proto port options; do
		# shellcheck disable=SC2086
		expect "$want" "${text//_/ } ($proto $port $options), IPv$family" \
			ask_from client $options "$proto" $away $port
	done <<-'END'
	isp1 first_port_of_a_range udp 5060
	isp1 last_port_of_a_range udp 5061
	tunnel before_it udp 5059
	tunnel behind_it udp 5062
	tunnel the_other_protocol tcp 5060
	isp2 one_of_several_ports tcp 80
	isp2 another_of_them tcp 443
	isp2 inside_their_range tcp 8050
	isp2 last_of_their_range tcp 8100
	tunnel behind_their_range tcp 8101
	tunnel the_other_protocol udp 443
	isp1 source_port udp 53 -p 6001
	tunnel behind_the_source_ports udp 53 -p 6002
	isp2 source_port tcp 53 -p 6000
	tunnel behind_the_source_port tcp 53 -p 6001
	isp2 both_ports udp 7002 -p 7001
	isp2 both_ports tcp 7002 -p 7001
	tunnel destination_port_alone udp 7002 -p 7003
	tunnel source_port_alone udp 7003 -p 7001
	isp1 ports_without_a_protocol:_tcp tcp 9999
	isp1 ports_without_a_protocol:_udp udp 9999
	isp1 dscp_by_name udp 53 -q 46
	isp1 dscp_by_number tcp 53 -q 34
	tunnel another_dscp udp 53 -q 35
	tunnel ping_to_elsewhere icmp 7
	END
	expect isp2 "ICMP type by name, IPv$family" ask_from client icmp "$(lab_dst $family)"
	expect tunnel "the same destination by UDP, IPv$family" ask_from client udp "$(lab_dst $family)"
	expect isp1 "ICMP as a protocol, IPv$family" ask_from client icmp $icmp
done
expect isp1 "ICMP type by number" ask_from client icmp 198.51.100.1
expect isp1 "dscp of a ping" ask_from client -q 46 icmp 198.18.0.1

# What no socket here sends: other types of ICMP, other protocols.
lab_quiet
while read -r want text proto src dst type; do
	expect "$want" "${text//_/ } ($proto to $dst)" lab_flow client "$proto" "$src" 0 "$dst" 0 0 "$type" -
done <<'END'
isp2 GRE 47 192.168.1.10 198.18.0.1 0
isp2 ESP_by_name 50 192.168.1.10 198.18.0.2 0
tunnel AH 51 192.168.1.10 198.18.0.3 0
isp2 GRE_over_IPv6 47 fd00:c:1::10 2001:db8:99::1 0
isp2 ESP_over_IPv6 50 fd00:c:1::10 2001:db8:99::2 0
tunnel IPIP 4 192.168.1.10 198.18.0.4 0
tunnel timestamp_request,_not_echo 1 192.168.1.10 203.0.113.30 13
isp2 echo_request 1 192.168.1.10 203.0.113.31 8
isp2 echo_request 58 fd00:c:1::10 2001:db8:5::31 128
tunnel node_information_query,_not_echo 58 fd00:c:1::10 2001:db8:5::32 139
END
lab_done
