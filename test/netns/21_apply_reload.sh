#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a reload keeps: counters of rules whose target or neighbours change, what DNS has learnt
# (also when the timeout of the sets changes), big maps that are the same; and what it cleans up:
# leftovers of an interrupted load, rules and sets that others put into our tables.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
LAB_LINKS=3
lab_namespace router
for n in 1 2 3; do
	ip -n router link add w$n type veth peer name p$n
	ip -n router link set p$n up
	ip -n router link set w$n up
done

ours() { at router nft "$@"; }
generator() { at router "$OMR_BIN/omr-nftgen" "$@" 2>/dev/null; }
rules() { # RULES [MORE]: writes a policy and applies it
	lab_policy "\"rules\": [ $1 ]${2:-}"
	lab_apply
}
awk 'BEGIN { for (i = 0; i < 3000; i++) printf "20.%d.%d.0/30\n", i / 256, i % 256 }' >$LAB_TMP/list.txt
list='{ "name": "list", "lists": ["list.txt"], "via": "default" }'
bank='{ "name": "bank", "to": ["203.0.113.0/24"], "via": "isp1" }'
sip='{ "name": "sip", "to": ["198.51.100.0/24"], "protocols": ["udp"], "via": "isp1" }'
video='{ "name": "video", "domains": ["video.example"], "via": "isp2" }'
ports='{ "name": "ports", "protocols": ["tcp"], "dports": [25, 80], "via": "isp1" }'

# ---- counters ----
rules "$list, $sip, $video, $bank"
count() { # RULE PACKETS: as if so many had been counted
	ours replace rule inet omr_bypass "rule_$1" handle \
		"$(ours -a list chain inet omr_bypass "rule_$1" | sed -n 's/.*counter packets.*handle //p')" \
		counter packets "$2" bytes $((100 * $2))
}
count bank 11
count sip 22
count video 33
sent_handle=$(ours -a list chain inet omr_egress sent | sed -n 's/.*"w2".*handle //p')
sent_rule=$(ours list chain inet omr_egress sent | sed -n 's/counter packets [0-9]* bytes [0-9]*/counter packets 44 bytes 4400/; s/^\t*\(.*"w2".*\)/\1/p')
ours replace rule inet omr_egress sent handle "$sent_handle" "$sent_rule"
map_handle() { ours -a list ruleset | sed -n 's/.*map \(omr_dst_bypass_4[^ ]*\) {.*# handle \([0-9]*\)/\1 \2/p'; }
before=$(map_handle)

generator --diff $LAB_TMP/policy.json >$LAB_TMP/diff
expect "" "counts are no difference" cat $LAB_TMP/diff
# another target for one, a new rule in the middle, another gone
rules "$list, ${sip/isp1/isp2}, $ports, ${bank/isp1/isp3}"
expect 11 "the counter of a rule that moved to another link" rule_packets bank
expect 22 "the counter of a rule that moved within the policy" rule_packets sip
expect 0 "no chain of the rule that is gone" sh -c "nsenter --net=/run/netns/router nft list ruleset | grep -c rule_video"
sent() { ours list chain inet omr_egress sent | sed -n 's/.*"w2".*packets \([0-9]*\).*/\1/p'; }
[ "$(sent)" -ge 44 ] && ok "the counter of what a link has sent" || not_ok "the counter of what a link has sent: $(sent)"
expect "rule_bank via_isp3" "the rule's chain names the new link" sh -c "nsenter --net=/run/netns/router nft list chain inet omr_bypass rule_bank |
	sed -n 's/.*goto \([^ ]*\).*/rule_bank \1/p'"
rules "$list, ${sip/isp1/isp2}, $ports, ${bank/isp1/isp1}"
expect 11 "and back again" rule_packets bank

# ---- maps that are the same are not loaded again ----
rules "$list, $sip, $bank"
before=$(map_handle)
rules "$list, $ports, $sip, $bank"
expect "$before" "an unchanged map is not loaded again when a rule comes" map_handle
rules "$list, $ports, ${sip/198.51.100/198.51.101}, $bank"
expect "$before" "nor when another rule's set changes" map_handle

# ---- learnt elements ----
rules "$video, $list"
ours add element inet omr_bypass omr_dns_bypass_video_4 '{ 192.0.2.1 timeout 1h, 192.0.2.2 }'
ours add element inet omr_bypass omr_dns_bypass_video_6 '{ 2001:db8::1 }'
learnt() { # every address and its hours
	ours list set inet omr_bypass "omr_dns_bypass_video_$1" | tr -d '\n\t' |
		sed 's/.*elements = {\(.*\) }.*/\1/; s/\([0-9]\)m[0-9]*s[0-9]*ms/\1m/g; s/ expires [^ ,]*//g' | tr ',' '\n' | sed 's/^ *//' | sort | xargs
}
set_timeout() { ours list set inet omr_bypass omr_dns_bypass_video_4 | sed -n 's/^\t\ttimeout //p'; }
expect 1d "timeout of the set" set_timeout
expect "192.0.2.1 timeout 1h 192.0.2.2" "learnt" learnt 4
rules "$video, $bank, $list"
expect "192.0.2.1 timeout 1h 192.0.2.2" "kept by a reload" learnt 4
rules "$video, $bank, $list" ', "dns": { "timeout": "2h" }'
expect 2h "timeout of the set after the policy changed it" set_timeout
expect "192.0.2.1 timeout 1h 192.0.2.2 timeout 1d" "kept when the set is made again" learnt 4
expect "2001:db8::1 timeout 1d" "of the other family too" learnt 6
left() { # minutes, at most
	ours list set inet omr_bypass omr_dns_bypass_video_4 | grep -o '192.0.2.1 .*expires 5[0-9]m' | sed 's/ timeout.*expires/ expires/; s/5[0-9]m/50m or more/'
}
expect "192.0.2.1 expires 50m or more" "and the time they have left" left
expect "nothing to do" "then nothing differs" generator --apply $LAB_TMP/policy.json

# ---- leftovers and intruders ----
clean() { # the listing, handles and slots aside
	ours -s list ruleset | sed 's, expires [^ ]*,,' | sort
}
generator --remove >/dev/null
rules "$list, $sip, $bank"
clean >$LAB_TMP/clean
ours -f - <<'END'
add map inet omr_bypass omr_dst_bypass_4_2.b { type ipv4_addr : verdict; flags interval; comment "half"; }
add map inet omr_bypass omr_dst_bypass_4.b { type ipv4_addr : verdict; flags interval; }
add element inet omr_bypass omr_dst_bypass_4.b { 192.0.2.0/24 : goto rule_bank }
add chain inet omr_bypass classify.b
add rule inet omr_bypass classify.b ip daddr vmap @omr_dst_bypass_4.b
END
expect 3 "leftovers are seen" sh -c "nsenter --net=/run/netns/router $OMR_BIN/omr-nftgen --diff $LAB_TMP/policy.json 2>/dev/null | grep -c leftover"
lab_apply
expect "" "leftovers of a load that never ended are gone" diff $LAB_TMP/clean <(clean)
ours add rule inet omr_bypass prerouting drop
ours insert rule inet omr_bypass rule_bank accept
ours 'add chain inet omr_egress intruder { type filter hook prerouting priority 0; }'
ours add rule inet omr_egress intruder drop
ours 'add set inet omr_egress strange { type inet_service; }'
ours add rule inet omr_egress from_link tcp dport @strange accept
ours add element inet omr_egress targets '{ 0x77 }'
ours delete element inet omr_egress undecided '{ 0x00005391 }'
ours add element inet omr_bypass omr_dst_bypass_4 '{ 192.0.2.0/24 : goto rule_bank }' 2>/dev/null
lab_apply
clean | sed 's/\.b\b//' >$LAB_TMP/after
expect "" "what others put into our tables is gone" diff <(sed 's/\.b\b//' $LAB_TMP/clean | sort) <(sort $LAB_TMP/after)
for what in "chain inet omr_bypass prerouting" "chain inet omr_egress select"; do
	ours flush $what
	lab_apply
	expect "" "$what, flushed, is whole again" diff <(sed 's/\.b\b//' $LAB_TMP/clean | sort) <(clean | sed 's/\.b\b//' | sort)
done
ours add table inet omr_egress '{ flags dormant; }'
lab_apply
expect "" "a table that sleeps is woken" ours list table inet omr_egress | grep dormant
for table in omr_bypass omr_egress; do
	ours delete table inet $table
	lab_apply
	expect "" "table $table, deleted, is whole again" diff <(sed 's/\.b\b//' $LAB_TMP/clean | sort) <(clean | sed 's/\.b\b//' | sort)
done
expect "nothing to do" "then nothing differs" generator --apply $LAB_TMP/policy.json
lab_done
