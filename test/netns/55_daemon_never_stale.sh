#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The failure this program was written for: the backup link dies, then the master, then the backup
# comes back; routing kept a route that led nowhere, or none. In every order, at every pace, in both
# families, with the daemon, without it and after it ended: new flows leave by the first link
# that works, and no route that is used is dead. The devices are as NICs (equal ifindex at both
# ends); 57_ asks the same of the others. 70_F*.sh tell the same with probes.
#	OMR_STORIES=all  every order at every pace, two minutes
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
WHO= STEPS=0

works() { ip -n router link show "w$1" | grep -q LOWER_UP; }
first() { # the provider that should be used
	if works 1; then echo isp1; elif works 2; then echo isp2; else echo tunnel; fi
}
leaves_by() { [ "$(ask_from client -t 200 udp "$(lab_dst 4)")" = "$1" ] && [ "$(ask_from client -t 200 udp "$(lab_dst 6)")" = "$1" ]; }
# With a daemon dead routes go; without one they stay and the kernel marks and skips them.
stale() {
	local family

	[ "$WHO" = daemon ] || return 1
	for family in 4 6; do
		at router ip -$family route show table 991337 | grep -E 'dead|linkdown' && return 0
	done
	return 1
}
fresh() { ! stale >/dev/null; }
step() { # TEXT: now everything is as it should be, soon
	local want

	want=$(first)
	STEPS=$((STEPS + 1))
	lab_wait 10 "$WHO, $1: $want" leaves_by "$want" && lab_wait 10 "$WHO, $1: no stale route" fresh && return
	not_ok "$WHO, $1: expected $want"
	stale
}
both_up() {
	lab_plug isp1
	lab_plug isp2
	lab_wait 10 "isp1 answers" lab_answers isp1 1
	lab_wait 10 "isp2 answers" lab_answers isp2 2
	step "both up"
}
story() { # PAUSE ORDER: what comes out in the end counts, or (settled) after each event
	local event

	both_up
	for event in $2; do
		case $event in
		pull*) lab_pull "isp${event#pull}" ;;
		plug*) lab_plug "isp${event#plug}" ;;
		esac
		[ "$1" = settled ] && step "$2 at $event" || sleep "$1"
	done
	step "$2, pause $1"
}
stories() { # WHO PAUSE ORDER...
	local failed=$LAB_FAILED pause=$2 order

	WHO=$1
	STEPS=0
	shift 2
	for order; do
		story "$pause" "$order"
	done
	both_up
	[ $LAB_FAILED -eq "$failed" ] && ok "$WHO, pause $pause: never stale, $STEPS times"
}
all=("pull2 pull1 plug2" "pull1 pull2 plug2" "pull2 pull1 plug1" "pull1 pull2 plug1" "pull2 pull1 plug2 plug1"
	"pull2 pull1 plug2 pull2 plug2" "pull1 plug1 pull1" "pull2 plug2 pull1" "pull2 pull1 plug2 plug1 pull1")
kernel=("pull2 pull1 plug2 plug1") settled=("pull2 pull1 plug2" "pull1 pull2 plug1")
fast=("pull2 pull1 plug2" "pull2 pull1 plug2 pull2 plug2")
[ -z "${OMR_STORIES:-}" ] || kernel=("${all[@]}") settled=("${all[@]}") fast=("${all[@]}")

lab_apply
stories "no daemon" settled "${kernel[@]}"
lab_daemon_start
stories daemon settled "${settled[@]}"
stories daemon 0 "${fast[@]}"
[ -z "${OMR_STORIES:-}" ] || stories daemon 0.1 "${all[@]}"
lab_stop TERM "$LAB_DAEMON"
stories "after the daemon" settled "${kernel[@]}"
lab_done
