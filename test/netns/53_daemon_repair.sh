#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What others do to our objects is put right; what is theirs is left alone; devices may go and
# come back; and at rest the daemon does nothing to the ruleset.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
lab_policy '"rules": [
	{ "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" },
	{ "name": "names", "domains": ["example.test"], "via": "isp2" }
]'
V4=$(lab_dst 4) V6=$(lab_dst 6)

status() { at router "$OMR_BIN/omr-nftctl" --socket $LAB_TMP/daemon.sock --json status; }
in_sync() { status 2>/dev/null | grep -q '"in_sync":true'; }
leaves_by() { [ "$(ask_from client -t 200 udp "$V4")" = "$1" ] && [ "$(ask_from client -t 200 udp "$V6")" = "$1" ]; }
repaired() { # TEXT: and then packets go as the policy has it
	lab_wait 10 "$1: isp1" leaves_by isp1 && ok "$1" || not_ok "$1"
}
# All that is ours, whatever counters say and slot a map is in, and in whatever order.
picture() {
	at router nft list ruleset | sed -E 's/counter packets.*//; s/(omr_dst_bypass_[46]|classify)\.b/\1/' | sort
	at router ip rule
	at router ip -6 rule
	at router ip route show table all proto 153
	at router ip -6 route show table all proto 153
}
same() { [ "$(picture)" = "$before" ]; }

nsenter --net=/run/netns/router "$OMR_BIN/omr-nftd" --debug --policy $LAB_TMP/policy.json \
	--socket $LAB_TMP/daemon.sock 2>$LAB_TMP/daemon.log &
LAB_DAEMON=$!
lab_wait 30 "the daemon is in sync" in_sync || not_ok "the daemon starts"
at router nft add table inet theirs
at router ip rule add pref 500 fwmark 0xabc0000/0xff0000 lookup 500
at router ip route add 198.18.0.0/15 dev w2 table 500
before=$(picture)

# Foreign changes elsewhere make the daemon do nothing to ours.
at router nft 'add chain inet theirs c; add set inet theirs s { type ipv4_addr; }; add element inet theirs s { 192.0.2.1 }'
at router nft 'flush table inet theirs; delete set inet theirs s; delete chain inet theirs c'
# Nor does what is learnt from DNS, nor the daemon's own failover: no comparison for these.
for i in 1 2 3; do
	at router nft add element inet omr_bypass omr_dns_bypass_names_4 "{ 192.0.2.$i }"
done
lab_pull isp1
lab_wait 10 "isp2" leaves_by isp2
lab_plug isp1
lab_wait 10 "isp1" leaves_by isp1
at router nft flush set inet omr_bypass omr_dns_bypass_names_4
lab_wait 5 "in sync" in_sync
expect 0 "changes of no concern are passed over" grep -c 'changed our tables' $LAB_TMP/daemon.log
lab_wait 10 "the same picture" same
[ "$(picture)" = "$before" ] && ok "theirs is left alone" || not_ok "theirs is left alone"

at router nft flush ruleset
repaired "nft flush ruleset"
at router nft delete table inet omr_egress
repaired "a deleted table"
at router nft flush chain inet omr_bypass classify
repaired "a flushed chain"
at router nft flush map inet omr_egress egress
at router nft flush map inet omr_egress alive
repaired "flushed maps"
at router nft add table inet theirs
lab_wait 10 "the same ruleset" same && ok "the ruleset is what it was" || {
	not_ok "the ruleset is what it was"
	diff <(echo "$before") <(picture)
}

at router ip rule flush
at router ip rule add pref 32766 lookup main
at router ip rule add pref 32767 lookup default
at router ip rule add pref 500 fwmark 0xabc0000/0xff0000 lookup 500
at router ip -6 rule flush
at router ip -6 rule add pref 32766 lookup main
repaired "flushed rules (as systemd-networkd does)"
at router ip route flush table 1
at router ip -6 route flush table 991337
repaired "flushed routes"
lab_wait 10 "the same rules and routes" same && ok "rules and routes are what they were" || {
	not_ok "rules and routes are what they were"
	diff <(echo "$before") <(picture)
}

# An address flap takes the gateway routes away and the kernel tells nothing of them.
ip -n router addr del 10.1.0.2/24 dev w1
ip -n router addr add 10.1.0.2/24 dev w1
ip -n router route replace default via 10.1.0.1 dev w1 metric 1001
repaired "an address that was away for a moment"

# Down and up by administration: all routes go, IPv6 addresses too.
ip -n router link set w1 down
lab_wait 10 "isp2" leaves_by isp2 && ok "a device set down" || not_ok "a device set down"
ip -n router link set w1 up
ip -n router addr add fd00:a:1::2/64 dev w1 nodad 2>/dev/null
ip -n router route replace default via 10.1.0.1 dev w1 metric 1001
ip -n router -6 route replace default via fd00:a:1::1 dev w1 metric 2001
repaired "a device set up again"

# The device vanishes, as a modem does, and comes back with another ifindex.
ip -n router link del w1
lab_wait 10 "isp2" leaves_by isp2 && ok "a device that is gone" || not_ok "a device that is gone"
ip -n router link add w1 index 301 type veth peer name cable index 301 netns isp1
ip -n isp1 link set cable master lan0 up
ip -n router link set w1 up
ip -n router addr add 10.1.0.2/24 dev w1
ip -n router addr add fd00:a:1::2/64 dev w1 nodad
ip -n router route replace default via 10.1.0.1 dev w1 metric 1001
ip -n router -6 route replace default via fd00:a:1::1 dev w1 metric 2001
repaired "a device that is back"
lab_pull isp1
lab_wait 10 "isp2" leaves_by isp2 && ok "and fails over" || not_ok "and fails over"
lab_plug isp1
repaired "and comes back"

# At rest: no transaction, and hardly any CPU.
lab_wait 10 "in sync" in_sync
sleep 1
cpu_ns() { awk '{ print $1 }' /proc/$LAB_DAEMON/schedstat; }
from=$(cpu_ns)
timeout 5 nsenter --net=/run/netns/router nft monitor >$LAB_TMP/monitor
used=$(($(cpu_ns) - from))
expect "" "at rest nothing changes the ruleset" grep -v '^#' $LAB_TMP/monitor
rss=$(awk '/^VmRSS/ { print $2 }' /proc/$LAB_DAEMON/status)
echo "   at rest: $((used / 5000)) millionths of a core ($LAB_LINKS links), $rss KiB resident"
kill -TERM $LAB_DAEMON
wait $LAB_DAEMON
expect 0 "exit status after SIGTERM" echo $?
lab_done
