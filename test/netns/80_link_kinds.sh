#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Links that are no cable: macvlan and bridge above one, a tunnel of a program, a line that
# waits for its authentication (DORMANT). Each loses what is below it and is left at once, and is taken back.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
policy() { # DEVICE of isp1
	cat >$LAB_TMP/policy.json <<-END
	{
		"version": 1,
		"links": { "isp1": { "device": "$1", "id": 1, "masquerade": true, "damping": false },
			"isp2": { "device": "w2", "id": 2, "masquerade": true, "damping": false } },
		"groups": { "default": { "links": ["isp1", "isp2"] } },
		"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]
	}
	END
}
addresses() { # DEVICE: what was w1's is its
	ip -n router addr flush dev w1 scope global
	ip -n router -6 route del default dev w1 2>/dev/null
	ip -n router link set "$1" up
	ip -n router addr add 10.1.0.2/24 dev "$1"
	ip -n router addr add fd00:a:1::2/64 dev "$1" nodad
	ip -n router route replace default via 10.1.0.1 dev "$1" metric 2001
	ip -n router -6 route replace default via fd00:a:1::1 dev "$1" metric 2001
}
try_kind() { # NAME COMMAND...: of `ip link`, making device x1
	local kind=$1

	shift
	if ! ip -n router link add "$@" 2>/dev/null; then
		echo "   $kind: this kernel has none"
		return
	fi
	[ "$kind" != bridge ] || ip -n router link set w1 master x1
	addresses x1
	lab_wait 10 "$kind: isp1 answers" lab_answers isp1 1
	policy x1
	lab_daemon_start
	soon "$kind: both links are up" lab_states up isp1 isp2
	lab_turns 10 lab_pull lab_plug
	expect_silence 50 "$kind: the cable below is pulled" isp1
	lab_daemon_clean
	ip -n router link del x1
}
try_kind macvlan link w1 x1 type macvlan mode bridge
try_kind bridge x1 type bridge forward_delay 0

# A tunnel: no carrier while no program holds it.
addresses w1
ip -n router tuntap add x1 mode tun
ip -n router link set x1 up
cat >$LAB_TMP/hold.py <<'END'
import fcntl, struct, time
tun = open("/dev/net/tun", "r+b", buffering=0)
fcntl.ioctl(tun, 0x400454ca, struct.pack("16sH22x", b"x1", 0x1001))
time.sleep(1000)
END
policy x1
sed -i 's/"device": "x1",/"device": "x1", "gateway4": "none", "gateway6": "none",/' $LAB_TMP/policy.json
ip -n router addr add 10.66.0.2/32 dev x1
ip -n router addr add fd00:66::2/128 dev x1 nodad
lab_daemon_start
soon "tun: not up before a program holds it" lab_states no-carrier isp1
soon "tun: isp2 is used" lab_leaves_by isp2
lab_start router /usr/bin/python3 $LAB_TMP/hold.py
hold=$LAB_PID
soon "tun: held: up" lab_states up isp1
default_is() { [ "$(lab_chosen default 4) $(lab_chosen default 6)" = "$1 $1" ]; }
soon "tun: and chosen, without a gateway" default_is isp1
kill $hold
wait $hold 2>/dev/null
soon "tun: let go: no carrier" lab_states no-carrier isp1
soon "tun: isp2 is used again" lab_leaves_by isp2
lab_daemon_clean
ip -n router link del x1

# A line that waits for its authentication has carrier, and its operstate is DORMANT.
policy w1
lab_daemon_start
soon "dormant: both links are up" lab_states up isp1 isp2
lab_leaves_by isp1 && ok "dormant: isp1 is used" || not_ok "dormant: isp1 is used"
ip -n router link set w1 mode dormant
ip -n router link set w1 state dormant
soon "dormant: seen" lab_states no-carrier isp1
soon "dormant: left" lab_leaves_by isp2
ip -n router link set w1 mode default
ip -n router link set w1 state up
soon "dormant: authenticated: taken back" lab_leaves_by isp1
lab_daemon_clean
lab_done
