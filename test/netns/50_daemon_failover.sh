#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon with real packets: a flow of 1000 datagrams a second in each family while the first
# link's cable is pulled and plugged again and again. Shown: how long nobody answered. The
# devices' ifindex and iflink are equal, as a NIC's, so the kernel reports most losses a second
# late or not at all; 51_ runs the same with unequal ones.
. "$(dirname "$0")/lib.sh"
PULLS=11
MEDIAN_MS=50
lab_enter "$@"
lab_up 2
lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
V4=$(lab_dst 4) V6=$(lab_dst 6)

status() { at router "$OMR_BIN/omr-nftctl" --socket $LAB_TMP/daemon.sock --json status; }
in_sync() { status 2>/dev/null | grep -q '"in_sync":true'; }
# How often a flow has moved from one provider to another.
moves() { awk -v a="$1" -v o="$2" -v n="$3" '$1 == "moved" && $2 == a && $4 == o && $5 == n { c++ } END { print c + 0 }' $LAB_TMP/pulse; }
both_moved() { [ "$(moves "$V4" "$1" "$2")" -ge "$3" ] && [ "$(moves "$V6" "$1" "$2")" -ge "$3" ]; }
answered() { [ "$(grep -c ^answer $LAB_TMP/pulse)" -eq 2 ]; }

# figures ADDRESS OLD NEW: "min median max" silence in milliseconds
figures() {
	awk -v a="$1" -v o="$2" -v n="$3" '$1 == "moved" && $2 == a && $4 == o && $5 == n { print $6 }' $LAB_TMP/pulse |
		sort -n | awk '{ v[NR] = $1 } END { print v[1], v[int((NR + 1) / 2)], v[NR] }'
}

lab_daemon
lab_wait 30 "the daemon is in sync" in_sync || not_ok "the daemon starts"
expect_both isp1 "the first link is used" client udp

at client "$OMR_TOOLS/pulse" -r 1000 "$V4" "$V6" >$LAB_TMP/pulse &
pulse=$!
lab_wait 10 "both flows are answered" answered
for ((i = 1; i <= PULLS; i++)); do
	lab_pull isp1
	lab_wait 10 "both flows leave by isp2 after pull $i" both_moved isp1 isp2 "$i" || break
	lab_plug isp1
	lab_wait 10 "both flows are back after pull $i" both_moved isp2 isp1 "$i" || break
done
kill $pulse
wait $pulse
[ "$i" -gt $PULLS ] && ok "both flows moved there and back $PULLS times" || not_ok "pull $i of $PULLS"
for address in "$V4" "$V6"; do
	read -r min median max <<<"$(figures "$address" isp1 isp2)"
	text="silence of the flow to $address when the cable is pulled: median $median ms ($min to $max, $PULLS pulls)"
	awk -v m="${median:-9999}" -v l=$MEDIAN_MS 'BEGIN { exit !(m < l) }' && ok "$text" || not_ok "$text"
	read -r min median max <<<"$(figures "$address" isp2 isp1)"
	echo "   and when it is back: median $median ms ($min to $max)"
done
sed -n 's/.*switch: committed in \([0-9]*\) us/\1/p' $LAB_TMP/daemon.log | sort -n |
	awk '{ v[NR] = $1 } END { print "   decision to commit: median " v[int((NR + 1) / 2)] " us, longest " v[NR] " us, " NR " switches" }'

# New flows go by the other link while the cable is out, and the link's own target falls back to main.
lab_pull isp1
left() { [ "$(ask_from client -t 200 udp "$V4")" = isp2 ]; }
lab_wait 10 "new flows leave by isp2" left
expect_both isp2 "new flows while the first link is down" client tcp
lab_plug isp1
back() { [ "$(ask_from client -t 200 udp "$V4")" = isp1 ] && [ "$(ask_from client -t 200 udp "$V6")" = isp1 ]; }
lab_wait 10 "the first link is back" back && ok "new flows after it is back"

# One family only: without an IPv6 address on the first link, IPv6 moves and IPv4 stays.
ip -n router -6 addr flush dev w1 scope global
v6_left() { [ "$(ask_from client -t 200 udp "$V6")" = isp2 ]; }
lab_wait 10 "IPv6 leaves by isp2" v6_left && ok "IPv6 moves when its address goes"
expect isp1 "and IPv4 stays" ask_from client udp "$V4"
ip -n router addr add fd00:a:1::2/64 dev w1 nodad
ip -n router -6 route replace default via fd00:a:1::1 dev w1 metric 2001
lab_wait 10 "IPv6 is back" back && ok "and comes back with it"

# Both links down: main routing, that is the tunnel.
lab_pull isp1
lab_pull isp2
fallen() { [ "$(ask_from client -t 200 udp "$V4")" = tunnel ] && [ "$(ask_from client -t 200 udp "$V6")" = tunnel ]; }
lab_wait 10 "main routing" fallen && ok "with no link left main routing is used"
lab_plug isp2
left_both() { left && v6_left; }
lab_wait 10 "isp2" left_both && ok "the first link that is back is used"

kill -TERM $LAB_DAEMON
wait $LAB_DAEMON
expect 0 "exit status after SIGTERM" echo $?
grep -E 'error|runtime|ERROR' $LAB_TMP/daemon.log && not_ok "the daemon's log has errors"
lab_done
