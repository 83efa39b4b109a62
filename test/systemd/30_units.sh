#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What `cmake --install` puts where, and the units as systemd reads them: without a fault, and hardened.
. "$(dirname "$0")/../netns/lib.sh"
lab_enter "$@"
command -v systemd-analyze >/dev/null || lab_skip "needs systemd-analyze"
ROOT=$LAB_TMP/root
DESTDIR=$ROOT cmake --install "$OMR_BUILD" >$LAB_TMP/install.log 2>&1 || {
	cat $LAB_TMP/install.log
	exit 1
}
PREFIX=$ROOT$(sed -n 's/^CMAKE_INSTALL_PREFIX:PATH=//p' "$OMR_BUILD/CMakeCache.txt")
UNITS=$PREFIX/lib/systemd/system
for file in "$PREFIX"/sbin/{omr-nftd,omr-nftgen,omr-nftctl} "$UNITS"/{omr-nftd,omr-nftgen-apply}.service \
	"$PREFIX/lib/sysusers.d/omr-nft.conf" "$ROOT/etc/iproute2/rt_protos.d/omr-nft.conf" "$ROOT/etc/omr-nft/policy.json.example" \
	"$PREFIX"/share/man/man{8/omr-nftd.8,1/omr-nftgen.1,1/omr-nftctl.1,5/omr-nft-policy.5} \
	"$PREFIX/share/omr-nft/policy.schema.json" "$PREFIX/share/doc/omr-nft/README.md"; do
	[ -s "$file" ] && ok "installed: ${file#"$ROOT"}" || not_ok "installed: ${file#"$ROOT"}"
done
expect "755" "the directory of hooks is root's" stat -c %a "$ROOT/etc/omr-nft/hooks.d"
expect 0 "no policy is installed" sh -c "ls $ROOT/etc/omr-nft/policy.json 2>/dev/null | wc -l"
for file in "$PREFIX"/share/doc/omr-nft/examples/hooks/*; do
	sh -n "$file" && [ -x "$file" ] && ok "an example of a hook: ${file##*/}" || not_ok "an example of a hook: ${file##*/}"
done
"$PREFIX/sbin/omr-nftgen" --check "$ROOT/etc/omr-nft/policy.json.example" && ok "the example policy is valid" ||
	not_ok "the example policy is valid"

# Verified in the place where they are: the paths of a prefix are not this machine's.
mkdir -p $LAB_TMP/v
for unit in omr-nftd omr-nftgen-apply; do
	sed "s,=$(echo "$PREFIX" | sed "s,^$ROOT,,")/sbin/,=$PREFIX/sbin/," "$UNITS/$unit.service" >$LAB_TMP/v/$unit.service
	# units of this machine may have faults of their own
	systemd-analyze verify --man=no $LAB_TMP/v/$unit.service 2>&1 | grep "$unit\|$LAB_TMP" >$LAB_TMP/faults
	[ ! -s $LAB_TMP/faults ] && ok "systemd finds no fault in $unit.service" || not_ok "$unit.service: $(cat $LAB_TMP/faults)"
	systemd-analyze security --offline=true --threshold=20 --no-pager $LAB_TMP/v/$unit.service >$LAB_TMP/security 2>&1 &&
		ok "exposure at most 2.0: $(tail -n 1 $LAB_TMP/security)" || not_ok "exposure: $(cat $LAB_TMP/security)"
done
# the gate itself: a fault and a weak unit are found
sed 's/^ExecStart=.*/ExecStart=relative/' $LAB_TMP/v/omr-nftd.service >$LAB_TMP/v/bad.service
systemd-analyze verify --man=no $LAB_TMP/v/bad.service >/dev/null 2>&1 && not_ok "a faulty unit is found" || ok "a faulty unit is found"
grep -v '^Cap\|^Protect\|^System' $LAB_TMP/v/omr-nftd.service >$LAB_TMP/v/weak.service
systemd-analyze security --offline=true --threshold=20 $LAB_TMP/v/weak.service >/dev/null 2>&1 && not_ok "a weak unit is found" ||
	ok "a weak unit is found"
lab_done
