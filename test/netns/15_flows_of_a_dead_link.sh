#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What becomes of the flows of a link that is left, by a daemon's state made by hand (`decide`): translated
# ones of that link leave conntrack and start afresh, all others go on; a probe leaves by its link whatever
# the state says.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/talk.sh"
lab_enter "$@"
command -v conntrack >/dev/null || lab_skip "no conntrack"
lab_up 2
LAB_LINK_EXTRA=', "probe": { "type": "icmp", "hosts4": ["203.0.113.254"], "hosts6": ["2001:db8:5::fe"] }' \
	LAB_MASQUERADE='"ipv4"' lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" },
	{ "name": "pinned", "to": ["198.51.100.0/24"], "via": "isp1", "on_down": "default" } ]'
lab_apply
decide() { at router "$OMR_TOOLS/decide" $LAB_TMP/policy.json "$@" || not_ok "decide $*"; }

# ---- which entries are deleted: entries made by hand ----
# NAME FAMILY MARK [NAT-ADDRESS]
entry() {
	local source=192.168.1.10 target=203.0.113.9

	[ "$2" = ipv4 ] || source=fd00:c:1::10 target=2001:db8:5::9
	port=$((port + 1))
	entries[$1]=$port
	at router conntrack -I -p udp -s "$source" -d "$target" --sport $port --dport 53 -t 600 \
		-m "$3" ${4:+--src-nat "$4"} >/dev/null 2>&1 || not_ok "conntrack -I for $1"
}
declare -A entries
port=20000
pair=$((0x25391))  # "default" on isp1
other=$((0x25392)) # "default" on isp2
entry "translated, of the link" ipv4 $pair 10.1.0.2
entry "translated, of the link, with somebody's bits" ipv4 $((0x5a000000 | pair)) 10.1.0.2
entry "of the link itself" ipv4 $((0x5391)) 10.1.0.2
entry "untranslated, of the link" ipv4 $pair
entry "of another link" ipv4 $other 10.2.0.2
entry "somebody's" ipv4 $((0x77)) 10.1.0.2
entry "unmarked" ipv4 0 10.1.0.2
entry "IPv6, translated, of the link" ipv6 $pair fd00:a:1::2
entry "IPv6, untranslated, of the link" ipv6 $pair
left() {
	local name

	for name in "${!entries[@]}"; do
		at router conntrack -L -f ipv4 -p udp 2>/dev/null | grep -q "sport=${entries[$name]} " ||
			at router conntrack -L -f ipv6 -p udp 2>/dev/null | grep -q "sport=${entries[$name]} " ||
			echo "$name"
	done | sort | paste -sd ';'
}
decide
expect "" "nothing is deleted unasked" left
decide forget4=isp1
expect "of the link itself;translated, of the link;translated, of the link, with somebody's bits" "deleted for IPv4" left
decide forget4=isp1 forget4=isp1
expect "of the link itself;translated, of the link;translated, of the link, with somebody's bits" "none left: no error" left
decide forget6=isp1
expect "IPv6, translated, of the link;of the link itself;translated, of the link;translated, of the link, with somebody's bits" \
	"deleted for IPv6" left
at router conntrack -F >/dev/null 2>&1
unset entries
declare -A entries
entry "IPv4" ipv4 $pair 10.1.0.2
entry "IPv6" ipv6 $pair fd00:a:1::2
entry "IPv6, of another link" ipv6 $other fd00:a:2::2
decide forget4=isp1 forget6=isp1
expect "IPv4;IPv6" "deleted for both families at once" left
at router conntrack -F >/dev/null 2>&1

# ---- real flows: a socket that asks when told ----
mark_of() { # FAMILY ADDRESS: of its flow
	at router conntrack -L -f "$1" -p udp -d "$2" 2>/dev/null | grep -o ' mark=[0-9]*' | cut -d= -f2 |
		sort -u | awk '{ printf "0x%x ", $1 }'
}

talk translated "$(lab_dst 4)"
talk untranslated "$(lab_dst 6)"
expect isp1 "a translated flow" question translated
expect isp1 "an untranslated flow" question untranslated
expect "0x25391 " "its mark names the link" mark_of ipv6 "$(lab_dst 6)"

decide default=isp2
expect isp1 "another link is chosen: a live flow stays" question translated
expect isp1 "and the untranslated one" question untranslated

decide default=isp2 out=isp1 moving=isp1
expect isp2 "the link is out of use: the untranslated flow goes by the other at once" question untranslated
expect "0x25391 " "and keeps its mark while entries are to be deleted" mark_of ipv6 "$(lab_dst 6)"
decide default=isp2 out=isp1 moving=isp1 forget4=isp1 forget6=isp1
expect isp2 "deleted: the translated flow starts afresh on the other" question translated
expect "0x25392 " "with that one's mark" mark_of ipv4 "$(lab_dst 4)"
expect "0x25391 " "untranslated ones are still there" mark_of ipv6 "$(lab_dst 6)"
decide default=isp2 out=isp1 moved=isp1
expect isp2 "moved: the untranslated flow" question untranslated
expect "0x25392 " "has the other's mark now" mark_of ipv6 "$(lab_dst 6)"

decide
expect isp2 "the first link is back: a live flow finishes where it is" question translated
expect isp2 "and the untranslated one" question untranslated
decide moving=isp2 forget4=isp2 forget6=isp2
decide moved=isp2
expect isp1 "pulled back: the translated flow" question translated
expect isp1 "pulled back: the untranslated flow" question untranslated

# A link that a rule names, drained: new flows take its on_down group, live ones stay.
decide
talk pinned 198.51.100.9
expect isp1 "a flow on a link by name" question pinned
pinned=$(mark_of ipv4 198.51.100.9)
decide isp1.default=isp2
expect isp1 "its target goes elsewhere: the live flow stays" question pinned
expect isp2 "a new one goes there" ask_from client -t 3000 udp 198.51.100.10
decide isp1.default=isp2 moving=isp1
expect "$pinned" "to be moved: its entry is as it was" mark_of ipv4 198.51.100.9
decide isp1.default=isp2 moving=isp1 forget4=isp1
decide isp1.default=isp2 moved=isp1
expect isp2 "deleted: it starts afresh" question pinned

# ---- probes: by their link, whatever egress and the groups say ----
cat >$LAB_TMP/probe.py <<-'END'
import socket, sys
mark, device, address = sys.argv[1:]
s = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
s.setsockopt(socket.SOL_SOCKET, 36, int(mark, 0))  # SO_MARK
s.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
s.settimeout(3)
try:
    s.sendto(b"?", (address, 53))
    print(s.recv(100).decode().split()[0])
except OSError:
    print("none")
END
probe() { at router /usr/bin/python3 $LAB_TMP/probe.py "$@"; }
sent() { at router nft -j list chain inet omr_egress sent | grep -o '"packets": [0-9]*' | paste -sd ' '; }
for family in 4 6; do
	for state in default=isp2 default=none "out=isp1 out=isp2 default=none"; do
		# shellcheck disable=SC2086
		decide $state
		counted=$(sent)
		expect isp1 "a probe of isp1, IPv$family, while $state" probe 0xff5391 w1 "$(lab_dst $family 254)"
		expect isp2 "a probe of isp2, IPv$family, while $state" probe 0xff5392 w2 "$(lab_dst $family 254)"
		expect "$counted" "and it is not counted as sent" sent
	done
	expect 0 "nor marked or remembered, IPv$family" \
		eval "mark_of ipv$family $(lab_dst $family 254) | grep -vc '^0x0 $'"
done
# its table is empty: no other link, nor main routing
at router ip route flush table 1
expect none "a probe whose link has no route" probe 0xff5391 w1 "$(lab_dst 4 254)"
lab_done
