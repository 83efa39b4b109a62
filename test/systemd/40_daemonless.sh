#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# omr-nftgen-apply.service: the policy without a daemon; and the two units, which exclude each other.
. "$(dirname "$0")/../netns/lib.sh"
. "$(dirname "$0")/boot.sh"
lab_enter "$@"
lab_up 2
machine_root
via() {
	lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "'"$1"'" } ]'
	cp $LAB_TMP/policy.json $MACHINE/etc/omr-nft/policy.json
}
state() { machine systemctl show -p ActiveState --value "$1"; }
ours() { # tables, rules
	echo "$(at router nft list tables | grep -c omr_), $({ at router ip rule; at router ip -6 rule; } | grep -c 'proto \(153\|omr-nft\)')"
}
via default
machine_boot
U=omr-nftgen-apply
machine systemctl start $U || {
	journal -u $U
	exit 1
}
expect_both isp1 "applied" client udp
expect active "and active" state $U
lab_pull isp1
expect_soon isp2 "the kernel fails over" ask_from client udp "$(lab_dst 4)"
lab_plug isp1
expect_soon isp1 "and back" ask_from client udp "$(lab_dst 4)"
via isp2
machine systemctl reload $U
expect_both isp2 "reload" client udp
echo '{ "version": 1, "links": { "a": { "devise": "w1" } } }' >$MACHINE/etc/omr-nft/policy.json
machine systemctl reload $U 2>/dev/null && not_ok "a bad policy is refused" || ok "a bad policy is refused"
expect_both isp2 "and changes nothing" client udp
via default

machine systemctl start omr-nftd
expect "active inactive" "the daemon takes its place" sh -c "echo $(state omr-nftd) $(state $U)"
expect_both isp1 "and routes" client udp
expect 2 "with tables of ours" sh -c "echo '$(ours)' | cut -d, -f1"
machine systemctl start $U
expect "inactive active" "and the other way round" sh -c "echo $(state omr-nftd) $(state $U)"
expect_both isp1 "and routes still" client udp

at router nft add table inet foreign
machine systemctl stop $U
expect "inactive" "stop" state $U
expect "0, 0" "nothing of ours is left" ours
expect_both tunnel "main routing" client udp
expect "table inet foreign" "what is not ours is" at router nft list tables
[ $LAB_FAILED -eq 0 ] || journal -u $U -u omr-nftd | tail -n 40
lab_done
