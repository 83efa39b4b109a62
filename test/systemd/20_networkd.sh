#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# systemd-networkd beside the daemon: when it is restarted, or a link of its own appears, it removes all ip rules that are
# not its own, and the kernel drops routes with the addresses that it takes away. They are put back, under traffic.
. "$(dirname "$0")/../netns/lib.sh"
. "$(dirname "$0")/boot.sh"
lab_enter "$@"
[ -x /lib/systemd/systemd-networkd ] && [ -x /lib/systemd/systemd-udevd ] || lab_skip "needs systemd-networkd and udev"
lab_up 2
MACHINE_MASK='' machine_root
lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "isp1" } ]'
cp $LAB_TMP/policy.json $MACHINE/etc/omr-nft/policy.json
# what the lab has given it already
cat >$MACHINE/etc/systemd/network/w1.network <<'END'
[Match]
Name=w1
[Network]
Address=10.1.0.2/24
Address=fd00:a:1::2/64
IPv6AcceptRA=no
[Route]
Gateway=10.1.0.1
Metric=2001
[Route]
Gateway=fd00:a:1::1
Metric=2001
END
printf '[Match]\nName=modem\n[Network]\nAddress=192.0.2.77/24\nIPv6AcceptRA=no\n' >$MACHINE/etc/systemd/network/modem.network
mkdir -p $MACHINE/etc/systemd/system/systemd-networkd.service.d
printf '[Unit]\nStartLimitIntervalSec=0\n' >$MACHINE/etc/systemd/system/systemd-networkd.service.d/test.conf
MACHINE_UDEV=1 machine_boot
machine udevadm trigger --subsystem-match=net --action=add --settle
machine systemctl start systemd-networkd
configured() { machine networkctl --no-legend list w1 | grep -q 'routable *configured'; }
lab_wait 20 "networkd has configured w1" configured || {
	machine networkctl status w1 --no-pager
	exit 1
}
machine systemctl start omr-nftd || {
	journal -u omr-nftd
	exit 1
}
rules() { { at router ip -4 rule; at router ip -6 rule; } | grep -v 'lookup \(local\|default\|main\)$' | sort; }
WANT=$(rules)
expect_both isp1 "before" client udp
as_before() { [ "$(rules)" = "$WANT" ]; }
answered() { [ "$(ask_from client -t 300 udp "$(lab_dst 4)")" = isp1 ] && [ "$(ask_from client -t 300 udp "$(lab_dst 6)")" = isp1 ]; }

# disturb TEXT COMMAND...: what it deletes is counted, then everything has to be as before
disturb() {
	local text=$1 monitor deleted

	shift
	: >$LAB_TMP/monitor.log
	lab_start router ip monitor rule >$LAB_TMP/monitor.log
	monitor=$LAB_PID
	sleep 0.2
	"$@"
	lab_wait 20 "networkd has configured w1" configured
	deletes() { grep -Ec '^Deleted.*proto (153|omr-nft)' $LAB_TMP/monitor.log; }
	lab_wait 20 "rules are deleted" sh -c "grep -Eq '^Deleted.*proto (153|omr-nft)' $LAB_TMP/monitor.log" &&
		ok "$text: $(deletes) rules deleted" || not_ok "$text: nothing was deleted"
	lab_wait 20 "rules are put back" as_before && ok "and put back" || {
		not_ok "and put back"
		diff <(echo "$WANT") <(rules)
	}
	lab_wait 20 "and routes" answered && ok "traffic leaves by its link" || not_ok "traffic leaves by its link"
	lab_stop TERM $monitor
}

disturb "networkd is restarted" machine systemctl restart systemd-networkd
disturb "networkd is restarted again" machine systemctl restart systemd-networkd
disturb "a modem is plugged in" ip -n router link add modem type veth peer name modem-peer
disturb "w1 is reconfigured" machine networkctl reconfigure w1
journal -u omr-nftd | grep -qi 'repair\|put back' && ok "the log tells" || not_ok "the log tells"
expect "active" "the daemon runs" machine systemctl show -p ActiveState --value omr-nftd
expect 0 "and was never restarted" machine systemctl show -p NRestarts --value omr-nftd
[ $LAB_FAILED -eq 0 ] || journal -u omr-nftd -u systemd-networkd | tail -n 80
lab_done
