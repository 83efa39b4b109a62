#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The back ends against each other: for every example and a policy with every
# match, the nft text, the JSON and the netlink batch (--apply), each loaded into
# a namespace of its own, list as the same ruleset; ip -batch and --apply make
# the same rules and routes. And --diff finds nothing after any of them.
#
# libnftables 1.0.6 drops the comments of tables, chains and sets when it reads
# JSON (docs/decisions/005), so against JSON these lines are left out of both
# listings; and it cannot say the map of balanced groups, which is empty without a
# daemon, nor the rule that looks into it (docs/decisions/012). Comments of rules
# and everything else must be equal.
set -u

self=$(realpath "$0")
top=$(realpath "$(dirname "$0")/../..")
nftgen=${OMR_BIN:-$top/build/release/bin}/omr-nftgen

if [ -z "${OMR_BACKENDS:-}" ]; then
	flags=(-m -n -p -f --kill-child --mount-proc)
	[ "$(id -u)" -eq 0 ] || flags=(-U -r "${flags[@]}")
	if ! unshare "${flags[@]}" true 2>/dev/null; then
		echo "skipped: needs root or user namespaces"
		exit 77
	fi
	OMR_BACKENDS=1 exec unshare "${flags[@]}" -- bash "$self" "$@"
fi
for tool in nft ip; do
	command -v $tool >/dev/null || { echo "skipped: no $tool"; exit 77; }
done

mount --make-rprivate /
mount -t tmpfs tmpfs /run
mkdir -p /run/netns /run/t
# (nsenter, not ip netns exec: that hides the cgroup tree behind a fresh sysfs)
cgroup=
if [ -e /sys/fs/cgroup/cgroup.controllers ]; then
	cgroup=/sys/fs/cgroup
elif mkdir -p /run/cgroup && mount -t cgroup2 none /run/cgroup 2>/dev/null; then
	# nft looks in /sys/fs/cgroup only, where a hybrid machine has something else
	awk '$3 == "cgroup2" && $2 != "/run/cgroup" { print $2 }' /proc/self/mounts |
		xargs -r -n 1 umount -l 2>/dev/null
	mount --move /run/cgroup /sys/fs/cgroup && cgroup=/sys/fs/cgroup
fi
failed=0
compared=0
balanced=0

fail() {
	echo "FAIL: $*"
	failed=1
}

same() { # WHAT A B
	compared=$((compared + 1))
	diff -u "$2" "$3" >/run/t/diff && return
	head -n 60 /run/t/diff
	fail "$1"
}

# Devices of the policy's links, up and with addresses, so that routes can be made.
make_namespace() { # NAME POLICY
	local dev n=0

	ip netns add "$1"
	for dev in $(grep -o '"device": *"[^"]*"' "$2" | cut -d'"' -f4); do
		n=$((n + 1))
		ip -n "$1" link add "$dev" type veth peer name "p$n"
		ip -n "$1" link set "$dev" up
		ip -n "$1" link set "p$n" up
		ip -n "$1" addr add "10.9.$n.2/24" dev "$dev"
		ip -n "$1" addr add "2001:db8:9:$n::2/64" dev "$dev" nodad
		# what a DHCP client or router advertisement leaves: the gateway to learn
		ip -n "$1" route add default via "10.9.$n.1" dev "$dev" metric $((500 + n))
		ip -n "$1" -6 route add default via "fe80::99" dev "$dev" metric $((500 + n))
	done
}

in_ns() {
	local ns=$1

	shift
	nsenter --net="/run/netns/$ns" "$@"
}

# nft 1.0.6 sorts elements of two parts (mark . nf_proto) by the first part alone: sort them
sort_elements() {
	awk '
	/^\t\telements = \{/ { inside = 1; text = "" }
	!inside { print; next }
	{ text = text $0 }
	/\}$/ {
		inside = 0
		sub(/^\t\telements = \{ */, "", text)
		sub(/ *\}$/, "", text)
		n = split(text, e, /,[ \t]*/)
		for (i = 2; i <= n; i++) {
			key = e[i]
			for (k = i - 1; k > 0 && e[k] > key; k--)
				e[k + 1] = e[k]
			e[k + 1] = key
		}
		for (i = 1; i <= n; i++)
			print "\t\t\t" e[i]
	}'
}

# The kernel's own MLD reports carry a mark (skb->mark shares its place with reserved_tailroom) and are counted.
list() {
	in_ns "$1" nft list ruleset | sed 's/counter packets [0-9]* bytes [0-9]*/counter/' | sort_elements
}

# A comment that stands alone on its line belongs to a table, chain or set.
without_object_comments() { grep -vE '^[[:space:]]+comment "' "$1"; }

# Map spread and the one rule that uses it.
without_spread() {
	awk '/^\tmap spread \{/ { skip = 1 } !skip && !/ vmap @spread$/ { print }
		skip && /^$/ { skip = 0 }'
}

routing() { # NAMESPACE FAMILY
	in_ns "$1" ip "-$2" rule show | grep 'proto 153' | sort
	in_ns "$1" ip "-$2" route show table all proto 153 | sed 's/ pref medium//; s/[[:space:]]*$//' |
		sort
}

load_text() {
	make_namespace text "$1"
	in_ns text nft -f "$2/omr.nft" || fail "$name: nft does not load the text"
	# twice: the script replaces its own tables
	in_ns text nft -f "$2/omr.nft" || fail "$name: the text does not load a second time"
	list text >/run/t/text
	[ "$(grep -c '^table' /run/t/text)" = 2 ] || fail "$name: the text loads nothing"
}

load_json() {
	make_namespace json "$1"
	in_ns json nft -j -f "$2/omr.nft.json" || fail "$name: nft does not load the JSON"
	in_ns json nft -j -f "$2/omr.nft.json" || fail "$name: the JSON does not load twice"
	list json >/run/t/json
	without_object_comments /run/t/text | without_spread >/run/t/text.bare
	[ "$(grep -c '^.map spread {' /run/t/text)" = "$(grep -c '@spread' /run/t/text)" ] ||
		fail "$name: map spread serves one rule"
	balanced=$((balanced + $(grep -c 'map spread' /run/t/text)))
	without_object_comments /run/t/json >/run/t/json.bare
	same "$name: JSON lists otherwise than text" /run/t/text.bare /run/t/json.bare
}

load_netlink() {
	local said

	make_namespace netlink "$1"
	in_ns netlink "$nftgen" --apply "$1" >/run/t/said 2>&1 ||
		fail "$name: --apply: $(cat /run/t/said)"
	list netlink >/run/t/netlink
	same "$name: netlink lists otherwise than text" /run/t/text /run/t/netlink
	# idempotent, also where text has loaded the tables
	said=$(in_ns netlink "$nftgen" --diff "$1" 2>/dev/null) || fail "$name: --diff after --apply: $said"
	[ -z "$said" ] || fail "$name: --diff after --apply says: $said"
}

# Only where no gateway is learnt: those are not in the files.
load_ip() {
	local f

	grep -q 'learnt at --apply' "$2/omr.ip4" "$2/omr.ip6" && return
	for f in 4 6; do
		in_ns text ip -$f -batch "$2/omr.ip$f" || fail "$name: ip -$f -batch fails"
		routing text $f >/run/t/ip.batch
		routing netlink $f >/run/t/ip.apply
		[ -s /run/t/ip.batch ] || fail "$name: ip -$f -batch makes nothing"
		same "$name: IPv$f routing of ip -batch and --apply" /run/t/ip.batch /run/t/ip.apply
	done
	# all three are there now: nothing is left for --apply, but the sysctls. (nft reads two
	# neighbouring fields in one load, a MAC and the ethertype behind it: not in the examples.)
	[ "$name" = every-match ] && return
	f=$(in_ns text "$nftgen" --diff "$1" 2>/dev/null | grep -v ignore_routes_with_linkdown)
	[ -z "$f" ] || fail "$name: --diff after nft -f and ip -batch says: $f"
}

compare() { # POLICY
	local policy=$1 out=/run/t/out

	name=$2
	rm -rf $out
	"$nftgen" -o $out "$policy" 2>/run/t/said || {
		fail "$name does not compile: $(cat /run/t/said)"
		return
	}
	load_text "$policy" $out
	if [ -e $out/omr.nft.json ]; then
		load_json "$policy" $out
		ip netns del json
	fi
	load_netlink "$policy"
	load_ip "$policy" $out
	ip netns del text
	ip netns del netlink
}

# nft sends a ruleset as one message, and only root may make a socket buffer as large as it likes
privileged=1
grep -qE '^ *0 +0 +4294967295$' /proc/self/uid_map || privileged=

for policy in "$top"/rulesets/*/policy.json; do
	if [ -z "$privileged" ] && [ "$(basename "$(dirname "$policy")")" = large-list ]; then
		echo "note: large-list is too large for nft -f in a user namespace: not compared here"
		continue
	fi
	compare "$policy" "$(basename "$(dirname "$policy")")"
done
for policy in "$top"/test/golden/policies/*.json; do
	compare "$policy" "$(basename "$policy" .json)"
done

# Control groups: text and netlink only, and only where a group can be made.
if [ -n "$cgroup" ] && mkdir -p "$cgroup/omr-test-$$/inner" 2>/dev/null; then
	cat >/run/t/cgroups.json <<-END
	{ "version": 1, "links": { "one": { "device": "w1", "gateway4": "192.0.2.1", "gateway6": "none" } },
	  "rules": [ { "name": "a", "cgroups": ["omr-test-$$", "omr-test-$$/inner"], "via": "one" } ] }
	END
	compare /run/t/cgroups.json cgroups
	rmdir "$cgroup/omr-test-$$/inner" "$cgroup/omr-test-$$"
else
	echo "note: no cgroup v2 tree to write to: cgroups are not compared here"
fi

[ $balanced -ge 3 ] || fail "only $balanced policies have a balanced group"
[ $compared -ge 20 ] || fail "only $compared comparisons were made"
echo "$compared comparisons"
exit $failed
