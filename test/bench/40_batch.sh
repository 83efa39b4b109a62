#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a failover computes before it sends: the state the kernel should have, the routes that differ,
# the nft batch (docs/decisions/014). Pure code, no kernel. Fails when a router with 8 links in 4
# groups needs more than 200 us for all three.
set -u

top=$(realpath "$(dirname "$0")/../..")
cost=${OMR_BUILD:-$top/build/release}/test-tools/batch_cost

for size in "2 1" "8 4" "16 16" "64 64"; do
	# shellcheck disable=SC2086
	line=$("$cost" $size) || exit 1
	echo "$line"
	[ "$size" = "8 4" ] || continue
	# shellcheck disable=SC2001
	sum=$(sed 's/.*state \([0-9]*\) us.*differ \([0-9]*\) us.* \([0-9]*\) us$/\1 + \2 + \3/' <<<"$line")
	[ "$((sum))" -le 200 ] || { echo "FAIL: $sum us, not at most 200"; exit 1; }
done
