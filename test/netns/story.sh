# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Links die and return in some order, and after each event everything is as it should be. For the
# 70_F*.sh tests, after lib.sh and lab_up:
#
#	story_start 2
#	story carrier dies2 dies1 returns2 returns1

# story_start [MORE-POLICY]: as many links as the lab has, probed ten times a second, and the daemon
story_start() {
	LAB_LINK_EXTRA=', "probe": "internet"'
	lab_policy '"probes": { "internet": { "type": "icmp", "hosts4": ["198.51.100.53"], "hosts6": ["2001:db8:53::53"],
			"interval": "100ms", "timeout": "80ms", "fall": 3, "rise": 2 } },
		"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
	lab_daemon_start
	soon "isp1 is used" lab_leaves_by isp1
	STORY_DEAD=
}

story_first() { # FAMILY: the provider that should be used
	local n

	for ((n = 1; n <= LAB_LINKS; n++)); do
		[[ $STORY_DEAD == *" $n "* || $STORY_DEAD == *" $n.$1 "* ]] || {
			echo "isp$n"
			return
		}
	done
	echo tunnel
}
story_leaves() { lab_leaves4_by "$(story_first 4)" && lab_leaves6_by "$(story_first 6)"; }
# No route of a dead link is left in the groups' table, and none is dead.
story_fresh() {
	local n family routes

	for family in 4 6; do
		routes=$(at router ip -$family route show table 991337)
		! grep -qE 'dead|linkdown' <<<"$routes" || return 1
		for ((n = 1; n <= LAB_LINKS; n++)); do
			[[ $STORY_DEAD != *" $n "* && $STORY_DEAD != *" $n.$family "* ]] ||
				! grep -q "dev w$n " <<<"$routes " || return 1
		done
	done
}
story_event() { # KIND dies1|returns1|dies1.6...
	local n=${2#dies} family

	n=${n#returns}
	family=${n#?}
	case $1:$2 in
	carrier:dies*) lab_pull "isp$n" ;;
	carrier:returns*) lab_plug "isp$n" ;;
	gateway:dies*) lab_blackhole "isp${n%.*}" gateway ${family#.} ;;
	blackhole:dies*) lab_blackhole "isp${n%.*}" ${family#.} ;;
	*:returns*) lab_heal "isp${n%.*}" ;;
	esac
	case $2 in
	dies*) STORY_DEAD="$STORY_DEAD $n " ;;
	returns*) STORY_DEAD=${STORY_DEAD//" $n "/} ;;
	esac
}
story_step() { # TEXT
	local text="$1: IPv4 by $(story_first 4), IPv6 by $(story_first 6)"

	lab_wait 10 "$text" story_leaves && lab_wait 10 "$1: no stale route" story_fresh && ok "$text, no stale route" && return
	not_ok "$text"
	at router ip route show table 991337
	at router ip -6 route show table 991337
	lab_ctl status
}
# story KIND EVENT...: KIND is carrier, blackhole (behind the provider's gateway) or gateway (and it too)
story() {
	local kind=$1 told="" event

	shift
	for event; do
		story_event "$kind" "$event"
		told+="${told:+, }$event"
		story_step "$kind: $told"
	done
}
# story_storm KIND EVENT...: one upon the other; what counts is the end
story_storm() {
	local kind=$1 event

	shift
	for event; do
		story_event "$kind" "$event"
	done
	story_step "$kind, at once: $*"
}
