#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon with real packets: a flow of 1000 datagrams a second in each family, and the cable of
# the link it is on is pulled, again and again. Shown: how long nobody answered. The devices'
# ifindex and iflink are equal, as a NIC's, so the kernel reports most losses a second late or not
# at all; 51_ runs the same with unequal ones.
. "$(dirname "$0")/lib.sh"
PULLS=12
MEDIAN_MS=50
lab_enter "$@"
lab_up 2
lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
V4=$(lab_dst 4) V6=$(lab_dst 6)

# How often a flow has moved, and the silences of that: "min median max" in milliseconds.
moves() { grep -c "^moved $1 " $LAB_TMP/pulse; }
both_moved() { [ "$(moves "$V4")" -ge "$1" ] && [ "$(moves "$V6")" -ge "$1" ]; }
silences() {
	awk -v a="$1" '$1 == "moved" && $2 == a { print $6 }' $LAB_TMP/pulse | sort -n |
		awk '{ v[NR] = $1 } END { print v[1], v[int((NR + 1) / 2)], v[NR] }'
}
leaves_by() { [ "$(ask_from client -t 200 udp "$V4")" = "$1" ] && [ "$(ask_from client -t 200 udp "$V6")" = "$1" ]; }
all_up() { lab_states up isp1 isp2; }
answered() { [ "$(grep -c ^answer $LAB_TMP/pulse)" -eq 2 ]; }

lab_daemon_start
expect_both isp1 "the first link is used" client udp

nsenter --net=/run/netns/client "$OMR_TOOLS/pulse" -r 1000 "$V4" "$V6" >$LAB_TMP/pulse &
pulse=$!
lab_wait 10 "both flows are answered" answered
# A flow stays on the link it moved to while that lives, so the two links take turns.
on=isp1 other=isp2
for ((i = 1; i <= PULLS; i++)); do
	lab_pull $on
	lab_wait 10 "both flows leave by $other after pull $i" both_moved "$i" || break
	lab_plug $on
	lab_wait 10 "$on is up again after pull $i" all_up || break
	# the provider's bridge forwards only when its own kernel has told it of the carrier
	lab_wait 10 "$on answers again after pull $i" lab_answers $on "${on#isp}" || break
	on=$other other=$([ $on = isp1 ] && echo isp2 || echo isp1)
done
kill $pulse
wait $pulse
[ "$i" -gt $PULLS ] && ok "both flows left the dead link, $PULLS times" || not_ok "pull $i of $PULLS"
for address in "$V4" "$V6"; do
	read -r min median max <<<"$(silences "$address")"
	text="silence of the flow to $address when its cable is pulled: median $median ms ($min to $max, $PULLS pulls)"
	awk -v m="${median:-9999}" -v l=$MEDIAN_MS 'BEGIN { exit !(m < l) }' && ok "$text" || not_ok "$text"
done
for what in decided committed; do
	read -r median min max n <<<"$(sed -n "s/.*switch: .*$what in \([0-9]*\) us.*/\1/p" $LAB_TMP/daemon.log | lab_median)"
	echo "   $what in: median $median us, $min to $max, $n switches"
done

# New flows go by the other link while the cable is out, and by the first again when it is in.
lab_wait 10 "new flows leave by isp1" leaves_by isp1
lab_pull isp1
lab_wait 10 "new flows leave by isp2" leaves_by isp2
expect_both isp2 "new flows while the first link is down" client tcp
lab_plug isp1
lab_wait 10 "the first link is back" leaves_by isp1 && ok "new flows after it is back" || not_ok "new flows after it is back"

# One family only: without an IPv6 address on the first link, IPv6 moves and IPv4 stays.
ip -n router -6 addr flush dev w1 scope global
v6_left() { [ "$(ask_from client -t 200 udp "$V6")" = isp2 ]; }
lab_wait 10 "IPv6 leaves by isp2" v6_left && ok "IPv6 moves when its address goes" || not_ok "IPv6 moves when its address goes"
expect isp1 "and IPv4 stays" ask_from client udp "$V4"
ip -n router addr add fd00:a:1::2/64 dev w1 nodad
ip -n router -6 route replace default via fd00:a:1::1 dev w1 metric 2001
lab_wait 10 "IPv6 is back" leaves_by isp1 && ok "and comes back with it" || not_ok "and comes back with it"

# Both links down: main routing, that is the tunnel.
lab_pull isp1
lab_pull isp2
lab_wait 10 "main routing" leaves_by tunnel && ok "with no link left main routing is used" ||
	not_ok "with no link left main routing is used"
lab_plug isp2
lab_wait 10 "isp2" leaves_by isp2 && ok "the first link that is back is used" || not_ok "the first link that is back is used"

lab_daemon_clean
lab_done
