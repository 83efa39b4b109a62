#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `why` against real packets: random policies, and whole and half questions (why_differential.py).
# OMR_WHY_POLICIES, OMR_WHY_FLOWS and OMR_WHY_SEED ask for more, or for one that failed.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
command -v conntrack >/dev/null || lab_skip "no conntrack"
lab_up 3
ctl() { at router "$OMR_BIN/omr-nftctl" --socket $LAB_TMP/daemon.sock "$@"; }
line() { ctl "$@" | head -n 1 | sed 's/, for [0-9a-z ]*)/)/'; }

lab_policy '"rules": [
	{ "name": "hole", "to": ["203.0.113.200"], "via": "main" },
	{ "name": "sip", "from": ["192.168.1.0/24"], "protocols": ["udp"], "dports": ["5060-5061"], "via": "isp2", "on_down": "block" },
	{ "name": "bank", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" },
	{ "name": "dns", "domains": ["example.com"], "via": "isp3" } ]'
lab_daemon
lab_daemon_ready
expect "203.0.113.9 -> rule bank (#3, to 203.0.113.0/24) -> target default -> link isp1 (first of its links that is up)" \
	"a prefix" line why 203.0.113.9
expect "  rule sip (#2) may take it to isp2.block: it needs --from, --proto and --dport" "what is not said is asked for" \
	sh -c "nsenter --net=/run/netns/router $OMR_BIN/omr-nftctl --socket $LAB_TMP/daemon.sock why 203.0.113.9 | sed -n 2p"
expect "203.0.113.9 -> rule sip (#2) -> target isp2.block -> link isp2 (isp2: up)" "a whole question" \
	line why 203.0.113.9 --from 192.168.1.10 --proto udp --dport 5060
expect "203.0.113.200 -> rule hole (#1, to 203.0.113.200) -> main routing" "an exception" line why 203.0.113.200
expect "192.0.2.1 -> no rule -> main routing" "no rule" line why 192.0.2.1 --dport 1
expect "10.1.0.2 -> left alone (to this machine, or to all) -> main routing" "an address of ours" line why 10.1.0.2
expect "203.0.113.9 -> left alone (comes in by a link) -> main routing" "from a link" line why 203.0.113.9 --iif w2
at router nft add element inet omr_bypass omr_dns_bypass_dns_4 '{ 192.0.2.7 }'
expect "192.0.2.7 -> rule dns (#4, address learnt from DNS) -> target isp3 -> link isp3 (isp3: up)" "learnt from DNS" \
	line why 192.0.2.7 --dport 1
lab_pull isp1
moved() { line why 203.0.113.9 | grep -q ' -> link isp2 (isp1: no carrier)$'; }
lab_wait 10 "the reason" moved && ok "after a failover the reason is told" || not_ok "after a failover the reason is told"
lab_plug isp1
lab_pull isp2
blocked() { line why 203.0.113.9 --from 192.168.1.10 --proto udp --dport 5060 | grep -q -- '-> unreachable'; }
lab_wait 10 "block" blocked && ok "no link is left, and main is forbidden" || not_ok "no link is left, and main is forbidden"
lab_plug isp2
for bad in "why" "why x" "why 203.0.113.9 --dport http" "why 203.0.113.9 --uid 0" "status --from 1.2.3.4" "why 203.0.113.9 --from fd00::1"; do
	# shellcheck disable=SC2086 # words are what is meant
	ctl $bad >$LAB_TMP/said 2>&1 && not_ok "refused: $bad" || ok "refused: $bad: $(tail -n 1 $LAB_TMP/said)"
done
kill -TERM $LAB_DAEMON
wait $LAB_DAEMON

for n in 1 2 3; do
	ask_from router udp "10.$n.0.1" >/dev/null
	ask_from router udp "fd00:a:$n::1" >/dev/null
done
for n in 10.9.0.1 fd00:a:9::1; do
	ask_from router udp $n >/dev/null
done
lab_quiet
at router /usr/bin/python3 "$LAB_DIR/why_differential.py" $LAB_TMP && ok "random policies" || not_ok "random policies"
lab_done
