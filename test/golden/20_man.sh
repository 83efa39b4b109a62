#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The manual pages name every option and every key of the language, their
# markup is clean, and the policy they show compiles.
set -u

top=$(realpath "$(dirname "$0")/../..")
nftgen=${OMR_BIN:-$top/build/release/bin}/omr-nftgen
man1=$top/docs/man/omr-nftgen.1
man5=$top/docs/man/omr-nft-policy.5
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

fail() {
	echo "FAIL: $*"
	failed=1
}

options=$("$nftgen" --help | grep -oE -- '--[a-z]+' | sort -u)
[ "$(echo "$options" | wc -l)" -ge 10 ] || fail "--help names too few options: $options"
for option in $options; do
	grep -qE "Fl -${option#--}( |\$)" "$man1" || fail "omr-nftgen.1 does not name $option"
done

nftd=$(dirname "$nftgen")/omr-nftd
for option in $("$nftd" --help | grep -oE -- '--[a-z]+' | sort -u); do
	grep -qE "Fl -${option#--}( |\$)" "$top/docs/man/omr-nftd.8" || fail "omr-nftd.8 does not name $option"
done

keys=$(cat "$top"/lib/model/policy_read*.c | grep -oE 'POLICY_KEY(_REQUIRED)?\("[^"]+"|^[[:space:]]*\{ "[a-z0-9_$]+", [a-z_0-9]+(, true)? \}' |
	grep -oE '"[^"]+"' | tr -d '"' | sort -u)
[ "$(echo "$keys" | wc -l)" -ge 50 ] || fail "too few keys found in the reader: $keys"
for key in $keys; do
	grep -qE "^\.(It )?Cm (.* )?${key/\$/\\\$}( |\$)|[, ]${key}( |\$)" "$man5" ||
		fail "omr-nft-policy.5 does not name \"$key\""
done

sed -n '/^\.Bd -literal/,/^\.Ed/p' "$man5" | sed '1d;$d' >"$tmp/policy.json"
"$nftgen" --emit plan "$tmp/policy.json" >"$tmp/plan" || fail "the policy in omr-nft-policy.5 does not compile"
grep -q '^target fiber.block ' "$tmp/plan" || fail "the policy in omr-nft-policy.5 is not the one meant"

if command -v groff >/dev/null; then
	for page in "$top"/docs/man/*.[1-8]; do
		said=$(groff -mdoc -Tascii -ww "$page" 2>&1 >/dev/null)
		[ -z "$said" ] || fail "$page: $said"
	done
fi
exit $failed
