#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# F5 of the original: whenever the IPv4 route had been moved, the IPv6 one was not; and one status
# was made of both families.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/story.sh"
lab_enter "$@"
lab_up 2
story_start
for kind in carrier blackhole; do
	story $kind dies1 returns1
done
# each family goes its own way
for kind in blackhole gateway; do
	story $kind dies1.6 returns1.6 dies1.4 returns1.4
done
story blackhole dies1.6
story blackhole dies2.4 # IPv4 stays on isp1, IPv6 on isp2
story blackhole returns1.6 returns2.4
story blackhole dies1.4
story carrier dies2 # what is left: IPv6 by isp1
story carrier returns2
story blackhole returns1.4
# live flows as well: a flow of each family, IPv6 alone moves, then both
lab_pulse 200
story blackhole dies1.6
soon "the IPv6 flow moves" grep -q "^moved $(lab_dst 6) .* isp1 isp2 " $LAB_TMP/pulse
expect 0 "and the IPv4 flow does not" grep -c "^moved $(lab_dst 4) " $LAB_TMP/pulse
story blackhole returns1.6
story carrier dies1
soon "the IPv4 flow moves with the cable" grep -q "^moved $(lab_dst 4) .* isp1 isp2 " $LAB_TMP/pulse
expect 1 "and the IPv6 flow stays where it was" grep -c "^moved $(lab_dst 6) " $LAB_TMP/pulse
lab_pulse_end
lab_daemon_clean
lab_done
