#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every answer is as schemas/control.schema.json says, and a request that it does not know is refused.
. "$(dirname "$0")/lib.sh"
/usr/bin/python3 -c 'import jsonschema' 2>/dev/null || lab_skip "needs python3-jsonschema"
lab_enter "$@"
lab_up 2
SOCKET=$LAB_TMP/daemon.sock
LAB_GROUPS=', "bulk": { "mode": "balance", "links": ["isp1", "isp2"] },
	"patient": { "links": ["isp1", "isp2"], "failback": "delayed", "failback_delay": "20s", "on_down": "block" }'
LAB_LINK_EXTRA=', "probe": { "type": "icmp", "hosts4": ["198.51.100.77"], "interval": "200ms", "timeout": "150ms" }'
lab_policy '"default": "default", "rules": [
	{ "name": "sip", "from": ["192.168.1.0/24"], "protocols": ["udp"], "dports": ["5060-5061"], "via": "patient", "note": "phones" },
	{ "name": "all", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default" },
	{ "name": "dns", "domains": ["example.com"], "via": "bulk" },
	{ "name": "no", "to": ["198.51.100.200"], "via": "block" },
	{ "name": "off", "to": ["198.51.100.201"], "via": "main", "enabled": false } ]'
lab_daemon
lab_daemon_ready

cat >$LAB_TMP/ask.py <<'END'
import json, socket, sys
from jsonschema import Draft202012Validator as Validator

SCHEMA = json.load(open(sys.argv[1], encoding="utf-8"))
PATH = sys.argv[2]
used = set()

def of(part):
    return Validator({"$ref": "#/$defs/" + part, "$defs": SCHEMA["$defs"]})

def connect():
    s = socket.socket(socket.AF_UNIX)
    s.connect(PATH)
    s.settimeout(30)
    return s.makefile("rw", encoding="utf-8")

def keys(answer, where=""):
    """Every key that an answer has, as a path without numbers."""
    if isinstance(answer, dict):
        for k, v in answer.items():
            used.add(f"{where}/{k}")
            keys(v, f"{where}/{k}")
    elif isinstance(answer, list):
        for v in answer:
            keys(v, where)

def check(command, answer, part="answer"):
    faults = list(of(f"{part}/{command}" if part == "answer" else part).iter_errors(answer))
    assert not faults, (command, [f"{list(f.absolute_path)}: {f.message}" for f in faults][:5], answer)
    assert Validator(SCHEMA).is_valid(answer)
    keys(answer, command)

def ask(request, part="answer"):
    if part == "answer":
        assert of("request/" + request["command"]).is_valid(request), request
    f = connect()
    f.write(json.dumps(request) + "\n")
    f.flush()
    answer = json.loads(f.readline())
    check(request.get("command", "?"), answer, part)
    return answer
END
check() { # TEXT PYTHON
	if { cat $LAB_TMP/ask.py; echo "$2"; } | at router /usr/bin/python3 - "$LAB_TOP/schemas/control.schema.json" $SOCKET; then
		ok "$1"
	else
		not_ok "$1"
	fi
}
probed() { at router "$OMR_BIN/omr-nftctl" --socket $SOCKET --json status | grep -q '"rtt_ms"'; }
lab_wait 20 "the probes have answers" probed

check "answers of every command" '
Validator.check_schema(SCHEMA)
for c in ("status", "links", "groups", "rules", "metrics", "doctor"):
    ask({"command": c})
assert ask({"command": "metrics", "strict": True})["metrics"].endswith("# EOF\n")
for q in ({"address": "203.0.113.9"}, {"address": "2001:db8:5::9", "proto": "tcp", "sport": 1, "dport": "443"},
          {"address": "203.0.113.9", "from": "192.168.1.10", "proto": 17, "dport": 5060, "iif": "lan1",
           "mac": "02:00:00:00:01:10", "dscp": "ef"},
          {"address": "198.51.100.200", "dport": 1}, {"address": "198.51.100.99"}, {"address": "10.1.0.2"},
          {"address": "198.51.100.99", "local": True, "uid": 0, "cgroup": "x"},
          {"address": "198.51.100.99", "mark": "0x539"}, {"address": "198.51.100.99", "mark": 7},
          {"address": "198.51.100.99", "icmp_type": 8, "proto": "icmp"}):
    ask({"command": "why", **q})
f = connect()
f.write("{\"command\":\"watch\"}\n")
f.flush()
first = [json.loads(f.readline()) for _ in range(2 * 2 + 3 * 2)]
for e in first:
    check("watch", e)
    assert e["present"] and ("link" in e) != ("group" in e), e
ask({"command": "drain", "link": "isp1"})
ask({"command": "undrain", "link": "isp1"})
ask({"command": "switch", "group": "default", "link": "isp2"})
ask({"command": "switch", "group": "default", "auto": True})
assert ask({"command": "reload"})["ok"]
seen = set()
while not seen >= {"link-down", "link-up", "group"}:
    e = json.loads(f.readline())
    check("watch", e)
    assert "present" not in e
    seen.add(e["event"])
# every key of the samples that this lab can show was there
for k in ("status/links/ipv4/probe/rtt_ms", "status/links/ipv4/gateway", "links/links/sent/bytes", "rules/otherwise/packets",
          "why/maybe/needs", "why/candidates/tier", "why/route/gateway", "why/because", "rules/rules/note", "groups/groups/budget/ipv4/silent_ms"):
    assert k in used, (k, sorted(used))'

check "refusals" '
valid = [e for r in SCHEMA["$defs"]["request"].values() for e in r["examples"]]
assert len(valid) > 12
for r in valid:
    for name in ("extra", "comand", "from_", "Link"):
        bad = {**r, name: "x"}
        assert not of("request/" + r["command"]).is_valid(bad)
        answer = ask(bad, "error")
        assert name in answer["error"], answer
for bad in ({"command": "statsu"}, {"command": "frobnicate"}, {"command": 7}, {}, [], "status",
            {"command": "drain"}, {"command": "drain", "link": ""}, {"command": "switch", "group": "default"},
            {"command": "switch", "group": "default", "link": "isp1", "auto": True},
            {"command": "why"}, {"command": "why", "address": "198.51.100.9", "uid": 0},
            {"command": "why", "address": "198.51.100.9", "dport": 65536},
            {"command": "why", "address": "198.51.100.9", "local": True, "iif": "lan1"}):
    assert not any(of("request/" + c).is_valid(bad) for c in SCHEMA["$defs"]["request"]), bad
    f = connect()
    f.write(json.dumps(bad) + "\n")
    f.flush()
    check("?", json.loads(f.readline()), "error")
# well-formed, and yet refused: with what there is instead
assert ask({"command": "drain", "link": "isp3"}, "error")["hint"] == "did you mean \"isp1\"?"
assert ask({"command": "drain", "link": "fiber"}, "error")["hint"] == "there are: isp1, isp2"
assert "defualt" in ask({"command": "switch", "group": "defualt", "link": "isp1"}, "error")["error"]
assert ask({"command": "switch", "group": "defualt", "link": "isp1"}, "error")["hint"] == "did you mean \"default\"?"'

lab_pull isp1
down() { at router "$OMR_BIN/omr-nftctl" --socket $SOCKET status | grep -q 'isp1.*no carrier'; }
lab_wait 10 "isp1 is down" down
check "a link that is down" '
ask({"command": "status"})
assert "no carrier" in ask({"command": "switch", "group": "default", "link": "isp1"}, "error")["error"]
assert ask({"command": "why", "address": "203.0.113.9", "dport": 1, "proto": 6})["link"] == "isp2"'
lab_plug isp1
waits() { at router "$OMR_BIN/omr-nftctl" --socket $SOCKET --json groups | grep -q '"next":{"link":"isp1"'; }
lab_wait 15 "group patient waits for its failback" waits && ok "failback in waiting is told" || not_ok "failback in waiting is told"
check "a group that waits" 'ask({"command": "groups"}); assert {"groups/groups/ipv4/next/in_seconds", "groups/groups/ipv6/next/in_seconds"} & used'

echo '{ "version": 1, "links": { "a": { "devise": "w1" } } }' >$LAB_TMP/policy.json
check "a policy with faults" '
a = ask({"command": "reload"}, "error")
assert a["status"] == 3 and "devise" in a["faults"], a
__import__("os").remove("/run/lab/policy.json")
a = ask({"command": "reload"}, "error")
assert a["status"] == 1, a
ask({"command": "status"})'
lab_done
