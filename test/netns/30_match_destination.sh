#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Destinations: prefixes, ranges, single addresses, list files, both families; first match wins;
# `main` and `block` as targets, disabled rules, `families`, reverse mode.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2

cat >$LAB_TMP/more.txt <<'END'
# a comment
100.64.7.0/24   # and another
100.64.9.1-100.64.9.3
2001:db8:64:7::/64
END
lab_policy '"rules": [
	{ "name": "hole", "to": ["203.0.113.64/26", "2001:db8:5:64::/64"], "via": "main" },
	{ "name": "shut", "to": ["203.0.113.200", "2001:db8:5:200::1"], "via": "block" },
	{ "name": "net", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "isp1" },
	{ "name": "shadowed", "to": ["203.0.113.5"], "via": "isp2" },
	{ "name": "wide", "to": ["203.0.112.0/23", "198.51.100.10-198.51.100.20", "2001:db8:4::/47",
		"2001:db8:7::10-2001:db8:7::20"], "via": "isp2" },
	{ "name": "list", "lists": ["more.txt"], "to": ["100.64.8.8/32"], "via": "isp2" },
	{ "name": "off", "to": ["192.0.2.0/24", "2001:db8:8::/48"], "via": "isp1", "enabled": false },
	{ "name": "four", "to": ["192.0.2.0/24", "2001:db8:8::/48"], "families": ["ipv4"], "via": "isp2" },
	{ "name": "six", "families": ["ipv6"], "dports": [853], "via": "isp1" },
	{ "name": "group", "to": ["100.64.1.0/24", "2001:db8:9::/48"], "via": "default" }
]'
lab_apply

while read -r want address text; do
	for proto in udp tcp icmp; do
		[ "$proto $want" != "tcp none" ] || continue
		expect "$want" "$text, $address $proto" ask_from client $proto "$address"
	done
done <<'END'
isp1 203.0.113.0 first address of the prefix
isp1 203.0.113.63 just before the hole
tunnel 203.0.113.64 the hole (main) wins, it stands first
tunnel 203.0.113.127 last of the hole
isp1 203.0.113.128 just behind the hole
isp1 203.0.113.5 a later, narrower rule does not win
isp1 203.0.113.255 last address of the prefix
isp2 203.0.112.255 the wider prefix has what is left
isp2 203.0.112.0 first address of the wider one
tunnel 203.0.111.255 just before everything
tunnel 203.0.114.0 just behind everything
tunnel 198.51.100.9 just before a range
isp2 198.51.100.10 first of a range
isp2 198.51.100.20 last of a range
tunnel 198.51.100.21 just behind a range
isp1 2001:db8:5:: first address of an IPv6 prefix
tunnel 2001:db8:5:64::1 the IPv6 hole
isp1 2001:db8:5:65::1 behind the IPv6 hole
isp2 2001:db8:4:ffff::1 the wider IPv6 prefix has what is left
tunnel 2001:db8:3:ffff::1 before the IPv6 prefix
tunnel 2001:db8:6::1 behind the IPv6 prefix
tunnel 2001:db8:7::f before an IPv6 range
isp2 2001:db8:7::10 first of an IPv6 range
isp2 2001:db8:7::20 last of an IPv6 range
tunnel 2001:db8:7::21 behind an IPv6 range
isp2 100.64.7.7 a prefix of a list file
isp2 100.64.8.8 `to` and `lists` together are one destination
isp2 100.64.9.3 a range of a list file
tunnel 100.64.9.4 behind it
isp2 2001:db8:64:7::1 an IPv6 prefix of a list file
isp2 192.0.2.1 a disabled rule is none; families
tunnel 2001:db8:8::1 a disabled rule is none; another family
isp1 100.64.1.1 a group: its first link
isp1 2001:db8:9::1 a group, IPv6
END
for proto in udp tcp icmp; do
	expect unreachable "block, $proto" ask_from client $proto 203.0.113.200
	expect unreachable "block, IPv6 $proto" ask_from client $proto 2001:db8:5:200::1
done
expect isp1 "a rule of one family without a destination" ask_from client tcp 2001:db8:99::1 853
expect tunnel "it means nothing for the other" ask_from client tcp 198.18.0.1 853

# Reverse mode: everything leaves by the group, but the exceptions.
lab_policy '"default": "default", "rules": [
	{ "name": "video", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "main" },
	{ "name": "second", "to": ["100.64.0.0/24", "2001:db8:6::/48"], "via": "isp2" }
]'
lab_apply
for family in 4 6; do
	expect tunnel "reverse mode: the exception" ask_from client udp "$(lab_dst $family)"
done
expect isp1 "reverse mode: everything else" ask_from client udp 198.18.0.1
expect isp1 "reverse mode: everything else, IPv6" ask_from client udp 2001:db8:99::1
expect isp2 "reverse mode: a rule" ask_from client udp 100.64.0.1
expect isp2 "reverse mode: a rule, IPv6" ask_from client udp 2001:db8:6::1
lab_done
