#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# icmp probes: what counts as an answer and what does not, frame by frame; main routing leads
# elsewhere all the while.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/probe.sh"
lab_enter "$@"
probe_lab
probe_policy "\"type\": \"icmp\", $PROBE_TIMES, $PROBE_HOSTS"
probe_expect good "the kernel of the host answers"
probe_policy "\"type\": \"icmp\", $PROBE_FAST, $PROBE_HOSTS"
probe_fast "every 20 ms"
probe_far_start
probe_expect good "answered"
probe_far twice
probe_expect good "each answer comes twice"
probe_far silent
probe_expect bad "not answered"
probe_far late 150
probe_expect bad "each answer comes in the round after"
for wrong in id seq payload source checksum type; do
	probe_far $wrong
	probe_expect bad "forged: another $wrong"
done

# two hosts, of which one or both have to answer
both='"hosts4": ["198.51.100.53", "198.51.100.99"], "hosts6": ["2001:db8:53::53", "2001:db8:53::99"]'
at far nft delete table netdev mute
probe_far silent
probe_policy "\"type\": \"icmp\", $PROBE_TIMES, $both, \"quorum\": 1"
probe_expect good "one of two hosts answers, one is enough"
probe_policy "\"type\": \"icmp\", $PROBE_TIMES, $both, \"quorum\": 2"
probe_expect bad "one of two hosts answers, both have to"

# others' pings do not wake us: the filter is in the kernel
probe_policy "\"type\": \"icmp\", \"interval\": \"500ms\", \"timeout\": \"400ms\", $PROBE_HOSTS"
nsenter --net=/run/netns/router "$OMR_TOOLS/probe_once" $LAB_TMP/policy.json isp1 99 >$LAB_TMP/rounds 2>/dev/null &
probe=$!
lab_wait 10 "the first round" grep -q good $LAB_TMP/rounds
at router ping -q -f -c 3000 -I w1 10.1.0.1 >$LAB_TMP/ping
wakes=$(awk '$1 == "voluntary_ctxt_switches:" { print $2 }' /proc/$probe/status)
expect 3000 "a flood of replies came" sed -n 's/.* \([0-9]*\) received.*/\1/p' $LAB_TMP/ping
[ "${wakes:-9999}" -le 200 ] && ok "and did not wake the prober: $wakes" || not_ok "and woke the prober: $wakes"
lab_stop TERM $probe

# what we cannot do ourselves is said once, and is a round without an answer
at router nft 'table ip refuse { chain output { type filter hook output priority 0; icmp type echo-request drop; }; }'
probe_rounds 4
expect 4 "not permitted: rounds without an answer" probe_count 4 bad
expect 1 "said once" grep -c "isp1 (w1), IPv4: cannot ask: Operation not permitted" $LAB_TMP/rounds.err
expect 4 "IPv6 goes on" probe_count 6 good
at router nft delete table ip refuse

# the device goes while it is asked, and another comes
nsenter --net=/run/netns/router "$OMR_TOOLS/probe_once" $LAB_TMP/policy.json isp1 9999 >$LAB_TMP/rounds 2>$LAB_TMP/rounds.err &
probe=$!
lab_wait 10 "the first round" grep -q good $LAB_TMP/rounds
ip -n router link del w1
lab_wait 10 "bad rounds" grep -q failing $LAB_TMP/rounds && ok "the device is gone: bad rounds" || not_ok "the device is gone: bad rounds"
lab_stop TERM $probe
lab_done
