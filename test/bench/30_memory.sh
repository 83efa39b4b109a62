#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the daemon keeps resident with a million prefixes loaded: at rest, at most, and after a reload.
#	OMR_PREFIXES (1000000)
. "$(dirname "$0")/../netns/lib.sh"
lab_enter "$@"
prefixes=${OMR_PREFIXES:-1000000} max_mib=6

list() { # SHIFT: with gaps, so that none merge
	awk -v n="$prefixes" -v s="$1" 'BEGIN { for (i = 0; i < n; i++)
		printf "%d.%d.%d.%d/32\n", 20 + i / 4194304, i / 16384 % 256, i / 64 % 256, i % 64 * 4 + s }'
}
status() { awk -v k="$1:" '$1 == k { printf "%.1f", $2 / 1024 }' "/proc/$LAB_DAEMON/status"; }
report() { # TEXT
	local rss peak plan

	rss=$(status VmRSS) peak=$(status VmHWM)
	plan=$(for f in "/proc/$LAB_DAEMON/fd/"*; do
		[[ $(readlink "$f") != *memfd* ]] || stat -L -c %b "$f"
	done | awk '{ s += $1 } END { printf "%.0f", s / 2048 }')
	if lab_at_most "$rss" $max_mib; then
		ok "$1: $rss MiB resident (at most $max_mib), $peak at the highest; the plan, not mapped in: $plan MiB"
	else
		not_ok "$1: $rss MiB resident (at most $max_mib), $peak at the highest; the plan, not mapped in: $plan MiB"
	fi
}
reloaded() { grep -q ' is in force: .* of the tables' $LAB_TMP/daemon.log; }

lab_up 8
LAB_LINK_EXTRA=', "probe": "internet"'
list 0 >$LAB_TMP/list.txt
lab_policy '"probes": { "internet": { "type": "icmp", "hosts4": ["198.51.100.53"], "hosts6": ["2001:db8:53::53"], "interval": "1s" } },
	"rules": [ { "name": "net", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" },
		{ "name": "list", "lists": ["list.txt"], "via": "isp2" } ]'
start=$EPOCHREALTIME
lab_daemon_start
echo "   in force after $(awk -v a="$start" -v b="$EPOCHREALTIME" 'BEGIN { printf "%.1f", b - a }') s"
expect isp2 "the list works" ask_from client udp 20.0.0.4
report "at once"
sleep 4
report "at rest, $prefixes prefixes"
list 1 >$LAB_TMP/list.txt
kill -HUP "$LAB_DAEMON"
lab_wait 120 "the reload" reloaded || not_ok "the reload"
expect isp2 "the new list works" ask_from client udp 20.0.0.5
sleep 4
report "after a reload with $prefixes others"
lab_done
