#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Probes of the hardened service: raw sockets work for a user who is not root, and a program that judges a link has no rights.
. "$(dirname "$0")/../netns/lib.sh"
. "$(dirname "$0")/boot.sh"
lab_enter "$@"
lab_up 2
machine_root
cat >$MACHINE/usr/local/bin/judge <<'END'
#!/bin/sh
{ id -un; grep '^Cap[EPA]\|^NoNewPrivs' /proc/self/status; echo "$OMR_LINK $OMR_FAMILY"; } >/run/omr-nft/judged.$OMR_FAMILY.new
mv /run/omr-nft/judged.$OMR_FAMILY.new /run/omr-nft/judged.$OMR_FAMILY
ip link set lo down 2>/dev/null && echo "could change the network" >/run/omr-nft/could
[ ! -e /run/omr-nft/fail ]
END
chmod 755 $MACHINE/usr/local/bin/judge
LAB_LINK_EXTRA_1=', "probe": "ping"' LAB_LINK_EXTRA_2=', "probe": "judge"'
lab_policy '"probes": {
		"ping": { "type": "icmp", "hosts4": ["192.0.2.1"], "hosts6": ["2001:db8:1::1"], "interval": "100ms", "rise": 2 },
		"judge": { "type": "exec", "command": ["/usr/local/bin/judge"], "interval": "300ms", "fall": 2, "rise": 2 } },
	"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
cp $LAB_TMP/policy.json $MACHINE/etc/omr-nft/policy.json
machine_boot
machine systemctl start omr-nftd || {
	journal -u omr-nftd
	exit 1
}
state() { # LINK FAMILY
	machine omr-nftctl --json status | /usr/bin/python3 -c '
import json, sys
print([l for l in json.load(sys.stdin)["links"] if l["name"] == sys.argv[1]][0][sys.argv[2]]["state"])' "$@"
}
rights() { machine cat "/run/omr-nft/judged.$1" | tr '\n\t' '  ' | sed 's/ $//'; }
for family in ipv4 ipv6; do
	expect_soon up "ping, $family" state isp1 $family
	expect_soon up "a program, $family" state isp2 $family
	expect_soon "omr-nft CapPrm: 0000000000000000 CapEff: 0000000000000000 CapAmb: 0000000000000000 NoNewPrivs: 1 isp2 $family" \
		"the program's rights, $family" rights $family
done
machine test -e /run/omr-nft/could && not_ok "the program cannot change the network" || ok "the program cannot change the network"
expect_both isp1 "traffic" client udp
lab_blackhole isp1
expect_soon isp2 "a silent provider is left" ask_from client udp "$(lab_dst 4)"
expect_soon probe-failed "ping says so" state isp1 ipv4
machine touch /run/omr-nft/fail
expect_soon probe-failed "the program's word counts" state isp2 ipv4
lab_heal isp1
expect_soon isp1 "and it comes back" ask_from client udp "$(lab_dst 4)"
errors() { journal -q -u omr-nftd -p err; }
expect "" "no error" errors
[ $LAB_FAILED -eq 0 ] || journal -u omr-nftd | tail -n 40
lab_done
