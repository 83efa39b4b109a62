#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whatever stood before, --apply ends in the same ruleset: a walk over random policies, each
# applied over the one before it, must list what the policy lists in an empty namespace; and
# applied once more change nothing. Now and then an apply is killed in the middle.
#	OMR_EDITS (60) steps, OMR_SEED
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_namespace router
for n in 1 2 3 4; do
	ip -n router link add w$n type veth peer name p$n
	ip -n router link set p$n up
	ip -n router link set w$n up
	ip -n router addr add 10.$n.0.2/24 dev w$n
	ip -n router addr add fd00:a:$n::2/64 dev w$n nodad
done
seed=${OMR_SEED:-$((RANDOM * 32768 + RANDOM))}
echo "seed $seed"
if /usr/bin/python3 "$(dirname "$0")/apply_edits.py" "$OMR_BIN/omr-nftgen" $LAB_TMP "$seed" "${OMR_EDITS:-60}"; then
	ok "a walk over policies, seed $seed"
else
	not_ok "a walk over policies, seed $seed"
fi
lab_done
