#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# F3 of the original: the next link was the first one that had once been called up: no carrier, no
# probe, no order. Here three links: the second one is dead in each way a link can be dead.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/story.sh"
lab_enter "$@"
lab_up 3
story_start
story carrier dies2 dies1 returns1 returns2
story blackhole dies2 dies1 returns1 returns2
story gateway dies2 dies1 returns1 returns2
# by order, not by who came last
story carrier dies1 dies2 returns2 returns1
story blackhole dies1 dies2 returns2 returns1
# one dies by cable, the other behind it
story carrier dies1
story blackhole dies2
story carrier dies3
story blackhole returns2
story carrier returns1 returns3
# the second has no address, then no gateway
ip -n router addr flush dev w2 scope global
ip -n router -6 route del default dev w2
STORY_DEAD=" 2 "
story carrier dies1
ip -n router addr add 10.2.0.2/24 dev w2
ip -n router addr add fd00:a:2::2/64 dev w2 nodad
story_step "an address and no gateway"
ip -n router route add default via 10.2.0.1 dev w2 metric 2002
STORY_DEAD=" 1  2.6 "
story_step "a gateway for IPv4 only"
ip -n router -6 route add default via fd00:a:2::1 dev w2 metric 2002
STORY_DEAD=" 1 "
story_step "gateways for both"
story carrier returns1
lab_daemon_clean
lab_done
