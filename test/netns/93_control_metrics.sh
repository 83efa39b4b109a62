#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `metrics`: Prometheus' own checker takes them, they are OpenMetrics to the letter when asked, and they count.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
SOCKET=$LAB_TMP/daemon.sock
LAB_GROUPS=', "bulk": { "mode": "balance", "links": ["isp1", "isp2"] }'
LAB_LINK_EXTRA=', "probe": { "type": "icmp", "hosts4": ["198.51.100.77"], "interval": "200ms", "timeout": "150ms" }'
lab_policy '"default": "bulk", "rules": [
	{ "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" },
	{ "name": "off", "to": ["198.51.100.0/24"], "via": "isp2", "enabled": false } ]'
ctl() { at router "$OMR_BIN/omr-nftctl" --socket $SOCKET "$@"; }
metric() { ctl metrics | sed -n "s/^$1 //p"; } # NAME{LABELS} as a regular expression
lab_daemon
lab_daemon_ready
probed() { [ -n "$(metric 'omr_nft_probe_rtt_seconds{link="isp1",family="ipv4"}')" ]; }
lab_wait 20 "the probes have answers" probed
expect 1 "a state" metric 'omr_nft_link_state{link="isp1",family="ipv6",state="up"}'
expect 0 "and the others" metric 'omr_nft_link_state{link="isp1",family="ipv6",state="no-carrier"}'
expect 1 "a choice" metric 'omr_nft_group_link{group="default",family="ipv4",link="isp1"}'
expect 1 "a balance" metric 'omr_nft_group_leaves_by{group="bulk",family="ipv4",by="balance"}'
expect 0 "no switch yet" metric 'omr_nft_group_switches_total{group="default",family="ipv4"}'
expect 1 "in sync" metric omr_nft_in_sync
expect 0 "a loss ratio" metric 'omr_nft_probe_loss_ratio{link="isp1",family="ipv4"}'
expect "" "no counter of a rule that is off" metric 'omr_nft_rule_packets_total{rule="off"}'
before=$(metric 'omr_nft_rule_packets_total{rule="all"}')
for _ in 1 2 3; do
	ask_from client udp 203.0.113.9 >/dev/null
done
expect $((before + 3)) "a rule's packets" metric 'omr_nft_rule_packets_total{rule="all"}'
[ "$(metric 'omr_nft_sent_bytes_total{link="isp1"}')" -gt 0 ] && ok "bytes sent" || not_ok "bytes sent"
before=$(metric 'omr_nft_rule_packets_total{rule="all"}')
lab_pull isp1
moved() { [ "$(metric 'omr_nft_group_link{group="default",family="ipv4",link="isp2"}')" = 1 ]; }
lab_wait 10 "a failover" moved && ok "a failover" || not_ok "a failover"
expect 1 "is counted as a switch" metric 'omr_nft_group_switches_total{group="default",family="ipv4"}'
expect 1 "and as a loss" metric 'omr_nft_link_losses_total{link="isp1",family="ipv4"}'
expect 1 "and has a state" metric 'omr_nft_link_state{link="isp1",family="ipv4",state="no-carrier"}'
lab_plug isp1
rss=$(metric process_resident_memory_bytes)
real=$(($(sed -n 's/VmRSS:[[:space:]]*\([0-9]*\) kB/\1/p' /proc/$LAB_DAEMON/status) * 1024))
[ $((rss > real ? rss - real : real - rss)) -lt 8388608 ] && ok "memory: $rss" || not_ok "memory: $rss, the kernel says $real"
age=$(($(date +%s) - $(metric process_start_time_seconds | cut -d . -f 1)))
[ $age -ge 0 ] && [ $age -lt 120 ] && ok "start time" || not_ok "start time: $age seconds ago"

ctl metrics >$LAB_TMP/metrics
ctl metrics --strict >$LAB_TMP/strict
expect "# EOF" "the end" tail -n 1 $LAB_TMP/metrics
if command -v promtool >/dev/null; then
	promtool check metrics <$LAB_TMP/metrics >$LAB_TMP/said 2>&1
	rc=$?
	expect 0 "promtool takes them: $(cat $LAB_TMP/said)" echo $rc
	echo 'omr_nft_bad{link="x} 1' | promtool check metrics >/dev/null 2>&1 && not_ok "promtool refuses nothing" || ok "promtool would refuse"
else
	echo "# no promtool: package prometheus"
fi

# To the letter (OpenMetrics 1.0): as a strict parser sees them.
cat >$LAB_TMP/strict.py <<'END'
import re, sys
strict = sys.argv[2] == "strict"
text = open(sys.argv[1], encoding="utf-8").read()
assert text.endswith("# EOF\n") and text.count("# EOF") == 1 and "\n\n" not in text
families, samples, current = {}, set(), None
for line in text.splitlines()[:-1]:
    if line.startswith("# "):
        _, kind, name, rest = line.split(" ", 3)
        assert kind in ("HELP", "TYPE", "UNIT") and re.fullmatch("[a-zA-Z_:][a-zA-Z0-9_:]*", name), line
        if name != current:
            assert name not in families, f"{name} is not in one piece"
            families[name], current = {}, name
        assert kind not in families[name], line
        families[name][kind] = rest
        if kind == "TYPE":
            assert rest in ("gauge", "counter"), line
            assert (rest == "counter" and not strict) == name.endswith("_total"), line
        if kind == "UNIT":
            assert name.endswith("_" + rest), line
        continue
    m = re.fullmatch(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-z_]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (\S+)', line)
    assert m, line
    name, labels, value = m.groups()
    counter = families[current]["TYPE"] == "counter"
    assert name == (current + "_total" if strict and counter else current), line
    float(value)
    assert not counter or float(value) >= 0, line
    assert (name, labels) not in samples, f"twice: {line}"
    samples.add((name, labels))
assert all({"HELP", "TYPE"} <= set(f) for f in families.values())
print(len(families), "families", len(samples), "samples")
END
for kind in strict metrics; do
	said=$(/usr/bin/python3 $LAB_TMP/strict.py $LAB_TMP/$kind $kind 2>&1) && ok "$kind: $said" || not_ok "$kind: $said"
done
kill -TERM $LAB_DAEMON
wait $LAB_DAEMON
lab_done
