#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# tcp, dns and http probes: what counts as an answer and what does not, segment by segment; main
# routing leads elsewhere all the while.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/probe.sh"
lab_enter "$@"
probe_lab
probe_far_start

probe_policy "\"type\": \"tcp\", \"port\": 443, $PROBE_TIMES, $PROBE_HOSTS"
probe_far good
probe_expect good "tcp: connected"
probe_far twice
probe_expect good "tcp: each answer comes twice"
probe_far refused
probe_expect good "tcp: a refusal is an answer"
probe_far silent
probe_expect bad "tcp: not answered"
probe_far late 150
probe_expect bad "tcp: each answer comes in the round after"
for wrong in ack rstack checksum; do
	probe_far $wrong
	probe_expect bad "tcp: forged: another $wrong"
done
expect "" "tcp: nothing is left of the connections" at router ss -tanH state time-wait
expect "" "tcp: nor half of one" at router ss -tanH state syn-sent

probe_policy "\"type\": \"dns\", \"name\": \"example.com\", $PROBE_TIMES, $PROBE_HOSTS"
for right in good twice nxdomain; do
	probe_far $right
	probe_expect good "dns: $right"
done
for wrong in silent "late 150" servfail refused id question source port notanswer checksum; do
	probe_far $wrong
	probe_expect bad "dns: $wrong"
done
probe_policy "\"type\": \"dns\", $PROBE_TIMES, $PROBE_HOSTS"
probe_far good
probe_expect good "dns: the root's name servers"

probe_policy "\"type\": \"http\", $PROBE_TIMES, $PROBE_HOSTS"
for right in good twice split "status 302"; do
	probe_far $right
	probe_expect good "http: $right"
done
for wrong in silent refused "late 150" "status 404" "status 503" "status 199" garbage close ack; do
	probe_far $wrong
	probe_expect bad "http: $wrong"
done
probe_policy "\"type\": \"http\", \"status\": [204, \"401-403\"], \"port\": 8080, \"host\": \"check.example.com\", \"path\": \"/generate_204\", $PROBE_TIMES, $PROBE_HOSTS"
for right in "status 204" "status 401" "status 403"; do
	probe_far $right
	probe_expect good "http: of chosen ones: $right"
done
for wrong in "status 200" "status 302" "status 404"; do
	probe_far $wrong
	probe_expect bad "http: of chosen ones: $wrong"
done

probe_far good
for kind in '"type": "tcp", "port": 80' '"type": "dns"' '"type": "http"'; do
	probe_policy "$kind, $PROBE_FAST, $PROBE_HOSTS"
	probe_fast "$kind every 20 ms"
done
lab_done
