#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# omr-nftgen as a command: exit codes, what goes to which stream, nothing
# half-written, the same bytes whatever the surroundings.
set -u

# whatever goes wrong here: not on this machine's own network
if [ "$(id -u)" -eq 0 ] && [ -z "${OMR_CLI:-}" ]; then
	OMR_CLI=1 exec unshare -n -- bash "$0" "$@"
fi

top=$(realpath "$(dirname "$0")/../..")
nftgen=${OMR_BIN:-$top/build/release/bin}/omr-nftgen
example=$top/rulesets/openmptcprouter/policy.json
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0
passed=0

fail() {
	echo "FAIL: $*"
	failed=1
}

# run WANTED-EXIT-CODE ARGUMENT...: leaves $tmp/out and $tmp/err
run() {
	local want=$1 got

	shift
	"$nftgen" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	passed=$((passed + 1))
	[ $got -eq "$want" ] || {
		fail "omr-nftgen $*: exit $got, not $want"
		head -n 5 "$tmp/err"
	}
}
# The same without privileges: as we are, or as nobody where we are root.
nobody=(--reuid 65534 --regid 65534 --clear-groups)
can_drop() {
	[ "$(id -u)" -ne 0 ] && return
	setpriv "${nobody[@]}" test -x "$nftgen" -a -r "$example" 2>/dev/null
}
unprivileged() {
	local want=$1 got

	shift
	if [ "$(id -u)" -ne 0 ]; then
		run "$want" "$@"
		return
	fi
	setpriv "${nobody[@]}" "$nftgen" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	passed=$((passed + 1))
	[ $got -eq "$want" ] || {
		fail "omr-nftgen $* without privileges: exit $got, not $want"
		head -n 5 "$tmp/err"
	}
}
silent() { [ ! -s "$tmp/out" ] || fail "$1: standard output is not empty: $(head -c 200 "$tmp/out")"; }
quiet() { [ ! -s "$tmp/err" ] || fail "$1: standard error is not empty: $(head -c 200 "$tmp/err")"; }
says() { grep -qF -e "$1" "$tmp/err" || fail "no '$1' on standard error: $(head -c 300 "$tmp/err")"; }
prints() { grep -qF -e "$1" "$tmp/out" || fail "no '$1' on standard output"; }

# ---- good commands ----
run 0 --version
prints "omr-nftgen "
quiet --version
run 0 --help
prints "Usage: omr-nftgen"
for option in emit output check apply diff remove verbose color version help; do
	prints "--$option"
done
run 0 "$example"
prints "table inet omr_bypass {"
quiet "a good policy"
cp "$tmp/out" "$tmp/nft"
run 0 --emit nft "$example"
cmp -s "$tmp/out" "$tmp/nft" || fail "--emit nft is not the default"
run 0 --emit=json "$example"
prints '{"nftables":['
run 0 --emit ip "$example"
prints "# ---- ip -4 -batch ----"
prints "# ---- ip -6 -batch ----"
run 0 --emit dnsmasq "$example"
prints "nftset=/bank.example/4#inet#omr_bypass#omr_dns_bypass_bank_4,6#inet#omr_bypass#"
run 0 --emit plan "$example"
prints "link fiber device eth1"

# ---- wrong usage: 2, a reason, nothing printed ----
usage() {
	local reason=$1

	shift
	run 2 "$@"
	silent "$*"
	says "$reason"
	says "usage: omr-nftgen"
}
usage "no POLICY given"
usage "no POLICY given" --check
usage "one POLICY only" a.json b.json
usage "unknown option --chekc; did you mean --check?" --chekc "$example"
usage "unknown option --frobnicate" --frobnicate "$example"
usage "unknown option -x" -x "$example"
usage "--check takes no value" --check=yes "$example"
usage "--output needs a value" "$example" -o
usage "--emit needs a value" "$example" --emit
usage 'not "jsn"; did you mean "json"?' --emit jsn "$example"
usage 'not "maybe"' --color maybe "$example"
usage "--apply and --diff exclude each other" --apply --diff "$example"
usage "--check and --output exclude each other" --check -o "$tmp/x" "$example"
usage "--emit and --output exclude each other" --emit nft -o "$tmp/x" "$example"
usage "--remove takes no POLICY" --remove "$example"
[ ! -e "$tmp/x" ] || fail "wrong usage made a directory"

# ---- faults in the policy: 3, all of them, nothing printed or written ----
cat >"$tmp/bad.json" <<'END'
{
  "version": 1,
  "links": { "fiber": { "device": "eth1" } },
  "rules": [ { "to": ["192.0.2.1/24"], "via": "fibre" } ]
}
END
for how in "--emit nft" "--emit json" "--emit ip" "--emit dnsmasq" "--emit plan" "--check" \
	"--apply" "--diff" "-o $tmp/never"; do
	# shellcheck disable=SC2086
	run 3 $how "$tmp/bad.json"
	silent "$how with faults"
	says "$tmp/bad.json:4:"
	says 'did you mean "fiber"?'
	says "/rules/0/to/0"
done
[ ! -e "$tmp/never" ] || fail "-o with faults made the directory"
run 3 --color=always "$tmp/bad.json"
grep -q $'\033' "$tmp/err" || fail "--color=always has no colour"
run 3 --color=never "$tmp/bad.json"
grep -q $'\033' "$tmp/err" && fail "--color=never has colour"
run 3 "$tmp/bad.json"
grep -q $'\033' "$tmp/err" && fail "colour into a file"

# ---- warnings: 0, on standard error, and the output is there ----
cat >"$tmp/warn.json" <<'END'
{
  "version": 1,
  "links": { "fiber": { "device": "eth1" } },
  "rules": [
    { "name": "wide", "to": ["192.0.2.0/24"], "via": "fiber" },
    { "name": "narrow", "to": ["192.0.2.1"], "via": "main" }
  ]
}
END
run 0 "$tmp/warn.json"
says "warning: /rules/1:"
prints "chain rule_wide {"

# ---- the system refuses: 1 ----
run 1 "$tmp/nosuch.json"
silent "no such policy"
says "nosuch.json: No such file or directory"
run 1 "$tmp"
says "Is a directory"
for format in nft json ip dnsmasq plan; do
	"$nftgen" --emit $format "$example" >/dev/full 2>"$tmp/err"
	[ $? -eq 1 ] || fail "--emit $format to a full device does not exit 1"
	says "No space left on device"
done
for option in --help --version; do
	"$nftgen" $option >/dev/full 2>"$tmp/err"
	[ $? -eq 1 ] || fail "$option to a full device does not exit 1"
done
"$nftgen" --emit plan "$example" >&- 2>"$tmp/err"
[ $? -eq 1 ] || fail "a closed standard output does not exit 1"

# a directory that cannot be made or written
: >"$tmp/file"
run 1 -o "$tmp/file" "$example"
says "$tmp/file: Not a directory"
[ "$(cat "$tmp/file")" = "" ] || fail "-o wrote into a file"
run 1 -o "$tmp/no/such/parent" "$example"
says "No such file or directory"
[ ! -e "$tmp/no" ] || fail "-o made parents"
# one of the files is in the way: all or none
mkdir -p "$tmp/way/omr.plan"
echo old >"$tmp/way/omr.nft"
run 1 -o "$tmp/way" "$example"
says "omr.plan: Is a directory"
[ "$(cat "$tmp/way/omr.nft")" = old ] || fail "-o wrote one artifact although another failed"
[ "$(ls -A "$tmp/way")" = "omr.nft
omr.plan" ] || fail "-o left something behind: $(ls -A "$tmp/way")"
# a directory without write permission
chmod 0755 "$tmp"
mkdir -m 0555 "$tmp/readonly"
if can_drop; then
	unprivileged 1 -o "$tmp/readonly" "$example"
	says "Permission denied"
	[ -z "$(ls -A "$tmp/readonly")" ] || fail "-o left files in a read-only directory"
fi

# ---- -o twice: replaced, nothing left over ----
run 0 -o "$tmp/o" "$example"
silent -o
quiet -o
cp -r "$tmp/o" "$tmp/o1"
echo trash >"$tmp/o/.omr.nft.new"
run 0 -o "$tmp/o" "$example"
diff -r "$tmp/o" "$tmp/o1" || fail "-o a second time differs"

# control groups: no JSON, said so, the rest is written; the old JSON does not stay
cat >"$tmp/cgroup.json" <<'END'
{ "version": 1, "links": { "fiber": { "device": "eth1" } },
  "rules": [ { "name": "c", "cgroups": ["system.slice/no-such.service"], "via": "fiber" } ] }
END
run 1 --emit json "$tmp/cgroup.json"
silent "--emit json with cgroups"
says "cannot express a cgroup match"
run 0 -o "$tmp/o" "$tmp/cgroup.json"
says "omr.nft.json is not written"
[ ! -e "$tmp/o/omr.nft.json" ] || fail "an omr.nft.json of another policy stayed"
grep -q 'socket cgroupv2 level 2 "system.slice/no-such.service"' "$tmp/o/omr.nft" ||
	fail "no cgroup match in omr.nft"

# ---- standard input ----
"$nftgen" - <"$tmp/warn.json" >"$tmp/out" 2>"$tmp/err" || fail "a policy from standard input"
says "<standard input>:6:"
prints "compiled from <standard input>."
"$nftgen" - <"$tmp/bad.json" >"$tmp/out" 2>"$tmp/err"
[ $? -eq 3 ] || fail "a bad policy from standard input does not exit 3"
[ ! -s "$tmp/out" ] || fail "a bad policy from standard input prints something"

# ---- the same bytes whatever the surroundings ----
for format in nft json ip dnsmasq plan; do
	"$nftgen" --emit $format "$example" >"$tmp/a"
	(cd "$(dirname "$example")" && LC_ALL=C TZ=Pacific/Auckland "$nftgen" --emit $format policy.json) >"$tmp/b"
	(cd / && env -i LANG=tr_TR.UTF-8 LC_ALL=de_DE.UTF-8 TZ=America/St_Johns COLUMNS=20 \
		"$nftgen" --emit $format "${example#/}") >"$tmp/c"
	cmp "$tmp/a" "$tmp/b" || fail "--emit $format depends on the directory or time zone"
	cmp "$tmp/a" "$tmp/c" || fail "--emit $format depends on the locale"
	[ -s "$tmp/a" ] || fail "--emit $format prints nothing"
done

# ---- completion: every option of --help, and the words of --emit ----
complete_for() { # WORDS...: the completions of the last one
	bash -c '. "$0"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _omr_nftgen; echo "${COMPREPLY[*]}"' \
		"$top/share/bash-completion/completions/omr-nftgen" omr-nftgen "$@" 2>/dev/null
}
[ "$(complete_for --emit = js)" = json ] || fail "completion of --emit=js: $(complete_for --emit = js)"
for option in $("$nftgen" --help | grep -oE -- '--[a-z]+' | sort -u); do
	[ "$(complete_for "$option")" = "$option" ] || fail "$option is not completed"
done

# ---- --check: the kernel's word, without loading ----
if unshare -n true 2>/dev/null || unshare -Un true 2>/dev/null; then
	run 0 --check "$example"
	prints "$example: ok: 9 rules, 2 links, 3 groups,"
	prints "the kernel accepts the ruleset"
	prints "with the daemon, at worst:"
	grep -qE "^  group default  40 ms +3\.81 s +3\.11 s +5\.81 s$" "$tmp/out" || fail "--check: no budget of the default group"
	run 1 --check "$tmp/cgroup.json"
	silent "--check refused"
	says "the kernel refuses the ruleset"
	says "chain classify: Error: cgroupv2 path fails"
	says "hint: nft can only name a control group that exists"
else
	echo "note: no namespaces here: --check is not tried"
fi

# ---- the kernel, in the namespace that the first lines made ----
if [ -n "${OMR_CLI:-}" ]; then
	ip link add eth1 type veth peer name peer
	ip link set eth1 up
	ip addr add 192.0.2.9/24 dev eth1
	ip rule add pref 77 fwmark 0x7 lookup 77
	nft add table inet foreign
	foreign="$(ip rule) $(nft list ruleset)"
	run 4 --diff "$example"
	prints "+ ip rule 1000:"
	[ "$(ip rule) $(nft list ruleset)" = "$foreign" ] || fail "--diff changed something"
	run 0 --apply "$example"
	prints "applied: "
	says "warning: link lte: there is no device wwan0"
	run 0 --apply "$example"
	prints "nothing to do"
	run 0 --diff "$example"
	silent "--diff with nothing to do"
	sed 's/"via": "voice" }/"via": "bulk" }/' "$example" >"$tmp/other.json"
	run 4 --diff "$tmp/other.json"
	prints "~ chain rule_sip"
	run 0 -v --apply "$tmp/other.json"
	prints "~ chain rule_sip"
	"$nftgen" --diff "$example" >/dev/full 2>"$tmp/err"
	[ $? -eq 1 ] || fail "--diff to a full device does not exit 1"
	run 0 --remove
	prints "removed: "
	[ "$(ip rule) $(nft list ruleset)" = "$foreign" ] || fail "--remove left or took something: $(ip rule)"
	run 0 --remove
	prints "nothing to do"
fi

# ---- without privileges: a clear word ----
if can_drop; then
	for how in "--apply $example" "--diff $example" --remove; do
		# shellcheck disable=SC2086
		unprivileged 1 $how
		silent "$how without privileges"
		says "CAP_NET_ADMIN"
	done
	if setpriv "${nobody[@]}" unshare -Un true 2>/dev/null; then
		unprivileged 0 --check "$example"
		prints "the kernel accepts the ruleset"
		prints "with the daemon, at worst:"
		grep -qE "^  group default  40 ms +3\.81 s +3\.11 s +5\.81 s$" "$tmp/out" || fail "--check: no budget of the default group"
	fi
else
	echo "note: the program or the example is not readable for nobody: not tried without privileges"
fi

[ $passed -ge 47 ] || fail "only $passed commands ran"
echo "$passed commands"
exit $failed
