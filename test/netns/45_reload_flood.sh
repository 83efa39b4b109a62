#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A reload under a flood of new flows: `omr-nftgen --apply` alternates between two policies, of
# 1,000 and of 20,000 prefixes and with other rules around them. No packet of a destination that
# both policies bypass may go by main routing (the tunnel), and none whose target is the same in
# both by another link. The control shows that the flood would notice: replacing the tables in one
# nft transaction, as the printed script does, loses packets.
#	OMR_FLOOD_RELOADS (20)
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
reloads=${OMR_FLOOD_RELOADS:-20}

# first: isp1 in both; second: isp2 in both; moving: isp1 in one, isp2 in the other
count_on() {
	at "$1" nft -f - <<-'END'
	table inet count {
		counter first { }
		counter second { }
		counter moving { }
		chain prerouting {
			type filter hook prerouting priority -310
			ip daddr 203.0.113.0/24 counter name first
			ip6 daddr 2001:db8:5::/48 counter name first
			ip daddr 198.51.100.0/24 counter name second
			ip6 daddr 2001:db8:6::/48 counter name second
			ip daddr 100.64.0.0/16 counter name moving
			ip6 daddr 2001:db8:7::/48 counter name moving
		}
	}
	END
}
packets() { # NAMESPACE COUNTER
	at "$1" nft list counter inet count "$2" | sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}
prefixes() { # COUNT: with gaps, so that nothing merges
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "20.%d.%d.%d/32\n", i / 16384, i / 64 % 256, i % 64 * 4 }'
}
policy() { # FILE PREFIXES MOVING-LINK: `prefixes` go by isp1
	prefixes "$2" >$LAB_TMP/list$2.txt
	local first='{ "name": "first", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "isp1" }'
	local second='{ "name": "second", "to": ["198.51.100.0/24", "2001:db8:6::/48"], "via": "default.2" }'
	local moving='{ "name": "moving", "to": ["100.64.0.0/16", "2001:db8:7::/48"], "via": "'$3'" }'
	local list='{ "name": "list", "lists": ["list'$2'.txt"], "via": "isp1" }'
	local ports='{ "name": "ports", "protocols": ["tcp"], "dports": [25], "via": "isp1" }'
	second=${second/default.2/later}

	# the rules stand in another order, and in other blocks
	if [ "$3" = isp1 ]; then
		LAB_GROUPS=', "later": { "links": ["isp2", "isp1"] }' \
			lab_policy "\"rules\": [ $first, $moving, $list, $ports, $second ]"
	else
		LAB_GROUPS=', "later": { "links": ["isp2", "isp1"] }, "more": { "links": ["isp1"] }' \
			lab_policy "\"rules\": [ $ports, $second, $list, $moving, $first ]"
	fi
	mv $LAB_TMP/policy.json "$1"
}
policy $LAB_TMP/small.json 1000 isp1
policy $LAB_TMP/large.json 20000 isp2
for n in 1 2; do
	ask_from router udp "10.$n.0.1" >/dev/null
	ask_from router udp "fd00:a:$n::1" >/dev/null
done
lab_sysctl router net/netfilter/nf_conntrack_udp_timeout 1
lab_apply $LAB_TMP/small.json
lab_quiet
for ns in tunnel isp1 isp2; do
	count_on $ns
done

# A flood until the commands are done; prints nothing but what they print.
flooded() {
	lab_start client "$OMR_TOOLS/flood" eth0 02:00:00:00:01:01 192.168.1.10,fd00:c:1::10 "${OMR_FLOOD_RATE:-0}" 600 \
		203.0.113.0/24 198.51.100.0/24 100.64.0.0/16 2001:db8:5::/48 2001:db8:6::/48 2001:db8:7::/48
	local flood=$LAB_PID start=$EPOCHREALTIME before
	before=$(total)
	flowing() { [ $(($(total) - before)) -gt 1000 ]; }
	lab_wait 20 "the flood arrives" flowing
	"$@"
	sleep 0.2
	lab_stop TERM $flood
	seconds=$(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }')
}
total() {
	local ns c sum=0

	for ns in tunnel isp1 isp2; do
		for c in first second moving; do
			sum=$((sum + $(packets $ns $c)))
		done
	done
	echo $sum
}
stray() {
	echo $(($(packets tunnel first) + $(packets tunnel second) + $(packets tunnel moving))) by main routing, \
		$(($(packets isp2 first) + $(packets isp1 second))) by another link
}
reload() {
	local i

	for ((i = 0; i < reloads; i++)); do
		lab_apply $LAB_TMP/large.json
		lab_apply $LAB_TMP/small.json
	done
}
naive() {
	local i

	for ((i = 0; i < 20; i++)); do
		at router nft -f $LAB_TMP/naive/omr.nft
	done
}

if [ "${OMR_LAB_LOAD:-}" != text ]; then
	flooded reload
	echo "$((2 * reloads)) reloads in $seconds s, $(total) packets arrived," \
		"$(awk -v n="$(total)" -v s="$seconds" 'BEGIN { printf "%d", n / s / 1000 }') thousand a second"
	[ "$(total)" -gt 50000 ] || not_ok "this was no flood"
	expect "0 by main routing, 0 by another link" "packets astray" stray
	if [ "$(packets isp1 moving)" -gt 0 ] && [ "$(packets isp2 moving)" -gt 0 ]; then
		ok "the moving destination left by both links, each in its turn"
	else
		not_ok "the moving destination did not move"
	fi
fi
"$OMR_BIN/omr-nftgen" -o $LAB_TMP/naive $LAB_TMP/large.json || exit 1
# in a user namespace nft cannot have a buffer for that much
at router nft -c -f $LAB_TMP/naive/omr.nft 2>/dev/null ||
	"$OMR_BIN/omr-nftgen" -o $LAB_TMP/naive $LAB_TMP/small.json || exit 1
flooded naive
read -r astray _ < <(stray)
if [ "$astray" -gt 0 ]; then
	ok "control: with the tables replaced, $astray packets went astray"
else
	not_ok "control: the flood would not have noticed anything ($(total) packets)"
fi
lab_done
