# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# Flows that last: sockets of the client that ask when told. Sourced after lib.sh.
#
#	talk NAME ADDRESS	begins one (UDP)
#	question NAME		asks once, prints who answered, "none" or "unreachable"
declare -A TALK_FD

talk() {
	local fd

	mkfifo "$LAB_TMP/$1.ask"
	: >"$LAB_TMP/$1.said"
	exec {fd}<>"$LAB_TMP/$1.ask"
	TALK_FD[$1]=$fd
	# not lab_start: what it starts reads nothing
	nsenter --net=/run/netns/client "$OMR_TOOLS/ask" -k -t 3000 udp "$2" <&"$fd" >>"$LAB_TMP/$1.said" &
}

question() {
	local n

	n=$(wc -l <"$LAB_TMP/$1.said")
	echo >&"${TALK_FD[$1]}"
	lab_wait 10 "an answer to $1" talk_answered "$1" "$n" && tail -n 1 "$LAB_TMP/$1.said"
}

talk_answered() { [ "$(wc -l <"$LAB_TMP/$1.said")" -gt "$2" ]; }
