#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A brown-out: the link has carrier and answers half its probes. It is left when another is better,
# and kept when none is. A standby that dies disturbs nothing. With every link dead the LAN goes on.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
LAB_LINK_EXTRA=', "probe": "internet"'
LAB_GROUPS=', "strict": { "links": ["isp1", "isp2"], "on_down": "block" },
	"first": { "links": ["isp1"], "on_down": "second" }, "second": { "links": ["isp2"] }'
lab_policy '"probes": { "internet": { "type": "icmp", "hosts4": ["198.51.100.53"], "hosts6": ["2001:db8:53::53"],
		"interval": "50ms", "timeout": "50ms", "fall": 3, "rise": 3, "window": 20,
		"loss_percent": { "enter": 20, "leave": 5 } } },
	"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" },
		{ "name": "strict", "to": ["198.51.100.128/25", "2001:db8:6::/48"], "via": "strict" },
		{ "name": "chain", "to": ["192.0.2.0/24", "2001:db8:7::/48"], "via": "first" } ]'
lab_daemon_start
soon "both links are up" lab_states up isp1 isp2
leaves_mostly_by() { # half of the answers are lost
	local family i

	for family in 4 6; do
		for i in 1 2 3 4 5 6; do
			[ "$(ask_from client -t 100 udp "$(lab_dst $family)")" != "$1" ] || continue 2
		done
		return 1
	done
}
moves() { echo "$(lab_moves "$(lab_dst 4)") $(lab_moves "$(lab_dst 6)")"; }
chosen() { echo "$(lab_chosen default 4) $(lab_chosen default 6)"; }

# another is better
lab_pulse 100
lab_brownout isp1
soon "half its answers: degraded" lab_states degraded isp1
soon "new flows leave it" lab_leaves_by isp2
soon "live flows leave it" lab_moved_often 1
case $(lab_ctl --json status | /usr/bin/python3 "$LAB_DIR/status.py" reason isp1 4) in
loss\ *%*) ok "the reason tells the loss" ;;
*) not_ok "the reason tells the loss: $(lab_ctl links)" ;;
esac
lab_heal isp1
soon "healed: up again" lab_states up isp1
soon "and used" lab_leaves_by isp1
lab_pulse_end

# none is better
lab_blackhole isp2
soon "the standby is dead" lab_states probe-failed isp2
lab_pulse 100
lab_brownout isp1
soon "and the first link degraded" lab_states degraded isp1
expect "isp1 isp1" "it is kept" chosen
soon "new flows go there" leaves_mostly_by isp1
sleep 1
expect "0 0" "live flows stay there" moves
lab_pulse_end
lab_heal isp2
soon "the standby is back: now it is better" lab_leaves_by isp2
lab_heal isp1
soon "both up" lab_states up isp1 isp2
soon "isp1 is used" lab_leaves_by isp1

# a standby that dies: nothing is lost on the active link
lab_pulse 1000
for kind in blackhole carrier; do
	[ $kind = blackhole ] && state=probe-failed || state=no-carrier
	[ $kind = blackhole ] && lab_blackhole isp2 || lab_pull isp2
	soon "$kind: the standby is seen to be dead" lab_states $state isp2
	expect "isp1 isp1" "$kind: and the choice is the same" chosen
	[ $kind = blackhole ] && lab_heal isp2 || lab_plug isp2
	soon "$kind: and to be back" lab_states up isp2
done
lab_pulse_end
expect 0 "a standby that dies and returns costs no packet of $(awk '$1 == "total" { n += $3 } END { print n }' $LAB_TMP/pulse)" lab_lost
expect "0 0" "and moves no flow" moves

# every link dead
lan_lives() {
	local address

	for address in 192.168.1.1 192.168.2.10 fd00:c:1::1 fd00:c:2::10; do
		at client ping -q -c 2 -i 0.05 -W 1 $address >/dev/null || return 1
	done
	echo yes
}
strict_is() { [ "$(ask_from client -t 200 udp 198.51.100.200)" = "$1" ] && [ "$(ask_from client -t 200 udp 2001:db8:6::1)" = "$1" ]; }
chain_is() { [ "$(ask_from client -t 200 udp 192.0.2.1)" = "$1" ] && [ "$(ask_from client -t 200 udp 2001:db8:7::1)" = "$1" ]; }
dies() { [ $kind = blackhole ] && lab_blackhole "$1" || lab_pull "$1"; }
returns() { [ $kind = blackhole ] && lab_heal "$1" || lab_plug "$1"; }
for kind in blackhole carrier; do
	soon "$kind: on_down chain, before" chain_is isp1
	dies isp1
	soon "$kind: the next group takes over" chain_is isp2
	soon "$kind: and within a group the next link" strict_is isp2
	dies isp2
	soon "$kind: no link left: main routing" lab_leaves_by tunnel
	soon "$kind: on_down block: unreachable at once" strict_is unreachable
	soon "$kind: the end of the chain is main routing" chain_is tunnel
	expect yes "$kind: router and LAN are reached" lan_lives
	returns isp2
	soon "$kind: the first that returns is used" lab_leaves_by isp2
	soon "$kind: by the chain too" chain_is isp2
	soon "$kind: and by the strict group" strict_is isp2
	returns isp1
	soon "$kind: all as before" lab_leaves_by isp1
done
lab_daemon_clean
lab_done
