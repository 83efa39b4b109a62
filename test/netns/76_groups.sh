#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Groups: failback at once, after a delay, never and by hand; balance by weight, flows stay where
# they are when another member dies or joins; quality: the link with jitter or loss is left, and two
# equal ones do not swap.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 3
PROBES='"probes": { "internet": { "type": "icmp", "hosts4": ["198.51.100.53"], "hosts6": ["2001:db8:53::53"],
	"interval": "150ms", "timeout": "150ms", "fall": 3, "rise": 2, "window": 15 } }'
LAB_LINK_EXTRA=', "probe": "internet"'
LAB_GROUPS=', "delayed": { "links": ["isp1", "isp2"], "failback": "delayed", "failback_delay": "3s" },
	"never": { "links": ["isp1", "isp2"], "failback": "never" },
	"shared": { "mode": "balance", "links": [ { "link": "isp1", "weight": 7 }, { "link": "isp2", "weight": 3 } ] },
	"best": { "mode": "quality", "links": ["isp1", "isp2"], "sla": { "loss_percent": 25, "rtt_ms": 110, "jitter_ms": 25 },
		"better_by_percent": 50, "better_for": "4s" }'
RULES='"rules": [ { "name": "delayed", "to": ["198.18.1.0/24", "2001:db8:a1::/48"], "via": "delayed" },
	{ "name": "never", "to": ["198.18.2.0/24", "2001:db8:a2::/48"], "via": "never" },
	{ "name": "shared", "to": ["198.18.3.0/24", "2001:db8:a3::/48"], "via": "shared" },
	{ "name": "best", "to": ["198.18.4.0/24", "2001:db8:a4::/48"], "via": "best" },
	{ "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
lab_policy "$PROBES, $RULES"
lab_daemon_start
soon "all links are up" lab_states up isp1 isp2 isp3
chosen() { echo "$(lab_chosen "$1" 4) $(lab_chosen "$1" 6)"; }
goes_by() { # N ISP: new flows to 198.18.N.0/24 and 2001:db8:aN::/48
	[ "$(ask_from client -t 400 udp "198.18.$1.9")" = "$2" ] && [ "$(ask_from client -t 400 udp "2001:db8:a$1::9")" = "$2" ]
}

# ---- failback ----
soon "immediate: isp1" lab_leaves_by isp1
soon "delayed: isp1" goes_by 1 isp1
soon "never: isp1" goes_by 2 isp1
lab_blackhole isp1
soon "immediate: isp2" lab_leaves_by isp2
soon "delayed: isp2" goes_by 1 isp2
soon "never: isp2" goes_by 2 isp2
lab_heal isp1
soon "isp1 is back" lab_states up isp1
back=$(date +%s%N)
soon "immediate: isp1 again" lab_leaves_by isp1
goes_by 1 isp2 && ok "delayed: not at once" || not_ok "delayed: not at once"
lab_ctl --json groups | grep -q in_seconds && ok "delayed: and when is told" || not_ok "delayed: and when is told"
soon "delayed: isp1 again" goes_by 1 isp1
took=$((($(date +%s%N) - back) / 1000000))
[ $took -ge 2000 ] && ok "delayed: after $took ms" || not_ok "delayed: after $took ms"
goes_by 2 isp2 && ok "never: not yet" || not_ok "never: not yet"
lab_blackhole isp2
soon "never: but when the present one fails" goes_by 2 isp1
lab_heal isp2
soon "isp2 is back" lab_states up isp2
# delayed means without a break
lab_blackhole isp1
soon "delayed: isp2" goes_by 1 isp2
for i in 1 2 3; do
	lab_heal isp1
	lab_wait 10 "isp1 is up" lab_states up isp1
	sleep 1
	lab_blackhole isp1
	lab_wait 10 "isp1 is dead" lab_states probe-failed isp1
done
expect "isp2 isp2" "delayed: a link that does not last is not taken back" chosen delayed
lab_heal isp1
soon "delayed: in the end" goes_by 1 isp1

# ---- by hand ----
lab_ctl switch default isp3 >/dev/null || not_ok "switch"
soon "by hand: isp3" lab_leaves_by isp3
lab_pull isp2
soon "by hand: sticks" lab_leaves_by isp3
lab_plug isp2
soon "isp2 is back" lab_states up isp2
lab_pull isp3
soon "by hand: but not to a dead link" lab_leaves_by isp1
lab_plug isp3
soon "all links are up" lab_states up isp1 isp2 isp3
lab_ctl switch default auto >/dev/null || not_ok "switch back"
soon "by hand: automatic again" lab_leaves_by isp1
lab_ctl drain isp1 >/dev/null || not_ok "drain"
lab_pulse 100 "$(lab_dst 4 77)" "$(lab_dst 6 77)"
soon "drained: new flows avoid it" lab_leaves_by isp2
lab_ctl undrain isp1 >/dev/null || not_ok "undrain"
soon "undrained" lab_leaves_by isp1
lab_pulse_end

# ---- balance: flows stay ----
soon "all links are up" lab_states up isp1 isp2 isp3
FLOWS=$(seq -f '198.18.3.%g' 1 8; seq -f '2001:db8:a3::%g' 1 8)
lab_pulse 50 $FLOWS
soon "balance: every flow is answered" eval "[ \$(grep -c '^answer ' $LAB_TMP/pulse) -ge 16 ]"
expect_soon "isp1 isp2" "balance: both links are used" eval "sed -n 's/^answer .* //p' $LAB_TMP/pulse | sort -u | xargs"
sed -n 's/^answer \([^ ]*\) [^ ]* /\1 /p' $LAB_TMP/pulse | sort >$LAB_TMP/at_first
on1=$(grep -c isp1 $LAB_TMP/at_first)
lab_blackhole isp1
left() { [ "$(grep '^moved' $LAB_TMP/pulse | grep -c 'isp1 isp2')" -ge "$on1" ]; }
soon "balance: the flows of the dead one move" left
expect "$on1" "balance: those of the other do not" grep -c ^moved $LAB_TMP/pulse
lab_heal isp1
soon "balance: it is back" lab_states up isp1
both() { [ "$(for i in 21 22 23 24 25 26 27 28; do ask_from client -t 200 udp 198.18.3.$i; done | sort -u | xargs)" = "isp1 isp2" ]; }
soon "balance: and takes new flows" both
expect "$on1" "balance: no flow moved when it joined" grep -c ^moved $LAB_TMP/pulse
lab_pulse_end

# ---- quality ----
quality() { # TEXT ISP SECONDS: best is ISP, in both families, within so many
	lab_wait "$3" "$1" eval "[ \"\$(chosen best)\" = '$2 $2' ]" && lab_wait 5 "$1" goes_by 4 "$2" && ok "$1" || not_ok "$1: $(chosen best)"
}
lab_quality isp1 20 2
lab_quality isp2 20 150
quality "quality: jitter: the other one" isp1 20
lab_quality isp2 20 2
sleep 5
expect "isp1 isp1" "quality: no better, so it stays" chosen best
lab_quality isp1 20 150
quality "quality: jitter: left" isp2 20
lab_quality isp1 20 2
sleep 3
lab_quality isp2 20 2 50
quality "quality: loss: left" isp1 20
lab_quality isp2 20 2
lab_quality isp1 80 2 # within the sla, but the other is better by more than half
quality "quality: much better for four seconds" isp2 20
lab_quality isp1 20 2
sleep 3
switches() { lab_ctl --json status | /usr/bin/python3 -c "import json, sys
print(sum(g[f]['switches'] for g in json.load(sys.stdin)['groups'] if g['name'] == 'best' for f in ('ipv4', 'ipv6')))"; }
before=$(switches)
sleep 20
expect "$before" "quality: two equal ones do not swap in 20 s" switches
lab_daemon_clean

# ---- balance: weights, by real flows ----
LAB_GROUPS=${LAB_GROUPS%,*\"best\"*}
RULES='"rules": [ { "name": "shared", "to": ["198.18.3.0/24", "2001:db8:a3::/48"], "via": "shared" },
	{ "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
LAB_LINK_EXTRA= lab_policy "$RULES"
lab_daemon_start
soon "all links are up" lab_states up isp1 isp2 isp3
soon "in use" lab_leaves_by isp1
lab_quiet
N=2000
for ((i = 0; i < N; i++)); do
	if [ $((i % 2)) -eq 0 ]; then
		echo "client 17 192.168.1.10 $((10000 + i)) 198.18.3.$((1 + i % 200)) 53 0 0 -"
	else
		echo "client 17 fd00:c:1::10 $((10000 + i)) 2001:db8:a3::$((1 + i % 200)) 53 0 0 -"
	fi
done >$LAB_TMP/flows.in
lab_flows <$LAB_TMP/flows.in >$LAB_TMP/flows.out
read -r one two other <<<"$(awk '{ n[$NF]++ } END { print n["isp1"] + 0, n["isp2"] + 0, NR - n["isp1"] - n["isp2"] }' $LAB_TMP/flows.out)"
[ "$other" -eq 0 ] && [ "$one" -ge $((N * 65 / 100)) ] && [ "$one" -le $((N * 75 / 100)) ] &&
	ok "balance 7:3 of $N flows: $one, $two" || not_ok "balance 7:3 of $N flows: $one, $two, elsewhere $other"
lab_daemon_clean
lab_done
