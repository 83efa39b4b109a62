#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the daemon costs while nothing happens: eight links in both families, a probe each second on
# each, carrier polled. CPU time (at most 0.3 % of a core; the least of six spans, since interrupts
# of others are booked on whoever runs) and memory.
#	OMR_BENCH_SECONDS (5): of a span
. "$(dirname "$0")/../netns/lib.sh"
lab_enter "$@"
seconds=${OMR_BENCH_SECONDS:-5} max=0.3

# The lab's providers live in the same kernel, and what they do with a probe would be booked on the
# daemon that sent it: a second CPU does that for them.
elsewhere() {
	local ns

	[ "$(nproc)" -ge 2 ] || return
	taskset -p 1 "$LAB_DAEMON" >/dev/null
	for ns in tunnel $(seq -f 'isp%g' "$LAB_LINKS"); do
		at "$ns" unshare -m sh -c 'mount -t sysfs sysfs /sys && echo 2 >/sys/class/net/cable/queues/rx-0/rps_cpus' ||
			echo "   (no receive steering here: the providers' work is counted, too)"
	done
}
on_cpu() { cut -d' ' -f1 "/proc/$LAB_DAEMON/schedstat"; } # ns
measure() { # TEXT
	local before after start end share memory all=()

	for _ in 1 2 3 4 5 6; do
		before=$(on_cpu) start=$EPOCHREALTIME
		sleep "$seconds"
		after=$(on_cpu) end=$EPOCHREALTIME
		all+=("$(awk -v c=$((after - before)) -v a="$start" -v b="$end" 'BEGIN { printf "%.3f", c / 1e7 / (b - a) }')")
	done
	share=$(printf '%s\n' "${all[@]}" | sort -n | head -n 1)
	memory=$(awk '/VmRSS/ { printf "%.1f", $2 / 1024 }' "/proc/$LAB_DAEMON/status")
	if lab_at_most "$share" $max; then
		ok "$1: $share % of a core (at most $max; ${all[*]}), $memory MiB"
	else
		not_ok "$1: $share % of a core (at most $max; ${all[*]}), $memory MiB"
	fi
}

lab_up 8
rules='"rules": [ { "name": "net", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
lab_policy "$rules"
lab_daemon_start
elsewhere
expect_both isp1 "it works" client udp
sleep 3
measure "at rest, 8 links, no probes"
lab_stop TERM "$LAB_DAEMON"

LAB_LINK_EXTRA=', "probe": "internet"'
lab_policy '"probes": { "internet": { "type": "icmp", "hosts4": ["198.51.100.53"], "hosts6": ["2001:db8:53::53"], "interval": "1s" } }, '"$rules"
lab_daemon_start
elsewhere
expect_both isp1 "it works with probes" client udp
sleep 8
lab_states up isp1 isp2 isp3 isp4 isp5 isp6 isp7 isp8 || not_ok "all links are up"
measure "at rest, 8 links, a probe a second in each family"
lab_done
