#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Which routes of the main table come before the policy: all that are narrower than a half of the
# internet, for they are networks of the machine's own; but not the default, nor the two halves by
# which OpenVPN takes its place. With `local_networks` only the named networks do.
. "$(dirname "$0")/lib.sh"
lab_enter "$@"
lab_up 2

rules='"rules": [ { "name": "net", "to": ["203.0.113.0/24", "192.168.77.0/24", "2001:db8:5::/48"], "via": "isp1" } ]'
main_route() { # PREFIX: by the tunnel
	case $1 in
	*:*) ip -n router -6 route replace "$1" via fd00:a:9::1 dev tun ;;
	*) ip -n router route replace "$1" via 10.9.0.1 dev tun ;;
	esac
}
lab_policy "$rules"
lab_apply
expect_both isp1 "the default route" client udp
for prefix in 0.0.0.0/1 128.0.0.0/1 ::/1 8000::/1; do
	main_route $prefix
done
expect_both isp1 "two halves of the internet" client udp
expect_both isp1 "two halves of the internet, the router's own" router udp
for prefix in 203.0.113.128/25 2001:db8:5:8000::/49 192.168.77.0/24; do
	main_route $prefix
done
expect tunnel "a network of the main table" ask_from client udp 203.0.113.130
expect tunnel "a network of the main table, IPv6" ask_from client udp 2001:db8:5:8000::1
expect isp1 "beside it" ask_from client udp 203.0.113.127
expect isp1 "beside it, IPv6" ask_from client udp 2001:db8:5:7fff::1

lab_policy '"local_networks": ["192.168.0.0/16", "10.0.0.0/8", "fd00::/8"], '"$rules"
lab_apply
lab_start neighbour "$OMR_TOOLS/answer" neighbour
listening() { [ "$(ask_from client -t 200 udp 192.168.2.10)" = neighbour ]; }
lab_wait 10 "the neighbour listens" listening
expect isp1 "local_networks: a route that a VPN pushed" ask_from client udp 203.0.113.130
expect isp1 "local_networks: a route that a VPN pushed, IPv6" ask_from client udp 2001:db8:5:8000::1
expect tunnel "local_networks: a named network" ask_from client udp 192.168.77.7
expect tunnel "local_networks: what no rule has" ask_from client udp 198.18.0.1
expect neighbour "local_networks: LAN to LAN" ask_from client udp 192.168.2.10
expect isp2 "local_networks: a provider's own network" ask_from client udp 10.2.0.1
lab_done
