#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# arp and ndp probes of the gateway and of named neighbours: what counts as an answer and what does not.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/probe.sh"
lab_enter "$@"
probe_lab
both() { # TYPE MORE
	probe_policy "\"type\": \"$1\", ${3:-$PROBE_TIMES}${2:-}"
}
both arp
probe_expect good "arp: the gateway's kernel answers" 4
both ndp
probe_expect good "ndp: the gateway's kernel answers" 6
both ndp ', "hosts6": ["fe80::ff:fe00:101"]'
probe_expect good "ndp: a link-local neighbour" 6
both arp ', "hosts4": ["10.1.0.77"]'
probe_expect bad "arp: nobody is there" 4
both ndp ', "hosts6": ["fd00:a:1::77"]'
probe_expect bad "ndp: nobody is there" 6

probe_far_start
both arp
for right in good twice; do
	probe_far $right
	probe_expect good "arp: $right" 4
done
for wrong in silent sender target; do
	probe_far $wrong
	probe_expect bad "arp: $wrong" 4
done
both ndp
for right in good twice; do
	probe_far $right
	probe_expect good "ndp: $right" 6
done
for wrong in silent hops target unsolicited checksum; do
	probe_far $wrong
	probe_expect bad "ndp: $wrong" 6
done
probe_far good
both arp "" "$PROBE_FAST"
probe_fast "arp every 20 ms" 4
both ndp "" "$PROBE_FAST"
probe_fast "ndp every 20 ms" 6

# a device without neighbours
ip -n router link del w1
ip -n router tuntap add w1 mode tun
ip -n router addr add 10.1.0.2/24 dev w1
ip -n router link set w1 up
both arp
probe_expect bad "arp: a device that has none" 4
expect 1 "said once" grep -c "isp1 (w1), IPv4: cannot probe: Operation not supported" $LAB_TMP/rounds.err
lab_done
