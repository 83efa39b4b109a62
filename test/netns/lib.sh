# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
# The lab: a client, a router and several providers in network namespaces of
# our own (README.md draws it). Source it, call lab_enter first of all.
#
#	. "$(dirname "$0")/lib.sh"
#	lab_enter "$@"
#	lab_up
#	lab_policy '"rules": [ { "name": "x", "to": ["203.0.113.0/24"], "via": "isp1" } ]'
#	lab_apply
#	expect isp1 "destination prefix" ask_from client udp 203.0.113.9 53
#	lab_done

LAB_SELF=$(realpath "${BASH_SOURCE[1]:-$0}")
LAB_DIR=$(realpath "$(dirname "${BASH_SOURCE[0]}")")
LAB_TOP=$(realpath "$LAB_DIR/../..")
OMR_BUILD=${OMR_BUILD:-$LAB_TOP/build/release}
OMR_BIN=${OMR_BIN:-$OMR_BUILD/bin}
OMR_TOOLS=${OMR_TOOLS:-$OMR_BUILD/test-tools}
export OMR_BUILD OMR_BIN OMR_TOOLS LC_ALL=C.UTF-8
LAB_TMP=/run/lab # on a tmpfs of our own: nothing is left behind
LAB_FAILED=0
LAB_PASSED=0

# Runs the script again in mount, network and PID namespaces of its own: the
# host sees nothing of it, and whatever it started dies with it. Not root: in
# a user namespace; where that is forbidden the test is skipped.
lab_enter() {
	local flags=(-m -n -p -f --kill-child --mount-proc)

	if [ -z "${OMR_LAB:-}" ]; then
		if [ "$(id -u)" -ne 0 ]; then
			flags=(-U -r "${flags[@]}")
			unshare "${flags[@]}" true 2>/dev/null || lab_skip "needs root or user namespaces"
		fi
		OMR_LAB=1 exec unshare "${flags[@]}" -- "$BASH" "$LAB_SELF" "$@"
	fi
	unset OMR_LAB
	mount --make-rprivate /
	mount -t tmpfs tmpfs /run
	mkdir -p /run/netns $LAB_TMP
	trap 'exit 130' INT TERM
	trap lab_leave EXIT
}

# The PID namespace ends with us and takes every process along; what is left is what we did outside.
LAB_AT_EXIT=()
lab_at_exit() { LAB_AT_EXIT+=("$*"); }

lab_leave() {
	local command

	for command in "${LAB_AT_EXIT[@]}"; do
		eval "$command"
	done
}

lab_skip() {
	echo "skipped: $*"
	exit 77
}

# at NAMESPACE COMMAND...: ip netns exec would hide /sys/fs/cgroup and costs twice as much.
at() {
	local ns=$1

	shift
	nsenter --net=/run/netns/"$ns" "$@"
}

# lab_start NAMESPACE COMMAND...: in the background; LAB_PID is the command itself, not a shell around it
lab_start() {
	local ns=$1

	shift
	{ exec nsenter --net=/run/netns/"$ns" "$@"; } &
	LAB_PID=$!
}

lab_stop() { # SIGNAL PID: and waits for its end
	kill "-$1" "$2"
	wait "$2" 2>/dev/null
}

lab_sysctl() { # NAMESPACE KEY VALUE: where this kernel has it
	at "$1" sh -c '[ -w "/proc/sys/$0" ] && echo "$1" >"/proc/sys/$0"; true' "$2" "$3" 2>/dev/null
}

lab_namespace() {
	ip netns add "$1"
	# before any device exists; no duplicate address detection, so addresses are usable at once
	at "$1" sh -c '
		for d in all default; do
			echo 0 >/proc/sys/net/ipv4/conf/$d/rp_filter
			echo 0 >/proc/sys/net/ipv6/conf/$d/accept_dad
			echo 0 >/proc/sys/net/ipv6/conf/$d/accept_ra
			echo 0 >/proc/sys/net/ipv6/conf/$d/dad_transmits
			echo 0 >/proc/sys/net/ipv6/conf/$d/router_solicitations
		done'
	ip -n "$1" link set lo up
}

# lab_lan NAMESPACE N: LAN number N, router side lanN, 192.168.N.0/24 and fd00:c:N::/64
lab_lan() {
	local ns=$1 n=$2

	lab_namespace "$ns"
	ip -n router link add "lan$n" type veth peer name eth0 netns "$ns"
	ip -n "$ns" link set eth0 address "02:00:00:00:0$n:10" up
	ip -n router link set "lan$n" address "02:00:00:00:0$n:01" up
	ip -n router addr add "192.168.$n.1/24" dev "lan$n"
	ip -n router addr add "fd00:c:$n::1/64" dev "lan$n" nodad
	ip -n "$ns" addr add "192.168.$n.10/24" dev eth0
	ip -n "$ns" addr add "192.168.$n.11/24" dev eth0
	ip -n "$ns" addr add "fd00:c:$n::11/64" dev eth0 nodad
	ip -n "$ns" addr add "fd00:c:$n::10/64" dev eth0 nodad
	ip -n "$ns" route add default via "192.168.$n.1"
	ip -n "$ns" -6 route add default via "fd00:c:$n::1"
}

# lab_wan NAMESPACE N DEVICE: provider number N behind the router's DEVICE, 10.N.0.0/24 and
# fd00:a:N::/64; the router is .2, the provider .1. The cable ends in a port of a bridge: pulling
# it takes neither addresses nor routes away from the provider.
lab_wan() {
	local ns=$1 n=$2 device=$3 peer_index

	lab_namespace "$ns"
	# As a NIC has it: ifindex == iflink, so the kernel reports carrier late (linkwatch).
	peer_index=$((100 + n))
	[ -z "${OMR_UNEQUAL_IFINDEX:-}" ] || peer_index=$((200 + n))
	ip -n router link add "$device" index $((100 + n)) type veth \
		peer name cable index "$peer_index" netns "$ns"
	ip -n "$ns" link add lan0 type bridge forward_delay 0 mcast_snooping 0
	ip -n "$ns" link set lan0 up
	ip -n "$ns" link set cable master lan0 up
	ip -n router link set "$device" up
	ip -n "$ns" addr add "10.$n.0.1/24" dev lan0
	ip -n "$ns" addr add "fd00:a:$n::1/64" dev lan0 nodad
	ip -n router addr add "10.$n.0.2/24" dev "$device"
	ip -n router addr add "fd00:a:$n::2/64" dev "$device" nodad
	ip -n "$ns" route add default via "10.$n.0.2"
	ip -n "$ns" -6 route add default via "fd00:a:$n::2"
	lab_sysctl "$ns" net/ipv4/icmp_echo_ignore_all 1
	lab_sysctl "$ns" net/ipv6/icmp/echo_ignore_all 1
	# Every address of the internet is here, on every port: who answers tells the link.
	at "$ns" nft -f - <<-END
	table inet answer {
		chain prerouting {
			type nat hook prerouting priority dstnat
			iifname != "lan0" return
			icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } return
			meta l4proto { tcp, udp } redirect to :7
			icmp type echo-request redirect
			icmpv6 type echo-request redirect
		}
	}
	END
	lab_start "$ns" "$OMR_TOOLS/answer" -f "$LAB_TMP/quality.$ns" "$ns"
}

# lab_core: the router alone
lab_core() {
	[ -x "$OMR_TOOLS/answer" ] || {
		echo "no $OMR_TOOLS/answer: build the target test_tools" >&2
		exit 1
	}
	lab_namespace router
	at router sh -c 'echo 1 >/proc/sys/net/ipv4/ip_forward
		echo 1 >/proc/sys/net/ipv6/conf/all/forwarding'
	lab_sysctl router net/ipv4/icmp_ratelimit 0
	lab_sysctl router net/ipv4/icmp_msgs_per_sec 1000000
	lab_sysctl router net/ipv6/icmp/ratelimit 0
}

# lab_provider NAMESPACE N DEVICE METRIC: lab_wan, and the default routes that DHCP would bring
lab_provider() {
	lab_wan "$1" "$2" "$3"
	ip -n router route add default via "10.$2.0.1" dev "$3" metric "$4"
	ip -n router -6 route add default via "fd00:a:$2::1" dev "$3" metric "$4"
	lab_wait 10 "$1 answers" lab_answers "$1" "$2"
}

# lab_up [LINKS]: the router, two LANs (client, neighbour), LINKS providers (2) and the tunnel,
# which has the main table's best default route; the providers' defaults are there too, so that
# gateways are learnt.
lab_up() {
	local n

	LAB_LINKS=${1:-2}
	lab_core
	lab_lan client 1
	lab_lan neighbour 2
	lab_provider tunnel 9 tun 10
	for ((n = 1; n <= LAB_LINKS; n++)); do
		lab_provider "isp$n" "$n" "w$n" $((2000 + n))
	done
}

lab_answers() { # NAMESPACE N: is its answering program up, for both families?
	[ "$(at router "$OMR_TOOLS/ask" -t 200 udp "10.$2.0.1")" = "$1" ] &&
		[ "$(at router "$OMR_TOOLS/ask" -t 200 udp "fd00:a:$2::1")" = "$1" ]
}

lab_pull() { ip -n "$1" link set cable down; } # ISP: pulls its cable
# Asked for the device, the provider's kernel knows its carrier at once (linkwatch_sync_dev()); else its
# bridge forwards up to a second late, or stops once more.
lab_plug() {
	ip -n "$1" link set cable up
	ip -n "$1" link show dev cable >/dev/null
}

# Silent failures, with the carrier on. lab_blackhole ISP [WHAT...]: nothing comes back from there any
# more; WHAT is 4 or 6 (one family only), `gateway` (its own addresses and neighbour discovery are
# gone too; without it they answer on).
lab_blackhole() {
	local isp=$1 n=${1#isp} family both="4 6" gateway="" what keep4 keep6

	shift
	for what; do
		case $what in
		4 | 6) both=$what ;;
		gateway) gateway=1 ;;
		esac
	done
	keep4="ip daddr 10.$n.0.1 accept"
	keep6="ip6 daddr { fd00:a:$n::1, fe80::/10, ff00::/8 } accept"
	[ -z "$gateway" ] || keep4="" keep6=""
	{
		# what the kernel's own sockets and the bridge would answer is dropped before they see it
		echo "table inet blackhole { chain prerouting { type filter hook prerouting priority -300;"
		for family in $both; do
			[ "$family" = 4 ] && echo "meta nfproto ipv4 jump four" || echo "meta nfproto ipv6 jump six"
		done
		echo "}; chain four { $keep4"
		echo "drop; }; chain six { $keep6"
		echo "drop; }; }"
		[ -z "$gateway" ] || [[ $both != *4* ]] ||
			echo "table arp blackhole { chain input { type filter hook input priority 0; drop; }; }"
	} | sed 's/chain prerouting/chain four { }; chain six { }; &/' | at "$isp" nft -f -
}
# lab_brownout ISP: its carrier is on, and half of what is sent there is lost: of echo requests every
# second one, of all else one half by chance
lab_brownout() {
	at "$1" nft -f - <<-END
	table inet blackhole {
		chain prerouting {
			type filter hook prerouting priority -300
			icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept
			icmp type echo-request numgen inc mod 2 0 drop
			icmpv6 type echo-request numgen inc mod 2 0 drop
			icmp type echo-request accept
			icmpv6 type echo-request accept
			numgen random mod 2 0 drop
		}
	}
	END
}
lab_heal() { # ISP
	at "$1" nft 'add table inet blackhole; delete table inet blackhole'
	at "$1" nft 'add table arp blackhole; delete table arp blackhole'
}
# lab_quality ISP DELAY_MS [JITTER_MS [LOSS_PERCENT]]: of its answers to UDP and ping
lab_quality() { echo "$2 ${3:-0} ${4:-0}" >"$LAB_TMP/quality.$1.new" && mv "$LAB_TMP/quality.$1.new" "$LAB_TMP/quality.$1"; }

# lab_quiet: providers answer nothing any more but neighbour discovery (for floods and `flows`)
lab_quiet() {
	local ns

	for ns in tunnel $(seq -f 'isp%g' "$LAB_LINKS"); do
		at "$ns" nft 'add table inet quiet; add chain inet quiet prerouting { type filter hook prerouting priority -300; };
			add rule inet quiet prerouting icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } accept;
			add rule inet quiet prerouting drop'
	done
}

# lab_wait SECONDS TEXT COMMAND...: until COMMAND succeeds; false (and said) when it never does
lab_wait() {
	local end=$((SECONDS + $1)) text=$2

	shift 2
	until "$@"; do
		if [ $SECONDS -gt "$end" ]; then
			echo "waited in vain: $text" >&2
			return 1
		fi
		sleep 0.02
	done
}

# lab_policy MEMBERS: $LAB_TMP/policy.json with links isp1.. (devices w1..; gateways learnt, no
# probes, masqueraded), group "default" of all in order, and MEMBERS ('"rules": [...]').
# LAB_GROUPS adds groups (', "bulk": {...}'), LAB_DEFAULT members to group "default", LAB_LINK_EXTRA
# members to each link, LAB_LINK_EXTRA_1 to isp1 alone... A cable that is pulled again and again is
# damped (docs/policy.md); that is off unless LAB_DAMPING says otherwise.
lab_policy() {
	local n links="" names="" gateways extra

	for ((n = 1; n <= LAB_LINKS; n++)); do
		gateways=
		[ "${OMR_LAB_LOAD:-}" != text ] || # nobody there to learn them
			gateways=", \"gateway4\": \"10.$n.0.1\", \"gateway6\": \"fd00:a:$n::1\""
		extra=LAB_LINK_EXTRA_$n
		extra="${LAB_LINK_EXTRA:-}${!extra:-}${LAB_DAMPING-, \"damping\": false}"
		links+="${links:+,
		}\"isp$n\": { \"device\": \"w$n\", \"id\": $n, \"masquerade\": ${LAB_MASQUERADE:-true}$gateways$extra }"
		names+="${names:+, }\"isp$n\""
	done
	cat >$LAB_TMP/policy.json <<-END
	{
		"version": 1,
		"links": {
			$links
		},
		"groups": { "default": { "links": [$names]${LAB_DEFAULT:-} }${LAB_GROUPS:-} },
		$1
	}
	END
}

# lab_apply [POLICY]; with OMR_LAB_LOAD=text by the emitted files, nft and ip, without a program of ours
lab_apply() {
	local device

	if [ "${OMR_LAB_LOAD:-}" = text ]; then
		at router ip -4 rule flush protocol 153
		at router ip -6 rule flush protocol 153
		at router ip -4 route flush table all proto 153
		at router ip -6 route flush table all proto 153
		"$OMR_BIN/omr-nftgen" -o $LAB_TMP/emitted "${1:-$LAB_TMP/policy.json}" &&
			at router nft -f $LAB_TMP/emitted/omr.nft &&
			at router ip -4 -batch $LAB_TMP/emitted/omr.ip4 &&
			at router ip -6 -batch $LAB_TMP/emitted/omr.ip6 || exit 1
		for device in $(seq -f 'w%g' "$LAB_LINKS"); do
			lab_sysctl router "net/ipv4/conf/$device/ignore_routes_with_linkdown" 1
			lab_sysctl router "net/ipv6/conf/$device/ignore_routes_with_linkdown" 1
		done
		return
	fi
	if ! at router "$OMR_BIN/omr-nftgen" --apply "${1:-$LAB_TMP/policy.json}" >$LAB_TMP/apply.log 2>&1; then
		echo "omr-nftgen --apply failed:" >&2
		cat $LAB_TMP/apply.log "${1:-$LAB_TMP/policy.json}" >&2
		exit 1
	fi
}

# lab_daemon: starts omr-nftd in the router; its pid is in LAB_DAEMON, its log in $LAB_TMP/daemon.log
lab_daemon() {
	# not at(): its subshell would get the signals
	nsenter --net=/run/netns/router "$OMR_BIN/omr-nftd" --policy "${1:-$LAB_TMP/policy.json}" --socket $LAB_TMP/daemon.sock \
		2>>$LAB_TMP/daemon.log &
	LAB_DAEMON=$!
}

# lab_daemon_ready: waits until it has named links
lab_daemon_ready() {
	lab_wait 10 "the daemon names links" lab_daemon_works || {
		cat $LAB_TMP/daemon.log >&2
		exit 1
	}
}
# lab_daemon_start: starts it and waits until the kernel is as it should be
lab_daemon_start() {
	lab_daemon "$@"
	lab_wait 30 "the daemon is in sync" lab_in_sync || {
		cat $LAB_TMP/daemon.log >&2
		exit 1
	}
}
lab_ctl() { at router "$OMR_BIN/omr-nftctl" --socket $LAB_TMP/daemon.sock "$@"; }
lab_in_sync() { lab_ctl --json status 2>/dev/null | grep -q '"in_sync": *true'; }
# lab_state ISP 4|6: the state of a link as status --json has it. lab_chosen GROUP 4|6: the link that new flows leave by
lab_state() { lab_ctl --json status | /usr/bin/python3 "$LAB_DIR/status.py" state "$@"; }
lab_chosen() { lab_ctl --json status | /usr/bin/python3 "$LAB_DIR/status.py" chosen "$@"; }
lab_states() { # STATE ISP...: all of them, in both families
	local want=$1 isp

	shift
	for isp; do
		[ "$(lab_state "$isp" 4)" = "$want" ] && [ "$(lab_state "$isp" 6)" = "$want" ] || return 1
	done
}
# lab_leaves_by NAME [FROM]: new flows of both families are answered by NAME
lab_leaves_by() {
	[ "$(ask_from "${2:-client}" -t 200 udp "$(lab_dst 4)")" = "$1" ] &&
		[ "$(ask_from "${2:-client}" -t 200 udp "$(lab_dst 6)")" = "$1" ]
}
lab_leaves4_by() { [ "$(ask_from client -t 200 udp "$(lab_dst 4)")" = "$1" ]; }
lab_leaves6_by() { [ "$(ask_from client -t 200 udp "$(lab_dst 6)")" = "$1" ]; }
# soon TEXT COMMAND...: it succeeds within 10 seconds
soon() {
	local text=$1

	shift
	lab_wait 10 "$text" "$@" && ok "$text" || not_ok "$text"
}
# median of the numbers on stdin: "MEDIAN MIN MAX COUNT"
lab_median() { sort -n | awk '{ v[NR] = $1 } END { if (NR) print v[int((NR + 1) / 2)], v[1], v[NR], NR }'; }
lab_at_most() { awk -v a="${1:-999999}" -v b="$2" 'BEGIN { exit !(a <= b) }'; } # NUMBER LIMIT
# lab_pulse RATE [ADDRESS...]: a flow to each (the test address of both families), see test/tools/pulse.c;
# what it says is in $LAB_TMP/pulse. lab_pulse_end [SIGNAL]
lab_pulse() {
	local rate=$1

	shift
	[ $# -gt 0 ] || set -- "$(lab_dst 4)" "$(lab_dst 6)"
	: >$LAB_TMP/pulse
	# not at(): its subshell would get the signal
	nsenter --net=/run/netns/client "$OMR_TOOLS/pulse" -r "$rate" "$@" >$LAB_TMP/pulse &
	LAB_PULSE=$!
	lab_wait 10 "every flow is answered" lab_pulse_answered $#
}
lab_pulse_answered() { [ "$(grep -c ^answer $LAB_TMP/pulse)" -eq "$1" ]; }
lab_pulse_end() {
	kill "$LAB_PULSE"
	wait "$LAB_PULSE"
}
lab_moves() { grep -c "^moved $1 " $LAB_TMP/pulse; } # ADDRESS
lab_lost() { awk '$1 == "total" { n += $3 - $4 } END { print n + 0 }' $LAB_TMP/pulse; } # after lab_pulse_end

# lab_turns COUNT DIES RETURNS: the link that both flows of a pulse are on dies (DIES ISP), they move to the
# other of isp1 and isp2, it returns (RETURNS ISP) and is up again; COUNT times. Then lab_silences
# ADDRESS [ISP]: "MEDIAN MIN MAX COUNT" of the milliseconds without an answer.
lab_turns() {
	local count=$1 dies=$2 returns=$3 on=isp1 other=isp2 i

	soon "both links are up" lab_states up isp1 isp2
	soon "isp1 is used" lab_leaves_by isp1
	lab_pulse 1000
	for ((i = 1; i <= count; i++)); do
		$dies $on
		lab_wait 10 "both flows leave by $other, $i" lab_moved_often "$i" || break
		$returns $on
		lab_wait 20 "$on is up again, $i" lab_states up $on || break
		lab_wait 10 "$on answers again, $i" lab_answers $on "${on#isp}" || break
		on=$other other=$([ $on = isp1 ] && echo isp2 || echo isp1)
	done
	lab_pulse_end
	[ "$i" -gt "$count" ] && ok "$dies: both flows moved, $count times" || not_ok "$dies: only $((i - 1)) of $count times"
}
lab_moved_often() { [ "$(lab_moves "$(lab_dst 4)")" -ge "$1" ] && [ "$(lab_moves "$(lab_dst 6)")" -ge "$1" ]; }
lab_silences() { awk -v a="$1" -v o="${2:-}" '$1 == "moved" && $2 == a && (o == "" || $4 == o) { print $6 }' $LAB_TMP/pulse | lab_median; }
# expect_silence MS TEXT [ISP]: the median of each family is at most that (where ISP died)
expect_silence() {
	local family median min max n

	for family in 4 6; do
		read -r median min max n <<<"$(lab_silences "$(lab_dst $family)" "${3:-}")"
		if lab_at_most "${median:-}" "$1"; then
			ok "$2, IPv$family: median $median ms ($min to $max, $n times)"
		else
			not_ok "$2, IPv$family: median ${median:-none} ms, not at most $1 (${min:-} to ${max:-}, ${n:-0} times)"
		fi
	done
}
# lab_daemon_clean [EXPECTED]: its log has no fault but EXPECTED (a pattern), and it ends cleanly
lab_daemon_clean() {
	local faults

	kill -TERM "$LAB_DAEMON"
	wait "$LAB_DAEMON"
	expect 0 "exit status after SIGTERM" echo $?
	faults=$(grep -E 'runtime error|ERROR:|^error ' $LAB_TMP/daemon.log | grep -vE "${1:-^$}") || return 0
	not_ok "the daemon's log has errors: $faults"
}
lab_daemon_works() { at router nft list map inet omr_egress egress 2>/dev/null | grep -q elements; }

# ask_from NAMESPACE ...: see test/tools/ask.c
ask_from() {
	local ns=$1

	shift
	at "$ns" "$OMR_TOOLS/ask" "$@"
}

# lab_flow FROM PROTO SRC SPORT DST DPORT DSCP ICMPTYPE SRCMAC: one packet of any protocol; prints where it
# came out (test/tools/flows.c). Call lab_quiet first. lab_flows: one such line each on stdin, one answer each.
lab_flow() { lab_flows <<<"$*"; }
lab_flows() {
	local ns places=()

	for ns in tunnel $(seq -f 'isp%g' "$LAB_LINKS"); do
		places+=(-c "$ns:/run/netns/$ns:cable")
	done
	"$OMR_TOOLS/flows" -f "client:/run/netns/client:eth0:02:00:00:00:01:01" \
		-f "neighbour:/run/netns/neighbour:eth0:02:00:00:00:02:01" "${places[@]}"
}

# The address under test of each family; both policies and questions use these documentation prefixes.
lab_dst() { # 4|6 [N]: an address in 203.0.113.0/24 or 2001:db8:5::/48
	[ "$1" = 4 ] && echo "203.0.113.${2:-9}" || echo "2001:db8:5::${2:-9}"
}

ok() {
	LAB_PASSED=$((LAB_PASSED + 1))
	echo "ok: $*"
}

not_ok() {
	LAB_FAILED=$((LAB_FAILED + 1))
	echo "NOT OK: $*"
}

# expect WANT TEXT COMMAND...: COMMAND prints WANT
expect() {
	local want=$1 text=$2 got

	shift 2
	got=$("$@" 2>&1)
	if [ "$got" = "$want" ]; then
		ok "$text: $got"
	else
		not_ok "$text: expected $want, got $got ($*)"
	fi
}

# expect_soon WANT TEXT COMMAND...: COMMAND prints WANT within 10 seconds
expect_soon() {
	local want=$1 text=$2 got end=$((SECONDS + 10))

	shift 2
	while :; do
		got=$("$@" 2>&1)
		[ "$got" != "$want" ] || break
		[ $SECONDS -le $end ] || break
		sleep 0.05
	done
	if [ "$got" = "$want" ]; then
		ok "$text: $got"
	else
		not_ok "$text: expected $want within 10 s, got $got ($*)"
	fi
}

# expect_both WANT TEXT NAMESPACE ARGS-BEFORE-ADDRESS.. -- [PORT]: for the test address of both families
expect_both() {
	local want=$1 text=$2 ns=$3 family
	local -a args=()

	shift 3
	while [ $# -gt 0 ] && [ "$1" != -- ]; do
		args+=("$1")
		shift
	done
	[ $# -eq 0 ] || shift
	for family in 4 6; do
		expect "$want" "$text, IPv$family" ask_from "$ns" "${args[@]}" "$(lab_dst $family)" "$@"
	done
}

# rule_packets RULE: the counter of a policy rule
rule_packets() {
	at router nft list chain inet omr_bypass "rule_$1" |
		sed -n 's/.*counter packets \([0-9]*\) .*/\1/p' | head -n 1
}

lab_done() {
	if [ $LAB_FAILED -ne 0 ]; then
		if [ -n "${OMR_LAB_VERBOSE:-}" ]; then
			{ cat $LAB_TMP/policy.json $LAB_TMP/daemon.log
			at router nft list ruleset
			at router ip rule
			at router ip route show table all; } >&2 2>/dev/null
		fi
		echo "$LAB_PASSED ok, $LAB_FAILED NOT ok"
		exit 1
	fi
	if [ $LAB_PASSED -eq 0 ]; then
		echo "nothing was tested"
		exit 1
	fi
	echo "$LAB_PASSED ok"
	exit 0
}
