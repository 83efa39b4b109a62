#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Nothing is decided by the wall clock, which is stepped: who asks for it is listed here, with what for.
# (libev's ev_timer counts on CLOCK_MONOTONIC; ev_periodic, ev_now() and ev_time() do not.
# test/netns/77_clock_stepped.sh steps the clock under the daemon.)
set -u
# shellcheck source-path=SCRIPTDIR source=lib.sh
. "$(dirname "$0")/lib.sh"

# check_clock ROOT
check_clock() {
	local files
	mapfile -t files < <(product_sources "$1")
	if [ ${#files[@]} -eq 0 ]; then
		echo "$1: no sources found"
		return 1
	fi
	(cd "$1" && awk '
	BEGIN {
		allowed["daemon/control.c"] = "the time that a watcher is shown"
		allowed["daemon/control_io_answer.c"] = "why: rules with a schedule follow the wall clock"
		allowed["daemon/control_io_kernel.c"] = "the metric process_start_time_seconds"
		allowed["daemon/hooks_event.c"] = "the time that a hook is told"
	}
	FNR == 1 { comment = 0 }
	{
		line = $0
		# comments, as our style writes them
		if (comment) {
			if (!sub(/^.*\*\//, "", line)) next
			comment = 0
		}
		gsub(/\/\*[^*]*(\*[^\/*][^*]*)*\*\//, "", line)
		if (sub(/\/\*.*$/, "", line)) comment = 1
		if (FILENAME in allowed) next
		if (line ~ /CLOCK_(REALTIME|TAI)|ev_periodic|(^|[^a-z0-9_])(time|gettimeofday|timespec_get|ftime|ev_now|ev_time) ?\(/) {
			printf "%s:%d: asks for the wall clock\n", FILENAME, FNR
			bad = 1
		}
	}
	END { exit bad }
	' "${files[@]}")
}

self_test() {
	local text i=0

	for text in 'clock_gettime(CLOCK_REALTIME, &ts);' 'x = time(NULL);' 'gettimeofday(&tv, NULL);' \
		'now = ev_now(loop);' 'ev_periodic_start(loop, &w);' 'clock_gettime(CLOCK_REALTIME_COARSE, &t);' \
		'a /* b */ = ev_time();'; do
		i=$((i + 1))
		plant "$scratch/bad$i" daemon/x.c "$text"
		expect_offence "$text" '^daemon/x.c:1: asks for the wall clock' check_clock "$scratch/bad$i" || return 1
	done
	plant "$scratch/good" daemon/x.c 'ev_timer_start(loop, &w); /* not time(NULL) */
/*
 * nor CLOCK_REALTIME
 */
clock_gettime(CLOCK_MONOTONIC, &ts); runtime(3); ev_now_update(loop);'
	plant "$scratch/good" daemon/control.c 'clock_gettime(CLOCK_REALTIME, &ts);'
	expect_clean "a monotonic clock" check_clock "$scratch/good" || return 1
	expect_offence "an empty tree" "no sources" check_clock "$scratch/none"
}

run_check "${1-}" check_clock "$root"
