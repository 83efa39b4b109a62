#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every example of rulesets/ compiles to exactly the artifacts kept beside it.
# OMR_REGENERATE=1 writes them anew: review the difference before committing it.
set -u

top=$(realpath "$(dirname "$0")/../..")
nftgen=${OMR_BIN:-$top/build/release/bin}/omr-nftgen
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

fail() {
	echo "FAIL: $*"
	failed=1
}

artifacts="omr.nft omr.nft.json omr.ip4 omr.ip6 omr.dnsmasq.conf omr.plan"

check_example() {
	local dir=$1 name out warnings f

	name=$(basename "$dir")
	out=$tmp/$name
	if ! warnings=$("$nftgen" -o "$out" "$dir/policy.json" 2>&1); then
		fail "$name does not compile: $warnings"
		return
	fi
	[ -z "$warnings" ] || fail "$name is no example to follow: $warnings"
	# shellcheck disable=SC2086
	[ "$(cd "$out" && LC_ALL=C ls -A)" = "$(printf '%s\n' $artifacts | LC_ALL=C sort)" ] ||
		fail "$name: other files than expected: $(ls -A "$out")"
	# one name, one object: nft merges what is declared twice
	f=$(awk '/^(chain|set|map) / { print $2 }' "$out/omr.plan" | sort | uniq -d)
	[ -z "$f" ] || fail "$name: declared twice: $f"
	if [ -n "${OMR_REGENERATE:-}" ]; then
		rm -rf "$dir/expect"
		cp -r "$out" "$dir/expect"
		return
	fi
	for f in $artifacts; do
		diff -u "$dir/expect/$f" "$out/$f" >"$tmp/diff" && continue
		head -n 40 "$tmp/diff"
		fail "$name: $f differs (OMR_REGENERATE=1 $0 takes over the new one)"
	done
}

count=0
for dir in "$top"/rulesets/*/; do
	check_example "${dir%/}"
	count=$((count + 1))
done
[ $count -ge 8 ] || fail "only $count examples found"

echo "$count examples"
exit $failed
