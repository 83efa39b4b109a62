#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The daemon is stopped, killed and told to read its policy anew at any moment of its life, reading,
# loading, switching: it ends at once and cleanly, and what stands then is a whole policy, the old one or
# the new, that the kernel carries out by itself.
#	OMR_ROUNDS (24), OMR_SEED
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
ROUNDS=${OMR_ROUNDS:-24}
seed=${OMR_SEED:-$((SRANDOM % 32768))}
RANDOM=$seed
echo "   seed $seed"
prefixes() { awk -v n="$1" -v s="$2" 'BEGIN { for (i = 0; i < n; i++) printf "20.%d.%d.%d/32\n", i / 16384, i / 64 % 256, i % 64 * 4 + s }'; }
for s in 1 2; do
	prefixes 20000 $s >$LAB_TMP/list$s.txt
	lab_policy "\"rules\": [ { \"name\": \"all\", \"to\": [\"203.0.113.0/24\", \"2001:db8:5::/48\"], \"via\": \"default\" },
		{ \"name\": \"list\", \"lists\": [\"list$s.txt\"], \"via\": \"isp$s\" } ]"
	mv $LAB_TMP/policy.json $LAB_TMP/policy$s.json
done
cp $LAB_TMP/policy1.json $LAB_TMP/policy.json

whole() { # either policy is there, and nothing else
	local s

	for s in 1 2; do
		at router "$OMR_BIN/omr-nftgen" --diff $LAB_TMP/policy$s.json >$LAB_TMP/diff$s 2>&1 && return
	done
	cat $LAB_TMP/diff1 $LAB_TMP/diff2
	return 1
}
listens() { (((0x$(awk '/^SigCgt/ { print $2 }' /proc/$LAB_DAEMON/status) & 1) == 1)); } # to SIGHUP
nap() { sleep "0.$(printf %03d $((RANDOM % $1)))"; }

bad_exit=0 slow=0 broken=0 kills=0
for ((i = 0; i < ROUNDS; i++)); do
	lab_daemon
	lab_wait 10 "it has begun" listens
	nap 400
	for ((n = RANDOM % 3; n > 0; n--)); do
		cp $LAB_TMP/policy$((RANDOM % 2 + 1)).json $LAB_TMP/policy.new
		mv $LAB_TMP/policy.new $LAB_TMP/policy.json
		kill -HUP $LAB_DAEMON
		nap 250
	done
	start=${EPOCHREALTIME/./}
	if [ $((RANDOM % 4)) = 0 ]; then
		kills=$((kills + 1))
		lab_stop KILL $LAB_DAEMON
		continue
	fi
	kill -TERM $LAB_DAEMON
	wait $LAB_DAEMON || {
		bad_exit=$((bad_exit + 1))
		tail -n 3 $LAB_TMP/daemon.log
	}
	[ $((${EPOCHREALTIME/./} - start)) -lt 5000000 ] || slow=$((slow + 1))
	# stopped before it had begun after a kill: what stands is what the kill left
	grep -q 'the kernel fails over by itself now' $LAB_TMP/daemon.log || continue
	: >$LAB_TMP/daemon.log
	whole || broken=$((broken + 1))
done
echo "   $ROUNDS lives, $kills ended by kill -9"
expect 0 "ends with another status than 0" echo $bad_exit
expect 0 "ends later than 5 seconds" echo $slow
expect 0 "ends that leave less or more than a policy" echo $broken
cp $LAB_TMP/policy2.json $LAB_TMP/policy.json
lab_daemon_start
soon "then it begins as ever" lab_leaves_by isp1
expect isp2 "with the policy of the file" ask_from client udp 20.0.0.2
lab_daemon_clean
whole && ok "and leaves a whole policy" || not_ok "and leaves a whole policy"
lab_done
