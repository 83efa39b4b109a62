#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A real BIRD is the judge of a link: BGP with BFD (50 ms, three times) to each provider; a link is
# healthy while the provider's default route is in the kernel. The provider falls silent, its BIRD is
# killed, and both return.
. "$(dirname "$0")/lib.sh"
PATH=$PATH:/usr/sbin
if ! command -v bird >/dev/null; then
	echo "skipped: no bird"
	exit 77
fi
lab_enter "$@"
lab_up 2
PROBE='"type": "route", "prefix4": "0.0.0.0/0", "prefix6": "::/0", "protocol": "bird", "interval": "1s", "fall": 1, "rise": 1'
LAB_LINK_EXTRA_1=", \"probe\": { $PROBE, \"table\": 101 }"
LAB_LINK_EXTRA_2=", \"probe\": { $PROBE, \"table\": 102 }"
lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
TIMERS='hold time 9; keepalive time 3; connect retry time 1; connect delay time 1; error wait time 1,2; bfd on; direct;'
BFD='min rx interval 50 ms; min tx interval 50 ms; idle tx interval 300 ms; multiplier 3;'

declare -A BIRD=()
bird_start() { # NAMESPACE: with $LAB_TMP/bird.NAMESPACE.conf
	lab_start "$1" bird -f -c "$LAB_TMP/bird.$1.conf" -s "$LAB_TMP/bird.$1.ctl" 2>>"$LAB_TMP/bird.$1.log"
	BIRD[$1]=$LAB_PID
}
bird_kill() {
	kill -KILL "${BIRD[$1]}"
	wait "${BIRD[$1]}" 2>/dev/null
}
for n in 1 2; do
	# the answering program stands in for every port of the provider, but not for these
	at isp$n nft insert rule inet answer prerouting udp dport '{ 3784, 3785, 4784 }' accept
	at isp$n nft insert rule inet answer prerouting tcp dport 179 accept
	cat >"$LAB_TMP/bird.isp$n.conf" <<-END
	log stderr all;
	router id 10.$n.0.1;
	protocol device { scan time 1; }
	protocol static four { ipv4; route 0.0.0.0/0 blackhole; }
	protocol static six { ipv6; route ::/0 blackhole; }
	protocol bfd { interface "lan0" { $BFD }; }
	protocol bgp router4 {
		local 10.$n.0.1 as 6510$n; neighbor 10.$n.0.2 as 65001; passive on; $TIMERS
		ipv4 { import none; export where source = RTS_STATIC; next hop self; };
	}
	protocol bgp router6 {
		local fd00:a:$n::1 as 6510$n; neighbor fd00:a:$n::2 as 65001; passive on; $TIMERS
		ipv6 { import none; export where source = RTS_STATIC; next hop self; };
	}
	END
	bird_start isp$n
done
{
	echo "log stderr all; router id 192.168.1.1; protocol device { scan time 1; }"
	echo "protocol bfd { interface \"w*\" { $BFD }; }"
	for n in 1 2; do
		cat <<-END
		ipv4 table four$n;
		ipv6 table six$n;
		protocol kernel kernel4_$n { scan time 10; kernel table 10$n; ipv4 { table four$n; import none; export all; }; }
		protocol kernel kernel6_$n { scan time 10; kernel table 10$n; ipv6 { table six$n; import none; export all; }; }
		protocol bgp isp${n}_4 {
			local 10.$n.0.2 as 65001; neighbor 10.$n.0.1 as 6510$n; $TIMERS
			ipv4 { table four$n; import all; export none; };
		}
		protocol bgp isp${n}_6 {
			local fd00:a:$n::2 as 65001; neighbor fd00:a:$n::1 as 6510$n; $TIMERS
			ipv6 { table six$n; import all; export none; };
		}
		END
	done
} >$LAB_TMP/bird.router.conf
bird_start router
routes() { # N: BIRD has put both defaults there
	at router ip route show table "10$1" 2>/dev/null | grep -q ^default &&
		at router ip -6 route show table "10$1" 2>/dev/null | grep -q ^default
}
lab_wait 30 "BGP with isp1" routes 1 && lab_wait 30 "BGP with isp2" routes 2 || {
	cat $LAB_TMP/bird.*.log >&2
	not_ok "BIRD works in the lab"
	lab_done
}
lab_daemon_start
gone() { lab_blackhole "$1" gateway; }
lab_turns 5 gone lab_heal
expect_silence 200 "BFD 50 ms x 3"

# The peer's BIRD dies, forwarding goes on there; the route is withdrawn all the same.
soon "all is well again" lab_states up isp1 isp2
soon "isp1 is used" lab_leaves_by isp1
bird_kill isp1
soon "the peer is killed: isp1 fails" lab_states probe-failed isp1
soon "new flows leave by isp2" lab_leaves_by isp2
bird_start isp1
lab_wait 20 "isp1 is up again" lab_states up isp1
soon "the peer is back: isp1 is used" lab_leaves_by isp1
# a route of somebody else in that table proves nothing
bird_kill isp1
soon "killed again" lab_states probe-failed isp1
ip -n router route replace default via 10.1.0.1 dev w1 table 101 proto static
ip -n router -6 route replace default via fd00:a:1::1 dev w1 table 101 proto static
sleep 1.5
lab_states probe-failed isp1 && ok "a static route there is not BIRD's" || not_ok "a static route there is not BIRD's"
lab_daemon_clean
lab_done
