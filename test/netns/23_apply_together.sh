#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two programs apply at once while somebody else changes the ruleset without a pause (dnsmasq adds
# answers to our sets, a firewall changes its own): each apply succeeds, and in the end all stands as
# after a quiet load; what DNS brought meanwhile is all there.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
LAB_LINKS=2
lab_namespace router
for n in 1 2; do
	ip -n router link add w$n type veth peer name p$n
	ip -n router link set p$n up
	ip -n router link set w$n up
done
for size in 2000 9000; do
	awk -v n=$size 'BEGIN { for (i = 0; i < n; i++) printf "20.%d.%d.%d/32\n", i / 16384, i / 64 % 256, i % 64 * 4 }' >$LAB_TMP/list$size.txt
	lab_policy '"rules": [ { "name": "video", "domains": ["video.example"], "via": "isp1" },
		{ "name": "list", "lists": ["list'$size'.txt"], "via": "isp2" } ]'
	mv $LAB_TMP/policy.json $LAB_TMP/policy$size.json
done
generator() { at router "$OMR_BIN/omr-nftgen" "$@" 2>&1; }
listing() { at router nft -s list ruleset | sed 's/\.b\b//; /elements = { 192\.0\.2/,/}/d' | sort; }

at router nft add table inet fw
generator --apply $LAB_TMP/policy9000.json >/dev/null
listing >$LAB_TMP/want
# somebody: a number of changes, until told to stop
somebody() {
	local n=0
	while [ ! -e $LAB_TMP/stop ]; do
		n=$((n + 1))
		at router nft add element inet omr_bypass omr_dns_bypass_video_4 "{ 192.0.2.$((n % 250)) }" 2>>$LAB_TMP/somebody.log ||
			echo "answer $n" >>$LAB_TMP/refused
		at router nft "add counter inet fw c$n; delete counter inet fw c$n"
		echo $n >$LAB_TMP/changes
	done
}
somebody &
somebody=$!
lab_wait 10 "somebody is busy" test -s $LAB_TMP/changes
many() { # WHO: applies both policies in turn
	local size
	for _ in $(seq 8); do
		for size in 2000 9000; do
			generator --apply $LAB_TMP/policy$size.json >$LAB_TMP/log.$1 || cat $LAB_TMP/log.$1 >>$LAB_TMP/failed
		done
	done
}
touch $LAB_TMP/failed
before=$(cat $LAB_TMP/changes)
many a &
a=$!
many b &
b=$!
wait $a $b
touch $LAB_TMP/stop
wait $somebody
echo "   somebody's changes meanwhile: $(($(cat $LAB_TMP/changes) - before))"
expect "" "none of 32 applies failed" cat $LAB_TMP/failed
expect "" "no answer was refused" sh -c "cat $LAB_TMP/refused 2>/dev/null"
answers=$(cat $LAB_TMP/changes)
[ "$answers" -le 250 ] || answers=250
expect "$answers" "answers in the set" sh -c "nsenter --net=/run/netns/router nft list set inet omr_bypass omr_dns_bypass_video_4 | grep -o '192\.0\.2\.' | wc -l"
generator --apply $LAB_TMP/policy9000.json >/dev/null
expect "" "the ruleset is that of a quiet load" diff $LAB_TMP/want <(listing)

# the lock: any user may take its name, but holds up nobody with more rights
hold() { # LEAVE...: a program that has the name until it is killed
	lab_start router "$@" /usr/bin/python3 -c 'import socket, sys, time
s = socket.socket(socket.AF_UNIX)
s.bind("\0omr-nft.apply")
s.listen(9)
print("held", flush=True)
time.sleep(60)' >$LAB_TMP/held
	lab_wait 10 "the lock is held" grep -q held $LAB_TMP/held
}
if hold setpriv --reuid 65534 --clear-groups 2>/dev/null; then
	expect "nothing to do" "a stranger's lock is ignored" timeout 20 nsenter --net=/run/netns/router "$OMR_BIN/omr-nftgen" --apply $LAB_TMP/policy9000.json 2>/dev/null
	lab_stop KILL $LAB_PID
fi
rm -f $LAB_TMP/held
if hold setpriv --reuid 65534 --clear-groups --inh-caps +net_admin --ambient-caps +net_admin 2>/dev/null; then
	timeout 2 nsenter --net=/run/netns/router "$OMR_BIN/omr-nftgen" --apply $LAB_TMP/policy9000.json 2>/dev/null
	expect 124 "one with a user of its own and the right to change rulesets is waited for" echo $?
	lab_stop KILL $LAB_PID
fi
rm -f $LAB_TMP/held
hold env
timeout 2 nsenter --net=/run/netns/router "$OMR_BIN/omr-nftgen" --apply $LAB_TMP/policy9000.json 2>/dev/null
expect 124 "another apply is waited for" echo $?
expect "" "but not by --diff" generator --diff $LAB_TMP/policy9000.json
lab_stop KILL $LAB_PID
expect "nothing to do" "no longer than it lives" generator --apply $LAB_TMP/policy9000.json
lab_done
