#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing to do means nothing done: a second --apply of every example changes neither the
# generation of the ruleset nor a rule, a route or a sysctl, --diff says the same and exits 0; and
# --remove leaves nothing behind. Other people's tables stay as they were, byte for byte.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_namespace router

foreign() {
	at router nft -f - <<-'END'
	table inet fw {
		comment "somebody's"
		set known { type ipv4_addr; flags dynamic,timeout; timeout 1d; elements = { 192.0.2.1 } }
		map omr_dst_bypass_4 { type ipv4_addr : verdict; flags interval; }
		chain rule_bank { counter packets 7 bytes 700; }
		chain forward {
			type filter hook forward priority filter; policy accept;
			ip saddr @known counter accept
		}
	}
	table ip omr_bypass {
		chain classify { meta mark set 0x1; }
	}
	END
	at router ip rule add pref 900 fwmark 0x77 lookup 77
	at router ip -6 rule add pref 900 fwmark 0x77 lookup 77
	at router ip route add 198.51.100.0/24 dev x1 table 77
}
theirs() {
	at router nft -s list table inet fw | sed 's, expires [^ ]*,,'
	at router nft -s list table ip omr_bypass
	at router ip rule list pref 900
	at router ip -6 rule list pref 900
	at router ip route show table 77 2>&1
}
state() {
	at router nft -s -a list ruleset | sed 's, expires [^ ]*,,'
	at router ip -d rule
	at router ip -6 -d rule
	at router ip -d route show table all
	at router ip -6 -d route show table all
}

ip -n router link add x1 type veth peer name px1
ip -n router link set px1 up
ip -n router link set x1 up
for device in eth0 eth1 eth2 wwan0 ppp0 fiber0; do
	ip -n router link add $device type veth peer name p$device
	ip -n router link set p$device up
	ip -n router link set $device up
	ip -n router addr add 10.98.$((++n)).1/32 peer 10.99.$n.1/32 dev $device
	ip -n router route add default via 10.99.$n.1 dev $device metric $((1000 + n))
done
foreign
theirs >$LAB_TMP/theirs
state >$LAB_TMP/empty
for policy in "$LAB_TOP"/rulesets/*/policy.json; do
	name=$(basename "$(dirname "$policy")")
	apply() { at router "$OMR_BIN/omr-nftgen" "$@" 2>/dev/null; }
	apply --diff "$policy" >/dev/null
	expect 4 "$name: --diff before" echo $?
	apply --apply "$policy" >/dev/null || not_ok "$name: --apply failed"
	state >$LAB_TMP/before
	lab_start router nft monitor >$LAB_TMP/monitor
	monitor=$LAB_PID
	# the monitor listens once it has shown somebody's change
	shown() { at router nft add counter inet fw mark$((++marks)) && grep -q "counter inet fw mark" $LAB_TMP/monitor; }
	lab_wait 10 "nft monitor listens" shown
	for ((; marks > 0; marks--)); do at router nft delete counter inet fw mark$marks; done
	expect "nothing to do" "$name: --apply again" apply --apply "$policy"
	expect "" "$name: --diff after" apply --diff "$policy"
	apply --diff "$policy"
	expect 0 "$name: --diff after says so" echo $?
	kill $monitor
	wait $monitor 2>/dev/null
	expect "" "$name: no change of our tables was announced" grep -n "omr_\|by process.*omr" $LAB_TMP/monitor
	expect "" "$name: nothing moved" diff <(cat $LAB_TMP/before) <(state)
	apply --remove >/dev/null || not_ok "$name: --remove failed"
	expect "" "$name: nothing is left" diff $LAB_TMP/empty <(state)
	expect "" "$name: others' objects are untouched" diff $LAB_TMP/theirs <(theirs)
done
lab_done
