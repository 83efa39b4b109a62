#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Programs run on transitions: what they are told, by real events; and that a slow one delays no failover.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
HOOKS=$LAB_TMP/hooks
OUT=$LAB_TMP/events
mkdir $HOOKS
: >$OUT
cat >$HOOKS/10-note <<END
#!/bin/sh
{
	echo "\$OMR_EVENT \${OMR_GROUP-\$OMR_LINK} \$OMR_FAMILY \$OMR_FROM \$OMR_TO"
	cat >&3
} >>$OUT 3>>$OUT.json
END
printf '#!/bin/sh\nsleep 1000\n' >$HOOKS/20-slow
printf '#!/bin/sh\necho never >>%s\n' $OUT >$HOOKS/30-not-executable
chmod 755 $HOOKS/10-note
nsenter --net=/run/netns/router "$OMR_BIN/omr-nftd" --policy $LAB_TMP/policy.json --socket $LAB_TMP/daemon.sock --hooks $HOOKS \
	2>$LAB_TMP/daemon.log &
LAB_DAEMON=$!
lab_daemon_ready
told() { grep -qx "$1" $OUT; }
hears() { # LINE
	lab_wait 10 "$1" told "$1" && ok "told: $1" || {
		not_ok "told: $1"
		cat $OUT
	}
}
lab_pull isp1
expect_soon isp2 "failover" ask_from client udp "$(lab_dst 4)"
for family in ipv4 ipv6; do
	hears "link-down isp1 $family up down"
	hears "group default $family isp1 isp2"
done
lab_plug isp1
for family in ipv4 ipv6; do
	hears "link-up isp1 $family down up"
	hears "group default $family isp2 isp1"
done
# The examples do what they say.
if at router ip mptcp endpoint add 10.1.0.2 dev w1 subflow 2>/dev/null; then
	at router ip mptcp endpoint add fd00:a:1::2 dev w1 subflow
	at router ip mptcp endpoint add 10.2.0.2 dev w2 subflow
	example() { at router env OMR_EVENT="$1" OMR_LINK=isp1 OMR_DEVICE=w1 OMR_FAMILY=ipv4 "$LAB_TOP/share/hooks/mptcp-endpoints"; }
	backups() { at router ip mptcp endpoint show | grep backup | cut -d' ' -f1 | paste -sd' '; }
	example link-down
	expect "10.1.0.2" "mptcp-endpoints: a lost link's endpoint of that family is a backup" backups
	example link-up
	expect "" "mptcp-endpoints: and put back" backups
else
	echo "   (no MPTCP here)"
fi
# A hook that takes for ever: switching does not wait, and events still arrive in order.
chmod 755 $HOOKS/20-slow
lab_pull isp2
hears "link-down isp2 ipv4 up down"
lab_pull isp1
expect_soon tunnel "no link left" ask_from client udp "$(lab_dst 4)"
lab_plug isp2
expect_soon isp2 "failover beside a hook that hangs" ask_from client udp "$(lab_dst 4)"
running() { [ -n "$(pgrep -f "^/bin/sh $HOOKS/20-slow")" ]; }
lab_wait 10 "the slow hook runs" running && ok "while it ran" || not_ok "while it ran"
lab_plug isp1
expect_soon isp1 "and back" ask_from client udp "$(lab_dst 4)"
sleep 1 # what is under way is no repair
at router ip rule flush protocol 153
repair_told() { grep -q '^repair' $OUT; }
lab_wait 30 "a repair is told" repair_told && ok "a repair is told" || not_ok "a repair is told: $(cat $OUT)"
grep -q never $OUT && not_ok "what is not executable does not run" || ok "what is not executable does not run"
grep -c '30-not-executable: not executable' $LAB_TMP/daemon.log >$LAB_TMP/said
expect 1 "and the log says so, once" cat $LAB_TMP/said
/usr/bin/python3 - $OUT.json <<'END' && ok "each event is a line of JSON" || not_ok "each event is a line of JSON"
import json, sys
events = [json.loads(l) for l in open(sys.argv[1])]
downs = [e for e in events if e["event"] == "link-down" and e["link"] == "isp1"]
assert downs and all(e["device"] == "w1" and e["family"] in ("ipv4", "ipv6") and e["reason"] and e["text"] for e in downs), downs
groups = [e for e in events if e["event"] == "group"]
assert groups and all(e["group"] == "default" and e.get("link", e["to"]) == e["to"] for e in groups), groups
assert any("detect_us" in e for e in groups), groups
END
kill -TERM $LAB_DAEMON
wait $LAB_DAEMON
expect 0 "the daemon ends" echo $?
expect "" "and leaves no hook behind" pgrep -f "^/bin/sh $HOOKS/"
[ $LAB_FAILED -eq 0 ] || cat $LAB_TMP/daemon.log
lab_done
