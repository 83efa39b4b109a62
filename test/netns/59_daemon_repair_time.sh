#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# How long packets go wrong when somebody takes away what is ours, with 1,000 prefixes: new flows, one
# each millisecond, tell by whom they were answered. The bound is 50 ms.
#	OMR_TRIES (3)
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
TRIES=${OMR_TRIES:-3} BOUND_MS=50
lab_up 2
awk 'BEGIN { for (i = 0; i < 1000; i++) printf "20.0.%d.%d/32\n", i / 64, i % 64 * 4 }' >$LAB_TMP/list.txt
lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" },
	{ "name": "list", "lists": ["list.txt"], "via": "isp2" } ]'
lab_daemon_start
expect_both isp1 "it works" client udp

# Each datagram is of a flow of its own; a line for each: MILLISECONDS ANSWERED-BY
nsenter --net=/run/netns/client /usr/bin/python3 - "$(lab_dst 4)" >$LAB_TMP/flows <<'END' &
import select, signal, socket, sys, time

going = True
def end(*_):
    global going
    going = False
signal.signal(signal.SIGTERM, end)
poll, waiting = select.epoll(), {}
start, n = time.monotonic(), 0
while going:
    now = time.monotonic()
    if now - start >= n / 1000:
        n = int((now - start) * 1000) + 1
        s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            # never one that an entry of conntrack still knows
            s.bind(("", 1024 + n % 64000))
            s.sendto(b"x", (sys.argv[1], 53))
        except OSError:
            print(f"{time.time() * 1000:.1f} none", flush=True)
            s.close()
            continue
        poll.register(s, select.EPOLLIN)
        waiting[s.fileno()] = (time.time() * 1000, s)
    for fd, _ in poll.poll(0.0005):
        at, s = waiting.pop(fd)
        try:
            who = s.recv(64).split(b"\0")[0].decode(errors="replace").strip().split()[0]
        except OSError:
            who = "none"
        print(f"{at:.1f} {who}", flush=True)
        s.close()
    for fd in [f for f, (at, _) in waiting.items() if time.time() * 1000 - at > 300]:
        at, s = waiting.pop(fd)
        print(f"{at:.1f} none", flush=True)
        s.close()
END
flows=$!
flowing() { [ -e $LAB_TMP/flows ] && [ "$(wc -l <$LAB_TMP/flows)" -gt 100 ]; }
lab_wait 10 "flows" flowing || not_ok "flows"

take_rules() { # as systemd-networkd does
	at router ip rule flush
	at router ip rule add pref 32766 lookup main
	at router ip rule add pref 32767 lookup default
}
measure() { # TEXT COMMAND...: span of the flows that were not answered by isp1
	local text=$1 i from median min max

	shift
	for ((i = 0; i < TRIES; i++)); do
		sleep 0.8 # another change in between would wait for its turn
		from=$(date +%s%3N)
		"$@"
		sleep 0.7
		awk -v f="$from" '$1 >= f && $2 != "isp1" { if (!first || $1 < first) first = $1; if ($1 > last) last = $1 }
			END { print first ? last - first + 1 : 0 }' $LAB_TMP/flows
		lab_wait 10 "$text: in sync" lab_in_sync
	done >$LAB_TMP/spans
	cut -d. -f1 $LAB_TMP/spans >$LAB_TMP/spans.ms
	read -r median min max _ <<<"$(lab_median <$LAB_TMP/spans.ms)"
	seen=$(grep -vc '^0$' $LAB_TMP/spans.ms)
	text="$text: flows go wrong for $median ms ($min to $max; $seen of $TRIES noticed)"
	lab_at_most "$median" $BOUND_MS && ok "$text" || not_ok "$text"
}
measure "nft flush ruleset" at router nft flush ruleset
[ "$seen" -gt 0 ] || not_ok "flows would not have noticed a flush"
measure "a deleted table" at router nft delete table inet omr_bypass
flush_classifier() { at router nft "flush chain inet omr_bypass classify$(at router nft -t list table inet omr_bypass | grep -o 'chain classify\.b' | cut -c 15-)"; }
measure "a flushed classifier" flush_classifier
[ "$seen" -gt 0 ] || not_ok "flows would not have noticed it"
# the routing tables know the way, too
measure "a flushed map" at router nft flush map inet omr_egress egress
measure "flushed rules" take_rules
[ "$seen" -gt 0 ] || not_ok "flows would not have noticed it"
measure "flushed routes" at router ip route flush table 1
kill $flows
wait $flows
lab_daemon_clean
lab_done
