#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the daemon costs while nothing happens: CPU time over some seconds, and memory, with eight
# links. Fails above 1 % of a core.
#	OMR_BENCH_SECONDS (5)
. "$(dirname "$0")/../netns/lib.sh"
lab_enter "$@"
seconds=${OMR_BENCH_SECONDS:-5} max=1.0

lab_up 8
lab_policy '"rules": [ { "name": "net", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
lab_daemon
lab_daemon_ready
expect_both isp1 "it works" client udp
sleep 1
on_cpu() { cut -d' ' -f1 "/proc/$LAB_DAEMON/schedstat"; } # ns
before=$(on_cpu) start=$EPOCHREALTIME
sleep "$seconds"
after=$(on_cpu) end=$EPOCHREALTIME
share=$(awk -v c=$((after - before)) -v a="$start" -v b="$end" 'BEGIN { printf "%.3f", c / 1e7 / (b - a) }')
memory=$(awk '/VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$LAB_DAEMON/status")
if awk -v s="$share" -v m=$max 'BEGIN { exit !(s <= m) }'; then
	ok "at rest, 8 links: $share % of a core (at most $max), $memory MiB"
else
	not_ok "at rest, 8 links: $share % of a core (at most $max), $memory MiB"
fi
lab_done
