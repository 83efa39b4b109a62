#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `watch`: the present state, then events; how it ends; and that no watcher holds the daemon. Who may ask.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
SOCKET=$LAB_TMP/daemon.sock
lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
ctl() { at router "$OMR_BIN/omr-nftctl" --socket $SOCKET "$@"; }
watching() { # FILE ARGUMENTS...: in the background; its pid is in WATCHER
	local file=$1

	shift
	nsenter --net=/run/netns/router "$OMR_BIN/omr-nftctl" --socket $SOCKET "$@" watch >"$file" 2>&1 &
	WATCHER=$!
}
in_file() { grep -qE "$2" "$1"; }
soon() { # TEXT FILE PATTERN
	lab_wait 10 "$1" in_file "$2" "$3" && ok "$1" || { not_ok "$1"; cat "$2"; }
}
lab_daemon
lab_daemon_ready

watching $LAB_TMP/text
TEXT=$WATCHER
watching $LAB_TMP/json --json
JSON=$WATCHER
soon "the present state of a link" $LAB_TMP/text ' link isp1 \(w1\) IPv4: up \(for '
soon "the present state of a group" $LAB_TMP/text ' group default IPv6: isp1: .* \(for '
expect "6 present" "each link and group, both families" sh -c "echo \$(grep -c '\"present\":true' $LAB_TMP/json) present"
lab_pull isp1
soon "a loss" $LAB_TMP/text ' link isp1 \(w1\) IPv4: up -> .*no carrier'
soon "and the switch" $LAB_TMP/text ' group default IPv6: isp1 -> isp2: isp1: no carrier'
soon "the same as JSON" $LAB_TMP/json '"event":"group".*"from":"isp1","to":"isp2","reason":"isp1: no carrier"'
lab_plug isp1
soon "and the return" $LAB_TMP/json '"event":"link-up".*"link":"isp1"'
expect 0 "no colours into a file" sh -c "grep -c \$(printf '\\033') $LAB_TMP/text"
at router nft flush chain inet omr_egress select
soon "a repair" $LAB_TMP/json '"event":"repair"'
kill -INT $TEXT
wait $TEXT
expect 0 "an interrupt ends it well" echo $?

# Those who watch and never read are cut off, the others hear everything. Lines about one thing
# are rationed, so there are many things.
LAB_GROUPS=$(for n in $(seq 120); do echo ", \"g$n\": { \"links\": [\"isp1\", \"isp2\"] }"; done)
lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
expect "the policy is in force" "a policy of many groups" ctl reload
/usr/bin/python3 - $SOCKET >$LAB_TMP/deaf 2>&1 <<'END'
import json, socket, sys, time
def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.settimeout(20)
    return s
deaf = [connect() for _ in range(3)]
for s in deaf:
    s.sendall(b'{"command":"watch"}\n')
asker = connect().makefile("rw")
for command in ("drain", "undrain") * 2:
    start = time.monotonic()
    asker.write('{"command":"%s","link":"isp1"}\n' % command)
    asker.flush()
    assert json.loads(asker.readline())["ok"]
    assert time.monotonic() - start < 10
time.sleep(6) # longer than a last line may take
for s in deaf:
    data = b""
    while True: # it comes to an end: hung up on
        part = s.recv(65536)
        if not part:
            break
        data += part
    lines = [json.loads(l) for l in data.splitlines()]
    assert 242 + 50 < len(lines) < 4 * 242, len(lines)
    print(len(lines), lines[-1])
END
expect 0 "deaf watchers are cut off" echo $?
sed 's/^/# /' $LAB_TMP/deaf
enough() { [ "$(grep -c '"event":"group".*"from"' $LAB_TMP/json)" -ge $((4 * 242)) ]; }
lab_wait 10 "who reads hears all" enough && ok "who reads hears all" || not_ok "who reads hears all"

# Watchers do not take every place.
/usr/bin/python3 - $SOCKET <<'END' && ok "somebody can still ask" || not_ok "somebody can still ask"
import json, socket, sys
def client(command):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.settimeout(10)
    f = s.makefile("rw")
    f.write('{"command":"%s"}\n' % command)
    f.flush()
    return f, json.loads(f.readline())
watchers = [client("watch") for _ in range(11)] # and the one that runs already
assert all(a["present"] for _, a in watchers)
_, refused = client("watch")
assert refused == {"error": "too many watch already"}, refused
assert "links" in client("status")[1]
END

# A reload is waited for by who asked for it, and by nobody else; who is gone is forgotten.
/usr/bin/python3 - $SOCKET <<'END' && ok "reloads hold nobody up" || not_ok "reloads hold nobody up"
import json, random, socket, sys, time
def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.settimeout(30)
    return s
rng = random.Random(1)
slowest = 0
for _ in range(30):
    gone = connect()
    gone.sendall(b'{"command":"reload"}\n')
    time.sleep(rng.random() / 30)
    gone.close()
    f = connect().makefile("rw")
    start = time.monotonic()
    f.write('{"command":"status"}\n')
    f.flush()
    assert "links" in json.loads(f.readline())
    slowest = max(slowest, time.monotonic() - start)
assert slowest < 10, slowest
askers = [connect() for _ in range(3)]
for s in askers: # what follows a reload in the same breath is answered after it
    s.sendall(b'{"command":"reload"}\n{"command":"status"}\n')
for s in askers:
    f = s.makefile("r")
    assert json.loads(f.readline())["ok"] is True
    assert "links" in json.loads(f.readline())
END

# Who may ask.
nobody() { # GROUP ARGUMENTS...
	local group=$1

	shift
	at router setpriv --reuid 65534 --regid 65534 --groups "$group" "$OMR_BIN/omr-nftctl" --socket $SOCKET "$@" 2>&1
	echo "exit $?"
}
if [ "$(id -u)" -eq 0 ] && setpriv --reuid 65534 --regid 65534 --clear-groups "$OMR_BIN/omr-nftctl" --version >/dev/null 2>&1; then
	chmod 755 $LAB_TMP /run
	expect "omr-nftctl: $SOCKET: Permission denied (root and the socket's group may ask)
exit 1" "a stranger may not connect" nobody 65534 status
	chmod 666 $SOCKET
	expect "omr-nftctl: only root and members of the socket's group may ask
exit 1" "nor ask, where the mode lets it" nobody 65534 status
	chmod 660 $SOCKET
	kill -TERM $LAB_DAEMON
	wait $LAB_DAEMON
	nsenter --net=/run/netns/router "$OMR_BIN/omr-nftd" --policy $LAB_TMP/policy.json --socket $SOCKET --group daemon \
		2>>$LAB_TMP/daemon.log &
	LAB_DAEMON=$!
	lab_daemon_ready
	expect "root daemon 660" "the socket is the group's" stat -c '%U %G %a' $SOCKET
	gid=$(getent group daemon | cut -d : -f 3)
	member() { nobody "$gid" status | grep -cE '^(isp1|exit 0)'; }
	expect 2 "a member of the group may ask" member
	timeout 20 nsenter --net=/run/netns/router "$OMR_BIN/omr-nftd" --policy $LAB_TMP/policy.json --socket $SOCKET.2 \
		--group no-such 2>$LAB_TMP/said
	expect 1 "a group that is not there is fatal" echo $?
	expect 1 "and named" grep -c 'error control: there is no group "no-such"' $LAB_TMP/said
fi

watching $LAB_TMP/last
soon "a new watcher" $LAB_TMP/last ' group default IPv6'
kill -TERM $LAB_DAEMON
wait $LAB_DAEMON
wait $WATCHER
expect 0 "the daemon's end is an end" echo $?
expect "end: the daemon ends" "and told" sh -c "tail -n 1 $LAB_TMP/last | sed 's/.*  //'"
wait $JSON
nsenter --net=/run/netns/router "$OMR_BIN/omr-nftctl" --socket $SOCKET watch >/dev/null 2>&1
expect 1 "nothing to watch without a daemon" echo $?
lab_done
