#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Other people's rules, routes, tables and sysctls are byte for byte the same after --apply, after a
# policy that changes everything, and after --remove; and then nothing of ours is left.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
[ "${OMR_LAB_LOAD:-}" != text ] || lab_skip "needs --apply"
lab_up 3

for family in 4 6; do
	f="ip -n router -$family"
	[ $family = 4 ] && gw=10.1.0.1 net=198.51.100.0/24 || gw=fd00:a:1::1 net=2001:db8:77::/48
	# twins of rules and routes we make, in the tables and at the priorities we use
	$f rule add pref 1010 fwmark 0x5391/0xffffff lookup 1
	$f rule add pref 1010 fwmark 0x5391/0xffffff lookup 1 protocol 4
	$f rule add pref 1000 not fwmark 0/0xffffff lookup main suppress_prefixlength 1
	$f rule add pref 1040 fwmark 0x5391/0xffffff unreachable
	$f rule add pref 900 iif lan1 to "$net" lookup 77
	$f rule add pref 901 uidrange 1000-1001 fwmark 0x5391/0xffffff lookup 1
	$f rule add pref 902 ipproto udp dport 53 lookup 77 protocol 99
	$f route add "$net" via $gw dev w1 table 77
	$f route add "$net" via $gw dev w1 table 1
	$f route add default via $gw dev w1 table 1 metric 77
	$f route add default via $gw dev w1 table 991337 metric 77 proto static
	$f route add unreachable default table 78 metric 9
	$f route add default via $gw dev w1 table 78 metric 5 proto 99
done
at router nft -f - <<'END'
table ip omr_bypass {
	chain prerouting {
		type filter hook prerouting priority mangle; policy accept;
		counter packets 0 bytes 0
	}
}
table inet filter {
	set s {
		type mark
		elements = { 0x539 }
	}
	chain forward {
		type filter hook forward priority filter; policy accept;
		meta mark & 0x01000000 != 0 counter packets 0 bytes 0
	}
}
END

foreign() { # everything but what is ours
	for family in 4 6; do
		at router ip -o -d "-$family" rule | grep -v "proto 153"
		at router ip -o -d "-$family" route show table all | grep -v "proto 153" | sed 's/expires [0-9]*sec//; s/ *linkdown//'
	done
	at router nft list table ip omr_bypass
	at router nft list table inet filter
	at router sh -c 'grep -H . /proc/sys/net/ipv[46]/conf/*/rp_filter /proc/sys/net/ipv4/conf/lan1/*linkdown' 2>/dev/null
}
ours() { # how many objects of ours there are
	{ for family in 4 6; do
		at router ip "-$family" rule | grep "proto 153"
		at router ip "-$family" -o route show table all proto 153
	done
	at router nft list tables | grep "inet omr_"; } | grep -c .
}
linkdown() { at router sh -c 'cat /proc/sys/net/ipv[46]/conf/w[123]/ignore_routes_with_linkdown' | xargs; }
same() { # TEXT
	local now

	now=$(foreign)
	if [ "$now" = "$before" ]; then
		ok "$1: nothing foreign has changed"
	else
		not_ok "$1: $(diff <(echo "$before") <(echo "$now"))"
	fi
}
settled() { at router "$OMR_BIN/omr-nftgen" --diff $LAB_TMP/policy.json 2>/dev/null; echo "exit $?"; }

# somebody has turned it on for one family of one device before us
lab_sysctl router net/ipv6/conf/w2/ignore_routes_with_linkdown 1
before=$(foreign)
expect 0 "nothing of ours yet" ours
LAB_GROUPS=', "bulk": { "mode": "balance", "links": ["isp3", "isp2"] }' \
	lab_policy '"rules": [ { "name": "a", "to": ["203.0.113.0/24", "2001:db8:5::/48"], "via": "default", "on_down": "block" },
		{ "name": "b", "to": ["203.0.112.0/24"], "via": "isp1", "on_down": "block" },
		{ "name": "c", "to": ["203.0.111.0/24"], "via": "bulk" } ]'
first=$(foreign | md5sum)
lab_apply
same "--apply"
expect "153 153 153 153 1 153" "the kernel passes over dead links" linkdown
expect "exit 0" "--diff after --apply" settled
some=$(ours)
[ "$some" -gt 20 ] && ok "there are $some objects of ours" || not_ok "only $some objects of ours"

# other priorities, marks, tables, links
sed -i 's/"id": 1,/"id": 11,/; s/"version": 1,/"version": 1, "rule_priority": 2000, "local_networks": ["192.168.0.0\/16", "fd00:c::\/32"],/' $LAB_TMP/policy.json
lab_apply
same "another policy"
expect "exit 0" "--diff after another policy" settled
at router ip rule | grep -q "^10[0-9][0-9]:.*proto 153" &&
	not_ok "rules of the old policy are left" || ok "no rule of the old policy is left"
at router ip route show table 1 proto 153 | grep -q . &&
	not_ok "routes of the old policy are left" || ok "no route of the old policy is left"

# a policy without the third link
sed 's/"isp3", "isp2"/"isp2", "isp1"/; /"isp3": {/d; s/, "isp3"//; s/\("isp2": {.*}\),$/\1/' $LAB_TMP/policy.json >$LAB_TMP/fewer.json
lab_apply $LAB_TMP/fewer.json
expect "153 153 0 153 1 0" "the sysctl of a link that is no more is put back" linkdown

at router "$OMR_BIN/omr-nftgen" --remove || not_ok "--remove failed"
same "--remove"
expect 0 "nothing of ours is left" ours
expect "0 0 0 0 1 0" "sysctls are as before" linkdown
at router "$OMR_BIN/omr-nftgen" --remove || not_ok "--remove of nothing failed"
same "--remove again"
[ "$first" = "$(foreign | md5sum)" ] && ok "all as in the beginning" || not_ok "not as in the beginning"
lab_done
