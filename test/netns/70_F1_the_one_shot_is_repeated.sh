#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# F1 of the original: it acted once, at the change of a state, and never looked again. Here what was
# done is taken away again, without any link changing, in the very moment of a switch and after it.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/story.sh"
lab_enter "$@"
lab_up 2
story_start

disturb() { # TEXT COMMAND...: in the router
	local text=$1

	shift
	at router "$@" >/dev/null 2>&1
	story_step "$text"
}
by_table() { # the daemonless way works too: rules and routes as well as maps are there
	local family

	for family in 4 6; do
		at router ip -$family rule | grep -q 'lookup 991337' &&
			at router ip -$family route show table 991337 | grep -q "dev w${1#isp} " || return 1
	done
	at router nft list map inet omr_egress egress | grep -q elements
}
for on in isp1 isp2; do
	[ $on = isp1 ] || story carrier dies1
	disturb "$on: table 991337 emptied" sh -c 'ip route flush table 991337; ip -6 route flush table 991337'
	soon "$on: its routes are back" by_table $on
	disturb "$on: our ip rules flushed" sh -c 'ip rule flush protocol 153; ip -6 rule flush protocol 153'
	soon "$on: the rules are back" by_table $on
	disturb "$on: the map emptied" nft flush map inet omr_egress egress
	soon "$on: the map is back" by_table $on
	disturb "$on: the ruleset flushed" nft flush ruleset
	soon "$on: the tables are back" by_table $on
	# the kernel takes the routes by this address away and tells nobody (fib_sync_down_addr)
	disturb "$on: its address taken and given" sh -c "ip addr del 10.${on#isp}.0.2/24 dev w${on#isp}
		ip addr add 10.${on#isp}.0.2/24 dev w${on#isp}
		ip route replace default via 10.${on#isp}.0.1 dev w${on#isp} metric 200${on#isp}"
	soon "$on: the route is back" by_table $on
done
story carrier returns1
# In the moment of the switch: the commit meets tables that are gone.
for i in 1 2 3; do
	at router nft delete table inet omr_egress &
	story_event carrier dies1
	wait $!
	story_step "the table deleted while the cable is pulled, $i"
	at router ip route flush table 991337 &
	story_event carrier returns1
	wait $!
	story_step "the route deleted while it is plugged in, $i"
done
lab_daemon_clean "switch: .*No such file or directory|apply: .*Resource temporarily unavailable"
lab_done
