# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# For the 60_probe_*.sh tests, after lib.sh: one router, one link, and a far end that answers each
# frame as it is told (far_end.py) or whose kernel answers.
#
#	probe_lab
#	probe_policy '"type": "icmp", "hosts4": ["198.51.100.53"]'
#	probe_far late 150
#	probe_expect 0 4 "answers that come late"

# probe_lab: the router with w1 to namespace far, and main routing that leads elsewhere (`lan0`)
probe_lab() {
	LAB_LINKS=1
	lab_core
	lab_namespace far
	ip -n router link add w1 index 101 address 02:00:00:00:01:02 type veth peer name w1 index 201 netns far
	ip -n far link set w1 address 02:00:00:00:01:01 up
	ip -n router link set w1 up
	ip -n router addr add 10.1.0.2/24 dev w1
	ip -n router addr add fd00:a:1::2/64 dev w1 nodad
	ip -n far addr add 10.1.0.1/24 dev w1
	ip -n far addr add fd00:a:1::1/64 dev w1 nodad
	ip -n far addr add 198.51.100.53/32 dev lo
	ip -n far addr add 2001:db8:53::53/128 dev lo nodad
	ip -n router link add lan0 type veth peer name lan1
	ip -n router link set lan0 up
	ip -n router link set lan1 up
	ip -n router addr add 192.0.2.1/24 dev lan0
	ip -n router addr add fd00:b::1/64 dev lan0 nodad
	ip -n router route add default via 192.0.2.254 dev lan0
	ip -n router -6 route add default via fd00:b::fe dev lan0
	# neighbours are not what is tested here, but by arp and ndp
	ip -n router neigh replace 10.1.0.1 lladdr 02:00:00:00:01:01 dev w1 nud permanent
	ip -n router neigh replace fd00:a:1::1 lladdr 02:00:00:00:01:01 dev w1 nud permanent
	ip -n far neigh replace 10.1.0.2 lladdr 02:00:00:00:01:02 dev w1 nud permanent
	ip -n far neigh replace fd00:a:1::2 lladdr 02:00:00:00:01:02 dev w1 nud permanent
}

# probe_policy PROBE [MORE-OF-THE-LINK]: and the rules and routes it needs
probe_policy() {
	cat >$LAB_TMP/policy.json <<-END
	{ "version": 1,
	  "links": { "isp1": { "device": "w1", "id": 1, "gateway4": "10.1.0.1", "gateway6": "fd00:a:1::1", "probe": { $1 }${2:-} } },
	  "rules": [ { "name": "all", "to": ["203.0.113.0/24"], "via": "isp1" } ] }
	END
	lab_apply
}
PROBE_TIMES='"interval": "100ms", "timeout": "100ms", "suspect_after": false'
PROBE_HOSTS='"hosts4": ["198.51.100.53"], "hosts6": ["2001:db8:53::53"]'

probe_far_start() { # the far end's kernel falls silent, far_end.py speaks
	echo silent >$LAB_TMP/mode
	at far nft 'table netdev mute { chain in { type filter hook ingress device w1 priority 0; drop; }; }'
	lab_start far /usr/bin/python3 "$LAB_DIR/far_end.py" w1 $LAB_TMP/mode
	probe_far good
	probe_policy "\"type\": \"icmp\", $PROBE_TIMES, $PROBE_HOSTS"
	lab_wait 20 "the far end answers" probe_answers
}
probe_answers() { at router "$OMR_TOOLS/probe_once" $LAB_TMP/policy.json isp1 1 | grep -q good; }
# the file is there at each moment
probe_far() { echo "$*" >$LAB_TMP/mode.new && mv $LAB_TMP/mode.new $LAB_TMP/mode; }

probe_rounds() { # ROUNDS: lines "FAMILY good|bad RTT VERDICT" in $LAB_TMP/rounds
	at router "$OMR_TOOLS/probe_once" $LAB_TMP/policy.json isp1 "$1" >$LAB_TMP/rounds 2>$LAB_TMP/rounds.err
}
probe_count() { grep -c "^$1 $2 " $LAB_TMP/rounds; } # FAMILY good|bad
# probe_expect good|bad TEXT [FAMILIES]: of 4 rounds all are bad, or at least 3 good (a machine under load may lose one)
probe_expect() {
	local want=$1 text=$2 family n

	probe_rounds 4
	for family in ${3:-4 6}; do
		n=$(probe_count "$family" good)
		if [ "$want" = good ] && [ "$n" -ge 3 ]; then
			ok "$text, IPv$family: $n of 4 rounds are good"
		elif [ "$want" = bad ] && [ "$(probe_count "$family" bad)" -eq 4 ]; then
			ok "$text, IPv$family: no round is good"
		else
			not_ok "$text, IPv$family: expected $want rounds, $n of 4 are good"
			cat $LAB_TMP/rounds $LAB_TMP/rounds.err
		fi
	done
}
# probe_fast TEXT [FAMILIES]: $LAB_TMP/policy.json has an interval of 20 ms: of 3 seconds' rounds more than 90 % are good
probe_fast() {
	local text=$1 family n

	probe_rounds 150
	for family in ${2:-4 6}; do
		n=$(probe_count "$family" good)
		[ "$n" -gt 135 ] && ok "$text, IPv$family: $n of 150 rounds are good" ||
			not_ok "$text, IPv$family: only $n of 150 rounds are good"
	done
}
PROBE_FAST='"interval": "20ms", "timeout": "20ms", "suspect_after": false'
