#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `doctor`: a lab in order is in order; what is put in its way is found, with a remedy that helps.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
SOCKET=$LAB_TMP/daemon.sock
lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
ctl() { at router "$OMR_BIN/omr-nftctl" --socket $SOCKET "$@"; }
doctor() { ctl doctor >$LAB_TMP/said 2>&1; }
# What the machine outside of the lab may have: its programs are seen through /proc.
others() { grep -vE '^(warning networkd|note networkmanager|    remedy: in /etc/systemd)' $LAB_TMP/said; }
finds() { # TEXT PATTERN
	doctor
	local rc=$?

	if [ $rc -eq 4 ] && grep -A 1 -E "$2" $LAB_TMP/said | grep -q '^    remedy: '; then
		ok "$1: $(grep -E "$2" $LAB_TMP/said | head -n 1)"
	else
		not_ok "$1: exit $rc"
		cat $LAB_TMP/said
	fi
}
lacks() { # TEXT PATTERN
	doctor
	grep -qE "$2" $LAB_TMP/said && { not_ok "$1"; cat $LAB_TMP/said; } || ok "$1"
}

doctor
expect 1 "it works without a daemon" grep -c '^No daemon answers' $LAB_TMP/said
lab_daemon
lab_daemon_ready
doctor
expect "Nothing on this machine stands against us." "a lab in order" others
state() { at router sh -c 'ip rule; ip -6 rule; ip route show table all; nft list ruleset' | md5sum; }
before=$(state)

lab_sysctl router net/ipv4/conf/w1/rp_filter 1
finds "a strict reverse path filter" '^warning rp_filter: w1 \(link isp1\)'
lab_sysctl router net/ipv4/conf/w1/rp_filter 2
lacks "a loose one is fine" rp_filter
lab_sysctl router net/ipv4/conf/w1/rp_filter 0

at router sh -c 'echo 0 >/proc/sys/net/ipv4/ip_forward'
finds "forwarding is off" '^warning forwarding: IPv4 forwarding is off'
at router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
	for d in all lan1 lan2 tun w1 w2; do echo 0 >/proc/sys/net/ipv4/conf/$d/rp_filter; done'

at router ip rule add pref 500 lookup 200
finds "a rule before ours" '^warning rules: ip rule 500: from all lookup 200'
at router ip rule del pref 500
at router ip rule add pref 500 fwmark 0x5000/0xf000 lookup 200
finds "a rule that takes our mark" '^problem rules: ip rule 500: .* takes our mark 0x5391'
at router ip rule del pref 500
at router ip -6 rule add pref 1015 from fd00::/8 lookup 200
finds "a rule between ours" '^warning rules: ip -6 rule 1015: .* stands between our rules'
at router ip -6 rule del pref 1015
at router ip rule add pref 32000 fwmark 0x1000000/0x1000000 lookup 1
finds "a rule to our table" '^warning tables: ip rule 32000: .* leads to table 1, which is ours'
at router ip rule del pref 32000
at router ip rule add pref 32765 not fwmark 51820 lookup 51820
lacks "wg-quick behind us is fine" 'wg-quick'
at router ip rule del pref 32765
at router ip route add default via 10.9.0.1 table 991337 metric 77
finds "somebody else's route in our table" '^warning tables: table 991337 is ours, and has an IPv4 default route'
at router ip route del default table 991337 metric 77

at router nft 'add table ip other; add chain ip other marks { type filter hook prerouting priority mangle; };
	add rule ip other marks meta mark set 0x7'
finds "a rule that overwrites marks" '^warning marks: chain marks of table ip other writes bits 0xffffff of the packet mark'
at router nft 'flush chain ip other marks; add rule ip other marks meta mark set meta mark and 0xfeffffff or 0x1000000'
lacks "one that keeps our bits is fine" 'warning marks'
at router nft 'flush chain ip other marks; add rule ip other marks ct mark set ct mark and 0xffff00ff or 0x300'
finds "a rule that writes some of our bits" 'writes bits 0xff00 of the connection mark'
at router nft 'delete table ip other; add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }'
finds "a firewall that forwards nothing" '^warning forwarding: chain FORWARD of table ip filter drops'
at router nft delete table ip filter
if command -v iptables-nft >/dev/null; then
	at router iptables-nft -t mangle -A PREROUTING -j MARK --set-xmark 0x40/0xff
	finds "iptables writes marks" '^warning marks: chain PREROUTING of table ip mangle writes bits 0xff of the packet mark'
	at router nft delete table ip mangle
fi
at router ip link add tailscale0 type veth peer name peer0
finds "Tailscale" '^warning marks: Tailscale is here'
at router ip link del tailscale0
at router ip link add kube-ipvs0 type veth peer name peer0
finds "Kubernetes" '^problem marks: Kubernetes is here, and takes our mark'
at router ip link del kube-ipvs0

as_before() { [ "$(state)" = "$before" ]; }
lab_wait 10 "all is as before" as_before && ok "all is as before" || not_ok "all is as before"
doctor
expect "Nothing on this machine stands against us." "all is undone" others
as_before && ok "and nothing was changed by looking" || not_ok "and nothing was changed by looking"
ctl --json doctor | /usr/bin/python3 -c '
import json, sys
d = json.load(sys.stdin)
assert d["daemon"] is True
for f in d["findings"]:
    assert set(f) <= {"level", "topic", "text", "remedy"} and f["level"] in ("note", "warning", "problem"), f' &&
	ok "as JSON" || not_ok "as JSON"
lab_done
