#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Domains: a real dnsmasq with the emitted lines fills the sets when a client asks for a name;
# subdomains, several names of one rule, first match between domains and prefixes; traffic keeps a
# learnt address alive, --apply keeps it too.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
command -v dnsmasq >/dev/null || lab_skip "no dnsmasq"
command -v dig >/dev/null || lab_skip "no dig"
lab_up 2

rules='"dns": { "timeout": "300s" }, "rules": [
	{ "name": "never", "to": ["203.0.113.66"], "via": "main" },
	{ "name": "video", "domains": ["example.test", "tube.test"], "via": "isp1" },
	{ "name": "office", "domains": ["work.test"], "dports": [443], "via": "isp2" },
	{ "name": "mixed", "domains": ["mixed.test"], "to": ["100.64.3.0/24"], "via": "isp2" }
]'
lab_policy "$rules"
lab_apply
at router "$OMR_BIN/omr-nftgen" --emit=dnsmasq $LAB_TMP/policy.json >$LAB_TMP/omr.conf || exit 1

# The world's name servers, and the router's forwarder in front of them.
cat >$LAB_TMP/world.conf <<'END'
port=5301
listen-address=127.0.0.1
bind-interfaces
no-resolv
no-hosts
local=/test/
address=/example.test/203.0.113.20
address=/example.test/2001:db8:5::20
address=/tube.test/203.0.113.21
address=/blocked.tube.test/203.0.113.66
address=/work.test/203.0.113.22
address=/work.test/2001:db8:5::22
address=/mixed.test/203.0.113.23
address=/notexample.test/203.0.113.24
address=/else.test/203.0.113.25
END
cat >$LAB_TMP/forward.conf <<END
listen-address=127.0.0.1,192.168.1.1
bind-interfaces
no-resolv
no-hosts
server=127.0.0.1#5301
log-queries
log-facility=-
conf-file=$LAB_TMP/omr.conf
END
for which in world forward; do
	lab_start router dnsmasq --no-daemon --user=root --pid-file= -C $LAB_TMP/$which.conf 2>$LAB_TMP/$which.log
done
lookup() { # NAME TYPE: what a client of the LAN is told
	at client dig +short +time=2 +tries=3 @192.168.1.1 "$1" "$2"
}
answered() { [ "$(lookup else.test A)" = 203.0.113.25 ]; }
lab_wait 10 "dnsmasq answers" answered || { cat $LAB_TMP/*.log >&2; exit 1; }

expect tunnel "before anybody asked for the name" ask_from client udp 203.0.113.20
expect 203.0.113.20 "the name" lookup deep.sub.example.test A
expect isp1 "a subdomain, learnt" ask_from client udp 203.0.113.20
expect isp1 "of the router's own traffic too" ask_from router udp 203.0.113.20
expect tunnel "IPv6, nobody asked" ask_from client udp 2001:db8:5::20
expect 2001:db8:5::20 "the name" lookup example.test AAAA
expect isp1 "IPv6, learnt" ask_from client udp 2001:db8:5::20
expect 203.0.113.21 "the rule's other name" lookup tube.test A
expect isp1 "the rule's other name, learnt" ask_from client tcp 203.0.113.21
expect 203.0.113.66 "a name that hits an earlier rule's prefix" lookup blocked.tube.test A
expect tunnel "the earlier rule wins" ask_from client udp 203.0.113.66
lookup work.test A >/dev/null
lookup work.test AAAA >/dev/null
expect isp2 "a domain and a port" ask_from client tcp 203.0.113.22 443
expect tunnel "the domain without the port" ask_from client tcp 203.0.113.22 80
expect isp2 "a domain and a port, IPv6" ask_from client tcp 2001:db8:5::22 443
expect isp2 "a prefix beside a domain" ask_from client udp 100.64.3.3
lookup www.mixed.test A >/dev/null
expect isp2 "a domain beside a prefix" ask_from client udp 203.0.113.23
lookup notexample.test A >/dev/null
expect tunnel "a name that only ends alike" ask_from client udp 203.0.113.24
expect tunnel "a name of no rule" ask_from client udp 203.0.113.25

# A packet that uses an element puts its time back to the full timeout.
expires() { # ADDRESS: seconds left, of all sets of the table
	at router nft -j list table inet omr_bypass | /usr/bin/python3 -c '
import json, sys
for item in json.load(sys.stdin)["nftables"]:
	for element in item.get("set", {}).get("elem", []):
		if isinstance(element, dict) and element.get("elem", {}).get("val") == sys.argv[1]:
			print(element["elem"]["expires"])' "$1"
}
aged() { [ "$(expires 203.0.113.20)" -lt 298 ]; }
lab_wait 20 "the element's time runs" aged
before=$(expires 203.0.113.20)
ask_from client udp 203.0.113.20 >/dev/null
after=$(expires 203.0.113.20)
if [ "${after:-0}" -gt "${before:-999}" ]; then
	ok "traffic refreshes the element: $before s left, then $after s"
else
	not_ok "traffic does not refresh the element: $before s left, then $after s"
fi

# A reload, also one that changes other rules, keeps what was learnt.
[ "${OMR_LAB_LOAD:-}" != text ] || lab_done # replaces everything, says so
lab_policy "${rules/203.0.113.66\"/203.0.113.66\", \"192.0.2.99\"}"
lab_apply
expect isp1 "learnt addresses outlive a reload" ask_from client udp 203.0.113.20
expect isp1 "learnt addresses outlive a reload, IPv6" ask_from client udp 2001:db8:5::20
grep -i "nftset.*error" $LAB_TMP/forward.log && not_ok "dnsmasq complained"
lab_done
