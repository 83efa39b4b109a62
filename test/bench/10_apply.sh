#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Loading a list of 200,000 prefixes: `omr-nftgen --apply` of the policy, from its text to the
# kernel, against `nft -f` of the script compiled from it, which is sorted: the best case for nft.
# Alternating, each into an empty kernel; medians. Fails when more than 0.4 of the time or 0.25 of the memory of nft is needed.
#	OMR_BENCH_PREFIXES (200000)  OMR_BENCH_ROUNDS (5)
. "$(dirname "$0")/../netns/lib.sh"
lab_enter "$@"
count=${OMR_BENCH_PREFIXES:-200000} rounds=${OMR_BENCH_ROUNDS:-5}
max_time=0.4 max_memory=0.25

lab_namespace router
ip -n router link add w1 type veth peer name w2
for n in 1 2; do
	ip -n router addr add 10.$n.0.2/24 dev w$n
	ip -n router link set w$n up
done
# Sorted, as such lists come, of several lengths, with gaps: nothing merges.
awk -v n="$count" 'BEGIN {
	for (i = 0; i < n; i++) {
		k = i * 3000000000 / n
		a = 16777216 + k - k % 512
		printf "%d.%d.%d.%d/%d\n", a / 16777216, a / 65536 % 256, a / 256 % 256, a % 256, 24 + i % 3 * 4
	}
}' >$LAB_TMP/list.txt
cat >$LAB_TMP/policy.json <<'END'
{
	"version": 1,
	"links": {
		"one": { "device": "w1", "gateway4": "10.1.0.1", "gateway6": "none" },
		"two": { "device": "w2", "gateway4": "10.2.0.1", "gateway6": "none" }
	},
	"groups": { "default": { "links": ["one", "two"] } },
	"rules": [ { "name": "list", "lists": ["list.txt"], "via": "default" } ]
}
END
"$OMR_BIN/omr-nftgen" -o $LAB_TMP/out $LAB_TMP/policy.json || exit 1
at router nft -c -f $LAB_TMP/out/omr.nft 2>$LAB_TMP/err || {
	! grep -q 'Message too long' $LAB_TMP/err || lab_skip "nft may not have a buffer for this here"
	cat $LAB_TMP/err
	exit 1
}
loaded() { # how many elements the kernel has
	at router nft list table inet omr_bypass | grep -o ' : goto rule_list' | wc -l
}
measure() {
	at router /usr/bin/python3 "$LAB_TOP/test/bench/measure.py" "$@"
}
clean() {
	at router "$OMR_BIN/omr-nftgen" --remove >/dev/null || exit 1
	at router nft flush ruleset
}
median() { # FILE COLUMN
	cut -d' ' -f"$2" "$1" | sort -g | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'
}
one_apply() { measure "$OMR_BIN/omr-nftgen" --apply $LAB_TMP/policy.json 2>$LAB_TMP/err; }
one_nft() { measure nft -f $LAB_TMP/out/omr.nft; }

echo "$(wc -l <$LAB_TMP/list.txt) prefixes, $rounds rounds each: wall s, CPU s, peak MiB"
for ((i = 1; i <= rounds; i++)); do
	for how in apply nft; do
		clean
		one_$how | grep -v '^applied' >$LAB_TMP/one || { cat $LAB_TMP/err; exit 1; }
		printf '%-24s %s\n' $how "$(cat $LAB_TMP/one)"
		cat $LAB_TMP/one >>$LAB_TMP/$how
		[ $i -gt 1 ] || expect "$(wc -l <$LAB_TMP/list.txt)" "$how loaded them all" loaded
	done
done
bound() { # WHAT COLUMN MAX
	local ours theirs ratio

	ours=$(median $LAB_TMP/apply "$2") theirs=$(median $LAB_TMP/nft "$2")
	ratio=$(awk -v a="$ours" -v b="$theirs" 'BEGIN { printf "%.3f", a / b }')
	if awk -v r="$ratio" -v m="$3" 'BEGIN { exit !(r <= m) }'; then
		ok "$1: median $ours against $theirs of nft -f, ratio $ratio (at most $3)"
	else
		not_ok "$1: median $ours against $theirs of nft -f, ratio $ratio (at most $3)"
	fi
}
bound "wall seconds" 1 $max_time
bound "peak MiB" 3 $max_memory
lab_done
