#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon reads its policy anew: under a flood of new flows no packet goes astray; what was learnt
# and counted stays, flows stay; a bad policy is refused, told, and changes nothing; two reloads at
# once end with what the file holds; links come, go and change their numbers.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 3
reloads=${OMR_FLOOD_RELOADS:-6}

# first: isp1 in both policies; second: isp2 in both; moving: isp1 in one, isp2 in the other
count_on() {
	at "$1" nft -f - <<-'END'
	table inet count {
		counter first { }
		counter second { }
		counter moving { }
		chain prerouting {
			type filter hook prerouting priority -310
			ip daddr 203.0.113.0/24 counter name first
			ip6 daddr 2001:db8:5::/48 counter name first
			ip daddr 198.51.100.0/24 counter name second
			ip6 daddr 2001:db8:6::/48 counter name second
			ip daddr 100.64.0.0/16 counter name moving
			ip6 daddr 2001:db8:7::/48 counter name moving
		}
	}
	END
}
packets() { # NAMESPACE COUNTER
	at "$1" nft list counter inet count "$2" | sed -n 's/.*packets \([0-9]*\) .*/\1/p'
}
prefixes() { # COUNT: with gaps, so that nothing merges
	awk -v n="$1" 'BEGIN { for (i = 0; i < n; i++) printf "20.%d.%d.%d/32\n", i / 16384, i / 64 % 256, i % 64 * 4 }'
}
write_policy() { # FILE PREFIXES MOVING-LINK
	prefixes "$2" >$LAB_TMP/list$2.txt
	local first='{ "name": "first", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "isp1" }'
	local second='{ "name": "second", "to": ["198.51.100.0/24", "2001:db8:6::/48"], "via": "later" }'
	local moving='{ "name": "moving", "to": ["100.64.0.0/16", "2001:db8:7::/48"], "via": "'$3'" }'
	local list='{ "name": "list", "lists": ["list'$2'.txt"], "via": "isp1" }'
	local ports='{ "name": "ports", "protocols": ["tcp"], "dports": [25], "via": "isp1" }'
	local names='{ "name": "names", "domains": ["example.test"], "via": "isp2" }'

	if [ "$3" = isp1 ]; then
		LAB_GROUPS=', "later": { "links": ["isp2", "isp1"] }' \
			lab_policy "\"rules\": [ $first, $moving, $list, $ports, $names, $second ]"
	else
		LAB_GROUPS=', "later": { "links": ["isp2", "isp1"] }, "more": { "links": ["isp1"] }' \
			lab_policy "\"rules\": [ $ports, $second, $list, $names, $moving, $first ]"
	fi
	mv $LAB_TMP/policy.json "$1"
}
write_policy $LAB_TMP/small.json 1000 isp1
write_policy $LAB_TMP/large.json 20000 isp2
cp $LAB_TMP/small.json $LAB_TMP/policy.json
reload() { # FILE
	cp "$1" $LAB_TMP/policy.new && mv $LAB_TMP/policy.new $LAB_TMP/policy.json
	lab_ctl reload >$LAB_TMP/ctl.out 2>&1 || {
		not_ok "reload of $1"
		cat $LAB_TMP/ctl.out
	}
}
lab_daemon_start
for n in 1 2 3; do
	ask_from router udp "10.$n.0.1" >/dev/null
	ask_from router udp "fd00:a:$n::1" >/dev/null
done

# ---- what is learnt, counted and under way stays
at router nft add element inet omr_bypass omr_dns_bypass_names_4 '{ 192.0.2.1, 192.0.2.2 }'
learnt() { at router nft list set inet omr_bypass omr_dns_bypass_names_4 | grep -oE '192\.0\.2\.[0-9]+' | sort -u | xargs; }
for ((i = 0; i < 5; i++)); do
	ask_from client udp "$(lab_dst 4)" >/dev/null
done
counted=$(rule_packets first)
[ "$counted" -gt 0 ] && ok "packets are counted: $counted" || not_ok "packets are counted"
# a long flow of each family, by the link that the second policy would choose otherwise
nsenter --net=/run/netns/client "$OMR_TOOLS/pulse" -r 200 100.64.0.9 2001:db8:7::9 >$LAB_TMP/pulse &
pulse=$!
answered() { [ "$(grep -c '^answer.*isp1$' $LAB_TMP/pulse)" -eq 2 ]; }
lab_wait 10 "both flows are answered by isp1" answered || not_ok "both flows are answered by isp1"
reload $LAB_TMP/large.json
expect "192.0.2.1 192.0.2.2" "learnt addresses stay" learnt
[ "$(rule_packets first)" -ge "$counted" ] && ok "counters go on" || not_ok "counters go on: $(rule_packets first) < $counted"
expect isp2 "a new flow follows the new policy" ask_from client udp 100.64.0.9
kill $pulse
wait $pulse
expect "isp1 isp1" "flows that live stay where they are" \
	eval "awk '/^total/ { print \$5 }' $LAB_TMP/pulse | xargs"
expect 0 "without a break" grep -c '^silence\|^moved' $LAB_TMP/pulse
reload $LAB_TMP/small.json
expect "192.0.2.1 192.0.2.2" "and stay" learnt

# ---- the same file again changes nothing
at router nft -j list ruleset | sed -E 's/"(packets|bytes|handle|expires)": [0-9]+//g' | sort >$LAB_TMP/before
reload $LAB_TMP/small.json
at router nft -j list ruleset | sed -E 's/"(packets|bytes|handle|expires)": [0-9]+//g' | sort >$LAB_TMP/after
cmp -s $LAB_TMP/before $LAB_TMP/after && ok "the same policy again changes nothing" || not_ok "the same policy again changes nothing"
expect 0 "and is no repair" grep -c 'repair' $LAB_TMP/daemon.log

# ---- a bad policy
sed 's/"via": "later"/"via": "latter"/' $LAB_TMP/small.json >$LAB_TMP/policy.json
kill -HUP $LAB_DAEMON
refused() { [ "$(grep -c 'refused; the policy before it stays in force' $LAB_TMP/daemon.log)" -ge "$1" ]; }
lab_wait 10 "refused" refused 1 && ok "a bad policy is refused" || not_ok "a bad policy is refused"
grep -q 'policy.json:[0-9]*:[0-9]*: error:.*latter' $LAB_TMP/daemon.log && ok "its fault is told with its place" ||
	not_ok "its fault is told with its place"
expect isp1 "and the old one works" ask_from client udp 100.64.0.9
lab_ctl reload >$LAB_TMP/ctl.out 2>&1
expect 3 "omr-nftctl reload: exit status" echo $?
grep -q 'policy.json:[0-9]*:[0-9]*: error:.*latter' $LAB_TMP/ctl.out && ok "who asks is told the fault" || {
	not_ok "who asks is told the fault"
	cat $LAB_TMP/ctl.out
}
rm $LAB_TMP/policy.json
kill -HUP $LAB_DAEMON
lab_wait 10 "refused" refused 3 && ok "a policy that is gone is refused" || not_ok "a policy that is gone is refused"
lab_pull isp1
soon "and the old one still fails over" eval '[ "$(ask_from client -t 200 udp 100.64.0.9)" != isp1 ]'
lab_plug isp1
soon "and back" eval '[ "$(ask_from client -t 200 udp 100.64.0.9)" = isp1 ]'
cp $LAB_TMP/small.json $LAB_TMP/policy.json
expect 0 "omr-nftctl reload of a good one: exit status" eval "lab_ctl reload >$LAB_TMP/ctl.out 2>&1; echo \$?"

# ---- two at once
cp $LAB_TMP/large.json $LAB_TMP/policy.json
kill -HUP $LAB_DAEMON
sleep 0.02
cp $LAB_TMP/small.json $LAB_TMP/policy.json
kill -HUP $LAB_DAEMON
sleep 0.5
soon "SIGHUP twice: the last one is in force" eval '[ "$(ask_from client -t 200 udp 100.64.0.9)" = isp1 ] && lab_in_sync'
cp $LAB_TMP/large.json $LAB_TMP/policy.json
for ((i = 0; i < 20; i++)); do
	kill -HUP $LAB_DAEMON
done
soon "SIGHUP twenty times" eval '[ "$(ask_from client -t 200 udp 100.64.0.9)" = isp2 ] && lab_in_sync'
reload $LAB_TMP/small.json

# ---- a flood
lab_sysctl router net/netfilter/nf_conntrack_udp_timeout 1
lab_quiet
for ns in tunnel isp1 isp2 isp3; do
	count_on $ns
done
total() {
	local ns c sum=0

	for ns in tunnel isp1 isp2 isp3; do
		for c in first second moving; do
			sum=$((sum + $(packets $ns $c)))
		done
	done
	echo $sum
}
lab_start client "$OMR_TOOLS/flood" eth0 02:00:00:00:01:01 192.168.1.10,fd00:c:1::10 "${OMR_FLOOD_RATE:-0}" 600 \
	203.0.113.0/24 198.51.100.0/24 100.64.0.0/16 2001:db8:5::/48 2001:db8:6::/48 2001:db8:7::/48
flood=$LAB_PID
flowing() { [ "$(total)" -gt 1000 ]; }
lab_wait 20 "the flood arrives" flowing || not_ok "the flood arrives"
for ((i = 0; i < reloads; i++)); do
	reload $LAB_TMP/large.json
	reload $LAB_TMP/small.json
done
sleep 0.2
lab_stop TERM $flood
echo "$((2 * reloads)) reloads, $(total) packets arrived"
[ "$(total)" -gt 20000 ] || not_ok "this was no flood"
expect "0 by main routing, 0 by another link" "packets astray" \
	eval 'echo "$(($(packets tunnel first) + $(packets tunnel second) + $(packets tunnel moving))) by main routing, $(($(packets isp2 first) + $(packets isp3 first) + $(packets isp1 second) + $(packets isp3 second) + $(packets isp3 moving))) by another link"'
[ "$(packets isp1 moving)" -gt 0 ] && [ "$(packets isp2 moving)" -gt 0 ] &&
	ok "the moving destination left by both links, each in its turn" || not_ok "the moving destination did not move"
for ns in tunnel isp1 isp2 isp3; do
	at $ns nft delete table inet quiet
done

# ---- links come, go and change
/usr/bin/python3 - $LAB_TMP/small.json >$LAB_TMP/fewer.json <<'END'
import json, sys
p = json.load(open(sys.argv[1]))
del p["links"]["isp1"]
for g in p["groups"].values():
    g["links"] = [l for l in g["links"] if l != "isp1"]
for r in p["rules"]:
    r["via"] = "isp3" if r["via"] == "isp1" else r["via"]
p["links"]["isp3"]["id"] = 7
json.dump(p, sys.stdout)
END
reload $LAB_TMP/fewer.json
soon "without isp1, isp3 with another number: its flows leave by isp3" lab_leaves_by isp3
expect "" "nothing of isp1 is left" eval "at router nft list ruleset | grep -i isp1; at router ip rule | grep 'lookup 1 '; at router ip route show table 1 2>/dev/null"
expect 0 "ignore_routes_with_linkdown of its device is what it was" at router cat /proc/sys/net/ipv4/conf/w1/ignore_routes_with_linkdown
at router ip route show table 7 | grep -q 'dev w3' && ok "isp3 has its new table" || not_ok "isp3 has its new table"
lab_pull isp2
soon "what is left fails over" eval '[ "$(ask_from client -t 200 udp 198.51.100.9)" = tunnel ]'
lab_plug isp2
soon "and back" eval '[ "$(ask_from client -t 200 udp 198.51.100.9)" = isp2 ]'
reload $LAB_TMP/small.json
soon "with all three again" lab_leaves_by isp1
lab_pull isp1
lab_wait 10 "it is seen" eval '[ "$(lab_state isp1 4)" = no-carrier ]'
reload $LAB_TMP/large.json
expect no-carrier "a reload knows what was down" lab_state isp1 4
expect isp2 "and does not send there" ask_from client udp 100.64.0.9
lab_plug isp1
soon "and follows it" lab_leaves_by isp1
expect "192.0.2.1 192.0.2.2" "learnt addresses are there after all of that" learnt
sed -i '/refused; the policy before it stays in force/d' $LAB_TMP/daemon.log
lab_daemon_clean
lab_done
