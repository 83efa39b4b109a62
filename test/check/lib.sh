# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Shared by the checks. A check prints every offender as "FILE:LINE: what" and fails on any.
# It first proves on a planted offender that it can fail.

# shellcheck disable=SC2034 # the checks use it
root=${OMR_ROOT:-$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

# The C sources of the product, of the tree in $1, as paths below it.
product_sources() {
	(cd "$1" && find lib generator daemon -type f \( -name '*.c' -o -name '*.h' \) \
		2>/dev/null | LC_ALL=C sort)
}

# Writes $3 (default: a line of code) to file $2 of the planted tree $1.
plant() {
	mkdir -p "$(dirname "$1/$2")"
	printf '%s\n' "${3-int unused;}" >"$1/$2"
}

# expect_offence WHAT PATTERN COMMAND...: COMMAND must fail and name the offender.
expect_offence() {
	local what=$1 pattern=$2 out
	shift 2
	if out=$("$@" 2>&1); then
		echo "self-test: $what was not noticed"
		return 1
	fi
	if ! grep -qE -- "$pattern" <<<"$out"; then
		echo "self-test: $what was noticed, but not named ($pattern):"
		echo "$out"
		return 1
	fi
}

# expect_clean WHAT COMMAND...: COMMAND must pass.
expect_clean() {
	local what=$1 out
	shift
	if ! out=$("$@" 2>&1); then
		echo "self-test: $what was refused:"
		echo "$out"
		return 1
	fi
}

# Runs self_test, then the check unless only the self-test was asked for.
run_check() {
	local option=$1
	shift
	self_test || exit 1
	[ "$option" = --selftest ] && exit 0
	"$@"
}
