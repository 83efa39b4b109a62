#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# While somebody else applies a policy (for as long as it takes) the daemon fails over all the same,
# and repairs afterwards. A device made anew gets back what the kernel needs to fail over alone.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'

status() { at router "$OMR_BIN/omr-nftctl" --socket $LAB_TMP/daemon.sock --json status; }
in_sync() { status 2>/dev/null | grep -q '"in_sync":true'; }
leaves_by() { [ "$(ask_from client -t 200 udp "$(lab_dst 4)")" = "$1" ] && [ "$(ask_from client -t 200 udp "$(lab_dst 6)")" = "$1" ]; }
refused() { grep -q 'another program is applying' $LAB_TMP/daemon.log; }
strange() { at router nft list chain inet omr_egress strange 2>/dev/null; }
clean() { [ -z "$(strange)" ]; }
linkdown() { at router cat "/proc/sys/net/ipv4/conf/w1/ignore_routes_with_linkdown"; }

# The daemon's own choice: the kernel would get round a dead link by itself.
named() { at router nft list map inet omr_egress egress | grep -o 'to_isp[12].default' | sort -u; }

lab_daemon
lab_wait 30 "the daemon is in sync" in_sync || not_ok "the daemon starts"

lab_start router /usr/bin/python3 -c '
import socket, time
s = socket.socket(socket.AF_UNIX)
s.bind("\0omr-nft.apply")
s.listen(64)
time.sleep(600)'
holder=$LAB_PID
lock_is_held() { at router grep -q '@omr-nft.apply' /proc/$holder/net/unix; }
lab_wait 10 "the lock is held" lock_is_held || not_ok "the lock is held"
at router nft add chain inet omr_egress strange
lab_wait 10 "the daemon is refused" refused && ok "the daemon wants to compare and may not" ||
	not_ok "the daemon wants to compare and may not"
lab_pull isp1
lab_wait 10 "isp2" leaves_by isp2
expect_soon to_isp2.default "a failover while another one applies" named
lab_plug isp1
lab_wait 10 "isp1" leaves_by isp1
expect_soon to_isp1.default "and back" named
[ -n "$(strange)" ] && ok "not repaired yet" || not_ok "not repaired yet"
lab_stop KILL $holder
lab_wait 10 "repaired" clean && ok "repaired when the other is done" || not_ok "repaired when the other is done"
lab_wait 10 "in sync" in_sync && ok "in sync" || not_ok "in sync"

ip -n router link del w1
lab_wait 10 "isp2" leaves_by isp2
ip -n router link add w1 index 301 type veth peer name cable index 301 netns isp1
ip -n isp1 link set cable master lan0 up
ip -n router link set w1 up
ip -n router addr add 10.1.0.2/24 dev w1
ip -n router addr add fd00:a:1::2/64 dev w1 nodad
ip -n router route replace default via 10.1.0.1 dev w1 metric 2001
ip -n router -6 route replace default via fd00:a:1::1 dev w1 metric 2001
lab_wait 10 "isp1" leaves_by isp1
expect_soon 153 "a device made anew: ignore_routes_with_linkdown" linkdown
lab_stop KILL "$LAB_DAEMON"
lab_pull isp1
lab_wait 10 "isp2" leaves_by isp2
expect_both isp2 "daemon killed: the kernel fails over from the new device" client udp
lab_done
