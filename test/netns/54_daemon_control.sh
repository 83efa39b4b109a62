#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Starting, and the control socket: what it answers, who may ask, and that no client can hold the daemon up.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2
lab_policy '"rules": [ { "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" } ]'
SOCKET=$LAB_TMP/daemon.sock
daemon() { # what it exits with, and the last line it says
	local rc

	timeout 20 nsenter --net=/run/netns/router "$@" 2>$LAB_TMP/said
	rc=$?
	echo "$rc $(tail -n 1 $LAB_TMP/said)"
}
expect "2 omr-nftd: unexpected argument 'x'" "an argument too many" daemon "$OMR_BIN/omr-nftd" x
[ -e /etc/omr-nft/policy.json ] || expect "1 omr-nftd: /etc/omr-nft/policy.json: No such file or directory" \
	"no policy where it is looked for" daemon "$OMR_BIN/omr-nftd"
expect "1 omr-nftd: $LAB_TMP/none.json: No such file or directory" "no such policy" \
	daemon "$OMR_BIN/omr-nftd" --policy $LAB_TMP/none.json
echo '{ "version": 1, "links": { "a": { "devise": "w1" } } }' >$LAB_TMP/bad.json
expect 3 "a policy with faults" sh -c "nsenter --net=/run/netns/router $OMR_BIN/omr-nftd --policy $LAB_TMP/bad.json 2>$LAB_TMP/said; echo \$?"
grep -q "bad.json:1:.*devise" $LAB_TMP/said && ok "and it names them" || not_ok "and it names them"
if [ "$(id -u)" -eq 0 ] && setpriv --reuid 65534 --clear-groups true 2>/dev/null; then
	got=$(daemon setpriv --reuid 65534 --regid 65534 --clear-groups "$OMR_BIN/omr-nftd" --policy $LAB_TMP/policy.json)
	case $got in
	"1 error apply: "*"not permitted"*) ok "without the privilege: $got" ;;
	*) not_ok "without the privilege: $got" ;;
	esac
fi
expect 0 "and none of them left a trace" sh -c "nsenter --net=/run/netns/router nft list tables | grep -c omr"
ctl() { at router "$OMR_BIN/omr-nftctl" --socket $SOCKET "$@"; }
in_sync() { ctl --json status 2>/dev/null | grep -q '"in_sync":true'; }

# A socket left behind by a daemon that was killed is replaced.
/usr/bin/python3 -c 'import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])' $SOCKET
lab_daemon
lab_wait 30 "the daemon is in sync" in_sync && ok "a stale socket is replaced" || not_ok "a stale socket is replaced"
expect "srw-rw----" "root and group only" stat -c %A $SOCKET
expect 'LINK DEVICE FAMILY STATE SINCE
isp1 w1 IPv4 up T
IPv6 up T
isp2 w2 IPv4 up T
IPv6 up T
GROUP MODE FAMILY LEAVES BY SINCE SWITCHES WHY
default failover IPv4 isp1 T 0 first of its links that is up
IPv6 isp1 T 0 first of its links that is up' "status as a table" \
	eval "ctl status | sed -E '1d; /^$/d; s/\\b[0-9.]+m?s\\b/T/; s/ +/ /g; s/^ | \$//g'"
ctl --json status | /usr/bin/python3 -c '
import json, sys
s = json.load(sys.stdin)
assert [l["name"] for l in s["links"]] == ["isp1", "isp2"], s
assert s["links"][0]["device"] == "w1" and s["links"][0]["ipv6"]["state"] == "up", s
assert s["targets"][-1]["ipv4"] == {**s["targets"][-1]["ipv4"], "leaves_by": "link", "link": "isp1"}, s
assert s["in_sync"] is True and s["version"] and s["policy"].endswith("policy.json"), s' &&
	ok "status as JSON" || not_ok "status as JSON"
lab_pull isp1
down() {
	ctl status | grep -qE '^isp1 +w1 +IPv4 +no carrier ' && ctl status | grep -qE '^default +failover +IPv4 +isp2 .*isp1.*no carrier'
}
lab_wait 10 "status tells the loss" down && ok "status tells the loss" || not_ok "status tells the loss"
lab_plug isp1
expect "omr-nftctl: there is no command 'frobnicate' (try --help)" "an unknown command" ctl frobnicate
ctl frobnicate >/dev/null 2>&1
expect 2 "and its exit status" echo $?
at router "$OMR_BIN/omr-nftctl" --socket $LAB_TMP/none.sock status >/dev/null 2>&1
expect 1 "exit status without a daemon" echo $?
ctl status extra >/dev/null 2>&1
expect 2 "exit status of wrong usage" echo $?
expect "omr-nftd: error" "a second daemon does not take the socket" sh -c "
	nsenter --net=/run/netns/router '$OMR_BIN/omr-nftd' --policy $LAB_TMP/policy.json --socket $SOCKET 2>&1 |
		sed -n 's/.*Address already in use.*/omr-nftd: error/p'"
# not asked for by name, either: the path that is the default one
mkdir -p /run/omr-nft
touch /run/omr-nft/control.sock
mount --bind $SOCKET /run/omr-nft/control.sock
expect 1 "nor does it go on without one" sh -c "
	timeout 20 nsenter --net=/run/netns/router '$OMR_BIN/omr-nftd' --policy $LAB_TMP/policy.json 2>/dev/null
	echo \$?"
umount /run/omr-nft/control.sock
touch $LAB_TMP/file
at router "$OMR_BIN/omr-nftd" --policy $LAB_TMP/policy.json --socket $LAB_TMP/file 2>/dev/null
expect 1 "a file in the socket's place is fatal" echo $?
[ -f $LAB_TMP/file ] && ok "and stays" || not_ok "and stays"
lab_wait 10 "in sync" in_sync && ok "the first daemon is undisturbed" || not_ok "the first daemon is undisturbed"

/usr/bin/python3 - $SOCKET <<'END' && ok "odd clients are dealt with" || not_ok "odd clients are dealt with"
import json, os, random, socket, sys, time

PATH = sys.argv[1]
STATUS = b'{"command":"status"}\n'

def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(PATH)  # blocking: with a time limit it would not wait for room in the queue
    s.settimeout(20)
    return s

def line(s):
    data = b""
    while not data.endswith(b"\n"):
        part = s.recv(65536)
        if not part:
            raise EOFError
        data += part
    return json.loads(data)

def ask(data):
    s = connect()
    s.sendall(data)
    return line(s)

# refused, and told why
for bad in (b"\n", b"[]\n", b"{}\n", b'{"command":7}\n', b'"status"\n', b"{\n", b"\xff\xfe\n", b'{"command":"\\u0000"}\n',
            b'{"command":"status","command":"x"}\n', b"[" * 4000 + b"\n", b'{"command":"' + b"x" * 4000 + b'"}\n'):
    assert "error" in ask(bad), bad
# too long: told, then hung up
s = connect()
try:
    s.sendall(b"x" * 100000)
except (BrokenPipeError, ConnectionResetError):
    pass
try:
    assert "too long" in line(s)["error"]
except ConnectionResetError:
    pass
# many requests in one go, and one in many pieces
s = connect()
s.sendall(STATUS * 100)
data = b""
while data.count(b"\n") < 100:
    data += s.recv(65536)
assert all("links" in json.loads(l) for l in data.splitlines())
s = connect()
for byte in STATUS:
    s.sendall(bytes([byte]))
    time.sleep(0.005)
assert "links" in line(s)
# garbage
rng = random.Random(1)
for _ in range(300):
    s = connect()
    s.sendall(bytes(rng.randrange(256) for _ in range(rng.randrange(1, 3000))))
    s.close()
HUNG_UP = (EOFError, ConnectionResetError, BrokenPipeError)

def patiently(seconds=30):
    """An answer, whenever there is a place for us."""
    end = time.monotonic() + seconds
    while True:
        try:
            return ask(STATUS)
        except HUNG_UP:
            assert time.monotonic() < end, "no place gets free"
            time.sleep(0.05)

def is_gone(s):
    try:
        return s.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True

# More clients than places: the surplus is hung up on, and the silent others in time.
patiently()
crowd = [connect() for _ in range(40)]
for s in crowd:
    s.setblocking(False)
end = time.monotonic() + 30
gone, seen = set(), []
while len(gone) < len(crowd):
    assert time.monotonic() < end, "silent clients are never hung up on"
    gone |= {s for s in crowd if s not in gone and is_gone(s)}
    seen.append(len(gone))
    time.sleep(0.01)
assert any(40 - 16 <= n < 40 for n in seen), seen[-1]
assert "links" in patiently()
# Clients that ask and never read: others are served meanwhile.
deaf = []
for _ in range(8):
    s = connect()
    s.setblocking(False)
    try:
        while True:
            s.send(STATUS * 50)
    except BlockingIOError:
        deaf.append(s)
assert len(deaf) == 8
start = time.monotonic()
for _ in range(50):
    assert "links" in patiently()
assert time.monotonic() - start < 30
END
lab_wait 10 "in sync" in_sync && ok "the daemon still answers" || not_ok "the daemon still answers"
expect_both isp1 "and routes" client udp
kill -TERM $LAB_DAEMON
wait $LAB_DAEMON
expect 0 "exit status after SIGTERM" echo $?
lab_done
