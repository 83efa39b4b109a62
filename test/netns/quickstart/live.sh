#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The live part of ./quickstart: a policy, a kernel, real packets, a pulled cable, and a provider that goes silent.
. "$(dirname "$0")/../lib.sh"
lab_enter "$@"

bold='' plain=''
[ ! -t 1 ] || { bold=$(printf '\033[1m') plain=$(printf '\033[0m'); }
title() { printf '\n%s%s%s\n\n' "$bold" "$*" "$plain"; }
row() { printf '  %-34s %s\n' "$1" "$2"; }
die() {
	echo "quickstart: $*" >&2
	for log in daemon pulse; do
		[ ! -s $LAB_TMP/$log.log ] || sed "s/^/  $log: /" $LAB_TMP/$log.log >&2
	done
	exit 1
}

policy=$LAB_DIR/quickstart/policy.json
V4=203.0.113.9 V6=2001:db8:5::9

title "A router with a tunnel and two links, in network namespaces of this machine"
cat <<'END'
                         +--------+ tun    ---------- tunnel   main routing
  client ------- lan1 ---+ router + eth1   ---------- fiber    link id 7
  192.168.1.10           |        |
  fd00:c:1::10           +--------+ wwan0  ---------- lte      link id 8

  Behind each of the three is "the internet": every address answers, and says by whom.
END
LAB_LINKS=2
lab_core
lab_lan client 1
lab_provider fiber 1 eth1 1001
lab_provider lte 2 wwan0 1002
lab_provider tunnel 9 tun 10

title "The policy"
sed -n '/"links"/,/^  ]/p' "$policy"

title "omr-nftgen --apply policy.json; what the kernel has now (excerpt of nft list ruleset)"
at router "$OMR_BIN/omr-nftgen" --apply "$policy" || die "--apply failed"
excerpt() {
	at router nft list ruleset | awk '
		/^table/ { print; next }
		/^\t(map|chain) (omr_dst_bypass_[46]|rule_bank|rule_video|via_default|classify|egress|to_fiber.default) \{/ { show = 1 }
		show { print }
		/^\t\}/ { show = 0 }
		/^\}/ { print }'
}
excerpt | sed 's/^/  /; s/\t/    /g'

# pulse PHASE: a steady flow of each family from now on
pulse() {
	: >$LAB_TMP/pulse.log
	lab_start client "$OMR_TOOLS/pulse" -g 50 $V4 $V6 >$LAB_TMP/pulse.log
	PULSE=$LAB_PID
	lab_wait 10 "both flows are answered" both_answered || die "no answers"
}
both_answered() { [ "$(grep -c ^answer $LAB_TMP/pulse.log)" -eq 2 ]; }
moved_to() { [ "$(grep "^moved .* $1 [0-9.]* [0-9]*$" $LAB_TMP/pulse.log | cut -d' ' -f2 | sort -u | wc -l)" -eq 2 ]; }
report() { # LINK: the moves to it
	local family address from silence lost

	for family in 4 6; do
		[ $family = 4 ] && address=$V4 || address=$V6
		read -r from silence lost <<<"$(awk -v a=$address -v to="$1" \
			'$1 == "moved" && $2 == a && $5 == to { print $4, $6, $7 }' $LAB_TMP/pulse.log | tail -n 1)"
		printf '  IPv%s   %-6s -> %-6s   silence %6s ms   %3s of 1000 packets a second lost\n' \
			$family "$from" "$1" "$silence" "$lost"
	done
}
ctl() { at router "$OMR_BIN/omr-nftctl" --socket $LAB_TMP/daemon.sock "$@"; }
who() { ask_from client -t 500 udp "$1"; }
chosen() { # the link the daemon has put into map egress for group default
	at router nft list map inet omr_egress egress | grep -o "0x00000539 \. ipv$1 : goto [a-z_.]*" || echo "(empty: the routes decide)"
}
table() {
	row "video, a new flow (IPv4, IPv6)" "$(who $V4), $(who $V6)"
	row "bank: fiber or nothing" "$(who 203.0.113.70)"
	row "anything else" "$(who 198.51.100.1)"
	row "map egress, group default" "$(chosen 4)"
}

title "omr-nftd runs; who answers the client?"
lab_daemon "$policy"
lab_daemon_ready
table
pulse

title "The cable of fiber is pulled, under a flow of 1000 packets a second of each family"
lab_pull fiber
lab_wait 10 "both flows answered by lte" moved_to lte || die "no failover"
report lte
echo
table

title "... and plugged in again: flows in progress stay where they are, new ones come back"
lab_plug fiber
back() { [ "$(who $V4)" = fiber ] && [ "$(who $V6)" = fiber ]; }
lab_wait 10 "new flows by fiber" back || die "no way back"
table
lab_stop TERM $PULSE
row "the flow of before" "$(awk '$1 == "total" { print $5 }' $LAB_TMP/pulse.log | sort -u | paste -sd" ")"

title "Now fiber's provider goes silent: the cable is in, its gateway answers, and nothing else does (probes: 100 ms x 3)"
pulse
at fiber nft -f - <<'END'
table inet silent {
	chain prerouting {
		type filter hook prerouting priority -300
		ip daddr 10.1.0.1 accept
		ip6 daddr { fd00:a:1::1, fe80::/10, ff00::/8 } accept
		drop
	}
}
END
lab_wait 10 "both flows answered by lte" moved_to lte || die "no failover"
report lte
printf '\n  $ omr-nftctl status\n'
ctl status | sed 's/^/  /'
printf '\n  $ omr-nftctl why 203.0.113.9\n'
ctl why 203.0.113.9 | sed 's/^/  /'
at fiber nft delete table inet silent
lab_wait 20 "new flows by fiber" back || die "no way back"
printf '\n  ... and it answers again:\n'
table
lab_stop TERM $PULSE
printf '\n  what the daemon has said in all that:\n'
sed 's/^/  /' $LAB_TMP/daemon.log

title "kill -9 of the daemon, and the cable once more: the kernel alone"
lab_stop KILL $LAB_DAEMON
row "omr-nftd" "$(kill -0 $LAB_DAEMON 2>/dev/null && echo runs || echo dead)"
row "video, a new flow (IPv4, IPv6)" "$(who $V4), $(who $V6)"
echo
pulse
lab_pull fiber
lab_wait 10 "both flows answered by lte" moved_to lte || die "the kernel does not fail over"
report lte
echo "  (up to a second: the kernel tells carrier losses of NICs once a second; the daemon looks by itself)"
echo
table
echo "  (the daemon's last word; what it marks has no route by fiber now, and the ip rules go on to the group's)"
lab_stop TERM $PULSE

title "omr-nftgen --remove: nothing of it is left"
at router "$OMR_BIN/omr-nftgen" --remove || die "--remove failed"
row "nft tables" "$(at router nft list tables | wc -l)"
row "ip rules (3 + 2 are the kernel's)" "$(at router ip -4 rule | wc -l) + $(at router ip -6 rule | wc -l)"
row "video" "$(who $V4)"
