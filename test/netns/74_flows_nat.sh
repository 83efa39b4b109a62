#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What becomes of live flows whose source is translated when their link dies and when it returns:
# they start afresh with the new link's address (masquerade of ours, or another's `snat to`), or are
# kept; nobody else's conntrack entry is touched; at recovery nothing is dragged back unless asked.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
LAB_LINK_EXTRA=', "probe": "internet"'
policy() {
	lab_policy '"probes": { "internet": { "type": "icmp", "hosts4": ["198.51.100.53"], "hosts6": ["2001:db8:53::53"],
			"interval": "100ms", "timeout": "80ms", "fall": 3, "rise": 2 } },
		"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
}
# conntrack entries of the pulse's flow of a family: "ID SOURCE-TRANSLATED-TO"
entry() {
	at router conntrack -L -f "ipv$1" -p udp -o id --orig-dst "$(lab_dst "$1")" --dport 7000 2>/dev/null |
		sed -n 's/.* dst=\([0-9a-f.:]*\) sport=7000 .*id=\([0-9]*\).*/\2 \1/p'
}
translated() { # ISP: both flows have that link's address
	local n=${1#isp}

	[ "$(entry 4 | cut -d' ' -f2)" = "10.$n.0.2" ] && [ "$(entry 6 | cut -d' ' -f2)" = "fd00:a:$n::2" ]
}
moves() { echo "$(lab_moves "$(lab_dst 4)") $(lab_moves "$(lab_dst 6)")"; }
start() { # the policy is written
	lab_daemon_start
	soon "both links are up" lab_states up isp1 isp2
	soon "isp1 is used" lab_leaves_by isp1
}
restart() { # also forgets what flows there were
	lab_daemon_clean
	at router conntrack -F 2>/dev/null
	start
}

# ---- on_fail move, masquerade; and what is not ours ----
policy
start
# other people's flows: by main routing with NAT, and from LAN to LAN
at router nft 'table ip other { chain post { type nat hook postrouting priority srcnat; oifname "tun" masquerade; }; }'
OTHERS="198.18.0.1 198.18.0.2 192.168.2.10"
for to in $OTHERS; do
	at client bash -c "echo x >/dev/udp/$to/7000"
done
others() {
	local to

	for to in $OTHERS; do
		at router conntrack -L -f ipv4 -p udp -o id --orig-dst $to 2>/dev/null | sed -n "s/.*id=\([0-9]*\).*/$to \1/p"
	done
}
before=$(others)
expect 3 "flows of others" wc -l <<<"$before"
lab_pulse 100
soon "both flows are translated to isp1's address" translated isp1
# a TCP connection that stays open
mkfifo $LAB_TMP/say
nsenter --net=/run/netns/client "$OMR_TOOLS/ask" -k -t 5000 tcp "$(lab_dst 4)" <$LAB_TMP/say >$LAB_TMP/tcp 2>&1 &
exec {say}>$LAB_TMP/say
heard() { [ "$(wc -l <$LAB_TMP/tcp)" -ge "$1" ]; }
soon "a TCP connection" heard 1
echo >&$say
soon "that is answered" heard 2
turn=0
for kind in blackhole carrier; do
	turn=$((turn + 1))
	[ $kind = blackhole ] && on=isp1 other=isp2 || on=isp2 other=isp1
	[ $kind = blackhole ] && lab_blackhole $on || lab_pull $on
	soon "$kind: both flows go on by $other" lab_moved_often $turn
	soon "$kind: with its address" translated $other
	if [ $kind = blackhole ]; then
		echo >&$say
		soon "the TCP connection is told" heard 3
		expect "isp1 isp1 unreachable" "it was reset at once, not left to time out" xargs <$LAB_TMP/tcp
		expect isp2 "the next connection goes by isp2" ask_from client tcp "$(lab_dst 4)"
	fi
	[ $kind = blackhole ] && lab_heal $on || lab_plug $on
	soon "$kind: $on is back" lab_states up $on
done
exec {say}>&-
lab_pulse_end
expect "$before" "the flows of others are as they were" others
soon "new flows: isp1" lab_leaves_by isp1
lab_pulse 100
lab_pull isp1
soon "the flows move" lab_moved_often 1
lab_plug isp1
soon "new flows are back" lab_leaves_by isp1
sleep 2
expect "1 1" "live flows are never dragged back" moves
lab_pulse_end
at router nft delete table ip other

# ---- somebody else's snat ----
LAB_MASQUERADE=false policy
snat() {
	at router nft -f - <<-'END'
	table inet other {
		chain post {
			type nat hook postrouting priority srcnat
			ip saddr 192.168.0.0/16 oifname "w1" snat ip to 10.1.0.2
			ip saddr 192.168.0.0/16 oifname "w2" snat ip to 10.2.0.2
			ip6 saddr fd00:c::/32 oifname "w1" snat ip6 to fd00:a:1::2
			ip6 saddr fd00:c::/32 oifname "w2" snat ip6 to fd00:a:2::2
		}
	}
	END
}
snat
restart
lab_pulse 100
soon "another's snat: isp1's address" translated isp1
lab_blackhole isp1
soon "another's snat: both flows go on by isp2" lab_moved_often 1
soon "another's snat: with its address" translated isp2
lab_heal isp1
lab_pulse_end

# ---- on_fail keep (masqueraded entries are dropped by the kernel itself: nf_nat_oif_changed()) ----
LAB_DEFAULT=', "on_fail": "keep"' LAB_MASQUERADE=false policy
restart
lab_pulse 100
soon "keep: isp1's address" translated isp1
ids=$(entry 4; entry 6)
lab_blackhole isp1
soon "keep: the packets go on by isp2" lab_moved_often 1
expect "$ids" "keep: with the entries they had" eval 'entry 4; entry 6'
lab_heal isp1
lab_pulse_end
at router nft delete table inet other

# ---- on_recover ----
LAB_DEFAULT=', "on_recover": "pull"' policy
restart
lab_pulse 100
lab_pull isp1
soon "pull: the flows move" lab_moved_often 1
lab_plug isp1
soon "pull: and are taken back when it returns" lab_moved_often 2
soon "pull: with its address" translated isp1
lab_pulse_end

LAB_DEFAULT=', "on_recover": "drain", "drain_time": "2s"' policy
restart
lab_pulse 100
lab_pull isp1
soon "drain: the flows move" lab_moved_often 1
lab_plug isp1
soon "drain: new flows are back" lab_leaves_by isp1
expect "1 1" "drain: live flows may finish first" moves
soon "drain: and are taken back after drain_time" lab_moved_often 2
soon "drain: with its address" translated isp1
lab_pulse_end
lab_daemon_clean
lab_done
