#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# omr-nftd.service in a booted systemd, with traffic: what it may do, reload, crashes, the watchdog, hooks, stop.
. "$(dirname "$0")/../netns/lib.sh"
. "$(dirname "$0")/boot.sh"
lab_enter "$@"
lab_up 2
machine_root
via() { # LINK: the policy sends the test prefixes there
	lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "'"$1"'" } ]'
	cp $LAB_TMP/policy.json $MACHINE/etc/omr-nft/policy.json
}
says() { machine systemctl show -p "$1" --value omr-nftd; }
at_level() { journal -q -u omr-nftd -p "$@" | wc -l; } # PRIORITY [MATCH...]: lines of it
egress_is_there() { at router nft list map inet omr_egress egress 2>/dev/null | grep -c elements; }

# A hook that tries out what a hook may do.
cat >$MACHINE/etc/omr-nft/hooks.d/10-try <<'END'
#!/bin/sh
read -r line
nft list tables >/dev/null 2>&1 && may=nft || may=nothing
touch /etc/omr-nft/x 2>/dev/null && may="$may and /etc"
echo "hook: $OMR_EVENT ${OMR_GROUP-$OMR_LINK} $OMR_FAMILY as $(id -un), may $may"
END
chmod 755 $MACHINE/etc/omr-nft/hooks.d/10-try

# ---- boot and start ----

ln -s /usr/local/lib/systemd/system/omr-nftd.service $MACHINE/etc/systemd/system/
mkdir -p $MACHINE/etc/systemd/system/multi-user.target.wants
ln -s /usr/local/lib/systemd/system/omr-nftd.service $MACHINE/etc/systemd/system/multi-user.target.wants/
machine_boot
expect "no" "without a policy the unit is passed over" says ConditionResult
expect "inactive" "and nothing failed" says ActiveState
cycles() { journal | grep -c 'ordering cycle'; }
expect 0 "no cycle of units" cycles
via default
machine systemctl start omr-nftd || {
	journal -u omr-nftd
	exit 1
}
expect 1 "once started, it has decided" egress_is_there
expect "active running" "it runs" sh -c "echo $(says ActiveState) $(says SubState)"
expect_both isp1 "and routes" client udp
pid=$(says MainPID)
expect omr-nft "its user" machine ps -o user= -p "$pid"
expect "CapEff:	0000000000003000" "CAP_NET_ADMIN and CAP_NET_RAW, no more" machine grep CapEff "/proc/$pid/status"
expect "CapBnd:	0000000000003000" "nor to be had" machine grep CapBnd "/proc/$pid/status"
expect "NoNewPrivs:	1" "nothing it starts gets more" machine grep NoNewPrivs "/proc/$pid/status"
expect "srw-rw---- omr-nft" "the control socket is its group's" machine stat -c '%A %G' /run/omr-nft/control.sock
machine omr-nftctl status >$LAB_TMP/said 2>&1 && ok "root may ask" || not_ok "root may ask: $(cat $LAB_TMP/said)"
machine setpriv --reuid 65534 --regid 65534 --clear-groups omr-nftctl status >$LAB_TMP/said 2>&1 &&
	not_ok "nobody else may"
grep -qi 'permi\|denied\|not allowed' $LAB_TMP/said && ok "nobody else may" || not_ok "nobody else may: $(cat $LAB_TMP/said)"
linkdown() { machine cat /proc/sys/net/ipv4/conf/w1/ignore_routes_with_linkdown; }
expect 153 "it sets sysctls of the network" linkdown
status_tells() { says StatusText | grep -q "$1"; }
lab_wait 10 "status line" status_tells "2 of 2 links up" && ok "status: $(says StatusText)" || not_ok "status: $(says StatusText)"
expect 0 "a quiet start" at_level warning

# ---- a link fails ----

lab_pull isp1
expect_soon isp2 "failover" ask_from client udp "$(lab_dst 4)"
lab_wait 10 "status line" status_tells "1 of 2 links up" && ok "status: $(says StatusText)" || not_ok "status: $(says StatusText)"
hook_ran() { journal -u omr-nftd | grep -q "^hook: link-down isp1 ipv4 as omr-nft, may nft$"; }
lab_wait 10 "a hook ran" hook_ran && ok "a hook runs, with the daemon's rights" || not_ok "a hook runs, with the daemon's rights"
journal -u omr-nftd | grep '^hook:' | head -n 4
lab_plug isp1
expect_soon isp1 "and back" ask_from client udp "$(lab_dst 4)"

# ---- reload ----

via isp2
machine systemctl reload omr-nftd
expect 0 "reload" echo $?
expect_both isp2 "the new policy is in force" client udp
expect "$pid active" "in the same process" sh -c "echo $(says MainPID) $(says ActiveState)"
echo '{ "version": 1, "links": { "a": { "devise": "w1" } } }' >$MACHINE/etc/omr-nft/policy.json
machine systemctl reload omr-nftd 2>/dev/null
expect 1 "a reload of a bad policy fails" echo $?
journal -u omr-nftd | grep -q 'policy.json:1:.*devise' && ok "and its fault is in the journal" || not_ok "and its fault is in the journal"
expect "$pid active" "the daemon runs on" sh -c "echo $(says MainPID) $(says ActiveState)"
expect_both isp2 "with the policy before" client udp
via default
machine systemctl reload omr-nftd
expect_both isp1 "and takes the next good one" client udp

# ---- somebody takes the ruleset away ----

if machine systemctl restart nftables 2>/dev/null; then
	expect_soon isp1 "after a restart of nftables.service, IPv4" ask_from client udp "$(lab_dst 4)"
	expect_soon isp1 "after a restart of nftables.service, IPv6" ask_from client udp "$(lab_dst 6)"
	expect "$pid" "by the same process" says MainPID
fi

# ---- crash, standstill ----

lab_start client "$OMR_TOOLS/pulse" -g 50 "$(lab_dst 4)" "$(lab_dst 6)" >$LAB_TMP/pulse.log
PULSE=$LAB_PID
both_answered() { [ "$(grep -c ^answer $LAB_TMP/pulse.log)" -eq 2 ]; }
lab_wait 10 "both flows" both_answered
again() { # OLD: another process is active
	[ "$(says MainPID)" != "$1" ] && [ "$(says ActiveState)" = active ]
}
machine kill -KILL "$pid"
lab_wait 20 "restarted" again "$pid" && ok "after kill -9 it is started again" || not_ok "after kill -9 it is started again"
expect 1 "one restart" says NRestarts
expect_both isp1 "and routes" client udp
mkdir -p $MACHINE/etc/systemd/system/omr-nftd.service.d
printf '[Service]\nWatchdogSec=1\n' >$MACHINE/etc/systemd/system/omr-nftd.service.d/test.conf
machine systemctl daemon-reload
machine systemctl restart omr-nftd
pid=$(says MainPID)
sleep 3
expect "$pid" "with a watchdog of 1 s it lives" says MainPID
machine kill -STOP "$pid"
lab_wait 30 "restarted" again "$pid" && ok "a process that stands still is replaced" || not_ok "a process that stands still is replaced"
machine journalctl -b --no-pager | grep -q 'omr-nftd.service: Watchdog timeout' && ok "by the watchdog" || not_ok "by the watchdog"
lab_stop TERM $PULSE
expect 0 "and the flows noticed none of it" grep -cE '^(moved|silence)' $LAB_TMP/pulse.log

# ---- what must not be tried again ----

echo '{ "version": 1, "links": { "a": { "devise": "w1" } } }' >$MACHINE/etc/omr-nft/policy.json
machine systemctl restart omr-nftd 2>/dev/null
expect "1 3" "a start with a bad policy fails" sh -c "echo $? $(says ExecMainStatus)"
expect "failed" "and is not repeated" says ActiveState
expect_both isp1 "the kernel keeps what it has" client udp
via default
machine systemctl reset-failed omr-nftd
machine systemctl start omr-nftd
expect "active" "a good one starts" says ActiveState

# ---- stop ----

machine systemctl stop omr-nftd
expect "success" "clean stop" says Result
expect 0 "and the daemon's choices are gone" egress_is_there
lab_pull isp1
expect_soon isp2 "the kernel fails over alone, IPv4" ask_from client udp "$(lab_dst 4)"
expect_soon isp2 "the kernel fails over alone, IPv6" ask_from client udp "$(lab_dst 6)"
lab_plug isp1
expect_soon isp1 "and back" ask_from client udp "$(lab_dst 4)"
errors() { journal -q -u omr-nftd -p err _COMM=omr-nftd | grep -v '^reload: .*refused'; }
expect "" "no error in all that, but the refused reload" errors
[ $LAB_FAILED -eq 0 ] || journal -u omr-nftd | tail -n 60
lab_done
