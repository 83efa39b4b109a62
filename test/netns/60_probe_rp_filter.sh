#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Strict reverse path filtering drops what comes in by a link that main routing does not point to:
# answers to probes too. That is said, with the sysctls to set, and they are enough.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/probe.sh"
lab_enter "$@"
probe_lab
PROBE="\"type\": \"icmp\", $PROBE_TIMES, $PROBE_HOSTS"
warned() { grep -c "link isp1: strict rp_filter drops .*net.ipv4.conf.all.rp_filter and net.ipv4.conf.w1.rp_filter to 2" $LAB_TMP/apply.log; }
for device in all w1; do
	lab_sysctl router net/ipv4/conf/$device/rp_filter 1
	probe_policy "$PROBE"
	expect 1 "strict ($device): warned" warned
	probe_expect bad "strict ($device): no answer passes" 4
	probe_expect good "strict ($device): there is no such filter" 6
	lab_sysctl router net/ipv4/conf/$device/rp_filter 0
done
# a link that main routing points to needs nothing
ip -n router route add default via 10.1.0.1 dev w1 metric 0 table 254 2>/dev/null || ip -n router route replace default via 10.1.0.1 dev w1
lab_sysctl router net/ipv4/conf/w1/rp_filter 1
probe_policy "$PROBE"
probe_expect good "strict, and main's default leads there" 4
ip -n router route replace default via 192.0.2.254 dev lan0
for device in all w1; do
	lab_sysctl router net/ipv4/conf/all/rp_filter 0
	lab_sysctl router net/ipv4/conf/w1/rp_filter 1
	lab_sysctl router net/ipv4/conf/$device/rp_filter 2
	probe_policy "$PROBE"
	expect 0 "loose ($device): not warned" warned
	probe_expect good "loose ($device): answered" 4
done
# neighbours are asked below the filter
lab_sysctl router net/ipv4/conf/all/rp_filter 1
lab_sysctl router net/ipv4/conf/w1/rp_filter 1
probe_policy "\"type\": \"arp\", $PROBE_TIMES"
probe_expect good "strict: arp" 4
lab_done
