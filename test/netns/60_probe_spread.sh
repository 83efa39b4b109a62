#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Rounds of many links with one interval do not fall together, and stay apart; a daemon that was
# stopped for longer than the timeout does not take its own absence for a dead link.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 4
LAB_LINK_EXTRA=', "probe": "internet"'
lab_policy '"probes": { "internet": { "type": "icmp", "hosts4": ["198.51.100.53"], "hosts6": ["2001:db8:53::53"], "interval": "500ms", "timeout": "200ms", "fall": 1, "suspect_after": false } },
	"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
cat >$LAB_TMP/times.py <<'END'
import socket, sys, time
s = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(3))
s.bind(("cable", 3))
n = int(sys.argv[1])
while n:
    data, address = s.recvfrom(2048)
    if address[1] == 0x0800 and address[2] != socket.PACKET_OUTGOING and data[9] == 1 and data[20] == 8:
        print(int(time.monotonic() * 1000) % 500, flush=True)
        n -= 1
END
lab_daemon_start
soon "all links are up" lab_states up isp1 isp2 isp3 isp4
sleep 3
pids=
for n in 1 2 3 4; do
	lab_start isp$n /usr/bin/python3 $LAB_TMP/times.py 8 >$LAB_TMP/times.$n
	pids+=" $LAB_PID"
done
wait $pids
# circular distance of the medians of each two
distance=$(for n in 1 2 3 4; do
	sort -n $LAB_TMP/times.$n | sed -n 4p
done | awk '{ v[NR] = $1 } END { least = 500; for (i in v) for (k in v) if (i < k) { d = v[i] - v[k]; d = d < 0 ? -d : d; d = d > 250 ? 500 - d : d; least = d < least ? d : least } print NR == 4 ? least : -1 }')
[ "$distance" -ge 30 ] && ok "rounds of four links are at least $distance ms of 500 apart" ||
	not_ok "rounds of four links are only $distance ms apart: $(paste $LAB_TMP/times.*)"

losses() { lab_ctl --json status | /usr/bin/python3 -c 'import json, sys; print(sum(l[f]["losses"] for l in json.load(sys.stdin)["links"] for f in ("ipv4", "ipv6")))'; }
before=$(losses)
for pause in 0.3 0.7 1.3; do
	kill -STOP "$LAB_DAEMON"
	sleep $pause
	kill -CONT "$LAB_DAEMON"
	sleep 0.6
done
expect "$before" "stopped and continued: losses" losses
lab_daemon_clean
lab_done
