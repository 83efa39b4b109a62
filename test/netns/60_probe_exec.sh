#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# exec probes: exit status 0 in time is good; the program is nobody, without capabilities, descriptors
# or an environment of ours, and nothing of it is left. And all types work for a user with
# CAP_NET_ADMIN and CAP_NET_RAW alone.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/probe.sh"
lab_enter "$@"
probe_lab
mkdir -m 1777 $LAB_TMP/out
chmod 755 $LAB_TMP
program() { # as /run/lab/program, lines of sh
	{
		echo '#!/bin/sh'
		cat
	} >$LAB_TMP/program
	chmod 755 $LAB_TMP/program
}
TIMES='"interval": "200ms", "timeout": "200ms"'
probe_policy "\"type\": \"exec\", \"command\": [\"$LAB_TMP/program\", \"a b\", \"\$x\"], $TIMES"
program <<'END'
exec 9>>/run/lab/out/$OMR_FAMILY
grep -E '^(Uid|Gid|Groups|CapEff|CapPrm|CapInh|CapAmb|NoNewPrivs):' /proc/self/status | tr -s '\t ' ' ' >&9
tr '\0' '\n' </proc/$$/environ | sort >&9
for fd in /proc/$$/fd/*; do
	fd=${fd##*/}
	[ $fd = 9 ] || [ $fd = 10 ] || echo "fd $fd $(readlink /proc/$$/fd/$fd)" >&9
done
echo "$#:$1:$2: $(pwd)" >&9
END
probe_rounds 4
for family in 4 6; do
	n=$(probe_count $family good)
	[ "$n" -ge 3 ] && ok "exit status 0, IPv$family: $n of 4" || not_ok "exit status 0, IPv$family: $n of 4"
	[ "$family" = 4 ] && gateway=10.1.0.1 source=10.1.0.2 || gateway=fd00:a:1::1 source=fd00:a:1::2
	told=$(cat $LAB_TMP/out/ipv$family)
	for line in "OMR_LINK=isp1" "OMR_DEVICE=w1" "OMR_FAMILY=ipv$family" "OMR_GATEWAY=$gateway" "OMR_SOURCE=$source" \
		"Uid: 65534 65534 65534 65534" "Gid: 65534 65534 65534 65534" "Groups: " "CapEff: 0000000000000000" \
		"CapPrm: 0000000000000000" "CapInh: 0000000000000000" "CapAmb: 0000000000000000" "NoNewPrivs: 1" \
		"fd 0 /dev/null" "fd 1 /dev/null" "fd 2 /dev/null" "2:a b:\$x: /"; do
		grep -qxF "$line" <<<"$told" && ok "IPv$family: $line" || not_ok "IPv$family: $line is not among $told"
	done
	# a shell adds PWD; its script is a descriptor of its own making
	expect "" "IPv$family: nothing else in the environment" sh -c "grep -E '^[A-Za-z_]+=' $LAB_TMP/out/ipv$family | grep -vE '^(OMR_(LINK|DEVICE|FAMILY|GATEWAY|SOURCE)|PWD)='"
done
program <<<'exit 1'
probe_expect bad "exit status 1"
program <<<'kill -SEGV $$'
probe_expect bad "a signal"
rm $LAB_TMP/program
probe_expect bad "no such program"
cp "$(command -v sleep)" $LAB_TMP/sleeper
program <<END
$LAB_TMP/sleeper 1000 &
$LAB_TMP/sleeper 1000
END
probe_expect bad "it takes too long"
expect_soon 0 "and nothing of it is left" sh -c "pgrep -c -f ^$LAB_TMP/sleeper"
program <<END
$LAB_TMP/sleeper 1000 &
END
probe_rounds 4
expect_soon 0 "nor what it leaves behind" sh -c "pgrep -c -f ^$LAB_TMP/sleeper"

# A service's user: nobody, with two capabilities
cp "$OMR_TOOLS/probe_once" $LAB_TMP/probe_once
chmod 755 $LAB_TMP/probe_once
caps=+net_admin,+net_raw
program <<<'exit 0'
ip -n router route add default via 10.1.0.1 dev w1 metric 5
ip -n router -6 route add default via fd00:a:1::1 dev w1 metric 5
probe_far_start
probe_rounds() {
	at router setpriv --reuid 65534 --regid 65534 --clear-groups --bounding-set "-all,$caps" --inh-caps "-all,$caps" \
		--ambient-caps "-all,$caps" $LAB_TMP/probe_once $LAB_TMP/policy.json isp1 "$1" >$LAB_TMP/rounds 2>$LAB_TMP/rounds.err
}
for kind in "icmp\", $PROBE_HOSTS" "tcp\", \"port\": 443, $PROBE_HOSTS" "dns\", $PROBE_HOSTS" "http\", $PROBE_HOSTS" \
	"exec\", \"command\": [\"$LAB_TMP/program\"]" 'arp"' 'ndp"'; do
	families="4 6"
	[[ $kind != arp* ]] || families=4
	[[ $kind != ndp* ]] || families=6
	probe_policy "\"type\": \"$kind, $PROBE_TIMES"
	probe_expect good "with CAP_NET_ADMIN and CAP_NET_RAW alone: ${kind%%\"*}" "$families"
done
probe_policy '"type": "route", "prefix4": "0.0.0.0/0", "prefix6": "::/0", "interval": "100ms"'
probe_expect good "with CAP_NET_ADMIN and CAP_NET_RAW alone: route"
# and what such a daemon starts has none of them
probe_policy "\"type\": \"exec\", \"command\": [\"$LAB_TMP/program\"], $PROBE_TIMES"
rm -f $LAB_TMP/out/*
program <<<'grep -E "^Cap(Eff|Prm|Amb):" /proc/self/status | tr -s "\t " " " >/run/lab/out/$OMR_FAMILY'
probe_rounds 1
expect "CapPrm: 0000000000000000 CapEff: 0000000000000000 CapAmb: 0000000000000000" "its programs have no capabilities" xargs -a $LAB_TMP/out/ipv4
lab_done
