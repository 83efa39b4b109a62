#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the compiler says about broken policies, byte for byte: those of test/golden/diag, which
# are no JSON or break a line's display, and all of schemas/invalid. test/golden/diag/NAME.expect
# is stderr. OMR_REGENERATE=1 writes them anew: review the difference before committing it.
set -u

top=$(realpath "$(dirname "$0")/../..")
nftgen=${OMR_BIN:-$top/build/release/bin}/omr-nftgen
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0
count=0

fail() {
	echo "FAIL: $*"
	failed=1
}

cd "$top" || exit 1
if [ ! -x "$nftgen" ]; then
	echo "FAIL: $nftgen is missing"
	exit 1
fi
for policy in test/golden/diag/*.json schemas/invalid/*/*.json; do
	expect=test/golden/diag/$(basename "$policy" .json).expect
	count=$((count + 1))
	"$nftgen" "$policy" >"$tmp/out" 2>"$tmp/err"
	r=$?
	[ $r -eq 3 ] || fail "$policy: exit $r instead of 3"
	[ -s "$tmp/out" ] && fail "$policy: output in spite of faults"
	# what a terminal would obey must not reach it
	LC_ALL=C grep -q $'[\x01-\x08\x0b-\x1f\x7f]' "$tmp/err" &&
		fail "$policy: control characters in the message"
	if [ -n "${OMR_REGENERATE:-}" ] && [ $r -eq 3 ]; then
		cp "$tmp/err" "$expect"
		continue
	fi
	diff -u "$expect" "$tmp/err" >"$tmp/diff" && continue
	head -n 20 "$tmp/diff"
	fail "$policy: another message (OMR_REGENERATE=1 $0 takes over the new one)"
done

doubles=$(for f in test/golden/diag/*.json schemas/invalid/*/*.json; do basename "$f"; done |
	sort | uniq -d)
[ -z "$doubles" ] || fail "two policies of one name: $doubles"
for expect in test/golden/diag/*.expect; do
	name=$(basename "$expect" .expect).json
	[ -f "test/golden/diag/$name" ] || [ -f "schemas/invalid/schema/$name" ] ||
		[ -f "schemas/invalid/semantic/$name" ] || fail "$expect belongs to no policy"
done
[ $count -ge 200 ] || fail "only $count policies found"

echo "$count policies"
exit $failed
