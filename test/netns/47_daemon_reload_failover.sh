#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# In the middle of a reload with 200,000 prefixes the cable of the link in use is pulled: traffic
# moves at once, long before the load ends. A daemon that is killed in the middle of a load leaves
# nothing behind, and the next one begins as if there had been none.
#	OMR_PREFIXES (200000)
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
PREFIXES=${OMR_PREFIXES:-200000}
SILENCE_MS=50
V4=$(lab_dst 4) V6=$(lab_dst 6)

prefixes() { # COUNT SHIFT
	awk -v n="$1" -v s="$2" 'BEGIN { for (i = 0; i < n; i++) printf "%d.%d.%d.%d/32\n", 20 + i / 4194304, i / 16384 % 256, i / 64 % 256, i % 64 * 4 + s }'
}
for s in 0 1; do
	prefixes $PREFIXES $s >$LAB_TMP/list$s.txt
	lab_policy "\"rules\": [ { \"name\": \"all\", \"to\": [\"203.0.113.0/24\", \"2001:db8:5::/48\"], \"via\": \"default\" },
		{ \"name\": \"list\", \"lists\": [\"list$s.txt\"], \"via\": \"isp2\" } ]"
	mv $LAB_TMP/policy.json $LAB_TMP/big$s.json
done
lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'

moves() { grep -c "^moved $1 " $LAB_TMP/pulse; }
both_moved() { [ "$(moves "$V4")" -ge "$1" ] && [ "$(moves "$V6")" -ge "$1" ]; }
done_reloads() { grep -c ' is in force: .* of the tables' $LAB_TMP/daemon.log; }
reloaded() { [ "$(done_reloads)" -ge "$1" ]; }
# The daemon's second child in a reload is the one that loads; the first one compiled.
child() { cat "/proc/$LAB_DAEMON/task/$LAB_DAEMON/children"; }
loading() {
	local now

	now=$(child)
	[ -n "$now" ] || return 1
	first_child=${first_child:-$now}
	[ "$now" != "$first_child" ]
}
reload() { # FILE: until it is being loaded
	cp "$1" $LAB_TMP/policy.json
	first_child=
	kill -HUP $LAB_DAEMON
	lab_wait 30 "a load" loading
}
maps() { at router nft -t list table inet omr_bypass | grep -c 'map omr_dst_bypass_4'; }
lab_daemon_start
nsenter --net=/run/netns/client "$OMR_TOOLS/pulse" -r 1000 "$V4" "$V6" >$LAB_TMP/pulse &
pulse=$!
answered() { [ "$(grep -c ^answer $LAB_TMP/pulse)" -eq 2 ]; }
lab_wait 10 "both flows are answered" answered || not_ok "both flows are answered"
on=isp1 other=isp2 early=0
for ((i = 1; i <= 5; i++)); do
	reload $LAB_TMP/big$((i % 2)).json || break
	sleep 0.1
	lab_pull $on
	lab_wait 20 "both flows leave by $other" both_moved "$i" || break
	reloaded "$i" || early=$((early + 1))
	lab_wait 60 "reload $i" reloaded "$i" || break
	lab_plug $on
	lab_wait 10 "$on is up" lab_states up $on || break
	lab_wait 10 "$on answers" lab_answers $on "${on#isp}" || break
	on=$other other=$([ $on = isp1 ] && echo isp2 || echo isp1)
done
kill $pulse
wait $pulse
[ "$i" -gt 5 ] && ok "both flows left the dead link during each of 5 loads" || {
	not_ok "load $i of 5"
	cat $LAB_TMP/daemon.log
}
[ $early -ge 4 ] && ok "$early of 5 times before the load ended" || not_ok "$early of 5 times before the load ended"
for address in "$V4" "$V6"; do
	read -r median min max _ <<<"$(awk -v a="$address" '$1 == "moved" && $2 == a { print $6 }' $LAB_TMP/pulse | lab_median)"
	text="silence of the flow to $address: median $median ms ($min to $max)"
	lab_at_most "$median" $SILENCE_MS && ok "$text" || not_ok "$text"
done
grep 'is in force: .* of the tables' $LAB_TMP/daemon.log | sed 's/.*: /   /' | head -n 2

# ---- killed in the middle of a load
reload $LAB_TMP/big0.json || not_ok "a load begins"
sleep 0.1
lab_stop KILL $LAB_DAEMON
tidy() { [ "$(maps)" = 1 ]; }
lab_wait 60 "what was loaded is gone" tidy && ok "killed in the middle of a load: nothing of it is left" ||
	not_ok "killed in the middle of a load: nothing of it is left"
expect_both isp1 "and the policy before it works" client udp
lab_daemon_start
soon "the next daemon has the new policy" eval '[ "$(ask_from client -t 200 udp 20.0.0.4)" = isp2 ]'

# ---- and stopped
reload $LAB_TMP/big1.json || not_ok "a load begins"
sleep 0.1
kill -TERM $LAB_DAEMON
wait $LAB_DAEMON
expect 0 "stopped in the middle of a load: exit status" echo $?
expect 1 "and leaves nothing of it" maps
expect isp2 "and the policy before it works" ask_from client udp 20.0.0.4
at router "$OMR_BIN/omr-nftgen" --diff $LAB_TMP/big0.json >$LAB_TMP/diff 2>&1
expect 0 "nothing is missing of it" echo $?
lab_done
